#!/usr/bin/env python3
"""attune consent and attune send as a learner meets them: with a real learning record store (tests/lrs, skipped where it is not
installed) and with one that fails, lies, stalls and is somebody else.

Needs ATTUNE_EXE and a model ($ATTUNE_MODEL or models/default.safetensors), or is skipped.
"""
import base64
import contextlib
import functools
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.request

import built
import fake_lrs
from cli_sessions import EXE, MODEL, SOURCE, needs_model, write_voice

KEY = "learner-7:correct horse battery"
STORE = SOURCE / "tests/lrs/node_modules/@learninglocker/xapi-statements/dist/server.js"
# A sanitized program takes several times as long to start, and most of a test is starting it.
plain_only = unittest.skipIf(built.sanitizers(), "no more of it than that under a sanitizer")
AGREED = "2"  # the version of the text
UNTIL = time.strftime("%Y-%m-%d", time.localtime(time.time() + 30 * 86400))


@functools.lru_cache
def kept_sessions():
    """The bytes of a file of two kept sessions, the second of somebody with a label."""
    with tempfile.TemporaryDirectory(prefix="attune-xapi-") as name:
        folder = pathlib.Path(name)
        write_voice(folder / "a.wav", 3)
        for person in [], ["--person", "ada"]:
            subprocess.run([EXE, "analyze", "a.wav", "--store", "s.db", "-o", "out", "--sinks", "summary", "--quiet", *person],
                           cwd=folder, check=True, capture_output=True, env={**os.environ, "ATTUNE_MODEL": str(MODEL)})
        return (folder / "s.db").read_bytes()


