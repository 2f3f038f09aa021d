#!/usr/bin/env python3
"""Whatever fails, results stay whole: calls of each kind in turn, allocations too, a disk that is full, and the program
killed there or anywhere.

Needs ATTUNE_EXE, ATTUNE_BUILD (for tests/fail.so) and a model. A command finds the results of an earlier run, or
none; then something fails. Afterwards the results are the old ones or the new ones, a line said what went wrong, and
nothing else is left; or all went well without what failed. How much is tried says ATTUNE_FAULTS (failing.py).
"""
import collections
import contextlib
import errno
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import sys
import tempfile
import time
import unittest

import failing
import mini_corpora
from cli_analyze import EXE, MODEL, OUTPUTS, needs_model, write_wav

Fault = collections.namedtuple("Fault", "kind error how fresh at")

ONCE = [(kind, errno.EIO, "once") for kind in ("write", "open", "close", "fsync", "rename", "link", "mkdir", "unlink", "read")]
ONCE += [(kind, errno.ENOMEM, "once") for kind in ("mmap", "alloc")]
FROM_THERE_ON = [(kind, errno.ENOSPC, "all") for kind in ("write", "close", "fsync", "rename", "link", "unlink")]
FROM_THERE_ON += [(kind, errno.ENOMEM, "all") for kind in ("mmap", "alloc")]
FULL_DISK = [("space", errno.ENOSPC, "once")]
KILLED = [(kind, 0, "kill") for kind in ("write", "fsync", "rename", "link", "mkdir", "unlink")]
EVERYTHING = ONCE + FROM_THERE_ON + FULL_DISK + KILLED

shared = None  # a folder: what is read, and whole results


def setUpModule():
    global shared
    shared = pathlib.Path(tempfile.mkdtemp(prefix="attune-faults-"))


def tearDownModule():
    shutil.rmtree(shared)


