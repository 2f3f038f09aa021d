#!/usr/bin/env python3
"""attune analyze on live input: two devices at once, addresses that break off, the screen on a terminal.

No camera is needed: ffmpeg plays into named pipes as fast as time passes, and serves on loopback. The
terminal is a pty, whose escape sequences a small screen takes in. Needs ATTUNE_EXE, a model and ffmpeg.
"""
import csv
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import unittest
import urllib.parse

import built
from cli_analyze import Case, needs_model
from rtsp_server import Server as RtspServer

needs_ffmpeg = unittest.skipUnless(shutil.which("ffmpeg"), "no ffmpeg")
PATIENCE = 120
PICTURES = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10"]
TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000"]
ENTER, LEAVE = "\x1b[?1049h", "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"


def has_protocol(name):
    if not shutil.which("ffmpeg"):
        return False
    said = subprocess.run(["ffmpeg", "-hide_banner", "-protocols"], capture_output=True, text=True).stdout
    return name in said.split("Output:")[-1].split()


class Screen:
    """What a terminal shows that was sent text: rows, the other screen or not, and what it did not know."""

    def __init__(self, w, h):
        self.w, self.h, self.text = w, h, ""
        self.other = False

    def feed(self, text):
        self.text += text
        for part in re.findall(r"\x1b\[\?1049[hl]", text):
            self.other = part.endswith("h")

    def last(self):
        """The rows of the latest whole drawing."""
        frames = [f for f in self.text.split("\x1b[H")[1:] if "\x1b[J" in f]
        if not frames:
            return None
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", row)
                for row in frames[-1].split("\x1b[J")[0].replace("\r", "").split("\n")]


@needs_model
@needs_ffmpeg
class Live(Case):
    def start(self, *command, **more):
        p = subprocess.Popen([*map(str, command)], cwd=self.dir, stdin=subprocess.DEVNULL, **more)
        self.addCleanup(p.wait)
        self.addCleanup(p.kill)
        return p

    def play(self, *args):
        """ffmpeg as a device: as fast as time passes."""
        return self.start("ffmpeg", "-v", "error", "-y", "-re", *args, stderr=subprocess.DEVNULL)

    def pipe(self, name):
        os.mkfifo(self.dir / name)
        return self.dir / name

    def attune(self, *args, stderr=subprocess.PIPE):
        return self.start(*self.command("analyze", "-o", "out", "--threads", 1, *args)["args"],
                          env=self.command()["env"], stdout=subprocess.PIPE, stderr=stderr, text=True)

    def rows(self):
        """What is written so far: in a folder of its own until the end."""
        for path in (self.dir / "out").rglob("timeline.csv"):
            whole = path.read_text().rpartition("\n")[0]
            return list(csv.DictReader(whole.splitlines()))
        return []

    def wait(self, done, p, late):
        until = time.monotonic() + PATIENCE
        while not done():
            self.assertIsNone(p.poll(), p.poll() is not None and p.communicate())
            self.assertLess(time.monotonic(), until, late)
            time.sleep(0.1)

    def heard(self):
        return [r for r in self.rows() if r["snr_db"] not in ("", "nan")]

    def wait_rows(self, n, p):
        self.wait(lambda: len(self.rows()) >= n, p, "no windows come")


class Devices(Live):
    def test_a_camera_and_a_microphone(self):
        self.pipe("camera"), self.pipe("mic")
        self.play(*PICTURES, "-c:v", "mjpeg", "-f", "matroska", "camera")
        self.play(*TONE, "-f", "wav", "mic")
        p = self.attune("--live", "camera", "--mic=mic", "--json")
        self.wait(lambda: len(self.rows()) >= 4 and self.heard(), p, "the microphone is not heard")
        p.send_signal(signal.SIGINT)
        out, said = p.communicate(timeout=PATIENCE)
        self.assertEqual(p.returncode, 130, said)
        summary = json.loads(out)
        self.assertGreater(summary["frames"], 0)
        self.assertTrue(self.heard())

    def test_no_microphone_says_why(self):
        self.pipe("camera")
        self.play(*PICTURES, "-c:v", "mjpeg", "-f", "matroska", "camera")
        env = {"PULSE_SERVER": "unix:/nonexistent", "ALSA_CONFIG_PATH": "/nonexistent"}
        p = self.start(*self.command("analyze", "--live", "camera", "--mic", "-o", "out")["args"],
                       env={**self.command()["env"], **env}, stderr=subprocess.PIPE, text=True)
        said = p.communicate(timeout=PATIENCE)[1]
        self.assertEqual(p.returncode, 1)
        self.assert_one_line(said, "default: the microphone cannot be opened", "pulse: ", "alsa: ")
        done = self.run_attune("analyze", "/dev/video77", code=1)
        self.assert_one_line(done.stderr, "/dev/video77", "the camera cannot be opened: No such file")

    def test_usage(self):
        for args in (["--mic", "a", "b"], ["--mic", "--no-audio", "a"], ["--reconnect", "x", "a"]):
            self.run_attune("analyze", *args, code=2)
        (self.dir / "log.csv").write_text("time,hr\n0,60\n")
        for args, said in ((["/dev/video77", "--signal", "log.csv"], "--signal and --chat go with a recording"),
                           (["/dev/video77", "--export", "overlay"], "--export overlay goes with files"),
                           (["-", "--export", "overlay"], "--export overlay goes with files"),
                           (["a", "--sound", "b", "--export", "overlay"], "no --sound"),
                           (["/dev/video77", "--sound", "b"], "--sound goes with one file"),
                           (["a", "--view"], "--view and --reconnect are of live input"),
                           (["a", "--reconnect", 5], "--view and --reconnect are of live input")):
            self.assertIn(said, self.run_attune("analyze", *args, code=2).stderr)


