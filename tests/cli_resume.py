#!/usr/bin/env python3
"""attune analyze --resume of one recording: killed anywhere, and gone on with to the same bytes.

Needs ATTUNE_EXE and a model; ATTUNE_FAULTS (failing.py) says how often it is killed.
"""
import errno
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import built
import failing
from cli_analyze import EXE, MODEL, SOURCE, Case, needs_model, write_wav, write_y4m

SLOW = built.sanitizers()
KEPT = ["attune-resume.state", "attune-resume.told"]
CLIP = HEAD = SOURCE / "demo/talking_head.mp4"
SHORTER = 6 if "emulator" in SLOW else 3 if SLOW else 1  # times: what is heard in as many seconds is no more


def setUpModule():
    """What is looked at from several sides is the clip's beginning."""
    global HEAD
    folder = tempfile.TemporaryDirectory(prefix="attune-resume-")
    unittest.addModuleCleanup(folder.cleanup)
    HEAD = pathlib.Path(folder.name, "head.mp4")
    subprocess.run(["ffmpeg", "-v", "error", "-i", CLIP, "-t", "8" if SHORTER == 1 else "4", "-c", "copy", HEAD], check=True)


def contents(folder):
    """But for the time that it took."""
    texts = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    for name, text in texts.items():
        text = re.sub(rb'"(elapsed_s|realtime_factor)": [0-9.e+-]+', b"", text)
        texts[name] = re.sub(rb"in [0-9.]+ s, (under )?[0-9.]+ times real time", b"", text)
    return texts