@needs_model
class Case(unittest.TestCase):
    maxDiff = None
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-xapi-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.db = self.dir / "mine.db"
        self.db.write_bytes(kept_sessions())
        self.key = self.dir / "key"
        self.key.write_text(KEY + "\n")
        self.key.chmod(0o600)

    def lrs(self, **how):
        server = fake_lrs.Server(**how)
        self.addCleanup(server.stop)
        return server

    def command(self, *args, **env):
        return dict(args=[EXE, *map(str, args), "--store", str(self.db)], cwd=self.dir, stdin=subprocess.DEVNULL,
                    env={**{k: v for k, v in os.environ.items() if "proxy" not in k.lower() and k != "ATTUNE_LRS_KEY"},
                         "TZ": "UTC", **env})

    def attune(self, *args, code=0, **env):
        done = subprocess.run(**self.command(*args, **env), capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("battery", done.stdout + done.stderr)
        self.assertNotIn("runtime error", done.stderr)  # of a sanitizer
        return done

    def agree(self, store, *more, what="expression,states"):
        return self.attune("consent", "give", store, "--what", what, "--until", UNTIL, "--agree", AGREED, *more)

    def send(self, store, *args, **more):
        return self.attune("send", *args, "--to", store, "--key", self.key, "--timeout", 1, **more)

    def ask(self, sql):
        with contextlib.closing(sqlite3.connect(self.db)) as db, db:
            return db.execute(sql).fetchall()

    def states(self):
        return self.ask("SELECT session, state, voids IS NOT NULL FROM statements ORDER BY rowid")


class Consent(Case):
    def test_nothing_goes_without(self):
        lrs, other = self.lrs(), self.lrs()
        for args in [], ["--show"], ["--now", "--again"]:
            self.assertIn("no consent names this store", self.send(lrs.address, 1, *args, code=1).stderr)
        self.agree(other.address)
        self.assertIn("no consent names this store", self.send(lrs.address, 1, code=1).stderr)
        self.assertIn("no consent names this store", self.send(other.address, 2, code=1).stderr)  # ada's
        self.ask("UPDATE consents SET until_s = 1000")
        self.assertIn("no consent names this store", self.send(other.address, 1, code=1).stderr)
        self.assertEqual(lrs.requests + other.requests + self.states(), [])

    @plain_only
    def test_a_person_is_asked(self):
        for answer, code in (b"yes\n", 0), (b"y\n", 1), (b"\n", 1):
            ours, theirs = pty.openpty()
            done = subprocess.Popen(**{**self.command("consent", "give", "https://lrs.example/x", "--what", "states",
                                                      "--until", UNTIL), "stdin": theirs}, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True)
            os.write(ours, answer)
            out, err = done.communicate(timeout=30)
            os.close(ours), os.close(theirs)
            self.assertEqual(done.returncode, code, err)
            self.assertIn("https://lrs.example/x", err)
            self.assertIn("medical and safety uses", " ".join(err.split()))
        self.assertEqual(self.ask("SELECT id, what FROM consents"), [(1, 4)])
        # who would be refused is not asked, and who replaces a consent is told of it before the question
        for store, more, why in (("https://lrs.example/../x", [], "segment"),
                                 ("https://lrs.example", ["--account", "ada", "--home", "https://study.example"], "label")):
            done = self.attune("consent", "give", store, "--what", "states", "--until", UNTIL, *more, code=1)
            self.assertIn(why, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        again = self.attune("consent", "give", "https://lrs.example/x", "--what", "states", "--until", UNTIL, code=1).stderr
        self.assertLess(again.index("In place of consent 1 (states"), again.index("nobody is there to ask"))
        nobody = self.attune("consent", "give", "https://lrs.example", "--what", "states", "--until", UNTIL, code=1)
        self.assertIn("nobody is there to ask", nobody.stderr)

    def test_the_text_is_documented(self):
        text = self.attune("consent", "give", "https://lrs.example", "--what", "states", "--until", UNTIL, code=1).stderr
        page = (SOURCE / "docs/xapi.md").read_text()
        quoted = " ".join(line[1:] for line in page.splitlines() if line.startswith(">"))
        self.assertIn(" ".join(quoted.split()), " ".join(text.split()))
        self.assertGreater(len(quoted), 1000)

    @plain_only
    def test_lists(self):
        self.assertIn("nothing was agreed to", self.attune("consent", "list").stdout)
        self.agree("https://lrs.example/x", "--person", "ada", "--account", "p17", "--home", "https://study.example")
        self.agree("http://localhost:1/", "--what", "states", what="engagement")
        self.attune("consent", "withdraw", 2)
        first, second = json.loads(self.attune("consent", "list", "--json").stdout)
        self.assertEqual([first[k] for k in ("store", "person", "what", "account", "home", "withdrawn_s")],
                         ["https://lrs.example/x", "ada", ["expression", "states"], "p17", "https://study.example", 0])
        self.assertEqual([second[k] for k in ("store", "what", "id")], ["http://localhost:1", ["engagement", "states"], 2])
        self.assertAlmostEqual(second["withdrawn_s"], time.time(), delta=60)
        self.assertIn("withdrawn", self.attune("consent", "list").stdout)
        self.assertIn("was withdrawn before", self.attune("consent", "withdraw", 2, code=1).stderr)

    def test_one_at_a_time(self):
        """A newer consent for a store and a person ends the older: taken back, it leaves none that is wider."""
        lrs = self.lrs()
        self.agree(lrs.address, what="expression,engagement,states")
        self.send(lrs.address, 1)
        self.agree(lrs.address, "--person", "ada")
        given = self.agree(lrs.address + "/", what="states").stdout
        self.assertIn(f"In place of consent 1 (expression, engagement, states, until {UNTIL}), which ends here", given)
        self.assertIn("consent withdraw 1 voids it", given)
        withdrawn = self.attune("consent", "withdraw", 3).stdout
        self.assertIn("1 statement sent under consent 1, which is over, is there still", withdrawn)
        self.assertIn("no consent names this store", self.send(lrs.address, 1, code=1).stderr)
        self.assertEqual(len(lrs.requests), 1)
        self.assertIn("1 statement to be declared void", self.attune("consent", "withdraw", 1).stdout)
        self.assertEqual(self.ask("SELECT id FROM consents WHERE withdrawn_s IS NULL"), [(2,)])  # ada's
        self.agree(lrs.address)
        self.agree(lrs.address)
        self.ask("UPDATE consents SET until_s = 2000000000 WHERE id = 4")  # a file with two of them in force
        self.assertIn("consent 4 for the same store still holds, until 2033-05-18",
                      self.attune("consent", "withdraw", 5).stdout)

    @plain_only
    def test_wrong_usage(self):
        give = ["consent", "give", "https://lrs.example", "--agree", AGREED]
        for args, why in ((["consent"], "give, list or withdraw?"), (give, "--what NAMES and --until DAY"),
                          ([*give, "--what", "grades", "--until", UNTIL], "not 'grades'"),
                          ([*give, "--what", "states", "--until", "soon"], "takes a day"),
                          ([*give, "--what", "", "--until", UNTIL], "--what names nothing"),
                          ([*give, "--what", "states", "--what", "", "--until", UNTIL], "--what names nothing"),
                          ([*give, "--what", "states", "--until", "2026-01-01"], "--until 2026-01-01: a consent has an end"),
                          ([*give, "--what", "states", "--until", "1970-01-01"], "--until 1970-01-01: a consent has an end"),
                          ([*give, "--what", "states", "--until", "2027-02-29"], "there is no such day as 2027-02-29"),
                          ([*give, "--what", "states", "--until", "2027-04-31"], "--until: there is no such day"),
                          (["sessions", "group", "--since", "2027-02-30"], "--since: there is no such day"),
                          (["consent", "withdraw", "x"], "no number"), (["consent", "burn"], "there is no 'burn'"),
                          (["consent", "withdraw"], "withdraw: which?"), (["consent", "list", "1"], "list takes nothing"),
                          (["consent", "list", "--person", "ada"], "list takes no --person"),
                          (["consent", "withdraw", "1", "--json"], "withdraw takes no --json"),
                          ([*give, "--what", "states", "--until", UNTIL, "--json"], "give takes no --json"),
                          ([*give, "--what", "states", "--until", UNTIL, "--person", "x" * 65], "at most 64 bytes"),
                          (["send", "1"], "to which store?"), (["send", "one", "--to", "x"], "no number"),
                          (["send", "--to", "x", "--show"], "which session?"),
                          (["send", "1", "--to", "x", "--show", "--now"], "--show sends nothing"),
                          (["send", "--to", "https://lrs.example"], "with which key?"),
                          (["send", "1", "--to", "x", "--timeout", "0"], "takes 1 to 600")):
            self.assertIn(why, self.attune(*args, code=2).stderr)
        self.assertNotIn("sekret", self.send("https://lrs.example/x?key=sekret", code=1).stderr)
        for store, why in (("http://lrs.example", "without TLS"), ("https://a:b@lrs.example", "no login"),
                           ("https://lrs.example/?q", "HOST"), ("https://lrs.example/a/../b", "segment"),
                           ("https://lrs.example/%2e%2e/b", "segment"), ("https://lrs.example//b", "segment"),
                           ("https://lrs.example:0", "HOST"), ("https://lrs.example:99999", "HOST"), ("https://0x7f.1", "host")):
            self.assertIn(why, self.attune("consent", "give", store, "--what", "states", "--until", UNTIL, "--agree", AGREED,
                                           code=1).stderr)
            self.assertIn(why, self.send(store, code=1).stderr)
        self.assertIn("version 2, not '0'", self.attune("consent", "give", "https://lrs.example", "--what", "states",
                                                        "--until", UNTIL, "--agree", "0", code=1).stderr)


class Sending(Case):
    def setUp(self):
        super().setUp()
        self.store = self.lrs()
        self.to = self.store.address
        self.agree(self.to)

    def test_a_statement_arrives_once(self):
        shown = json.loads(self.send(self.to, 1, "--show").stdout)
        self.assertEqual(self.store.requests, [])
        self.assertIn("session 1: sent", self.send(self.to, 1).stdout)
        (method, path, headers, body), = self.store.requests
        self.assertEqual((method, path), ("PUT", "/xapi/statements?statementId=" + body["id"]))
        self.assertEqual(body, shown)
        self.assertEqual(headers["X-Experience-API-Version"], "1.0.3")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Authorization"], "Basic " + base64.b64encode(KEY.encode()).decode())
        self.assertIn("session 1: was sent before", self.send(self.to, 1).stdout)
        self.send(self.to, "--now", "--again")
        self.assertEqual(len(self.store.requests), 1)

    def test_a_statement_names_nobody(self):
        self.agree(self.to, "--person", "ada")
        self.send(self.to, 2)
        body = json.dumps(self.store.requests[0][3])
        for word in ('ada"', "mbox", "a.wav", "score", os.environ.get("USER") or "attune-xapi-"):
            self.assertNotIn(f'"{word}', body)
        self.assertNotIn("perceived-engagement", body)  # was not agreed to

    def test_a_conflict_is_an_alarm(self):
        self.send(self.to, 1, "--show")
        number = json.loads(self.send(self.to, 1, "--show").stdout)["id"]
        self.store.statements[number] = {"id": number, "of": "somebody else"}
        self.assertIn("ALARM: session 1", self.send(self.to, 1, code=1).stderr)
        for more in [], ["--now", "--again"]:
            self.assertIn("session 1: is in conflict (409)", self.send(self.to, 1, *more, code=1).stderr)
        self.assertIn("1 in conflict", self.send(self.to, code=1).stderr)
        self.assertEqual(len(self.store.requests), 1)
        self.assertEqual(self.states(), [(1, "conflict", 0)])
        self.assertEqual(json.loads(self.ask("SELECT body FROM statements")[0][0])["id"], number)
        self.assertEqual(self.store.statements[number]["of"], "somebody else")

    def test_failures_back_off(self):
        self.store.answers = [503, 500, 502, None]
        self.assertIn("the store fails (503)", self.send(self.to, 1, code=1).stderr)
        self.assertIn("1 statement waiting until", self.send(self.to, code=1).stderr)  # its pause is not over
        self.assertRegex(self.send(self.to, 1, code=1).stderr, r"session 1: waits until 20\S+ \S+ \(503\); --now: at once")
        self.assertEqual(len(self.store.requests), 1)
        pauses = []
        for _ in range(3):
            pauses.append(self.ask("SELECT due_s FROM consents")[0][0] - time.time())
            self.ask("UPDATE consents SET due_s = 1000")
            last = subprocess.run(**self.command("send", "--to", self.to, "--key", self.key), capture_output=True)
        for pause, least in zip(pauses, (60, 120, 240)):
            self.assertTrue(least - 10 <= pause <= least * 1.25 + 1, pauses)
        self.assertEqual(last.returncode, 0)
        self.assertEqual(self.ask("SELECT due_s, failures FROM consents"), [(0, 0)])
        self.assertEqual(len({json.dumps(body) for *_, body in self.store.requests}), 1)
        self.assertEqual(len(self.store.statements), 1)

    @plain_only
    def test_a_store_may_ask_for_a_pause(self):
        self.store.answers = [fake_lrs.later(3000), fake_lrs.later(10 ** 15), fake_lrs.later("\x1b[31m"), 429]
        for least, most in (2980, 3001), (86380, 86401), (200, 301), (400, 601):
            self.send(self.to, 1, "--now", code=1)
            self.assertTrue(least < self.ask("SELECT due_s FROM consents")[0][0] - time.time() < most)
        self.send(self.to, "--now")

    @plain_only
    def test_refusals_wait_to_be_asked_for(self):
        for status in 400, 401, 301:
            self.store.answers = [status]
            self.assertIn(f"refuses it ({status})", self.send(self.to, 1, "--again", code=1).stderr)
            before = len(self.store.requests)
            self.assertIn("refused 1 before (--again)", self.send(self.to, "--now", code=1).stderr)
            again = self.send(self.to, 1, code=1)
            self.assertIn(f"session 1: was refused before ({status}); it waits for --again", again.stderr)
            self.assertEqual(again.stdout, "")
            self.assertEqual(len(self.store.requests), before)
        self.send(self.to, "--again")
        self.assertEqual(self.states(), [(1, "sent", 0)])

    def test_lies_and_silence(self):
        """Nothing but 204 is a yes, and no answer is followed, believed or waited for longer than is said."""
        other = self.lrs()
        for answer, why in ((fake_lrs.login_page, "(200)"), (fake_lrs.stalls, "(timed out)"), (fake_lrs.drips, "(timed out)"),
                            (fake_lrs.garbage, "broke off)"), (fake_lrs.endless_header, "broke off)"),
                            (fake_lrs.endless_body, "(500)"), (fake_lrs.loses_its_answer, "broke off)"),
                            (fake_lrs.redirects_to(other.address), "(307)")):
            self.store.answers = [answer]
            began = time.monotonic()
            failed = self.send(self.to, 1, "--now", code=1)
            self.assertIn(why, failed.stderr)
            self.assertLess(time.monotonic() - began, 3)
            self.assertNotIn("sent", self.states()[0])
        self.assertEqual(other.requests, [])
        self.send(self.to, "--again")  # and of what was lost nothing is there twice
        self.assertEqual(len(self.store.statements), 1)

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as s:
            closed = f"http://127.0.0.1:{s.getsockname()[1]}"
        self.agree(closed)
        self.assertIn("no connection", self.send(closed, 1, code=1).stderr)

    def test_a_store_that_fails_is_spared(self):
        self.ask("UPDATE sessions SET person = NULL")
        self.store.answers = [503]
        self.assertIn("2 statements waiting", self.send(self.to, 1, 2, "--now", code=1).stderr)
        self.assertEqual(len(self.store.requests), 1)
        self.send(self.to, "--now")
        self.assertEqual(len(self.store.statements), 2)

    def test_killed_in_the_middle(self):
        self.store.answers = [fake_lrs.stalls]
        running = subprocess.Popen(**self.command("send", 1, "--to", self.to, "--key", self.key), stderr=subprocess.DEVNULL)
        while not self.store.requests:
            time.sleep(0.01)
        running.kill()
        running.wait()
        self.assertEqual(self.ask("SELECT state, tries FROM statements"), [("waiting", 1)])
        self.send(self.to)
        self.assertEqual(self.store.requests[0][3], self.store.requests[1][3])

    def test_stopped_in_the_middle(self):
        self.store.answers = [fake_lrs.stalls]
        running = subprocess.Popen(**self.command("send", 1, "--to", self.to, "--key", self.key), stderr=subprocess.DEVNULL)
        while not self.store.requests:
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=5), 130)
        self.assertEqual(self.states(), [(1, "waiting", 0)])


