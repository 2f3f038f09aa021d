#!/usr/bin/env python3
"""attune serve as clients meet it: the door, the conversation, windows that are those of any session, and
what strangers try while others go on.

Needs ATTUNE_EXE, a model ($ATTUNE_MODEL or models/default.safetensors); pictures and sound come out of the
demo clip through ffmpeg.
"""
import contextlib
import ctypes
import functools
import http.client
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

import built
from cli_analyze import EXE, MODEL, SOURCE

sys.path.insert(0, str(SOURCE / "examples/live"))
from client import PICTURE, SOUND, Live, read_clip  # noqa: E402

SLOW = 3 if built.sanitizers() else 1
PATIENCE = 20 * SLOW  # seconds until something that has to come counts as missing
CLIP = SOURCE / "demo/talking_head.mp4"
RATE = 8

needs_server = unittest.skipUnless(
    "libwebsockets" not in subprocess.run([EXE, "serve", "--port", "0", "--model", "/none"], capture_output=True,
                                          text=True).stderr, "a build without a server")
needs_model = unittest.skipUnless(MODEL.is_file(), "no default model yet")
needs_ffmpeg = unittest.skipUnless(shutil.which("ffmpeg"), "no ffmpeg")


LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Server:
    """A server on a free port, with a place of its own for its token. It ends when the tests do, however."""

    def __init__(self, *args, home=None, before=None):
        def begins():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if before:
                before()

        self.home = home or tempfile.mkdtemp()
        self.process = subprocess.Popen([EXE, "serve", *([] if "--port" in args else ["--port", "0"]), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=begins,
                                        env=dict(os.environ, XDG_RUNTIME_DIR=self.home))
        line = self.process.stdout.readline()
        assert line.startswith("attune listens on "), line + self.process.stderr.read()
        self.address = line.split()[-1]
        url = urllib.parse.urlsplit(self.address)
        self.host, self.port = url.netloc, url.port
        self.token = urllib.parse.parse_qs(url.query)["token"][0]

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out + err

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.home, ignore_errors=True)

    def ask(self, path="/", method="GET", **headers):
        """Status, headers and body; a header that is None is left out."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        headers = {"Host": self.host, **{k.replace("_", "-"): v for k, v in headers.items()}}
        for name, value in headers.items():
            if value is not None:
                c.putheader(name, value)
        c.endheaders()
        r = c.getresponse()
        body = r.read().decode(errors="replace")  # a picture among the files
        c.close()
        return r.status, r.headers, body

    def upgrade(self, path="/live", **headers):
        """The status of a request for a WebSocket."""
        headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13",
                   "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec_WebSocket_Protocol": "attune.v1", **headers}
        c = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        lines = [f"GET {path} HTTP/1.1"] + [f"{k.replace('_', '-')}: {v}" for k, v in
                                            {"Host": self.host, **headers}.items() if v is not None]
        c.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        status = c.makefile("rb").readline()
        c.close()
        return int(status.split()[1]) if status else 0

    def bearer(self):
        return f"Bearer {self.token}"

    def worked(self):
        """Seconds of processor time."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def next_of(live, *types):
    """The next message of these types; states and windows in between are passed over."""
    for message in live.messages():
        if message["type"] in types:
            return message
    return {"type": "gone"}


def close_code(live):
    """Of the close frame that comes next of all."""
    while head := live.file.read(2):
        data = live.file.read(head[1] & 127 if head[1] < 126 else struct.unpack(">H", live.file.read(2))[0])
        if head[0] & 15 == 8:
            return struct.unpack(">H", data[:2])[0]
    return 0


def begin(server, **hello):
    live = Live(server.address, **hello)
    live.socket.settimeout(PATIENCE)
    return live, next_of(live, "welcome", "error")


