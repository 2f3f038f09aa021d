#!/usr/bin/env python3
"""bindings/python: the same answers as the program's, errors as exceptions, no leak, threads.

Needs ATTUNE_BUILD with the shared library, a model, ffmpeg and NumPy. ATTUNE_SESSIONS: how many sessions are opened
where memory is looked at (10000)."""
import copy
import csv
import gzip
import json
import math
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from python_bindings import EXE, HEIGHT, PACKAGE, RATE, WIDTH, make_clip, numpy, run, why_not

if not why_not:
    import attune
    from attune import _c
    from attune._pictures import copier

SESSIONS = int(os.environ.get("ATTUNE_SESSIONS", 10000))


def setUpModule():
    global folder, clip, pictures, sound
    folder = pathlib.Path(tempfile.mkdtemp())
    if why_not:
        return
    clip = make_clip(folder)
    run("ffmpeg", "-v", "error", "-i", clip, "-f", "rawvideo", "-pix_fmt", "rgb24", folder / "rgb")
    run("ffmpeg", "-v", "error", "-i", clip, "-f", "s16le", folder / "s16")
    pictures = numpy.fromfile(folder / "rgb", numpy.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    sound = numpy.fromfile(folder / "s16", numpy.int16)


def tearDownModule():
    shutil.rmtree(folder)


def timeline(where):
    with open(where / "timeline.csv", newline="") as file:
        return list(csv.DictReader(file))


def push_all(session, convert=lambda x: x, picture=lambda x: (x,), times=1):
    """As a program would: pictures, and the sound of their time, times as many samples of it, in pieces of uneven
    length."""
    pushed = 0
    for i, frame in enumerate(pictures):
        session.push_video(picture(frame)[0], i / 25, *picture(frame)[1:])
        until = min(len(sound), (i + 1) * RATE // 25 + i % 7)
        if i % 10 == 9:
            session.push_audio(convert(sound[pushed:until]), times * RATE, pushed / RATE)
            pushed = until
    session.push_audio(convert(sound[pushed:]), times * RATE, pushed / RATE)
    session.finish()
    return session.take()


def same(a, b, tolerance=0):
    return len(a) == len(b) and all(numpy.allclose(a[n], b[n], atol=tolerance, rtol=0, equal_nan=True)
                                    for n in a.dtype.names)


def in_another_process(path):
    return len(attune.analyze(path, threads=1).windows)


@unittest.skipIf(why_not, why_not)
class Analysis(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run(EXE, "analyze", clip, "-o", folder / "told", "--export", "openface-windows,openface", "--quiet")
        cls.rows = timeline(folder / "told")
        cls.result = attune.analyze(clip)
        cls.seen = attune.analyze(clip, pictures=True)

    def test_windows_are_those_of_the_timeline(self):
        windows = self.result.windows
        self.assertEqual(len(windows), len(self.rows))
        self.assertEqual(list(windows.dtype.names), list(self.rows[0]))
        self.assertEqual(list(windows.dtype.names), list(attune.columns()))
        for row, window in zip(self.rows, windows):
            for name, cell in row.items():
                value = float(window[name])
                if cell == "":
                    self.assertTrue(math.isnan(value), name)
                else:
                    digits = len(cell.partition(".")[2])
                    self.assertAlmostEqual(value, float(cell), delta=0.5001 * 10 ** -digits, msg=name)
        self.assertEqual(windows[-1].end_s, 5)
        self.assertTrue((windows.end_s == windows["end_s"]).all())
        self.assertEqual(windows.abstain.dtype, bool)

    def test_summary_is_the_programs(self):
        told = json.loads((folder / "told/summary.json").read_text())
        ours = self.result.summary
        self.assertEqual(set(told) - set(ours), set())
        self.assertEqual(ours["faces"], told["faces"])
        self.assertIn("clip.avi", self.result.text)
        self.assertIsNone(self.result.truncated)
        self.assertEqual(self.result.duration_s, 5)

    def test_saved_is_what_the_program_writes(self):
        self.result.save(folder / "saved", "default,eaf")
        for name in "timeline.csv", "timeline.jsonl", "timeline.vtt":
            self.assertEqual((folder / "saved" / name).read_text(), (folder / "told" / name).read_text(), name)
        self.assertTrue((folder / "saved/report.html").stat().st_size > 1000)
        attune.export(folder / "saved", "srt,eaf", folder / "other", clip)
        self.assertEqual(sorted(p.name for p in (folder / "other").iterdir()), ["timeline.eaf", "timeline.srt"])

    def assert_exported(self, table, name, slack=0):
        """Rows under OpenFace's names are those of the export, as far as its digits go."""
        with open(folder / "told" / name, newline="") as file:
            rows = list(csv.reader(file))
        self.assertEqual(list(table.dtype.names), rows[0])
        for row, ours in zip(rows[1:], table, strict=True):
            for name, cell, value in zip(rows[0], row, ours):
                digits = len(cell.partition(".")[2])
                self.assertTrue(abs(float(cell) - value) <= 0.51 * 10 ** -digits + slack or
                                cell == "NaN" and math.isnan(value), (name, cell, value))

    def test_names_of_other_programs(self):
        table = self.result.windows.named("openface")
        self.assert_exported(table, "openface-windows.csv", 1e-3)  # of the timeline's digits: a tenth of a degree
        feat = self.result.windows.named("py-feat")
        self.assertEqual(feat.dtype.names[:9], ("frame", "approx_time", "Identity", "FaceRectX", "FaceRectY",
                                                "FaceRectWidth", "FaceRectHeight", "FaceScore", "Pitch"))
        self.assertTrue({"AU12", "Roll", "Yaw", "happiness", "sadness"} <= set(feat.dtype.names))
        seen = table["success"] == 1
        self.assertTrue(seen.any())
        self.assertTrue(numpy.allclose(5 * feat["AU12"][seen], table["AU12_r"][seen]))
        told = ~self.result.windows.abstain
        self.assertTrue((feat["happiness"][told] == self.result.windows.emotion_happy[told]).all())
        with self.assertRaisesRegex(KeyError, "attune, openface, py-feat, not 'other'"):
            self.result.windows.named("other")

    def test_pictures(self):
        pictures = self.seen.pictures
        self.assertIsNone(self.result.pictures)
        self.assertTrue(same(self.seen.windows, self.result.windows))
        self.assertEqual(list(pictures.dtype.names), list(attune.picture_columns()))
        self.assertEqual(pictures.dtype, attune.picture_dtype())
        self.assertTrue((numpy.diff(pictures.time_s) > 0).all())
        self.assertEqual((pictures[-1].picture, pictures[0].track), (len(pictures), 1))
        self.assertTrue((pictures.eye_right_x < pictures.eye_left_x).all())
        self.assertTrue(numpy.allclose(sum(pictures[f"emotion_{name}"] for name in _c.emotion_names), 1, atol=1e-5))
        self.assert_exported(pictures.named("openface"), "openface.csv")
        feat = pictures.named("py-feat")
        self.assertEqual(list(feat.dtype.names), list(self.result.windows.named("py-feat").dtype.names))
        self.assertEqual((feat["frame"][0], feat["FaceRectWidth"][0]), (0, pictures[0].box_w))

    def test_pictures_are_saved(self):
        self.seen.save(folder / "seen", "csv,openface")
        for name in "timeline.csv", "openface.csv":
            self.assertEqual((folder / "seen" / name).read_bytes(), (folder / "told" / name).read_bytes(), name)
        with self.assertRaisesRegex(attune.ArgumentError, "openface has a row a picture"):
            self.result.save(folder / "unseen", "openface")

    def test_pandas(self):
        try:
            import pandas
        except ImportError:
            self.assertRaises(ImportError, self.result.windows.to_pandas)
            self.skipTest("no pandas")
        self.assertEqual(list(self.seen.pictures.to_pandas().columns), list(attune.picture_columns()))
        frame = self.result.windows.to_pandas()
        self.assertEqual(list(frame.columns), list(attune.columns()))
        self.assertEqual(list(frame.emotion_happy), list(self.result.windows.emotion_happy))
        self.assertIn("AU12_r", self.result.windows.to_pandas("openface"))
        self.assertIsInstance(frame, pandas.DataFrame)

    def test_options(self):
        result = attune.analyze(clip, hop_s=1, window_s=2, no_audio=True)
        self.assertEqual(list(result.windows.end_s), [1, 2, 3, 4, 5])
        self.assertFalse(result.windows.used_voice.any())
        with self.assertRaisesRegex(TypeError, "no option 'hops'; there are rate, .*hop_s.*pcm_rate"):
            attune.analyze(clip, hops=1)
        with self.assertRaises(attune.ArgumentError):
            attune.analyze(clip, hop_s=400)
        for name in "max_tracks", "threads", "min_face":
            with self.assertRaisesRegex(attune.ArgumentError, f"{name} is 4294967297"):
                attune.analyze(clip, **{name: 2**32 + 1})

    def test_what_is_handed_out_is_the_callers(self):
        for told in attune.columns, attune.picture_columns:
            names = told()
            names.clear()
            self.assertIn("track", told())
        again = attune.analyze(clip)
        self.assertTrue(same(again.windows, self.result.windows))
        self.assertNotEqual(again, self.result)
        self.assertEqual(len({again, self.result, again}), 2)

    def test_errors_have_the_librarys_text(self):
        with self.assertRaisesRegex(attune.FileError, "nowhere.mp4: No such file"):
            attune.analyze(folder / "nowhere.mp4")
        self.assertRaises(OSError, attune.analyze, folder / "nowhere.mp4")
        (folder / "bad.mp4").write_bytes(random.Random(1).randbytes(4000))
        with self.assertRaisesRegex(attune.FormatError, "bad.mp4: "):
            attune.analyze(folder / "bad.mp4")
        with self.assertRaisesRegex(attune.Error, "bad.mp4: "):
            attune.Model(folder / "bad.mp4")
        for call in attune.analyze, attune.Model, self.result.save:
            with self.assertRaisesRegex(ValueError, "a zero within"):
                call(f"{clip}\0more")
        for call, name in ((lambda: attune.analyze(None), "path"), (lambda: attune.analyze(clip, mic=5), "mic"),
                           (lambda: attune.analyze(clip, chat=attune.Log(None)), "path"), (lambda: attune.Model(5), "path"),
                           (lambda: attune.analyze(clip, rate="5"), "rate"), (lambda: attune.export(None, "eaf"), "report"),
                           (lambda: attune.export(folder, None), "to"), (lambda: attune.evaluate(None, folder), "dataset"),
                           (lambda: attune.evaluate("folder", None), "root"), (lambda: self.result.save(None), "folder"),
                           (lambda: attune.Session(signals=[None]), "signals"),
                           (lambda: attune.Session(chat=True).push_text(None, 0), "text"),
                           (lambda: attune.Session(chat=True).push_text("hello", "0"), "t")):
            with self.assertRaisesRegex(TypeError, f"^{name}: "):
                call()
        for call in attune.analyze, attune.Model:  # the empty name is none, and not the default's
            self.assertRaises(attune.Error, call, "")

    def test_callbacks(self):
        told, windows = [], []
        result = attune.analyze(clip, progress=lambda done, total: told.append((done, total)), window=windows.append)
        self.assertEqual(len(windows), len(result.windows))
        self.assertEqual(windows[3].emotion_sad, result.windows[3].emotion_sad)
        self.assertEqual([done for done, _ in told], sorted(done for done, _ in told))
        self.assertEqual(told[-1][1], 5)

        def fail(*_):
            told.append(None)
            raise LookupError("mine")
        with self.assertRaises(StopIteration):
            attune.analyze(clip, window=lambda _: next(iter([])))
        for which in "progress", "window":
            told.clear()
            with self.assertRaisesRegex(LookupError, "mine"):
                attune.analyze(clip, **{which: fail})
            self.assertEqual(len(told), 1)

    def test_stopped_at_once(self):
        """What comes after a callback failed is not read."""
        pipe, broken = folder / "pipe", []
        os.mkfifo(pipe)

        def write():
            try:
                with open(pipe, "wb") as file:
                    for _ in range(600):
                        file.write(bytes(32000))
            except BrokenPipeError:
                broken.append(True)
        writer = threading.Thread(target=write)
        writer.start()
        with self.assertRaises(ZeroDivisionError):
            attune.analyze(pipe, pcm_rate=16000, no_video=True, progress=lambda *_: 1 / 0)
        writer.join()
        self.assertEqual(broken, [True])

    def test_interrupted_from_outside(self):
        """Wherever Python is when the signal comes, KeyboardInterrupt is raised, and the handlers are as before."""
        before = signal.default_int_handler
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, before))  # a shell may ignore it
        seen = []

        def interrupt(done, total):
            seen.append(done)
            if len(seen) == 3:
                os.kill(os.getpid(), signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            attune.analyze(clip, progress=interrupt)
        self.assertEqual(len(seen), 3)
        self.assertIs(signal.getsignal(signal.SIGINT), before)

        for _ in range(5):
            timer = threading.Timer(random.uniform(0.01, 0.1), os.kill, (os.getpid(), signal.SIGINT))
            with self.assertRaises(KeyboardInterrupt):
                timer.start()
                for _ in range(100):
                    attune.analyze(clip)
            timer.join()

    def test_interrupted_while_a_log_is_read(self):
        before = signal.default_int_handler
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, before))
        log, timer = folder / "long.csv", threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        log.write_bytes(gzip.compress(b"time,hr\n") + 2000 * gzip.compress(200000 * b"0,70\n"))  # of a minute
        began = time.monotonic()
        with self.assertRaises(KeyboardInterrupt):
            timer.start()
            attune.analyze(clip, signal=log)
        self.assertLess(time.monotonic() - began, 10)

    def test_beside_processes(self):
        self.assertEqual(run(sys.executable, "-c", "print(1)"), "1\n")
        with multiprocessing.get_context("spawn").Pool(2) as pool:
            self.assertEqual(pool.map(in_another_process, [str(clip)] * 3), [len(self.rows)] * 3)


