"""A model's networks in ONNX Runtime for Node, held to what attune computes of the same inputs (onnx_ours.c)."""
import json
import os
import pathlib
import shutil
import subprocess

import built

OURS = built.program("tests/onnx_ours")
NODE = pathlib.Path(os.environ["ATTUNE_SRC"]) / "tests/onnx"  # npm ci --ignore-scripts

IS_THERE = bool(shutil.which("node")) and (NODE / "node_modules/onnxruntime-node").exists()
LACKS = "no node, or no ONNX Runtime: npm ci --ignore-scripts in tests/onnx"


def compare(networks, ours):
    """Of the cases in the folder `ours`, by the networks in the other: each output's name, and how far off it is."""
    done = subprocess.run(["node", "compare.mjs", networks, ours], cwd=NODE, capture_output=True, text=True, check=True,
                          timeout=120)
    return json.loads(done.stdout)


def outputs_of(model, networks, ours):
    """The same of cases that onnx_ours makes up for the model, in the folder `ours`, which is made."""
    ours.mkdir(exist_ok=True)
    subprocess.run([*OURS, "answer", model, ours], check=True, timeout=120)
    return compare(networks, ours)
