#!/usr/bin/env python3
"""attune eval as a user meets it: its JSON, exit codes, and, where the data sets are at hand, the
default model on a slice of the validation parts."""
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import unittest

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = SOURCE / "models/default.safetensors"
DATA = pathlib.Path(os.environ.get("ATTUNE_DATA") or SOURCE.parent / "shared/data")
SANITIZED = "ASAN_OPTIONS" in os.environ  # takes most of a second for each picture
PICTURES = 96 if SANITIZED else 300
KEYS = {"dataset", "split", "n", "people", "accuracy", "balanced_accuracy", "macro_f1",
        "weighted_f1", "ece", "auc", "per_class", "confusion", "interval"}


def run(*arguments):
    return subprocess.run([EXE, "eval", *map(str, arguments)], capture_output=True, text=True,
                          timeout=280)


class Usage(unittest.TestCase):
    def test_help_names_the_sets(self):
        r = run("--help")
        self.assertEqual(r.returncode, 0)
        self.assertIn("ferplus", r.stdout)
        self.assertIn("blur", r.stdout)

    def test_wrong_usage(self):
        for arguments in ([], [MODEL], [MODEL, "--dataset", "ferplus"],
                          [MODEL, "--dataset", "x", "--root", "/tmp"],
                          [MODEL, "--dataset", "folder", "--root", "/tmp", "--corrupt", "blur"]):
            r = run(*arguments)
            self.assertEqual(r.returncode, 2, r.stderr)
            self.assertEqual(r.stdout, "")
            self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)

    def test_what_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            r = run(MODEL, "--dataset", "folder", "--root", folder)
            self.assertEqual(r.returncode, 1)
            self.assertIn(folder, r.stderr)
        r = run(MODEL, "--dataset", "folder", "--root", "/nonexistent")
        self.assertEqual(r.returncode, 1)
        self.assertIn("/nonexistent", r.stderr)


@unittest.skipUnless(MODEL.is_file(), "no model")
class Folder(unittest.TestCase):
    def test_pictures_and_clips_side_by_side(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, source in (("happy", "docs/report.png"), ("neutral", "demo/talking_head.mp4")):
                (pathlib.Path(folder) / name).mkdir()
                shutil.copy(SOURCE / source, pathlib.Path(folder) / name)
            r = run(MODEL, "--dataset", "folder", "--root", folder, "--json", "-", "--quiet",
                    "--draws", 20)
            self.assertEqual(r.returncode, 0, r.stderr)
            d = json.loads(r.stdout)
            self.assertEqual(d["n"], 2)
            self.assertEqual({c["name"]: c["n"] for c in d["per_class"] if c["n"]},
                             {"happy": 1, "neutral": 1})


@unittest.skipUnless(MODEL.is_file() and (DATA / "ferplus.tar").is_file(), "no data sets")
class Slice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        taken = 0
        with tarfile.open(DATA / "ferplus.tar") as tar:
            for member in tar:
                picture = "/FER2013Valid/" in member.name and member.name.endswith(".png")
                if not member.name.endswith("fer2013new.csv") and not (
                        picture and taken < PICTURES):
                    continue
                taken += picture
                tar.extract(member, cls.folder.name)
        cls.clean = cls.judge()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def judge(cls, *more):
        r = run(MODEL, "--dataset", "ferplus", "--root", cls.folder.name, "--split", "valid",
                "--json", "-", "--quiet", "--draws", 200, *more)
        if r.returncode:
            raise AssertionError(r.stderr)
        return json.loads(r.stdout)

    def test_validation_pictures(self):
        d = self.clean
        self.assertLessEqual(KEYS, d.keys())
        self.assertGreater(d["n"], 0.8 * PICTURES)
        self.assertEqual(sum(map(sum, d["confusion"])), d["n"])
        self.assertGreater(d["accuracy"], 0.78)  # 0.859 on the whole part
        self.assertLessEqual(d["interval"]["accuracy"][0], d["accuracy"])
        if not SANITIZED:  # 0.017 on the whole part; of fewer pictures chance makes more
            self.assertLess(d["ece"], 0.08)

    def test_degraded_pictures_are_harder(self):
        self.assertLess(self.judge("--corrupt", "blur=8")["accuracy"],
                        self.clean["accuracy"] - 0.05)


if __name__ == "__main__":
    unittest.main(verbosity=2)
