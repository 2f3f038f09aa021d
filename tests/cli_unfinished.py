#!/usr/bin/env python3
"""A run that has begun: what a signal, a kill, a second run or a pipe among the outputs makes of it.

Needs ATTUNE_EXE and a model.
"""
import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import threading
import time
import unittest

import built
from cli_analyze import Case, OUTPUTS, needs_model, write_wav, write_y4m


@needs_model
class Runs(Case):
    """Of a run that has begun and waits for more out of a pipe."""

    def setUp(self):
        super().setUp()
        for name, seconds in ("old", 1), ("new", 2):
            write_wav(self.dir / f"{name}.wav", seconds)
            self.run_attune("analyze", f"{name}.wav", "-o", name, "--quiet", "--no-sandbox")

    def begin(self):
        """There is a report of an earlier run."""
        shutil.copytree(self.dir / "old", self.dir / "out", dirs_exist_ok=True)

    def is_of(self, name):
        """Whether all files of the folder out are of that run."""
        summary = json.loads((self.dir / "out/summary.json").read_text())
        same = [(self.dir / x / f).read_text() for x in ("out", name) for f in OUTPUTS[2:]]
        page = (self.dir / "out/report.html").read_text()
        return summary["input"] == f"{name}.wav" and same[:3] == same[3:] and f"{name}.wav" in page

    def check_leftovers(self):
        """The next run leaves its files alone in the folder."""
        self.run_attune("analyze", "old.wav", "-o", "out", "--quiet")
        self.assertEqual(sorted(os.listdir(self.dir / "out")), OUTPUTS)

    def start(self, *args, seconds=12, **more):
        """Returns it once it has written rows, and how many."""
        write_wav(self.dir / "a.wav", seconds)
        os.mkfifo(self.dir / "pipe")
        keep = os.open(self.dir / "pipe", os.O_RDWR)
        self.addCleanup(os.close, keep)
        p = subprocess.Popen(**{**self.command("analyze", "pipe", "--causal", *args), **more},
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(p.kill)
        threading.Thread(target=os.write, args=(keep, (self.dir / "a.wav").read_bytes())).start()
        rows = self.dir / "out/attune-unfinished/timeline.csv"
        before = -1
        for _ in range(1000):  # until no more come
            n = len(rows.read_text().splitlines()) if rows.exists() else 0
            if n > 5 and n == before or p.poll() is not None:
                break
            before = n
            time.sleep(2 if built.sanitizers() else 0.3)
        self.assertIsNone(p.poll())
        return p, n - 1

    def end(self, p, code):
        out, err = p.communicate(timeout=100)
        self.assertEqual(p.returncode, code, err)
        return err

    def test_what_grew_survives_a_kill(self):
        self.begin()
        p, rows = self.start("-o", "out")
        p.kill()
        self.end(p, -signal.SIGKILL)
        self.assertTrue(self.is_of("old"))
        grown = self.dir / "out/attune-unfinished"
        self.run_attune("analyze", "a.wav", "--causal", "-o", "unbroken", "--quiet")
        for name in ("timeline.csv", "timeline.jsonl"):
            text = (grown / name).read_text()
            self.assertTrue(text.endswith("\n"))
            self.assertTrue((self.dir / "unbroken" / name).read_text().startswith(text))
            self.assertGreaterEqual(text.count("\n"), rows)
        self.check_leftovers()

    def test_a_second_run_into_a_folder_is_refused(self):
        p, _ = self.start("-o", "out")
        done = self.run_attune("analyze", "new.wav", "-o", "out", code=1)
        self.assertIn("attune: out: another run is writing into this folder\n", done.stderr)
        self.assertTrue((self.dir / "out/attune-unfinished/timeline.csv").exists())
        self.run_attune("analyze", "new.wav", "-o", "other", "--quiet")
        p.send_signal(signal.SIGINT)
        self.end(p, 130)
        self.assertEqual(sorted(os.listdir(self.dir / "out")), OUTPUTS)

    def test_two_runs_over_several_inputs(self):
        (self.dir / "all").mkdir()
        held = os.open(self.dir / "all", os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        done = self.run_attune("analyze", "old.wav", "new.wav", "-o", "all", code=1)
        self.assert_one_line(done.stderr, "all: another run is writing into this folder")

    def test_signals_that_end_like_ctrl_c(self):
        for sig in (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
            p, _ = self.start("-o", "out")
            p.send_signal(sig)
            self.assertIn("interrupted; what was done is kept", self.end(p, 130))
            self.assertTrue(json.loads((self.dir / "out/summary.json").read_text())["interrupted"])
            shutil.rmtree(self.dir / "out")
            (self.dir / "pipe").unlink()

    def test_nohup_is_heeded(self):
        p, _ = self.start("-o", "out", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        p.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertIsNone(p.poll())
        p.send_signal(signal.SIGINT)
        self.end(p, 130)

    def test_ctrl_c_twice_at_once_means_it_once(self):
        self.begin()
        for gap in (0, 0.01, 0.1):
            p, _ = self.start("-o", "out")
            p.send_signal(signal.SIGINT)
            time.sleep(gap)
            p.send_signal(signal.SIGINT)
            self.end(p, 130)
            self.assertEqual(sorted(os.listdir(self.dir / "out")), OUTPUTS)
            self.assertIn("pipe", (self.dir / "out/report.html").read_text())
            (self.dir / "pipe").unlink()

    def test_streams_that_are_closed_are_no_outputs(self):
        def close():
            for fd in range(3):
                os.close(fd)
        p, _ = self.start("-o", "out", preexec_fn=close)
        for fd in range(3):
            self.assertEqual(os.readlink(f"/proc/{p.pid}/fd/{fd}"), "/dev/null")
        p.send_signal(signal.SIGINT)
        p.communicate(timeout=100)
        self.assertEqual(sorted(os.listdir(self.dir / "out")), OUTPUTS)
        done = subprocess.run(**{**self.command("--version"), "stdin": None}, preexec_fn=close)
        self.assertEqual(done.returncode, 1)

    def test_readers_put_a_killed_run_right(self):
        """It died between the decision and its last move."""
        for read in (["export", "out", "--to", "srt", "-o", "x.srt"],
                     ["export", "out", "new.wav", "--to", "overlay", "-o", "x.mp4"]):
            self.begin()
            stage = self.dir / "out/attune-finished"
            stage.mkdir()
            for name in OUTPUTS[2:]:
                (self.dir / "out" / name).rename(stage / f"{name}.old")
                shutil.copy(self.dir / "new" / name, stage)
            for name in OUTPUTS[:2]:
                shutil.copy(self.dir / "new" / name, self.dir / "out")
            subprocess.run(**self.command(*read), capture_output=True)  # of sound there is no overlay
            self.assertTrue(self.is_of("new"))
            self.assertFalse(stage.exists())

    def test_an_overlay_that_fails(self):
        write_y4m(self.dir / "moving.y4m", 30, 640, 480)
        what = ("analyze", "moving.y4m", "-o", "out", "--sinks", "jsonl,summary", "--export", "overlay", "--quiet")
        self.run_attune(*what)
        before = (self.dir / "out/overlay.mp4").read_bytes()
        most = (self.dir / "out/timeline.jsonl").stat().st_size + 4096
        self.assertGreater(len(before), most)
        done = self.run_attune(*what, code=1, preexec_fn=lambda:
                               resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
        self.assertIn("File too large", done.stderr)
        self.assertIn("attune: in out, of an earlier run: overlay.mp4\n", done.stderr)
        self.assertEqual((self.dir / "out/overlay.mp4").read_bytes(), before)
        self.assertEqual(sorted(os.listdir(self.dir / "out")), ["overlay.mp4", "summary.json", "timeline.jsonl"])

    def test_an_output_that_is_a_pipe(self):
        for name in OUTPUTS:
            (self.dir / "out").mkdir()
            os.mkfifo(self.dir / "out" / name)
            done = self.run_attune("analyze", "new.wav", "-o", "out", code=1)
            self.assertIn(f"attune: out/{name}: is not a regular file\n", done.stderr)
            self.assertEqual(os.listdir(self.dir / "out"), [name])
            shutil.rmtree(self.dir / "out")

    def test_an_export_into_a_pipe_that_nobody_reads(self):
        os.mkfifo(self.dir / "x.srt")
        done = self.run_attune("export", "new", "--to", "srt", "-o", "x.srt", code=1)
        self.assert_one_line(done.stderr, "x.srt: nobody reads this pipe")


if __name__ == "__main__":
    unittest.main(verbosity=2)
