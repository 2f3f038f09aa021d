#!/usr/bin/env python3
"""attune analyze on inputs as they come: carelessly interleaved, with several tracks, out of pipes,
damaged, and made to do harm. FFmpeg's own tool makes them.

Needs ATTUNE_EXE, a model ($ATTUNE_MODEL or models/default.safetensors) and ffmpeg.
"""
import contextlib
import csv
import functools
import http.server
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import built
import hostile
import running
from cli_analyze import EXE, Case, needs_model, without_progress, write_wav, write_y4m

needs_ffmpeg = unittest.skipUnless(shutil.which("ffmpeg"), "no ffmpeg")
SANITIZED = built.sanitizers()
TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=12"]


def stepped(path, to, seconds):
    """A transport stream of one video, the clock of which steps after every second picture."""
    data, pictures = bytearray(path.read_bytes()), 0

    def step(at, by):
        stamp = data[at:at + 5]
        t = (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | stamp[2] >> 1 << 15 | stamp[3] << 7 | stamp[4] >> 1
        t = (t + by) % (1 << 33)
        data[at:at + 5] = bytes([stamp[0] & 0xf0 | t >> 29 & 14 | 1, t >> 22 & 255, t >> 14 & 254 | 1,
                                 t >> 7 & 255, t << 1 & 254 | 1])

    for packet in range(0, len(data) - 187, 188):
        at = packet + 4 + (1 + data[packet + 4] if data[packet + 3] & 0x20 else 0)
        if data[packet + 1] & 0x40 and data[at:at + 4] == b"\0\0\1\xe0":
            by = pictures // 2 * seconds * 90000
            pictures += 1
            if data[at + 7] & 0x80:
                step(at + 9, by)
            if data[at + 7] & 0x40:
                step(at + 14, by)
    to.write_bytes(data)


@needs_model
@needs_ffmpeg
class Media(Case):
    def ffmpeg(self, *args):
        done = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, args)],
                              cwd=self.dir, capture_output=True, text=True, timeout=250)
        if "Unknown encoder" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def analyze(self, *args, **more):
        """The summary, and what was said beside it."""
        done = self.run_attune("analyze", *args, "--json", "-o", "out", **more)
        summary = json.loads(done.stdout)
        summary["notes"] = built.of_the_input(summary["notes"])
        return summary, without_progress(done.stderr)

    def timeline(self, *args):
        self.analyze(*args)
        return (self.dir / "out/timeline.csv").read_text()


