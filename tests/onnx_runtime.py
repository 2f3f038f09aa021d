"""A model's networks in ONNX Runtime for Node, held to what attune computes of the same inputs (onnx_ours.c)."""
import json
import os
import pathlib
import shutil
import subprocess

import built

EXE = os.environ.get("ATTUNE_EXE", "attune")
OURS = built.program("tests/onnx_ours") if "ATTUNE_BUILD" in os.environ else None
NODE = pathlib.Path(__file__).resolve().parent / "onnx"  # npm ci --ignore-scripts

IS_THERE = bool(OURS and shutil.which("node")) and (NODE / "node_modules/onnxruntime-node").exists()
LACKS = "no node, or no ONNX Runtime: npm ci --ignore-scripts in tests/onnx"


def compare(networks, ours):
    """Of the cases in the folder `ours`, by the networks in the other: each output's name, and how far off it is."""
    done = subprocess.run(["node", "compare.mjs", networks, ours], cwd=NODE, capture_output=True, text=True, check=True,
                          timeout=120)
    return json.loads(done.stdout)


def hold(case, model, folder):
    """Exports the model into the folder, and asserts that of what onnx_ours makes up its networks answer there what they
    answer here. Returns the outputs, none where there is no runtime."""
    done = subprocess.run([EXE, "export", model, "--to", "onnx", "-o", folder, "--quiet"],
                          capture_output=True, text=True)
    case.assertEqual((done.returncode, done.stderr), (0, ""))
    if not IS_THERE:
        return []
    ours = folder / "ours"
    ours.mkdir(exist_ok=True)
    subprocess.run([*OURS, "answer", model, ours], check=True, timeout=120)
    outputs = compare(folder, ours)
    for o in outputs:
        with case.subTest(o["file"], output=o["name"]):
            case.assertIsInstance(o["off"], (int, float), o)
            case.assertLess(o["off"], 1e-4, o)
    return outputs
