#!/usr/bin/env python3
"""bench/peers/pyfeat.py: what it prints of two clips, with a stand-in for py-feat that takes its time, and without any.

Needs ATTUNE_EXE, a model and ffmpeg."""
import os
import re
import shutil
import subprocess
import sys
import unittest

from cli_analyze import EXE, MODEL, SOURCE, Case, needs_model

STAND_IN = """
import time
class Detector:
    def __init__(self, device):
        assert device == "cpu"
    def detect(self, inputs, data_type, skip_frames, batch_size, progress_bar):
        assert data_type == "video" and skip_frames == SKIP and batch_size == 8 and not progress_bar, skip_frames
        open("asked", "a").write(inputs + "\\n")
        time.sleep(1)
"""


@needs_model
@unittest.skipUnless(shutil.which("ffprobe"), "no ffprobe")
class PyFeat(Case):
    def compare(self):
        clips = [self.dir / "one.mp4", self.dir / "two.mp4"]
        for clip in clips:
            subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", SOURCE / "demo/talking_head.mp4", "-t", "1", "-r", "24", clip], check=True)
        return subprocess.run([sys.executable, SOURCE / "bench/peers/pyfeat.py", "--rounds", "1", *clips], cwd=self.dir,
                              capture_output=True, text=True, timeout=120,
                              env={**os.environ, "ATTUNE": str(EXE), "ATTUNE_MODEL": str(MODEL), "PYTHONPATH": str(self.dir / "with")})

    def test_side_by_side(self):
        (self.dir / "with").mkdir()
        (self.dir / "with/feat.py").write_text(STAND_IN.replace("SKIP", "3"))
        done = self.compare()
        self.assertEqual(done.returncode, 0, done.stderr)
        ours, theirs, ratio = (float(x) for x in re.findall(r"^\S+ +([0-9.]+)", done.stdout, re.M))
        self.assertLessEqual(theirs, 1)
        self.assertGreater(theirs, 0.3)
        self.assertAlmostEqual(ratio, ours / theirs, delta=0.02 * ratio + 0.02)
        self.assertEqual((self.dir / "asked").read_text().count("one.mp4"), 2)  # one round, and one before

    def test_by_itself(self):
        (self.dir / "with").mkdir()
        (self.dir / "with/feat.py").write_text("raise ImportError('none')")
        done = self.compare()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"^attune +[0-9.]+ clips/s\n$")
        self.assertIn("py-feat is not installed", done.stderr)


if __name__ == "__main__":
    unittest.main()
