#!/usr/bin/env python3
"""examples/session.c as its head says: built against the installed library (shared, then static) with
pkg-config, and run on frames and sound of the demo clip; what it prints is what attune analyze finds."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import built

SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
BUILD = pathlib.Path(os.environ["ATTUNE_BUILD"])

def run(*args, **more):
    done = subprocess.run([str(a) for a in args], capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise AssertionError(f"{args[0]}: {done.stdout}{done.stderr}"[-2000:])
    return done.stdout


@unittest.skipIf(built.sanitizers(), "a program without the sanitizers cannot take a library with them")
class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = pathlib.Path(tempfile.mkdtemp())
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", cls.dir)
        pc = next(cls.dir.rglob("attune.pc"))
        cls.lib = pc.parent.parent
        cls.env = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), PKG_CONFIG_SYSROOT_DIR=str(cls.dir),
                       LD_LIBRARY_PATH=str(cls.lib),
                       ATTUNE_MODEL=str(SOURCE / "models/default.safetensors"))
        clip = SOURCE / "demo/talking_head.mp4"
        run("ffmpeg", "-v", "error", "-i", clip, "-t", "3", "-vf", "scale=320:240", "-f", "rawvideo",
            "-pix_fmt", "rgb24", cls.dir / "frames.rgb")
        run("ffmpeg", "-v", "error", "-i", clip, "-t", "3", "-ac", "1", "-ar", "16000", "-f", "f32le",
            cls.dir / "voice.f32")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def build(self, name, *libraries):
        flags = run("pkg-config", "--cflags", "attune", env=self.env).split()
        run(os.environ.get("CC", "cc").split()[-1], "-std=c11", "-Wall", "-Wextra", "-Werror", "-o",
            self.dir / name, SOURCE / "examples/session.c", *flags, *libraries)
        return self.dir / name

    def check(self, program):
        said = run(program, 320, 240, 25, self.dir / "frames.rgb", self.dir / "voice.f32", env=self.env)
        lines = said.splitlines()
        self.assertEqual(len(lines), 6)  # one every half second
        self.assertIn("3.0 s  face 1", lines[-1])
        self.assertRegex(lines[-1], r"[a-z]+ \d+ %  \(trust in face [01]\.\d\d, in voice [01]\.\d\d\)")
        return said

    def test_shared_and_static_say_the_same(self):
        libs = run("pkg-config", "--libs", "attune", env=self.env).split()
        shared = self.check(self.build("shared", *libs))
        needed = run("readelf", "-d", self.dir / "shared")
        self.assertIn("libattune.so", needed)

        archive = next(self.lib.rglob("libattune.a"))
        others = run("pkg-config", "--libs", "libavformat", "libavcodec", "libavutil", "libswscale",
                     "libswresample", "kissfft-float", "speexdsp", "jansson").split()
        libs = [archive, *others, "-lm", "-pthread", "-ldl"]
        static = self.check(self.build("static", *libs))
        self.assertNotIn("libattune", run("readelf", "-d", self.dir / "static"))
        self.assertEqual(shared, static)

    def test_wrong_use_is_explained(self):
        program = self.build("again", *run("pkg-config", "--libs", "attune", env=self.env).split())
        done = subprocess.run([program], capture_output=True, text=True, env=self.env)
        self.assertEqual(done.returncode, 1)
        self.assertIn("usage: session WIDTH", done.stderr)


if __name__ == "__main__":
    unittest.main()
