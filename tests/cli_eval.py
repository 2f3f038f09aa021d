#!/usr/bin/env python3
"""attune eval as a user meets it: its JSON, exit codes, and, where the data sets are at hand, the
default model on a slice of the validation parts."""
import csv
import json
import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import tarfile
import tempfile
import unittest
import wave
import zlib

import built
import mini_corpora

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = SOURCE / "models/default.safetensors"
DATA = pathlib.Path(os.environ.get("ATTUNE_DATA") or SOURCE.parent / "shared/data")
SANITIZED = built.sanitizers()  # most of a second for each picture
PICTURES = 48 if SANITIZED else 300
KEYS = {"dataset", "split", "protocol", "shared_people", "twin", "conditions", "n", "withheld", "coverage", "excluded_by", "people", "accuracy", "balanced_accuracy", "macro_f1",
        "weighted_f1", "ece", "ece_by_chance", "confidence_auc", "kept_error", "auc", "movement", "per_class", "confusion", "interval", "corrupt", "groups", "constant"}


def run(*arguments):
    return subprocess.run([EXE, "eval", *map(str, arguments)], capture_output=True, text=True,
                          timeout=280)


class Usage(unittest.TestCase):
    def test_help_names_the_sets(self):
        r = run("--help")
        self.assertEqual(r.returncode, 0)
        self.assertIn("ferplus", r.stdout)
        self.assertIn("blur", r.stdout)
        self.assertIn("splits: all, train valid test", r.stdout)

    def test_wrong_usage(self):
        for arguments in ([], [MODEL], [MODEL, "--dataset", "ferplus"],
                          [MODEL, "--dataset", "x", "--root", "/tmp"],
                          [MODEL, "--dataset", "folder", "--root", "/tmp", "--corrupt", "blur"],
                          [MODEL, "--dataset", "folder", "--root", "/tmp", "--threads", "1025"]):
            r = run(*arguments)
            self.assertEqual(r.returncode, 2, r.stderr)
            self.assertEqual(r.stdout, "")
            self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)

    def test_corruptions_are_checked_before_anything_is_read(self):
        def refused(*corrupt):
            r = run(MODEL, "--dataset", "folder", "--root", "/nonexistent", *corrupt)
            self.assertEqual(r.returncode, 2, r.stderr)
            self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)
            self.assertIn("--corrupt", r.stderr)
            return r.stderr
        self.assertIn("babble", refused("--corrupt", "foo=1"))
        self.assertIn("0 to 100 (pixels)", refused("--corrupt", "blur=1e9"))
        self.assertIn("-40 to 100 (dB)", refused("--corrupt", "blur=1", "--corrupt", "hiss=x"))
        refused("--corrupt", "blur=1", "--corrupt", "all")
        refused("--corrupt", "all", "--corrupt", "blur=1")
        listed = run("--help").stdout
        for kind in ("blur", "h264", "babble", "opus", "silence"):
            self.assertRegex(listed, rf"\n  {kind} .* to ")

    def test_a_benchmark_that_was_asked_for_and_failed_is_a_failure(self):
        r = subprocess.run([EXE, "bench", "analyze", "--clip", "/nonexistent.mp4", "--seconds",
                            "0.01", "--rounds", "1", "--quiet"], capture_output=True, text=True)
        self.assertEqual(r.returncode, 1)
        self.assertIn("/nonexistent.mp4", r.stderr)
        self.assertEqual(len(r.stderr.splitlines()), 1)

    def test_numbers_out_of_range_name_the_range(self):
        for option, limit in (("--draws", "1 to 1000000"), ("--threads", "1 to 1024"),
                              ("--seed", "0 to 2147483647"), ("--limit", "1 to 2147483647")):
            r = run(MODEL, "--dataset", "folder", "--root", "/tmp", option, "99999999999")
            self.assertEqual(r.returncode, 2)
            self.assertIn(f"{option} takes {limit}, not '99999999999'", r.stderr)

    def test_where_nothing_can_be_written_is_said_first(self):
        with tempfile.TemporaryDirectory() as folder:
            nowhere = pathlib.Path(folder) / "none/x"
            for option in ("--json", "--answers", "--excluded", "--qualities"):
                r = run("/nonexistent.safetensors", "--dataset", "folder", "--root", folder, option, nowhere)
                self.assertEqual(r.returncode, 1)
                self.assertEqual(r.stderr, f"attune eval: {nowhere}: No such file or directory\n")
            r = subprocess.run([EXE, "bench", "--json", nowhere], capture_output=True, text=True)
            self.assertEqual(r.returncode, 1)
            self.assertEqual(r.stderr, f"attune bench: {nowhere}: No such file or directory\n")
            self.assertEqual(os.listdir(folder), [])

    def test_what_is_not_there_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            r = run(MODEL, "--dataset", "folder", "--root", folder)
            self.assertEqual(r.returncode, 1)
            self.assertIn(folder, r.stderr)
        r = run(MODEL, "--dataset", "folder", "--root", "/nonexistent")
        self.assertEqual(r.returncode, 1)
        self.assertIn("/nonexistent", r.stderr)
        with tempfile.TemporaryDirectory() as folder:
            put(pathlib.Path(folder) / "happy/a.png", uniform_png(64, 9))
            r = run("/nonexistent.safetensors", "--dataset", "folder", "--root", folder)
            self.assertEqual(r.returncode, 1)
            self.assertIn("/nonexistent.safetensors", r.stderr)


