#!/usr/bin/env python3
"""What a recorded hour costs: seconds of a core, memory, bytes; and what it costs to do many short recordings.

    tools/scale.py                of a recorded hour, by MINUTES (5) of the demo clip, looped, at several sizes
    tools/scale.py --study N      N clips of three seconds as a study, beside one clip as long as all of them
    tools/scale.py --ranks        training in two ranks of one thread, beside one rank of two

$ATTUNE_EXE: the program, build/release/src/attune if not set. Needs ffmpeg (the program), or mpirun. The last two want a
machine with nothing else running, since they are by the clock: all ways in turn, ROUNDS (2) times, the best of each."""
import argparse
import json
import os
import pathlib
import random
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
RECIPE = {
    "kind": "visual", "detector": "start.safetensors", "seed": 3, "shards": 4, "batch": 64,
    "data": [{"dataset": "ferplus", "train": "train", "valid": "valid", "also": "fer2013"}],
    "sizes": [{"from": 0, "side": 112}], "optimiser": {"lr": 0.001}}
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


def print_ranks(work, rounds):
    sys.path.insert(0, str(ROOT / "tests"))
    import mini_corpora
    mini_corpora.make_ferplus(work / "ferplus", random.Random(5), 32, 2)
    (work / "start.safetensors").symlink_to(MODEL[1])
    few, many = 1, 17
    for epochs in few, many:
        (work / f"{epochs}.json").write_text(
            json.dumps({**RECIPE, "name": str(epochs), "epochs": epochs, "eval_every": epochs}))
    ways = {"one rank, two threads": (["--threads", "2"], []),
            "two ranks, one thread": (["--threads", "1"], ["mpirun", "--bind-to", "none", "--oversubscribe", "-n", "2"])}
    env = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    least = {}
    for _ in range(rounds):
        for name, (threads, before) in ways.items():
            for epochs in few, many:
                began = time.monotonic()
                subprocess.run([*before, EXE, "train", f"{epochs}.json", "--data", ".", "-o", "out", "--quiet", *threads],
                               check=True, cwd=work, env=env)
                taken = time.monotonic() - began
                least[name, epochs] = min(least.get((name, epochs), taken), taken)
    for name in ways:
        print(f"{name}: {least[name, many]:.2f} s in all, {least[name, many] - least[name, few]:.2f} s of it "
              f"{many - few} epochs")
    one, two = ways
    print(f"speed of two ranks by one: {least[one, many] / least[two, many]:.2f} in all, of epochs "
          f"{(least[one, many] - least[one, few]) / (least[two, many] - least[two, few]):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=5)
    parser.add_argument("--study", type=int, metavar="N")
    parser.add_argument("--ranks", action="store_true")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        if options.ranks:
            print_ranks(pathlib.Path(work), options.rounds)
        elif options.study:
            print_study(pathlib.Path(work), options.study, options.rounds)
        else:
            print_hours(pathlib.Path(work), options.minutes)


if __name__ == "__main__":
    main()