class Order(Media):
    def test_threads_do_not_matter(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=1:duration=12", *TONE,
                    "-c:v", "libx264", "-bf", 2, "slow.mp4")
        first = self.timeline("slow.mp4", "--threads", 1)
        for threads in (16,) if SANITIZED else (2, 8, 16):
            summary, said = self.analyze("slow.mp4", "--threads", threads)
            self.assertEqual((self.dir / "out/timeline.csv").read_text(), first)
            self.assertEqual(summary["frames"], 12)
            self.assertEqual(len(summary["notes"]), 1)  # there is no face in it
            self.assertIn("no face was seen", summary["notes"][0])
            self.assertEqual(said.count("\n"), 1)

    def test_large_fragments_out_of_a_pipe(self):
        seconds = 4 if SANITIZED else 12
        write_wav(self.dir / "voice.wav", seconds)
        self.ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=320x240:rate=25:duration={seconds}",
                    "-i", "voice.wav", "-c:v", "libx264", "-g", 25 * seconds // 2, "-c:a", "aac",
                    "-movflags", "frag_keyframe+empty_moov", "fragments.mp4")
        as_file = self.timeline("fragments.mp4")
        with open(self.dir / "fragments.mp4", "rb") as f:
            piped = subprocess.run(["cat"], stdin=f, stdout=subprocess.PIPE).stdout
        done = subprocess.run(**{**self.command("analyze", "-", "-o", "out", "--json"),
                                 "stdin": None}, input=piped, capture_output=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = without_progress(done.stderr.decode()).splitlines()
        said += json.loads(done.stdout)["notes"]
        self.assertEqual([x for x in built.of_the_input(said) if "no face was seen" not in x], [])
        self.assertEqual((self.dir / "out/timeline.csv").read_text(), as_file)

    def test_live_input_drops_what_is_late_and_says_so(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=12", *TONE,
                    "-c:v", "mpeg4", "-g", 300, "-c:a", "aac",
                    "-movflags", "frag_keyframe+empty_moov", "fragments.mp4")
        data = (self.dir / "fragments.mp4").read_bytes()
        done = subprocess.run(**{**self.command("analyze", "-", "--live", "-o", "out", "--json"),
                                 "stdin": None}, input=data, capture_output=True, timeout=100)
        self.assertEqual(done.returncode, 0, done.stderr)
        notes = [x for x in built.of_the_input(json.loads(done.stdout)["notes"]) if "no face was seen" not in x]
        self.assertEqual(len(notes), 1, notes)
        self.assertIn("too late", notes[0])
        self.assertIn(notes[0], done.stderr.decode())
        self.assertIn("too late", (self.dir / "out/report.html").read_text())


class Tracks(Media):
    def test_the_one_with_speech(self):
        write_wav(self.dir / "voice.wav", 6)
        self.ffmpeg(*TONE, "-i", "voice.wav", "-map", 0, "-map", 1, "-shortest", "two.mka")
        summary, said = self.analyze("two.mka")
        self.assertEqual(summary["notes"],
                         ["the input has 2 sound tracks; number 2 was used: it has the most speech"])
        self.assert_one_line(said, "two.mka", summary["notes"][0])
        second = self.timeline("two.mka", "--audio-track", 2)
        self.assertEqual(self.timeline("two.mka"), second)
        self.assertNotEqual(self.timeline("two.mka", "--audio-track", 1), second)
        summary, _ = self.analyze("two.mka", "--audio-track", 1)
        self.assertEqual(summary["notes"], ["the input has 2 sound tracks; number 1 was used"])
        done = self.run_attune("analyze", "two.mka", "--audio-track", 3, code=1)
        self.assert_one_line(done.stderr, "two.mka", "no sound track 3; it has 2")

    def test_pictures_by_number(self):
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x48:duration=1",
                    "-f", "lavfi", "-i", "testsrc2=size=128x96:duration=1",
                    "-map", 0, "-map", 1, "-c:v", "mpeg4", "two.mkv")
        for n, width in ((1, 64), (2, 128)):
            summary, _ = self.analyze("two.mkv", "--video-track", n)
            self.assertEqual(summary["width"], width)
            self.assertIn(f"2 picture tracks; number {n}", summary["notes"][0])

    def test_opposite_phase(self):
        write_wav(self.dir / "voice.wav", 4)
        self.ffmpeg("-i", "voice.wav", "-af", "pan=stereo|c0=c0|c1=-1*c0", "opposite.wav")
        mono = self.timeline("voice.wav")
        self.assertEqual(self.timeline("opposite.wav"), mono)
        summary, said = self.analyze("opposite.wav")
        self.assertIn("opposite phase", summary["notes"][0])
        self.assertIn("opposite phase", said)
        self.assertEqual(self.run_attune("analyze", "opposite.wav", "--quiet").stderr, "")

    def test_bare_samples(self):
        write_wav(self.dir / "voice.wav", 4)
        data = (self.dir / "voice.wav").read_bytes()
        (self.dir / "voice.pcm").write_bytes(data[44:])
        as_wav = self.timeline("voice.wav")
        self.assertEqual(self.timeline("voice.pcm", "--pcm", 16000), as_wav)
        done = subprocess.run(**{**self.command("analyze", "-", "--pcm", "16000", "-o", "out"),
                                 "stdin": None}, input=data[44:], capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.dir / "out/timeline.csv").read_text(), as_wav)


