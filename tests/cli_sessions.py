#!/usr/bin/env python3
"""attune analyze --store and attune sessions as a user meets them: what is kept, what is shown, what is
gone; killed, interrupted, on a full disk, on a damaged file.

Needs ATTUNE_EXE. What needs a model takes $ATTUNE_MODEL or models/default.safetensors and is skipped
without one.
"""
import contextlib
import json
import math
import os
import pathlib
import random
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import tempfile
import time
import unittest
import wave

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
MODEL = pathlib.Path(os.environ.get("ATTUNE_MODEL") or SOURCE / "models/default.safetensors")

needs_model = unittest.skipUnless(MODEL.is_file(), "no default model yet")


def write_voice(path, seconds):
    """Something like a voice: a buzz in syllables, the last fifth of each second silent."""
    noise = random.Random(1)
    second = bytearray()
    for i in range(16000):
        t = i % 145 / 145
        buzz = 9000 * (1 - 2 * t) * math.sin(i * 0.25) * math.sin(i * math.pi / 3200)
        second += struct.pack("<h", int(buzz if i < 12800 else 0) + noise.randint(-20, 20))
    with wave.open(str(path), "wb") as f:
        f.setparams((1, 2, 16000, 0, "NONE", ""))
        for _ in range(seconds):
            f.writeframesraw(bytes(second))


class Case(unittest.TestCase):
    def setUp(self):
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # the disk is not what is tested
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-sessions-", dir=memory))
        self.addCleanup(shutil.rmtree, self.dir)
        self.db = self.dir / "mine.db"

    def command(self, *args):
        env = {k: v for k, v in os.environ.items() if k not in ("ATTUNE_STORE", "XDG_DATA_HOME")}
        env.update(HOME=str(self.dir / "home"), ATTUNE_MODEL=str(MODEL), TZ="UTC")
        return dict(args=[EXE, *map(str, args)], cwd=self.dir, env=env, stdin=subprocess.DEVNULL)

    def run_attune(self, *args, code=0, **more):
        done = subprocess.run(**{**self.command(*args), **more}, capture_output=True, text=True,
                              timeout=280)
        self.assertEqual(done.returncode, code, f"{args}: {done.stderr}{done.stdout}")
        self.assertNotIn("runtime error", done.stderr)  # of a sanitizer
        self.assertNotIn("Sanitizer", done.stderr)
        return done

    def sessions(self, *args, **more):
        return self.run_attune("sessions", *args, "--store", self.db, **more)

    def ask(self, sql):
        with contextlib.closing(sqlite3.connect(self.db, timeout=10)) as db:
            return db.execute(sql).fetchall()

    def keep(self, seconds=4, *more):
        voice = self.dir / "maria-muster.wav"
        write_voice(voice, seconds)
        return self.run_attune("analyze", voice, "-o", "out", "--store", self.db, "--threads", 1, *more)


class Usage(Case):
    def test_help_teaches(self):
        text = self.run_attune("sessions", "--help").stdout
        for word in ("list", "show", "export", "delete", "$ATTUNE_STORE", "Examples", "docs/store.md"):
            self.assertIn(word, text)
        self.assertLess(max(map(len, text.splitlines())), 101)

    def test_wrong_usage(self):
        for args in ([], ["lost"], ["show"], ["show", "x"], ["show", "0"], ["show", "1", "2"], ["delete"],
                     ["delete", "1", "--all"], ["list", "1"], ["list", "--all"], ["show", "1", "--sinks", "csv"],
                     ["show", "1", "-o", "x", "--sinks", "none"], ["list", "--stor", "x", "y"],
                     ["keep"], ["keep", "-1"], ["trends", "1"], ["trends", "--all"], ["group", "--person", "x"],
                     ["group", "--since", "today"], ["list", "-o", "x"]):
            done = self.run_attune("sessions", *args, code=2)
            self.assertIn("see attune sessions --help", done.stderr, args)
        for args in (["--person", "x"], ["--store", "a", "--person", "x" * 65]):
            self.run_attune("analyze", "a.wav", *args, code=2)
        for label in b"Jos\xe9", b"Jos\xe8":  # which would both be shown as Jos?
            self.assertIn("no UTF-8", self.run_attune("analyze", "a.wav", "--store", "a", "--person", os.fsdecode(label),
                                                      code=2).stderr)

    def test_nothing_kept(self):
        self.assertEqual(self.run_attune("sessions", "list").stdout, "nothing is kept\n")
        self.assertEqual(json.loads(self.run_attune("sessions", "list", "--json").stdout),
                         {"keep_days": None, "bytes": 0, "sessions": []})
        self.assertFalse((self.dir / "home").exists())
        self.assertIn("No such file", self.sessions("list", code=1).stderr)
        self.assertFalse(self.db.exists())

    def test_no_store(self):
        self.db.write_text("Dear diary,")
        self.assertIn("is no store of attune", self.sessions("list", code=1).stderr)
        self.assertEqual(self.db.read_text(), "Dear diary,")
        self.db.write_text("")
        self.assertIn("is empty", self.sessions("list", code=1).stderr)
        self.assertEqual(self.db.stat().st_size, 0)


