#!/usr/bin/env python3
"""attune analyze and attune info as a user meets them: exit codes, files, bad inputs, Ctrl-C.

Needs ATTUNE_EXE. What needs a model takes $ATTUNE_MODEL or models/default.safetensors and is
skipped without one; what needs real clips takes ATTUNE_DATA or ../shared/data.
"""
import csv
import html.parser
import json
import math
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import wave
import zlib

import built
import running

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = pathlib.Path(os.environ.get("ATTUNE_MODEL") or SOURCE / "models/default.safetensors")
DATA = pathlib.Path(os.environ.get("ATTUNE_DATA") or SOURCE.parent / "shared/data")
OUTPUTS = ["report.html", "summary.json", "timeline.csv", "timeline.jsonl", "timeline.vtt"]

needs_model = unittest.skipUnless(MODEL.is_file(), "no default model yet")
needs_clips = unittest.skipUnless(MODEL.is_file() and (DATA / "grid").is_dir(), "no real clips")


def write_wav(path, seconds, speech=True):
    """Something like a voice: a buzz in syllables, every second half silent."""
    noise = random.Random(1)
    second = bytearray()
    for i in range(16000):
        loud = speech and i < 12800
        t = i % 145 / 145
        buzz = 9000 * (1 - 2 * t) * math.sin(i * 0.25) * math.sin(i * math.pi / 3200) if loud else 0
        second += struct.pack("<h", int(buzz) + noise.randint(-20, 20))
    whole = int(seconds)
    with wave.open(str(path), "wb") as f:
        f.setparams((1, 2, 16000, 0, "NONE", ""))
        for _ in range(whole):
            f.writeframesraw(bytes(second))
        f.writeframes(bytes(second[: 2 * round(16000 * (seconds - whole))]))


def write_y4m(path, frames, w=64, h=48, fps=10):
    with open(path, "wb") as f:
        f.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420jpeg\n" % (w, h, fps))
        for i in range(frames):
            luma = bytes((x + y + 3 * i) % 256 for y in range(h) for x in range(w))
            f.write(b"FRAME\n" + luma + b"\x80" * (w * h // 2))


def write_png(path, w, h):
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + w)) for _ in range(h)) + packer.flush()
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