def put(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def uniform_png(side, grey):
    """A picture that shows nothing."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = (b"\0" + bytes([grey]) * side) * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def silent_wav(seconds):
    data = bytes(2 * 16000 * seconds)
    return (b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16) + b"data"
            + struct.pack("<I", len(data)) + data)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n"
CLIP = SOURCE / "demo/talking_head.mp4"


@unittest.skipUnless(MODEL.is_file(), "no model")
class Made(unittest.TestCase):
    """Trees that are made here, of nothing and of the drawn demo clip."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)

    def judge(self, dataset, *more, root=None):
        r = run(MODEL, "--dataset", dataset, "--root", root or self.root, "--json", "-", "--quiet",
                "--draws", 20, *more)
        self.assertEqual(r.returncode, 0, r.stderr)
        return json.loads(r.stdout)

    def test_links_that_go_round_count_nothing_twice(self):
        for name in "happy", "neutral":
            put(self.root / f"{name}/one.png", uniform_png(64, 9))
        (self.root / "happy/up").symlink_to("..")
        (self.root / "happy/same").symlink_to("../happy")
        self.assertEqual(self.judge("folder")["withheld"], 2)

    def test_labels_are_not_written_over(self):
        put(self.root / "a.png", uniform_png(64, 9))
        labels = self.root / "m.csv"
        labels.write_text("file,emotion\na.png,happy\n")
        (self.root / "link.csv").symlink_to("m.csv")
        for args, why in ((["--answers", labels], "is what is read"), (["--excluded", self.root / "link.csv"], "is what is read"),
                          (["--answers", self.root / "x.csv", "--excluded", self.root / "x.csv"], "is to be written twice")):
            r = run(MODEL, "--dataset", "manifest", "--root", labels, *args)
            self.assertEqual(r.returncode, 2)
            self.assertIn(why, r.stderr)
            self.assertEqual(labels.read_text(), "file,emotion\na.png,happy\n")

    def test_people_are_told_apart_by_long_names(self):
        for i in range(4):
            put(self.root / f"{i}.png", uniform_png(64, 9))
        name = "a-university-somewhere-of-which-one-may-have-heard-student-"
        def listed(*subjects):
            (self.root / "m.csv").write_text("file,subject,emotion\n" + "".join(f"{i}.png,{s},happy\n" for i, s in enumerate(subjects)))
            return run(MODEL, "--dataset", "manifest", "--root", self.root / "m.csv", "--draws", 20, "--split", "all", "--answers", self.root / "a.csv")
        listed(*(f"{name}{i:03}" for i in range(4)))
        self.assertEqual([row["subject"] for row in self.table("a.csv")], [f"{name}{i:03}" for i in range(4)])
        self.assertIn("excluded 1: unknown_class 1", listed("ann", "ben", "x" * 64, "cyd").stdout)

    def test_a_limit_judges_that_many(self):
        for i in range(5):
            put(self.root / f"happy/{i}.png", uniform_png(64, 9))
        self.assertEqual(self.judge("folder", "--limit", 2)["withheld"], 2)
        self.assertEqual(self.judge("folder", "--limit", 9)["withheld"], 5)

    def table(self, name):
        with open(self.root / name, newline="") as f:
            return list(csv.DictReader(f))

    def clip_part(self, path, *arguments):
        """Some seconds of the demo clip, or its sound, or a frame."""
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-ss", "2", "-i", CLIP, *arguments, path],
                       check=True)

    def test_protocols_and_qualities(self):
        actors = range(1, 5)
        mini_corpora.make_ravdess(self.root, random.Random(1), actors, 2)  # 64 voices
        for path in sorted(self.root.glob("Actor_0[12]/*-01-*.wav"))[::2]:  # hiss as loud as they are
            with wave.open(str(path)) as w:
                rate, pcm = w.getframerate(), struct.unpack(f"<{w.getnframes()}h", w.readframes(w.getnframes()))
            rng = random.Random(str(path.name))
            noise = [max(-32768, min(32767, x + int(rng.gauss(0, 9000)))) for x in pcm]
            with wave.open(str(path), "wb") as w:
                w.setparams((1, 2, rate, 0, "NONE", ""))
                w.writeframes(struct.pack(f"<{len(noise)}h", *noise))
        table = self.root / "qualities.csv"
        whole = self.judge("ravdess", "--split", "notest", "--qualities", table)
        self.assertEqual(whole["protocol"], "all but the test part, people apart")
        self.assertIsNone(whole["twin"])
        graded = {row["file"]: row["quality"] for row in self.table("qualities.csv")}
        self.assertEqual(len(graded), 64)
        self.assertTrue(all(name.startswith("Actor_") for name in graded))
        low = sum(q == "low-quality" for q in graded.values())
        self.assertGreaterEqual(low, 8)
        self.assertLess(low, 60)
        self.assertEqual([c["name"] for c in whole["conditions"]], ["normal", "low-quality", "occluded"])
        self.assertEqual(sum(c["n"] for c in whole["conditions"]), whole["n"])
        right = sum(c["n"] * (c["accuracy"] or 0) for c in whole["conditions"])
        self.assertAlmostEqual(right / whole["n"], whole["accuracy"], places=4)

        d = self.judge("ravdess", "--split", "random:fold0/2:quality", "--qualities", self.root / "part.csv")
        self.assertEqual(d["protocol"], "random 2 folds by label and quality, shares people")
        self.assertEqual((d["shared_people"], d["twin"]), (4, "people:fold0/2:quality"))
        part = [row["quality"] for row in self.table("part.csv")]
        self.assertEqual(len(part), 32)
        self.assertLessEqual(abs(part.count("low-quality") - low / 2), 4)
        d = self.judge("ravdess", "--split", d["twin"])
        self.assertEqual(d["protocol"], "people 2 folds by label and quality, people apart")
        self.assertEqual((d["people"], d["shared_people"]), (2, 0))
        r = run(MODEL, "--dataset", "ravdess", "--root", self.root, "--split", "random:test", "--draws", 20)
        self.assertRegex(r.stdout, r"protocol: random 70/15/15 by label, shares people \(\d are in the rest "
                                   r"of the set too\); with people apart: --split people:test\n")
        r = run(MODEL, "--dataset", "ravdess", "--root", self.root, "--split", "random:half")
        self.assertEqual(r.returncode, 2)
        self.assertIn("foldK/N", r.stderr)

    def test_a_broken_file_does_not_keep_a_set_from_being_divided_by_quality(self):
        mini_corpora.make_ravdess(self.root, random.Random(1), range(1, 3), 2)
        broken = min(self.root.glob("Actor_01/*-01-*.wav"))
        broken.write_bytes(b"RIFF, and nothing of a sound")
        self.judge("ravdess", "--split", "notest", "--qualities", self.root / "qualities.csv")
        graded = {row["file"]: row["quality"] for row in self.table("qualities.csv")}
        self.assertEqual(graded[str(broken.relative_to(self.root))], "low-quality")
        d = self.judge("ravdess", "--split", "random:fold0/2:quality")
        self.assertEqual(d["protocol"], "random 2 folds by label and quality, shares people")

    def test_a_cache_changes_nothing(self):
        self.clip_part(self.root / "set/happy/%02d.png", "-frames:v", "4", "-r", "1")
        self.clip_part(self.root / "set/happy/voice.wav", "-t", "2", "-ac", "1")
        plain = self.judge("folder", "--answers", self.root / "plain.csv", root=self.root / "set")
        for name in ("made", "found"):
            d = self.judge("folder", "--answers", self.root / f"{name}.csv", "--cache", self.root / "kept",
                           root=self.root / "set")
            self.assertEqual(d, plain)
            self.assertEqual((self.root / f"{name}.csv").read_bytes(), (self.root / "plain.csv").read_bytes())
            kept = sorted((self.root / "kept").iterdir())
            self.assertEqual(len(kept), 5)
            kept[0].write_bytes(kept[0].read_bytes()[:-9])  # damaged: made again

    def test_a_cache_that_takes_nothing_is_said(self):
        self.clip_part(self.root / "set/happy/%02d.png", "-frames:v", "2", "-r", "1")
        r = subprocess.run([EXE, "eval", MODEL, "--dataset", "folder", "--root", self.root / "set", "--cache",
                            self.root / "full", "--quiet"], capture_output=True, text=True, preexec_fn=lambda:
                           resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertRegex(r.stdout, r"cache: \d+ could not be written to .*full\n")
        self.assertEqual(list((self.root / "full").iterdir()), [])

    def test_official_video_layouts(self):
        """In the containers that their authors give out; each goes through a session of its own."""
        small = ("-t", "2", "-s", "320x240")
        self.clip_part(self.root / "daisee/DataSet/Train/110001/1100011002/1100011002.avi", *small, "-an",
                       "-c:v", "mpeg4")
        put(self.root / "daisee/Labels/TrainLabels.csv",
            b"ClipID,Boredom,Engagement,Confusion,Frustration \n1100011002.avi,0,2,0,1\n")
        self.clip_part(self.root / "crema/VideoFlash/1001_DFA_HAP_XX.flv", *small, "-c:v", "flv1", "-c:a",
                       "libmp3lame", "-ar", "44100")
        take = "Video_Speech_Actor_01/Actor_01/{}-01-02-01-01-01-01.mp4"
        self.clip_part(self.root / "ravdess" / take.format("01"), *small)
        self.clip_part(self.root / "ravdess" / take.format("02"), *small, "-an")
        for dataset, split, voice, n in (("daisee", "train", False, 0), ("crema-d", "all", True, 0),
                                         ("ravdess", "clips", True, 1)):
            root = self.root / dataset.replace("crema-d", "crema")
            d = self.judge(dataset, "--split", split, "--answers", self.root / "a.csv", root=root)
            self.assertEqual((d["n"], d["people"], d["excluded_by"]["duplicate"]), (1, 1, n), dataset)
            row = self.table("a.csv")[0]
            self.assertGreater(float(row["condition_face"]), 0)
            self.assertEqual(float(row["condition_voice"]) > 0, voice)
        self.assertEqual(row["label"], "neutral")  # calm

    def test_nothing_to_judge_is_no_answer(self):
        for grey in (0, 128):
            put(self.root / f"neutral/{grey}.png", uniform_png(64, grey))
        put(self.root / "neutral/silence.wav", silent_wav(2))
        d = self.judge("folder", "--answers", self.root / "answers.csv")
        self.assertEqual((d["n"], d["withheld"], d["coverage"]), (0, 3, 0))
        self.assertIsNone(d["accuracy"])
        self.assertEqual({row["withheld"] for row in self.table("answers.csv")},
                         {"no face", "too little speech"})
        self.assertEqual({row["answer"] for row in self.table("answers.csv")}, {""})
        r = run(MODEL, "--dataset", "folder", "--root", self.root, "--draws", 20)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("3 withheld", r.stdout)
        self.assertIn("nothing to judge", r.stdout)
        # Crops of faces are judged whole where none is found, unless they show nothing.
        d = self.judge("folder", "--crops")
        self.assertEqual((d["n"], d["withheld"]), (0, 3))
        d = self.judge("fer2013")
        self.assertEqual((d["n"], d["withheld"]), (0, 3))

    def test_pictures_and_clips_side_by_side(self):
        put(self.root / "Happiness/empty.png", uniform_png(300, 90))
        self.clip_part(self.root / "neutral/clip.mp4", "-t", "4")
        self.clip_part(self.root / "neutral/voice.wav", "-t", "4", "-ac", "1", "-ar", "16000")
        put(self.root / "neutral/broken.png", b"no picture")
        put(self.root / "boredom/other.png", uniform_png(64, 9))
        d = self.judge("folder", "--answers", self.root / "a.csv", "--excluded",
                       self.root / "x.csv")
        self.assertEqual((d["n"], d["withheld"]), (2, 1))
        self.assertEqual({c["name"]: c["n"] for c in d["per_class"] if c["n"]}, {"neutral": 2})
        self.assertEqual(d["excluded_by"]["unreadable"], 1)
        self.assertEqual(d["excluded_by"]["unknown_class"], 1)
        self.assertEqual({(pathlib.Path(r["file"]).name, r["kind"]) for r in self.table("x.csv")},
                         {("broken.png", "unreadable"), ("other.png", "unknown_class")})
        rows = {pathlib.Path(r["file"]).name: r for r in self.table("a.csv")}
        self.assertEqual(set(rows), {"empty.png", "clip.mp4", "voice.wav"})
        for name in ("clip.mp4", "voice.wav"):
            p = {k: float(v) for k, v in rows[name].items() if k.startswith("p_")}
            self.assertAlmostEqual(sum(p.values()), 1, places=4)
            self.assertEqual("p_" + rows[name]["answer"], max(p, key=p.get))
            self.assertEqual(rows[name]["label"], "neutral")
        self.assertGreater(float(rows["clip.mp4"]["reliability_face"]), 0)
        self.assertEqual(float(rows["voice.wav"]["reliability_face"]), 0)
        # one stream alone
        face = self.judge("folder", "--stream", "face", "--answers", self.root / "a.csv")
        self.assertEqual(face["stream"], "face")
        rows = {pathlib.Path(r["file"]).name: r for r in self.table("a.csv")}
        self.assertEqual(float(rows["clip.mp4"]["reliability_voice"]), 0)
        self.assertEqual(rows["voice.wav"]["answer"], "")

    def test_the_same_for_any_number_of_threads(self):
        self.clip_part(self.root / "happy/%02d.png", "-frames:v", "5", "-r", "2")
        self.clip_part(self.root / "sad/voice.wav", "-t", "3", "-ac", "1")
        self.clip_part(self.root / "sad/clip.mp4", "-t", "3")
        self.judge("folder", "--threads", 1, "--answers", self.root / "one.csv")
        self.judge("folder", "--threads", 65, "--answers", self.root / "many.csv")
        one = (self.root / "one.csv").read_text()
        self.assertEqual(len(one.splitlines()), 8)
        self.assertEqual(one, (self.root / "many.csv").read_text())

    def test_every_kind_of_sample_is_degraded(self):
        self.clip_part(self.root / "sad/clip.mp4", "-t", "2", "-s", "320x240")
        self.clip_part(self.root / "sad/voice.wav", "-t", "2", "-ac", "1")
        self.clip_part(self.root / "happy/face.png", "-frames:v", "1")

        def answers(*more):
            d = self.judge("folder", "--answers", self.root / "a.csv", *more)
            return d, {pathlib.Path(r["file"]).name: r for r in self.table("a.csv")}
        harm = ["--corrupt", "silence=1", "--corrupt", "patch=30", "--corrupt", "noise=20"]
        clean, before = answers("--threads", 1)
        degraded, after = answers("--threads", 1, *harm)
        self.assertEqual((clean["corrupt"], degraded["corrupt"]),
                         ("", "silence=1 patch=30 noise=20"))
        self.assertEqual(answers("--threads", 3, *harm)[1], after)
        self.assertEqual(after["voice.wav"]["withheld"], "too little speech")
        self.assertEqual(float(after["clip.mp4"]["reliability_voice"]), 0)
        self.assertGreater(float(before["clip.mp4"]["reliability_voice"]), 0)
        for name in ("clip.mp4", "face.png"):
            self.assertNotEqual(before[name]["p_neutral"], after[name]["p_neutral"])
            self.assertLess(float(after[name]["condition_face"]),
                            float(before[name]["condition_face"]))
        # of the picture alone: the voice is as it was
        half = answers("--corrupt", "blur=4")[1]
        self.assertEqual(half["voice.wav"], before["voice.wav"])
        # with the voices of the others behind it
        mixed = answers("--stream", "voice", "--corrupt", "babble=0")[1]
        self.assertNotEqual(mixed["voice.wav"]["p_neutral"], before["voice.wav"]["p_neutral"])
        # what nothing would show is refused
        r = run(MODEL, "--dataset", "folder", "--root", self.root, "--stream", "voice",
                "--corrupt", "blur=2")
        self.assertEqual(r.returncode, 2)
        self.assertIn("blur: no picture", r.stderr)
        r = run(MODEL, "--dataset", "folder", "--root", self.root, "--corrupt", "noises=0")
        self.assertEqual(r.returncode, 2)
        self.assertIn("--noise", r.stderr)

    def test_all_corruptions_in_one_table(self):
        self.clip_part(self.root / "sad/voice.wav", "-t", "1.5", "-ac", "1")
        arguments = ["--dataset", "folder", "--root", self.root, "--quiet", "--draws", 1,
                     "--corrupt", "all"]
        r = run(MODEL, *arguments, "--json", self.root / "all.json")
        self.assertEqual(r.returncode, 0, r.stderr)
        d = json.loads((self.root / "all.json").read_text())
        kinds = [c["kind"] for c in d["cells"]]
        self.assertIsNone(kinds[0])
        self.assertLessEqual({"hiss", "babble", "reverberation", "silence"}, set(kinds))
        self.assertFalse({"blur", "noises"} & set(kinds))  # nothing to do it to, or with
        self.assertEqual([c["level"] for c in d["cells"] if c["kind"] == "hiss"], [20, 10, 0, -5])
        for c in d["cells"][1:]:
            self.assertEqual(c["figures"]["corrupt"], f"{c['kind']}={c['level']:g}")
        self.assertEqual(d["means"]["silence"]["coverage"], 0)
        self.assertIsNone(d["means"]["silence"]["accuracy"])
        self.assertEqual(set(d["means"]), set(kinds[1:]) | {"sounds", "all"})
        of_kinds = [m["coverage"] for name, m in d["means"].items() if name in kinds]
        self.assertAlmostEqual(d["means"]["sounds"]["coverage"], sum(of_kinds) / len(of_kinds),
                               places=4)
        self.assertEqual(d["means"]["all"], d["means"]["sounds"])
        self.assertRegex(r.stdout, r"hiss +-5 dB ")
        self.assertRegex(r.stdout, r"\nmeans\n")

    def test_a_degraded_clip_is_written(self):
        clip, out = self.root / "clip.mp4", self.root / "out.mkv"
        self.clip_part(clip, "-t", "1", "-s", "160x120", "-r", "10")

        def degrade(*arguments):
            return subprocess.run([EXE, "degrade", *map(str, arguments)], capture_output=True,
                                  text=True, timeout=280)
        r = degrade(clip, "--corrupt", "patch=40", "--corrupt", "silence=1", "-o", out, "--quiet")
        self.assertEqual((r.returncode, r.stdout + r.stderr), (0, ""))
        streams = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                                  "stream=codec_type,nb_read_frames", "-of", "csv=p=0", out],
                                 check=True, capture_output=True, text=True).stdout
        self.assertIn("video,10", streams)
        pcm = subprocess.run(["ffmpeg", "-v", "error", "-i", out, "-f", "s16le", "-"],
                             check=True, capture_output=True).stdout
        self.assertGreater(len(pcm), 2 * 15000)
        self.assertEqual(pcm.strip(b"\0"), b"")
        before = out.read_bytes()
        r = degrade(clip, "--corrupt", "blur=2", "-o", out)
        self.assertEqual(r.returncode, 1)
        self.assertIn("--force", r.stderr)
        self.assertEqual(out.read_bytes(), before)
        again = ["--corrupt", "patch=40", "--corrupt", "silence=1", "--quiet", "--force", "-o", out]
        self.assertEqual(degrade(clip, *again).returncode, 0)
        self.assertEqual(out.read_bytes(), before)  # the same bytes
        self.assertEqual(degrade(clip, "--corrupt", "blur=2", "--force", "-o", clip).returncode, 2)
        self.assertEqual(degrade(clip, "--corrupt", "blur=200", "-o", out).returncode, 2)
        self.assertEqual(degrade(clip, "-o", out).returncode, 2)
        left = set(self.root.iterdir())
        broken = self.root / "broken.mp4"
        broken.write_bytes(clip.read_bytes()[:2000])
        r = degrade(broken, "--corrupt", "blur=2", "-o", self.root / "none.mp4")
        self.assertEqual(r.returncode, 1)
        self.assertIn("broken.mp4", r.stderr)
        self.assertEqual(set(self.root.iterdir()), left | {broken})  # nothing half done

    def test_a_degraded_picture_is_written(self):
        picture, sound, clip = (self.root / name for name in ("one.png", "one.wav", "one.mp4"))
        self.clip_part(picture, "-frames:v", "1", "-s", "161x121")
        self.clip_part(sound, "-t", "1")
        self.clip_part(clip, "-t", "1", "-an", "-s", "160x120")

        def degrade(what, out):
            harm = "hiss=20" if what is sound else "blur=0"
            return subprocess.run([EXE, "degrade", what, "--corrupt", harm, "--quiet", "-o", self.root / out],
                                  capture_output=True, text=True, timeout=280)

        def pixels(path):
            return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"],
                                  check=True, capture_output=True).stdout
        for ending in ("png", "bmp", "tiff"):
            r = degrade(picture, f"out.{ending}")
            self.assertEqual((r.returncode, r.stderr), (0, ""))
            self.assertEqual(pixels(self.root / f"out.{ending}"), pixels(picture))
        self.assertEqual(degrade(picture, "out.jpg").returncode, 0)
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:size=64x64", "-frames:v", "1",
                        self.root / "grey.png"], check=True)
        r = subprocess.run([EXE, "degrade", self.root / "grey.png", "--corrupt", "hand=40", "-o", self.root / "hand.png"],
                           capture_output=True, text=True, timeout=280)
        self.assertIn("grey.png: has no face to cover", r.stderr)
        self.assertFalse((self.root / "hand.png").exists())
        self.assertEqual(len(pixels(self.root / "out.jpg")), 162 * 122 * 3)
        for what, out, why in ((clip, "clip.png", "is one picture, and there are more to write"),
                               (sound, "sound.png", "there is no place for sound in it"),
                               (picture, "none.flac", "there is no place for pictures in it"),
                               (picture, "none.mp3", "there is no place for pictures in it"),
                               (picture, "none.gif", "no encoder for gif")):
            r = degrade(what, out)
            self.assertEqual((r.returncode, r.stderr), (1, f"attune degrade: {self.root / out}: {why}\n"))
            self.assertFalse((self.root / out).exists())

    def test_voices_where_videos_are_pointers(self):
        for code in ("ANG", "SAD"):
            put(self.root / f"VideoFlash/1001_DFA_{code}_XX.flv", POINTER)
            self.clip_part(self.root / f"AudioWAV/1001_DFA_{code}_XX.wav", "-t", "3", "-ac", "1")
        d = self.judge("crema-d")
        self.assertEqual((d["n"], d["excluded_by"]["lfs_pointer"]), (2, 2))
        shutil.rmtree(self.root / "AudioWAV")  # then there is nothing: it fails, and says why
        r = run(MODEL, "--dataset", "crema-d", "--root", self.root, "--excluded",
                self.root / "x.csv")
        self.assertEqual(r.returncode, 1)
        self.assertIn("2 lfs_pointer", r.stderr)
        self.assertEqual([row["kind"] for row in self.table("x.csv")], ["lfs_pointer"] * 2)

    def test_fer2013_from_one_csv(self):
        self.clip_part(self.root / "face.png", "-frames:v", "1")
        grey = subprocess.run(["ffmpeg", "-v", "error", "-i", self.root / "face.png", "-vf",
                               "scale=48:48", "-pix_fmt", "gray", "-f", "rawvideo", "-"],
                              check=True, capture_output=True).stdout
        with open(self.root / "fer2013.csv", "w") as f:
            f.write("emotion,pixels,Usage\n")
            for emotion in range(7):
                f.write(f"{emotion},{' '.join(map(str, grey))},PrivateTest\n")
            f.write(f"3,{' '.join(['128'] * 2304)},PrivateTest\n")
        d = self.judge("fer2013", "--split", "test")
        self.assertEqual((d["n"], d["withheld"]), (7, 1))
        self.assertEqual([c["n"] for c in d["per_class"]], [1] * 7)

    def test_published_figures_are_computed_again(self):
        for name, label in (("one", "neutral"), ("two", "sad")):
            self.clip_part(self.root / f"sets/mine/{label}/{name}.png", "-frames:v", "1")
        d = self.judge("folder", "--crops", root=self.root / "sets/mine")
        self.assertEqual(d["n"], 2)
        part = {"dataset": "folder", "folder": "mine", "split": "all"}
        figures = [dict(part, metric="accuracy", value=d["accuracy"],
                        interval=d["interval"]["accuracy"]),
                   dict(part, metric="recall.sad", value=d["per_class"][2]["recall"]),
                   {"title": "words", "text": "not computed"},
                   dict(part, metric="n", value=2)]
        path = self.root / "figures.json"
        path.write_text(json.dumps(figures))
        arguments = [MODEL, "--check", path, "--root", self.root / "sets", "--quiet", "--crops",
                     "--draws", 20]
        r = run(*arguments)
        self.assertEqual(r.returncode, 0, r.stdout + r.stderr)
        self.assertEqual(r.stdout.count("agrees"), 3)
        figures[0]["value"] += 0.001
        path.write_text(json.dumps(figures))
        r = run(*arguments, "--json", self.root / "new.json")
        self.assertEqual(r.returncode, 1)
        self.assertEqual(r.stdout.count("DIFFERS"), 1)
        new = json.loads((self.root / "new.json").read_text())
        self.assertAlmostEqual(new[0]["value"], d["accuracy"], places=5)
        self.assertEqual(new[2], figures[2])
        for field, wrong in (("value", 1e300), ("value", "much"), ("interval", [0, 1, 2]), ("interval", [0, -1e300])):
            path.write_text(json.dumps([{**figures[0], field: wrong}]))
            r = run(*arguments)
            self.assertEqual(r.returncode, 1)
            self.assertIn(f"figures.json: {field} of accuracy must be ", r.stderr)
        r = run(*arguments, "--dataset", "ferpls")
        self.assertEqual((r.returncode, r.stderr.count("figures.json: no figure is there of ferpls")), (2, 1), r.stderr)
        for text, said in (("{}", "not a list"), ("[]", "no figure is there")):
            path.write_text(text)
            r = run(*arguments)
            self.assertEqual(r.returncode, 1)
            self.assertIn(said, r.stderr)
        self.assertEqual(run(MODEL, "--check", path).returncode, 2)
        for option in ("--split", "--stream", "--task", "--qualities", "--answers", "--excluded"):
            r = run(*arguments, option, "test")
            self.assertEqual((r.returncode, r.stderr.count(option)), (2, 1), r.stderr)

    def test_manifest(self):
        self.clip_part(self.root / "files/clip.mp4", "-t", "3")
        self.clip_part(self.root / "files/face.png", "-frames:v", "1")
        (self.root / "list.csv").write_text(
            "file,split,subject,emotion,boredom,engagement,confusion,frustration,camera\n"
            "files/clip.mp4,val,a,happy,0,3,0,0,front\n"
            "files/face.png,val,b,,1,2,0,0,side\n"
            "files/gone.png,val,b,sad,1,2,0,0,side\n")
        d = self.judge("manifest", "--split", "val", root=self.root / "list.csv")
        self.assertEqual((d["task"], d["n"], d["people"]), ("emotion7", 1, 2))
        self.assertEqual(d["excluded_by"]["missing"], 1)
        self.assertEqual(d["excluded_by"]["unlabelled"], 1)
        d = self.judge("manifest", "--task", "state4", root=self.root / "list.csv")
        self.assertEqual((d["task"], d["n"]), ("state4", 2))
        self.assertIn("boredom>=1", d["auc"])
        self.assertEqual(d["constant"]["accuracy"], 1)
        moves = d["movement"]["boredom"]
        self.assertEqual(moves["n"], 2)
        self.assertAlmostEqual(moves["people"], moves["samples"], places=6)  # one of each person
        self.assertIsNone(moves["time"])
        self.assertIsNone(d["movement"]["frustration"]["people"])  # labels that do not move
        # levels 0 3 0 0 and 1 2 0 0: engagement, whichever the rule; 2 2 0 0 goes to the rarer, or not
        (self.root / "tie.csv").write_text("file,boredom,engagement,confusion,frustration\n"
                                           "files/face.png,2,2,0,0\n")
        for task, label in ("state4", "boredom"), ("dominant4", "engagement"):
            d = self.judge("manifest", "--task", task, root=self.root / "tie.csv")
            self.assertEqual((d["task"], d["n"], d["constant"]["answer"]), (task, 1, label))
            r = run(MODEL, "--dataset", "manifest", "--task", task, "--root", self.root / "tie.csv")
            self.assertIn("constant answer    100.00 %   balanced accuracy 100.00 %, macro F1 100.00 %: "
                          f"always {label}\n", r.stdout)
        r = run(MODEL, "--dataset", "manifest", "--root", self.root / "list.csv", "--task", "face8")
        self.assertEqual(r.returncode, 2)

    def test_what_could_not_be_measured_is_said(self):
        self.clip_part(self.root / "a.png", "-frames:v", "1")
        shutil.copy(self.root / "a.png", self.root / "b.png")
        path = self.root / "list.csv"
        path.write_text("file,subject,boredom,confusion\na.png,ann,0,0\nb.png,ann,1,0\n")
        d = self.judge("manifest", root=path)
        self.assertEqual((d["people"], d["groups"], d["n"]), (1, 0, 2))
        path.write_text("file,subject,emotion\na.png,ann,happy\nb.png,ann,happy\n")
        d = self.judge("manifest", root=path)
        self.assertEqual((d["people"], d["groups"]), (1, 1))
        self.assertIsNotNone(d["accuracy"])
        self.assertEqual(set(d["interval"].values()), {None})
        recall = {c["name"]: c["recall"] for c in d["per_class"]}
        self.assertIsNone(recall["sad"])
        self.assertIsNotNone(recall["happy"])
        text = run(MODEL, "--dataset", "manifest", "--root", path, "--quiet").stdout
        self.assertIn("of 1 person\n", text)
        self.assertIn("1 person: no interval", text)
        self.assertNotIn("nan", text)
        path.write_text("file,subject,boredom,confusion\na.png,ann,0,0\nb.png,ann,1,0\n")
        text = run(MODEL, "--dataset", "manifest", "--root", path, "--quiet").stdout
        self.assertRegex(text, r"AUC boredom>=1 +0\.500 +1 of 2, these of 1 person: no interval")
        self.assertRegex(text, r"AUC confusion>=1 +- +0 of 2 are")
        self.assertNotIn("nan", text)
        # two people are enough for an interval
        path.write_text("file,subject,emotion\na.png,ann,happy\nb.png,ben,sad\n")
        self.assertEqual(self.judge("manifest", root=path)["interval"]["accuracy"], [0, 1])
        # without a label there is nothing to judge, but something to answer
        path.write_text("file,subject,emotion\na.png,ann,\nb.png,ann,\n")
        r = run(MODEL, "--dataset", "manifest", "--root", path, "--excluded", self.root / "x.csv")
        self.assertEqual(r.returncode, 1)
        self.assertIn("none of the 2 samples has a label of emotion7", r.stderr)
        self.assertEqual([row["kind"] for row in self.table("x.csv")], ["unlabelled"] * 2)
        d = self.judge("manifest", "--answers", self.root / "a.csv", root=path)
        self.assertEqual(d["n"], 0)
        self.assertEqual(len(self.table("a.csv")), 2)


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
