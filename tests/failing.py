"""A program of which one call after the other fails (fail.h), each time in a child of a process that was started once.

    runner = Runner(args=[...], cwd=..., env=...)     what subprocess takes
    done = runner.run("write", at=3)                  the third write fails: code, made, failed, out, err
    each_in_turn(jobs, make_worker)                   jobs spread over the processors, what failed in a list

How many of the calls of a kind a test tries says ATTUNE_FAULTS: a number, or "all" (in a night, tools/night.sh);
else what the test thinks is enough for a day, always the same ones.
"""
import dataclasses
import errno
import fcntl
import os
import pathlib
import queue
import random
import select
import signal
import subprocess
import tempfile
import threading
import traceback

import built

SHIM = pathlib.Path(os.environ.get("ATTUNE_BUILD", ".")) / "tests/fail.so"
MOST = os.environ.get("ATTUNE_FAULTS", "")
POSSIBLE = not built.sanitizers() and SHIM.is_file()  # nothing can be put before a sanitizer
SECONDS = 200  # for a run, however slow the machine


@dataclasses.dataclass
class Done:
    code: int  # < 0: the signal that ended it
    made: int  # calls of the kind; bytes, of space
    failed: int
    out: str
    err: str


class Runner:
    def __init__(self, args, cwd, env, **more):
        requests, self.requests = os.pipe()
        answers, to = os.pipe()
        self.answers = os.fdopen(answers, "rb", buffering=0)  # what is not read yet, select must see
        self.streams = [tempfile.TemporaryFile(buffering=0) for _ in range(2)]
        for stream in self.streams:
            fcntl.fcntl(stream, fcntl.F_SETFL, os.O_APPEND)  # it is emptied under who writes
        env = dict(env, LD_PRELOAD=str(SHIM), FAIL_REQUESTS=str(requests), FAIL_ANSWERS=str(to))
        self.process = subprocess.Popen(args, cwd=cwd, env=env, pass_fds=(requests, to), stdout=self.streams[0],
                                        stderr=self.streams[1], stdin=subprocess.DEVNULL, **more)
        os.close(requests)
        os.close(to)

    def close(self):
        os.close(self.requests)  # it ends with them
        self.process.wait()
        self.answers.close()
        for stream in self.streams:
            stream.close()

    def begin(self, kind, at=0, error=errno.EIO, how="once"):
        """Returns the number of the process, which runs."""
        for stream in self.streams:
            stream.truncate(0)
        os.write(self.requests, f"{kind} {at} {error} {how}\n".encode())
        return int(self.answers.readline())

    def end(self, pid, seconds=SECONDS):
        if not select.select([self.answers], [], [], seconds)[0]:
            os.kill(pid, signal.SIGKILL)
            raise TimeoutError(f"it did not end within {seconds} s")
        status, made, failed = map(int, self.answers.readline().split())
        out, err = (self.text(s) for s in self.streams)
        return Done(os.waitstatus_to_exitcode(status), made, failed, out, err)

    def run(self, *what, **how):
        return self.end(self.begin(*what, **how))

    def ways(self, kind):
        """Of its calls the first and the last that came by one way, in turn."""
        pid = self.begin(kind, how="ways")
        self.end(pid)
        told = b""
        while not told.endswith(b"\n"):
            told += self.answers.readline()
        numbers = sorted(map(int, told.split()))
        assert numbers[:1] != [-1], "more ways than fail_ways.c has room for"
        return numbers

    @staticmethod
    def text(stream):
        stream.seek(0)
        return stream.read().decode(errors="replace")


def some(n, day, night, name):
    """Of 1 to n those that are tried, by day, by night or of the number that is asked for."""
    most = night if MOST == "all" else int(MOST or day)
    if n <= most:
        return list(range(1, n + 1))
    step, start = n / most, random.Random(name).random()
    return sorted({1 + int((i + start) * step) for i in range(most)})


def each_in_turn(jobs, make_worker):
    """make_worker() gives (what does a job, what ends it); returns what a job raised, as texts."""
    left, wrong = queue.SimpleQueue(), []
    for job in jobs:
        left.put(job)

    def work():
        job, end = None, lambda: None
        try:
            do, end = make_worker()
            while len(wrong) < 20:
                job = left.get_nowait()
                try:
                    do(job)
                except AssertionError as e:
                    wrong.append(f"{job}: {e}")
        except queue.Empty:
            pass
        except Exception:
            wrong.append(f"{job}\n{traceback.format_exc()}")
        finally:
            end()

    threads = [threading.Thread(target=work) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong
