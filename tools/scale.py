#!/usr/bin/env python3
"""What a recorded hour costs: seconds of a core, memory, bytes; and what it costs to do many short recordings.

    tools/scale.py                of a recorded hour, by MINUTES (5) of the demo clip, looped, at several sizes
    tools/scale.py --study N      N clips of three seconds as a study, beside one clip as long as all of them

$ATTUNE_EXE: the program, build/release/src/attune if not set. Needs ffmpeg (the program). The second wants a machine
with nothing else running, since it is by the clock: all ways in turn, ROUNDS (2) times, the best of each."""
import argparse
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXE = os.environ.get("ATTUNE_EXE", str(ROOT / "build/release/src/attune"))
CLIP = ROOT / "demo/talking_head.mp4"
MODEL = ["--model", str(ROOT / "models/default.safetensors")]
HOUR = 3600
INPUTS = [("sound alone", None, ["--no-video"]),
          ("as a call has it, 360 lines", "480:360", []),
          ("720 lines", "1280:720", []),
          ("720 lines, eight bits", "1280:720", ["--precision", "int8"]),
          ("1080 lines", "1920:1080", [])]


def ffmpeg(*words):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True)


def looped(path, seconds, size):
    """The demo clip again and again, for so long."""
    picture = ["-vf", f"scale={size}", "-c:v", "libx264", "-preset", "veryfast"] if size else ["-c:v", "copy"]
    ffmpeg("-stream_loop", -1, "-i", CLIP, "-t", seconds, *picture, "-c:a", "copy", path)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def size_of(folder, pattern="**/*"):
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.is_file())


def analyze(clip, out, *options):
    """Seconds of a core, and the memory of the larger process in MB."""
    before = children()
    p = subprocess.Popen([EXE, "analyze", clip, "-o", out, "--threads", "1", "--quiet", *MODEL, *options],
                         stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(p.pid, 0)
    if status:
        sys.exit(f"scale: {clip}: attune failed")
    return children() - before, used.ru_maxrss / 1024


def print_hours(work, minutes):
    seconds = 60 * minutes
    print(f"A recorded hour, by {minutes} minutes of it, one thread:\n")
    print("| input | core-seconds | of an hour | MB | report, MB | its timeline.csv, MB | store, MB |")
    print("|---|---|---|---|---|---|---|")
    for name, size, options in INPUTS:
        clip, out, store = work / "clip.mp4", work / "out", work / "store"
        looped(clip, seconds, size)
        used, memory = analyze(clip, out, "--store", store, *options)
        megabytes = [size_of(out) / 1e6, size_of(out, "**/timeline.csv") / 1e6, store.stat().st_size / 1e6]
        print(f"| {name} | {used * HOUR / seconds:.0f} | {100 * used / seconds:.1f} % | {memory:.0f} | "
              + " | ".join(f"{m * HOUR / seconds:.1f}" for m in megabytes) + " |", flush=True)
        subprocess.run(["rm", "-rf", out, store])


def print_study(work, clips, rounds):
    seconds = 3 * clips
    looped(work / "all.mp4", seconds, "480:360")
    looped(work / "one.mp4", 3, "480:360")
    with open(work / "study.csv", "w") as f:
        f.write("path,id\n")
        for i in range(clips):
            (work / f"c{i}.mp4").hardlink_to(work / "one.mp4")
            f.write(f"c{i}.mp4,c{i}\n")
    ways = {"one call": [work / "all.mp4", "-o", work / "single"],
            "one call, one thread": [work / "all.mp4", "-o", work / "single", "--threads", "1"],
            "study": ["--manifest", work / "study.csv", "-o", work / "study"]}
    least = {}
    for _ in range(rounds):
        for name, words in ways.items():
            subprocess.run(["rm", "-rf", work / "single", work / "study"])
            before, began = children(), time.monotonic()
            subprocess.run([EXE, "analyze", *words, "--quiet", *MODEL], check=True, stdout=subprocess.DEVNULL)
            taken = (time.monotonic() - began, children() - before)
            least[name] = min(least.get(name, taken), taken)
    for name, (passed, used) in least.items():
        print(f"{name:22} {passed:7.1f} s, {used:7.1f} s of a core: {seconds / passed:6.1f} times as fast as it was recorded")
    best = min(least["one call"][0], least["one call, one thread"][0])
    print(f"{clips} clips: {100 * best / least['study'][0]:.0f} % of the throughput of the best single call")
    before, began = children(), time.monotonic()
    subprocess.run([EXE, "merge", work / "study"], check=True, stdout=subprocess.DEVNULL)
    print(f"merge: {1000 * (children() - before) / clips:.2f} ms of a core a recording; "
          f"{size_of(work / 'study', 'c*/**/*') / clips / 1000:.0f} kB a report")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--study", type=int, metavar="N")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if options.study:
            print_study(pathlib.Path(work), options.study, options.rounds)
        else:
            print_hours(pathlib.Path(work), options.minutes)


if __name__ == "__main__":
    main()
