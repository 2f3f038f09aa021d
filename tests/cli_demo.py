#!/usr/bin/env python3
"""The default model on the demo clip: the two streams take over from each other as phases.json
says the picture and the voice come and go. Windows reach 3 s back, so each expectation looks at
the window that lies (almost) wholly in its phase."""
import csv
import os
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ["ATTUNE_SRC"]
PROGRAM = os.environ["ATTUNE_EXE"]
MODEL = os.path.join(SOURCE, "models", "default.safetensors")
CLIP = os.path.join(SOURCE, "demo", "talking_head.mp4")
EMOTIONS = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]


class Demo(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([PROGRAM, "analyze", CLIP, "--model", MODEL, "--quiet", "-o", folder],
                           check=True, timeout=240, stdout=subprocess.DEVNULL)
            with open(os.path.join(folder, "timeline.csv"), newline="") as f:
                cls.windows = {float(row["end_s"]): row for row in csv.DictReader(f)}

    def at(self, end, column):
        return float(self.windows[end][column])

    def likeliest(self, end):
        return max(EMOTIONS, key=lambda e: self.at(end, "emotion_" + e))

    def test_windows_cover_the_clip(self):
        self.assertEqual(len(self.windows), 45)
        self.assertEqual(min(self.windows), 0.5)
        self.assertEqual(max(self.windows), 22.5)

    def test_clean_phases_show_the_expression_drawn(self):
        self.assertEqual(self.likeliest(1.5), "neutral")
        self.assertEqual(self.likeliest(4.0), "happy")
        self.assertEqual(self.likeliest(6.5), "surprised")
        self.assertEqual(self.likeliest(22.5), "neutral")

    def test_silent_voice_leaves_the_face_alone(self):
        self.assertEqual(self.windows[6.5]["used_voice"], "0")
        self.assertEqual(self.at(6.5, "weight_face"), 1)

    def test_gone_face_leaves_the_voice_alone(self):
        gone = self.windows[21.0]
        self.assertEqual((gone["track"], gone["used_face"], gone["used_voice"]), ("0", "0", "1"))
        self.assertEqual(self.at(21.0, "weight_voice"), 1)
        self.assertEqual(gone["state_boredom_0"], "", "a state of a face that is not there")

    def test_noise_lowers_the_voice(self):
        clean = [self.at(end / 2, "reliability_voice") for end in range(3, 12)]  # 1.5 to 5.5 s
        self.assertGreater(min(clean), 0.5)
        self.assertLess(self.at(9.5, "reliability_voice"), 0.6 * sum(clean) / len(clean))
        self.assertGreater(self.at(9.5, "weight_face"), 0.6)

    def test_voice_is_back_when_the_noise_has_gone(self):
        for end in (11.0, 11.5, 12.0):  # the noise ends at 9 s
            self.assertEqual(self.windows[end]["used_voice"], "1")
            self.assertGreater(self.at(end, "reliability_voice"), 0.7)
            self.assertGreater(self.at(end, "snr_db"), 15)

    def test_dark_lowers_the_face(self):
        self.assertLess(self.at(16.0, "reliability_face"), 0.6 * self.at(3.0, "reliability_face"))
        self.assertGreater(self.at(16.0, "weight_voice"), 0.6)

    def test_blur_lowers_the_face(self):
        self.assertLess(self.at(12.0, "reliability_face"), 0.95 * self.at(3.0, "reliability_face"))

    def test_probabilities_are_probabilities(self):
        for end in self.windows:
            total = sum(self.at(end, "emotion_" + e) for e in EMOTIONS)
            self.assertAlmostEqual(total, 1, delta=2e-3)


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        sys.exit(77)  # nothing to test with
    unittest.main(verbosity=2)