@needs_model
class Resume(Case):
    def analyze(self, *args, code=0, out="out"):
        return self.run_attune("analyze", *args, "-o", out, code=code)

    def begin(self, *args, after=0.0, out="out"):
        """A run that is killed so many seconds after it first kept something; whether it was."""
        process = subprocess.Popen(**self.command("analyze", *args, "-o", out, "--resume"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        while process.poll() is None and not (self.dir / out / KEPT[0]).exists():
            time.sleep(0.002)
        time.sleep(after)
        process.kill()
        return process.wait() == -signal.SIGKILL

    def whole(self, *args):
        begun = time.monotonic()
        self.analyze(*args, out="whole")
        self.lasts = time.monotonic() - begun
        return contents(self.dir / "whole")

    def check_killed(self, times, *args):
        whole, killed = self.whole(*args), 0
        for n in range(times):
            chance = random.Random(n)
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            for _ in range(chance.choice([1, 1, 2])):
                killed += self.begin(*args, "--threads", str(chance.choice([1, 2, 3])), after=chance.uniform(0, self.lasts))
            self.analyze(*args, "--resume", "--threads", str(chance.choice([1, 2, 3])))
            self.assertEqual(contents(self.dir / "out"), whole, n)
        self.assertGreaterEqual(killed, times // 2)

    def times(self, usual):
        return 200 if failing.MOST == "all" else int(failing.MOST or (1 if SLOW else usual))

    def test_killed_anywhere(self):
        self.check_killed(self.times(3), HEAD, "--rate", "4", "--export", "openface", "--thumbnails")

    def test_sound_alone(self):
        write_wav(self.dir / "a.wav", 30 // SHORTER)
        self.check_killed(1, "a.wav", "--causal")

    def logs(self, seconds=24):
        """A signal faster than windows have room for, for a while, and a chat."""
        times = sorted([t / 10 for t in range(10 * seconds)] + [8 + t / 5000 for t in range(5000)])
        (self.dir / "s.csv").write_text("time,hr,clicks\n" + "".join(
            f"{t:.4f},{60 + t % 7:.3f},{int(t) % 3 or ''}\n" for t in times))
        (self.dir / "c.csv").write_text("time,text\n" + "".join(
            f"{t},{('I am so confused', 'great thanks!', 'je ne sais pas')[t % 3]}\n" for t in range(1, seconds, 2)))
        return "--signal", "s.csv", "--events", "clicks", "--chat", "c.csv"

    def test_with_a_signal_and_a_chat(self):
        self.check_killed(self.times(2), HEAD, "--rate", "4", *self.logs(), "--export", "table")

    def test_learned_as_it_comes(self):
        write_wav(self.dir / "a.wav", 60 // SHORTER)
        self.check_killed(1, "a.wav", "--causal", *self.logs(70), "--signal-offset", "-5")

    def test_logs_that_are_others(self):
        write_wav(self.dir / "a.wav", 40 // SHORTER)
        logs = self.logs()
        self.assertTrue(self.begin("a.wav", *logs))
        for args in ([], ["--signal", "s.csv", "--chat", "c.csv"], [*logs, "--signal-offset", "1"], [*logs, "--chat-of", "ann"],
                     [*logs, "--columns", "clicks"], logs[:4], logs[4:]):
            if "--chat-of" in args:
                (self.dir / "c.csv").write_text((self.dir / "c.csv").read_text().replace("time", "time,from").replace(",", ",ann,"))
            said = self.analyze("a.wav", *args, "--resume", code=1).stderr
            self.assert_one_line(said, "its signal or its chat is another than when it was begun with; without "
                                       "out/attune-resume.state it is begun anew")
        logs = self.logs()
        self.assertIn("going on at", self.analyze("a.wav", *logs, "--resume").stderr)
        self.assertIn("is finished already", self.analyze("a.wav", *logs, "--resume").stderr)
        self.run_attune("export", "out", "--to", "summary")
        self.assertIn("is finished already", self.analyze("a.wav", *logs, "--resume").stderr)
        os.utime(self.dir / "s.csv")
        for args in logs, (*logs, "--signal-offset", "1"), logs[:2], ():
            self.assertIn("from the beginning", self.analyze("a.wav", *args, "--resume").stderr)

    @unittest.skipIf(SLOW, "takes too long with a sanitizer")
    def test_keys_that_are_none(self):
        """Every picture claims that nothing before it is needed: what comes of that is seen, and all is decoded."""
        data = CLIP.read_bytes()
        self.assertEqual(data.count(b"stss"), 1)
        (self.dir / "head.mp4").write_bytes(data.replace(b"stss", b"free"))
        args = "head.mp4", "--no-audio", "--rate", "12", "--threads", "1"
        whole, done = self.whole(*args), 0.0
        for tenths in range(1, 9):
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            self.begin(*args, after=tenths / 10 * self.lasts)
            said = self.analyze(*args, "--resume").stderr
            self.assertEqual(contents(self.dir / "out"), whole)
            done = max(done, *map(float, re.findall(r"going on at ([0-9.]+) s", said)), 0.0)
            if done > 6:
                break
        self.assertGreater(done, 6)

    @unittest.skipUnless(failing.POSSIBLE, "nothing can be put before a sanitizer")
    def test_whatever_fails(self):
        """Then it is gone on with, or begun anew."""
        write_wav(self.dir / "a.wav", 3)
        whole = self.whole("a.wav", "--no-sandbox")
        env = dict(os.environ, ATTUNE_MODEL=str(MODEL))
        runner = failing.Runner([EXE, "analyze", "a.wav", "-o", "out", "--resume", "--quiet", "--threads", "1", "--no-sandbox"],
                                self.dir, env)
        self.addCleanup(runner.close)
        for kind, error, how in [(k, errno.EIO, "once") for k in ("write", "open", "fsync", "rename")] + [
                ("space", errno.ENOSPC, "once"), ("write", errno.ENOSPC, "all"), ("alloc", errno.ENOMEM, "once"),
                ("write", 0, "kill"), ("rename", 0, "kill"), ("unlink", 0, "kill")]:
            for at in failing.some(self.calls(runner, kind), 2, 40, f"{kind} {how}"):
                shutil.rmtree(self.dir / "out", ignore_errors=True)
                done = runner.run(kind, at, error, how)
                with self.subTest(kind=kind, at=at, how=how, code=done.code, said=done.err):
                    self.assertIn(done.code, (0, 1, -signal.SIGKILL))
                    self.assertEqual(done.code == 1, done.err.count("\n") == 1)
                    after = runner.run("none")
                    self.assertEqual((after.code, after.err), (0, ""))
                    self.assertEqual(contents(self.dir / "out"), whole)

    def calls(self, runner, kind):
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        return runner.run(kind).made

    def test_what_it_says(self):
        write_wav(self.dir / "a.wav", 3)
        self.assertIn("a.wav: nothing was begun in out: from the beginning",
                      self.analyze("a.wav", "--resume").stderr)
        finished = contents(self.dir / "out")
        self.assertIn("a.wav: is finished already in out: nothing is to be done", self.analyze("a.wav", "--resume").stderr)
        self.assertEqual(self.analyze("a.wav", "--resume", "--json", "--quiet").stdout.encode(),
                         (self.dir / "out/summary.json").read_bytes())
        self.assertEqual(contents(self.dir / "out"), finished)
        write_wav(self.dir / "longer.wav", 4)
        os.utime(self.dir / "longer.wav", (10**9, 10**9))
        os.rename(self.dir / "a.wav", self.dir / "kept.wav")
        shutil.copy2(self.dir / "longer.wav", self.dir / "a.wav")  # which is older than the report, and another
        self.assertIn("from the beginning", self.analyze("a.wav", "--resume").stderr)
        self.assertEqual(json.loads((self.dir / "out/summary.json").read_text())["duration_s"], 4)
        os.rename(self.dir / "kept.wav", self.dir / "a.wav")
        self.analyze("a.wav", "--resume")
        for option in ("--causal",), ("--min-face", "30"), ("--thumbnails",):
            self.assertIn("from the beginning", self.analyze("a.wav", "--resume", *option).stderr)
            self.assertIn("is finished", self.analyze("a.wav", "--resume", *option).stderr)
        os.utime(self.dir / "a.wav")
        self.assertIn("from the beginning", self.analyze("a.wav", "--resume", *option).stderr)

    def test_what_is_another(self):
        write_wav(self.dir / "a.wav", 40 // SHORTER)
        write_wav(self.dir / "b.wav", 40 // SHORTER + 1)
        self.assertTrue(self.begin("a.wav"))
        self.assertEqual(sorted(p.name for p in (self.dir / "out").glob("attune-resume*")), KEPT)
        for name in KEPT:
            self.assertEqual((self.dir / "out" / name).stat().st_mode & 0o777, 0o600)
        for args, said in ((["a.wav", "--rate", "9"], "with other options; without it the recording is begun anew"),
                           (["b.wav"], "b.wav: is another than when it was begun with"),
                           (["-"], "what comes once cannot be gone on with"),
                           (["/dev/null"], "is no file: it cannot be gone on with")):
            self.assert_one_line(self.analyze(*args, "--resume", code=1).stderr, said)
        for name in KEPT:
            fine = (self.dir / "out" / name).read_bytes()
            for bad in (fine[:-1], fine[:len(fine) // 2] + bytes([fine[len(fine) // 2] ^ 1]) + fine[len(fine) // 2 + 1:]) if fine else ():
                (self.dir / "out" / name).write_bytes(bad)
                self.assert_one_line(self.analyze("a.wav", "--resume", code=1).stderr.split("\n", 1)[-1] or
                                     self.analyze("a.wav", "--resume", code=1).stderr, f"out/{name}: is damaged")
            (self.dir / "out" / name).write_bytes(fine)
        self.assertIn("going on at", self.analyze("a.wav", "--resume").stderr)
        self.assertEqual(list((self.dir / "out").glob("attune-*")), [])

    def test_what_is_another_of_the_same_size_and_time(self):
        write_wav(self.dir / "a.wav", 40 // SHORTER)
        write_y4m(self.dir / "v.y4m", 600 // SHORTER)
        inverse = bytes(255 - i for i in range(256))
        for name, mark in (("a.wav", b"data"), ("v.y4m", b"FRAME\n")):
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            path = self.dir / name
            self.assertTrue(self.begin(name, after=0.05), name)
            when, (head, *parts) = path.stat(), path.read_bytes().split(mark)
            path.write_bytes(mark.join([head, *(p[:4] + p[4:].translate(inverse) for p in parts)]))
            os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))
            self.assertIn(f"{name}: is another than when it was begun with", self.analyze(name, "--resume", code=1).stderr)

    def test_one_run_at_a_time(self):
        write_wav(self.dir / "a.wav", 90 // SHORTER)
        process = subprocess.Popen(**self.command("analyze", "a.wav", "-o", "out", "--resume", "--quiet"))
        while not (self.dir / "out" / KEPT[0]).exists():
            time.sleep(0.002)
        done = subprocess.run(**self.command("analyze", "a.wav", "-o", "out", "--resume", "--quiet"), stderr=subprocess.PIPE, text=True)
        process.kill()
        process.wait()
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "another run")

    def test_stopped_is_gone_on_with(self):
        write_wav(self.dir / "a.wav", 40 // SHORTER)
        whole = self.whole("a.wav")
        process = subprocess.Popen(**self.command("analyze", "a.wav", "-o", "out", "--resume"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        while not (self.dir / "out" / KEPT[0]).exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        self.assertIn("--resume goes on", process.communicate()[1])
        self.assertEqual(process.returncode, 130)
        process = subprocess.Popen(**self.command("analyze", "a.wav", "-o", "out", "--resume"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True)
        process.send_signal(signal.SIGINT)  # before it does, or while it catches up, or later
        self.assertIn(process.wait(), (130, -signal.SIGINT))
        process.stderr.close()
        self.analyze("a.wav", "--resume")
        self.assertEqual(contents(self.dir / "out"), whole)

    def test_nothing_is_left_of_what_was_done_anew(self):
        write_wav(self.dir / "a.wav", 40 // SHORTER)
        write_wav(self.dir / "short.wav", 3)
        (self.dir / "m.csv").write_text("path,id\nshort.wav,a\n")
        for args in (["short.wav", "-o", "out/a"], ["--manifest", "m.csv", "-o", "out"],
                     ["short.wav", "a.wav", "-o", "out"]):
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            self.assertTrue(self.begin("a.wav", out="out/a"))
            self.run_attune("analyze", *args)
            self.assertEqual(list(self.dir.glob("out/**/attune-*")), [])
        shutil.rmtree(self.dir / "out")
        self.assertTrue(self.begin("a.wav", out="out/a"))
        shutil.rmtree(self.dir / "out/a/attune-unfinished", ignore_errors=True)
        process = subprocess.Popen(**self.command("analyze", HEAD, "--causal", "-o", "out/a"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while not (self.dir / "out/a/attune-unfinished").exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertEqual(list(self.dir.glob("out/**/attune-*")), [])

    def test_usage(self):
        for args in (["a", "b"], ["a", "--live"], ["a", "--store", "s"], ["a", "--sinks", "csv"]):
            self.assert_one_line(self.run_attune("analyze", *args, "--resume", code=2).stderr, "--resume")


if __name__ == "__main__":
    unittest.main()