class Damage(Media):
    def test_an_index_at_the_end_of_a_pipe(self):
        self.ffmpeg(*TONE, "-c:a", "aac", "late.mp4")
        self.analyze("late.mp4")
        done = subprocess.run(**{**self.command("analyze", "-"), "stdin": None}, timeout=60,
                              input=(self.dir / "late.mp4").read_bytes(), capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.assert_one_line(done.stderr.decode(), "index (moov)", "from a pipe", "by name")

    def test_damaged_packets_are_counted(self):
        self.ffmpeg(*TONE, "-c:a", "flac", "whole.mka")
        data = bytearray((self.dir / "whole.mka").read_bytes())
        noise = random.Random(5)
        for i in range(len(data) // 3, len(data) // 3 + 4000):
            data[i] = noise.randrange(256)
        (self.dir / "damaged.mka").write_bytes(data)
        summary, said = self.analyze("damaged.mka")
        self.assertRegex(summary["notes"][0], r"^\d+ damaged packets? (was|were) skipped$")
        self.assertIn("damaged", said)


class Harm(Media):
    def refused(self, *args, words=(), **more):
        before = self.files()
        done = self.run_attune("analyze", *args, code=1, **more)
        self.assert_one_line(done.stderr, *words)
        self.assertEqual(self.files(), before)

    def playlists(self):
        write_wav(self.dir / "beside.wav", 2)
        self.ffmpeg("-i", "beside.wav", "-c:a", "aac", "beside.ts")
        beside = self.dir / "beside"
        return {
            "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nbeside.ts\n#EXT-X-ENDLIST\n",
            "hls by path": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{beside}.ts\n#EXT-X-ENDLIST\n",
            "concat": "ffconcat version 1.0\nfile 'beside.wav'\n",
            "concat by path": f"ffconcat version 1.0\nfile '{beside}.wav'\n",
            "pls": "[playlist]\nFile1=beside.wav\n",
            "dash": '<?xml version="1.0"?>\n<MPD type="static"><Period><AdaptationSet><Representation>'
                    "<BaseURL>beside.wav</BaseURL></Representation></AdaptationSet></Period></MPD>\n",
        }

    def test_playlists_open_nothing(self):
        for what, text in self.playlists().items():
            for name in ("list.mp4", "list.m3u8", "list.ffconcat", "list.mpd", "list"):
                (self.dir / name).write_text(text)
                with self.subTest(what, name=name):
                    self.refused(name, words=[name, "playlist" if "<" not in text else "text"])
                    with open(self.dir / name, "rb") as f:
                        self.refused("-", stdin=f)
                    (self.dir / name).unlink()

    def test_session_descriptions_wait_for_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
            port.bind(("127.0.0.1", 0))
            text = ("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                    f"m=video {port.getsockname()[1]} RTP/AVP 96\na=rtpmap:96 H264/90000\n")
            for name in ("s.sdp", "s.mp4"):
                (self.dir / name).write_text(text)
                self.refused(name, words=[name])
                with open(self.dir / name, "rb") as f:
                    self.refused("-", stdin=f)

    def test_the_network_is_for_live_input(self):
        write_wav(self.dir / "voice.wav", 2)
        asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                asked.append(self.path)

        handler = functools.partial(Handler, directory=str(self.dir))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}/"
            (self.dir / "list.m3u8").write_text(
                f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}voice.wav\n#EXT-X-ENDLIST\n")
            self.refused(address + "voice.wav", words=["--live"])
            self.refused("list.m3u8", words=["playlist"])
            self.refused("--live", "list.m3u8", words=["playlist"])
            self.assertEqual(asked, [])
            summary, _ = self.analyze("--live", address + "voice.wav")
            self.assertEqual(summary["windows"], 4)
            self.assertIn("/voice.wav", asked)
            del asked[:]
            self.refused("--live", address + "list.m3u8")  # a list is read, and not followed
            self.assertNotIn("/voice.wav", asked)
            server.shutdown()
        for address in ("file:///etc/hostname", "concat://voice.wav", "data://x", "pipe://0"):
            self.refused("--live", address, words=["not read"])
        for name in ("concat:voice.wav", "file:voice.wav", "pipe:0", "subfile,,start,0,end,9,,:voice.wav"):
            self.refused(name, words=["No such file"])

    def steps(self, *sound):
        """The timeline of pictures whose clock steps by 3500 s, 24 times: the length of its rows."""
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10:duration=5", *sound,
                    "-c:v", "mpeg2video", "-g", 5, "plain.ts")
        stepped(self.dir / "plain.ts", self.dir / "steps.ts", 3500)
        summary, _ = self.analyze("steps.ts")
        self.assertGreater(summary["duration_s"], 24 * 3500)
        with open(self.dir / "out/timeline.csv", newline="") as f:
            rows = [(float(r["start_s"]), float(r["end_s"])) for r in csv.DictReader(f)]
        self.assertLess(len(rows), 220)
        for (_, before), (start, _) in zip(rows, rows[1:]):
            self.assertLessEqual(start, before)
        missing = summary["presence"]["estimate"]["longest_gap"]
        self.assertAlmostEqual(missing["end_s"] - missing["start_s"], rows[-1][1], delta=1)
        gaps = [end - start for start, end in rows if end - start > 3.001]
        self.assertEqual(len(gaps), 24)
        return gaps

    def test_a_clock_that_steps(self):
        """Rows for what there is in a small file, not for what the clock says; sound, which does not step, ends early."""
        tone = [*TONE[:-1], TONE[-1].replace("12", "5"), "-c:a", "mp2"]
        for gaps in (self.steps(), self.steps(*tone)):
            self.assertTrue(all(3490 < gap <= 3500 for gap in gaps), gaps)

    def test_the_sandbox_is_told_of(self):
        said = self.run_attune("info", "--sandbox").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in said],
                         ["layer", "process", "descriptors", "limits", "privileges", "files", "calls", "host"])
        for line in said[1:]:
            self.assertRegex(line, r"^\w+ +(not )?active +(not )?active +\w")
        write_wav(self.dir / "voice.wav", 3)
        held, _ = self.analyze("voice.wav")
        timeline = (self.dir / "out/timeline.csv").read_text()
        free, _ = self.analyze("--no-sandbox", "voice.wav")
        self.assertEqual((self.dir / "out/timeline.csv").read_text(), timeline)
        self.assertEqual(free["notes"], held["notes"] + ["the input was decoded without a sandbox, as was asked for"])

    def has_children(self, *args, code=0):
        p = subprocess.Popen(**self.command(*args), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        met = False
        while p.poll() is None:
            with contextlib.suppress(OSError):  # gone meanwhile
                met |= bool(running.children(p.pid))
        self.assertEqual(p.returncode, code)
        return met

    @unittest.skipIf("thread" in SANITIZED or "address" in SANITIZED, "nothing is forked beside threads")
    def test_degrading_may_do_without_a_sandbox(self):
        write_wav(self.dir / "voice.wav", 120)
        for args, confined in ([], True), (["--no-sandbox"], False):
            self.assertEqual(self.has_children("degrade", "voice.wav", "--corrupt", "hiss=10", "-o", f"{confined}.wav", *args), confined)
        self.assertEqual((self.dir / "True.wav").read_bytes(), (self.dir / "False.wav").read_bytes())

    @unittest.skipIf("thread" in SANITIZED or "address" in SANITIZED, "nothing is forked beside threads")
    def test_sound_of_its_own_may_do_without_a_sandbox(self):
        """Whose beginning is looked for in how a mouth moves; here is none."""
        write_y4m(self.dir / "mute.y4m", 60)
        write_wav(self.dir / "voice.wav", 6)
        for args, confined in ([], True), (["--no-sandbox"], False):
            self.assertEqual(self.has_children("analyze", "mute.y4m", "--sound", "voice.wav", "-o", "out", *args, code=1), confined)

    @unittest.skipIf("thread" in SANITIZED or "address" in SANITIZED, "nothing is forked beside threads")
    def test_a_decoder_that_dies_takes_nothing_with_it(self):
        os.mkfifo(self.dir / "pipe")
        keep = os.open(self.dir / "pipe", os.O_RDWR)
        self.addCleanup(os.close, keep)
        write_wav(self.dir / "voice.wav", 3)
        p = subprocess.Popen(**self.command("analyze", "pipe", "voice.wav", "-o", "out"), stderr=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, text=True)
        while not running.has_open(p.pid, "pipe"):
            self.assertIsNone(p.poll())
            time.sleep(0.01)
        os.kill(running.children(p.pid)[0], signal.SIGKILL)
        said = p.communicate(timeout=60)[1]
        self.assertEqual(p.returncode, 1, said)
        self.assertIn("pipe: the decoder broke down (signal 9)", said)
        self.assertTrue((self.dir / "out/voice/timeline.csv").is_file(), said)

    def peak_mb(self, *args, code=1, command=("analyze", "-o", "out")):
        """Memory of one run, its child's included, and what it said."""
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        peak = 0
        with open(self.dir / "said", "w+") as said:
            p = subprocess.Popen(**self.command(*command, *args), stderr=said,
                                 stdout=subprocess.DEVNULL)
            while p.poll() is None:
                peak = max(peak, running.memory_mb(p.pid))
                time.sleep(0.002)
            said.seek(0)
            text = said.read()
        self.assertEqual(p.returncode, code, text)
        return peak, without_progress(text)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_pictures_that_take_much_memory(self):
        """200 kB that ask for sixteen reference frames of 100 MB each."""
        self.ffmpeg("-f", "lavfi", "-i", "color=gray:size=8192x8184:rate=25", "-frames:v", 6,
                    "-c:v", "libx264", "-preset", "ultrafast", "-x264-params",
                    "ref=16:bframes=0:scenecut=0:rc-lookahead=0:threads=2", "large.mp4")
        for name in ("large.ts", "large.h264"):  # these do not say how large their pictures are
            self.ffmpeg("-i", "large.mp4", "-c", "copy", name)
        for name in ("large.mp4", "large.ts", "large.h264"):
            with self.subTest(name):
                peak, said = self.peak_mb(name, "--threads", 16)
                self.assertLess(peak, 600)
                self.assertIn("8192x8184", said)
                self.assertIn("memory", said)
        many = [x for _ in range(30) for x in ("-map", 0)]
        self.ffmpeg("-i", "large.mp4", *many, "-c", "copy", "many.mkv")
        peak, said = self.peak_mb("many.mkv", "--threads", 16)
        self.assertLess(peak, 600)
        self.assertIn("memory", said)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_a_decoder_with_memory_of_its_own(self):
        """Large pictures of AV1 are not decoded ahead, however many threads there are."""
        self.ffmpeg("-f", "lavfi", "-i", "testsrc2=size=4096x2720:rate=25", "-frames:v", 9, "-pix_fmt", "yuv420p10le",
                    "-c:v", "libaom-av1", "-cpu-used", 8, "-usage", "realtime", "large.mp4")
        peak, _ = self.peak_mb("large.mp4", "--threads", 16, code=0)
        self.assertLess(peak, 600)

    def grey(self, name, size):
        self.ffmpeg("-f", "lavfi", "-i", f"color=gray:size={size}", "-frames:v", 1, name)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_stills_that_take_much_memory(self):
        """What probing would decode, and what decoders keep beside a picture."""
        hostile.png(self.dir / "large.png", 8192, 8192)
        hostile.png(self.dir / "deep.png", 8192, 8192, 16)
        hostile.deep_tiff(self.dir / "deep.tiff", 8192, 8192)
        self.grey("large.jpg", "8192x8192")
        hostile.progressive_jpeg(self.dir / "progressive.jpg", 8192, 8192)
        hostile.progressive_jpeg(self.dir / "small.jpg", 640, 480)
        hostile.gif(self.dir / "large.gif", 8192, 8192, 1000, 10)
        hostile.y4m(self.dir / "large.y4m", 16384, 4096)
        for name, code in (("large.png", 0), ("deep.png", 1), ("deep.tiff", 1), ("large.jpg", 0),
                           ("progressive.jpg", 1), ("small.jpg", 0), ("large.gif", 1), ("large.y4m", 1)):
            with self.subTest(name):
                peak, said = self.peak_mb(name, code=code)
                self.assertLess(peak, 600)
                if code and name != "large.y4m":
                    self.assert_one_line(said, name, "takes more than 448 MB of memory")

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_clips_that_are_written_large(self):
        """Encoders hold what they look ahead at."""
        hostile.png(self.dir / "large.png", 8192, 8192)
        hostile.png(self.dir / "photo.png", 4096, 4096)
        for name, size, frames in (("4k.mkv", "4096x2048", 12), ("5k.mkv", "5120x2880", 1)):
            self.ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25", "-frames:v", frames, "-c:v", "libx264",
                        "-preset", "ultrafast", name)
        for name, out, code, line in (
                ("4k.mkv", "out.mkv", 0, ""), ("photo.png", "out.png", 0, ""),
                ("5k.mkv", "out5.mkv", 1, "pictures of 5120x2880 pixels are not written as H.264"),
                ("large.png", "out6.png", 1, "large.png: its pictures are damaged, or larger than 16777216 pixels")):
            peak, said = self.peak_mb(name, "-o", out, "--corrupt", "gamma=1.5", "--quiet", code=code,
                                      command=("degrade",))
            self.assertLess(peak, 600)
            self.assertIn(line, said)
            self.assertEqual((self.dir / out).exists(), code == 0)

    @unittest.skipIf(SANITIZED, "a sanitizer takes memory of its own")
    def test_headers_that_ask_for_memory(self):
        """Half a megabyte that took 23 GB; one track's table is refused by FFmpeg, many are by us."""
        for name, tracks, samples in (("one.mp4", 1, 80000000), ("some.mp4", 16, 15000000),
                                      ("many.mp4", 1000, 1000000)):
            hostile.long_index(self.dir / name, tracks, samples)
            peak, said = self.peak_mb(name)
            self.assertLess(peak, 600)
            self.assert_one_line(said, name)
        self.assertIn("takes more memory than the 480 MB that an input may", said)
        hostile.png(self.dir / "large.png", 8192, 8192)
        hostile.index_and_picture(self.dir / "both.mp4", (self.dir / "large.png").read_bytes(), 8192, 8192, 8300000)
        peak, said = self.peak_mb("both.mp4")
        self.assertLess(peak, 600)
        self.assert_one_line(said, "both.mp4: out of memory: decoding it takes more memory than the 480 MB")
        for channels, rate in ((64, 48000), (255, 768000), (4000, 8000), (1, 768000)):
            hostile.wav(self.dir / "sound.wav", channels, rate, 9000000)
            peak, said = self.peak_mb("sound.wav", "--quiet", code=int(channels > 1))
            self.assertLess(peak, 600)

    @unittest.skipIf(SANITIZED, "it is slow")
    def test_pictures_without_time(self):
        """A million large pictures in a second of input, after a leap of its clock; what is never shown; sound."""
        self.grey("one.jpg", "4096x4096")
        one = (self.dir / "one.jpg").read_bytes()
        hostile.same_picture(self.dir / "leap.mp4", one, 4096, 4096, [(1, 10**9), (1000000, 1)], 1000000)
        self.ffmpeg("-f", "lavfi", "-i", "color=gray:size=4096x4096:rate=25", "-frames:v", 2,
                    "-c:v", "libvpx", "-deadline", "realtime", "two.ivf")
        hostile.hidden_pictures(self.dir / "hidden.ivf", (self.dir / "two.ivf").read_bytes(), 1000)
        for name in ("leap.mp4", "hidden.ivf"):
            with self.subTest(name):
                done = self.run_attune("analyze", name, "--quiet", code=1)
                self.assertIn(f"{name}: too many pictures a second for their size (4096x4096", done.stderr)
        self.ffmpeg("-f", "lavfi", "-i", "anullsrc=sample_rate=48000", "-t", 1000,
                    "-c:a", "flac", "-bsf:a", "setts=ts=0", "still.mka")
        done = self.run_attune("analyze", "still.mka", "--quiet", code=1)
        self.assertIn("still.mka: too much sound", done.stderr)
        hostile.same_picture(self.dir / "slow.mp4", one, 4096, 4096, [(60, 1)], 30)
        summary, _ = self.analyze("slow.mp4")
        self.assertEqual(summary["frames"], 16)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=1)
    sys.exit(not program.result.wasSuccessful())