def check(true, *what):
    if not true:
        raise AssertionError(" ".join(map(str, what))[:2000])


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Subject:
    """A command, and what it writes into the folder out, in a folder of its own."""
    args = before = ()  # of the run that is looked at, and of the earlier one
    by_day = {"alloc": 20}  # calls of a kind that are tried; of others
    by_day_of_others = 5
    by_night = {}  # all, but of these kinds so many, and the first and the last that came by one way
    founds = (False, True)  # without results of an earlier run too, by day
    may_leave = ("unlink",)  # kinds without which nothing can be removed

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="attune-faults-"))
        self.runners = {}
        self.set_up()

    def set_up(self):
        """Puts into the folder what the command reads."""

    def close(self):
        for runner in self.runners.values():
            runner.close()
        shutil.rmtree(self.dir)

    def runner(self, *args):
        args = args or self.args
        if args not in self.runners:
            env = dict({k: v for k, v in os.environ.items() if k != "MALLOC_PERTURB_"}, ATTUNE_MODEL=str(MODEL))
            self.runners[args] = failing.Runner([EXE, *map(str, args)], self.dir, env)
        return self.runners[args]

    def run_whole(self, *args):
        """Nothing fails."""
        done = self.runner(*args).run("none")
        check(done.code == 0, args, done)
        return done

    @classmethod
    def prepare(cls):
        """The results of both runs, in the folder shared/NAME."""
        s = cls()
        for name, args in ("old", cls.before), ("new", cls.args):
            kept = shared / cls.__name__ / name
            shutil.rmtree(kept, ignore_errors=True)
            (s.dir / "out").mkdir(exist_ok=True)
            pid, begun = s.runner(*args).begin("none"), time.monotonic()
            done = s.runner(*args).end(pid)
            cls.lasts = time.monotonic() - begun
            check(done.code == 0, args, done)
            shutil.copytree(s.dir / "out", kept)
            shutil.rmtree(s.dir / "out")
        s.close()
        cls.whole = {name: cls.contents(shared / cls.__name__ / name) for name in ("old", "new")}
        cls.whole["none"] = {}
        cls.killed = []
        check(cls.whole["old"] != cls.whole["new"], "nothing tells the two runs apart")

    @staticmethod
    def content(path):
        """What tells runs apart (the time that they took does not)."""
        return digest(path)

    @classmethod
    def contents(cls, folder):
        """Of a file that never got its name there is only that."""
        paths = [p for p in sorted(folder.rglob("*")) if not p.is_dir()]
        return {str(p.relative_to(folder)): None if ".tmp-" in p.name else cls.content(p) for p in paths}

    def reset(self, fresh):
        """There are results of an earlier run, or none."""
        shutil.rmtree(self.dir / "out", ignore_errors=True)
        if fresh:
            (self.dir / "out").mkdir()
        else:
            shutil.copytree(shared / type(self).__name__ / "old", self.dir / "out")

    def faults(self, kinds):
        for kind, error, how in kinds:
            few = failing.MOST != "all" or kind in self.by_night
            for fresh in self.founds if few else (False, True):
                for at in self.chosen(kind, f"{kind} {how} {fresh}", fresh):
                    yield Fault(kind, error, how, fresh, at)

    def chosen(self, kind, name, fresh):
        self.reset(fresh)
        n = self.runner().run(kind).made
        day, night = self.by_day.get(kind, self.by_day_of_others), self.by_night.get(kind, n)
        calls = failing.some(n, day, night, name)
        if failing.MOST == "all" and len(calls) < n and kind != "space":
            self.reset(fresh)
            calls = sorted({*calls, *self.runner().ways(kind)})
        return calls

    def try_kill(self, n):
        """At any time."""
        fresh, runner = n % 2 == 1, self.runner()
        self.reset(fresh)
        pid = runner.begin("none")
        time.sleep(random.Random(n).uniform(0, 1.05 * self.lasts))
        with contextlib.suppress(ProcessLookupError):  # it had ended
            os.kill(pid, signal.SIGKILL)
        done = runner.end(pid)
        self.killed.append(done.code != 0)
        self.judge(Fault("anywhere", 0, "kill", fresh, n), done)

    def try_fault(self, fault):
        self.reset(fault.fresh)
        done = self.runner().run(fault.kind, fault.at, fault.error, fault.how)
        if done.failed:  # else it made fewer calls this time
            self.judge(fault, done)

    def judge(self, fault, done):
        before, now = "none" if fault.fresh else "old", self.contents(self.dir / "out")
        now = self.without_leftovers(fault, now)
        if done.code == 0:
            self.check_success(fault, now)
            return
        self.check_end(fault, done)
        check(now in (self.whole[before], self.whole["new"]), "neither old nor new:", sorted(now), done.err)

    def without_leftovers(self, fault, now):
        """There are some only where they could not be removed."""
        left = {name for name in now if ".tmp-" in name or name not in {**self.whole["old"], **self.whole["new"]}}
        check(not left or fault.how == "kill" or fault.kind in self.may_leave, "left behind:", left)
        return {name: what for name, what in now.items() if name not in left}

    def check_success(self, fault, now):
        check(now == self.whole["new"], "it says that all went well")

    def check_end(self, fault, done):
        """A line of ours says what was wrong, and of what."""
        if fault.how == "kill":
            check(done.code == -signal.SIGKILL, done)
            return
        check(done.code == 1, "exit code", done.code, done.err)
        lines = [x for x in done.err.splitlines() if ", of an earlier run: " not in x]
        check(len(lines) == 1 and lines[0].startswith("attune"), "not a line:", done.err)
        memory = fault.error == errno.ENOMEM and re.search("out of memory|cannot start a thread|thread could not be started", lines[0])
        check(memory or os.strerror(fault.error) in lines[0], "not why:", lines[0])
        check(memory or re.match(r"attune[ a-z]*: .+: ", lines[0]), "not of what:", lines[0])


