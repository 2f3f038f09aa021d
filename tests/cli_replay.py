#!/usr/bin/env python3
"""Hours of input, and minutes of live learners: memory and descriptors stay what they were, nothing is lost.

In the tests two hours of sound and three minutes of learners; in a night (tools/night.sh) a day, ATTUNE_HOURS, and two
hours, ATTUNE_LIVE_HOURS. Needs ATTUNE_EXE and a model.
"""
import csv
import os
import random
import struct
import subprocess
import unittest

import built
import running
from cli_analyze import EXE, Case, needs_model

SANITIZED = built.sanitizers()
HOURS = float(os.environ.get("ATTUNE_HOURS", 2))
LIVE_HOURS = float(os.environ.get("ATTUNE_LIVE_HOURS", 0.05))
RATE = 16000
MIB = 1 << 20


def header():
    """Of a WAV that does not say how long it is."""
    return struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 0xFFFFFFFF, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16,
                       b"data", 0xFFFFFFFF)


def minute(seed):
    """Noise that comes and goes each second, a little like speech."""
    noise = random.Random(seed)
    return b"".join(struct.pack("<h", noise.randrange(-9000, 9000)) * 4 + bytes(8) for _ in range(RATE // 8)) * 60


def taken(pid):
    """Bytes of memory and descriptors, of a process and its children."""
    memory = files = 0
    for process in [pid, *running.children(pid)]:
        with open(f"/proc/{process}/statm") as f:
            memory += int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return memory, files


@needs_model
@unittest.skipIf(SANITIZED, "a sanitizer keeps what is freed, and is too slow for live input")
class Replay(Case):
    def test_hours_of_sound_take_no_more_than_minutes(self):
        p = subprocess.Popen([EXE, "analyze", "-", "--no-video", "-o", "out", "--sinks", "csv", "--quiet"],
                             stdin=subprocess.PIPE, cwd=self.dir)
        self.addCleanup(p.kill)
        sound, seen = minute(1), []
        p.stdin.write(header())
        minutes = round(60 * HOURS)
        for i in range(minutes):
            p.stdin.write(sound)
            if i % 5 == 4:
                seen.append(taken(p.pid))
        p.stdin.close()
        self.assertEqual(p.wait(timeout=600), 0)
        memory, files = zip(*seen)
        half = len(seen) // 2
        self.assertLess(max(memory[half:]) - max(memory[:half]), 4 * MIB, memory)
        self.assertEqual(len(set(files)), 1, files)
        with open(self.dir / "out/timeline.csv", newline="") as f:
            ends = [float(row["end_s"]) for row in csv.DictReader(f)]
        self.assertEqual(ends, [i / 2 for i in range(1, 120 * minutes + 1)])

    def test_learners_take_no_more_than_at_first(self):
        seconds = 3600 * LIVE_HOURS
        done = subprocess.run([EXE, "bench", "serve", "2", "--seconds", str(seconds), "--every", str(seconds / 6)],
                              cwd=self.dir, capture_output=True, text=True, timeout=seconds + 400)
        if "libwebsockets" in done.stderr:
            self.skipTest(done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)
        words, *rows = [line.replace("until s", "until").replace("lag ", "lag_").replace("MB each", "MB").split()
                        for line in done.stdout.splitlines() if line.strip()]
        rows = [dict(zip(words, row)) for row in rows]
        self.assertEqual(len(rows), 6, done.stdout)
        self.assertEqual([r["lost"] for r in rows], ["0"] * 6, done.stdout)
        self.assertEqual(len({r["files"] for r in rows}), 1, done.stdout)
        megabytes = [float(r["MB"]) for r in rows]
        self.assertLess(max(megabytes[3:]) - max(megabytes[:3]), 4, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
