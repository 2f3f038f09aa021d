#!/usr/bin/env python3
"""attune analyze --signal and --chat: rows that are wrong are named, no estimate changes, and what windows say of a signal
is what was put in; and a fusion that is trained with a signal, where the label is in nothing else."""
import csv
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from signal import SIGHUP, SIGINT, SIGTERM

import built
import mini_corpora
import onnx_files
import onnx_runtime
import running

EXE = os.environ.get("ATTUNE_EXE", "attune")
SOURCE = pathlib.Path(os.environ.get("ATTUNE_SRC", pathlib.Path(__file__).parent.parent))
CLIP_S, WORDS_S = 12, 4  # the demo clip's beginning, and its sound's
folder = clip = words = None


def setUpModule():
    global folder, clip, words
    folder = pathlib.Path(tempfile.mkdtemp(prefix="attune-signals-"))
    clip, words = folder / "head.mp4", folder / "words.wav"
    cut = ["ffmpeg", "-v", "error", "-i", SOURCE / "demo/talking_head.mp4", "-t"]
    subprocess.run([*cut, str(CLIP_S), "-c", "copy", clip], check=True)
    subprocess.run([*cut, str(WORDS_S), "-vn", words], check=True)


def tearDownModule():
    shutil.rmtree(folder)


def file(name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def analyze(*options, out="out", of=None):
    return subprocess.run([EXE, "analyze", of or clip, "-o", folder / out, *map(str, options)], capture_output=True, text=True)


def rows(out="out"):
    with open(folder / out / "timeline.csv", newline="") as f:
        return list(csv.reader(f))


class Rows(unittest.TestCase):
    """Nothing is analysed of what these refuse."""

    def refused(self, text, *words, options=(), name="x.csv", option="--signal"):
        r = analyze(option, file(name, text), *options, out="refused")
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertEqual(r.stderr.count("\n"), 1)
        for word in (name, *words):
            self.assertIn(word, r.stderr)
        self.assertFalse((folder / "refused").exists())

    def test_signals(self):
        self.refused("", "is empty")
        self.refused("time,hr\n0,70\n1,fast\n", "x.csv:3: hr is 'fast', no number: say which columns to take (--columns)")
        self.refused('time,hr\n0,"70,5"\n', "x.csv:2: hr is '70,5', no number (with a point)")
        self.refused("time;hr\n0;1.270,5\n", "x.csv:2: hr is '1.270,5', no number")
        self.refused("time,hr\n0,1e40\n", "x.csv:2: hr is '1e40'")
        self.refused("time,hr\n1,70\n0.5,71\n", "x.csv:3: its time '0.5' is before")
        self.refused("time,hr\n,70\n", "x.csv:2: its time is missing")
        self.refused("time,hr\nsoon,70\n", "x.csv:2: its time 'soon' is not seconds, h:mm:ss, or a date as in")
        self.refused("time,hr\n0,70\n10:15 Mon,70\n", "x.csv:3: its time '10:15 Mon' is not seconds, or h:mm:ss\n")
        self.refused("date,hr\n5/4/2026 10:15,70\n", "x.csv:2: its time '5/4/2026 10:15' may begin with the month or the day",
                     "--log-time mdy or dmy")
        self.refused("0,70\n1,71\n", "x.csv:1: its columns have no names: a header is missing")
        self.refused("2026-05-04T10:00:00Z,70\n", "x.csv:1: its columns have no names")
        self.refused("time,hr\n2026-02-30T00:00:00Z,70\n", "is not a date")
        self.refused("time,hr\n0,70,71\n", "x.csv:2: 3 fields, where the header has 2")
        self.refused("time,hr\n0,-1e38\n", "x.csv:2: hr is '-1e38', no number up to 1e+30")
        self.refused("time,hr\n0,\"70\n", "x.csv:2: a quote is opened and never closed")
        self.refused(b"time,hr\n0,7\x000\n", "x.csv:2: it has a byte of 0")
        self.refused("time,hr\n".encode("utf-16"), "UTF-16")
        self.refused("time,hr\n0," + "7" * 100000 + "\n", "x.csv:2: it is longer than")
        self.refused("time\n0\n", "no column beside the time")
        self.refused("time,hr,eda\n0,,\n1,NaN,-\n", "x.csv: no row has a value in hr, eda\n")
        self.refused("time,hr,eda\n0,1,\n", "x.csv: no row has a value in eda\n", options=("--columns", "eda"))
        self.refused("time," + ",".join("abcdefghi") + "\n", "more than 8 columns")
        self.refused("time,hr\n0,70\n", "no column 'eda'", options=("--columns", "eda"))

    def test_chats(self):
        self.refused("time,words\n0,hi\n", "no column 'text', 'message' or 'content'", option="--chat")
        self.refused("time;text\n0;Ich bin wütend\n".encode("latin-1"), "x.csv:2: its text is no UTF-8", option="--chat")
        self.refused("time,text\n0,hi\n", "no column 'from'", option="--chat", options=("--chat-of", "ann"))

    def test_not_beside_live_input(self):
        for live in ("--live", "--mic"):
            r = analyze("--chat", "x.csv", live, out="refused")
            self.assertEqual((r.returncode, "attune serve takes them" in r.stderr), (2, True), r.stderr)

    def test_no_file(self):
        r = analyze("--signal", folder / "none.csv")
        self.assertEqual((r.returncode, "none.csv" in r.stderr), (1, True))
        self.assertEqual(analyze("--events", "a").returncode, 2)


class Stopped(unittest.TestCase):
    """While a log of minutes is first read."""

    @classmethod
    def setUpClass(cls):
        for name, header, row in ("long.csv", b"time,hr\n", b"0,70\n"), ("long_chat.csv", b"time,from,text\n", b"0,Ann,hello\n"):
            file(name, gzip.compress(header) + 2000 * gzip.compress(200000 * row))
        file("long_study.csv", f"path,signal\n{clip},long.csv\n")

    def stopped(self, how, log, *options):
        p = subprocess.Popen([EXE, "analyze", *map(str, options), "-o", folder / "stopped"], stderr=subprocess.PIPE, text=True)
        while not running.has_open(p.pid, log):
            self.assertIsNone(p.poll())
            time.sleep(0.01)
        p.send_signal(how)
        _, said = p.communicate(timeout=60)
        self.assertEqual(p.returncode, 130, said)
        return said

    def test_at_once(self):
        for how, *options in ((SIGINT, "--signal", "long.csv"), (SIGTERM, "--chat", "long_chat.csv")):
            self.assertEqual(self.stopped(how, options[1], clip, options[0], folder / options[1]),
                             "attune: head.mp4: interrupted before there was anything to keep\n")
            self.assertFalse((folder / "stopped").exists())
        self.assertEqual(self.stopped(SIGHUP, "long.csv", "--manifest", folder / "long_study.csv", "--quiet"),
                         f"attune: interrupted; attune analyze --resume goes on with {folder / 'stopped'}\n")


class Told(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        text = "\ufeffTime,Heart Rate,clicks\r\n" + "".join(
            f"{i / 2},{60 + i},{1 if i % 4 == 0 else ''}\r\n" for i in range(46)) + "\r\n"
        chat = "time,from,text\n1,ann,I am confused\n1.2,bob,\"so boring, really\"\n30,ann,late\n"
        cls.plain = analyze("--quiet", out="plain")
        cls.with_both = analyze("--signal", file("watch.csv", text), "--events", "clicks", "--chat",
                                file("chat.csv", chat), "--chat-of", "Ann", "--export", "table", out="both")

    def test_estimates_are_the_same(self):
        self.assertEqual((self.plain.returncode, self.with_both.returncode), (0, 0), self.with_both.stderr)
        plain, both = rows("plain"), rows("both")
        self.assertEqual(plain, [r[:len(plain[0])] for r in both])

    def test_what_windows_say(self):
        windows = [dict(zip(rows("both")[0], r)) for r in rows("both")[1:]]
        w = next(w for w in windows if w["end_s"] == "10.000")
        self.assertEqual(float(w["signal_mean_Heart_Rate"]), 76.5)  # of 7 to 10 s: 74 to 79, each half a second
        self.assertAlmostEqual(float(w["signal_slope_Heart_Rate"]), 2, places=4)
        self.assertAlmostEqual(float(w["signal_deviation_Heart_Rate"]), (35 / 12) ** .5, places=4)
        self.assertEqual(w["signal_coverage_Heart_Rate"], "1.0000")
        self.assertAlmostEqual(float(w["signal_mean_clicks"]), 1 / 3, places=4)  # at 8 s
        self.assertEqual(w["signal_slope_clicks"], "")
        self.assertEqual((w["used_signal"], float(w["weight_signal"])), ("0", 0))
        w = next(w for w in windows if w["end_s"] == "2.000")
        self.assertEqual(w["chat_messages"], "1")
        self.assertGreater(float(w["chat_confusion"]), .5)
        self.assertEqual(float(w["chat_boredom"]), 0)  # bob's

    def test_what_the_report_says(self):
        summary = json.loads((folder / "both/summary.json").read_text())
        hr, clicks = summary["beside"]["signals"]
        self.assertEqual((hr["name"], hr["events"], clicks["events"]), ("Heart_Rate", False, True))
        self.assertEqual(summary["beside"]["chat"]["messages"], 1)
        page = (folder / "both/report.html").read_text()
        self.assertIn("<h3>Signal (no estimate rests on it)</h3>", page)
        self.assertIn("<h3>Chat, by its words (no estimate rests on it)</h3>", page)
        self.assertNotIn("</i>signal</li>", page)  # it has no weight
        self.assertIn("Heart_Rate over time", page)
        self.assertNotIn("<h3>Signal", (folder / "plain/report.html").read_text())
        self.assertNotIn("beside", json.loads((folder / "plain/summary.json").read_text()))
        self.assertIn("signal", self.with_both.stdout)

    @unittest.skipUnless(shutil.which("pdftotext"), "no pdftotext")
    def test_printed(self):
        """Curves beside take more than a page: nothing runs over its foot."""
        if "  pdf " not in subprocess.run([EXE, "export", "--help"], capture_output=True, text=True).stdout:
            self.skipTest("built without cairo")
        pdf = folder / "both.pdf"
        subprocess.run([EXE, "export", folder / "both", "--to", "pdf", "-o", pdf, "--quiet"], check=True)
        boxes = subprocess.run(["pdftotext", "-bbox", pdf, "-"], check=True, capture_output=True, text=True).stdout
        pages = boxes.split("<page ")[1:]
        for page in pages:
            words = [(float(y), word) for y, word in re.findall(r'yMax="([\d.]+)">([^<]*)<', page)]
            foot = max(y for y, word in words if word == "perceived")
            self.assertEqual([w for w in words if foot - 30 < w[0] < foot - 3 or w[0] > foot + 3], [])
        self.assertEqual(pages[1].count(">time<"), 3)  # "Over time", and two axes

    def test_in_cues(self):
        """A cue is a row of the timeline, and has all its columns."""
        subprocess.run([EXE, "export", folder / "both", "--to", "vtt-metadata", "-o", folder / "cues", "--quiet"], check=True)
        cues = (folder / "cues/timeline.metadata.vtt").read_text().rstrip("\n").split("\n\n")[2:]
        lines = (folder / "both/timeline.jsonl").read_text().splitlines()
        self.assertEqual([list(json.loads(c.split("\n", 1)[1])) for c in cues], [list(json.loads(x)) for x in lines])

    def test_read_back(self):
        """What is exported later has the same columns, with the same digits."""
        r = subprocess.run([EXE, "export", folder / "both", "--to", "table", "-o", folder / "later.csv"],
                           capture_output=True, text=True)
        self.assertEqual(r.returncode, 0, r.stderr)
        later = folder / "later.csv"
        later = later / "table.csv" if later.is_dir() else later
        self.assertEqual(later.read_bytes(), (folder / "both/table.csv").read_bytes())
        self.assertIn(b"signal_mean_Heart_Rate", later.read_bytes())

    def test_dates_and_offsets(self):
        for text, options in (
                ("time_ms,hr\n2000,70\n3000,70\n", ()),
                ("t,hr\n2,70\n3,70\n", ()),
                ("when,hr\n0:02,70\n0:03,70\n", ()),
                ("sep=;\r\ntime;hr\r\n2,0;70,5\r\n3,0;70,5\r\n", ()),
                ("time,hr\r2,70\r3,70\r", ()),
                ("timestamp,hr\n1777888802,70\n1777888803,70\n", ("--signal-offset", 2)),
                ("timestamp,hr\n1777888802000,70\n1777888803000,70\n", ("--signal-offset", 2)),
                ("timestamp,hr\n1777888802000000,70\n1777888803000000,70\n", ("--zero", "2026-05-04T10:00:00Z")),
                ("time_ms,hr\n1777888802000,70\n1777888803000,70\n", ("--signal-offset", 2)),
                ("Datum;hr\n4.5.2026 9:59:59,5;70\n04.05.2026 10:00:00;70\n", ("--signal-offset", 2)),
                ("hr,time\n70,2026-05-04T12:00:00+02:00\n70,2026-05-04T12:00:01+02:00\n", ("--signal-offset", 2)),
                ("time,hr\n2026-05-04 10:00:02,70\n2026-05-04 10:00:03,70\n", ("--zero", "2026-05-04T10:00:00Z")),
                ("time,hr\n1777888802,70\n1777888803,70\n", ("--zero", "2026-05-04T10:00:00Z"))):
            r = analyze("--quiet", "--sinks", "csv", "--signal", file("d.csv", text), *options, out="dated", of=words)
            self.assertEqual(r.returncode, 0, r.stderr)
            told = [dict(zip(rows("dated")[0], x)) for x in rows("dated")[1:]]
            first = next(w["end_s"] for w in told if w["signal_mean_hr"])
            self.assertEqual(first, "2.500", text)

    def test_what_cannot_be_read(self):
        text = "time,text\n1,I am confused\n2,je ne comprends rien\n3,分かりません\n4,the file is on the second page\n"
        r = analyze("--sinks", "csv,summary", "--chat", file("foreign.csv", text), out="foreign", of=words)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("4 messages, 2 of them in no language that is read here", r.stdout)
        self.assertIn("2 of 4 messages of the chat are in no language that is read here", r.stderr)
        self.assertEqual(json.loads((folder / "foreign/summary.json").read_text())["beside"]["chat"]["unread"], 2)
        told = [dict(zip(rows("foreign")[0], x)) for x in rows("foreign")[1:]]
        w = next(w for w in told if w["end_s"] == "3.500")
        self.assertEqual((w["chat_messages"], w["chat_unread"]), ("3", "2"))

    def test_of_devices_and_platforms(self):
        """By what is in them, whatever they are called."""
        for option, text, name, options, first in (
                ("signal", "1777888802.0\n2.0\n70\n70\n70\n", "a file of Empatica's", ("--signal-offset", 2), "2.500"),
                ("signal", "Name,Sport,Date,Start time,\nMade Up,RUNNING,04-05-2026,10:00:02,\nSample rate,Time,HR (bpm),Pace (min/km),\n"
                           "1,00:00:00,70,05:30,\n1,00:00:01,71,,\n", "an export of Polar Flow's", ("--zero", "2026-05-04T10:00:00"), "2.500"),
                ("chat", "[04.05.26, 10:00:02] Ann: I am confused\n", "a WhatsApp export", ("--zero", "2026-05-04T10:00:00"), "2.500"),
                ("chat", "5/4/26, 10:00 AM - Ann: I am confused\n", "a WhatsApp export",
                 ("--zero", "2026-05-04T09:59:58", "--log-time", "mdy"), "2.500"),
                ("chat", "WEBVTT\n\n00:02.000 --> 00:03.000\n<v Ann>I am confused\n", "a WebVTT transcript", (), "2.500"),
                ("chat", "10:00:02 From Ann to Everyone:\n\tI am confused\n", "a chat that Zoom saved", ("--chat-offset", -36000), "2.500")):
            r = analyze("--sinks", "csv,summary", f"--{option}", file("x", text), *options, out="told", of=words)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn(f"the {option} is read as {name}\n", r.stderr)
            told = [dict(zip(rows("told")[0], x)) for x in rows("told")[1:]]
            has = "chat_confusion" if option == "chat" else next(c for c in rows("told")[0] if c.startswith("signal_mean"))
            self.assertEqual(next(w["end_s"] for w in told if w[has] not in ("", "0.0000")), first, name)
            self.assertIn(f"the {option} is read as {name}", (folder / "told/summary.json").read_text())

    def test_an_order_is_of_dates_alone(self):
        """Said of a chat's dates, it leaves a signal beside it in milliseconds."""
        chat = file("mdy.csv", "time,text\n5/4/2026 10:00:00,I am confused\n5/4/2026 10:00:02,I am confused\n")
        for head, times in ("time_ms", (0, 1000, 2000)), ("time", (0, 1, 2)), ("time", ("5/4/2026 10:00:00", "5/4/2026 10:00:01", "5/4/2026 10:00:02")):
            signal = file("beside.csv", f"{head},hr\n" + "".join(f"{t},{70 + 10 * i}\n" for i, t in enumerate(times)))
            r = analyze("--sinks", "csv", "--signal", signal, "--chat", chat, "--log-time", "mdy", out="order", of=words)
            self.assertEqual(r.returncode, 0, r.stderr)
            told = {w["end_s"]: w for w in (dict(zip(rows("order")[0], x)) for x in rows("order")[1:])}
            self.assertEqual((told["2.000"]["signal_mean_hr"], told["2.500"]["chat_messages"]), ("75", "2"), head)

    def test_milliseconds_that_nobody_calls_so(self):
        text = "time,hr\n" + "".join(f"{i * 500},{70 + i}\n" for i in range(46))
        for options, noted in ((), True), (("--log-time", "ms"), False), (("--log-time", "s"), False):
            r = analyze("--sinks", "csv", "--signal", file("ms.csv", text), *options, out="ms", of=words)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertEqual("the times of the signal are taken for seconds, and the last is 22500: over 100 times as long as the "
                             "recording (--log-time ms or us)" in r.stderr, noted)
        few = f"time,hr\n0,70\n{99 * WORDS_S},71\n"  # that is near enough
        self.assertNotIn("taken for seconds", analyze("--sinks", "csv", "--signal", file("s.csv", few), out="ms", of=words).stderr)

    def test_letters_of_any_script(self):
        """A column's name goes through every sink."""
        text = "time,µS,Größe,Größe\n" + "".join(f"{i},{i},{2 * i},{3 * i}\n" for i in range(20))
        r = analyze("--signal", file("names.csv", text), "--columns", "µs,größe,Größe_2", "--export", "table", out="names", of=words)
        self.assertEqual(r.returncode, 0, r.stderr)
        names = ["uS", "Groesse", "Groesse_2"]
        self.assertEqual([c[12:] for c in rows("names")[0] if c.startswith("signal_mean_")], names)
        self.assertEqual([s["name"] for s in json.loads((folder / "names/summary.json").read_text())["beside"]["signals"]], names)
        first = json.loads((folder / "names/timeline.jsonl").read_text().splitlines()[0])
        self.assertLessEqual({f"signal_mean_{n}" for n in names}, {*first, *first.get("beside", {})})
        self.assertIn("signal_mean_Groesse_2", (folder / "names/table.csv").read_text())
        self.assertIn("Groesse_2 over time", (folder / "names/report.html").read_text())

    def test_columns_without_a_value(self):
        r = analyze("--signal", file("some.csv", "time,hr,eda,late\n0,70,,\n1,71,NaN,\n2,72,-,\n900,70,,1\n"), out="some")
        self.assertIn("head.mp4: left out of the signal, since no row has a value in it: eda\n", r.stderr)
        self.assertEqual([k for k in rows("some")[0] if k.startswith("signal_mean")], ["signal_mean_hr", "signal_mean_late"])
        page = (folder / "some/report.html").read_text()
        self.assertEqual([f">{name}<" in page for name in ("hr", "eda", "late")], [True, False, False])  # late: of no window
        self.assertIn("late never", r.stdout)

    def test_what_lies_elsewhere(self):
        for option, text, note in (
                ("--signal", "time,hr\n10:15:00,70\n10:15:10,71\n", "no row of the signal lies within the recording: the last is "
                                                                     "36910 s after its beginning"),
                ("--chat", "time,text\n-5,early\n", "no message of the chat lies within the recording: the last is 5 s before "
                                                    "its beginning")):
            r = analyze("--sinks", "csv", option, file("away.csv", text), out="away", of=words)
            self.assertEqual(r.returncode, 0, r.stderr)
            self.assertIn(note, r.stderr)
        r = analyze("--sinks", "csv", "--chat", file("of.csv", "time,from,text\n5,Ann,so\n"), "--chat-of", "Nobody", out="away", of=words)
        self.assertIn("no message of the chat is there, or none of whom --chat-of names\n", r.stderr)

    def test_what_came_before_the_recording(self):
        """It holds, is counted on from, and is usual."""
        early = "".join(f"{i / 2},{i % 2},{0 if i else ''}\n" for i in range(101))
        late = "".join(f"{i / 2},{10 + i % 2},{'1' if i == 130 else ''}\n" for i in range(101, 140))
        r = analyze("--no-video", "--sinks", "csv", "--signal", file("early.csv", "time,hr,taps\n" + early + late), "--events", "taps",
                    "--signal-offset", -50.25, out="early")
        self.assertEqual(r.returncode, 0, r.stderr)
        windows = [dict(zip(rows("early")[0], r)) for r in rows("early")[1:]]
        first, last = windows[0], next(w for w in windows if w["end_s"] == "10.000")
        self.assertEqual(first["signal_coverage_hr"], "1.0000")
        self.assertEqual(float(first["signal_mean_hr"]), 5.5)  # from before, for a quarter of a second
        self.assertEqual([float(first["signal_mean_taps"]), first["signal_coverage_taps"]], [0, "1.0000"])
        self.assertGreater(float(last["signal_z_hr"]), 1)


SAID = ("I am fine", "I am so happy", "I am sad", "I am angry", "I am afraid", "this is disgusting", "I am surprised")
NAMES = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")


def signal(rng, emotion, count, columns="heart_rate,skin,breath"):
    """The emotion's number, a bit a column."""
    bit = [emotion >> i & 1 for i in range(3)]
    return f"time,{columns}\n" + "".join(
        f"{j / 10},{rng.gauss(60 + 20 * bit[0], 1):.2f},{rng.gauss(.2 + .2 * bit[1], .01):.4f},"
        f"{rng.gauss(12 + 6 * bit[2], .3):.2f}\n" for j in range(count))


@unittest.skipIf(built.sanitizers(), "does not learn for long enough")
class Trained(unittest.TestCase):
    """Voices whose label is in nothing but the signal, or the chat, beside them."""

    @classmethod
    def setUpClass(cls):
        rng = random.Random(3)
        mini_corpora.make_ferplus(folder / "ferplus", rng, 8, 4)
        listed = ["file,speaker,emotion,split,signal,chat"]
        for split in "train", "valid":
            for e, name in enumerate(NAMES):
                for sound in range(len(NAMES)):  # of each label every voice there is
                    k = len(listed)
                    mini_corpora.write_sound(folder / f"clips/{k}.wav", mini_corpora.voice(rng, sound, .9))
                    (folder / f"clips/{k}.csv").write_text(signal(rng, e, 40))
                    (folder / f"clips/{k}.chat.csv").write_text(f"time,text\n{rng.random()},{SAID[e]}\n")
                    listed.append(f"{k}.wav,p{k},{name},{split},{k}.csv,{k}.chat.csv")
        (folder / "clips/manifest.csv").write_text("\n".join(listed) + "\n")
        shutil.copy(SOURCE / "models/default.safetensors", folder / "start.safetensors")
        parts = {"train": "train", "valid": "valid"}
        cls.recipe = {
            "kind": "fusion", "name": "fusion", "seed": 5, "fusion": "concat", "model": "start.safetensors",
            "faces": {"dataset": "ferplus", **parts}, "voices": {"dataset": "manifest", "folder": "clips", **parts},
            "signals": {"folder": "clips", "columns": "heart_rate,skin,breath", "absent": .2, **parts},
            "epochs": 30, "eval_every": 30, "batch": 8, "pairs": 160, "judged": 70, "versions": 2, "sights": 1,
            "tokens": 4, "missing": .8, "dropout": .1, "smoothing": .05,
            "optimiser": {"lr": .003, "ema": .8, "clip": 1}}
        cls.result = cls.train(cls.recipe)

    @staticmethod
    def train(recipe, *options):
        path = file(recipe["name"] + ".json", json.dumps(recipe))
        return subprocess.run([EXE, "train", path, "--data", folder, "-o", folder / "trained", "--quiet", *options],
                              capture_output=True, text=True)

    def test_what_is_in_the_signal_is_learned(self):
        self.assertEqual((self.result.returncode, self.result.stderr), (0, ""))
        m = json.loads((folder / "trained/fusion.metrics.jsonl").read_text().splitlines()[-1])
        self.assertLess(m["voice_alone.recall"], .4)  # one in seven by chance
        self.assertGreater(m["signal_alone.recall"], .9)
        self.assertGreater(m["voice_and_signal.recall"], m["voice_alone.recall"] + .15)
        self.assertGreaterEqual(m["with_signal.recall"], m["clean.recall"])
        self.assertGreater(m["face_alone.recall"], .9)  # what others say is there without it as ever

    def test_what_is_in_the_chat_is_learned(self):
        chats = {"folder": "clips", "absent": .2, "train": "train", "valid": "valid"}
        recipe = {**self.recipe, "name": "chatty", "chats": chats, "epochs": 12, "eval_every": 12, "versions": 1}
        del recipe["signals"]
        r = self.train(recipe)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        m = json.loads((folder / "trained/chatty.metrics.jsonl").read_text().splitlines()[-1])
        self.assertLess(m["voice_alone.recall"], .4)
        self.assertGreater(m["chat_alone.recall"], .9)
        self.assertGreater(m["voice_and_chat.recall"], m["voice_alone.recall"] + .15)

    def hold_in_another_engine(self, model):
        """As ONNX it has inputs of its columns, and answers the same."""
        onnx_runtime.hold(self, model, folder / "networks")
        graph, = onnx_files.every((folder / "networks/fusion.onnx").read_bytes(), 7)
        inputs = {onnx_files.every(given, 1)[0].decode() for given in onnx_files.every(graph, 11)}
        self.assertLessEqual({f"signal_mean_{column}" for column in ("heart_rate", "skin", "breath")}, inputs)

    def test_a_model_of_it_expects_its_columns(self):
        data = {"dataset": "ferplus", "train": "train", "valid": "valid"}
        file("visual.json", json.dumps({"kind": "visual", "name": "v", "detector": "start.safetensors", "data": [data]}))
        file("audio.json", json.dumps({"kind": "audio", "name": "a",
                                       "data": [{**data, "dataset": "manifest", "folder": "clips"}]}))
        r = self.train({"kind": "assemble", "name": "whole", "detector": "start.safetensors",
                        "visual": {"model": "start.safetensors", "recipe": "visual.json"},
                        "audio": {"model": "start.safetensors", "recipe": "audio.json"},
                        "fusion": "fusion.safetensors", "reference_pictures": 20, "metadata": {"name": "m"}})
        self.assertEqual(r.returncode, 0, r.stderr)
        model = folder / "trained/whole.safetensors"
        self.assertIn("heart_rate,skin,breath", subprocess.run([EXE, "info", model], capture_output=True, text=True).stdout)
        rng, told = random.Random(7), {}
        for name, columns, emotion in ("angry", "breath,heart_rate,skin", 3), ("happy", "heart_rate,skin,breath", 1), \
                ("other", "heart_rate,sweat,breath", 3):
            text = signal(rng, emotion, 230, columns)
            if name == "angry":  # in another order: columns are found by name
                text = "\n".join(",".join([f[0], f[3], f[1], f[2]]) for f in (x.split(",") for x in signal(
                    rng, emotion, 230).splitlines())) + "\n"
            path = file(name + ".csv", text)
            r = analyze("--model", model, "--signal", path, out=name)
            self.assertEqual(r.returncode, 0, r.stderr)
            told[name] = [dict(zip(rows(name)[0], x)) for x in rows(name)[1:]]
            self.assertEqual("lacks" in r.stderr and "skin" in r.stderr, name == "other", r.stderr)
        mean = {x: {e: sum(float(w["emotion_" + e]) for w in told[x]) for e in NAMES} for x in told}
        self.assertEqual([any(w["used_signal"] == "1" for w in told[x]) for x in told], [True, True, False])
        self.assertGreater(mean["angry"]["angry"], mean["happy"]["angry"])
        self.assertGreater(mean["happy"]["happy"], mean["angry"]["happy"])
        self.assertEqual(analyze("--model", model, "--quiet", out="alone").returncode, 0)
        alone = [r for r in rows("alone")]
        self.assertEqual(alone, [r[:len(alone[0])] for r in rows("other")])
        self.hold_in_another_engine(model)

    def test_recipes_that_are_wrong(self):
        for change, word in (({"fusion": "tensor"}, "face and voice alone"),
                             ({"signals": {"train": "train", "valid": "valid"}}, "train and columns go together"),
                             ({"signals": {"train": "train", "columns": "a"}}, "train and valid go together"),
                             ({"signals": {**self.recipe["signals"], "log_time": "h"}}, "log_time is s, ms"),
                             ({"chats": {"folder": "clips", "log_time": "told"}}, "log_time is s, ms"),
                             ({"signals": {**self.recipe["signals"], "columns": "sweat"}}, "no column 'sweat'")):
            r = self.train(dict(self.recipe, name="wrong", **change))
            self.assertEqual(r.returncode, 1)
            self.assertIn(word, r.stderr)


if __name__ == "__main__":
    unittest.main()
