#!/usr/bin/env python3
"""How long from starting the program to the first window? The report's folder is made then; its
appearing is watched for. Prints the median, least and most of RUNS (4) runs of each clip, less
those that had to read the disk.

    tools/first_window.py [--threads N] CLIP...

$ATTUNE_EXE: the program, build/release/src/attune if not set. Linux only (inotify)."""
import argparse
import ctypes
import os
import pathlib
import resource
import select
import statistics
import subprocess
import tempfile
import time

RUNS = 4
IN_CREATE = 0x100
ROOT = pathlib.Path(__file__).resolve().parent.parent
EXE = os.environ.get("ATTUNE_EXE", str(ROOT / "build/release/src/attune"))


def first_window(clip, threads):
    """In ms, and whether nothing was read from the disk."""
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as folder:
        watch = libc.inotify_init1(0)
        libc.inotify_add_watch(watch, folder.encode(), IN_CREATE)
        began = time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = subprocess.Popen([EXE, "analyze", clip, "-o", f"{folder}/report", "--quiet", "--causal",
                                    "--model", str(ROOT / "models/default.safetensors"),
                                    "--threads", str(threads)], stdout=subprocess.DEVNULL)
        seen = select.select([watch], [], [], 30)[0]
        passed = time.perf_counter() - began
        os.close(watch)
        if program.wait() != 0 or not seen:
            raise SystemExit(f"{clip}: no window")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * passed, (after.ru_majflt, after.ru_inblock) == (before.ru_majflt, before.ru_inblock)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("clip", nargs="+")
    o = parser.parse_args()
    runs = [first_window(clip, o.threads) for clip in o.clip for _ in range(RUNS)]
    ms = [took for took, warm in runs if warm]
    if not ms:
        raise SystemExit("every run had to read the disk: try again")
    print(f"first window: median {statistics.median(ms):.0f} ms, {min(ms):.0f} to {max(ms):.0f}, "
          f"{len(ms)} warm runs of {len(runs)}")
