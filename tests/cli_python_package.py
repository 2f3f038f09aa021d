#!/usr/bin/env python3
"""bindings/python as a package: layouts as the compiler has them, types, the library found, installed by pip without a
network, the example.

Needs what cli_python does, and a C compiler."""
import csv
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from python_bindings import LIBRARY, PACKAGE, SOURCE, make_clip, run, why_not

if not why_not:
    from attune import _c


def setUpModule():
    global folder, clip
    folder = pathlib.Path(tempfile.mkdtemp())
    clip = None if why_not else make_clip(folder)


def tearDownModule():
    shutil.rmtree(folder)


@unittest.skipIf(why_not, why_not)
class Package(unittest.TestCase):
    def test_layouts_are_the_compilers(self):
        structs = [s for s in vars(_c).values() if isinstance(s, type) and issubclass(s, _c.Structure) and
                   hasattr(s, "_name_")]
        self.assertGreater(len(structs), 12)
        lines, ours = [], []
        for s in structs:
            lines.append(f'printf("%zu\\n", sizeof({s._name_}));')
            ours.append(_c.ctypes.sizeof(s))
            for name, _ in s._fields_:
                lines.append(f'printf("%zu\\n", offsetof({s._name_}, {name}) * 65536 + '
                             f'sizeof((({s._name_} *)0)->{name}));')
                ours.append(getattr(s, name).offset * 65536 + getattr(s, name).size)
        for name in ("EMOTIONS", "STATES", "LEVELS", "ENGAGEMENTS", "MODALITIES", "MAX_MODALITIES", "UNITS", "LANDMARKS",
                     "MAX_NOTES", "NOTE_BYTES", "RGB", "BGR", "RGBA", "BGRA", "GREY", "F32", "S16"):
            lines.append(f'printf("%zu\\n", (size_t)ATTUNE_{name});')
            ours.append(getattr(_c, name))
        (folder / "layouts.c").write_text("#include <attune/eval.h>\n#include <attune/log.h>\n#include <attune/sink.h>\n#include <stdio.h>\n"
                                          "int main(void) {\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
        run(os.environ.get("CC", "cc").split()[-1], "-I", SOURCE / "include", "-o", folder / "layouts",
            folder / "layouts.c")
        theirs = [int(n) for n in run(folder / "layouts").split()]
        self.assertEqual([(lines[i], a) for i, a in enumerate(ours)], [(lines[i], b) for i, b in enumerate(theirs)])

    def test_where_the_library_is_looked_for(self):
        def load(**env):
            environment = {k: v for k, v in os.environ.items() if not k.startswith(("ATTUNE_LIB", "LD_"))}
            return subprocess.run([sys.executable, "-B", "-c", "import attune; print(attune.__version__)"],
                                  capture_output=True, text=True, cwd="/",
                                  env={**environment, "PYTHONPATH": str(tree / "bindings/python"), **env})
        version = (SOURCE / "VERSION").read_text().strip()
        tree = folder / "tree"
        copy_tree(tree)
        self.assertEqual(load(ATTUNE_LIBRARY=str(LIBRARY)).stdout, version + "\n")
        told = load(ATTUNE_LIBRARY="/no/lib.so").stderr
        self.assertIn("ImportError: libattune was not found", told)
        self.assertIn("/no/lib.so: ", told)
        self.assertIn("libm.so.6: it is another library", load(ATTUNE_LIBRARY="libm.so.6").stderr)
        self.assertNotIn("build/release", told)
        beside = tree / "build/release/src"
        beside.mkdir(parents=True)
        shutil.copy(LIBRARY, beside / LIBRARY.name)
        self.assertEqual(load().stdout, version + "\n")
        (beside / LIBRARY.name).write_bytes(b"no library")
        self.assertIn(f"{beside / LIBRARY.name}: ", load().stderr)
        (tree / "VERSION").write_text("9.8.7\n")
        self.assertIn(f"is attune {version}, and this package is for 9.8.7", load(ATTUNE_LIBRARY=str(LIBRARY)).stderr)

    def test_installed_by_pip_without_a_network(self):
        for module in "pip", "setuptools", "wheel":
            if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode:
                self.skipTest(f"no {module}")
        tree, target = folder / "packed", folder / "site"
        copy_tree(tree)
        run(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-build-isolation", "--no-deps",
            "--no-cache-dir", "--target", target, tree / "bindings/python")
        shutil.rmtree(tree)
        code = ("import attune, importlib.metadata as m; print(attune.__file__); "
                "print(attune.__version__, m.version('attune')); print(len(attune.analyze(r'%s').windows))" % clip)
        said = run(sys.executable, "-c", code, cwd="/", env={**os.environ, "PYTHONPATH": str(target)}).split()
        version = (SOURCE / "VERSION").read_text().strip()
        self.assertEqual(said, [str(target / "attune/__init__.py"), version, version, "10"])
        self.assertTrue((target / "attune/py.typed").exists())

    @unittest.skipUnless(shutil.which("mypy"), "no mypy")
    def test_types_tell_what_is_wrong(self):
        lines = {"import attune": "", "attune.analyze('x.mp4', rate=5.0, live=True).windows": "", "session = attune.Session(threads=1)": "",
                 "attune.analyze('x.mp4', hops=1)": "hops", "attune.Session(live=True)": "live", "attune.analyze('x.mp4', rate='5')": "rate",
                 "attune.evaluate('folder', 'x', progress=lambda done, samples: None)": "", "session.push_text(None, 0)": "None",
                 "attune.evaluate('folder', None)": "None"}
        (folder / "typed.py").write_text("\n".join(lines) + "\n")
        done = subprocess.run(["mypy", "--python-version", "3.11", "--enable-incomplete-feature=Unpack", "--follow-imports=silent",
                               "--ignore-missing-imports", "--cache-dir", folder / "mypy", folder / "typed.py"],
                              env={**os.environ, "MYPYPATH": str(PACKAGE)}, capture_output=True, text=True)
        told = {int(line.split(":")[1]): line for line in done.stdout.splitlines() if ": error:" in line}
        self.assertEqual(set(told), {i + 1 for i, word in enumerate(lines.values()) if word}, done.stdout + done.stderr)
        for i, word in enumerate(lines.values()):
            self.assertIn(word, told.get(i + 1, ""))

    def test_example(self):
        clips = folder / "clips"
        clips.mkdir()
        shutil.copy(clip, clips / "one.avi")
        run("ffmpeg", "-v", "error", "-i", clip, "-t", "2", "-c", "copy", clips / "two.avi")
        (clips / "broken.mp4").write_bytes(b"x" * 300)
        said = run(sys.executable, SOURCE / "examples/python/folder_to_figure.py", clips, "-o", folder / "figures",
                   env={**os.environ, "PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertIn("left out: ", said)
        for wrong, code, why in ((folder / "nowhere", 2, "no such folder"), (folder / "none", 2, "no clip in it"), (folder / "all", 1, "no clip is left")):
            (folder / "none").mkdir(exist_ok=True)
            (folder / "all").mkdir(exist_ok=True)
            (folder / "all/broken.mp4").write_bytes(b"x" * 300)
            done = subprocess.run([sys.executable, SOURCE / "examples/python/folder_to_figure.py", wrong, "-o", folder / "no-figures"],
                                  env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(why, done.stderr)
        with open(folder / "figures/expressions.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["clip"] for row in rows], ["one.avi", "two.avi"])
        for row in rows:
            self.assertAlmostEqual(sum(float(v) for k, v in row.items() if k.startswith("emotion_")), 1, 3)
        figures = list((folder / "figures").rglob("*.png")) + list((folder / "figures").rglob("expression.svg"))
        self.assertTrue(figures)
        self.assertGreater(figures[0].stat().st_size, 1000)


def copy_tree(where):
    """The package as it lies in the tree, with its link to VERSION."""
    (where / "bindings").mkdir(parents=True)
    shutil.copy(SOURCE / "VERSION", where / "VERSION")
    shutil.copytree(PACKAGE, where / "bindings/python", symlinks=True,
                    ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))


if __name__ == "__main__":
    unittest.main()
