#!/usr/bin/env python3
"""attune train's networks that learn from others or join one: an ensemble that says what it sees, encoders over
a face's places and over frames. Miniature data sets and recipes are those of cli_train.py."""
import json
import shutil
import struct
import unittest

import cli_train
import onnx_runtime
from cli_train import MODEL, PICTURES, RECIPES, SANITIZED, header, metrics, run, write_recipe

folder = None
# Ten times as slow: everything is run, once; bits are judged where they come sooner.
THREADS = (1,) if SANITIZED else (1, 3)
SHORTER = {"epochs": 1, "eval_every": 1} if SANITIZED else {}


def setUpModule():
    global folder
    cli_train.setUpModule()
    folder = cli_train.folder


def tearDownModule():
    cli_train.tearDownModule()


class Ensemble(unittest.TestCase):
    """A network learns what others say of its pictures, themselves among them."""
    RECIPE = dict(RECIPES["visual"], name="distilled", init="start.safetensors", epochs=1, eval_every=1,
                  ensemble=[{"model": "start.safetensors"}, {"model": "start.safetensors"}])

    def trained(self, name, recipe, threads=1):
        r = run(write_recipe(name, recipe), name, "--threads", threads, "--limit", 16)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        return (folder / name / "distilled.safetensors").read_bytes()

    @unittest.skipUnless(SANITIZED, "below more is asked of it")
    def test_it_runs(self):
        self.trained("ensemble", self.RECIPE, threads=3)

    @unittest.skipIf(SANITIZED, "four trainings")
    def test_what_it_says_is_learned(self):
        half = self.trained("ensemble1", self.RECIPE)
        self.assertEqual(half, self.trained("ensemble2", self.RECIPE, threads=3))
        losses = dict(RECIPES["visual"].get("losses", {}), ensemble=0)
        without = {k: v for k, v in self.RECIPE.items() if k != "ensemble"}
        silent = self.trained("ensemble0", dict(self.RECIPE, losses=losses))
        self.assertNotEqual(half, silent)
        self.assertEqual(silent, self.trained("alone0", dict(without, losses=losses)))

    def test_who_is_not_there_is_named(self):
        r = run(write_recipe("nobody", dict(self.RECIPE, ensemble=[{"model": "nobody.safetensors"}])), "nobody")
        self.assertEqual(r.returncode, 1)
        self.assertIn("nobody.safetensors", r.stderr)