class Withdrawal(Case):
    def test_it_voids_and_stops(self):
        lrs = self.lrs()
        self.agree(lrs.address)
        self.ask("UPDATE sessions SET person = NULL")
        self.send(lrs.address, 1)
        lrs.answers = [503]
        self.send(lrs.address, 2, code=1)
        lrs.stop()
        self.assertIn("2 statements to be declared void", self.attune("consent", "withdraw", 1).stdout)
        lrs = fake_lrs_at(self, lrs)
        self.assertIn("no consent names this store", self.send(lrs.address, 1, code=1).stderr)
        lrs.answers = [500]
        self.send(lrs.address, "--now", code=1)
        self.assertIn("the voiding of session 1: sent", self.send(lrs.address, "--now").stdout)
        self.assertEqual({r[3]["verb"]["id"] for r in lrs.requests}, {"http://adlnet.gov/expapi/verbs/voided"})
        self.assertEqual(sorted(r[3]["object"]["objectType"] for r in lrs.requests), ["StatementRef"] * 3)
        self.assertIn("nothing waits", self.send(lrs.address, "--now", "--again").stdout)
        self.assertEqual([s for s in self.states() if s[2] == 0], [(1, "voided", 0), (2, "voided", 0)])
        self.assertEqual(self.ask("SELECT count(*) FROM statements WHERE voids IS NULL AND body IS NOT NULL"), [(0,)])

    def test_deleted_sessions_are_told_of(self):
        lrs = self.lrs()
        self.agree(lrs.address)
        self.ask("UPDATE sessions SET person = NULL")
        lrs.answers = [None, 500]
        self.send(lrs.address, 1, 2, code=1)
        for number, told in (2, "1 statement of deleted sessions"), (1, "2 statements of deleted sessions"):
            gone = self.attune("sessions", "delete", number).stdout
            self.assertIn(f"{told} may be at {lrs.address}: attune consent withdraw 1 voids", gone)
        self.assertIn("nothing waits", self.send(lrs.address, "--now").stdout)
        said = self.attune("consent", "list").stdout
        self.assertIn("0 waiting, 1 sent", said)
        self.assertIn("1 that may be there", said)
        self.assertIn("2 of sessions that were deleted here: attune consent withdraw 1", said)
        self.attune("consent", "withdraw", 1)
        self.assertIn("2 waiting", self.attune("consent", "list").stdout)
        gone = self.attune("sessions", "delete", "--all").stdout  # who then removes the file never voids them
        self.assertIn(f"2 statements of deleted sessions may be at {lrs.address}, not void yet: attune send", gone)
        self.assertIn("2 of sessions that were deleted here, not void yet", self.attune("consent", "list").stdout)
        lrs.answers = []
        self.send(lrs.address, "--now")
        self.assertNotIn("not void yet", self.attune("consent", "list").stdout)

    def test_what_a_lost_answer_left_there(self):
        lrs = self.lrs()
        self.agree(lrs.address)
        lrs.answers = [fake_lrs.loses_its_answer]
        self.send(lrs.address, 1, code=1)
        (number,) = lrs.statements
        self.assertIn("1 statement to be declared void", self.attune("consent", "withdraw", 1).stdout)
        self.send(lrs.address, "--now")
        self.assertEqual(lrs.requests[-1][3]["object"]["id"], number)

    def test_what_it_will_not_void_is_told_again(self):
        lrs = self.lrs()
        self.agree(lrs.address)
        self.send(lrs.address, 1)
        self.attune("consent", "withdraw", 1)
        for answer in 403, 409:
            lrs.answers = [answer]
            self.send(lrs.address, "--again", code=1)
            self.assertIn("1 that were to be declared void are there still", self.send(lrs.address, code=1).stderr)
            self.assertIn("1 that the store refused to void", self.attune("consent", "list").stdout)

    def test_while_it_sends(self):
        """A withdrawal from elsewhere holds for the very next statement."""
        lrs = self.lrs()
        self.agree(lrs.address)
        self.ask("UPDATE sessions SET person = NULL")

        def withdraws(handler):
            self.attune("consent", "withdraw", 1)
            handler.reply(handler.store())
        lrs.answers = [withdraws]
        subprocess.run(**self.command("send", 1, 2, "--to", lrs.address, "--key", self.key), capture_output=True, timeout=30)
        verbs = [body["verb"]["display"]["en"] for *_, body in lrs.requests]
        self.assertEqual(verbs, ["shared", "voided"])


