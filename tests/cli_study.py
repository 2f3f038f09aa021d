#!/usr/bin/env python3
"""attune analyze --manifest and attune merge: many recordings, by many processes that are killed and go on.

Needs ATTUNE_EXE and a model.
"""
import csv
import json
import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import time
import unittest

import built
import running
from cli_analyze import EXE, MODEL, OUTPUTS, Case, Page, needs_model, without_progress, write_wav

TABLES = ["failures.csv", "index.html", "recordings.csv", "windows.csv"]
COUNT = 7
BROKE_OFF = 75  # nothing of the recordings' fault


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def rows(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


class Study(Case):
    def setUp(self):
        super().setUp()
        (self.dir / "in").mkdir()
        for i in range(COUNT):
            write_wav(self.dir / f"in/s{i}.wav", 2 + i / 2, speech=i != 3)

    def manifest(self, lines, name="in/m.csv"):
        (self.dir / name).write_text("\n".join(lines) + "\n", errors="surrogateescape")
        return name

    def usual(self):
        return self.manifest(["path,condition", *(f's{i}.wav,"c, {i % 2}"' for i in range(COUNT))])

    def study(self, *args, code=0, manifest="in/m.csv", **more):
        return self.run_attune("analyze", "--manifest", manifest, "--no-video", *args, code=code, **more)

    def figures(self, folder):
        """recordings.csv but for where the reports lie; windows.csv."""
        table = rows(self.dir / folder / "recordings.csv")
        for row in table:
            row.pop("folder")
        return table, (self.dir / folder / "windows.csv").read_bytes()


@needs_model
class Whole(Study):
    def test_tables_are_of_what_each_input_gives_alone(self):
        self.usual()
        done = self.study("-o", "all", "-j", 3)
        self.assertIn(f"{COUNT} recordings: {COUNT} done, 0 failed, 0 to do", done.stdout)
        self.run_attune("analyze", "in/s2.wav", "--no-video", "-o", "one", "--quiet")
        one = rows(self.dir / "one/timeline.csv")
        windows = [r for r in rows(self.dir / "all/windows.csv") if r.pop("recording") == "s2"]
        self.assertEqual(windows, one)
        summary = json.loads((self.dir / "one/summary.json").read_text())
        row = rows(self.dir / "all/recordings.csv")[2]
        self.assertEqual((row["recording"], row["path"], row["condition"], row["state"], row["folder"]),
                         ("s2", "s2.wav", "c, 0", "done", "s2"))
        self.assertEqual(float(row["duration_s"]), summary["duration_s"])
        self.assertEqual(int(row["windows"]), len(one))
        mean = summary["all"]["expression"]["mean_probability"]["happy"]
        self.assertAlmostEqual(float(row["mean_happy"]), mean, places=5)
        page = Page((self.dir / "all/index.html").read_text())
        self.assertEqual(page.open, [])
        self.assertIn('href="s6/report.html">s6</a>', (self.dir / "all/index.html").read_text())
        self.assertEqual(sorted(p.name for p in (self.dir / "all/s0").iterdir()), sorted([*OUTPUTS, "input.txt"]))

    def test_shards_and_processes_do_not_matter(self):
        self.usual()
        self.study("-o", "all", "-j", 1)
        for i in (3, 1, 2):
            self.study("-o", f"s{i}", "--shard", f"{i}/3", "-j", 2)
        self.run_attune("merge", "s1", "s2", "s3", "-o", "merged")
        self.assertEqual(self.figures("merged"), self.figures("all"))
        self.assertEqual([r["folder"] for r in rows(self.dir / "merged/recordings.csv")],
                         [f"../s{i % 3 + 1}/s{i}" for i in range(COUNT)])
        self.assertIn('href="../s2/s1/report.html"', (self.dir / "merged/index.html").read_text())
        for i in (1, 2):  # into one folder, too
            self.study("-o", "both", "--shard", f"{i}/2")
        self.run_attune("merge", "both")
        self.assertEqual(self.figures("both"), self.figures("all"))
        for name in TABLES:
            self.assertEqual((self.dir / "both" / name).read_bytes(), (self.dir / "all" / name).read_bytes())

    def test_a_shard_alone_says_what_is_to_do(self):
        self.usual()
        said = self.study("-o", "s1", "--shard", "1/2").stdout
        self.assertIn("shard 1 of 2: 4 done, 0 failed", said)
        said = self.run_attune("merge", "s1", code=1)
        self.assertIn(f"{COUNT} recordings: 4 done, 0 failed, 3 to do", said.stdout)
        self.assert_one_line(said.stderr, f"3 of {COUNT} recordings are not analysed yet: s1, s3, s5\n")
        self.assertEqual(self.run_attune("merge", "s1", "--partial", "--quiet").stderr, "")
        self.assertEqual([r["state"] for r in rows(self.dir / "s1/recordings.csv")], ["done", "to do"] * 3 + ["done"])

    def test_a_clip_that_was_replaced_is_analysed_again(self):
        self.manifest(["path", "s0.wav", "s1.wav"])
        self.study("-o", "out")
        before = rows(self.dir / "out/recordings.csv")
        was = (self.dir / "in/s0.wav").stat()
        shutil.copy(self.dir / "in/s4.wav", self.dir / "in/s0.wav")
        os.utime(self.dir / "in/s0.wav", ns=(was.st_atime_ns, was.st_mtime_ns))
        self.assertIn("has results already (s0)", self.study("-o", "out", code=1).stderr)
        done = self.study("-o", "out", "--resume")
        self.assertIn("in/s0.wav: is not the file that was analysed\nattune: 1 of 2 are done\n", done.stderr)
        after = rows(self.dir / "out/recordings.csv")
        self.assertEqual(after[1], before[1])
        self.assertEqual((before[0]["duration_s"], after[0]["duration_s"]), ("2", "4"))
        was = (self.dir / "in/s1.wav").stat()
        os.utime(self.dir / "in/s1.wav", ns=(was.st_atime_ns, was.st_mtime_ns - 10**9))
        self.assertIn("in/s1.wav: is not", self.study("-o", "out", "--resume").stderr)
        self.assertNotIn("is not", self.study("-o", "out", "--resume").stderr)

    def test_what_fails_anew_has_no_result(self):
        """The one of the file before would take its place."""
        self.manifest(["path", "s0.wav", "s1.wav", "s2.wav"])
        self.study("-o", "out")
        (self.dir / "in/s1.wav").write_text("no sound")
        os.truncate(self.dir / "out/s2/timeline.csv", 100)
        (self.dir / "in/s2.wav").unlink()
        for _ in range(2):
            done = self.study("-o", "out", "--resume", code=1)
            self.assertIn("3 recordings: 1 done, 2 failed, 0 to do", done.stdout)
            self.assertEqual([r["recording"] for r in rows(self.dir / "out/failures.csv")], ["s1", "s2"])
            self.assertIn("2 failed", self.run_attune("merge", "out").stdout)
        write_wav(self.dir / "in/s1.wav", 4)
        self.assertIn("2 done, 1 failed", self.study("-o", "out", "--resume", code=1).stdout)

    def test_a_bad_file_does_not_stop_it(self):
        (self.dir / "in/bad.wav").write_text("no sound")
        self.manifest(["path,id", "s0.wav,first", "bad.wav,bad", "nowhere.wav,none", "s1.wav,last"])
        done = self.study("-o", "all", code=1)
        self.assertIn("4 recordings: 2 done, 2 failed, 0 to do", done.stdout)
        failed = rows(self.dir / "all/failures.csv")
        self.assertEqual([r["recording"] for r in failed], ["bad", "none"])
        self.assertIn("it is text", failed[0]["reason"])
        self.assertIn("No such file", failed[1]["reason"])
        shutil.copy(self.dir / "in/s2.wav", self.dir / "in/nowhere.wav")  # what failed is tried again
        before = (self.dir / "all/first/summary.json").stat().st_mtime_ns
        done = self.study("-o", "all", "--resume", code=1)
        self.assertIn("4 recordings: 3 done, 1 failed, 0 to do", done.stdout)
        self.assertIn("2 of 4 are done", done.stderr)
        self.assertEqual((self.dir / "all/first/summary.json").stat().st_mtime_ns, before)
        self.assertEqual([p.parent.name for p in self.dir.glob("all/*/failed.txt")], ["bad"])
        header = (self.dir / "all/windows.csv").read_text().split("\n", 1)[0]
        self.manifest(["path,id", "bad.wav,bad"])
        self.study("-o", "none", code=1)
        self.assertEqual((self.dir / "none/windows.csv").read_text(), header + "\n")

    def test_a_disk_that_is_full_fails_no_recording(self):
        self.usual()
        done = self.study("-o", "out", "-j", 1, code=BROKE_OFF, preexec_fn=limit_files)
        self.assertNotIn("failed,", done.stdout)
        self.assertEqual(list(self.dir.glob("out/*/failed.txt")), [])
        self.assertLess(done.stderr.count("\n"), 3, done.stderr)
        shard = self.study("-o", "shard", "-j", 1, "--shard", "1/2", code=BROKE_OFF, preexec_fn=limit_files)
        self.assertRegex(shard.stdout, r"^shard 1 of 2: \d+ done, 0 failed, [1-9]\d* left\n$")
        self.study("-o", "out", "--resume")
        self.assertEqual(len(list(self.dir.glob("out/*/summary.json"))), COUNT)

    def test_exports_and_their_mistakes(self):
        self.usual()
        self.study("-o", "out", "--export", "eaf")
        self.assertTrue((self.dir / "out/s0/timeline.eaf").is_file())
        for args in (["--export", "nonsense"], ["--export", "overlay"], ["--sinks", "csv,jsonl,summary,nonsense"],
                     ["--no-audio"], ["--person", "bob"], ["-o", ""]):
            self.assert_one_line(self.study(*args, code=2).stderr, "attune analyze")


@needs_model
class Killed(Study):
    def begin(self, *args):
        p = subprocess.Popen(**self.command("analyze", "--manifest", "in/m.csv", "--no-video", "-o", "out", *args),
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(p.wait)
        self.addCleanup(p.stderr.close)
        self.addCleanup(p.kill)
        return p

    def wait_done(self, n):
        until = time.monotonic() + 300
        while len(list(self.dir.glob("out/*/summary.json"))) < n:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)

    def wait_begun(self, recording):
        until = time.monotonic() + 300
        while not (self.dir / "out" / recording / "attune-unfinished").exists():
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)

    def test_what_was_done_is_not_done_again(self):
        self.usual()
        write_wav(self.dir / "in/s6.wav", 30 if built.sanitizers() else 100)  # long enough to be found at it
        self.study("-o", "all")
        for how in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
            shutil.rmtree(self.dir / "out", ignore_errors=True)
            p = self.begin("-j", "1")
            self.wait_begun("s6")
            workers = running.children(p.pid)
            p.send_signal(how)
            self.assertEqual(p.wait(timeout=300), -9 if how == signal.SIGKILL else 130)
            until = time.monotonic() + 60
            while any(pathlib.Path(f"/proc/{w}/cwd").exists() for w in workers):  # a zombie has none
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)
            done = {p: p.stat().st_mtime_ns for p in self.dir.glob("out/*/summary.json")}
            self.assertFalse((self.dir / "out/s6/summary.json").exists())
            self.study("-o", "out", "--resume")
            for path, when in done.items():
                self.assertEqual(path.stat().st_mtime_ns, when)
            self.assertEqual(self.figures("out"), self.figures("all"))
            self.assertEqual(list(self.dir.glob("out/*/attune-*")), [])

    def test_two_runs_share_the_work(self):
        """What one is at the other leaves to it."""
        write_wav(self.dir / "in/s1.wav", 3600)
        self.manifest(["path", "s1.wav", "s0.wav"])
        p = self.begin("-j", "1")
        self.wait_begun("s1")
        done = self.study("-o", "out", "-j", "1", "--resume")
        self.assertIn("2 recordings: 1 done, 0 failed, 1 to do", done.stdout)
        self.assertEqual(done.stderr, "")
        p.send_signal(signal.SIGINT)
        self.assertEqual(p.wait(timeout=300), 130)

    def test_shards_that_begin_together_are_of_one_study(self):
        self.usual()
        for i in range(6):
            both = [subprocess.Popen(**self.command("analyze", "--manifest", "in/m.csv", "--no-video", "-o", f"out{i}",
                                                    "--quiet", "-j", "1", *args), stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True)
                    for args in (["--shard", "1/2"], ["--shard", "2/2", "--causal"])]
            said = "".join(p.communicate(timeout=300)[1] for p in both)
            self.assertEqual(sorted(p.returncode for p in both), [0, 1], said)
            self.assert_one_line(said, "other options")

    def test_runs_that_end_together_both_make_the_tables(self):
        self.usual()
        (self.dir / "out").mkdir()
        held = os.open(self.dir / "out", os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        p = self.begin("-j", "1")
        self.wait_done(COUNT)
        with self.assertRaises(subprocess.TimeoutExpired):
            p.wait(timeout=1)
        fcntl.flock(held, fcntl.LOCK_UN)
        self.assertEqual(p.wait(timeout=300), 0)
        self.assertEqual([r["state"] for r in rows(self.dir / "out/recordings.csv")], ["done"] * COUNT)

    def test_a_caller_that_ignores_children(self):
        self.usual()
        self.study("-o", "out", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))

    def test_a_process_that_dies_fails_its_recording_alone(self):
        write_wav(self.dir / "in/s4.wav", 3600)  # long enough to be found at it
        self.usual()
        p = self.begin("-j", "1")
        self.wait_done(4)
        worker = running.children(p.pid)[0]
        self.wait_begun("s4")
        os.kill(worker, signal.SIGKILL)
        said = p.communicate(timeout=300)[1]
        self.assertEqual(p.returncode, 1, said)
        failed = rows(self.dir / "out/failures.csv")
        self.assertEqual([r["recording"] for r in failed], ["s4"])
        self.assertIn("signal 9", failed[0]["reason"])
        self.assertEqual(len(list(self.dir.glob("out/*/summary.json"))), COUNT - 1)