@needs_model
class Kept(Case):
    def test_only_when_asked(self):
        voice = self.dir / "a.wav"
        write_voice(voice, 2)
        self.run_attune("analyze", voice, "-o", "out")
        self.assertFalse((self.dir / "home").exists())
        self.assertEqual(sorted(p.name for p in self.dir.iterdir()), ["a.wav", "out"])

    def test_the_whole_way(self):
        done = self.keep(4, "--person", "ada")
        self.assertIn(f"kept as      session 1 in {self.db}", done.stdout)
        self.assertEqual(self.db.stat().st_mode & 0o777, 0o600)
        rows = (self.dir / "out/timeline.csv").read_text().splitlines()
        self.assertEqual(self.ask("SELECT count(*) FROM windows"), [(len(rows) - 1,)])
        self.assertNotIn(b"maria", self.db.read_bytes())
        listed = self.sessions("list").stdout
        self.assertRegex(listed, r"(?m)^ +1  20..-..-.. ..:..  4 s +8 .* file +ada$")
        shown = self.sessions("show", 1).stdout
        for word in ("session 1", "of           ada", "text 2", "attune default 9", "windows      8"):
            self.assertIn(word, shown)
        self.assertNotIn("speed", shown)

        # the report made anew says the same as the first
        self.sessions("show", 1, "-o", "again")
        for name in ("timeline.csv", "timeline.jsonl", "timeline.vtt"):
            self.assertEqual((self.dir / "again" / name).read_text(), (self.dir / "out" / name).read_text())
        again, first = (json.loads((self.dir / d / "summary.json").read_text()) for d in ("again", "out"))
        for key in ("all", "faces", "presence", "windows", "windows_abstained", "duration_s", "options"):
            self.assertEqual(again[key], first[key], key)

        # so do the figures of past sessions
        one = json.loads(self.sessions("show", 1, "--json").stdout)
        for what in ("expression", "engagement"):
            for name, figure in one["figures"][what].items():
                self.assertEqual(figure["share"], first["all"][what]["share"][name])
                self.assertEqual(figure["interval"], first["all"][what]["interval"][name])
        for name, figure in one["figures"]["states"].items():
            self.assertEqual(figure["level"], first["all"]["states"][name]["mean_level"])
        self.assertEqual(one["session"]["model"]["digest"][:4].isalnum(), True)
        self.assertEqual(json.loads(self.sessions("list", "--json").stdout)["sessions"], [one["session"]])
        trends = json.loads(self.sessions("trends", "--person", "ada", "--json").stdout)
        self.assertEqual(trends["sessions"][0]["figures"], one["figures"])
        self.assertEqual(trends["weeks"][0]["figures"], one["figures"])
        self.assertIn("session 1, 20", self.sessions("trends", "--person", "ada").stdout)
        self.assertIn("there are no sessions", self.sessions("trends").stdout)

        export = json.loads(self.sessions("export", 1).stdout)
        self.assertEqual(len(export["windows"]), len(rows) - 1)
        self.assertEqual(export["session"]["person_label"], "ada")
        self.assertEqual(export["session"]["summary"]["all"], first["all"])
        self.sessions("export", 1, "-o", "mine.json")
        self.assertEqual(json.loads((self.dir / "mine.json").read_text()), export)
        self.assertEqual((self.dir / "mine.json").stat().st_mode & 0o777, 0o600)

        self.assertIn("1 session gone", self.sessions("delete", 1).stdout)
        self.assertIn("there is no session 1", self.sessions("show", 1, code=1).stderr)
        self.assertNotIn(b"ada", self.db.read_bytes())
        self.keep(2)
        self.keep(2)
        self.keep(2)
        ids = [session["id"] for session in json.loads(self.sessions("list", "--json").stdout)["sessions"]]
        some = self.sessions("delete", ids[0], 99, ids[1], code=1)  # what is not there keeps no other
        self.assertIn("2 sessions gone", some.stdout)
        self.assertIn("there is no session 99", some.stderr)
        self.assertEqual(self.sessions("delete", 99, code=1).stdout, "")
        self.keep(2)
        self.assertIn("2 sessions gone", self.sessions("delete", "--all").stdout)
        self.assertEqual(self.sessions("list").stdout, "nothing is kept\n")

    def test_live_and_file(self):
        self.keep(2)
        with open(self.dir / "maria-muster.wav", "rb") as voice:
            self.run_attune("analyze", "--live", "-", "-o", "live", "--store", self.db, stdin=voice)
        kept = json.loads(self.sessions("list", "--json").stdout)["sessions"]
        self.assertEqual([k["source"] for k in sorted(kept, key=lambda k: k["id"])], ["file", "live"])

    def test_demo_clip(self):
        self.run_attune("analyze", SOURCE / "demo/talking_head.mp4", "-o", "out", "--store", self.db)
        first = json.loads((self.dir / "out/summary.json").read_text())["all"]
        figures = json.loads(self.sessions("show", 1, "--json").stdout)["figures"]
        for name, figure in figures["expression"].items():
            self.assertEqual(figure["share"], first["expression"]["share"][name])
            self.assertEqual(figure["interval"], first["expression"]["interval"][name])
        for name, figure in figures["states"].items():
            self.assertEqual(figure["level"], first["states"][name]["mean_level"])
            self.assertEqual(figure["interval"], first["states"][name]["interval"])
        self.assertAlmostEqual(figures["seconds"], first["expression"]["seconds"])

    def test_beside(self):
        """A signal and a chat: as in the report of the recording, and no word of a message anywhere."""
        (self.dir / "watch.csv").write_text("time,heart_rate,clicks\n" + "".join(f"{i / 2},{70 + i},{i % 2}\n" for i in range(8)))
        (self.dir / "chat.csv").write_text("time,text\n1,this is confusing\n2,Fjordquark\n")
        self.keep(4, "--signal", "watch.csv", "--events", "clicks", "--chat", "chat.csv")
        self.assertNotIn(b"Fjordquark", self.db.read_bytes())
        shown = self.sessions("show", 1, "-o", "again").stdout
        self.assertIn("signal       heart_rate 71.9 (70 to 74.5), clicks", shown)
        self.assertIn("chat         2 messages", shown)
        for name in ("timeline.csv", "timeline.jsonl"):
            self.assertEqual((self.dir / "again" / name).read_bytes(), (self.dir / "out" / name).read_bytes())
        self.assertIn("heart_rate over time", (self.dir / "again/report.html").read_text())
        self.assertRegex(self.sessions("trends").stdout, r"    beside       heart_rate 7\d\.\d, clicks 0\.\d+/s; 2 messages\n")
        export = json.loads(self.sessions("export", 1).stdout)
        self.assertEqual([lane["name"] for lane in export["beside"]], ["heart_rate", "clicks", ""])
        self.assertEqual(len(export["signals"]), 2 * len(export["beside_windows"]))
        self.assertIn("1 session gone", self.sessions("delete", 1).stdout)
        self.assertEqual(self.ask("SELECT (SELECT count(*) FROM beside) + (SELECT count(*) FROM signals)"), [(0,)])

    def test_earlier_where_nothing_can_be_written(self):
        """A file of version 3 is read as it lies there."""
        self.keep(4)
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            db.executescript("DROP TABLE signals; DROP TABLE beside_windows; DROP TABLE beside; PRAGMA user_version = 3;"
                             "PRAGMA journal_mode = DELETE")
        done = self.on_small_disk("4m", (
            'cp mine.db disk/x.db; mount -o remount,ro disk; "$0" sessions show 1 --store disk/x.db'))
        self.assertIn("session 1", done.stdout, done.stderr)
        self.assertEqual(done.stderr, "")

    def test_keep_and_group(self):
        self.keep(2, "--person", "ada")
        self.assertIn("more than 30 days; 0 sessions gone", self.sessions("keep", 30).stdout)
        self.assertEqual(json.loads(self.sessions("list", "--json").stdout)["keep_days"], 30)
        self.ask("PRAGMA user_version")
        with contextlib.closing(sqlite3.connect(self.db)) as db, db:
            db.execute("UPDATE sessions SET ended_s = 1000")
        self.keep(2)
        self.assertEqual(self.ask("SELECT id FROM sessions"), [(2,)])
        self.assertIn("until they are deleted", self.sessions("keep", 0).stdout)
        for days in (36501, 2**32 + 1):
            self.assertIn("is no number for it", self.sessions("keep", days, code=2).stderr)
        self.assertEqual(self.ask("SELECT id FROM sessions"), [(2,)])
        many = [f"p{i}" for i in range(257)]
        self.assertIn("no more than 256 labels", self.sessions("group", "--people", ",".join(many), code=2).stderr)
        self.assertIn("fewer than 10 people", self.sessions("group", "--people", ",".join(many[1:]), code=1).stderr)
        refused = self.sessions("group", "--since", "2026-01-01", "--json", code=1)
        self.assertIn("fewer than 10 people", json.loads(refused.stdout)["refused"])
        self.assertIn("refused", refused.stderr)

    def test_default_place(self):
        voice = self.dir / "a.wav"
        write_voice(voice, 2)
        self.db = self.dir / "home/.local/share/attune/sessions.db"
        self.run_attune("analyze", voice, "-o", "out", "--store", self.db)
        self.assertEqual(self.db.parent.stat().st_mode & 0o777, 0o700)
        self.assertIn("file", self.run_attune("sessions", "list").stdout)

    def wait_for_windows(self, child, n):
        for _ in range(1200):
            self.assertIsNone(child.poll(), "ended too early")
            if self.db.exists():
                with contextlib.suppress(sqlite3.OperationalError):
                    seen = self.ask("SELECT count(*) FROM windows")[0][0]
                    if seen >= n:
                        return seen
            time.sleep(0.05)
        self.fail("no windows came")

    def start_long(self):
        voice = self.dir / "long.wav"
        write_voice(voice, 1000)
        return subprocess.Popen(**self.command("analyze", voice, "-o", "out", "--store", self.db, "--causal",
                                               "--threads", 1, "--quiet"), stderr=subprocess.DEVNULL)

    def test_kill(self):
        child = self.start_long()
        try:
            seen = self.wait_for_windows(child, 30)
        finally:
            child.kill()
            child.wait()
        self.assertEqual(self.ask("PRAGMA integrity_check"), [("ok",)])
        ends = [row[0] for row in self.ask("SELECT end_us FROM windows ORDER BY id")]
        self.assertGreaterEqual(len(ends), seen)
        self.assertEqual(ends, [500000 * (i + 1) for i in range(len(ends))])
        self.assertIn("no end", self.sessions("list").stdout)
        self.assertIn("no: it goes on, or its program was killed", self.sessions("show", 1).stdout)
        self.keep(2)
        self.assertEqual(self.ask("SELECT id, ended_s IS NULL FROM sessions ORDER BY id"), [(1, 1), (2, 0)])

    def test_interrupted(self):
        child = self.start_long()
        try:
            self.wait_for_windows(child, 10)
            child.send_signal(signal.SIGINT)
            self.assertEqual(child.wait(60), 130)
        finally:
            child.kill()
        self.assertEqual(self.ask("SELECT interrupted, ended_s > 0, summary IS NULL FROM sessions"),
                         [(1, 1, 0)])

    def test_full_disk(self):
        voice = self.dir / "a.wav"
        write_voice(voice, 200)
        done = self.run_attune(
            "analyze", voice, "-o", "out", "--sinks", "summary", "--store", self.db, "--causal", code=1,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (250000, 250000)))
        self.assertIn(str(self.db), done.stderr)
        self.assertEqual(self.ask("PRAGMA integrity_check"), [("ok",)])
        n = self.ask("SELECT count(*) FROM windows")[0][0]
        self.assertGreater(n, 10)
        self.assertIn(f" {n} ", self.sessions("list").stdout)

    def on_small_disk(self, size, script):
        """sh runs it beside an empty file system, "disk"; "$0" is attune."""
        (self.dir / "disk").mkdir()
        mount = ["unshare", "-rm", "sh", "-c"]
        small = f"mount -t tmpfs -o size={size} tmpfs '{self.dir}/disk' && "
        if not shutil.which("unshare") or subprocess.run([*mount, small + "true"], capture_output=True).returncode:
            self.skipTest("no file system can be mounted here")
        return subprocess.run([*mount, small + script, EXE], capture_output=True, text=True, timeout=280,
                              **{k: v for k, v in self.command().items() if k in ("cwd", "env")})

    def test_reading_needs_no_room(self):
        """Nor what a killed program left beside the file to be put into it, nor a folder that can be written."""
        self.keep(4)
        with contextlib.closing(sqlite3.connect(self.db)) as db:
            db.execute("UPDATE sessions SET source = 'from the log'")
            db.commit()
            shutil.copy(self.db, self.dir / "killed.db")
            shutil.copy(f"{self.db}-wal", self.dir / "killed.db-wal")
        read = "".join(f'"$0" {command} --store disk/x.db >/dev/null || exit 1; ' for command in (
            "sessions list", "sessions show 1", "sessions export 1", "sessions trends", "consent list"))
        fill = "dd if=/dev/zero of=disk/all bs=1k count=9999 2>/dev/null; "
        done = self.on_small_disk("400k", (
            f'cp mine.db disk/x.db; {fill}{read} "$0" sessions delete 1 --store disk/x.db; '
            f'mount -o remount,ro disk; {read} mount -o remount,rw disk; rm disk/*; '
            f'cp killed.db disk/x.db; cp killed.db-wal disk/x.db-wal; {fill}{read} "$0" sessions list --store disk/x.db; '
            'mount -o remount,ro disk; "$0" sessions list --store disk/x.db'))
        self.assertRegex(done.stderr, "^attune sessions: [^\n]*/disk/x.db: the disk is full\n$")
        self.assertEqual(done.stdout.count("from the log"), 2)

    def test_full_file_system(self):
        """The same on a small file system of its own, where the kernel lets us mount one."""
        write_voice(self.dir / "a.wav", 300)
        done = self.on_small_disk("700k", (
            '"$0" analyze a.wav -o out --sinks summary --causal --store disk/x.db; echo rc $?;'
            '"$0" sessions list --store disk/x.db; "$0" sessions export 1 --store disk/x.db >export.json; echo rc $?;'
            'mount -o remount,size=9m disk; "$0" sessions delete 1 --store disk/x.db; cp disk/x.db mine.db'))
        self.assertRegex(done.stdout, r"(?s)^rc 1\n.* file .*rc 0\n1 session gone from disk/x.db\n$", done.stderr)
        self.assertIn("disk/x.db: the disk is full", done.stderr)  # whether its end still had room is a matter of pages
        ends = [w["end_us"] for w in json.loads((self.dir / "export.json").read_text())["windows"]]
        self.assertGreater(len(ends), 20)
        self.assertEqual(ends, [500000 * (i + 1) for i in range(len(ends))])
        self.assertEqual(self.ask("PRAGMA integrity_check"), [("ok",)])

    def test_damage(self):
        self.keep(8)
        whole = self.db.read_bytes()
        for at in range(4096, len(whole), 4096):
            self.db.write_bytes(whole[:at] + os.urandom(4096) + whole[at + 4096:])
            for args in (["list"], ["show", 1], ["export", 1]):
                done = subprocess.run(**self.command("sessions", *args, "--store", self.db),
                                      capture_output=True, text=True, timeout=60)
                self.assertIn(done.returncode, (0, 1))
                self.assertNotIn("Sanitizer", done.stderr)
        self.db.write_bytes(whole[:5000])
        self.assertIn("mine.db: is damaged", self.sessions("list", code=1).stderr)


if __name__ == "__main__":
    unittest.main()
