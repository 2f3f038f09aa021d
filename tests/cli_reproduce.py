#!/usr/bin/env python3
"""attune reproduce from data sets to page and CSVs, on miniature data sets (mini_corpora.py) and recipes as
small: figures that the commands beside them print again, nothing done twice, what is missing left out."""
import csv
import fcntl
import json
import os
import pathlib
import re
import random
import shlex
import shutil
import signal
import subprocess
import tempfile
import unittest
from html.parser import HTMLParser

import built
import mini_corpora

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = SOURCE / "models/default.safetensors"
SANITIZED = built.sanitizers()
JUDGED = 6 if SANITIZED else 16  # frames of DAiSEE

DAISEE = {"dataset": "daisee-frames", "folder": "daisee_frames", "train": "train", "valid": "val"}
PICTURES = [{"dataset": "ferplus", "train": "train", "valid": "valid", "also": "fer2013"}, DAISEE]
PAPER = {"kind": "visual", "name": "paper", "init": "start.safetensors", "detector": "start.safetensors",
         "data": [DAISEE], "batch": 8, "statistics_batches": 1,
         "sizes": [{"from": 0, "side": 32}], "losses": {"dominant": 1, "state": 0, "covered": 0}}
RECIPES = {
    "hog": {"kind": "hog", "name": "hog", "detector": "start.safetensors", "data": PICTURES,
            "iterations": 20},
    "hog_weighted": {"base": "hog.json", "name": "hog_weighted", "data": [DAISEE], "class_balance": 1},
    "paper": PAPER,
    "paper_unweighted": {"base": "paper.json", "name": "paper_unweighted"},
    "fusion_concat": {
        "kind": "fusion", "name": "fusion_concat", "fusion": "concat", "model": "nobody.safetensors",
        "faces": {"dataset": "ferplus", "train": "train", "valid": "valid"},
        "voices": {"dataset": "ravdess", "folder": "ravdess_speech16k", "train": "nofold3",
                   "valid": "fold3"},
        "batch": 8, "pairs": 32, "judged": 14, "versions": 1, "sights": 1, "tokens": 4},
}

folder = None


def make_data(data):
    """A picture takes most of a second where memory is watched: then there are few."""
    rng = random.Random(9)
    mini_corpora.make_ferplus(data / "ferplus", rng, *((2, 1) if SANITIZED else (10, 4)))
    mini_corpora.make_daisee(data / "daisee_frames", rng, 8 if SANITIZED else 24, JUDGED)
    mini_corpora.make_ravdess(data / "ravdess_speech16k", rng, (2, 8), 1 if SANITIZED else 2)


def setUpModule():
    global folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-reproduce-"))
    make_data(folder / "data")
    (folder / "recipes").mkdir()
    for name, recipe in RECIPES.items():
        (folder / f"recipes/{name}.json").write_text(json.dumps(recipe))
    (folder / "models").mkdir()
    shutil.copy(MODEL, folder / "models/start.safetensors")


def tearDownModule():
    shutil.rmtree(folder)


def command(*arguments, data="data", models="models"):
    return [EXE, "reproduce", *map(str, arguments), "--data", str(folder / data), "--models",
            str(folder / models), "--recipes", str(folder / "recipes"), "--quick", "--draws", "20",
            "--threads", "2"]


def run(*arguments, code=0, **where):
    done = subprocess.run(command(*arguments, **where), capture_output=True, text=True, timeout=280,
                          env=dict(os.environ, ATTUNE_MODEL=str(MODEL)))
    assert done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}{done.stdout}"
    return done