class Spatial(unittest.TestCase):
    """A spatial encoder is learned while the network that it joins stays as it is."""
    RECIPE = {"kind": "visual", "name": "spatial", "detector": "start.safetensors", "seed": 2,
              "init": "start.safetensors", "data": PICTURES[:1], "epochs": 6, "eval_every": 3, "batch": 8,
              "spatial": {"layers": 1, "width": 12, "heads": 2}, "frozen": "network",
              "sizes": [{"from": 0, "side": 64}], "losses": {"covered": 0}, "dropout": 0.1,
              "optimiser": {"lr": 0.003, "ema": 0.5}, **SHORTER}

    @classmethod
    def setUpClass(cls):
        recipe = write_recipe("spatial", cls.RECIPE)
        # two steps at least: what comes before an array of zeros learns nothing in the first
        steps = ("--limit", 16) if SANITIZED else ()
        cls.results = {threads: run(recipe, f"spatial{threads}", "--threads", threads, *steps)
                       for threads in THREADS}

    def model(self, threads=1):
        return folder / f"spatial{threads}" / "spatial.safetensors"

    def array(self, path, name):
        """The values of an array, which may be in half precision."""
        what, data = header(path)[name], path.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        kind, size = {"F16": ("e", 2), "F32": ("f", 4)}[what["dtype"]]
        a, b = (start + x for x in what["data_offsets"])
        return struct.unpack(f"<{(b - a) // size}{kind}", data[a:b])

    @unittest.skipIf(SANITIZED, "one run is slow enough")
    def test_any_number_of_threads_writes_the_same_file(self):
        for r in self.results.values():
            self.assertEqual((r.returncode, r.stderr, r.stdout), (0, "", ""))
        self.assertEqual(self.model(1).read_bytes(), self.model(3).read_bytes())

    def test_only_the_encoder_learns(self):
        for name in ("stem.weight", "block3.expand.weight", "head.weight", "expression.weight",
                     "units.weight", "state.bias"):
            self.assertEqual(self.array(MODEL, f"visual.{name}"),
                             self.array(self.model(), f"visual.{name}"), name)
        self.assertEqual(header(self.model())["visual.spatial.pool.weight"]["shape"], [12, 2])
        for name in "expression.weight", "basic.bias", "pool.weight":  # began at zero
            self.assertTrue(any(self.array(self.model(), f"visual.spatial.{name}")), name)

    @unittest.skipIf(SANITIZED, "does not learn for long enough")
    def test_it_learns(self):
        lines = metrics("spatial1", "spatial")
        self.assertLess(lines[1]["loss"], lines[0]["loss"])

    def test_with_the_heads(self):
        """Frozen is the trunk alone: heads learn, with an encoder and without one."""
        for encoder in self.RECIPE["spatial"], {}:
            recipe = dict(self.RECIPE, name="heads", frozen="trunk", spatial=encoder, epochs=1, eval_every=1)
            r = run(write_recipe("heads", recipe), "heads")
            self.assertEqual(r.returncode, 0, r.stderr)
            made = folder / "heads/heads.safetensors"
            same = {name: self.array(MODEL, f"visual.{name}") == self.array(made, f"visual.{name}")
                    for name in ("head.weight", "expression.weight", "covered.bias")}
            self.assertEqual(same, {"head.weight": True, "expression.weight": False, "covered.bias": True})

    def test_it_is_not_lost(self):
        """It goes into a model, and a recipe that knows nothing of it does not go on from it."""
        recipe = dict(RECIPES["assemble"], name="with_spatial", detector="start.safetensors",
                      visual={"model": str(self.model()), "recipe": "visual.json"},
                      audio={"model": "start.safetensors", "recipe": "audio.json"})
        r = run(write_recipe("with_spatial", recipe), "out")
        self.assertEqual(r.returncode, 0, r.stderr)
        whole = header(folder / "out/with_spatial.safetensors")
        self.assertEqual(whole["visual.spatial.project.weight"]["dtype"], "F16")
        self.assertEqual(whole["visual.spatial.basic.weight"]["shape"], [12, 7])
        for encoder, said in ({}, "the recipe has none"), ({"layers": 1, "width": 24, "heads": 2}, "spatial"):
            recipe = dict(self.RECIPE, frozen="trunk", spatial=encoder, init=str(self.model()))
            r = run(write_recipe("wrong", recipe), "wrong")
            self.assertEqual(r.returncode, 1)
            self.assertIn(said, r.stderr)


