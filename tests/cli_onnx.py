#!/usr/bin/env python3
"""attune export MODEL --to onnx: the networks in ONNX Runtime answer what attune answers."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import unittest

from cli_analyze import MODEL, Case, needs_model

SRC = pathlib.Path(os.environ["ATTUNE_SRC"])
OURS = pathlib.Path(os.environ["ATTUNE_BUILD"]) / "tests/onnx_ours"
NODE = SRC / "tests/onnx"  # npm ci --ignore-scripts

NETWORKS = ["detector.onnx", "face.onnx", "voice.onnx", "fusion.onnx"]
# what the default model answers, of each network
OUTPUTS = {"cells8", "cells16", "cells32", "embedding", "expression", "basic", "state", "engagement", "covered",
           "units", "pose", "tokens", "emotion7", "state4", "engagement3", "condition", "weight", "reliability",
           "abstain", "doubtful"}

needs_runtime = unittest.skipUnless(
    shutil.which("node") and (NODE / "node_modules/onnxruntime-node").exists(),
    "no node, or no ONNX Runtime: npm ci --ignore-scripts in tests/onnx")


class Exported(Case):
    def hold(self, model):
        """Exports it, runs it in ONNX Runtime on what onnx_ours makes up, and returns how far off each output is."""
        self.run_attune("export", model, "--to", "onnx", "-o", "networks")
        (self.dir / "ours").mkdir()
        subprocess.run([OURS, "answer", model, "ours"], cwd=self.dir, check=True, timeout=120)
        done = subprocess.run(["node", "compare.mjs", self.dir / "networks", self.dir / "ours"], cwd=NODE,
                              capture_output=True, text=True, check=True, timeout=120)
        outputs = json.loads(done.stdout)
        for o in outputs:
            with self.subTest(o["file"], output=o["name"]):
                self.assertIsInstance(o["off"], (int, float), o)
                self.assertLess(o["off"], 1e-4, o)
        return outputs

    @needs_runtime
    @needs_model
    def test_the_default_model_answers_the_same(self):
        outputs = self.hold(MODEL)
        self.assertEqual({o["name"] for o in outputs}, OUTPUTS)
        self.assertEqual({o["file"] for o in outputs}, set(NETWORKS))
        for o in outputs:  # zeros would be equal to zeros
            self.assertGreater(o["largest"], 0.01, o)

    @needs_runtime
    def test_so_do_parts_that_it_has_not(self):
        model = self.dir / "made.safetensors"
        subprocess.run([OURS, "make", model], check=True, timeout=60)
        outputs = self.hold(model)
        self.assertIn("dominant", {o["name"] for o in outputs})

    @needs_model
    def test_it_says_which_files_it_wrote(self):
        done = self.run_attune("export", "default", "--to", "onnx", "-o", "out")
        self.assertEqual(done.stdout.split(), [f"out/{name}" for name in NETWORKS])
        self.assertEqual(sorted(p.name for p in (self.dir / "out").iterdir()), sorted(NETWORKS))
        quiet = self.run_attune("export", MODEL, "--to", "onnx", "-o", "out", "--quiet")
        self.assertEqual(quiet.stdout, "")

    @needs_model
    def test_metadata_goes_along(self):
        self.run_attune("export", "default", "--to", "onnx", "-o", "out")
        header = pathlib.Path(MODEL).read_bytes()
        size, = struct.unpack("<Q", header[:8])
        meta = json.loads(header[8:8 + size])["__metadata__"]
        for name in NETWORKS:
            data = (self.dir / "out" / name).read_bytes()
            for key in ("name", "licence", "trained_on", "limits"):
                self.assertIn(key.encode(), data, name)
                self.assertIn(meta[key].encode(), data, name)

    def test_what_is_no_model_is_refused_and_leaves_nothing(self):
        (self.dir / "none.safetensors").write_bytes(b"this is no model\n" * 9)
        done = self.run_attune("export", "none.safetensors", "--to", "onnx", "-o", "out", code=1)
        self.assert_one_line(done.stderr, "none.safetensors")
        self.assertFalse((self.dir / "out").exists())

    def test_wrong_usage(self):
        for args, says in ((["--to", "onnx"], "-o is needed"),
                           (["--to", "onnx", "-o", "out", "--no-audio"], "by itself"),
                           (["clip.mp4", "--to", "onnx", "-o", "out"], "by itself"),
                           (["--to", "onnx,pdf", "-o", "out"], "onnx")):
            with self.subTest(args):
                done = self.run_attune("export", "default", *args, code=2)
                self.assert_one_line(done.stderr, says)


if __name__ == "__main__":
    unittest.main()
