#!/usr/bin/env python3
"""attune export and analyze --export: each kind read as the program that it is for would read it.

Needs ATTUNE_EXE, a model ($ATTUNE_MODEL or models/default.safetensors) and ffmpeg; numpy, praat and
xmllint look at the files too where they are installed.
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
import zlib

try:
    import numpy
except ImportError:
    numpy = None

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = pathlib.Path(os.environ.get("ATTUNE_MODEL") or SOURCE / "models/default.safetensors")
TEXTS = {"openface-windows": ["openface-windows.csv"], "eaf": ["timeline.eaf"], "textgrid": ["timeline.TextGrid"],
         "srt": ["timeline.srt"], "vtt-metadata": ["timeline.metadata.vtt"],
         "table": ["table.csv", "table.csv-metadata.json"]}
EMOTIONS = "neutral happy sad angry fearful disgusted surprised".split()
LEVELS = ["very low", "low", "high", "very high"]
HOSTILE = "=1+1\"&<b>',; \u00fc.mkv"


def run(*args, code=0):
    env = {**os.environ, "ATTUNE_MODEL": str(MODEL)}
    done = subprocess.run([EXE, *map(str, args)], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == code, (args, done.returncode, done.stderr)
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return done


def seconds(text):
    h, m, s = re.fullmatch(r"(\d{2,}):(\d\d):(\d\d[.,]\d{3})", text).groups()
    return int(h) * 3600 + int(m) * 60 + float(s.replace(",", "."))


def png_rows(data, most):
    """Bytes of each of the first rows of a PNG of 8 bits a sample, filters undone."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed, size = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0]
        if kind == b"IHDR":
            w, h, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", body)
            assert depth == 8 and colour in (2, 6) and not interlaced
            size = 3 if colour == 2 else 4
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    flat, rows, above = zlib.decompress(packed), [], bytes(w * size)
    for y in range(min(h, most)):
        kind, row = flat[y * (1 + w * size)], bytearray(flat[y * (1 + w * size) + 1:(y + 1) * (1 + w * size)])
        for i in range(len(row)):
            a, b = row[i - size] if i >= size else 0, above[i]
            c = above[i - size] if i >= size else 0
            paeth = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        above = bytes(row)
        rows.append(above)
    return rows