class Temporal(unittest.TestCase):
    """An encoder over frames is learned from clips of drawn stills, beside the network as it is."""
    RECIPE = {"kind": "temporal", "name": "temporal", "model": "start.safetensors", "seed": 2,
              "data": PICTURES[:1], "temporal": {"layers": 1, "width": 12, "heads": 2}, "epochs": 8,
              "eval_every": 4, "batch": 8, "frames": 4, "versions": 2, "taught": 0.25,
              "motion": {"flip": 0.5, "shift": 0.02, "turn": 3, "zoom": 0.02, "light": 0.05},
              "harms": [{"kind": "blur", "level": 2}, {"kind": "patch", "level": 40}], "dropout": 0.1,
              "optimiser": {"lr": 0.003, "ema": 0.5}, **SHORTER}

    @classmethod
    def setUpClass(cls):
        recipe = write_recipe("temporal", cls.RECIPE)
        cls.results = {threads: run(recipe, f"temporal{threads}", "--threads", threads)
                       for threads in THREADS}

    def model(self, threads=1):
        return folder / f"temporal{threads}" / "temporal.safetensors"

    @unittest.skipIf(SANITIZED, "one run is slow enough")
    def test_any_number_of_threads_writes_the_same_file(self):
        for r in self.results.values():
            self.assertEqual((r.returncode, r.stderr, r.stdout), (0, "", ""))
        self.assertEqual(self.model(1).read_bytes(), self.model(3).read_bytes())

    def test_clips_are_made_once(self):
        """A run that finds them, and one that finds only half of a file, come to the same."""
        made = sorted((folder / "temporal1").glob("clips-*.safetensors"))
        self.assertEqual(len(made), 2)
        for path in made:  # a still's two clips: the mouth of the second talks
            answer, differ = Spatial.array(self, path, "answer"), 0
            for logits in range(0, len(answer), 2 * 45):
                silent, talking = answer[logits:logits + 45], answer[logits + 45:logits + 90]
                self.assertEqual(silent[30:], talking[30:])
                differ += silent[15:30] != talking[15:30]  # some make a pause just then
            self.assertGreater(differ, len(answer) / 90 / 2)
        again = folder / "temporal_again"
        again.mkdir()
        shutil.copy(made[0], again)
        (again / made[1].name).write_bytes(made[1].read_bytes()[:-100])
        r = run(folder / "temporal.json", again.name)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual(self.model().read_bytes(), (again / "temporal.safetensors").read_bytes())
        self.assertEqual(made[1].read_bytes(), (again / made[1].name).read_bytes())

    def test_without_votes_there_is_nothing_to_be_judged_by(self):
        labelled = [{"dataset": "fer2013", "folder": "ferplus", "train": "train",
                     "valid": "valid"}]
        r = run(write_recipe("voteless", dict(self.RECIPE, data=labelled)), "voteless")
        self.assertEqual(r.returncode, 1)
        self.assertIn("voteless.json: no picture of the validation part has FER+'s votes", r.stderr)
        self.assertEqual(len(r.stderr.splitlines()), 1, r.stderr)

    def test_it_holds_the_encoder_alone(self):
        arrays = header(self.model())
        self.assertTrue(all(x.startswith(("visual.temporal.", "__metadata__")) for x in arrays))
        self.assertEqual(arrays["visual.temporal.time"]["shape"], [8, 12])

    @unittest.skipIf(SANITIZED, "does not learn for long enough")
    def test_it_learns(self):
        lines = metrics("temporal1", "temporal")
        self.assertLess(lines[1]["loss"], lines[0]["loss"])
        for mouth in "silent", "talking":
            self.assertGreater(lines[1][f"{mouth}.learned.accuracy"], lines[1][f"{mouth}.plain.accuracy"])
            self.assertIn(f"{mouth}.resting.surprised", lines[1])

    def test_it_goes_into_a_model(self):
        recipe = dict(RECIPES["assemble"], name="over_time", detector="start.safetensors",
                      visual={"model": "start.safetensors", "recipe": "visual.json"},
                      audio={"model": "start.safetensors", "recipe": "audio.json"},
                      temporal=str(self.model()))
        r = run(write_recipe("over_time", recipe), "out")
        self.assertEqual(r.returncode, 0, r.stderr)
        whole = header(folder / "out/over_time.safetensors")
        self.assertEqual(whole["visual.temporal.project.weight"]["dtype"], "F16")
        self.assertIn("silent.learned.accuracy", json.loads(whole["__metadata__"]["training.temporal"]))
        tried = onnx_runtime.hold(self, folder / "out/over_time.safetensors", folder / "networks")
        self.assertTrue((folder / "networks/temporal.onnx").exists())
        self.assertEqual(any(o["file"] == "temporal.onnx" for o in tried), onnx_runtime.IS_THERE)
        recipe["temporal"] = "start.safetensors"
        r = run(write_recipe("wrong", recipe), "wrong")
        self.assertEqual(r.returncode, 1)
        self.assertIn("no temporal encoder", r.stderr)

    def test_what_is_wrong_is_named(self):
        def refused(recipe, *words):
            cli_train.Wrong.refused(self, recipe, *words)

        refused(dict(self.RECIPE, rate_min=9, rate_max=8), "rate_min is over rate_max")
        refused(dict(self.RECIPE, frames=65), "frames", "2 to 64")
        refused(dict(self.RECIPE, temporal={"width": 10, "heads": 4}), "temporal: width")
        refused(dict(self.RECIPE, harms=[{"kind": "blur", "level": 0}]), "harms[0]", "does harm")


if __name__ == "__main__":
    unittest.main()
