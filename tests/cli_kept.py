#!/usr/bin/env python3
"""Live sessions that are kept: only if asked for, taken back, listed, saved and deleted over HTTP; stores that fail, and
servers that stop meanwhile. Needs what cli_serve.py needs."""
import contextlib
import json
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import built
from cli_serve import EXE, PATIENCE, Reader, Server, begin, clip, needs_ffmpeg, needs_model, needs_server, next_of, send

HAS_STORE = "without" not in subprocess.run([EXE, "sessions", "list", "--store", "/none/x"], capture_output=True,
                                            text=True).stderr


@needs_server
@needs_model
@needs_ffmpeg
@unittest.skipUnless(HAS_STORE, "a build without a store")
class Keeping(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.file = self.dir / "kept/sessions.db"
        self.server = Server("--store", str(self.file))
        self.addCleanup(lambda: self.server.__exit__())  # whichever is the last
        self.items = clip(3)

    def get(self, path, method="GET"):
        status, headers, body = self.server.ask(path, method, Authorization=self.server.bearer())
        if status == 200:
            self.assertEqual(headers["content-type"], "application/json")
        return (status, json.loads(body)) if body.startswith("{") else (status, body)

    def kept(self):
        return self.get("/sessions")[1]["sessions"]

    def live(self, *words, end=True, **hello):
        live, welcome = begin(self.server, **hello)
        self.assertTrue(welcome["store"])
        reader = Reader(live)
        for word in words:
            live.say(**word)
        send(live, reader, self.items)
        if end:
            live.say(type="end")
            reader.wait(lambda: reader.of("ended"))
        return live, reader, welcome

    @built.live_input
    def test_of_a_store_that_somebody_reads(self):
        """What is over goes, but for its traces; the rest can still be seen and deleted."""
        self.live(dict(type="keep", consent="2"))
        self.server.__exit__()
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as old:
            old.execute("UPDATE sessions SET ended_s = 1700000000")
        with contextlib.closing(sqlite3.connect(self.file, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM sessions").fetchall()
            self.server = Server("--store", str(self.file), "--keep", "30")
            self.assertEqual(self.kept(), [])

    @built.live_input
    def test_only_if_asked(self):
        _, reader, _ = self.live()
        self.assertEqual(len(reader.of("window")), 6)
        self.assertFalse(reader.of("ended")[0]["kept"])
        self.assertEqual(self.kept(), [])
        _, reader, _ = self.live(dict(type="keep", consent="1"), keep=False)
        self.assertEqual(len(reader.of("forgotten")), 1)
        self.assertEqual(self.kept(), [])
        self.assertEqual(self.get("/sessions/1")[0], 404)

    @built.live_input
    def test_kept_asked_and_deleted(self):
        _, reader, welcome = self.live(dict(type="keep", consent="1"))
        self.assertEqual([k["session"] for k in reader.of("kept")], [welcome["session"]])
        one, = self.kept()
        self.assertEqual((one["windows"], one["source"], one["consent"]["version"]), (6, "live", "1"))
        self.assertTrue(one["ended"])
        self.assertTrue(reader.of("ended")[0]["kept"])
        status, all_of_it = self.get(f"/sessions/{one['id']}")
        self.assertEqual(status, 200)
        self.assertEqual(len(all_of_it["windows"]), 6)
        self.assertNotIn(str(self.dir), json.dumps(all_of_it))
        self.files_of(one["id"])
        self.assertEqual(self.get("/trends")[0], 200)
        self.assertEqual(self.server.ask("/sessions")[0], 403)
        self.assertEqual(self.server.ask("/sessions", "DELETE", Authorization=self.server.bearer(),
                                         Origin="http://example.org")[0], 403)
        self.assertEqual(self.get("/sessions/77", "DELETE")[0], 404)
        for path in ("/sessions/", "/sessions/x", "/sessions/1x", "/sessions/-1", "/sessions/1/2"):
            self.assertEqual(self.get(path)[0], 404, path)
        self.assertEqual(self.get(f"/sessions/{one['id']}", "DELETE")[0], 200)
        self.assertEqual(self.kept(), [])

    @built.live_input
    def test_beside(self):
        """Rows and messages by the protocol: in windows, in the summary, in what is kept; their words nowhere."""
        self.server.__exit__()
        self.server = Server("--store", str(self.file), "--signals", "heart_rate,clicks", "--events", "clicks", "--chat")
        live, welcome = begin(self.server)
        self.assertEqual(welcome["signals"], [{"name": "heart_rate", "events": False}, {"name": "clicks", "events": True}])
        self.assertTrue(welcome["chat"])
        reader = Reader(live)
        live.say(type="keep", consent="2")
        first = self.items[0]
        send(live, reader, [first])
        live.say(type="signal", rows=[[i * 100000, 60 + i, 1 if i % 5 == 0 else None] for i in range(30)])
        live.say(type="chat", t=1200000, text="Fjordquark, I am so confused")
        send(live, reader, self.items[1:])
        live.say(type="end")
        reader.wait(lambda: reader.of("ended"))
        windows = reader.of("window")
        self.assertEqual([w["chat_messages"] for w in windows], [0, 0, 1, 1, 1, 1])
        self.assertGreater(windows[-1]["chat_confusion"], .5)
        self.assertAlmostEqual(windows[-1]["signal_mean_heart_rate"], 74.5, places=4)
        self.assertAlmostEqual(windows[-1]["signal_mean_clicks"], 2, places=4)
        self.assertEqual(reader.of("ended")[0]["summary"]["beside"]["chat"]["messages"], 1)
        self.assertEqual([said["dropped_beside"] for said in reader.of("state") if said["dropped_beside"]], [])
        one, = self.kept()
        self.assertEqual(one["beside"]["signals"], welcome["signals"])
        table = self.server.ask(f"/sessions/{one['id']}/timeline.csv", Authorization=self.server.bearer())[2].splitlines()
        self.assertTrue(table[0].endswith("condition_chat"))
        self.assertNotIn(b"Fjordquark", b"".join(p.read_bytes() for p in self.file.parent.iterdir()))
        live, _ = begin(self.server)
        reader = Reader(live)
        live.say(type="keep", consent="1")  # which does not speak of it
        reader.wait(lambda: reader.of("error"))
        self.assertEqual(reader.of("error")[0]["text"], "this session is not kept: the text that was agreed to is an earlier one")
        self.assertEqual(len(self.kept()), 1)

    def files_of(self, one):
        """Its report is shown, other files are saved; their names and numbers are checked."""
        def ask(path):
            return self.server.ask(path, "GET", Authorization=self.server.bearer())

        status, headers, page = ask(f"/sessions/{one}/report.html")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("connect" not in headers["content-security-policy"] and "default-src 'none'",
                      headers["content-security-policy"])
        self.assertNotIn("content-disposition", headers)
        self.assertIn(f"session {one}", page)
        self.assertIn("<dt>version</dt>", page, "of the model")
        status, headers, table = ask(f"/sessions/{one}/timeline.csv")
        self.assertEqual((status, headers["content-type"]), (200, "text/csv; charset=utf-8"))
        self.assertEqual(headers["content-disposition"], f'attachment; filename="attune-session-{one}-timeline.csv"')
        self.assertEqual(len(table.splitlines()), 7)
        self.assertTrue(ask(f"/sessions/{one}/timeline.eaf")[2].startswith("<?xml"))
        self.assertTrue(ask(f"/sessions/{one}/table.csv-metadata.json")[2].startswith("{"))
        self.assertNotIn("{", ask(f"/sessions/{one}/table.csv")[2])
        listed = json.loads(self.server.ask("/files", Authorization=self.server.bearer())[2])
        self.assertLessEqual({"report.html", "timeline.csv", "table.csv-metadata.json"}, set(listed))
        for file in listed:
            self.assertEqual(ask(f"/sessions/{one}/{file}")[0], 200, file)
        self.assertIn("404", ask("/sessions/77")[2])
        for path in ("77/report.html", f"{one}/", f"{one}/none.html", "x/report.html"):
            self.assertEqual(ask("/sessions/" + path)[0], 404, path)
        self.assertEqual(self.server.ask(f"/sessions/{one}/report.html")[0], 403)

    def test_kept_for_so_many_days(self):
        self.server.__exit__()
        self.server = Server("--store", str(self.file), "--keep", "90")
        self.assertEqual(self.get("/sessions")[1]["keep_days"], 90)
        self.server.__exit__()
        self.server = Server("--store", str(self.file))
        self.assertEqual(self.get("/sessions")[1]["keep_days"], 90, "the store keeps the number")
        for args in (["--keep", "90"], ["--keep", "0", "--store", "x"], ["--keep", "x", "--store", "x"]):
            self.assertEqual(subprocess.run([EXE, "serve", *args], capture_output=True).returncode, 2, args)

    @built.live_input
    def test_taken_back(self):
        live, reader, welcome = self.live(dict(type="keep", consent="1"), end=False)
        reader.wait(lambda: reader.of("kept"))
        self.assertEqual(len(self.kept()), 1)
        live.say(type="forget")
        reader.wait(lambda: reader.of("forgotten"))
        self.assertEqual(self.kept(), [])
        live.say(type="end")
        reader.wait(lambda: reader.of("ended"))
        self.assertEqual(self.kept(), [])

    def wish(self, live, answer, **word):
        live.say(**word)
        self.assertEqual(next_of(live, "kept", "forgotten", "error")["type"], answer)

    def test_never_kept_is_for_good(self):
        """Of the session, whatever its next connections say."""
        live, welcome = begin(self.server, keep=False)
        live.close()
        live, again = begin(self.server, resume=welcome["session"])
        self.assertTrue(again["resumed"])
        self.wish(live, "forgotten", type="keep", consent="1")
        self.assertEqual(self.kept(), [])
        live.close()

    def test_kept_and_then_never(self):
        live, welcome = begin(self.server)
        self.wish(live, "kept", type="keep", consent="1")
        self.assertEqual(len(self.kept()), 1)
        live.close()
        live, again = begin(self.server, resume=welcome["session"], keep=False)
        self.assertTrue(again["resumed"])
        self.assertEqual(next_of(live, "forgotten", "error")["type"], "forgotten")
        self.assertEqual(self.kept(), [])
        self.wish(live, "forgotten", type="forget")
        self.wish(live, "forgotten", type="keep", consent="1")
        self.assertEqual(self.kept(), [])
        live.close()

    def test_deleted_on_another_page(self):
        """It is not kept any more, and its client is told just that."""
        live, reader, _ = self.live(dict(type="keep", consent="1"), end=False)
        reader.wait(lambda: len(reader.of("window")) >= 5)
        self.assertEqual(self.get("/sessions", "DELETE")[0], 200)
        live.say(type="end")
        reader.wait(lambda: reader.of("ended"))
        self.assertFalse(reader.of("ended")[0]["kept"])
        self.assertEqual(self.kept(), [])
        self.assertEqual(reader.of("error"), [])

    def long_session(self):
        """One of an hour; its number."""
        self.live(dict(type="keep", consent="1"))
        with contextlib.closing(sqlite3.connect(self.file)) as c:
            names = ",".join(row[1] for row in c.execute("PRAGMA table_info(windows)") if row[1] != "id")
            for _ in range(10):
                c.execute(f"INSERT INTO windows ({names}) SELECT {names} FROM windows")
            c.execute("UPDATE windows SET start_us = id * 500000, end_us = id * 500000 + 3000000")
            c.commit()
        return self.kept()[0]["id"]

    def request(self, path):
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        c.settimeout(PATIENCE)
        c.connect(("127.0.0.1", self.server.port))
        c.sendall(f"GET {path} HTTP/1.1\r\nHost: {self.server.host}\r\nAuthorization: {self.server.bearer()}\r\n\r\n".encode())
        return c

    def test_stopped_while_something_is_asked(self):
        one = self.long_session()
        live, _ = begin(self.server)
        asked = [self.request(f"/sessions/{one}/report.html") for _ in range(4)]
        time.sleep(0.1)
        self.assertEqual(self.server.stop(), (0, ""))
        for c in (*asked, live):
            c.close()

    def test_a_long_file_over_a_slow_line(self):
        """A long file may take its time."""
        one = self.long_session()
        size = len(self.server.ask(f"/sessions/{one}/timeline.csv", Authorization=self.server.bearer())[2])
        c = self.request(f"/sessions/{one}/timeline.csv")
        got, begun = 0, time.monotonic()
        while got < size and (piece := c.recv(1 << 16)):
            got += len(piece)
            if time.monotonic() - begun < 12:
                time.sleep(len(piece) / 250000)
        self.assertGreater(time.monotonic() - begun, 10)
        self.assertGreaterEqual(got, size)
        c.close()

    def test_left_and_killed(self):
        live, reader, _ = self.live(dict(type="keep", consent="1"), end=False)
        reader.wait(lambda: len(reader.of("window")) >= 5)
        self.server.stop(signal.SIGKILL)
        shown = subprocess.run([EXE, "sessions", "list", "--store", self.file], capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        with Server("--store", str(self.file)) as self.server:
            one, = self.kept()
            self.assertGreaterEqual(one["windows"], len(reader.of("window")))
            self.assertIsNone(one["ended"])
            self.assertEqual(self.get("/sessions", "DELETE")[0], 200)
            # a clean stop ends what is kept, as interrupted
            live, reader, _ = self.live(dict(type="keep", consent="1"), end=False)
            reader.wait(lambda: len(reader.of("window")) >= 5)
            self.assertEqual(self.server.stop(), (0, ""))
        with Server("--store", str(self.file)) as self.server:
            one, = self.kept()
            self.assertTrue(one["ended"] and one["interrupted"])
            report = self.server.ask(f"/sessions/{one['id']}/report.html", Authorization=self.server.bearer())[2]
            self.assertNotIn("No picture was looked at", report)
            self.assertNotIn("No sound was listened to", report)

    def test_a_store_that_fails(self):
        """The session goes on; its client is told."""
        live, reader, welcome = self.live(end=False)
        subprocess.run([sys.executable, "-c", "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n"
                        "[c.execute(f'drop table {t}') for t, in c.execute("
                        "\"select name from sqlite_master where type='table' and name not like 'sqlite%'\").fetchall()]\n"
                        "c.commit()", str(self.file)], check=True)
        live.say(type="keep", consent="1")
        reader.wait(lambda: reader.of("error"))
        self.assertEqual(reader.of("error")[0]["code"], "full")
        self.assertNotIn(str(self.dir), reader.of("error")[0]["text"])
        again, welcome_back = begin(self.server, resume=welcome["session"])
        self.assertTrue(welcome_back["resumed"])
        again.say(type="end")
        self.assertEqual(next_of(again, "ended")["type"], "ended")
        self.assertEqual(self.get("/sessions")[0], 503)


if __name__ == "__main__":
    unittest.main()