@unittest.skipIf(why_not, why_not)
class Sessions(unittest.TestCase):
    def test_pushed_by_hand_says_what_the_file_says(self):
        of_file = attune.analyze(clip, causal=True).windows
        with attune.Session() as session:
            by_hand = push_all(session)
            counts = session.counts()
        self.assertTrue(same(by_hand, of_file), (by_hand.emotion_happy, of_file.emotion_happy))
        self.assertEqual(counts["frames"], counts["frames_with_face"])
        self.assertGreater(counts["frames"], 20)
        with self.assertRaisesRegex(attune.StateError, "closed"):
            session.push_video(pictures[0], 9)

    def test_pictures_of_a_session(self):
        of_file = attune.analyze(clip, causal=True, pictures=True).pictures
        with attune.Session(pictures=True) as session:
            windows, taken = push_all(session), session.take_pictures()
            self.assertEqual(len(session.take_pictures()), 0)
        self.assertTrue(same(taken, of_file))
        self.assertEqual(windows[-1].box_x, taken[-1].box_x)
        with attune.Session() as session:
            with self.assertRaisesRegex(attune.StateError, "pictures=True"):
                session.take_pictures()

    def test_pictures_without_a_face(self):
        with attune.Session(pictures=True, no_audio=True) as session:
            session.push_video(numpy.zeros_like(pictures[0]), 0)
            session.finish()
            nobody = session.take_pictures()
        self.assertEqual([(p.time_s, p.picture, p.track) for p in nobody], [(0, 1, 0)])
        self.assertTrue(all(math.isnan(value) for value in list(nobody[0])[3:]))
        self.assertEqual([nobody.named("openface")[0][name] for name in ("success", "AU12_r", "pose_Rx")], [0, 0, 0])
        self.assertTrue(math.isnan(nobody.named("openface")[0]["box_x"]))
        self.assertTrue(math.isnan(nobody.named("py-feat")[0]["AU12"]))

    def test_interrupted_while_pictures_are_told(self):
        """What a signal's handler raises in the midst of C comes out of the push, and no picture is lost."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

        def interrupting(into):
            copy = copier(into)

            def called(told):
                os.kill(os.getpid(), signal.SIGINT)
                copy(told)
            return called
        with unittest.mock.patch("attune._session.copier", interrupting):
            session = attune.Session(pictures=True, no_audio=True)
        session.push_video(pictures[0], 0)
        with self.assertRaises(KeyboardInterrupt):
            session.finish()
        self.assertEqual((len(session.take_pictures()), len(session.take())), (1, 1))
        session.close()

    def test_forms_of_pictures_and_sound(self):
        with attune.Session(threads=1) as session:
            plain = push_all(session)
        wide = numpy.zeros((HEIGHT, WIDTH + 9, 3), numpy.uint8)

        def within(frame):
            wide[:, 4:-5] = frame
            return wide[:, 4:-5],

        def upside_down(frame):
            return numpy.ascontiguousarray(frame[::-1])[::-1],
        forms = [within, upside_down, lambda f: (f[:, :, ::-1],  "bgr"), lambda f: (f[..., ::-1].copy(), "bgr"),
                 lambda f: (numpy.dstack([f, f[..., 0]]),)]
        for form in forms:
            with attune.Session(threads=1) as session:
                self.assertTrue(same(push_all(session, picture=form), plain))
        for form in (lambda s: (s / 32768).astype(numpy.float32), lambda s: numpy.stack([s, s], axis=1),
                     lambda s: numpy.stack([s, s, s], axis=1)[:, ::2], lambda s: numpy.repeat(s, 2)[::2]):
            with attune.Session(threads=1) as session:
                self.assertTrue(same(push_all(session, form), plain))
        with attune.Session(threads=1) as session:
            fine = push_all(session, lambda s: numpy.repeat(s, 2), times=2)
        self.assertTrue((fine.used_voice == plain.used_voice).all())
        self.assertTrue(numpy.allclose(fine.emotion_happy, plain.emotion_happy, atol=0.1))

    def test_sound_of_any_length(self):
        def heard(length):
            with attune.Session(threads=1, no_video=True) as session:
                for i in range(0, len(sound), length):
                    session.push_audio(sound[i:i + length], RATE, i / RATE)
                session.finish()
                return session.take()
        whole = heard(len(sound))
        self.assertEqual(len(whole), 10)
        self.assertTrue(whole.used_voice.any())
        self.assertTrue(same(whole, heard(RATE)))

    def test_pictures_are_not_copied(self):
        from attune._session import _picture
        frame = pictures[0]
        for view in frame, frame[10:200, 30:99], frame[::-1], frame[:, :, 0].copy()[5:, 5:]:
            made, _ = _picture(view, "rgb")
            self.assertEqual(made.plane[0], view.ctypes.data)
            self.assertEqual(made.stride[0], view.strides[0])
        self.assertEqual(_picture(frame[:, :, 0].copy(), "rgb")[0].format, _c.GREY)

    def test_wrong_input_is_refused_in_words(self):
        with attune.Session(threads=1) as session:
            for frame in numpy.zeros((4, 4, 2), numpy.uint8), numpy.zeros((4, 4, 3)), numpy.zeros(4, numpy.uint8):
                with self.assertRaisesRegex(ValueError, r"a frame is \(h, w\)"):
                    session.push_video(frame, 0)
            with self.assertRaisesRegex(ValueError, "float32 or int16"):
                session.push_audio(numpy.zeros(9), 16000, 0)
            for rate in 0, -5, 1, 10 ** 7:
                with self.assertRaises(attune.ArgumentError):
                    session.push_audio(numpy.zeros(9, numpy.int16), rate, 0)
            with self.assertRaises(attune.ArgumentError):
                session.push_video(numpy.zeros((0, 5), numpy.uint8), 0)
            for t in math.nan, math.inf:
                with self.assertRaisesRegex(attune.ArgumentError, "^t: (nan|inf) is no time"):
                    session.push_audio(numpy.zeros(9, numpy.int16), 16000, t)
            for t in 1e300, 2 + 2**64 / 1e6, time.time_ns():  # of which C would see the last 64 bits
                with self.assertRaisesRegex(attune.ArgumentError, "times are in seconds"):
                    session.push_video(pictures[0], t)
            with self.assertRaisesRegex(attune.ArgumentError, "rate is 4294983296: more than can be"):
                session.push_audio(numpy.zeros(9, numpy.int16), 2**32 + 16000, 0)
            session.push_video(pictures[0], 5)
            with self.assertRaises(attune.ArgumentError):
                session.push_video(pictures[0], 4)
            session.finish()
            with self.assertRaises(attune.StateError):
                session.push_video(pictures[0], 6)
        self.assertRaises(TypeError, attune.Session, pcm_rate=8000)

    def test_each_window_comes_once(self):
        with attune.Session(threads=1, no_audio=True) as session:
            ends = []
            for i, frame in enumerate(pictures[:60]):
                session.push_video(frame, i / 25)
                ends += [window.end_s for window in session]
            session.finish()
            ends += [window.end_s for window in session]
            self.assertEqual(list(session), [])
            self.assertEqual(len(session.take()), 0)
        self.assertEqual(ends[:4], [0.5, 1, 1.5, 2])

    def test_threads_with_one_model(self):
        model, got = attune.Model(), {}

        def one(name):
            with attune.Session(model, threads=1) as session:
                got[name] = push_all(session)
        threads = [threading.Thread(target=one, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one("alone")
        for i in range(3):
            self.assertTrue(same(got[i], got["alone"]))

    def test_one_session_from_many_threads(self):
        """Calls wait for one another: what is refused is refused in words, and nothing is torn."""
        session, ends = attune.Session(threads=1, no_audio=True), []

        def push(of):
            for i in range(of, 90, 3):
                try:
                    session.push_video(pictures[i], i / 25)
                except attune.ArgumentError:  # another one was quicker
                    pass
                ends.extend(w.end_s for w in session)
        threads = [threading.Thread(target=push, args=(i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.finish()
        ends += [w.end_s for w in session]
        session.close()
        self.assertEqual(len(ends), len(set(ends)))
        self.assertGreaterEqual(len(ends), 7)

    def test_python_goes_on_meanwhile(self):
        beats, done = [], threading.Event()

        def beat():
            while not done.wait(0.001):
                beats.append(len(beats))
        thread = threading.Thread(target=beat)
        thread.start()
        between, last = [], 0
        attune.analyze(clip, progress=lambda *_: between.append(len(beats)))
        done.set()
        thread.join()
        self.assertGreater(between[-1], between[0] + 10)  # it ran while C did

    def test_no_leak(self):
        def resident():
            return int(pathlib.Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2 ** 20

        def use(i):
            session = attune.Session(model, threads=1)
            if i % 8 < 2:  # looking for a face takes most of the time
                session.push_video(small, 0)
            session.push_audio(silence, 16000, 0)
            session.finish()
            session.take()
            if i % 2:
                session.close()
        model, small, silence = attune.Model(), numpy.zeros((48, 64, 3), numpy.uint8), numpy.zeros(1600, numpy.float32)
        for i in range(100):
            use(i)
        before = resident()
        for i in range(SESSIONS):
            use(i)
        self.assertLess(resident() - before, 4)

    def test_models_go_when_nothing_uses_them(self):
        model = attune.Model()
        session = attune.Session(model, threads=1)
        del model
        session.push_video(pictures[0], 0)  # which holds its own
        session.finish()
        self.assertEqual(len(session.take()), 1)


@unittest.skipIf(why_not, why_not)
class Beside(unittest.TestCase):
    """What was recorded beside pictures and sound."""

    @classmethod
    def setUpClass(cls):
        cls.signal, cls.chat = folder / "watch.csv", folder / "chat.csv"
        cls.rows = [(k / 4, 60 + 10 * math.sin(k / 4), k % 3) for k in range(20)]
        cls.signal.write_text("time_s,heart_rate,clicks\n" + "".join(f"{t},{rate:.7g},{n}\n" for t, rate, n in cls.rows))
        cls.chat.write_text("time_s,from,text\n1,a,I do not understand this\n2.5,b,this is great\n")
        run(EXE, "analyze", clip, "-o", folder / "beside", "--quiet", "--signal", cls.signal, "--events", "clicks",
            "--chat", cls.chat, "--chat-of", "a")
        cls.result = attune.analyze(clip, signal=attune.Log(cls.signal, events=["clicks"]),
                                    chat=attune.Log(cls.chat, sender="a"))

    def test_windows_are_those_of_the_timeline(self):
        windows, rows = self.result.windows, timeline(folder / "beside")
        self.assertEqual(list(windows.dtype.names), list(rows[0]))
        self.assertEqual(list(windows.dtype.names), list(self.result.columns))
        self.assertIn("signal_mean_heart_rate", windows.dtype.names)
        for row, window in zip(rows, windows, strict=True):
            for name, cell in row.items():
                self.assertEqual(math.isnan(float(window[name])), cell == "", name)
                if cell:
                    digits = len(cell.partition(".")[2])
                    self.assertAlmostEqual(float(window[name]), float(cell), delta=0.5001 * 10 ** -digits, msg=name)
        self.assertTrue((windows.chat_messages <= 1).all() and windows.chat_messages.max() == 1)

    def test_what_it_says_without_is_the_same(self):
        alone = attune.analyze(clip)
        self.assertEqual(list(alone.columns), list(attune.columns()))
        self.assertTrue(same(alone.windows, self.result.windows[list(attune.columns())]))

    def test_saved_is_what_the_program_writes(self):
        self.result.save(folder / "beside_saved")
        self.assertEqual((folder / "beside_saved/timeline.csv").read_bytes(), (folder / "beside/timeline.csv").read_bytes())
        self.assertIn("signals", json.dumps(self.result.summary))

    def test_the_callback_sees_it(self):
        told = []
        attune.analyze(clip, signal=self.signal, window=lambda w: told.append(float(w.signal_mean_heart_rate)))
        self.assertTrue(numpy.array_equal(told, attune.analyze(clip, signal=self.signal).windows.signal_mean_heart_rate))

    def test_pushed_by_hand_says_what_the_file_says(self):
        of_file = attune.analyze(clip, signal=attune.Log(self.signal, events=["clicks"]), chat=self.chat, causal=True)
        with attune.Session(signals=["heart_rate", "clicks"], events=["clicks"], chat=True) as session:
            self.assertEqual(session.columns, of_file.columns)
            for t, rate, clicks in self.rows:
                session.push_signal([numpy.float32(f"{rate:.7g}"), clicks], t)
            session.push_text("I do not understand this", 1)
            session.push_text("this is great", 2.5)
            windows = push_all(session, convert=lambda x: x.astype(numpy.float32) / 32768)
            self.assertEqual([session.counts()[n] for n in ("signal_rows", "messages")], [len(self.rows), 2])
        for name in windows.dtype.names:
            if not name.endswith(("_z_heart_rate", "_z_clicks")):  # of the whole file, and as it goes on
                self.assertTrue(numpy.allclose(windows[name], of_file.windows[name], atol=1e-4, equal_nan=True), name)

    def test_wrong_input_is_refused_in_words(self):
        with self.assertRaisesRegex(attune.FileError, "missing.csv"):
            attune.analyze(clip, signal=folder / "missing.csv")
        (folder / "bad.csv").write_text("time_s,rate\n1,2\n0.5,x\n")
        with self.assertRaisesRegex(attune.FormatError, "bad.csv:3"):
            attune.analyze(clip, signal=folder / "bad.csv")
        with self.assertRaisesRegex(ValueError, "comma in its name"):
            attune.analyze(clip, signal=attune.Log(self.signal, columns=["a,b"]))
        with self.assertRaisesRegex(attune.ArgumentError, "not of live input"):
            attune.analyze(clip, signal=self.signal, live=True)
        none = attune.analyze(clip, signal=attune.Log(self.signal, events=[]))
        self.assertTrue(same(none.windows, attune.analyze(clip, signal=self.signal).windows))
        for wrong in dict(signal=attune.Log("x.csv", sender="Ann")), dict(chat=attune.Log("x.csv", columns=["hr"])):
            with self.assertRaisesRegex(ValueError, "of a (signal|chat)"):
                attune.analyze(clip, **wrong)
        for wrong, kind in ((dict(signals="rate"), TypeError), (dict(signals=["a"], events=["b"]), ValueError),
                            (dict(signals=["a"] * 9), attune.ArgumentError), (dict(signals=["a b"]), attune.ArgumentError)):
            with self.assertRaises(kind, msg=str(wrong)):
                attune.Session(**wrong)
        for log in (dict(columns="rate"), dict(time="h")):
            with self.assertRaises((TypeError, ValueError)):
                attune.analyze(clip, signal=attune.Log(self.signal, **log))
        with attune.Session(signals=["rate"], no_video=True) as session:
            for row in ([], [1, 2], [[1]]):
                with self.assertRaisesRegex(ValueError, "a row has 1 values"):
                    session.push_signal(row, 0)
            with self.assertRaises(attune.Error):
                session.push_text("nobody chats here", 0)
            session.push_signal([math.nan], 0)
            with self.assertRaises(attune.ArgumentError):
                session.push_signal([1], -1)


@unittest.skipIf(why_not, why_not)
class Others(unittest.TestCase):
    def test_model(self):
        model = attune.Model()
        self.assertEqual(model.path, os.environ["ATTUNE_MODEL"])
        self.assertEqual(model.file_bytes, os.path.getsize(model.path))
        self.assertTrue(model.has_detector and model.has_visual and model.has_audio)
        self.assertIn("licence", model.meta)
        shown = run(EXE, "info", model.path)
        self.assertIn(model.meta["licence"].split(";")[0].split(".")[0][:20], shown)
        with self.assertRaisesRegex(attune.FileError, "No such file"):
            attune.Model(folder / "no.safetensors")
        self.assertEqual(attune.Model("default").path, model.path)
        attune.Model(model.path, precision="int8")
        with self.assertRaisesRegex(ValueError, "precision is f32 or int8"):
            attune.Model(model.path, precision="f16")
        for same_model in copy.copy(model), copy.deepcopy(model):
            self.assertIs(same_model, model)
        self.assertEqual((model.precision, attune.Model(model.path, precision="int8").precision), ("f32", "int8"))

    def test_a_thread_that_nobody_waits_for(self):
        """Python ends in the midst of its calls: the system takes the memory."""
        for work in "attune.analyze(clip, model=model, threads=1)", "push(session)":
            for _ in range(3):
                done = subprocess.run([sys.executable, "-c", f"""