class Addresses(Live):
    def free_port(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            return s.getsockname()[1]

    def serve(self, address, listen):
        return self.play(*PICTURES, *TONE, "-c:v", "libx264", "-preset", "ultrafast", "-g", 10, "-c:a", "aac",
                         *listen, address)

    def serve_at_once(self, address, listen):
        """Until it listens, which the system knows: one who asked would be the one that it listens for."""
        server = self.serve(address, listen)
        port = f":{urllib.parse.urlsplit(address).port:04X}"

        def listens():
            sockets = [line.split() for kind in ("tcp", "udp") for line in open(f"/proc/net/{kind}")]
            return any(local.endswith(port) and state in ("0A", "07") for _, local, _, state, *_ in sockets)
        self.wait(listens, server, "nobody serves")
        return server

    def breaks_and_goes_on(self, address, served, listen):
        server = self.serve_at_once(served, listen)
        log = self.dir / "said"
        with open(log, "w") as said:
            p = self.attune("--live", address, "--json", stderr=said)
        self.wait_rows(4, p)
        server.kill()
        server.wait()
        # A slow reader has some seconds of what was sent still before it.
        self.wait(lambda: "the connection broke off" in log.read_text(), p, "it is not said to have broken off")
        before = float(self.rows()[-1]["end_s"])
        self.serve(served, listen)
        self.wait(lambda: "the connection is back" in log.read_text(), p, "it does not come back")
        self.wait_rows(len(self.rows()) + 8, p)
        p.send_signal(signal.SIGINT)
        out = p.communicate(timeout=PATIENCE)[0]
        said = log.read_text()
        self.assertEqual(p.returncode, 130, said)
        self.assertTrue([n for n in json.loads(out)["notes"] if "broke off 1 time" in n], out)
        ends = [float(r["end_s"]) for r in self.rows()]
        self.assertEqual(ends, sorted(ends))
        self.assertGreater(ends[-1], before)
        for name in ("summary.json", "report.html", "timeline.jsonl"):
            self.assertNotIn("sesame", (self.dir / "out" / name).read_text())
        self.assertNotIn("sesame", said)

    @built.live_input
    @unittest.skipUnless(has_protocol("rtmp"), "no rtmp")
    def test_rtmp(self):
        address = f"rtmp://127.0.0.1:{self.free_port()}/live/x"
        named = address.replace("127.0.0.1", "localhost")
        self.breaks_and_goes_on(named, address, ["-f", "flv", "-listen", 1])

    @unittest.skipUnless(has_protocol("srt"), "no srt")
    def test_srt_without_its_secret_in_the_report(self):
        address = f"srt://127.0.0.1:{self.free_port()}"
        secret = "passphrase=opensesameopen"
        self.breaks_and_goes_on(f"{address}?{secret}", f"{address}?mode=listener&{secret}", ["-f", "mpegts"])

    @built.live_input
    @unittest.skipUnless(has_protocol("rtp"), "no rtp")
    def test_rtsp(self):
        server = RtspServer([*PICTURES, *TONE])
        self.addCleanup(server.close)
        p = self.attune("--live", server.address, "--json")
        self.wait(lambda: len(self.rows()) >= 6 and self.heard(), p, "its sound is not heard")
        p.send_signal(signal.SIGINT)
        out, said = p.communicate(timeout=PATIENCE)
        self.assertEqual(p.returncode, 130, said)
        self.assertGreater(json.loads(out)["frames"], 10)
        self.assertTrue(self.heard(), "its sound was not heard")

    def test_one_that_does_not_come_back_ends_the_input(self):
        address = f"http://127.0.0.1:{self.free_port()}/x"
        server = self.serve_at_once(address, ["-f", "mpegts", "-listen", 1])
        p = self.attune("--live", address, "--json", "--reconnect", 1)
        self.wait_rows(2, p)
        server.kill()
        out, said = p.communicate(timeout=PATIENCE)
        self.assertEqual(p.returncode, 0, said)
        self.assertIn("broke off and did not come back", said)
        self.assertTrue([n for n in json.loads(out)["notes"] if "did not come back" in n], out)

    def test_nobody_there_and_kinds_that_are_not_read(self):
        for scheme in ("rtsp", "rtmp", "http"):
            address = f"{scheme}://user:sesame@127.0.0.1:{self.free_port()}/x"
            done = self.run_attune("analyze", "--live", address, code=1)
            self.assert_one_line(done.stderr, f"{scheme}://127.0.0.1", "refused")
            self.assertNotIn("sesame", done.stderr)
            done = self.run_attune("analyze", address, code=1)
            self.assert_one_line(done.stderr, "--live")
            done = self.run_attune("analyze", "--live", f"{scheme}://nobody.invalid/x", code=1)
            self.assert_one_line(done.stderr, "nobody.invalid", "no host of that name")


class View(Live):
    def on_terminal(self, w, h, *args, **env):
        """attune on a terminal of its own; (process, master, screen)."""
        self.pipe("camera")
        self.play(*PICTURES, *TONE, "-c:v", "mjpeg", "-c:a", "pcm_s16le", "-f", "matroska", "camera")
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.resize(master, w, h)
        base = {k: v for k, v in self.command()["env"].items() if k != "NO_COLOR"}
        p = self.start(*self.command("analyze", "--live", "camera", "-o", "out", "--threads", 1, *args)["args"],
                       env={**base, "TERM": "xterm", "LC_ALL": "C.UTF-8", **env},
                       stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        return p, master, Screen(w, h)

    def resize(self, master, w, h):
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", h, w, 0, 0))

    def read(self, master, screen, done):
        """Until done(), or the program is gone."""
        until = time.monotonic() + PATIENCE
        while not done():
            self.assertLess(time.monotonic(), until, screen.text[-2000:])
            if select.select([master], [], [], 0.2)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:
                    return
                if not data:
                    return
                screen.feed(data.decode())

    def assert_fits(self, screen):
        rows = screen.last()
        self.assertLessEqual(len(rows), screen.h)
        for row in rows:
            self.assertLessEqual(len(row), screen.w, row)
            self.assertNotIn("\x1b", row)

    @built.live_input
    def test_sizes_and_that_nothing_is_left_behind(self):
        p, master, screen = self.on_terminal(80, 24)
        self.read(master, screen, lambda: screen.last() and any("neutral" in r for r in screen.last())
                  and any("face" in r for r in screen.last()) and len(self.rows()) > 6)
        self.assertTrue(screen.other)
        self.assert_fits(screen)
        text = "\n".join(screen.last())
        for word in ("Live", "camera", "lag", "neutral", "surprised", "weight", "reliability", "withheld",
                     "No face is found in the picture. Move into view, or turn the camera.", "nothing dropped"):
            self.assertIn(word, text)
        for w, h in ((40, 10), (200, 60)):
            self.resize(master, w, h)
            seen = len(screen.text)
            screen.w, screen.h = w, h
            self.read(master, screen, lambda: screen.text[seen:].count("\x1b[J") > 3)
            self.assert_fits(screen)
            self.assertIn("Live", screen.last()[0])
        p.send_signal(signal.SIGINT)
        self.read(master, screen, lambda: False)
        self.assertEqual(p.wait(PATIENCE), 130)
        self.assert_given_back(screen)
        self.assertIn("interrupted", screen.text.split(LEAVE)[-1])
        self.assertTrue(self.rows())

    def assert_given_back(self, screen):
        self.assertFalse(screen.other)
        self.assertEqual(screen.text.count(ENTER), screen.text.count(LEAVE))
        self.assertNotIn("\x1b", screen.text.split(LEAVE)[-1].replace("\r\x1b[K", ""))

    def test_signals_give_the_terminal_back(self):
        for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            with self.subTest(sig=sig):
                p, master, screen = self.on_terminal(80, 24)
                self.read(master, screen, lambda: screen.last() and len(self.rows()) > 0)
                p.send_signal(sig)
                if sig == signal.SIGTERM:
                    p.send_signal(sig)  # at once, and for good
                self.read(master, screen, lambda: False)
                code = p.wait(PATIENCE)
                self.assert_given_back(screen)
                if sig == signal.SIGTERM:
                    self.assertNotEqual(code, 0)
                else:  # as Ctrl-C: the end of a terminal is no loss of what was done
                    self.assertEqual(code, 130)
                    self.assertTrue((self.dir / "out/report.html").exists())
                os.unlink(self.dir / "camera")

    def test_where_there_is_none(self):
        for args, env in (([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}), (["--no-view"], {}), (["--quiet"], {})):
            with self.subTest(args=args, env=env):
                p, master, screen = self.on_terminal(80, 24, *args, **env)
                self.read(master, screen, lambda: len(self.rows()) > 1)
                p.send_signal(signal.SIGINT)
                self.read(master, screen, lambda: False)
                self.assertEqual(p.wait(PATIENCE), 130)
                self.assertNotIn(ENTER, screen.text)
                os.unlink(self.dir / "camera")
                shutil.rmtree(self.dir / "out")


if __name__ == "__main__":
    unittest.main()