@needs_model
class Beside(Study):
    """Signals and chats of recordings."""

    def setUp(self):
        super().setUp()
        for name, text in {"hr.csv": "time,hr\n" + "".join(f"{t},{60 + t}\n" for t in range(5)),
                           "both.csv": "time,eda,hr\n0,0.5,70\n1,0.6,71\n2,0.7,75\n",
                           "dated.csv": "date,hr\n2026-05-04T10:00:01Z,70\n2026-05-04T10:00:02Z,71\n",
                           "chat.csv": "time,from,text\n1,ann,I am confused\n2,bob,boring\n",
                           "bad.csv": "time,hr\n0,70\n1,fast\n"}.items():
            (self.dir / "in" / name).write_text(text)
        self.manifest([
            "path,signal,signal_offset,chat,chat_offset,zero,mood",
            "s0.wav,,,,,,calm",
            "s1.wav,hr.csv,0.5,,,,",
            "s2.wav,both.csv,,chat.csv,-0.5,,",
            "s3.wav,bad.csv,,,,,",
            "s4.wav,dated.csv,,,,2026-05-04T10:00:00Z,",
            "s5.wav,,,nowhere.csv,,,",
            "s6.wav,dated.csv,,,,yesterday,"])

    def alone(self, recording, *args):
        self.run_attune("analyze", f"in/{recording}.wav", "--no-video", "-o", f"alone-{recording}", "--quiet", *args)
        return rows(self.dir / f"alone-{recording}/timeline.csv")

    def test_each_has_its_own(self):
        done = self.study("-o", "all", "-j", 1, "--chat-of", "ann", code=1)
        self.assertIn("7 recordings: 4 done, 3 failed, 0 to do", done.stdout)
        self.assertEqual([(r["recording"], r["reason"]) for r in rows(self.dir / "all/failures.csv")],
                         [("s3", "in/bad.csv:3: hr is 'fast', no number: say which columns to take (--columns)"),
                          ("s5", "in/nowhere.csv: No such file or directory"),
                          ("s6", "in/dated.csv: the zero 'yesterday' is not a date as in 2026-05-04T10:15:30.250Z")])
        alone = {"s0": self.alone("s0"), "s1": self.alone("s1", "--signal", "in/hr.csv", "--signal-offset", .5),
                 "s2": self.alone("s2", "--signal", "in/both.csv", "--chat", "in/chat.csv", "--chat-offset", -.5,
                                  "--chat-of", "ann"),
                 "s4": self.alone("s4", "--signal", "in/dated.csv", "--zero", "2026-05-04T10:00:00Z")}
        windows = rows(self.dir / "all/windows.csv")
        self.assertEqual({r["recording"] for r in windows}, set(alone))
        for recording, expected in alone.items():
            of = [r for r in windows if r["recording"] == recording]
            self.assertEqual([{k: r[k] for k in expected[0]} for r in of], expected)
            more = set(of[0]) - set(expected[0]) - {"recording"}
            self.assertEqual({r[k] for r in of for k in more}, {""} if more else set())
        self.assertEqual([k for k in windows[0] if k.startswith(("signal_mean", "chat_m", "weight_"))],
                         ["weight_face", "weight_voice", "signal_mean_hr", "weight_signal", "signal_mean_eda",
                          "chat_messages", "weight_chat"])
        self.assertTrue(any(r["signal_mean_eda"] for r in windows) and any(r["chat_messages"] == "1" for r in windows))
        table = rows(self.dir / "all/recordings.csv")
        self.assertEqual((table[0]["mood"], table[1]["signal"], table[1]["signal_offset"]), ("calm", "hr.csv", "0.5"))
        for i in (2, 1):
            self.study("-o", f"s{i}", "--shard", f"{i}/2", "--chat-of", "ann", code=1)
        self.run_attune("merge", "s1", "s2", "-o", "merged")
        self.assertEqual(self.figures("merged"), self.figures("all"))

    def test_a_time_that_the_manifest_gives_anew(self):
        """In the study's own folder the manifest is changed under it."""
        shutil.copytree(self.dir / "in", self.dir / "own")
        for offset, seen in ("0", "60"), ("-1", "61"):
            (self.dir / "own/manifest.csv").write_text(f"path,signal,signal_offset\ns1.wav,hr.csv,{offset}\n")
            done = self.run_attune("analyze", "--manifest", "own/manifest.csv", "-o", "own", "--no-video", "--resume")
            self.assertIn("1 done", done.stdout)
            told = [r["signal_mean_hr"] for r in rows(self.dir / "own/windows.csv")]
            self.assertEqual(told[0], seen)
        self.assertIn("its signal or chat another time", done.stderr)

    def test_a_pipe_is_no_recording(self):
        os.mkfifo(self.dir / "in/pipe.wav")
        self.manifest(["path", "pipe.wav", "s0.wav"])
        self.study("-o", "out", code=1)
        self.assertEqual([(r["recording"], r["reason"]) for r in rows(self.dir / "out/failures.csv")],
                         [("pipe", "it is no file, so it cannot be read again")])

    def test_a_log_that_was_replaced_is_read_again(self):
        self.manifest(["path,chat,signal", "s0.wav,,", "s2.wav,chat.csv,hr.csv"])
        self.study("-o", "out")
        self.assertEqual(self.study("-o", "out", "--resume").stderr, "attune: 2 of 2 are done\n")
        for name in "chat.csv", "hr.csv":
            with open(self.dir / "in" / name, "a") as f:
                f.write("7,90,\n" if name == "chat.csv" else "7,90\n")
            done = self.study("-o", "out", "--resume")
            self.assertEqual(done.stderr, f"attune: in/{name}: is not the file that was analysed\nattune: 1 of 2 are done\n")
        (self.dir / "in/chat.csv").unlink()  # nobody can know, and a result is better than none
        self.assertEqual(self.study("-o", "out", "--resume").stderr, "attune: 2 of 2 are done\n")

    def test_options_are_of_all(self):
        self.manifest(["path,signal", "s1.wav,hr.csv", "s2.wav,both.csv"])
        self.study("-o", "out", "--columns", "hr", "--events", "hr", "--log-time", "s")
        self.assertEqual([k for k in rows(self.dir / "out/windows.csv")[0] if k.startswith("signal_mean")], ["signal_mean_hr"])
        for other in (["--columns", "hr", "--log-time", "s"], ["--columns", "hr", "--events", "hr"],
                      ["--events", "hr", "--log-time", "s"]):
            self.assert_one_line(self.study("-o", "out", "--resume", *other, code=1).stderr, "other options")
        self.assertIn("there is no column 'h", self.study("-o", "odd", "--events", "h\udcff,hr", code=1).stderr)
        done = self.study("-o", "eda", "--columns", "eda", code=1)
        self.assertIn("in/hr.csv:1: there is no column 'eda'", done.stderr)
        self.assertIn("1 done, 1 failed", done.stdout)

    def test_what_means_nothing_without_them(self):
        self.manifest(["path,zero,signal_offset", "s0.wav,group,soon"])
        self.study("-o", "out")
        self.assertEqual(rows(self.dir / "out/recordings.csv")[0]["signal_offset"], "soon")
        self.manifest(["path,chat,chat_offset,signal_offset,zero", "s0.wav,,0.0,soon,", "s2.wav,chat.csv,,,2026-05-04T10:00:00Z"])
        self.study("-o", "more")  # 0 moves nothing

    def test_mistakes(self):
        for option in (["--signal", "in/hr.csv"], ["--chat", "in/chat.csv"], ["--signal-offset", 1], ["--chat-offset", 1],
                       ["--zero", "2026-05-04"]):
            self.assert_one_line(self.study(*option, code=2).stderr, "attune analyze: a --manifest has columns signal")
        for column, seconds in ("signal", "soon"), ("chat", "1e9"), ("chat", "nan"):
            self.manifest([f"path,{column},{column}_offset", "s0.wav,,", f"s1.wav,hr.csv,{seconds}"])
            self.assert_one_line(self.study("-o", "out", code=1).stderr, f"in/m.csv:3: {column}_offset is '{seconds}'")
        for header, row, said in (
                ("path,signal,signal_offset", "s1.wav,,0.5", "signal_offset is '0.5', and the row names no signal"),
                ("path,signal,chat,chat_offset", "s1.wav,hr.csv,,-2", "chat_offset is '-2', and the row names no chat"),
                ("path,chat,zero", "s1.wav,,2026-05-04", "zero is '2026-05-04', and the row names no signal and no chat")):
            self.manifest([header, "s0.wav" + header.count(",") * ",", row])
            self.assert_one_line(self.study("-o", "out", code=1).stderr, f"in/m.csv:3: {said}")
        for options, column in ((["--columns", "hr"], "'signal'"), (["--events", "hr"], "'signal'"),
                                (["--chat-of", "ann"], "'chat'"), (["--log-time", "ms"], "'signal' or 'chat'")):
            self.usual()
            self.assert_one_line(self.study("-o", "out", *options, code=1).stderr, f"no column {column}")
        self.assertFalse((self.dir / "out").exists())

    def test_damaged_timelines_are_named(self):
        self.manifest(["path,signal", "s0.wav,", "s1.wav,hr.csv"])
        self.study("-o", "out")
        first, second = (self.dir / f"out/{name}/timeline.csv" for name in ("s0", "s1"))
        plain, whole = first.read_text(), second.read_text()
        common, rest = plain.split("\n", 1)
        many = [",".join([common, *(f"signal_{name}{i}" for i in range(n))]) for name, n in (("a", 3000), ("b", 3000), ("c", 5000))]
        lines = whole.split("\n", 1)[1]
        begun, last = plain[:-1].rsplit("\n", 1)
        for text, other, said in ((plain, whole.replace("signal_", "other,signal_", 1), "s1/timeline.csv: has other columns"),
                                  (plain, f"{common},signal_x,signal_x\n{lines}", "s1/timeline.csv: has other columns"),
                                  (plain, f"{many[2]}\n{lines}", "s1/timeline.csv: more than 4096 columns"),
                                  (f"{many[0]}\n{rest}", f"{many[1]}\n{lines}", "s1/timeline.csv: with it there are more than 4096 columns in all"),
                                  (f"{begun}\n{last.replace(',', '', 1)}\n", whole, "s0/timeline.csv: is not whole")):
            first.write_text(text)
            second.write_text(other)
            self.assert_one_line(self.run_attune("merge", "out", code=1).stderr, f"out/{said}")


