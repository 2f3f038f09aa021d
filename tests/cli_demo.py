#!/usr/bin/env python3
"""The default model on the demo clip: the two streams take over from each other as phases.json
says the picture and the voice come and go. Windows reach 3 s back, so each expectation looks at
the window that lies (almost) wholly in its phase."""
import base64
import csv
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

SOURCE = os.environ["ATTUNE_SRC"]
PROGRAM = os.environ["ATTUNE_EXE"]
MODEL = os.path.join(SOURCE, "models", "default.safetensors")
CLIP = os.path.join(SOURCE, "demo", "talking_head.mp4")
EMOTIONS = ["neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"]


@functools.cache
def analyze(*options):
    """(standard output, {file: text}); the clip is analysed once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([PROGRAM, "analyze", CLIP, "--model", MODEL, "-o", folder, *options],
                              check=True, timeout=500, capture_output=True, text=True)
        return done.stdout, {path.name: path.read_text("utf-8") for path in pathlib.Path(folder).iterdir()}


class Analysis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text, files = analyze()
        cls.page = files["report.html"]
        cls.summary = json.loads(files["summary.json"])
        cls.windows = {float(row["end_s"]): row
                       for row in csv.DictReader(files["timeline.csv"].splitlines())}

    def at(self, end, column):
        return float(self.windows[end][column])


class Windows(Analysis):
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

    def test_there_is_one_face(self):
        tracks = {row["track"] for row in self.windows.values()}
        self.assertEqual(tracks, {"1", "0"})
        away = [end for end, row in self.windows.items() if row["track"] == "0"]
        self.assertEqual(away, [21.0], "a window without the face while it was there")

    def test_silent_voice_leaves_the_face_alone(self):
        self.assertEqual(self.windows[6.5]["used_voice"], "0")
        self.assertEqual(self.at(6.5, "weight_face"), 1)

    def test_gone_face_leaves_the_voice_alone(self):
        gone = self.windows[21.0]
        self.assertEqual((gone["track"], gone["used_face"], gone["used_voice"]), ("0", "0", "1"))
        self.assertEqual(self.at(21.0, "weight_voice"), 1)
        self.assertEqual(gone["state_boredom_0"], "", "a state of a face that is not there")

    def test_noise_lowers_the_voice(self):
        clean = [self.at(end / 2, "condition_voice") for end in range(3, 12)]  # 1.5 to 5.5 s
        self.assertGreater(min(clean), 0.5)
        self.assertLess(self.at(9.5, "condition_voice"), 0.6 * sum(clean) / len(clean))
        quiet = [self.at(end / 2, "weight_face") for end in range(3, 12)]
        # by the root of how much less fit the voice is; the face is trusted with 0.4 of a voice
        worth = 0.4 / (self.at(9.5, "condition_voice") / self.at(9.5, "condition_face")) ** 0.5
        self.assertAlmostEqual(self.at(9.5, "weight_face"), worth / (1 + worth), delta=1e-3)
        self.assertGreater(self.at(9.5, "weight_face"), 1.3 * sum(quiet) / len(quiet))

    def test_voice_is_back_when_the_noise_has_gone(self):
        # the noise ends at 9 s: a third of the first window is of it, nothing of the last
        for end, least in ((11.0, 0.6), (11.5, 0.65), (12.0, 0.65), (12.5, 0.7)):
            self.assertEqual(self.windows[end]["used_voice"], "1")
            self.assertGreater(self.at(end, "condition_voice"), least)
            self.assertGreater(self.at(end, "snr_db"), 15)

    def test_dark_lowers_the_face(self):
        self.assertLess(self.at(16.0, "condition_face"), 0.6 * self.at(3.0, "condition_face"))
        self.assertGreater(self.at(16.0, "weight_voice"), 0.6)

    def test_blur_lowers_the_face(self):
        self.assertLess(self.at(12.0, "condition_face"), 0.95 * self.at(3.0, "condition_face"))

    def test_probabilities_are_probabilities(self):
        for end in self.windows:
            total = sum(self.at(end, "emotion_" + e) for e in EMOTIONS)
            self.assertAlmostEqual(total, 1, delta=2e-3)


class Report(Analysis):
    def test_the_gap_is_as_long_as_the_face_was_gone(self):
        gap = self.summary["presence"]["face"]["longest_gap"]
        self.assertAlmostEqual(gap["start_s"], 18, delta=0.5)
        self.assertAlmostEqual(gap["end_s"], 21, delta=0.5)

    def test_no_face_is_one_measure(self):
        face = self.summary["presence"]["face"]
        share, seconds = f"{100 * face['share']:.0f}", f"{round(face['seconds'], 1):g}"
        self.assertAlmostEqual(face["share"], 19 / 22.5, delta=0.05)
        self.assertAlmostEqual(face["share"], self.summary["frames_with_face"] / self.summary["frames"],
                               delta=0.01)
        self.assertIn(f"a face for {seconds} s ({share} %)", self.text)
        self.assertIn(f"<b>{seconds}&#160;s</b><span>with a face in view, {share}&#160;%",
                      self.page)
        self.assertIn(f"A face was in view for {seconds}&#160;s of", self.page)

    def test_reliability_means_the_same_everywhere(self):
        for name in ("face", "voice"):
            there = [self.at(end, "reliability_" + name) for end in self.windows
                     if self.at(end, "reliability_" + name) > 0]
            mean = sum(there) / len(there)
            self.assertAlmostEqual(self.summary["mean_reliability"][name], mean, delta=1e-3)
            shown = re.search(name + r" reliability over time: mean (\d+) %", self.page)
            self.assertAlmostEqual(int(shown.group(1)), 100 * mean, delta=1)

    def test_only_what_is_ours_may_run_and_show(self):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', self.page).group(1)
        parts = [p.strip() for p in policy.split(";")]
        self.assertEqual(parts[0], "default-src 'none'")
        for tag in ("style", "script"):
            text, = re.findall(rf"<{tag}>(.*?)</{tag}>", self.page, re.S)
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            self.assertIn(f"{tag}-src 'sha256-{digest}'", parts, f"at_assets_{tag}_hash")
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("img-src", policy, "without pictures none are allowed")
        self.assertEqual(re.findall(r' (style|on\w+)="', self.page), [])

    def test_which_face_it_is(self):
        face, = self.summary["faces"]
        self.assertEqual(face["position"]["where"], "centre")
        self.assertTrue(100 < face["position"]["width_px"] < 250)
        self.assertAlmostEqual(face["position"]["x"], 0.5, delta=0.1)
        width = f"{face['position']['width_px']:.0f}"
        self.assertAlmostEqual(face["seconds_seen"], 19, delta=0.2)
        seen = f"{round(face['seconds_seen'], 1):g}"
        self.assertIn(f"\n  face 1       centre, {width} px wide, seen for {seen} s (0:00 to 0:22.5)\n", self.text)
        self.assertIn(f"<p>Face 1: centre, {width}&#160;px&#160;wide, seen from 0:00&#8211;0:22.5.</p>", self.page)

    def test_movements_stand_under_their_names(self):
        """What is said of them is what the timeline says; it names their action units."""
        moved = self.summary["faces"][0]["movements"]
        self.assertEqual(len(moved), 6)
        self.assertIn("mouth corners up", [m["movement"] for m in moved])
        for m in moved:
            values = []
            for row in self.windows.values():
                if row["used_face"] == "1":
                    values.append(sum(float(row["unit_" + u]) for u in m["units"]) / len(m["units"]))
            mean = sum(values) / len(values)
            self.assertAlmostEqual(m["mean"], mean, delta=1e-4)
            self.assertAlmostEqual(m["deviation"], (sum((v - mean) ** 2 for v in values) / len(values)) ** 0.5,
                                   delta=1e-3)
            self.assertIn(f"{m['movement']} over time: mean {100 * mean:.0f} %; How far it is made: "
                          f"{', '.join(m['units'])};", self.page)
            for u in m["units"]:
                self.assertIn(f"action unit {m['action_unit']})",
                              self.summary["timeline_columns"]["unit_" + u])

    def test_nobody_is_shown(self):
        self.assertIs(self.summary["faces"][0]["thumbnail"], False)
        self.assertNotIn("<img", self.page)
        self.assertNotIn("data:", self.page)
        self.assertIn("No picture and no sound of anybody is kept", self.page)

    def test_no_two_things_share_a_colour(self):
        found = re.findall(r"((?:\.\w+,?)+)\{--c:(#[0-9a-f]{6})", self.page)
        colours = {name: lab(colour) for names, colour in found for name in names.split(",")}
        kinds = {".cf": ".m0", ".cv": ".m1", ".cs": ".g1", ".cb": ".m2", ".cc": ".m3"}  # one thing, two plots
        self.assertGreaterEqual(len(colours), 15)
        for a, b in itertools.combinations(sorted(colours), 2):
            if kinds.get(a, a) != kinds.get(b, b):
                distance = sum((x - y) ** 2 for x, y in zip(colours[a], colours[b])) ** 0.5
                self.assertGreater(distance, 20, f"{a} and {b}")

    def test_plots_have_names_and_a_table(self):
        for svg in re.findall(r"<svg[^>]*>", self.page):
            self.assertTrue("aria-hidden" in svg or 'role="img" aria-label="' in svg, svg)
        self.assertIn("<summary>These values as a table</summary>", self.page)
        self.assertIn('type="range"', self.page)


class Thumbnails(unittest.TestCase):
    def test_the_face_stands_in_the_page_and_nowhere_else(self):
        files = dict(analyze("--thumbnails")[1])
        page = files.pop("report.html")
        self.assertIn("img-src data:;", page)
        self.assertIn("This page shows faces", page)
        self.assertIs(json.loads(files["summary.json"])["faces"][0]["thumbnail"], True)
        for name, data in files.items():
            self.assertNotIn("base64", data, name)
        png, = re.findall(r'<img src="data:image/png;base64,([A-Za-z0-9+/=]*)" width="72" height="72" '
                          r'alt="face 1 at its clearest">', page)
        pixels = unpack(base64.b64decode(png))
        middle = [pixels[y][x] for y in range(40, 60) for x in range(40, 56)]
        red, green, blue = (sum(p[c] for p in middle) / len(middle) for c in range(3))
        self.assertTrue(red > green > blue, "a drawn face has skin in its middle")
        self.assertGreater(red, 120, "of a moment in the light")


def unpack(png):
    """Rows of (r, g, b) of a 96 x 96 PNG, each checksum on the way."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        n, kind = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + n]
        assert struct.unpack(">I", png[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + n
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (96, 96, 8, 2, 0, 0, 0)
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == 96 * (1 + 3 * 96)
    rows = [raw[y * 289 + 1:(y + 1) * 289] for y in range(96)]
    return [[tuple(row[3 * x:3 * x + 3]) for x in range(96)] for row in rows]


def lab(colour):
    """CIE L*a*b* of an sRGB colour (D65)."""
    rgb = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    xyz = ((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
           0.2126 * r + 0.7152 * g + 0.0722 * b,
           (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089)
    x, y, z = [c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in xyz]
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


if __name__ == "__main__":
    if not os.path.exists(MODEL):
        sys.exit(77)  # nothing to test with
    unittest.main(verbosity=2)