class Analyze(Subject):
    before = ("analyze", "old.wav", "-o", "out", "--quiet", "--no-sandbox", "--threads", "1")
    args = ("analyze", "new.wav", "-o", "out", "--quiet", "--no-sandbox", "--threads", "1")
    by_day = {"alloc": 12, "space": 8}
    by_day_of_others = 8
    may_leave = ("unlink", "open", "alloc")  # the last two: what is in a folder

    def set_up(self):
        write_wav(self.dir / "old.wav", 1)
        write_wav(self.dir / "new.wav", 2)

    @staticmethod
    def content(path):
        text = path.read_text()
        if path.name == "summary.json":
            return {k: v for k, v in json.loads(text).items() if k not in ("elapsed_s", "realtime_factor")}
        if path.name == "report.html":
            return ["old.wav" in text, "new.wav" in text, text.endswith("</html>\n")]
        return text

    @classmethod
    def contents(cls, folder):
        """Of a file of a run that has not ended there is only the name."""
        stages = ("attune-unfinished", "attune-finished")
        paths = [p for p in sorted(folder.rglob("*")) if not p.is_dir()]
        return {str(p.relative_to(folder)): None if p.parent.name in stages else cls.content(p) for p in paths}

    def reset(self, fresh):
        super().reset(fresh)
        if fresh:
            (self.dir / "out").rmdir()

    def check_success(self, fault, now):
        if now == self.whole["new"]:
            return
        said = json.loads((self.dir / "out/summary.json").read_text())  # an input of which a part could not be read
        check(said["truncated"] and os.strerror(fault.error) in said["truncated_reason"], "it says that all went well")

    def judge(self, fault, done):
        if done.code != 0 and (self.dir / "out/attune-finished").exists():  # then it is said, and the next that comes by
            check(fault.how == "kill" or "out/attune-finished" in done.err, done.err)  # ends it
            self.check_end(fault, done)
            self.run_whole("export", "out", "--to", "srt", "-o", "x.srt", "--quiet")
            check(self.contents(self.dir / "out") == self.whole["new"], "was not put right")
            return
        super().judge(fault, done)
        if fault.how == "kill" or self.contents(self.dir / "out").keys() - set(OUTPUTS):
            self.run_whole()
            check(sorted(os.listdir(self.dir / "out")) == OUTPUTS, "the next run leaves what a dead one left")


class Beside(Analyze):
    """With a signal and a chat, which are read twice."""
    before = Analyze.before + ("--signal", "s.csv", "--events", "clicks", "--chat", "c.csv")
    args = Analyze.args + before[len(Analyze.before):]
    by_day = {"read": 6, "open": 4, "alloc": 4}
    by_day_of_others = 1
    founds = (False,)

    def set_up(self):
        super().set_up()
        (self.dir / "s.csv").write_text("time,hr,clicks\n" + "".join(f"{i / 10},{60 + i % 7},{i % 3}\n" for i in range(4000)))
        (self.dir / "c.csv").write_text("time,text\n" + "".join(f"{i},{'so boring ' * 20}\n" for i in range(300)))


class Boxed(Analyze):
    """The decoder in its child."""
    before = Analyze.before[:5] + ("--threads", "1")
    args = Analyze.args[:5] + ("--threads", "1")


class Export(Subject):
    args = ("export", "new", "--to", "srt", "-o", "out/x.srt", "--quiet")
    before = ("export", "old", "--to", "srt", "-o", "out/x.srt", "--quiet")

    def set_up(self):
        for name in "old", "new":
            shutil.copytree(shared / "Analyze" / name, self.dir / name)


class Info(Subject):
    args = ("info",)

    @classmethod
    def prepare(cls):
        s = cls()
        cls.said = s.run_whole().out
        s.close()
        cls.whole = {"none": {}, "old": {}, "new": {}}

    def faults(self, kinds):
        return (fault for fault in super().faults(kinds) if fault.fresh)

    def reset(self, fresh):
        (self.dir / "out").mkdir(exist_ok=True)

    def judge(self, fault, done):
        super().judge(fault, done)
        check(done.code != 0 or done.out == self.said, "it says that all went well:", done.out)


class Corpora(Subject):
    def set_up(self):
        for path in (shared / "corpora").iterdir():
            (self.dir / path.name).symlink_to(path)