def table(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def times(out):
    """When each file that is kept was written."""
    return {p.name: p.stat().st_mtime_ns for d in ("models", "kept") for p in (out / d).iterdir()
            if (p.suffix == ".safetensors" or d == "kept") and not p.name.startswith("with_")}


class Page(HTMLParser):
    """Elements are closed in the order that they were opened in, and nothing is asked of a network."""
    VOID = {"meta", "link", "br", "img", "line", "rect"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        assert not {"src", "style", "onload"} & {name for name, _ in attributes}, (tag, attributes)
        assert tag not in ("img", "script", "iframe", "link")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.open)


class Usage(unittest.TestCase):
    def test_help_names_what_there_is(self):
        text = run("--help").stdout
        for name in ("table1", "table2", "table3", "table4", "table5", "fig3", "fig4", "fig5", "grid", "reliability"):
            self.assertRegex(text, rf"\n  {name} .*\n(?: {{14}}.*\n)? +needs ")

    def test_wrong_usage(self):
        for arguments in ([], ["table9", "-o", folder / "no"], ["table1"],
                          ["table1", "-o", folder / "no", "--draws", "0"]):
            done = run(*arguments, code=2)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertFalse((folder / "no").exists())
        (folder / "taken").mkdir()
        held = os.open(folder / "taken", os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        done = run("table1", "-o", folder / "taken", code=1)
        os.close(held)
        self.assertIn("taken: another run is writing into this folder", done.stderr)
        done = run("table1", "-o", folder / "no", code=1, data="nowhere")
        self.assertIn("nowhere", done.stderr)


@unittest.skipUnless(MODEL.is_file(), "no model")
class Reproduced(unittest.TestCase):
    def test_tables_and_figures_with_the_default_model(self):
        out = folder / "default"
        which = ["table1", "table2", "table3", "table4", "fig3", "fig4", "fig5", "grid", "reliability"]
        if SANITIZED:
            which = ["table1", "table4", "fig3", "grid"]
        r = run(*which, "-o", out, "--model", "default")
        self.assertIn(f"{out}/report.html", r.stdout)
        self.check_table1(out)
        self.check_pairs(out)
        self.check_grid(out)
        if not SANITIZED:
            self.check_reliability(out)
        self.check_page(out, which)
        # Nothing is trained or judged twice, and the same comes of it.
        before, page = times(out), (out / "report.html").read_text()
        tables = {name: (out / f"{name}.csv").read_text() for name in which}
        run(*which, "-o", out, "--model", "default")
        self.assertEqual(times(out), before)
        self.assertEqual((out / "report.html").read_text(), page)
        self.assertEqual({name: (out / f"{name}.csv").read_text() for name in which}, tables)
        self.assertFalse([p for p in out.rglob("*") if p.suffix in (".png", ".jpg", ".ppm", ".wav")])
        # What was kept and has numbers out of range is judged anew.
        kept = [(p, p.read_text()) for p in (out / "kept").glob("*.json")]
        spoilt = next((p, text) for p, text in kept if '"n": ' in text)
        spoilt[0].write_text(re.sub(r'"n": \d+', '"n": 123456789012', spoilt[1]))
        run(*which, "-o", out, "--model", "default")
        self.assertEqual(spoilt[0].read_text(), spoilt[1])

    def check_table1(self, out):
        rows = table(out / "table1.csv")
        daisee = [r for r in rows if "DAiSEE" in r["part"]]
        self.assertEqual([r["condition"] for r in daisee],
                         ["as it is", "20 % covered", "40 % covered", "60 % covered", ""])
        self.assertEqual([float(r["paper_accuracy"]) for r in daisee[:4]], [.8475, .86, .8438, .8025])
        self.assertEqual({int(r["n"]) for r in daisee}, {JUDGED})
        self.assertIn("of 5 people, none of whom", daisee[0]["protocol"])
        self.assertIn("the paper's", daisee[0]["difference"])
        self.assertLessEqual(float(daisee[1]["accuracy_lo"]), float(daisee[1]["accuracy"]))
        self.assertEqual(daisee[4]["accuracy"], daisee[0]["constant_accuracy"])
        # The command beside a figure prints it.
        words = shlex.split(daisee[1]["command"])
        self.assertEqual(words[:2], ["attune", "eval"])
        done = subprocess.run([EXE, *words[1:], "--json", "-", "--quiet"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        figures = json.loads(done.stdout)
        self.assertEqual(figures["corrupt"], "patch=20")
        for name, column in (("accuracy", "accuracy"), ("macro_f1", "macro_f1"),
                             ("balanced_accuracy", "macro_recall")):
            self.assertAlmostEqual(figures[name], float(daisee[1][column]), places=5)

    def check_pairs(self, out):
        rows = table(out / "table4.csv")
        pairs = [r for r in rows if r["part"].startswith("Label-matched")]
        what = ["face alone", "voice alone", "fused, late: confidence-weighted", "fused, late: mean",
                "fused, late: product", "fused, concatenation"]
        self.assertEqual([r["what"] for r in pairs[:-1]], 4 * what)
        self.assertEqual({int(r["n"]) + int(r["withheld"] or 0) for r in pairs[:-1]}, {140})
        clean, covered = ([r for r in pairs if r["condition"] == c]
                          for c in ("as they are", "face 40 % covered"))
        self.assertEqual(clean[1]["accuracy"], covered[1]["accuracy"])  # the voice is the same
        self.assertNotEqual(clean[0]["macro_f1"], covered[0]["macro_f1"])
        self.assertEqual(clean[0]["accuracy_lo"], "")  # of one person's voice
        voice = [r for r in rows if r["part"].startswith("RAVDESS") and r["what"] == "voice alone"]
        self.assertEqual([float(r["paper_accuracy"]) for r in voice], [.822])

    def check_grid(self, out):
        rows = table(out / "grid.csv")
        self.assertEqual([(r["face"], r["voice"]) for r in rows],
                         [(f, v) for f in ("as it is", "20 % covered", "40 % covered", "60 % covered")
                          for v in ("clean", "noise, 10 dB", "noise, 0 dB", "missing")])
        known = {r["what"] + r["condition"]: r["accuracy"] for r in table(out / "table4.csv")
                 if r["part"].startswith("Label-matched")}
        clean, worst = rows[0], rows[10]  # the same pairs as there
        for column, what in (("face", "face alone"), ("voice", "voice alone"),
                             ("fused", "fused, late: product")):
            self.assertEqual(clean[f"{column}_accuracy"], known[what + "as they are"])
            self.assertEqual(worst[f"{column}_accuracy"], known[what + "both"])
        better = max(float(clean["face_accuracy"]), float(clean["voice_accuracy"]))
        if not any(int(r["withheld"]) for r in rows[:3]):
            self.assertAlmostEqual(float(clean["gain"]), float(clean["fused_accuracy"]) - better, places=5)
        for r in rows[3::4]:  # without sound the face answers
            self.assertEqual((r["fused_accuracy"], r["voice_accuracy"], r["gain"], r["verdict"]),
                             (r["face_accuracy"], "", "", ""))

    def check_reliability(self, out):
        rows = table(out / "reliability.csv")
        parts = []
        for part in dict.fromkeys(r["part"] for r in rows):
            block = {r["measure"]: r for r in rows if r["part"] == part}
            parts.append(part.split(": ")[-1])
            own = block["probability" if part.endswith("fused") else "own probability"]
            for name, r in block.items():
                if not any(w in name for w in ("adjusted", "adapted", "probability without")):
                    self.assertEqual(r["right"], own["right"], (part, name))
                self.assertEqual(bool(r["calibration_error"]), "probability" in name or "reliability" in name)
                if r["area"]:
                    self.assertTrue(0 <= float(r["area"]) <= 1)
        self.assertEqual(parts, ["face", "voice", "face", "voice", "fused"])
        grid = table(out / "grid.csv")[0]
        fused = next(r for r in rows if r["part"].endswith("fused") and r["measure"] == "probability")
        if not int(grid["withheld"]):
            self.assertEqual(fused["right"], grid["fused_accuracy"])

    def check_page(self, out, which):
        text = (out / "report.html").read_text()
        tags = Page(text).tags
        self.assertIn("svg", tags)
        self.assertNotIn("http:", text)
        self.assertNotIn("https:", text)
        for name in which:
            self.assertIn(f'<section id="{name}">', text)
        for words in ("A trial.", "no folder javanese_av", "fusion_tensor, for which there is no recipe",
                      "In the place of the network"):
            self.assertIn(words, text)

    def test_the_papers_network_is_trained_or_told_to_be_missing(self):
        out = folder / "trained"
        run("table2", "-o", out)
        rows = table(out / "table2.csv")
        self.assertEqual([r["what"] for r in rows[:3]],
                         ["HOG + logistic regression", "MobileNetV2", "constant answer: " +
                          rows[0]["constant_answer"]])
        self.assertIn("with_detector_paper_unweighted.safetensors", rows[1]["command"])
        # Without what its training starts from, the rest is made and the page says why.
        (folder / "half").mkdir()
        shutil.copy(MODEL, folder / "half/yunet.safetensors")
        recipe = json.loads((folder / "recipes/paper.json").read_text())
        (folder / "recipes/paper.json").write_text(json.dumps(dict(recipe, init="imagenet.safetensors")))
        self.addCleanup((folder / "recipes/paper.json").write_text, json.dumps(recipe))
        run("table2", "-o", out)
        self.assertNotIn("MobileNetV2", [r["what"] for r in table(out / "table2.csv")])
        text = (out / "report.html").read_text()
        self.assertIn("starts from imagenet.safetensors; --models names the folder", text)

    def test_what_lacks_its_data_is_left_out(self):
        (folder / "less").mkdir()
        os.symlink(folder / "data/daisee_frames", folder / "less/daisee_frames")
        out = folder / "part"
        r = run("table1", "fig4", "-o", out, data="less")
        parts = {row["part"] for row in table(out / "table1.csv")}
        self.assertEqual(len(parts), 1)
        self.assertIn("hog is not learned from ferplus", r.stdout)
        self.assertIn("Left out: FER+", r.stdout)
        self.assertEqual(table(out / "fig4.csv"), [])

    def test_a_stop_leaves_no_page_and_a_repeat_goes_on(self):
        out = folder / "stopped"
        process = subprocess.Popen(command("table1", "-o", out), stderr=subprocess.PIPE, text=True,
                                   stdout=subprocess.DEVNULL)
        for line in process.stderr:
            if line.startswith("3/"):
                process.send_signal(signal.SIGINT)
                break
        process.communicate(timeout=200)
        self.assertEqual(process.returncode, 130)
        self.assertFalse((out / "report.html").exists())
        self.assertFalse((out / "table1.csv").exists())
        before = times(out)
        self.assertGreater(len(before), 1)
        run("table1", "-o", out)
        after = times(out)
        self.assertEqual({name: after[name] for name in before}, before)
        self.assertTrue((out / "table1.csv").exists())


if __name__ == "__main__":
    unittest.main(verbosity=2)
