#!/usr/bin/env python3
"""What a command loads: FFmpeg's libraries when a file has to be read, cairo when something is drawn, no sooner; and one
that cannot be loaded is said."""
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tempfile
import unittest
import wave

import built

EXE = os.environ["ATTUNE_EXE"]
BUILD = pathlib.Path(os.environ["ATTUNE_BUILD"])
FFMPEG = re.compile(r"\b(lib(?:avformat|avcodec|avutil|swscale|swresample)\.so\.\d+)")


def needed():
    said = subprocess.run(["readelf", "-d", BUILD / "src/attune"], check=True, capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if "NEEDED" in line]


@unittest.skipUnless(platform.machine() in ("x86_64", "aarch64"), "linked, on this processor")
@unittest.skipUnless(shutil.which("readelf"), "no readelf")
class Start(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.sound = f"{self.folder.name}/sound.wav"
        with wave.open(self.sound, "wb") as out:
            out.setparams((1, 2, 16000, 0, "NONE", None))
            out.writeframes(bytes(range(256)) * 25)

    def loaded_by(self, *words):
        """Libraries of FFmpeg's, as the loader tells."""
        env = {**os.environ, "LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{self.folder.name}/loader"}
        subprocess.run([EXE, *words], check=True, capture_output=True, env=env, cwd=self.folder.name)
        logs = list(pathlib.Path(self.folder.name).glob("loader.*"))
        self.assertTrue(logs)
        return {name for log in logs for name in FFMPEG.findall(log.read_text(errors="replace"))}

    def test_without_a_file_needs_no_ffmpeg(self):
        self.assertTrue(needed())
        self.assertFalse(FFMPEG.search("\n".join(needed())))
        self.assertNotRegex("\n".join(needed()), r"cairo|websockets|jose")
        self.assertEqual(self.loaded_by("--version"), set())
        self.assertEqual(self.loaded_by("info"), set())

    def test_a_file_loads_all_of_it(self):
        found = self.loaded_by("degrade", self.sound, "--corrupt", "quiet=6", "-o", "out.wav", "--quiet")
        self.assertEqual(len(found), 5, found)

    def test_what_cannot_be_loaded_is_said(self):
        found = self.loaded_by("degrade", self.sound, "--corrupt", "quiet=6", "-o", "out.wav", "--quiet")
        for name in ("libavformat", "libswscale"):
            library = next(file for file in found if file.startswith(name))
            broken = pathlib.Path(self.folder.name, name)
            broken.mkdir()
            (broken / library).write_bytes(b"no library")
            run = subprocess.run([EXE, "analyze", self.sound, "-o", "report", "--quiet"], capture_output=True, text=True,
                                 env={**os.environ, "LD_LIBRARY_PATH": str(broken)}, cwd=self.folder.name)
            self.assertEqual(run.returncode, 1)
            self.assertRegex(run.stderr, rf"^attune: FFmpeg cannot be loaded: .*{library}: [^\n]+\n$")
            self.assertFalse(pathlib.Path(self.folder.name, "report").exists())

    def test_what_draws_cannot_be_loaded(self):
        subprocess.run([EXE, "analyze", self.sound, "-o", "report", "--quiet"], check=True, cwd=self.folder.name)
        broken = pathlib.Path(self.folder.name, "drawing")
        broken.mkdir()
        (broken / "libcairo.so.2").write_bytes(b"no library")
        for kind, code in (("srt", 0), ("pdf", 1)):
            run = subprocess.run([EXE, "export", "report", "--to", kind, "-o", f"report.{kind}"], capture_output=True, text=True,
                                 env={**os.environ, "LD_LIBRARY_PATH": str(broken)}, cwd=self.folder.name)
            if "there is no" in run.stderr:
                self.skipTest("built without cairo")
            self.assertEqual(run.returncode, code, run.stderr)
        self.assertRegex(run.stderr, r"^attune export: cairo cannot be loaded: .*libcairo.so.2: [^\n]+\n$")


@unittest.skipUnless(shutil.which("strip"), "no strip")
class Built(unittest.TestCase):
    def model_of(self, exe):
        env = {name: value for name, value in os.environ.items() if name != "ATTUNE_MODEL"}
        done = subprocess.run([exe, "info"], env=env, capture_output=True, text=True)
        return done.stdout + done.stderr

    def test_it_holds_no_path_of_where_it_was_built(self):
        """As it is installed, stripped; so two builds in two places are the same. Where it was built it still finds its files."""
        root = os.environ["ATTUNE_SRC"]
        with tempfile.TemporaryDirectory() as name:
            (pathlib.Path(name) / "bin").mkdir()
            exe = f"{name}/bin/attune"
            if subprocess.run(["strip", "-o", exe, EXE], capture_output=True).returncode:
                self.skipTest("a program of another processor")
            self.assertFalse(os.fsencode(root) in pathlib.Path(exe).read_bytes(), "its build folder's path is in it")
            self.assertNotIn(root, self.model_of(exe))
            self.assertIn(f"{root}/models/default.safetensors", self.model_of(EXE))
            pathlib.Path(name, "source-root").write_text(root + "\n")
            self.assertEqual(self.model_of(exe), self.model_of(EXE))

    @unittest.skipUnless("address" in built.sanitizers(), "nothing looks for leaks")
    def test_leaks_are_looked_for_when_it_ends(self):
        """It does not end at once then (main.c), so that what the sanitizer does at the end is done."""
        env = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":atexit=1"}
        done = subprocess.run([EXE, "--version"], env=env, capture_output=True, text=True, check=True)
        self.assertIn("exit stats", done.stderr)


if __name__ == "__main__":
    unittest.main()