class Eval(Corpora):
    args = ("eval", MODEL, "--dataset", "ferplus", "--root", "ferplus", "--split", "valid", "--quiet", "--threads", "1",
            "--json", "out/e.json", "--limit", "4")
    before = args[:-1] + ("3",)

    @staticmethod
    def content(path):
        return {k: v for k, v in json.loads(path.read_text()).items() if not k.endswith("_s")}


class EvalClips(Eval):
    """Each through a session; that there is nothing to see does not matter."""
    args = ("eval", MODEL, "--dataset", "folder", "--root", "clips", "--quiet", "--threads", "1", "--json", "out/e.json",
            "--limit", "2")
    before = args[:-1] + ("1",)
    by_day = {"open": 20}
    founds = (False,)

    def set_up(self):
        for name in "happy", "sad":
            (self.dir / "clips" / name).mkdir(parents=True)
            write_wav(self.dir / "clips" / name / "clip.mkv", 1)


class Train(Corpora):
    """Files follow one another, each whole, and a run that failed can be gone on with, or run again."""
    recipe, seeds = {}, ({"seed": 8}, {"seed": 9})
    by_day = {"alloc": 4}
    by_day_of_others = 1
    founds = (False,)
    by_night = {"alloc": 200, "space": 100, "read": 200, "write": 200}

    @classmethod
    def prepare(cls):
        for name, seed in zip(("old", "new"), cls.seeds):
            recipe = dict(cls.recipe, name="net", **seed)
            (shared / "corpora" / f"{cls.__name__}-{name}.json").write_text(json.dumps(recipe))
        cls.before, cls.args = (("train", f"{cls.__name__}-{name}.json", "--data", ".", "-o", "out", "--quiet",
                                 "--threads", "1", *cls.options) for name in ("old", "new"))
        super().prepare()

    @staticmethod
    def content(path):
        if path.suffix == ".jsonl":
            lines = [json.loads(x) for x in path.read_text().splitlines()]
            return [{k: v for k, v in x.items() if k not in ("elapsed_s", "evaluation_s")} for x in lines]
        return None if path.suffix == ".log" else digest(path)

    @classmethod
    def contents(cls, folder):
        """Without what is kept for the next time, by what it was made of."""
        of = super().contents(folder)
        return {name: what for name, what in of.items() if not re.fullmatch("evidence-.*[.]safetensors", name)}

    @staticmethod
    def is_whole(path):
        data = path.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + length])
        return len(data) == 8 + length + max(x["data_offsets"][1] for name, x in header.items() if name[0] != "_")

    def judge(self, fault, done):
        now = self.without_leftovers(fault, self.contents(self.dir / "out"))
        if done.code == 0:
            self.check_success(fault, now)
            return
        self.check_end(fault, done)
        for path in (self.dir / "out").glob("*.safetensors"):
            check(self.is_whole(path), path.name, "is not whole")
        for of in "old", "new":  # what a chain would believe
            if now.get("net.done.json") == self.whole[of]["net.done.json"]:
                check(now.get("net.safetensors") == self.whole[of]["net.safetensors"], "noted as done, and is not")
        again = self.runner(*self.args, "--resume").run("none")
        if again.code != 0:
            check("No such file" in again.err or "of another recipe" in again.err, again.err)
            self.run_whole()
        now = self.contents(self.dir / "out")
        check(now == self.whole["new"], "another result when it went on:", [x for x in now if now[x] != self.whole["new"].get(x)])


class Detector(Train):
    recipe = {"kind": "detector", "detector": str(MODEL), "init": str(MODEL), "side": 96, "scenes": 4, "eval_scenes": 2,
              "data": [{"dataset": "ferplus", "train": "train", "valid": "valid"}], "batch": 2, "epochs": 2, "eval_every": 1, "checkpoint_minutes": 0}
    options = ("--limit", "4")


class Fusion(Train):
    recipe = {"kind": "fusion", "fusion": "attention", "model": str(MODEL),
              "faces": {"dataset": "ferplus", "train": "train", "valid": "valid"},
              "voices": {"dataset": "ravdess", "folder": "ravdess_speech16k", "train": "nofold3", "valid": "fold3"},
              "epochs": 2, "eval_every": 1, "batch": 4, "checkpoint_minutes": 0, "pairs": 8, "judged": 4, "tokens": 4,
              "harms": [{"kind": "blur", "level": 2}]}
    options = ("--limit", "3")