@unittest.skipUnless(MODEL.is_file(), "no model")
class Exports(unittest.TestCase):
    """Of the demo clip, which is drawn: a face and a voice that come and go."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name)
        cls.clip = cls.root / HOSTILE
        subprocess.run(["ffmpeg", "-v", "error", "-ss", "8", "-t", "14", "-i", SOURCE / "demo/talking_head.mp4", "-s",
                        "320x240", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "pcm_s16le", "-ac", "1", cls.clip], check=True)
        cls.report = cls.root / "report"
        run("analyze", cls.clip, "-o", cls.report, "--export", ",".join(["openface", *TEXTS]), "--quiet")
        lines = (cls.report / "timeline.jsonl").read_text().splitlines()
        cls.windows = [json.loads(line) for line in lines]
        assert any(w["abstain"] for w in cls.windows) and any(w["track"] for w in cls.windows)

    def need(self, kind):
        if f"  {kind} " not in run("export", "--help").stdout:
            self.skipTest("built without cairo")

    def text(self, name):
        return (self.report / name).read_text(encoding="utf-8")

    def hops(self):
        """Where each window's hop begins."""
        ends = sorted({w["end_s"] for w in self.windows})
        before = {b: a for a, b in zip([self.windows[0]["start_s"]] + ends, ends)}
        return [before[w["end_s"]] for w in self.windows]

    # ---- the command

    def test_later_is_the_same_as_at_once(self):
        for kind, files in TEXTS.items():
            done = run("export", self.report, self.clip, "--to", kind, "-o", self.root / "later")
            self.assertEqual(done.stdout.split("\n")[:-1], [f"{self.root}/later/{f}" for f in files])
            for name in files:
                self.assertEqual((self.root / "later" / name).read_bytes(), (self.report / name).read_bytes(), name)

    def test_where_it_goes(self):
        run("export", self.report, "--to", "srt", "-o", self.root / "my.srt", "--quiet")
        self.assertEqual((self.root / "my.srt").read_text(), self.text("timeline.srt"))
        copy = self.root / "copy"
        copy.mkdir()
        for name in ("timeline.jsonl", "summary.json"):
            shutil.copy(self.report / name, copy)
        run("export", copy, "--to", "html,srt")
        self.assertEqual(sorted(os.listdir(copy)), ["report.html", "summary.json", "timeline.jsonl", "timeline.srt"])
        self.assertNotIn("earlier run", (copy / "report.html").read_text())

    def test_a_kept_session(self):
        store, clip = self.root / "kept.db", self.shortened(2)
        env = {**os.environ, "ATTUNE_MODEL": str(MODEL)}
        done = subprocess.run([EXE, "analyze", clip, "-o", self.root / "kept", "--store", store, "--quiet"], env=env,
                              capture_output=True, text=True)
        if "SQLite" in done.stderr:
            self.skipTest("built without SQLite")
        self.assertEqual(done.returncode, 0, done.stderr)
        run("export", "1", clip, "--to", "srt,eaf", "--store", store, "-o", self.root / "of-session")
        run("export", self.root / "kept", clip, "--to", "srt,eaf")
        for name in ("timeline.srt", "timeline.eaf"):
            self.assertEqual((self.root / "of-session" / name).read_text().replace("of-session", "kept"),
                             (self.root / "kept" / name).read_text())
        run("export", "1", "--to", "srt", "--store", store, "-o", self.root / "mine.srt")
        self.assertEqual((self.root / "mine.srt").read_text(), (self.root / "kept/timeline.srt").read_text())
        self.assertIn("no session 2", run("export", "2", "--to", "srt", "--store", store, code=1).stderr)
        self.assertEqual(run("export", "1", "--to", "srt", "--store", self.root / "none.db", code=1).stdout, "")
        self.assertFalse((self.root / "none.db").exists())

    def test_wrong_usage_is_2(self):
        for args in (["export"], ["export", self.report], ["export", self.report, "--to", "docx"],
                     ["export", self.report, "--to", ""], ["export", self.report, "--to", "eaf", "-o", ""],
                     ["export", self.report, "a", "b", "--to", "eaf"], ["analyze", "--export", "docx", self.clip],
                     ["export", self.clip, "--to", "eaf"], ["export", self.report, "--to", "eaf", "--store", "x"],
                     ["export", "1", self.clip, "--to", "overlay"]):
            done = run(*args, code=2)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("textgrid", run("export", "--help").stdout)
        self.assertIn("textgrid", run("analyze", "--help").stdout)

    def test_a_damaged_report_is_named(self):
        bad = self.root / "bad"
        bad.mkdir()
        done = run("export", bad, "--to", "eaf", code=1)
        self.assertIn("summary.json", done.stderr)
        shutil.copy(self.report / "summary.json", bad)
        (bad / "timeline.jsonl").write_bytes((self.report / "timeline.jsonl").read_bytes()[:-9])
        done = run("export", bad, "--to", "eaf", code=1)
        self.assertRegex(done.stderr, rf"timeline.jsonl, line {len(self.windows)}: it is cut short\n")
        (bad / "timeline.jsonl").write_text(self.text("timeline.jsonl") + self.text("timeline.jsonl"))
        done = run("export", bad, "--to", "eaf", code=1)
        self.assertIn(f"line {len(self.windows) + 1}: it ends before the row before it", done.stderr)
        self.assertEqual(sorted(os.listdir(bad)), ["summary.json", "timeline.jsonl"])

    # ---- OpenFace

    def openface(self, name):
        with open(self.report / name, newline="") as f:
            rows = list(csv.reader(f))
        head, rows = rows[0], [dict(zip(rows[0], map(float, r))) for r in rows[1:]]
        self.assertEqual(head[:8], "frame face_id timestamp confidence success pose_Rx pose_Ry pose_Rz".split())
        units = [c for c in head if c.startswith("AU")]
        for row in rows:
            self.assertTrue(all(0 <= row[u] <= 5 for u in units))
        return rows, units

    def test_openface(self):
        """A row a picture: windows are the means of their rows, and the landmarks lie in the face."""
        rows, units = self.openface("openface.csv")
        self.assertEqual([r["frame"] for r in rows], list(range(1, len(rows) + 1)))
        summary = json.loads(self.text("summary.json"))
        self.assertEqual(len(rows), summary["frames"])
        self.assertEqual(sum(r["success"] for r in rows), summary["frames_with_face"])
        for row in rows:
            if not row["success"]:
                self.assertTrue(row["confidence"] == 0 and math.isnan(row["nose_x"]) and row["face_id"] == 0)
                continue
            for name in "eye_right eye_left nose mouth_right mouth_left".split():
                self.assertLess(row["box_x"], row[name + "_x"])
                self.assertLess(row[name + "_x"], row["box_x"] + row["box_w"])
                self.assertLess(row["box_y"], row[name + "_y"])
                self.assertLess(row[name + "_y"], row["box_y"] + row["box_h"])
            self.assertLess(row["eye_right_x"], row["eye_left_x"])
            self.assertAlmostEqual(sum(row[f"emotion_{e}"] for e in EMOTIONS), 1, delta=1e-3)
        compared = 0
        for w in self.windows:
            within = [r for r in rows if r["success"] and w["start_s"] - 1e-6 <= r["timestamp"] < w["end_s"] - 1e-6]
            self.assertEqual(bool(within), w["track"] > 0)
            if w["track"] > 0:
                mean = sum(r["confidence"] for r in within) / len(within)
                self.assertAlmostEqual(mean, w["detector_score"], delta=0.006)
                compared += 1
        self.assertGreater(compared, 10)
        done = run("export", self.report, "--to", "openface", code=2)
        self.assertIn("openface has a row a picture, which only attune analyze --export openface sees", done.stderr)

    def test_openface_windows(self):
        rows, units = self.openface("openface-windows.csv")
        self.assertTrue(all(re.fullmatch(r"AU\d\d_r", c) for c in units) and units == sorted(units))
        for au in "01 02 04 05 06 07 09 10 12 14 15 17 20 26 45".split():
            self.assertIn(f"AU{au}_r", units)
        self.assertEqual(len(rows), len(self.windows))
        moments = sorted({w["end_s"] for w in self.windows})
        for row, w in zip(rows, self.windows):
            self.assertEqual(row["timestamp"], w["end_s"])
            self.assertEqual(row["frame"], moments.index(w["end_s"]) + 1)
            self.assertEqual(row["face_id"], w["track"])
            self.assertEqual(row["success"], float(w["track"] > 0 and w["seen_face"] >= 0.5))
            self.assertAlmostEqual(row["emotion_happy"], w["emotion_happy"], delta=1e-9)
            if row["success"]:
                self.assertAlmostEqual(row["confidence"], w["detector_score"], delta=0.006)
                self.assertAlmostEqual(row["pose_Rx"], -math.radians(w["pitch"]), delta=6e-4)
                self.assertAlmostEqual(row["pose_Rz"], math.radians(w["roll"]), delta=6e-4)
                self.assertAlmostEqual(row["AU26_r"], 5 * w["unit_jawOpen"], delta=6e-3)
        self.assertIn(1.0, [r["success"] for r in rows])

    # ---- ELAN

    # What EAFv3.0.xsd has, as far as it is used: element: (children in order, attributes, of them required)
    EAF = {
        "ANNOTATION_DOCUMENT": ("HEADER TIME_ORDER TIER LINGUISTIC_TYPE LOCALE LANGUAGE CONSTRAINT "
                                "CONTROLLED_VOCABULARY", "AUTHOR DATE FORMAT VERSION", "AUTHOR DATE VERSION"),
        "HEADER": ("MEDIA_DESCRIPTOR LINKED_FILE_DESCRIPTOR PROPERTY", "MEDIA_FILE TIME_UNITS", ""),
        "MEDIA_DESCRIPTOR": ("", "MEDIA_URL MIME_TYPE RELATIVE_MEDIA_URL TIME_ORIGIN EXTRACTED_FROM",
                             "MEDIA_URL MIME_TYPE"),
        "PROPERTY": ("", "NAME", ""),
        "TIME_ORDER": ("TIME_SLOT", "", ""),
        "TIME_SLOT": ("", "TIME_SLOT_ID TIME_VALUE", "TIME_SLOT_ID"),
        "TIER": ("ANNOTATION", "TIER_ID PARTICIPANT ANNOTATOR LINGUISTIC_TYPE_REF DEFAULT_LOCALE PARENT_REF",
                 "TIER_ID LINGUISTIC_TYPE_REF"),
        "ANNOTATION": ("ALIGNABLE_ANNOTATION", "", ""),
        "ALIGNABLE_ANNOTATION": ("ANNOTATION_VALUE", "ANNOTATION_ID TIME_SLOT_REF1 TIME_SLOT_REF2 CVE_REF",
                                 "ANNOTATION_ID TIME_SLOT_REF1 TIME_SLOT_REF2"),
        "ANNOTATION_VALUE": ("", "", ""),
        "LINGUISTIC_TYPE": ("", "LINGUISTIC_TYPE_ID TIME_ALIGNABLE CONSTRAINTS GRAPHIC_REFERENCES "
                                "CONTROLLED_VOCABULARY_REF", "LINGUISTIC_TYPE_ID"),
        "LANGUAGE": ("", "LANG_ID LANG_DEF LANG_LABEL", "LANG_ID"),
        "CONTROLLED_VOCABULARY": ("DESCRIPTION CV_ENTRY_ML", "CV_ID EXT_REF", "CV_ID"),
        "DESCRIPTION": ("", "LANG_REF", "LANG_REF"),
        "CV_ENTRY_ML": ("CVE_VALUE", "CVE_ID EXT_REF", "CVE_ID"),
        "CVE_VALUE": ("", "LANG_REF DESCRIPTION", "LANG_REF"),
    }

    def check_element(self, element):
        children, attributes, required = (x.split() for x in self.EAF[element.tag])
        own = {a for a in element.attrib if not a.startswith("{")}
        self.assertLessEqual(own, set(attributes), element.tag)
        self.assertLessEqual(set(required), own, element.tag)
        places = [children.index(c.tag) for c in element]
        self.assertEqual(places, sorted(places), element.tag)
        for child in element:
            self.check_element(child)

    def stretches(self, track, say):
        """(label, start, end) of hops in a row of which say(window) is the same; None is none."""
        found = []
        for w, start in zip(self.windows, self.hops()):
            label = say(w) if w["track"] == track else None
            if w["track"] != track or label is None:
                continue
            if found and found[-1][0] == label and found[-1][2] == start:
                found[-1] = (label, found[-1][1], w["end_s"])
            else:
                found.append((label, start, w["end_s"]))
        return found

    def check_tiers(self, tiers):
        """tiers: name: [(label, start, end)]. Against the timeline."""
        for track in {w["track"] for w in self.windows}:
            who = f"face {track}" if track else "voice"

            def expression(w):
                return None if w["abstain"] else max(EMOTIONS, key=lambda e: w[f"emotion_{e}"])

            def boredom(w):
                if w["abstain"] or w["state_boredom_0"] is None:
                    return None
                return LEVELS[max(range(4), key=lambda k: w[f"state_boredom_{k}"])]

            self.assertEqual(tiers[f"{who} expression"], self.stretches(track, expression))
            self.assertEqual(tiers[f"{who} withheld"],
                             self.stretches(track, lambda w: "withheld" if w["abstain"] else None))
            if track:
                self.assertEqual(tiers[f"{who} boredom level"], self.stretches(track, boredom))
                self.assertIn(f"{who} engagement", tiers)
                self.assertIn(f"{who} frustration level", tiers)

    def test_elan(self):
        root = xml.fromstring(self.text("timeline.eaf"))
        self.check_element(root)
        self.assertEqual((root.get("FORMAT"), root.get("VERSION")), ("3.0", "3.0"))
        self.assertRegex(root.get("DATE"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")
        medium = root.find("HEADER/MEDIA_DESCRIPTOR")
        self.assertEqual((self.report / medium.get("RELATIVE_MEDIA_URL")).resolve(), self.clip.resolve())
        self.assertEqual(medium.get("MIME_TYPE"), "video/x-matroska")
        slots = [(s.get("TIME_SLOT_ID"), int(s.get("TIME_VALUE"))) for s in root.iter("TIME_SLOT")]
        self.assertEqual([t for _, t in slots], sorted({t for _, t in slots}))
        times = dict(slots)
        ids = [e.get(a) for e in root.iter() for a in ("TIME_SLOT_ID", "ANNOTATION_ID", "CVE_ID") if e.get(a)]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue(all(re.fullmatch(r"[A-Za-z_][\w.-]*", i) for i in ids))
        languages = {e.get("LANG_ID") for e in root.iter("LANGUAGE")}
        self.assertLessEqual({e.get("LANG_REF") for e in root.iter() if e.get("LANG_REF")}, languages)
        words = {v.get("CV_ID"): {e.get("CVE_ID"): e.findtext("CVE_VALUE") for e in v.iter("CV_ENTRY_ML")}
                 for v in root.iter("CONTROLLED_VOCABULARY")}
        types = {t.get("LINGUISTIC_TYPE_ID"): t.get("CONTROLLED_VOCABULARY_REF") for t in root.iter("LINGUISTIC_TYPE")}
        tiers, used = {}, set()
        for tier in root.iter("TIER"):
            vocabulary = words[types[tier.get("LINGUISTIC_TYPE_REF")]]
            spans = []
            for a in tier.iter("ALIGNABLE_ANNOTATION"):
                refs = a.get("TIME_SLOT_REF1"), a.get("TIME_SLOT_REF2")
                used.update(refs)
                label = a.findtext("ANNOTATION_VALUE")
                self.assertEqual(vocabulary[a.get("CVE_REF")], label)
                start, end = (times[r] for r in refs)
                self.assertTrue((spans[-1][2] * 1000 if spans else 0) <= start + 0.5 < end)
                spans.append((label, start / 1000, end / 1000))
            self.assertNotIn(tier.get("TIER_ID"), tiers)
            tiers[tier.get("TIER_ID")] = spans
        self.assertEqual(used, set(times))
        last = [p.text for p in root.iter("PROPERTY") if p.get("NAME") == "lastUsedAnnotationId"]
        self.assertEqual(int(last[0]), sum(map(len, tiers.values())))
        self.check_tiers(tiers)

    @unittest.skipUnless(shutil.which("xmllint"), "no xmllint")
    def test_xmllint_reads_it(self):
        subprocess.run(["xmllint", "--noout", "--nonet", self.report / "timeline.eaf"], check=True)

    # ---- Praat

    def test_praat(self):
        lines = [line.strip() for line in self.text("timeline.TextGrid").splitlines()]
        lines.reverse()

        def take(pattern):
            line = lines.pop()
            found = re.fullmatch(pattern, line)
            self.assertTrue(found, f"{line!r} is not {pattern}")
            return found.group(1) if found.groups() else None

        for pattern in (r'File type = "ooTextFile"', r'Object class = "TextGrid"', ""):
            take(pattern)
        number = r"(-?\d+\.\d+)"
        xmin, xmax = float(take(f"xmin = {number}")), float(take(f"xmax = {number}"))
        self.assertEqual((xmin, xmax), (self.windows[0]["start_s"], self.windows[-1]["end_s"]))
        take("tiers\\? <exists>")
        size, tiers = int(take(r"size = (\d+)")), {}
        take(r"item \[\]:")
        for i in range(1, size + 1):
            take(rf"item \[{i}\]:")
            take('class = "IntervalTier"')
            name, at, spans = take('name = "([^"]+)"'), xmin, []
            self.assertEqual(float(take(f"xmin = {number}")), xmin)
            self.assertEqual(float(take(f"xmax = {number}")), xmax)
            for k in range(1, int(take(r"intervals: size = (\d+)")) + 1):
                take(rf"intervals \[{k}\]:")
                start, end = float(take(f"xmin = {number}")), float(take(f"xmax = {number}"))
                self.assertEqual(start, at)
                self.assertLess(start, end)
                label, at = take('text = "([^"]*)"'), end
                if label:
                    spans.append((label, start, end))
            self.assertEqual(at, xmax)
            tiers[name] = spans
        self.assertEqual(lines, [])
        self.check_tiers(tiers)

    @unittest.skipUnless(shutil.which("praat"), "no praat")
    def test_praat_reads_it(self):
        script = self.root / "look.praat"
        script.write_text(f'''Read from file: "{self.report}/timeline.TextGrid"
n = Get number of tiers
for i to n
    name$ = Get tier name: i
    k = Get number of intervals: i
    appendInfoLine: name$, tab$, k
endfor
''')
        done = subprocess.run(["praat", "--run", script], check=True, capture_output=True, text=True)
        seen = dict(line.split("\t") for line in done.stdout.splitlines())
        text = self.text("timeline.TextGrid")
        self.assertEqual(seen, dict(re.findall(r'name = "([^"]+)"[^"]*?intervals: size = (\d+)', text)))

    # ---- subtitles

    def test_srt(self):
        cues = [c.split("\n") for c in self.text("timeline.srt").rstrip("\n").split("\n\n")]
        end = 0
        for i, (number, times, *lines) in enumerate(cues):
            start, until = map(seconds, times.split(" --> "))
            self.assertEqual(int(number), i + 1)
            self.assertTrue(end <= start < until)
            self.assertTrue(lines and all(lines))
            end = until
        vtt = self.text("timeline.vtt").rstrip("\n").split("\n\n")[2:]
        self.assertEqual([c.split("\n")[1:] for c in vtt], [c[2:] for c in cues])

    def test_metadata_cues(self):
        head, note, *cues = self.text("timeline.metadata.vtt").rstrip("\n").split("\n\n")
        self.assertEqual(head, "WEBVTT")
        self.assertTrue(note.startswith("NOTE\n"))
        for cue, w, start in zip(cues, self.windows, self.hops()):
            times, line = cue.split("\n")
            self.assertEqual([round(seconds(t), 3) for t in times.split(" --> ")], [start, w["end_s"]])
            self.assertEqual(json.loads(line), w)
        self.assertEqual(len(cues), len(self.windows))

    # ---- tables

    def test_table(self):
        about = json.loads(self.text("table.csv-metadata.json"))
        self.assertEqual(about["@context"][0], "http://www.w3.org/ns/csvw")
        self.assertEqual(about["url"], "table.csv")
        columns = {c["name"]: c["datatype"] for c in about["tableSchema"]["columns"]}
        null = about["tableSchema"]["null"]
        with open(self.report / "table.csv", newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f))
        self.assertEqual(rows[0], list(columns))
        self.assertEqual(len(rows) - 1, len(self.windows))
        for cells in rows[1:]:
            self.assertEqual(len(cells), len(columns))
            for cell, (name, kind) in zip(cells, columns.items()):
                if cell == null:
                    continue
                kind = kind if isinstance(kind, dict) else {"base": kind}
                if kind["base"] == "string":
                    self.assertRegex(cell, f"^(?:{kind.get('format', '.+')})$")
                    continue
                value = {"number": float, "integer": int}[kind["base"]](cell)
                self.assertTrue(kind.get("minimum", -math.inf) <= value <= kind.get("maximum", math.inf), name)
        table = [dict(zip(rows[0], r)) for r in rows[1:]]
        keys = [tuple(r[k] for k in about["tableSchema"]["primaryKey"]) for r in table]
        self.assertEqual(len(keys), len(set(keys)))
        for row, w in zip(table, self.windows):
            self.assertEqual(row["expression"] == "NA", w["abstain"])
            self.assertEqual(row["engagement"] == "NA", w["abstain"] or w["engagement_partial"] is None)
            self.assertEqual(float(row["end_s"]), w["end_s"])
            self.assertEqual(row["snr_db"] == "NA", w["snr_db"] is None)
        apart = [(float(r["start_s"]), float(r["end_s"])) for r in table if r["apart"] == "1"]
        apart = sorted(set(apart))
        self.assertGreater(len(apart), 2)
        self.assertTrue(all(b[0] >= a[1] for a, b in zip(apart, apart[1:])))
        self.assertEqual({r["recording"] for r in table}, {"_1+1_&<b>'__ \u00fc.mkv"})

    @unittest.skipUnless(numpy, "no numpy")
    def test_numpy_reads_the_table(self):
        table = numpy.genfromtxt(self.report / "table.csv", delimiter=",", names=True, dtype=None, encoding="utf-8",
                                 missing_values="NA", filling_values=numpy.nan, comments=None)
        self.assertEqual(len(table), len(self.windows))
        self.assertEqual(table["emotion_happy"].dtype.kind, "f")
        self.assertAlmostEqual(float(table["emotion_happy"].sum()), sum(w["emotion_happy"] for w in self.windows), 6)
        self.assertEqual(table["expression"].dtype.kind, "U")
        self.assertEqual(table["level_boredom"].dtype.kind, "f")
        self.assertTrue(numpy.nanmax(table["level_boredom"]) <= 3)

    # ---- figures and pages

    def test_pages(self):
        self.need("pdf")
        run("export", self.report, "--to", "pdf", "-o", self.root / "pages")
        data = (self.root / "pages/report.pdf").read_bytes()
        self.assertRegex(data[:8], rb"^%PDF-1\.\d")
        start = int(re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data).group(1))
        self.assertTrue(data[start:].startswith(b"xref"))
        head, *entries = data[start:].split(b"trailer")[0].split(b"\n")[1:]
        first, count = map(int, head.split())
        for i, entry in enumerate(entries[:count]):
            offset, _, kind = entry.split()
            if kind == b"n":
                self.assertTrue(data[int(offset):].startswith(b"%d 0 obj" % (first + i)))
        self.assertEqual(len(re.findall(rb"/Type /Page\b", data)), 3)
        run("export", self.report, "--to", "pdf", "-o", self.root / "again.pdf", "--quiet")
        self.assertEqual(data, (self.root / "again.pdf").read_bytes())

    @unittest.skipUnless(shutil.which("pdftotext"), "no pdftotext")
    def test_words_on_pages(self):
        self.need("pdf")
        run("export", self.report, "--to", "pdf", "-o", self.root / "words.pdf")
        text = subprocess.run(["pdftotext", "-layout", self.root / "words.pdf", "-"], check=True, capture_output=True,
                              text=True).stdout
        summary = json.loads(self.text("summary.json"))
        for word in (HOSTILE, "Perceived expression", "Learning states", "2024/1689", "voice condition", "face 1",
                     summary["model"]["name"], summary["all"]["expression"]["most"], "estimate withheld"):
            self.assertIn(word, text)

    def test_figures(self):
        self.need("svg")
        run("export", self.report, "--to", "svg,png", "-o", self.root / "figures")
        names = [f"{figure}.{kind}" for figure in ("expression", "states", "weights") for kind in ("png", "svg")]
        self.assertEqual(sorted(os.listdir(self.root / "figures")), names)
        for name in names:
            data = (self.root / "figures" / name).read_bytes()
            if name.endswith("svg"):
                root = xml.fromstring(data)
                self.assertEqual(root.tag, "{http://www.w3.org/2000/svg}svg")
                links = [v for e in root.iter() for k, v in e.attrib.items() if k.endswith("href")]
                self.assertTrue(all(v.startswith("#") for v in links))
                self.assertNotIn("script", {e.tag.split("}")[1] for e in root.iter()})
                continue
            rows = png_rows(data, 100)
            self.assertEqual(len(rows[0]), 4 * 2 * 640 if data[25] == 6 else 3 * 2 * 640)
            size = len(rows[0]) // 1280
            colours = {row[i:i + 3] for row in rows for i in range(0, len(row), size)}
            wanted = {"expression": 0xd1541a, "states": 0xb5e3e8, "weights": 0x8a6642}[name[:-4]]
            self.assertTrue(wanted.to_bytes(3, "big") in colours, name)
            self.assertEqual(bytes(rows[0][:3]), b"\xff\xff\xff")

    # ---- the clip again

    def probe(self, path):
        done = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                               "stream=codec_name,width,height,nb_read_frames,sample_rate,duration", "-of", "json", path],
                              check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["streams"]

    def frames(self, path):
        """The luma of each frame, 320x240."""
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                             check=True, capture_output=True).stdout
        return [raw[i:i + 320 * 240] for i in range(0, len(raw), 320 * 240)]

    def shortened(self, seconds):
        clip = self.root / "short.mkv"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-t", str(seconds), "-i", self.clip, "-c", "copy", clip], check=True)
        return clip

    def test_overlay(self):
        self.need("svg")
        clip, out = self.shortened(3), self.root / "overlays/drawn.mp4"
        done = run("export", self.report, clip, "--to", "overlay", "-o", out)
        self.assertEqual(done.stdout, f"{out}\n")
        picture, sound = self.probe(out)
        self.assertEqual((picture["codec_name"], picture["width"], picture["height"]), ("h264", 320, 240))
        self.assertEqual((sound["codec_name"], sound["sample_rate"]), ("aac", "16000"))
        before, after = self.frames(clip), self.frames(out)
        self.assertEqual(len(after), len(before))
        self.assertAlmostEqual(float(picture["duration"]), len(before) / 25, delta=0.05)
        self.assertEqual(os.listdir(out.parent), ["drawn.mp4"])
        w = next(w for w in self.windows if w["end_s"] == 2.0)
        x, y = int(w["box_x"] + w["box_w"]), int(w["box_y"] + w["box_h"] / 2)

        def changed(i, x0, x1, y):
            return max(abs(before[i][y * 320 + k] - after[i][y * 320 + k]) for k in range(x0, x1))

        self.assertGreater(changed(49, x - 4, x + 5, y), 25)  # the box's right edge
        self.assertLess(changed(49, x - 40, x - 30, y), 25)  # the face itself is as it was
        run("export", self.report, clip, "--to", "overlay,srt", "--no-audio", "-o", out.parent, "--quiet")
        self.assertEqual(sorted(os.listdir(out.parent)), ["drawn.mp4", "overlay.mp4", "timeline.srt"])
        self.assertEqual(len(self.probe(out.parent / "overlay.mp4")), 1)
        longer = self.root / "longer.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=320x240:d=60", "-an", longer], check=True)
        refused = run("export", self.report, longer, "--to", "overlay", "-o", out.parent / "another.mp4", code=1)
        self.assertIn("takes 60.0 s, and ", refused.stderr)
        self.assertFalse((out.parent / "another.mp4").exists())

    def test_anonymised_overlay(self):
        self.need("svg")
        clip, out = self.shortened(2), self.root / "hidden.mp4"
        run("export", self.report, clip, "--to", "overlay", "--anonymise", "-o", out)
        w = next(w for w in self.windows if w["end_s"] == 1.0)
        left, top = int(w["box_x"] + w["box_w"] * 0.15), int(w["box_y"] + w["box_h"] * 0.15)

        def detail(frame):
            """Mean difference of neighbours in the middle of the face."""
            rows = [frame[y * 320 + left:y * 320 + left + int(w["box_w"] * 0.7)]
                    for y in range(top, top + int(w["box_h"] * 0.7))]
            steps = [abs(a - b) for row in rows for a, b in zip(row, row[1:])]
            return sum(steps) / len(steps)

        before, after = self.frames(clip), self.frames(out)
        self.assertGreater(min(map(detail, before)), 1.5)
        self.assertLess(max(map(detail, after)), 0.5)

    def test_a_drawing_can_be_stopped(self):
        self.need("svg")
        folder = self.root / "stopped"
        p = subprocess.Popen([EXE, "export", self.report, self.clip, "--to", "overlay", "--anonymise", "-o", folder],
                             env={**os.environ, "ATTUNE_MODEL": str(MODEL)}, stderr=subprocess.PIPE, text=True)
        for _ in range(3000):
            if folder.exists() or p.poll() is not None:
                break
            time.sleep(0.01)
        p.send_signal(signal.SIGINT)
        _, err = p.communicate(timeout=200)
        self.assertEqual(p.returncode, 130, err)
        self.assertIn("interrupted", err)
        self.assertEqual(os.listdir(folder), [])

    def test_what_cannot_be_drawn_is_said(self):
        self.need("svg")
        for args, said in ((["--to", "overlay"], "overlay needs the clip"),
                           (["--to", "eaf", "--anonymise"], "are of overlay")):
            self.assertIn(said, run("export", self.report, *args, code=2).stderr)
        self.assertIn("nope.mp4: No such file", run("export", self.report, "nope.mp4", "--to", "overlay", code=1).stderr)
        same = self.root / "same.mkv"
        shutil.copy(self.clip, same)
        done = run("export", self.report, same, "--to", "overlay", "-o", same, code=1)
        self.assertIn("is the clip itself", done.stderr)
        self.assertEqual(same.read_bytes(), self.clip.read_bytes())
        sound = self.root / "sound.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", self.clip, "-vn", sound], check=True)
        done = run("export", self.report, sound, "--to", "overlay", "-o", self.root / "o.mp4", code=1)
        self.assertRegex(done.stderr, "sound.wav: (has no picture|.*no )")
        self.assertFalse((self.root / "o.mp4").exists())
        for args in (["--anonymise"], ["--export", "overlay", "--live"], ["--export", "overlay", "--sinks", "csv"]):
            run("analyze", self.clip, *args, code=2)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=1)
    sys.exit(not program.result.wasSuccessful())