import threading, time, numpy, attune
clip, model = {str(clip)!r}, attune.Model()
session, began = attune.Session(model, threads=1, no_audio=True), threading.Event()
def push(session):
    for i in range(10**6):
        session.push_video(numpy.full((480, 640, 3), i % 255, numpy.uint8), i / 10)
def work():
    began.set()
    while True:
        {work}
threading.Thread(target=work, daemon=True).start()
began.wait()
time.sleep(.2)
"""], env={**os.environ, "PYTHONPATH": str(PACKAGE)}, capture_output=True, text=True, timeout=120)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_evaluate(self):
        import mini_corpora
        mini_corpora.make_ravdess(folder / "voices", random.Random(3), (1, 2), 1)
        ours = attune.evaluate("ravdess", folder / "voices", threads=2, draws=50)
        run(EXE, "eval", "default", "--dataset", "ravdess", "--root", folder / "voices", "--split", "all", "--draws",
            50, "--json", folder / "eval.json")
        self.assertEqual(ours, json.loads((folder / "eval.json").read_text()))
        told = []
        self.assertEqual(attune.evaluate("ravdess", folder / "voices", model="default", draws=50, progress=lambda *how: told.append(how)), ours)
        self.assertEqual(told, sorted(told))
        self.assertEqual(told[-1][0], told[-1][1])
        with self.assertRaises(ZeroDivisionError):
            attune.evaluate("ravdess", folder / "voices", progress=lambda done, samples: 1 / 0)
        eighth = attune.Model(precision="int8")
        asked = attune.evaluate("ravdess", folder / "voices", model=eighth.path, precision="int8", threads=2, draws=50)
        self.assertEqual(attune.evaluate("ravdess", folder / "voices", model=eighth, threads=2, draws=50), asked)
        self.assertEqual(attune.evaluate("ravdess", folder / "voices", model=eighth, precision="f32", threads=2, draws=50),
                         ours)
        for name in "limit", "draws", "seed":
            for value in -1, 2**64 + 1:
                with self.assertRaises(attune.ArgumentError):
                    attune.evaluate("ravdess", folder / "voices", **{name: value})
        with self.assertRaisesRegex(TypeError, "corrupt is a list"):
            attune.evaluate("ravdess", folder / "voices", corrupt="blur=3")
        with self.assertRaisesRegex(attune.Error, "nosuchset"):
            attune.evaluate("nosuchset", folder)
        with self.assertRaisesRegex(attune.ArgumentError, "blurr"):
            attune.evaluate("ravdess", folder / "voices", model=attune.Model(), corrupt=["blurr=3"])
        with self.assertRaisesRegex(ValueError, "go with face"):
            attune.evaluate("ravdess", folder / "voices", face_classes=["happy", "sad"])
        (folder / "no.onnx").write_text("no network")
        with self.assertRaisesRegex(attune.Error, "no.onnx"):
            attune.evaluate("ravdess", folder / "voices", face=folder / "no.onnx", face_classes=["happy", "sad"])


if __name__ == "__main__":
    unittest.main()
