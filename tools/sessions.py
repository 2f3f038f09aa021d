#!/usr/bin/env python3
"""How a session does on people it never met: all clips of a person in one recording, so that what is
usual for the person can be learned on the way.

    tools/sessions.py make MANIFEST OUT [--spell EMOTION]
        MANIFEST lists clips by file, speaker and emotion. Writes OUT/SPEAKER.mp4, the speaker's clips in
        a drawn order, and OUT/SPEAKER.csv with the time and the label of each. With --spell the neutral
        ones come first, then three times over those of that emotion: a long spell of one thing.
    tools/sessions.py judge ATTUNE OUT [--labels WORD,...] [OPTION ...]
        Analyses each recording (ATTUNE analyze OPTION ...) and prints how often a clip's answer, the mean
        over the windows that lie in it, is its label: free among all seven, and among the labels that
        occur; with a 95 % interval over people, and the calibration error over clips. With --labels
        only clips of these are judged.

Needs the ffmpeg program."""
import csv
import pathlib
import random
import subprocess
import sys
import tempfile

SIZE, RATE, SOUND = "360:270", 30, 44100


def seconds(path):
    said = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries",
                           "stream=duration", "-of", "csv=p=0", path], check=True,
                          capture_output=True, text=True).stdout
    return float(said.strip().rstrip(","))


def order(clips, speaker, spell):
    random.Random(speaker).shuffle(clips)
    if not spell:
        return clips
    return ([c for c in clips if c[1] == "neutral"] + 3 * [c for c in clips if c[1] == spell])


def join(clips, out):
    """Writes the recording; returns each clip's start and end."""
    inputs, chain, times, at = [], "", [], 0.0
    for i, (path, _) in enumerate(clips):
        length = seconds(path)
        inputs += ["-i", path]
        chain += (f"[{i}:v]setpts=PTS-STARTPTS,fps={RATE},scale={SIZE},setsar=1[v{i}];"
                  f"[{i}:a]asetpts=PTS-STARTPTS,aresample={SOUND},apad,atrim=0:{length:.3f}[a{i}];")
        times.append((at, at + length))
        at += length
    chain += "".join(f"[v{i}][a{i}]" for i in range(len(clips)))
    chain += f"concat=n={len(clips)}:v=1:a=1[v][a]"
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs, "-filter_complex", chain, "-map", "[v]",
                    "-map", "[a]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-c:a",
                    "aac", "-b:a", "128k", out], check=True)
    return times


def make(manifest, out, spell=None):
    manifest, out = pathlib.Path(manifest), pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    people = {}
    with open(manifest, newline="") as f:
        for row in csv.DictReader(f):
            people.setdefault(row["speaker"], []).append((manifest.parent / row["file"],
                                                          row["emotion"]))
    for speaker, clips in sorted(people.items()):
        clips = order(clips, speaker, spell)
        times = join(clips, out / f"{speaker}.mp4")
        with open(out / f"{speaker}.csv", "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(["start", "end", "emotion"])
            table.writerows((f"{a:.3f}", f"{b:.3f}", c[1]) for (a, b), c in zip(times, clips))
        print(f"{speaker}: {len(clips)} clips, {times[-1][1]:.0f} s")


def answers(attune, recording, options):
    """Of each clip: its label, and the probabilities of the seven, None when all was withheld."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([attune, "analyze", recording, "-o", f"{folder}/o", "--quiet", *options],
                       check=True, stdout=subprocess.DEVNULL)
        with open(f"{folder}/o/timeline.csv", newline="") as f:
            windows = list(csv.DictReader(f))
    names = [x for x in windows[0] if x.startswith("emotion_")]
    with open(recording.with_suffix(".csv"), newline="") as f:
        clips = list(csv.DictReader(f))
    for clip in clips:
        start, end = float(clip["start"]), float(clip["end"])
        # windows that have seen little of the clip before
        inside = [w for w in windows if start + 1.5 <= float(w["end_s"]) <= end + 0.25] or \
                 [w for w in windows if start <= float(w["end_s"]) <= end + 0.5]
        given = [w for w in inside if w["abstain"] != "1"]
        mean = {n[len("emotion_"):]: sum(float(w[n]) for w in given) / len(given)
                for n in names} if given else None
        yield clip["emotion"], mean


def calibration_error(judged, bins=15):
    """Over bins of equal mass."""
    judged = sorted(judged)
    error = 0
    for k in range(bins):
        part = judged[k * len(judged) // bins:(k + 1) * len(judged) // bins]
        if part:
            error += abs(sum(sure for sure, _ in part) - sum(right for _, right in part))
    return error / len(judged)


def interval(people, of):
    draw, means = random.Random(0), []
    for _ in range(1000):
        clips = [x for _ in people for x in draw.choice(people)]
        means.append(sum(x[of] for x in clips) / len(clips))
    means.sort()
    return f"[{100 * means[25]:.1f}, {100 * means[974]:.1f}]"


def judge(attune, out, *options):
    wanted = None
    if options[:1] == ("--labels",):
        wanted, options = options[1].split(","), options[2:]
    people, judged, withheld = [], [], 0
    recordings = sorted(pathlib.Path(out).glob("*.mp4"))
    if not recordings:
        raise SystemExit(f"{out}: no recordings there")
    told = [[x for x in answers(attune, r, options) if not wanted or x[0] in wanted]
            for r in recordings]
    labels = {label for person in told for label, _ in person}
    for recording, person in zip(recordings, told):
        right = []
        for label, p in person:
            if p is None:
                withheld += 1
                continue
            best = max(p, key=p.get)
            among = max(labels, key=lambda x: p.get(x, 0))
            right.append((best == label, among == label))
            judged.append((p[best], best == label))
        if right:
            people.append(right)
            print(f"{recording.stem}: {sum(x[0] for x in right)} of {len(right)} right")
    if not people:
        raise SystemExit("all was withheld")
    for of, what in ((0, "free"), (1, f"of {len(labels)}")):
        clips = [x[of] for person in people for x in person]
        print(f"{what}: {100 * sum(clips) / len(clips):.1f} % {interval(people, of)} of "
              f"{len(clips)} clips of {len(people)} people")
    print(f"calibration error {100 * calibration_error(judged):.1f} %, {withheld} clips withheld")


if __name__ == "__main__":
    if len(sys.argv) in (4, 6) and sys.argv[1] == "make" and sys.argv[4:5] in ([], ["--spell"]):
        make(*sys.argv[2:4], *sys.argv[5:])
    elif len(sys.argv) >= 4 and sys.argv[1] == "judge":
        judge(*sys.argv[2:])
    else:
        raise SystemExit(__doc__)
