#!/usr/bin/env python3
"""What is written stays whole whatever fails: each system call of a kind in turn, and the program killed there.

Needs ATTUNE_EXE, ATTUNE_BUILD (for tests/fail_nth.so) and a model. A folder holds a report of an earlier run;
then another one fails. Afterwards the folder's files are all of the one or all of the other, and what went
wrong was said.
"""
import errno
import fcntl
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import threading
import time
import unittest

import built
from cli_analyze import SOURCE, Case, OUTPUTS, needs_model, write_wav

SHIM = pathlib.Path(os.environ.get("ATTUNE_BUILD", ".")) / "tests/fail_nth.so"
STAGES = {"attune-unfinished", "attune-finished"}

needs_shim = unittest.skipIf(built.sanitizers() or not SHIM.is_file(), "nothing can be put before a sanitizer")


class Folder(Case):
    """self.dir/out with a report of old.wav; new.wav is next."""

    def setUp(self):
        super().setUp()
        write_wav(self.dir / "old.wav", 1)
        write_wav(self.dir / "new.wav", 2)
        self.whole = {}
        for name in ("old", "new"):
            self.run_attune("analyze", f"{name}.wav", "-o", name, "--quiet", "--no-sandbox")
            self.whole[name] = self.contents(name)
            self.assertNotIn(None, self.whole[name].values())

    def contents(self, folder):
        """Of each file that there is, what tells runs apart (speed does not)."""
        folder, of = self.dir / folder, {}
        for name in OUTPUTS:
            if not (folder / name).exists():
                continue
            text = (folder / name).read_text()
            if name == "summary.json":
                text = json.loads(text)["input"]
            elif name == "report.html":
                self.assertTrue(text.endswith("</html>\n"))
                text = ["old.wav" in text, "new.wav" in text]
            of[name] = text
        return of

    def kind(self, folder="out"):
        """old, new, none or mixed."""
        contents = self.contents(folder)
        for name, whole in {**self.whole, "none": {}}.items():
            if contents == whole:
                return name
        return "mixed"

    def begin(self, fresh):
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        if not fresh:
            shutil.copytree(self.dir / "old", self.dir / "out")
        return "none" if fresh else "old"

    def with_fault(self, call, at, *args, kill=False, on=False, error=errno.EIO):
        """Runs attune with a fault; None: it made fewer calls than that."""
        told = self.dir / "told"
        told.unlink(missing_ok=True)
        what = self.command(*args)
        what["env"].update(LD_PRELOAD=str(SHIM), FAIL_CALLS=call, FAIL_AT=str(at), FAIL_TOLD=str(told),
                           FAIL_ERRNO=str(error), **({"FAIL_ON": "1"} if on else {}),
                           **({"FAIL_KILL": "1"} if kill else {}))
        done = subprocess.run(**what, capture_output=True, text=True, errors="replace", timeout=100)
        return done if told.exists() else None

    def ended_early(self):
        """An input of which a part could not be read; the summary says why."""
        summary = json.loads((self.dir / "out/summary.json").read_text())
        return summary["truncated"] and "Input/output error" in summary["truncated_reason"]

    def settled(self):
        """A reader sees to it that the folder is whole."""
        self.run_attune("export", "out", "--to", "srt", "-o", "x.srt", "--quiet")
        return self.kind()

    def check_leftovers(self):
        """The next run leaves its files alone in the folder."""
        self.run_attune("analyze", "old.wav", "-o", "out", "--quiet")
        self.assertEqual(sorted(os.listdir(self.dir / "out")), OUTPUTS)


@needs_model
@needs_shim
class Faults(Folder):
    def each(self, call, **how):
        """Calls of a kind in turn: (n-th, what was there before, how it ended)."""
        for fresh in (False,) if how else (False, True):
            for at in range(1, 400):
                before = self.begin(fresh)
                done = self.with_fault(call, at, "analyze", "new.wav", "-o", "out", "--quiet", "--no-sandbox", "--threads", "1",
                                       **how)
                if not done:
                    break
                yield at, before, done
            self.assertGreater(at, 1, f"no {call} was made")

    def check_failures(self, call, **how):
        for at, before, done in self.each(call, **how):
            with self.subTest(call=call, at=at, before=before, **how):
                now = self.kind()
                if done.returncode == 0:
                    self.assertTrue(now == "new" or self.ended_early(), now)
                    continue
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, "^attune: .*" + os.strerror(how.get("error", errno.EIO)))
                if now == "mixed":  # then it is said, and the next that comes by ends it
                    self.assertIn("out/attune-finished", done.stderr)
                    now = self.settled()
                    self.assertEqual(now, "new")
                self.assertIn(now, (before, "new"))

    def test_a_call_that_fails(self):
        for call in "write", "open", "close", "fsync", "rename", "link", "mkdir", "unlink", "read":
            self.check_failures(call)

    def test_calls_that_fail_from_there_on(self):
        for call in "write", "close", "fsync", "rename", "link", "unlink":
            self.check_failures(call, on=True, error=errno.ENOSPC)

    def test_a_rename_that_fails_is_taken_back(self):
        """Without another run, or a reader of ours."""
        for at, before, done in self.each("rename"):
            self.assertEqual(done.returncode, 1)
            self.assertEqual(self.kind(), before)
            self.assertEqual(STAGES & set(os.listdir(self.dir / "out") if before == "old" else []), set())

    def test_a_run_that_is_killed(self):
        for call in "write", "fsync", "rename", "link", "mkdir", "unlink":
            for at, before, done in self.each(call, kill=True):
                with self.subTest(call=call, at=at, before=before):
                    self.assertEqual(done.returncode, -signal.SIGKILL)
                    now = self.kind()
                    if (self.dir / "out/attune-finished").exists():
                        now = self.settled()
                        self.assertEqual(now, "new")
                    self.assertIn(now, (before, "new"))
        self.check_leftovers()


@needs_model
class Runs(Folder):
    """Of a run that has begun and waits for more out of a pipe."""

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
        for _ in range(600):  # until there are no more for a second
            n = len(rows.read_text().splitlines()) if rows.exists() else 0
            if n > 5 and n == before or p.poll() is not None:
                break
            before = n
            time.sleep(5 if built.sanitizers() else 1)
        self.assertIsNone(p.poll())
        return p, n - 1

    def end(self, p, code):
        out, err = p.communicate(timeout=100)
        self.assertEqual(p.returncode, code, err)
        return err

    def test_what_grew_survives_a_kill(self):
        self.begin(False)
        p, rows = self.start("-o", "out")
        p.kill()
        self.end(p, -signal.SIGKILL)
        self.assertEqual(self.kind(), "old")
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
        self.begin(False)
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
            self.begin(False)
            stage = self.dir / "out/attune-finished"
            stage.mkdir()
            for name in OUTPUTS[2:]:
                (self.dir / "out" / name).rename(stage / f"{name}.old")
                shutil.copy(self.dir / "new" / name, stage)
            for name in OUTPUTS[:2]:
                shutil.copy(self.dir / "new" / name, self.dir / "out")
            subprocess.run(**self.command(*read), capture_output=True)  # of sound there is no overlay
            self.assertEqual(self.kind(), "new")
            self.assertFalse(stage.exists())

    def test_an_overlay_that_fails(self):
        what = ("analyze", SOURCE / "demo/talking_head.mp4", "-o", "out", "--sinks", "jsonl,summary", "--export", "overlay", "--quiet")
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
