#!/usr/bin/env python3
"""attune explain as a user meets it: its files, its figures, and bad inputs. The faces are drawn."""
import base64
import hashlib
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
import wave
import zlib

import running

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = SOURCE / "models/default.safetensors"
CLIP = SOURCE / "demo/talking_head.mp4"
REGIONS = ["eyes", "mouth", "face", "outside"]
KINDS = ["most confident", "least reliable", "withheld"]


def unpack(png):
    """Size and rows of a PNG, each checksum on the way."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        n, kind = struct.unpack(">I4s", png[at:at + 8])
        data = png[at + 8:at + 8 + n]
        assert struct.unpack(">I", png[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + n
    w, h, bits, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (bits, colour) == (8, 2)
    raw = zlib.decompress(chunks[b"IDAT"])
    assert len(raw) == h * (1 + 3 * w)
    return w, h, [raw[y * (3 * w + 1) + 1:(y + 1) * (3 * w + 1)] for y in range(h)]


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-explain-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def run_attune(self, *args, code=0):
        env = dict(os.environ, ATTUNE_MODEL=str(MODEL))
        done = subprocess.run([EXE, "explain", *map(str, args)], cwd=self.dir, env=env, timeout=280,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, code, f"{args}: {done.stderr}{done.stdout}")
        self.assertNotIn("Sanitizer", done.stderr)
        self.assertNotIn("runtime error", done.stderr)
        return done

    def files(self):
        return sorted(str(p.relative_to(self.dir)) for p in self.dir.rglob("*"))

    def cut(self, name, *arguments):
        """A part of the demo clip, in which a drawn face is blurred, small, dark, covered and gone."""
        subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments[:4], "-i", CLIP, *arguments[4:],
                        self.dir / name], check=True)

    def check_folder(self, folder):
        folder = self.dir / folder
        d = json.loads((folder / "explain.json").read_text())
        names = [o["file"] for o in d["overlays"]]
        self.assertEqual(names, [f"overlay-{i + 1:02}.png" for i in range(len(names))])
        self.assertEqual(sorted(os.listdir(folder)), ["explain.html", "explain.json", *names])
        for o in d["overlays"]:
            self.assertEqual(unpack((folder / o["file"]).read_bytes())[:2], (224, 224))
            self.assertEqual(list(o["activation"]), REGIONS)
            if o["activation"]["eyes"] is not None:
                self.assertAlmostEqual(sum(o["activation"].values()), 1, places=4)
            self.assertAlmostEqual(sum(o["area"].values()), 1, places=4)
            self.assertGreater(o["area"]["eyes"], 0.05)
            self.assertAlmostEqual(sum(o["weight"].values()), 1 if sum(o["weight"].values()) else 0, places=4)
            for stream, weight in o["weight"].items():
                self.assertTrue(weight == 0 or o["condition"][stream] > 0)
            for m in o["movements"]:
                far = abs(m["made"] - m["usual"]) if m["usual"] is not None else m["made"] - 0.2
                self.assertGreater(far, 0.0999)
        moments = [(o["track"], o["moment_s"]) for o in d["overlays"]]
        self.assertEqual(len(set(moments)), len(moments))
        kinds = [KINDS.index(o["kind"]) for o in d["overlays"]]
        self.assertEqual(kinds, sorted(kinds))
        page = (folder / "explain.html").read_text()
        self.check_page(page, len(names))
        self.assertEqual(page.count('<table class="rests">'), len(names))
        return d, page

    def check_page(self, page, overlays):
        policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page).group(1)
        self.assertTrue(policy.startswith("default-src 'none'"))
        self.assertNotIn("script", policy)
        self.assertNotIn("<script", page)
        style, = re.findall(r"<style>(.*?)</style>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertIn(f"style-src 'sha256-{digest}'", policy)
        images = re.findall(r'<img src="([^"]*)"', page)
        self.assertEqual(len(images), 2 * overlays)
        for image in images:
            self.assertTrue(image.startswith("data:image/png;base64,"))
            unpack(base64.b64decode(image.split(",")[1]))
        self.assertNotIn("http", page.replace("http-equiv", ""))
        self.assertNotIn(" style=", page)
        self.assertIn("show faces", page)
        self.assertIn("Nothing here leaves this computer", page)
        self.assertIn("2024/1689", page)


class Usage(Case):
    def test_help_says_that_people_are_shown(self):
        text = self.run_attune("--help").stdout
        self.assertIn("These files show people", text)
        self.assertIn("that folder and nowhere else", text)

    def test_wrong_usage_is_2(self):
        for args, said in (([], "one input is needed"), (["a", "b"], "one input is needed"),
                           (["--nope", "a"], "--nope: there is no such option"),
                           (["-o", "", "a"], "-o takes the name of a folder"),
                           (["--windows", "0", "a"], "--windows takes 1 to 32, not '0'"),
                           (["--windows", "33", "a"], "--windows takes 1 to 32, not '33'"),
                           (["--tracks", "17", "a"], "--tracks takes 1 to 16, not '17'"),
                           (["--rate", "0", "a"], "--rate takes 0.1 to 60, not '0'"),
                           (["--class", "bored", "a"], "--class: there is no class 'bored'; there are neutral,")):
            done = self.run_attune(*args, code=2)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(self.files(), [])


class Made(Case):
    def test_a_clip(self):
        self.cut("clip.mp4", "-ss", "3", "-t", "13", "-r", "8")
        text = self.run_attune("clip.mp4").stdout
        d, page = self.check_folder("attune-explain-clip")
        self.assertIn("clip.mp4: ", text)
        self.assertIn("an even map", text)
        self.assertIn("shows faces", text)
        overlays = {kind: [o for o in d["overlays"] if o["kind"] == kind] for kind in KINDS}
        self.assertEqual(len(overlays["most confident"]), 3)
        self.assertEqual(len(overlays["least reliable"]), 3)
        for kind, shown in overlays.items():
            ends = [o["end_s"] for o in shown]
            least = 0.5 if kind == "withheld" else 3  # few of these, and near each other
            for i, one in enumerate(ends):
                for other in ends[:i]:
                    self.assertGreaterEqual(abs(one - other), least)
        surest = [o["answer_probability"] for o in overlays["most confident"]]
        self.assertEqual(surest, sorted(surest, reverse=True))
        worst = [o["reliability"]["face"] for o in overlays["least reliable"]]
        self.assertEqual(worst, sorted(worst))
        best = max(o["reliability"]["face"] for o in d["overlays"])
        self.assertLess(worst[0], 0.6 * best)  # blurred, small, dark
        for o in d["overlays"]:
            self.assertEqual(o["class"], o["answer"])
            self.assertGreaterEqual(o["moment_s"], o["start_s"])
            self.assertLess(o["moment_s"], o["end_s"])
        # where nothing speaks for the answer there is no share of it, and none in the mean
        shares = [o["activation"] for o in d["overlays"] if o["activation"]["eyes"] is not None]
        self.assertGreater(len(shares), 2)
        for region in REGIONS:
            mean = sum(s[region] for s in shares) / len(shares)
            self.assertAlmostEqual(d["mean"]["all"]["activation"][region], mean, places=4)
        self.assertIn("What the estimate rests on", page)
        self.assertEqual(page.count('class="mark"'), len(d["overlays"]))

    def test_withheld_windows_are_shown(self):
        # a voice is all that helps here: without it a dark face is too little
        self.cut("dark.mp4", "-ss", "3", "-t", "4", "-an", "-vf", "eq=brightness=-0.3,scale=96:-2,"
                 "gblur=2", "-r", "8")
        self.run_attune("dark.mp4", "-o", "out", "--windows", "2", "--min-face", "12")
        d, page = self.check_folder("out")
        withheld = [o for o in d["overlays"] if o["kind"] == "withheld"]
        self.assertGreater(len(withheld), 0)
        self.assertGreaterEqual(d["windows_abstained_with_face"], len(withheld))
        self.assertIn("withheld, ", page)

    def test_a_picture(self):
        self.cut("face.png", "-ss", "3", "-t", "1", "-frames:v", "1")
        self.run_attune("face.png", "-o", "out", "--json")
        d, page = self.check_folder("out")
        one, = d["overlays"]
        self.assertEqual((one["kind"], one["class"]), ("most confident", one["answer"]))
        self.assertNotIn("Over time", page)
        self.assertNotIn("Withheld", page)

    def test_another_class(self):
        self.cut("face.png", "-ss", "3", "-t", "1", "-frames:v", "1")
        own = json.loads(self.run_attune("face.png", "-o", "a", "--json").stdout)["overlays"][0]
        name, same = ("Anger", "angry") if own["answer"] != "angry" else ("Joy", "happy")
        d = json.loads(self.run_attune("face.png", "-o", "b", "--json", "--class", name).stdout)
        self.assertEqual(d["class"], name)
        other, = d["overlays"]
        self.assertEqual((other["class"], other["answer"]), (same, own["answer"]))
        self.assertLess(other["class_probability_by_this_picture"], own["class_probability_by_this_picture"])
        self.assertNotEqual(own["activation"], other["activation"])
        self.assertIn(f"All explain the class <strong>{name}", self.check_folder("b")[1])

    def test_threads_do_not_matter(self):
        self.cut("clip.mp4", "-ss", "4", "-t", "2", "-r", "8", "-s", "320x240")
        made = []
        for threads in "1", "3":
            self.run_attune("clip.mp4", "-o", threads, "--threads", threads, "--quiet")
            made.append({p.name: p.read_bytes() for p in (self.dir / threads).iterdir()})
        self.assertEqual(made[0], made[1])

    def test_pictures_of_an_earlier_run_are_named(self):
        self.cut("clip.mp4", "-ss", "4", "-t", "2", "-r", "4", "-s", "320x240")
        self.run_attune("clip.mp4", "-o", "out")
        n = len(list((self.dir / "out").glob("*.png")))
        self.assertGreater(n, 2)
        text = self.run_attune("clip.mp4", "-o", "out", "--windows", "1").stdout
        kept = ", ".join(f"overlay-{i:02}.png" for i in range(3, n + 1))
        self.assertIn(f"also there: {kept}: of an earlier run", text)
        self.assertIn(kept, (self.dir / "out/explain.html").read_text())


class BadInput(Case):
    def refused(self, *args):
        before = self.files()
        done = self.run_attune(*args, "--quiet", code=1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertEqual(self.files(), before)
        return done.stderr

    def test_each_is_named_with_its_reason(self):
        (self.dir / "text.mp4").write_text("Dear diary, today I was perceived as neutral.\n" * 50)
        with wave.open(str(self.dir / "sound.wav"), "wb") as f:
            f.setparams((1, 2, 16000, 0, "NONE", ""))
            f.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(i * i / 1e6)))
                                   for i in range(16000)))
        self.cut("gone.mp4", "-ss", "18.5", "-t", "2", "-r", "8", "-s", "320x240")
        self.assertIn("missing.mp4", self.refused("missing.mp4"))
        self.assertIn("text.mp4", self.refused("text.mp4"))
        self.assertIn("sound.wav: has no picture", self.refused("sound.wav"))
        self.assertIn("gone.mp4: no face was found", self.refused("gone.mp4"))
        self.assertIn("nomodel", self.refused("gone.mp4", "--model", "nomodel"))

    def test_a_folder_that_cannot_be_written(self):
        self.cut("face.png", "-ss", "3", "-t", "1", "-frames:v", "1")
        (self.dir / "file").write_text("no folder")
        self.assertIn("file", self.refused("face.png", "-o", "file"))
        self.assertIn("file/x", self.refused("face.png", "-o", "file/x"))
        if os.geteuid() != 0:
            (self.dir / "locked").mkdir(mode=0o500)
            self.assertIn("locked", self.refused("face.png", "-o", "locked"))

    def interrupt(self, ready, *args):
        p = subprocess.Popen([EXE, "explain", *args, "--model", MODEL], cwd=self.dir, text=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while p.poll() is None and not ready(p):
            time.sleep(0.01)
        p.send_signal(signal.SIGINT)
        said = p.communicate(timeout=60)[1]
        self.assertEqual(p.returncode, 130, said)
        return said

    def test_interrupted(self):
        os.mkfifo(self.dir / "pipe")
        keep = os.open(self.dir / "pipe", os.O_RDWR)
        self.addCleanup(os.close, keep)

        def waits(p):
            return running.has_open(p.pid, "pipe")
        self.assertIn("interrupted before there was a face", self.interrupt(waits, "pipe", "-o", "out"))
        self.assertEqual(self.files(), ["pipe"])

    def test_interrupted_later(self):
        self.cut("part.mp4", "-ss", "3", "-t", "4", "-r", "8", "-s", "320x240", "-an")
        subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", "400", "-i", self.dir / "part.mp4", "-c",
                        "copy", self.dir / "long.mp4"], check=True)

        def has_begun(_):  # the folder is made with the first window
            return (self.dir / "out").exists()
        self.assertIn("what was done is kept", self.interrupt(has_begun, "long.mp4", "-o", "out"))
        d, page = self.check_folder("out")
        self.assertTrue(d["interrupted"])
        self.assertIn("stopped before the end", page)


if __name__ == "__main__":
    if not MODEL.exists():
        sys.exit(77)  # nothing to test with
    unittest.main(verbosity=1)