class Assemble(Train):
    recipe = {"kind": "assemble", "detector": str(MODEL), "visual": {"model": str(MODEL), "recipe": "visual.json"},
              "audio": {"model": str(MODEL), "recipe": "audio.json"}, "reference_pictures": 4, "answers": 1}
    seeds = {"metadata": {"name": "old"}}, {"metadata": {"name": "new"}}
    options = ("--limit", "4")
    streams = {"visual": {"kind": "visual", "data": [{"dataset": "ferplus", "train": "train", "valid": "valid"}]},
               "audio": {"kind": "audio", "data": [{"dataset": "ravdess", "folder": "ravdess_speech16k",
                                                    "train": "nofold3", "valid": "fold3"}]}}

    @classmethod
    def prepare(cls):
        for name, recipe in cls.streams.items():
            (shared / "corpora" / f"{name}.json").write_text(json.dumps(dict(recipe, name=name)))
        super().prepare()


@needs_model
@unittest.skipUnless(failing.POSSIBLE, "nothing can be put before a sanitizer")
class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        mini_corpora.make(shared / "corpora")

    def check_each(self, subject, what, jobs):
        """jobs: of the method whose name is what."""
        def worker():
            own = subject()
            return getattr(own, what), own.close
        wrong = failing.each_in_turn(jobs, worker)
        if wrong:
            self.fail(f"{len(wrong)} or more of {len(jobs)}:\n" + "\n".join(wrong))

    def check_faults(self, subject, kinds=EVERYTHING):
        subject.prepare()
        s = subject()
        faults = list(s.faults(kinds))
        s.close()
        self.assertGreater(len(faults), 10)
        self.check_each(subject, "try_fault", faults)
        if failing.MOST:
            print(f"{subject.__name__}: {len(faults)} faults", file=sys.stderr)

    def check_kills(self, subject):
        subject.prepare()
        self.check_each(subject, "try_kill", failing.some(200, 5, 200, "killed"))
        self.assertGreater(2 * sum(subject.killed), len(subject.killed))
        print(f"{subject.__name__}: {sum(subject.killed)} of {len(subject.killed)} killed", file=sys.stderr)

    def test_analyze(self):
        self.check_faults(Analyze, [x for x in EVERYTHING if x not in FULL_DISK])

    def test_analyze_on_a_disk_that_fills_up(self):
        self.check_faults(Analyze, FULL_DISK)

    def test_analyze_with_a_signal_and_a_chat(self):
        self.check_faults(Beside, EVERYTHING if failing.MOST == "all" else
                          [x for x in ONCE if x[0] in ("read", "open", "write", "fsync", "rename", "alloc")])

    def test_analyze_with_a_decoder_in_its_child(self):
        self.check_faults(Boxed, [x for x in ONCE + FROM_THERE_ON if x[0] in ("alloc", "mmap")])

    def test_export(self):
        Analyze.prepare()
        self.check_faults(Export)

    def test_info(self):
        self.check_faults(Info, [x for x in ONCE + FROM_THERE_ON if x[0] in ("read", "open", "mmap", "alloc")])

    def test_eval(self):
        self.check_faults(Eval)

    def test_eval_of_clips(self):
        self.check_faults(EvalClips, [x for x in ONCE if x[0] == "open"])

    def test_train_a_detector(self):
        self.check_faults(Detector)

    def test_train_a_fusion(self):
        self.check_faults(Fusion, EVERYTHING if failing.MOST == "all" else ONCE)

    def test_assemble(self):
        self.check_faults(Assemble, EVERYTHING if failing.MOST == "all" else ONCE)

    def test_analyze_killed_anywhere(self):
        self.check_kills(Boxed)

    def test_train_killed_anywhere(self):
        self.check_kills(Detector)
        self.check_kills(Fusion)


if __name__ == "__main__":
    unittest.main(verbosity=2)