@needs_model
class Wrong(Study):
    def refused(self, *words, args=("-o", "out"), code=1):
        done = self.study(*args, code=code)
        self.assert_one_line(done.stderr, *words)

    def test_a_manifest_that_makes_no_sense(self):
        for lines, words in [(["path"], ["m.csv", "no recording"]),
                             (["file", "s0.wav"], ["m.csv", "'path'"]),
                             (["path,id", "s0.wav,a", ",b"], ["m.csv:3", "no path"]),
                             (["path,id", "s0.wav,../a"], ["m.csv:2", "'../a'"]),
                             (["path,id", "s0.wav,.a"], ["m.csv:2", "'.a'"]),
                             (["path,id", "s0.wav," + "a" * 101], ["m.csv:2"]),
                             (["path,id", "s0.wav,a", "s1.wav,a"], ["m.csv", "'a' is there twice"]),
                             (["path,id", "s0.wav,a", "s1.wav,A"], ["m.csv", "there twice"]),
                             (["path,id", "s0.wav,recordings.csv"], ["m.csv:2", "own file"]),
                             (["path,id", "s0.wav,Attune-finished"], ["m.csv:2", "own file"]),
                             (["path,state", "s0.wav,x"], ["m.csv", "'state'", "recordings.csv's own"]),
                             (["path,mean_happy", "s0.wav,x"], ["m.csv", "'mean_happy'"]),
                             (["path,x,X", "s0.wav,1,2"], ["m.csv", "'X' is there twice"]),
                             (["id;x", "a;s0.wav"], ["m.csv", "no column 'path'"]),
                             (["path", "-"], ["m.csv:2", "'-'"]),
                             (["path,place", "s0.wav,caf\u00e9", "s1.wav,caf\udce9"], ["m.csv:3: this is no UTF-8"]),
                             (["path,caf\udce9", "s0.wav,x"], ["m.csv:1: this is no UTF-8"]),
                             (["path", "/dev/video0"], ["m.csv:2", "/dev/video0"]),
                             (["path", "s0.wav", "a/" * 5000 + "b.wav"], ["m.csv:3", "path is too long"]),
                             (["path,signal", "s0.wav,", "s1.wav," + "a" * 5000], ["m.csv:3", "signal is too long"]),
                             (["path,x", "s0.wav,1", "s1.wav,a\0b", "s2.wav,1"], ["m.csv:3", "a byte of 0"]),
                             ([",".join(["path"] + [f"c{i}" for i in range(70)]), "s0.wav"], ["m.csv:1", "more than 64"]),
                             (["path,id", "s0.wav,a,b"], ["m.csv", "2"])]:
            self.manifest(lines)
            self.refused(*words)
            self.assertEqual(list(self.dir.glob("out/*/summary.json")), [])
        with open(self.dir / self.usual()) as manifest:
            done = subprocess.run(["sh", "-c", f'cat | "{EXE}" analyze --manifest /dev/stdin -o out'], cwd=self.dir,
                                  stdin=manifest, env={**os.environ, "ATTUNE_MODEL": str(MODEL)}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr, "/dev/stdin: can be read only once")

    def test_a_manifest_of_a_spreadsheet(self):
        self.manifest(["sep=;", "path;id;dose", "s0.wav;first;1,5"])
        self.study("-o", "out")
        self.assertEqual([(r["recording"], r["dose"]) for r in rows(self.dir / "out/recordings.csv")], [("first", "1,5")])

    def test_names_are_made_and_told_apart(self):
        for folder in ("a", "b"):
            (self.dir / "in" / folder).mkdir()
            shutil.copy(self.dir / "in/s0.wav", self.dir / f"in/{folder}/x y.wav")
        for name in ("x_y-2", "recordings.csv", "attune-finished"):
            shutil.copy(self.dir / "in/s0.wav", self.dir / f"in/{name}.wav")
        self.manifest(["path,", "a/x y.wav,", "s0.wav,", "b/x y.wav,", f"{self.dir}/in/a/x y.wav,", "x_y-2.wav,",
                       "recordings.csv.wav,", "attune-finished.wav,", ",", ""])
        self.study("-o", "out")
        self.assertEqual([r["recording"] for r in rows(self.dir / "out/recordings.csv")],
                         ["x_y", "s0", "x_y-2", "x_y-3", "x_y-2-2", "recordings_csv", "attune_finished"])

    def test_what_is_there_is_not_taken_for_ones_own(self):
        self.manifest(["path", "s0.wav"])
        self.study("-o", "out")
        self.refused("out", "--resume")
        self.refused("other options", args=("-o", "out", "--resume", "--causal"))
        self.manifest(["path", "s1.wav"])
        self.refused("another manifest", args=("-o", "out", "--resume"))
        self.study("-o", "other")
        done = self.run_attune("merge", "out", "other", "-o", "m", code=1)
        self.assert_one_line(done.stderr, "not of one study")
        self.assertFalse((self.dir / "m").exists())

    def test_damaged_results_are_named(self):
        self.usual()
        self.study("-o", "out")
        (self.dir / "out/s2/summary.json").write_text("")
        self.assert_one_line(self.run_attune("merge", "out", code=1).stderr, "out/s2/summary.json")
        self.study("-o", "out", "--resume")  # does it anew
        before = (self.dir / "out/windows.csv").read_bytes()
        for name, damage in (("csv", lambda whole: whole.replace("start_s", "begin_s", 1)), ("jsonl", lambda _: ""),
                             ("csv", lambda whole: whole[:-5]), ("csv", lambda _: "")):
            timeline = self.dir / f"out/s1/timeline.{name}"
            whole = timeline.read_text()
            timeline.write_text(damage(whole))
            done = self.run_attune("merge", "out", code=1)
            self.assert_one_line(done.stderr, f"out/s1/timeline.{name}")
            self.assertEqual((self.dir / "out/windows.csv").read_bytes(), before)
            timeline.write_text(whole)

    def test_damaged_timelines_are_made_anew(self):
        self.manifest(["path", *(f"s{i}.wav" for i in range(6))])
        self.study("-o", "out")
        before = self.figures("out")
        damaged = [self.dir / f"out/s{i}/timeline.{name}" for i, name in enumerate(("csv", "csv", "csv", "jsonl", "jsonl"))]
        os.truncate(damaged[0], 1000)
        os.truncate(damaged[1], 0)
        damaged[2].unlink()
        damaged[3].write_text("".join(damaged[3].read_text().splitlines(True)[:-1]))
        damaged[4].write_text(damaged[4].read_text() + "{")
        self.assert_one_line(self.study("-o", "out", code=1).stderr, "has results already (s0)")
        done = self.study("-o", "out", "--resume")
        self.assertEqual(without_progress(done.stderr), "".join(f"attune: {p.relative_to(self.dir)}: is not whole\n"
                                                                for p in damaged) + "attune: 1 of 6 are done\n")
        self.assertEqual(self.figures("out"), before)

    def test_options_that_do_not_go_together(self):
        self.usual()
        for args in (["in/s0.wav"], ["--json"], ["--sinks", "html"], ["--store", "x.db"], ["--shard", "0/2"],
                     ["--shard", "3/2"], ["--shard", "2"], ["--shard", "1/2x"], ["-j", "0"]):
            self.refused("attune analyze", args=args, code=2)
        for args in (["-j", 2], ["--shard", "1/2"]):
            done = self.run_attune("analyze", "in/s0.wav", *args, code=2)
            self.assert_one_line(done.stderr, "--manifest")
        self.run_attune("merge", code=2)
        self.assert_one_line(self.run_attune("merge", "nowhere", code=1).stderr, "nowhere")


if __name__ == "__main__":
    unittest.main(verbosity=2)