def fake_lrs_at(case, stopped):
    """Another at the same address."""
    server = fake_lrs.Server.__new__(fake_lrs.Server)
    fake_lrs.http.server.ThreadingHTTPServer.__init__(server, stopped.server_address, fake_lrs.Handler)
    server.statements, server.requests, server.answers = stopped.statements, [], []
    server.stored, server.address = stopped.stored, stopped.address
    fake_lrs.threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    case.addCleanup(server.stop)
    return server


@plain_only
class Keys(Case):
    def setUp(self):
        super().setUp()
        self.store = self.lrs()
        self.agree(self.store.address)

    def send_with(self, text, mode=0o600, **more):
        self.key.write_text(text)
        self.key.chmod(mode)
        return self.send(self.store.address, 1, **more)

    def test_files_that_are_no_key(self):
        for text, mode, why in ((KEY, 0o644, "others can read this key"), (KEY, 0o620, "others can read this key"),
                                ("battery", 0o600, "is no key"), (":battery", 0o600, "is no key"), ("u:", 0o600, "is no key"),
                                ("", 0o600, "is no key"), ("u:battery \n", 0o600, "ends with a space"),
                                (" u:battery\n", 0o600, "begins or ends with a space"),
                                ("u:\x1bbattery", 0o600, "control characters"), ("u\t:battery", 0o600, "control characters"),
                                ("u:batt\x7fery", 0o600, "control characters"), ("u:batt\0ery", 0o600, "is no text"),
                                ("u:" + "x" * 2000, 0o600, "too long")):
            said = self.send_with(text, mode, code=1).stderr
            self.assertIn(why, said)
            self.assertIn(str(self.key), said)
        self.key.unlink()
        self.assertIn("No such file", self.send(self.store.address, 1, code=1).stderr)
        os.mkfifo(self.key, 0o600)
        self.assertIn("is no file of yours", self.send(self.store.address, 1, code=1).stderr)
        self.assertEqual(self.store.requests + self.states(), [])

    def test_it_is_left_nowhere(self):
        self.attune("send", 1, "--to", self.store.address, ATTUNE_LRS_KEY=KEY)
        self.assertEqual(len(self.store.statements), 1)
        for file in self.dir.iterdir():
            if file != self.key:
                self.assertNotIn(b"battery", file.read_bytes())

    def test_a_wrong_one_in_the_environment(self):
        self.assertIn("$ATTUNE_LRS_KEY: its first line has control", self.attune("send", 1, "--to", self.store.address, code=1,
                                                                         ATTUNE_LRS_KEY="u:\x01x").stderr)
        self.assertIn("$ATTUNE_LRS_KEY", self.attune("send", 1, "--to", self.store.address, code=1, ATTUNE_LRS_KEY="x").stderr)
        self.assertIn("too long", self.attune("send", 1, "--to", self.store.address, code=1,
                                              ATTUNE_LRS_KEY="u:" + "x" * 2000).stderr)