@functools.cache
def clip(seconds):
    """The demo clip's first seconds as a client sends them: [(t_us, kind, number, data)] in order of time."""
    pictures, sound = read_clip(str(CLIP), RATE, "-t", str(seconds))
    items = [(i * 1000000 // RATE, PICTURE, i, p) for i, p in enumerate(pictures)]
    items += [(i * 100000, SOUND, i, sound[3200 * i:3200 * (i + 1)]) for i in range(len(sound) // 3200)]
    return sorted((x for x in items if x[0] < seconds * 1e6), key=lambda x: x[0])


class Reader(threading.Thread):
    """Takes all that a client is told."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.live, self.got = live, []
        self.start()

    def run(self):
        try:
            for message in self.live.messages():
                self.got.append(message)
        except OSError:
            pass

    def of(self, kind):
        return [m for m in self.got if m["type"] == kind]

    def wait(self, what):
        end = time.monotonic() + PATIENCE
        while not what() and self.is_alive() and time.monotonic() < end:
            time.sleep(0.01)
        return what()


def send(live, reader, items, told=0):
    """No more at once than the server lets wait. told: windows that another reader has."""
    for i, (t_us, kind, number, data) in enumerate(items):
        live.send(kind, number, t_us, data)
        if kind == PICTURE and number % 4 == 3:
            seconds = t_us / 1e6
            reader.wait(lambda: told + len(reader.of("window")) >= int((seconds - 0.375) / 0.5))


@needs_server
@needs_model
class Door(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def test_page_with_token(self):
        s = self.server
        status, headers, body = s.ask(f"/?token={s.token}")
        self.assertEqual(status, 200)
        self.assertIn("<html", body)
        self.assertIn("default-src 'none'", headers["content-security-policy"])
        self.assertNotIn("unsafe", headers["content-security-policy"])
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["referrer-policy"], "no-referrer")
        cookie = headers["set-cookie"]
        for word in ("HttpOnly", "SameSite=Strict", "Path=/", f"attune_{s.port}={s.token}"):
            self.assertIn(word, cookie)
        self.assertNotIn("Secure", cookie)
        self.assertEqual(s.ask("/", Cookie="a=b; " + cookie.split(";")[0])[0], 200)
        self.assertEqual(s.ask("/", Authorization=s.bearer())[0], 200)
        self.assertEqual(s.ask("/", Origin=f"http://{s.host}", Authorization=s.bearer())[0], 200)
        for name in ("localhost", "[::1]"):
            self.assertEqual(s.ask("/", Host=f"{name}:{s.port}", Authorization=s.bearer())[0], 200)
        status, headers, body = s.ask("/", "HEAD", Authorization=s.bearer())
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["content-length"]), 0)

    def test_wrong_is_refused(self):
        s, right = self.server, dict(Authorization=self.server.bearer())
        wrong = [dict(Authorization=None), dict(Authorization="Bearer " + "0" * 32),
                 dict(Authorization=s.bearer()[:-1]), dict(Authorization=s.bearer() + "0"),
                 dict(Authorization="Bearer "), dict(Authorization=s.token),
                 dict(Authorization=None, Cookie=f"attune_1={s.token}"),
                 dict(Authorization=None, Cookie="x" * 3000),
                 dict(Host="example.org"), dict(Host="127.0.0.1"), dict(Host=f"127.0.0.1:{s.port + 1}"),
                 dict(Host=f"example.org:{s.port}"), dict(Host=None), dict(Host=""), dict(Host=s.host + "."),
                 dict(Host="x" * 500),
                 dict(Origin="http://example.org"), dict(Origin="null"), dict(Origin=f"https://{s.host}"),
                 dict(Origin=f"http://127.0.0.1:{s.port + 1}"), dict(Origin=f"http://{s.host}.example.org")]
        for headers in wrong:
            with self.subTest(headers):
                status, answer, body = s.ask("/", **{**right, **headers})
                self.assertEqual(status, 403)
                self.assertNotIn("set-cookie", answer)
                self.assertNotIn(s.token, body)
                self.assertEqual(s.upgrade(**{**right, **headers}), 403)
        self.assertEqual(s.ask("/", **{**right, "Cookie": "x" * 9000})[0], 431)
        self.assertEqual(s.ask("/?a=" + "x" * 9000, **right)[0], 414)
        self.assertEqual(s.ask("/" + "x" * 9000, **right)[0], 414)
        self.assertEqual(s.ask("/", Cookie="a=" + "x" * 3000 + f"; attune_{s.port}={s.token}")[0], 200)
        self.assertEqual(s.ask("/?token=" + "0" * 32)[0], 403)
        self.assertEqual(s.ask("/")[0], 403)

    def test_nothing_else_is_there(self):
        s, right = self.server, dict(Authorization=self.server.bearer())
        for path in ("/none", "/../etc/passwd", "/%2e%2e/etc/passwd", "/live", "/index.html"):
            self.assertIn(s.ask(path, **right)[0], (404, 403, 400), path)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertIn(s.ask("/", method, Content_Length="0", **right)[0], (405, 404, 403, 501), method)
        self.assertEqual(s.upgrade(**right), 101)
        self.assertEqual(s.upgrade("/", **right), 403)
        self.assertEqual(s.upgrade(Sec_WebSocket_Protocol="chat", **right), 403)
        self.assertEqual(s.upgrade(Sec_WebSocket_Protocol=None, **right), 403)
        self.assertEqual(s.upgrade(Upgrade="h2c", **right), 403)
        self.assertEqual(s.upgrade(f"/live?token={s.token}"), 101)


@needs_server
@needs_model
class Life(unittest.TestCase):
    def test_stop_and_token(self):
        with Server() as s:
            file = pathlib.Path(s.home, "attune", f"{s.port}.token")
            self.assertEqual(file.read_text(), s.token)
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            live, _ = begin(s)
            code, said = s.stop()
            self.assertEqual((code, said), (0, ""))
            self.assertFalse(file.exists())
            self.assertEqual(close_code(live), 1001)

    def test_a_killed_server_leaves_its_token(self):
        with Server() as s:
            s.stop(signal.SIGKILL)
            with Server("--port", str(s.port), home=s.home) as again:
                self.assertEqual((again.port, again.token), (s.port, s.token))

    def test_usage(self):
        for args, said in ((["--bind", "0.0.0.0"], "TLS"), (["--bind", "lo"], "no address"),
                           (["--signals", "a,b,a"], "two columns"), (["--signals", "a b"], "no name"),
                           (["--signals", "a", "--events", "b"], "none of --signals"), (["--events", "b"], "none of --signals"),
                           (["--signals", "a,b,c,d,e,f,g,h,i"], "up to 8"), (["--cert", "x"], "key"), (["more"], "too many"), (["--port", "70000"], "--port")):
            done = subprocess.run([EXE, "serve", *args], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        with Server() as s:
            done = subprocess.run([EXE, "serve", "--port", str(s.port)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("in use", done.stderr)
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("short\n")
            f.flush()
            done = subprocess.run([EXE, "serve", "--port", "0", "--token-file", f.name], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no token", done.stderr)


@needs_server
@needs_model
@unittest.skipUnless(shutil.which("openssl"), "no openssl")
class Elsewhere(unittest.TestCase):
    """Other addresses than loopback."""

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out",
                        "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       cwd=self.dir, check=True, capture_output=True)
        (self.dir / "token").write_text("a-token-of-my-own.123\n")
        self.args = ["--bind", "0.0.0.0", "--host", "localhost", "--cert", str(self.dir / "cert.pem"),
                     "--key", str(self.dir / "key.pem"), "--token-file", str(self.dir / "token")]

    def ask(self, server, path, **headers):
        context = ssl.create_default_context(cafile=str(self.dir / "cert.pem"))
        c = http.client.HTTPSConnection("localhost", server.port, context=context, timeout=PATIENCE)
        c.request("GET", path, headers=headers)
        r = c.getresponse()
        r.read()
        c.close()
        return r.status, r.headers

    def test_tls(self):
        with Server(*self.args) as s:
            self.assertEqual(s.address, f"https://localhost:{s.port}/?token=a-token-of-my-own.123")
            self.assertEqual(os.listdir(s.home), [])  # someone else's token is kept nowhere
            status, headers = self.ask(s, "/?token=a-token-of-my-own.123")
            self.assertEqual(status, 200)
            self.assertIn("Secure", headers["set-cookie"])
            right = dict(Authorization="Bearer a-token-of-my-own.123")
            self.assertEqual(self.ask(s, "/", **right, Origin=f"https://localhost:{s.port}")[0], 200)
            self.assertEqual(self.ask(s, "/", **right, Origin=f"http://localhost:{s.port}")[0], 403)
            self.assertEqual(self.ask(s, "/", **right, Host=f"127.0.0.1:{s.port}")[0], 403)
            self.assertEqual(self.ask(s, "/")[0], 403)
            with self.assertRaises((http.client.HTTPException, OSError)):
                s.ask("/?token=a-token-of-my-own.123", Host=f"localhost:{s.port}")  # without TLS

    def test_what_it_takes(self):
        for left_out in ("--cert", "--key", "--token-file", "--host"):
            i = self.args.index(left_out)
            done = subprocess.run([EXE, "serve", "--port", "0", *self.args[:i], *self.args[i + 2:]],
                                  capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(done.returncode, 2, left_out)
        (self.dir / "key.pem").write_text("no key\n")
        done = subprocess.run([EXE, "serve", "--port", "0", *self.args], capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not a certificate and its key", done.stderr)


@needs_server
@needs_model
@needs_ffmpeg
class Windows(unittest.TestCase):
    SECONDS = 4 if SLOW > 1 else 8

    def expected(self, items, folder):
        """What attune analyze says of the same pictures and sound, as a file."""
        pictures = b"".join(x[3] for x in items if x[1] == PICTURE)
        sound = b"".join(x[3] for x in items if x[1] == SOUND)
        pathlib.Path(folder, "p.mjpeg").write_bytes(pictures)
        pathlib.Path(folder, "s.raw").write_bytes(sound)
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "mjpeg", "-framerate", str(RATE), "-i", "p.mjpeg", "-f", "s16le",
                        "-ar", "16000", "-ac", "1", "-i", "s.raw", "-c", "copy", "c.mkv"], cwd=folder, check=True)
        subprocess.run([EXE, "analyze", "c.mkv", "--causal", "--threads", "1", "--quiet", "-o", "out"], cwd=folder,
                       check=True)
        return ([json.loads(x) for x in pathlib.Path(folder, "out/timeline.jsonl").read_text().splitlines()],
                json.loads(pathlib.Path(folder, "out/summary.json").read_text()))

    def test_they_are_those_of_a_file(self):
        items = clip(self.SECONDS)
        with Server("--threads", "2") as s, tempfile.TemporaryDirectory() as folder:
            live, welcome = begin(s)
            self.assertEqual((welcome["rate"], welcome["hop_s"], welcome["resumed"]), (8, 0.5, False))
            self.assertEqual(len(welcome["emotions"]), 7)
            reader = Reader(live)
            send(live, reader, items)
            live.say(type="end")
            reader.wait(lambda: reader.of("ended"))
            windows = [{k: v for k, v in w.items() if k != "type"} for w in reader.of("window")]
            state = reader.of("state")[-1] if reader.of("state") else {"dropped_frames": 0}
            self.assertEqual(state["dropped_frames"], 0)
            timeline, summary = self.expected(items, folder)
            self.assertGreater(len(timeline), self.SECONDS)
            self.assertTrue(any(w["used_face"] and w["used_voice"] for w in windows))
            self.assertEqual(windows, timeline)
            ended = reader.of("ended")[0]["summary"]
            for key in ("frames", "frames_with_face", "windows", "all", "presence", "width", "height"):
                self.assertEqual(ended[key], summary[key], key)

    def test_a_session_goes_on_after_a_break(self):
        items = clip(self.SECONDS)
        half = len(items) // 2
        with Server() as s:
            live, welcome = begin(s)
            reader = Reader(live)
            send(live, reader, items[:half])
            reader.wait(lambda: len(reader.of("window")) >= 2)
            live.socket.shutdown(socket.SHUT_RDWR)
            reader.join(PATIENCE)
            self.assertEqual(begin(s, resume="0" * 32)[1]["resumed"], False)
            again, welcome_back = begin(s, resume=welcome["session"])
            self.assertEqual((welcome_back["session"], welcome_back["resumed"]), (welcome["session"], True))
            more = Reader(again)
            send(again, more, items[half:], len(reader.of("window")))
            # another connection takes it over
            third, welcome_third = begin(s, resume=welcome["session"])
            self.assertTrue(welcome_third["resumed"])
            more.wait(lambda: more.of("error"))
            self.assertEqual(more.of("error")[0]["code"], "protocol")
            last = Reader(third)
            third.say(type="end")
            last.wait(lambda: last.of("ended"))
            windows = reader.of("window") + more.of("window") + last.of("window")
            ends = [w["end_s"] for w in windows]
            self.assertEqual(ends, sorted(set(ends)))
            self.assertEqual(ends, [0.5 * (i + 1) for i in range(len(ends))])
            self.assertEqual({w["track"] for w in windows if w["track"]}, {1})
            # over is over
            self.assertFalse(begin(s, resume=welcome["session"])[1]["resumed"])


NODE = ["node", "--experimental-websocket"]
HAS_NODE = shutil.which("node") and subprocess.run([*NODE, "-e", "WebSocket"], capture_output=True).returncode == 0


@needs_server
@needs_model
@needs_ffmpeg
class Examples(unittest.TestCase):
    """The clients as their heads say, on two seconds of the demo clip."""

    def run_client(self, *command):
        with Server() as s, tempfile.TemporaryDirectory() as folder:
            clip = str(pathlib.Path(folder, "clip.mp4"))
            subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", str(CLIP), "-t", "2", clip], check=True)
            done = subprocess.run([*command, s.address, clip], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=10 * PATIENCE)
            self.assertEqual(done.returncode, 0, done.stderr)
            lines = done.stdout.splitlines()
            self.assertEqual(len(lines), 4, done.stdout)
            for i, line in enumerate(lines):
                self.assertRegex(line, rf"^ *{(i + 1) / 2} s  (withheld|[a-z]+ \d+ %)$")

    def test_python(self):
        self.run_client(sys.executable, str(SOURCE / "examples/live/client.py"))

    @unittest.skipUnless(HAS_NODE, "no Node with a WebSocket")
    def test_node(self):
        self.run_client(*NODE, str(SOURCE / "examples/live/client.mjs"))


@needs_server
@needs_model
@needs_ffmpeg
class Crowd(unittest.TestCase):
    def test_more_connections_than_descriptors(self):
        """Hung up on, and no work: the loop does not ask for what it cannot have."""
        with Server(before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (160, 160))) as s:
            live, _ = begin(s)
            reader = Reader(live)
            crowd = [socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE) for _ in range(300)]
            worked = s.worked()
            time.sleep(1)
            self.assertLess(s.worked() - worked, 0.5)
            send(live, reader, clip(3))
            self.assertEqual(len(crowd), 300)
            for c in crowd:
                c.close()
            live.say(type="end")
            self.assertTrue(reader.wait(lambda: reader.of("ended")))
            self.assertEqual(s.stop(), (0, ""))


@needs_server
@needs_model
@needs_ffmpeg
class Strangers(unittest.TestCase):
    """Whatever they do, they are told why, and the learner beside them goes on."""

    def setUp(self):
        self.server = Server("--max-sessions", "3")
        self.addCleanup(self.server.__exit__)
        self.live, _ = begin(self.server)
        self.reader = Reader(self.live)
        self.items = clip(3)

    def tearDown(self):
        send(self.live, self.reader, self.items)
        self.live.say(type="end")
        self.reader.wait(lambda: self.reader.of("ended"))
        self.assertEqual(len(self.reader.of("window")), 6)
        self.assertTrue(self.reader.of("window")[-1]["used_face"])
        self.assertEqual(self.server.stop(), (0, ""))

    def refused(self, code, close, *acts):
        live = Live(self.server.address) if acts and acts[0] is not None else self.silent()
        for act in acts:
            if act:
                act(live)
        error = next_of(live, "error")
        self.assertEqual(error.get("code"), code, error)
        self.assertNotIn("/", error["text"])
        self.assertEqual(close_code(live), close)
        live.close()

    def silent(self):
        class Silent(Live):
            def say(self, **message):
                pass
        return Silent(self.server.address)

    def test_messages_that_are_not_as_they_should_be(self):
        picture = self.items[0][3]

        def text(data):
            return lambda live: live.frame(1, data)

        def media(kind=PICTURE, t=0, data=picture, version=1, zero=0):
            return lambda live: live.frame(2, struct.pack("<BBHIq", version, kind, zero, 0, t) + data)

        cases = [text(b""), text(b"no"), text(b"[]"), text(b'{"type":1}'), text(b'{"type":"what"}'), text(b"{" * 4000),
                 text(b'{"type":"signal","rows":[[1,2]]}'), text(b'{"type":"chat","t":1,"text":"none is taken here"}'),
                 text(b'{"type":"stream"}'), text(b'{"type":"stream","stream":"smell","on":true}'),
                 text(b'{"type":"stream","stream":"video","on":3}'), text(b'{"type":"keep"}'),
                 text(b'{"type":"keep","consent":"' + b"x" * 65 + b'"}'), text(b'{"type":"hello","version":1}'),
                 lambda live: live.frame(2, b"\x01\x01"), lambda live: live.frame(2, b""), media(kind=3), media(version=2),
                 media(zero=1), media(t=-1), media(t=1 << 62), media(data=b""), media(data=b"\xff\xd8\xff\xd9"),
                 media(data=picture[:40]), media(data=b"GIF89a" + bytes(100)), media(kind=SOUND, data=b"abc"),
                 media(data=picture.replace(b"\xff\xc0", b"\xff\xc2", 1)),
                 media(data=picture[:picture.index(b"\xff\xc0") + 5] + b"\xff\xff\xff\xff"
                       + picture[picture.index(b"\xff\xc0") + 9:]),
                 lambda live: [media(t=5000000)(live), media(t=4999999)(live)],
                 lambda live: [media(t=0)(live), media(t=200000000)(live)]]
        for i, case in enumerate(cases):
            with self.subTest(i):
                self.refused("protocol", 1008, case)
        self.refused("protocol", 1008, None, media())
        self.refused("protocol", 1008, None, text(b'{"type":"end"}'))
        self.refused("version", 1008, None, text(b'{"type":"hello","version":2}'))
        self.refused("protocol", 1008, None, text(b'{"type":"hello"}'))

    def test_too_large(self):
        self.refused("too_large", 1009, lambda live: live.frame(1, b" " * 5000))
        self.refused("too_large", 1009, lambda live: live.frame(2, b"\x01\x02" + bytes(40000)))
        # only announced: a terabyte
        self.refused("too_large", 1009, lambda live: live.socket.sendall(
            b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4) + b"\x01\x01" + bytes(100)))

    def test_too_fast(self):
        sound = struct.pack("<BBHIq", 1, SOUND, 0, 0, 0) + bytes(2)
        self.refused("too_fast", 1008, lambda live: [live.frame(2, sound) for _ in range(300)])
        self.refused("too_fast", 1008, lambda live: [live.say(type="forget") for _ in range(30)])

    def test_as_fast_as_it_is_told(self):
        """Of a higher rate more pictures are taken."""
        with Server("--rate", "60") as s:
            live, welcome = begin(s)
            self.assertEqual(welcome["rate"], 60)
            for i in range(400):
                live.send(PICTURE, i, i * 16667, self.items[0][3])
            live.say(type="end")
            self.assertEqual(next_of(live, "ended", "error")["type"], "ended")

    def test_busy(self):
        others = [begin(self.server) for _ in range(2)]
        self.assertEqual([w["type"] for _, w in others], ["welcome", "welcome"])
        live, refusal = begin(self.server)
        self.assertEqual((refusal["type"], refusal["code"]), ("error", "busy"))
        self.assertEqual(close_code(live), 1013)
        self.assertEqual(live.file.read(), b"", "said after the goodbye")
        # who is away makes room
        others[0][0].close()
        time.sleep(0.3)
        self.assertEqual(begin(self.server)[1]["type"], "welcome")

    def test_nothing_is_said(self):
        self.refused("idle", 1008, None)

    def test_gone_at_every_step(self):
        steps = [lambda l: None, lambda l: l.say(type="hello", version=1), lambda l: l.send(PICTURE, 0, 0, self.items[0][3]),
                 lambda l: l.send(SOUND, 0, 0, bytes(3200)), lambda l: l.say(type="stream", stream="audio", on=False),
                 lambda l: l.socket.sendall(b"\x82\xfe\x10\x00"), lambda l: l.say(type="end")]
        for n in range(len(steps) + 1):
            live = Live(self.server.address)
            with contextlib.suppress(OSError):  # the places of those before may not be free yet
                for step in steps[2:n]:
                    step(live)
            if n % 2:
                live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            live.close()

    def test_many_connections(self):
        crowd = []
        for i in range(1000):
            c = socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE)
            if i % 3:
                c.sendall(b"GET / HTTP/1.1\r\n" if i % 3 == 1 else b"\x16\x03\x01")
            crowd.append(c)
        self.assertEqual(self.server.ask(f"/?token={self.server.token}")[0], 200)
        send(self.live, self.reader, self.items[:20])
        for c in crowd:
            c.close()
        self.items = self.items[20:]

    def test_a_slow_client(self):
        """Ten bytes a second out of it, and none into it."""
        live = Live(self.server.address)
        live.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stop = threading.Event()

        def drip():
            data = struct.pack("<BBHIq", 1, PICTURE, 0, 0, 0) + self.items[0][3]
            live.socket.sendall(b"\x82\xfe" + struct.pack(">H", len(data)) + bytes(4))
            for i in range(0, len(data), 10):
                if stop.wait(1):
                    return
                live.socket.sendall(data[i:i + 10])
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        send(self.live, self.reader, self.items[:-4])
        self.items = self.items[-4:]
        stop.set()
        thread.join()


if __name__ == "__main__":
    unittest.main()
