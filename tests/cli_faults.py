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
import shutil
import signal
import subprocess
import time
import unittest

import built
import cli_analyze
from cli_analyze import Case, OUTPUTS, needs_model, write_wav, write_y4m

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
            self.run_attune("analyze", f"{name}.wav", "-o", name, "--quiet")
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
        for fresh in (False, True):
            for at in range(1, 400):
                before = self.begin(fresh)
                done = self.with_fault(call, at, "analyze", "new.wav", "-o", "out", "--quiet", "--threads", "1", **how)
                if not done:
                    break
                yield at, before, done
            self.assertGreater(at, 1, "no such call was made")

    def check_failures(self, call, **how):
        for at, before, done in self.each(call, **how):
            with self.subTest(call=call, at=at, before=before, **how):
                now = self.kind()
                if done.returncode == 0:
                    self.assertTrue(now == "new" or self.ended_early(), now)
                    continue
                self.assertEqual(done.returncode, 1)
                self.assertTrue(done.stderr.startswith("attune: "), done.stderr)
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


if __name__ == "__main__":
    unittest.main(verbosity=2)