@plain_only
@unittest.skipUnless(shutil.which("openssl"), "no openssl to make certificates with")
class Tls(Case):
    def certificate(self, name, alt, *more):
        """(chain, key): self-signed."""
        files = self.dir / f"{name}.pem", self.dir / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", f"/CN={name}", "-addext", f"subjectAltName={alt}", "-days", "2", "-out", files[0], "-keyout",
                        files[1], *more], check=True, capture_output=True)
        return tuple(map(str, files))

    def test_only_who_is_vouched_for(self):
        good = self.certificate("good", "IP:127.0.0.1")
        lrs = self.lrs(certificate=good)
        self.agree(lrs.address)
        self.assertIn("certificate is not to be trusted", self.send(lrs.address, 1, code=1).stderr)
        self.assertEqual(lrs.requests, [])
        self.assertIn("cannot be read", self.send(lrs.address, "--now", "--ca", self.dir / "none", code=1).stderr)
        self.assertIn("sent", self.send(lrs.address, "--now", "--ca", good[0]).stdout)
        self.assertEqual(len(lrs.statements), 1)

    def test_not_somebody_elses_name(self):
        other = self.certificate("other", "DNS:other.example")
        lrs = self.lrs(certificate=other)
        self.agree(lrs.address)
        self.assertIn("certificate is not to be trusted", self.send(lrs.address, 1, "--ca", other[0], code=1).stderr)
        self.assertEqual(lrs.requests, [])

    def test_no_proxy_gets_plain_text(self):
        lrs, proxy = self.lrs(), self.lrs()
        self.agree(lrs.address)
        address = f"http://127.0.0.1:{proxy.server_port}"
        self.send(lrs.address, 1, http_proxy=address, all_proxy=address, ALL_PROXY=address)
        self.assertEqual((len(proxy.requests), len(lrs.requests)), (0, 1))