class Page(html.parser.HTMLParser):
    """Checks that tags match, and collects what would be loaded."""
    VOID = {"meta", "br", "link", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.loads, self.ids = [], [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for key, value in attrs:
            if key in ("src", "srcset", "data", "xlink:href") or (key == "href" and tag != "a"):
                self.loads.append(value)
            if key == "id":
                self.ids.add(value)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing, line {self.getpos()[0]}")


def without_progress(said):
    """Slow programs and machines say how far they are, every ten seconds."""
    return re.sub(r".*\d+%  \d+:\d+.*\n", "", said)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-cli-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def command(self, *args):
        env = dict(os.environ)
        env.pop("ATTUNE_MODEL", None)
        if MODEL.is_file():
            env["ATTUNE_MODEL"] = str(MODEL)
        return dict(args=[EXE, *map(str, args)], cwd=self.dir, env=env, stdin=subprocess.DEVNULL)

    def run_attune(self, *args, code=0, **more):
        done = subprocess.run(**{**self.command(*args), **more}, capture_output=True, text=True,
                              timeout=280, errors="replace")
        self.assertEqual(done.returncode, code, f"{args}: {done.stderr}{done.stdout}")
        self.assertNotIn("runtime error", done.stderr)  # of a sanitizer
        self.assertNotIn("Sanitizer", done.stderr)
        done.stderr = "".join(built.of_the_input(done.stderr.splitlines(True)))
        return done

    def assert_one_line(self, text, *parts):
        self.assertEqual(len(built.of_the_input(text.split("\n"))), 2, text)  # and nothing behind it
        for part in parts:
            self.assertIn(str(part), text)

    def files(self):
        return sorted(str(p.relative_to(self.dir)) for p in self.dir.rglob("*"))

    def check_outputs(self, folder):
        """The files hold together; returns (summary, rows)."""
        folder = self.dir / folder
        self.assertEqual(sorted(os.listdir(folder)), OUTPUTS)
        summary = json.loads((folder / "summary.json").read_text())
        with open(folder / "timeline.csv", newline="") as f:
            rows = list(csv.DictReader(f))
        lines = [json.loads(x) for x in (folder / "timeline.jsonl").read_text().splitlines()]
        for key in ("input duration_s frames frames_with_face windows windows_abstained "
                    "windows_with_face windows_with_voice realtime_factor truncated presence "
                    "mean_reliability interrupted all faces model options notice").split():
            self.assertIn(key, summary)
        self.assertEqual(len(rows), summary["windows"])
        self.assertEqual(len(lines), summary["windows"])
        self.assertEqual(list(rows[0]), list(summary["timeline_columns"]))
        for row, line in zip(rows, lines):
            self.assertEqual(list(row), list(line))
            self.assertEqual(float(row["end_s"]), line["end_s"])
            emotions = [float(v) for k, v in row.items() if k.startswith("emotion_")]
            self.assertEqual(len(emotions), 7)
            self.assertAlmostEqual(sum(emotions), 1, delta=2e-3)
            weights = float(row["weight_face"]) + float(row["weight_voice"])
            self.assertTrue(abs(weights - 1) < 2e-3 or weights == 0)
            if row["used_face"] == "0" and row["used_voice"] == "0":
                self.assertEqual(row["abstain"], "1")
        self.assertEqual(sum(r["abstain"] == "1" for r in rows), summary["windows_abstained"])
        text = (folder / "report.html").read_text()
        page = Page(text)
        self.assertEqual(page.open, [])
        self.assertTrue(all(x.startswith("data:image/png;base64,") for x in page.loads))
        self.assertEqual("img-src data:;" in text, bool(page.loads))
        self.assertNotIn(" style=", text)
        self.assertNotIn("http", text.replace("http-equiv", ""))
        self.assertIn("2024/1689", text)
        return summary, rows


class Usage(Case):
    def test_help_and_version(self):
        for args in (["--help"], ["help"], ["analyze", "--help"], ["info", "-h"]):
            done = self.run_attune(*args)
            self.assertIn("usage: attune", done.stdout)
            self.assertEqual(done.stderr, "")
        self.assertRegex(self.run_attune("--version").stdout, r"^attune \d+\.\d+\.\d+\n$")
        self.assertIn("Exit codes", self.run_attune("--help").stdout)

    def test_help_that_nobody_can_read(self):
        for args in (["--help"], ["help"], ["--version"], ["analyze", "--help"], ["train", "--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run(**self.command(*args), stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 1, args)
            self.assert_one_line(done.stderr, "attune: standard output: No space left on device")

    def test_names_are_shown_as_they_are(self):
        """Nothing of a name is obeyed by a terminal, or hides, in what is said of it."""
        name = "\x1b[31m\u202egpj.\u200b\u2066x"
        for args in ([name], ["analyze", f"--{name}"], ["analyze", name], ["info", name], ["train", name],
                     ["export", name, "--to", "srt"], ["explain", name], ["degrade", name, "--corrupt", "blur=1"],
                     ["reproduce", name, "--data", ".", "-o", "r"], ["analyze", "--sinks", name, "x"],
                     ["analyze", "--rate", name, "x"], ["degrade", "x", "--corrupt", name, "-o", "y"],
                     ["eval", "default", "--dataset", name, "--root", "."], ["sessions", "show", name]):
            done = subprocess.run(**self.command(*args), capture_output=True, text=True)
            self.assertIn(done.returncode, (1, 2), args)
            self.assertNotRegex(done.stderr + done.stdout, "[\x1b\u200b\u202e\u2066]")
        self.assertEqual(self.files(), [])

    @needs_model
    def test_what_is_missing_is_told_with_what_makes_it(self):
        shutil.copy(MODEL, self.dir / "m.safetensors")
        write_wav(self.dir / "a.wav", 1)
        recipe = SOURCE / "recipes/assemble.json"
        for args, file, maker in (
                (["analyze", "a.wav", "--model", "m.safetensors", "--precision", "int8"], "m.int8.safetensors", "attune train makes it"),
                (["export", ".", "--to", "srt"], "./summary.json", "attune analyze writes it"),
                (["merge", "."], "./manifest.csv", "attune analyze --manifest writes it"),
                (["sessions", "list", "--store", "s.db"], "s.db", "attune analyze --store"),
                (["train", recipe], "detector_silent.safetensors", f"attune train {recipe.parent}/detector_silent.json makes it")):
            self.assert_one_line(self.run_attune(*args, code=1).stderr, f" {file}: ", f"; {maker}")

    @needs_model
    def test_names_in_reports(self):
        name = "a\u202egpj.\u200b.wav"
        write_wav(self.dir / name, 1)
        shown = self.run_attune("analyze", name, "-o", "o\u202eut", "--export", "eaf,table").stdout
        for text in (shown, *((p.read_text() for p in (self.dir / "o\u202eut").iterdir()))):
            self.assertNotRegex(text, "[\u200b\u202e]")
        self.assertIn("a?gpj.?.wav: 1 s", shown)
        self.assertIn("o?ut/report.html", shown)

    def test_wrong_usage_is_2(self):
        self.assertIn("usage", self.run_attune(code=2).stderr)
        for args in (["frobnicate"], ["analyze"], ["analyze", "--nope", "x"], ["analyze", "-o"],
                     ["analyze", "--rate", "0", "x"], ["analyze", "--rate", "8x", "x"],
                     ["analyze", "--tracks", "17", "x"], ["analyze", "--threads", "-1", "x"],
                     ["analyze", "--no-audio", "--no-video", "x"], ["info", "a", "b"],
                     ["info", "--nope"]):
            done = self.run_attune(*args, code=2)
            self.assert_one_line(done.stderr, "attune", "--help")
            self.assertEqual(done.stdout, "")
        self.assertEqual(self.files(), [])

    def test_the_option_that_is_wrong_is_named(self):
        for args, said in ((["--tracks"], "--tracks: its value is missing"),
                           (["x", "-o"], "-o: its value is missing"),
                           (["-o", "--quiet", "x"], "-o: its value is missing (--quiet"),
                           (["-dash.mp4"], "./-dash.mp4"), (["--quiet", "-dash.mp4"], "./-dash.mp4"),
                           (["-q", "-z"], "-z: there is no such option"),
                           (["-qz", "x"], "-qz: there is no such option"),
                           (["--no", "x"], "--no: there is no such option"),
                           (["--quiet=3", "x"], "takes no value"),
                           (["--rate", "8x", "y"], "--rate takes 0.1 to 60, not '8x'"),
                           (["--tracks", "17", "x"], "not '17'"), (["--threads", "-1", "x"], "not '-1'"),
                           (["--audio-track", "0", "x"], "--audio-track takes 1 to 1000, not '0'"),
                           (["--video-track", "one", "x"], "--video-track takes 1 to 1000, not 'one'"),
                           (["--no-audio", "--audio-track", "1", "x"], "a track is chosen of what --no-audio leaves out"),
                           (["--no-video", "--video-track", "1", "x"], "a track is chosen of what --no-video leaves out"),
                           (["--pcm", "3", "x"], "--pcm takes 2000 to 768000, not '3'"),
                           (["--sinks", "csv,exe", "x"], "--sinks: there is no sink 'exe'"),
                           (["--sinks", "overlay", "x"], "--sinks: overlay is drawn into a clip"),
                           (["--export", "csv,onnx", "x"], "--export: onnx is of a model")):
            self.assert_one_line(self.run_attune("analyze", *args, code=2).stderr, said)
        for command in ("analyze", "info", "eval", "train", "bench"):
            done = self.run_attune(command, "--nope", "x", code=2)
            self.assert_one_line(done.stderr, f"attune {command}: --nope: there is no such option", "--help")

    @needs_model
    def test_a_name_that_begins_with_a_dash(self):
        write_wav(self.dir / "-dash.wav", 1)
        for args in (["./-dash.wav"], ["--", "-dash.wav"]):
            self.run_attune("analyze", *args)
            self.assertTrue((self.dir / "attune--dash/report.html").exists())
            shutil.rmtree(self.dir / "attune--dash")

    def test_columns_are_explained(self):
        text = self.run_attune("info", "--columns").stdout
        self.assertIn("| `emotion_happy` |", text)
        self.assertGreater(text.count("\n"), 40)
        always, signal, chat = re.split("\nLast, only with a .*:\n", text)
        for part, has, lacks in ((always, "condition_voice", "_signal"), (signal, "signal_z_NAME", "chat_"),
                                 (chat, "weight_chat", "signal")):
            self.assertIn(f"{has}` |", part)
            self.assertNotIn(lacks, part)
            self.assertEqual("emotion_happy" in part, part is always)

@needs_model
class Info(Case):
    def test_shows_parts_and_metadata(self):
        text = self.run_attune("info", MODEL).stdout
        self.assertIn("face model", text)
        self.assertIn("licence", text)
        self.assertIn(str(MODEL), text)
        self.assertRegex(text, r"\ndigest +(fits \(xxh64 [0-9a-f]{16}\)|none: )")
        with tempfile.TemporaryDirectory() as folder:
            ranges = shutil.copy(SOURCE / "models/default.int8.safetensors", folder)
            self.assertIn("is no model: it lies beside one", self.run_attune("info", ranges, code=1).stderr)
        with open(MODEL, "rb") as model:
            piped = subprocess.run(["sh", "-c", f'cat | "{EXE}" info /dev/stdin'], stdin=model, capture_output=True, text=True)
        self.assertEqual(piped.stdout, text.replace(str(MODEL), "/dev/stdin"))
        self.assertIn(f"{MODEL.stat().st_size / 1e6:.1f} MB", text)

    def test_metadata_is_lines_to_read(self):
        meta = {"limits": "few words " * 40, "training.detector": json.dumps({
            "faces": 465, "before": {"clean": {"recall": 1.0, "level": 0}, "blur": {"recall": 0.6881720}},
            "after": {"clean": {"recall": 0.983}}, "tags": ["a", "b"], "esc": "\x1b[31m", "yes": True})}
        data = MODEL.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        header["__metadata__"].pop("xxh64", None)  # changed by hand: its digest no longer fits
        header["__metadata__"].update(meta)
        packed = json.dumps(header).encode()
        (self.dir / "m.safetensors").write_bytes(struct.pack("<Q", len(packed)) + packed + data[8 + length:])
        text = self.run_attune("info", "m.safetensors").stdout
        for line in text.splitlines():
            self.assertLessEqual(len(line), 100)
            self.assertNotIn("{", line)
        under = "\n" + 18 * " "
        self.assertIn("training.detector faces 465, esc ?[31m, yes yes" + under + "before clean: recall 1, level 0"
                      + under + "before blur: recall 0.6882" + under + "after clean: recall 0.983"
                      + under + "tags: a, b\n", text)
        self.assertEqual(text.count("few words"), 40)


@needs_model
class BadInput(Case):
    def test_each_is_named_with_its_reason(self):
        (self.dir / "folder").mkdir()
        (self.dir / "empty.mp4").touch()
        (self.dir / "text.mp4").write_text("Dear diary, today I was perceived as neutral.\n" * 50)
        (self.dir / "noise.mpg").write_bytes(random.Random(3).randbytes(20000))
        (self.dir / "none.y4m").write_bytes(b"YUV4MPEG2 W64 H48 F10:1 Ip A1:1 C420jpeg\n")
        write_wav(self.dir / "none.wav", 0)
        write_png(self.dir / "huge.png", 16384, 16384)
        before = self.files()
        for name in ("missing.mp4", "folder", "empty.mp4", "text.mp4", "noise.mpg", "none.y4m",
                     "none.wav", "huge.png"):
            with self.subTest(name):
                done = self.run_attune("analyze", name, code=1)
                self.assert_one_line(done.stderr, name)
                self.assertEqual(done.stdout, "")
                self.assertEqual(self.files(), before)

    def test_streams_that_are_not_there(self):
        write_wav(self.dir / "a.wav", 1)
        write_y4m(self.dir / "v.y4m", 10)
        self.assert_one_line(self.run_attune("analyze", "a.wav", "--no-audio", code=1).stderr, "a.wav")
        self.assert_one_line(self.run_attune("analyze", "v.y4m", "--no-video", code=1).stderr, "v.y4m")
        self.assertEqual(self.files(), ["a.wav", "v.y4m"])

    def test_pictures_larger_than_can_be(self):
        (self.dir / "huge.y4m").write_bytes(b"YUV4MPEG2 W200000 H200000 F25:1 Ip A1:1 C420jpeg\nFRAME\n" + bytes(999))
        done = self.run_attune("analyze", "huge.y4m", code=1)
        self.assert_one_line(done.stderr, "huge.y4m: not a media file of a kind that is read, or damaged")

    def test_long_and_thin_pictures(self):
        write_png(self.dir / "thin.png", 16384, 64)
        self.run_attune("analyze", "thin.png")
        summary, _ = self.check_outputs("attune-thin")
        self.assertEqual(summary["width"], 16384)

    def test_files_that_may_not_grow(self):
        shutil.copy(SOURCE / "demo/talking_head.mp4", self.dir / "head.mp4")
        done = self.run_attune("analyze", "head.mp4", "--rate", "1", "-o", "out", code=1, preexec_fn=lambda:
                               resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
        self.assertIn("File too large", done.stderr)
        self.assertEqual(list((self.dir / "out").glob("*")) if (self.dir / "out").exists() else [], [])

    def test_unwritable_output(self):
        write_wav(self.dir / "a.wav", 2)
        (self.dir / "file").touch()
        for out in ("file", "file/sub", "/proc/attune-test"):
            done = self.run_attune("analyze", "a.wav", "-o", out, code=1)
            self.assert_one_line(done.stderr, out)
        self.assertEqual(self.files(), ["a.wav", "file"])

    def test_a_full_disk_leaves_nothing(self):
        write_wav(self.dir / "a.wav", 20)

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writes fail with EFBIG
            resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

        done = self.run_attune("analyze", "a.wav", "-o", "out", "--quiet", code=1, preexec_fn=limit)
        self.assert_one_line(done.stderr, "out/")
        self.assertEqual(self.files(), ["a.wav"])

    def test_standard_output_that_is_full(self):
        write_wav(self.dir / "a.wav", 1)
        with open("/dev/full", "w") as full:
            done = subprocess.run(**self.command("analyze", "a.wav"), stdout=full, timeout=60,
                                  stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("standard output", done.stderr)

    def test_a_reader_that_left_does_not_spoil_the_reports(self):
        for name in "ab":
            write_wav(self.dir / f"{name}.wav", 1)
        mine, its = os.pipe()
        os.close(mine)
        with open(its, "w") as gone:
            done = subprocess.run(**self.command("analyze", "a.wav", "b.wav", "-o", "all"),
                                  stdout=gone, timeout=60, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("standard output", done.stderr)
        self.assertEqual(sorted(os.listdir(self.dir / "all")), ["a", "b", "index.html"])
        self.check_outputs("all/a")
        self.check_outputs("all/b")


@needs_model
class Outputs(Case):
    def test_sound_only(self):
        write_wav(self.dir / "a b&c.wav", 6.3)
        done = self.run_attune("analyze", "a b&c.wav")
        summary, rows = self.check_outputs("attune-a_b_c")
        self.assertIn("a b&c.wav", done.stdout)
        self.assertIn("attune-a_b_c/report.html", done.stdout)
        self.assertEqual(len(rows), 13)
        self.assertEqual([float(r["end_s"]) for r in rows[:-1]], [0.5 * i for i in range(1, 13)])
        self.assertAlmostEqual(float(rows[-1]["end_s"]), 6.3, delta=0.01)
        self.assertEqual(float(rows[-2]["start_s"]), 3.0)
        self.assertEqual(summary["frames"], 0)
        self.assertEqual(summary["windows_with_face"], 0)
        self.assertFalse(summary["has_video"] or summary["truncated"] or summary["interrupted"])
        self.assertAlmostEqual(summary["duration_s"], 6.3, delta=0.05)
        self.assertTrue(all(r["track"] == "0" and r["sharpness"] == "" for r in rows))

    def test_picture_without_a_face(self):
        write_y4m(self.dir / "v.y4m", 40)
        self.run_attune("analyze", "v.y4m")
        summary, rows = self.check_outputs("attune-v")
        self.assertEqual(summary["windows"], 8)
        self.assertEqual(summary["windows_abstained"], 8)
        self.assertEqual(summary["frames_with_face"], 0)
        self.assertIsNone(summary["all"]["expression"]["most"])
        self.assertIsNone(summary["all"]["engagement"]["most"])
        self.assertEqual(summary["faces"], [])
        self.assertEqual(summary["presence"]["face"]["longest_gap"], {"start_s": 0, "end_s": 4})
        self.assertTrue(28 <= summary["frames"] <= 32)
        self.assertEqual(rows[0]["state_boredom_0"], "")

    def test_nothing_lasts_longer_than_the_input(self):
        for frames, fps, rate in ((8, 10, "8"), (23, 10, "8"), (8, 10, "0.5"), (41, 30, "3")):
            write_y4m(self.dir / "v.y4m", frames, fps=fps)
            self.run_attune("analyze", "v.y4m", "--rate", rate, "-o", "out")
            summary, rows = self.check_outputs("out")
            seconds = frames / fps
            self.assertAlmostEqual(summary["duration_s"], seconds, delta=1e-3)
            self.assertAlmostEqual(float(rows[-1]["end_s"]), seconds, delta=0.25)
            self.assertLessEqual(float(rows[-1]["end_s"]), seconds + 1e-3)
            self.assertLessEqual(summary["presence"]["face"]["longest_gap"]["end_s"], seconds + 1e-3)

    def test_a_picture_is_no_clip(self):
        write_y4m(self.dir / "v.y4m", 1)
        write_png(self.dir / "v.png", 64, 48)
        for name in ("v.y4m", "v.png"):
            text = self.run_attune("analyze", name, "-o", "out").stdout
            self.assertEqual(text.splitlines()[:2], [f"{name}: a picture of 64 x 48 pixels, no face",
                                                     "  expression   nothing to go on"])
            self.assertNotIn("real time", text)
            self.assertNotIn("missing", text)
            summary, _ = self.check_outputs("out")
            self.assertTrue(summary["still"])
            page = (self.dir / "out/report.html").read_text()
            self.assertIn("No face was found in this picture", page)
            self.assertNotIn("<script", page)
        write_y4m(self.dir / "v.y4m", 10)
        self.run_attune("analyze", "v.y4m", "-o", "out")
        self.assertFalse(self.check_outputs("out")[0]["still"])
        self.run_attune("analyze", "v.y4m", "--rate", "0.1", "-o", "out")
        summary, _ = self.check_outputs("out")
        self.assertEqual((summary["frames"], summary["still"]), (1, False))

    def test_what_there_is_none_of_is_said_so(self):
        write_y4m(self.dir / "v.y4m", 15)
        text = self.run_attune("analyze", "v.y4m", "-o", "out").stdout
        self.assertIn("v.y4m: 1.5 s, no face\n  expression   nothing to go on\n  missing      sound\n", text)
        page = (self.dir / "out/report.html").read_text()
        self.assertIn("<strong>No face was in view</strong>. <strong>No sound was listened to</strong>. ", page)
        self.assertNotIn("no usable voice", page)  # there is no sound to miss it in
        write_wav(self.dir / "a.wav", 1.5, speech=False)
        text = self.run_attune("analyze", "a.wav", "-o", "out").stdout
        self.assertIn("a.wav: 1.5 s, no usable voice\n", text)

    def test_one_is_not_several(self):
        write_y4m(self.dir / "v.y4m", 2, fps=4)
        self.run_attune("analyze", "v.y4m", "--rate", "1", "--tracks", "1", "-o", "out")
        page = (self.dir / "out/report.html").read_text()
        for word in ("frame", "window", "face"):
            self.assertNotRegex(page, rf"\b1 {word}s")
        self.assertIn("<dd>1 frame a second", page)
        write_y4m(self.dir / "v.y4m", 2, fps=4)
        self.run_attune("analyze", "v.y4m", "-o", "out")
        self.assertIn(", 2 frames analysed, 1 window<", (self.dir / "out/report.html").read_text())

    def test_files_of_an_earlier_run_are_named(self):
        write_wav(self.dir / "a.wav", 1)
        write_wav(self.dir / "b.wav", 1)
        (self.dir / "bad.wav").write_text("no sound")
        self.assertNotIn("earlier run", self.run_attune("analyze", "a.wav", "-o", "x").stdout)
        text = self.run_attune("analyze", "a.wav", "-o", "x", "--sinks", "html,summary").stdout
        kept = "timeline.csv, timeline.jsonl, timeline.vtt"
        self.assertIn(f"also there   {kept}: of an earlier run, not of this one\n", text)
        self.assertEqual(json.loads((self.dir / "x/summary.json").read_text())["files_of_earlier_runs"],
                         kept.split(", "))
        done = self.run_attune("analyze", "bad.wav", "-o", "x", code=1)
        self.assertIn("attune: in x, of an earlier run: timeline.csv, ", done.stderr)
        done = self.run_attune("analyze", "a.wav", "b.wav", "-o", "x")
        self.assertIn("attune: in x, of an earlier run: timeline.csv, ", done.stderr)

    def test_thumbnails_are_only_in_a_page(self):
        done = self.run_attune("analyze", "--thumbnails", "--sinks", "csv,summary", "x", code=2)
        self.assert_one_line(done.stderr, "--thumbnails", "--sinks")

    def test_sinks_are_chosen(self):
        write_wav(self.dir / "a.wav", 2)
        self.run_attune("analyze", "a.wav", "--sinks", "csv,summary", "-o", "x")
        self.assertEqual(sorted(os.listdir(self.dir / "x")), ["summary.json", "timeline.csv"])

    def test_json_and_quiet(self):
        write_wav(self.dir / "a.wav", 2)
        done = self.run_attune("analyze", "a.wav", "--json", "-o", "x")
        self.assertEqual(json.loads(done.stdout), json.loads((self.dir / "x/summary.json").read_text()))
        done = self.run_attune("analyze", "a.wav", "--quiet", "-o", "x")
        self.assertEqual(done.stdout + done.stderr, "")
        self.check_outputs("x")

    def test_several_inputs_go_on_after_a_bad_one(self):
        (self.dir / "sub").mkdir()
        write_wav(self.dir / "a.wav", 2)
        write_wav(self.dir / "sub/a.wav", 1)
        done = self.run_attune("analyze", "a.wav", "missing.mp4", "sub/a.wav", "-o", "all", code=1)
        self.assert_one_line(done.stderr, "missing.mp4")
        self.assertEqual(sorted(os.listdir(self.dir / "all")), ["a", "a-2", "index.html"])
        self.check_outputs("all/a")
        self.check_outputs("all/a-2")
        index = (self.dir / "all/index.html").read_text()
        self.assertEqual(Page(index).open, [])
        self.assertIn('href="a-2/report.html"', index)
        self.assertIn("missing.mp4", index)
        done = self.run_attune("analyze", "a.wav", "sub/a.wav", "--json")
        self.assertEqual([s["windows"] for s in json.loads(done.stdout)], [4, 2])
        self.assertTrue((self.dir / "attune-reports/index.html").exists())

    def test_inputs_that_are_called_as_others_are_numbered(self):
        (self.dir / "sub").mkdir()
        for name, seconds in (("a-2.wav", 1), ("a.wav", 2), ("sub/a.wav", 3)):
            write_wav(self.dir / name, seconds)
        for names in (("a-2.wav", "a.wav", "sub/a.wav"), ("a.wav", "sub/a.wav", "a-2.wav")):
            shutil.rmtree(self.dir / "all", ignore_errors=True)
            self.run_attune("analyze", *names, "-o", "all")
            self.assertEqual([json.loads((self.dir / f"all/{folder}/summary.json").read_text())["windows"]
                              for folder in ("a-2", "a", "a-3")], [2, 4, 6])

    def test_standard_input(self):
        write_wav(self.dir / "a.wav", 2)
        with open(self.dir / "a.wav", "rb") as f:
            self.run_attune("analyze", "-", stdin=f)
        summary, _ = self.check_outputs("attune-stdin")
        self.assertEqual(summary["windows"], 4)

    def test_threads_do_not_matter(self):
        write_wav(self.dir / "a.wav", 5)
        texts = []
        for n in ("1", "2", "3"):
            self.run_attune("analyze", "a.wav", "--threads", n, "-o", n)
            texts.append((self.dir / n / "timeline.csv").read_text())
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(texts[0], texts[2])

    def test_a_second_run_replaces_the_first(self):
        write_wav(self.dir / "a.wav", 1)
        self.run_attune("analyze", "a.wav")
        write_wav(self.dir / "a.wav", 2)
        self.run_attune("analyze", "a.wav")
        self.assertEqual(self.check_outputs("attune-a")[0]["windows"], 4)


def size_of(path):
    """Bytes of a file that another program may rename meanwhile: 0 once it is gone."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@needs_model
class Interrupted(Case):
    def interrupt(self, sig, ready, *args):
        p = subprocess.Popen(**self.command("analyze", *args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             preexec_fn=lambda: signal.signal(sig, signal.SIG_DFL))  # under nohup, too
        for _ in range(3000):
            if ready(p) or p.poll() is not None:
                break
            time.sleep(0.01)
        p.send_signal(sig)
        out, err = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 130, err)
        self.assertIn("interrupted", err)
        return out

    def some_rows(self, _):
        return any(size_of(p) > 4000 for p in self.dir.glob("out/attune-unfinished/timeline.csv"))

    def test_what_was_finished_is_kept(self):
        write_wav(self.dir / "long.wav", 1200)
        others = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        for sig in (signal.SIGINT, *(() if built.sanitizers() else others)):
            self.interrupt(sig, self.some_rows, "long.wav", "-o", "out")
            summary, rows = self.check_outputs("out")
            self.assertTrue(summary["interrupted"])
            self.assertTrue(0 < len(rows) < 2400)
            self.assertIn("stopped", (self.dir / "out/report.html").read_text())
            shutil.rmtree(self.dir / "out")

    def test_windows_that_wait_are_kept(self):
        """A person's first half minute waits until it is known what is usual for them, but not beyond the end."""
        write_wav(self.dir / "a.wav", 12)
        os.mkfifo(self.dir / "pipe")
        keep = os.open(self.dir / "pipe", os.O_RDWR)
        self.addCleanup(os.close, keep)
        feeder = threading.Thread(target=os.write, args=(keep, (self.dir / "a.wav").read_bytes()))
        feeder.start()

        def heard(_):
            if feeder.is_alive():
                return False
            time.sleep(8 if built.sanitizers() else 1)
            return True

        self.interrupt(signal.SIGINT, heard, "pipe", "-o", "out")
        summary, rows = self.check_outputs("out")
        self.assertTrue(summary["interrupted"])
        self.assertGreater(len(rows), 8)

    def test_a_silent_input_can_be_left(self):
        os.mkfifo(self.dir / "pipe")
        keep = os.open(self.dir / "pipe", os.O_RDWR)
        self.addCleanup(os.close, keep)

        def waits_for_pipe(p):
            return running.has_open(p.pid, "pipe")

        self.interrupt(signal.SIGINT, waits_for_pipe, "pipe", "-o", "out")
        self.assertEqual(self.files(), ["pipe"])
        os.write(keep, b"RIFF")  # now it waits for the rest
        self.interrupt(signal.SIGINT, waits_for_pipe, "pipe", "-o", "out")
        self.assertEqual(self.files(), ["pipe"])


@needs_clips
class RealClips(Case):
    def test_faces_and_voices_are_found(self):
        clips = sorted((DATA / "grid").glob("*.mpg"))
        self.assertGreater(len(clips), 0)
        self.run_attune("analyze", "-o", "out", *clips)
        for clip in clips:
            summary, rows = self.check_outputs(f"out/{clip.stem}" if len(clips) > 1 else "out")
            self.assertGreaterEqual(summary["frames_with_face"], 0.99 * summary["frames"])
            self.assertTrue(23 <= summary["frames"] <= 25)
            self.assertGreater(summary["windows_with_voice"], 0)
            self.assertEqual(summary["windows_with_face"], summary["windows"])
            self.assertEqual(len({r["track"] for r in rows}), 1)

    def test_a_clip_cut_short_is_analysed_as_far_as_it_goes(self):
        data = min((DATA / "grid").glob("*.mpg")).read_bytes()
        (self.dir / "cut.mpg").write_bytes(data[: len(data) // 2])
        self.run_attune("analyze", "cut.mpg")
        summary, _ = self.check_outputs("attune-cut")
        self.assertTrue(0.5 < summary["duration_s"] < 2.5)
        self.assertTrue(summary["truncated"])
        self.assertTrue(summary["truncated_reason"])


@needs_model
class SoundApart(unittest.TestCase):
    """Sound that was recorded apart from the pictures: of the demo clip, which is drawn."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.root = pathlib.Path(cls.folder.name)
        cls.cut(SOURCE / "demo/talking_head.mp4", "clip.mkv", "-t", "8", "-s", "320x240", "-c:v", "mpeg4", "-q:v",
                "3", "-c:a", "pcm_s16le", "-ar", "16000", "-ac", "1")
        cls.cut("clip.mkv", "own.wav", "-vn", "-c:a", "copy")
        cls.cut("own.wav", "longer.wav", "-af", "adelay=530:all=1", "-c:a", "pcm_s16le")
        cls.cut("clip.mkv", "mute.mkv", "-an", "-c:v", "copy")
        cls.cut("clip.mkv", "late.wav", "-vn", "-af", "atrim=start=1.5,asetpts=PTS-STARTPTS,volume=0.2,highpass=300",
                "-ar", "44100")
        cls.cut("clip.mkv", "early.wav", "-vn", "-af", "adelay=2250:all=1,lowpass=3000")
        with wave.open(str(cls.root / "still.wav"), "wb") as f:
            f.setparams((1, 2, 16000, 0, "NONE", ""))
            f.writeframes(bytes(2 * 16000 * 8))

    @classmethod
    def cut(cls, source, target, *options):
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", cls.root / source, *options, cls.root / target],
                       check=True)

    def analyze(self, clip, *options):
        r = subprocess.run([EXE, "analyze", self.root / clip, "-o", self.root / "out", "--sinks", "csv,summary",
                            *map(str, options)], capture_output=True, text=True)
        return r, (self.root / "out/timeline.csv").read_text() if r.returncode == 0 else ""

    def test_it_is_as_good_as_the_own_one(self):
        r, together = self.analyze("clip.mkv")
        self.assertEqual(r.returncode, 0, r.stderr)
        r, apart = self.analyze("mute.mkv", "--sound", self.root / "own.wav", "--offset", 0)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(together, apart)
        self.assertIn("the sound is of own.wav, which begins 0.00 s after the pictures", r.stderr)
        r, threads = self.analyze("mute.mkv", "--sound", self.root / "own.wav", "--offset", 0, "--threads", 3)
        self.assertEqual(together, threads)
        # what lies before the pictures is left out, to the sample
        r, early = self.analyze("mute.mkv", "--sound", self.root / "longer.wav", "--offset", "-0.53")
        self.assertIn("0.53 s before the pictures", r.stderr)
        self.assertEqual(together, early)

    def test_a_known_lag_is_found(self):
        for sound, begins in (("late.wav", 1.5), ("early.wav", -2.25)):
            r, found = self.analyze("clip.mkv", "--sound", self.root / sound, "--offset", "auto")
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn("by the sound of both", r.stderr)
            at = float(r.stderr.split("begins at ")[1].split(" s")[0])
            self.assertAlmostEqual(at, begins, delta=0.03)
        # what is heard lies where it belongs: the voice of each window as with the own sound
        own = list(csv.DictReader(self.analyze("clip.mkv")[1].splitlines()))
        for a, b in zip(own[4:], list(csv.DictReader(found.splitlines()))[4:]):
            self.assertEqual(a["end_s"], b["end_s"])
            self.assertAlmostEqual(float(a["speech_share"]), float(b["speech_share"]), delta=0.25)

    def test_what_cannot_be_told_is_not(self):
        shutil.rmtree(self.root / "out", ignore_errors=True)
        r, _ = self.analyze("clip.mkv", "--sound", self.root / "still.wav")
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertRegex(r.stderr, "cannot tell when its sound .*still.wav begins .*say it with --offset")
        self.assertFalse((self.root / "out").exists())
        r, _ = self.analyze("clip.mkv", "--sound", self.root / "none.wav")
        self.assertEqual(r.returncode, 1)
        self.assertIn("none.wav", r.stderr)
        os.mkfifo(self.root / "pipe.wav")
        r, _ = self.analyze("clip.mkv", "--sound", self.root / "pipe.wav")
        self.assertEqual(r.returncode, 1)
        self.assertRegex(r.stderr, "pipe.wav: can be read only once.*--offset")

    def test_sound_of_another_time_is_refused(self):
        shutil.rmtree(self.root / "out", ignore_errors=True)
        for offset, said in ((43200, "would begin at 43200.00 s, and it ends at 8.0"), (8.1, "would begin at 8.10 s"),
                             (-9, "would end 1.0[0-9]* s before it begins")):
            r, _ = self.analyze("mute.mkv", "--sound", self.root / "own.wav", "--offset", offset)
            self.assertEqual(r.returncode, 1, r.stderr)
            self.assertRegex(r.stderr, f"mute.mkv: its sound .*own.wav {said}")
            self.assertFalse((self.root / "out").exists())
        r, _ = self.analyze("mute.mkv", "--sound", self.root / "own.wav", "--offset", 7.5)
        self.assertEqual(r.returncode, 0, r.stderr)

    def test_damaged_sound_is_named(self):
        data = (self.root / "own.wav").read_bytes()
        (self.root / "cut.wav").write_bytes(data[: len(data) // 2])
        r, _ = self.analyze("mute.mkv", "--sound", self.root / "cut.wav", "--offset", 0)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("cut.wav: the file should have",
                      json.loads((self.root / "out/summary.json").read_text())["truncated_reason"])

    def test_usage(self):
        r, _ = self.analyze("clip.mkv", "--sound", "a.wav", "--offset", "soon")
        self.assertIn("takes -43200 to 43200, not 'soon'", r.stderr)
        self.assertIn("auto", r.stderr)
        for options in (["--offset", "1"], ["--sound", "a.wav", "--offset", "soon"], ["--sound", "a.wav", "--live"],
                        ["--sound", "a.wav", "--no-video"], ["--sound", "a.wav", "b.mkv"]):
            r, _ = self.analyze("clip.mkv", *options)
            self.assertEqual(r.returncode, 2, r.stderr)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=1)
    sys.exit(not program.result.wasSuccessful())