@plain_only
@unittest.skipUnless(STORE.is_file() and shutil.which("node"), "no learning record store: npm ci --ignore-scripts in tests/lrs")
class RealStore(Case):
    """Learning Locker's, with its memory."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="attune-lrs-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        with socket.create_server(("127.0.0.1", 0)) as s:
            port = s.getsockname()[1]
        cls.to = f"http://127.0.0.1:{port}/xAPI"
        env = {**os.environ, "EXPRESS_PORT": str(port), "AUTH_REPO": "test", "MODELS_REPO": "memory",
               "STORAGE_REPO": "memory", "EVENTS_REPO": "memory", "SERVICE_AWAIT_UPDATES": "true"}
        running = subprocess.Popen(["node", STORE], cwd=cls.folder, env=env, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        cls.addClassCleanup(running.wait)
        cls.addClassCleanup(running.kill)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                return
            time.sleep(0.05)
        raise RuntimeError("the store does not start")

    def get(self, query):
        request = urllib.request.Request(f"{self.to}/statements?{query}", headers={
            "X-Experience-API-Version": "1.0.3", "Authorization": "Basic eDp5"})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code

    def of(self, agent):
        return self.get("agent=" + urllib.request.quote(json.dumps(agent)))["statements"]

    def test_sent_again_voided(self):
        self.agree(self.to, what="expression,engagement,states")
        shown = json.loads(self.send(self.to, 1, "--show").stdout)
        self.attune("send", 1, "--to", self.to, "--key", self.key)
        before = self.db.read_bytes()
        kept, = self.of(shown["actor"])
        self.assertEqual({k: kept[k] for k in shown}, shown)
        # as if it had not been told of the answer: the same number, and nothing twice
        self.ask("UPDATE statements SET state = 'waiting', body = '%s'" % json.dumps(shown).replace("'", "''"))
        self.assertIn("sent", self.attune("send", "--to", self.to, "--key", self.key).stdout)
        self.assertEqual(len(self.of(shown["actor"])), 1)
        # something else under that number
        shown["result"]["duration"] = "PT1.00S"
        self.ask("UPDATE statements SET state = 'waiting', body = '%s'" % json.dumps(shown).replace("'", "''"))
        self.assertIn("ALARM", self.attune("send", "--to", self.to, "--key", self.key, code=1).stderr)
        self.db.write_bytes(before)
        self.attune("consent", "withdraw", 1)
        self.attune("send", "--to", self.to, "--key", self.key)
        self.assertEqual(self.get("statementId=" + shown["id"]), 404)
        self.assertEqual(self.get("voidedStatementId=" + shown["id"])["id"], shown["id"])
        self.assertEqual([s["verb"]["display"]["en"] for s in self.of(shown["actor"])], ["voided"])


class Built(unittest.TestCase):
    @unittest.skipUnless(shutil.which("readelf"), "no readelf")
    def test_it_costs_nothing_to_have(self):
        """libcurl and what it needs are loaded when something is sent, and not before."""
        needed = subprocess.run(["readelf", "-d", pathlib.Path(os.environ["ATTUNE_BUILD"], "src/attune")], capture_output=True, text=True, check=True).stdout
        self.assertIn("libsqlite3", needed)
        self.assertNotIn("libcurl", needed)


if __name__ == "__main__":
    unittest.main()
