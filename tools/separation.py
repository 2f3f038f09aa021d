#!/usr/bin/env python3
"""Whether a model knows when a stream is wrong: how well its figures for a stream separate the stream's
right answers from its wrong ones, over any number of conditions together.

    attune eval default --dataset NAME --root DIR [--corrupt ...] --answers BOTH.csv
    attune eval default --dataset NAME --root DIR [--corrupt ...] --stream face --answers ALONE.csv
    tools/separation.py face BOTH.csv ALONE.csv [BOTH.csv ALONE.csv ...]

ALONE has what the stream answers by itself and whether that is right, BOTH what is said of it where the
other stream is there too; for a stream that has no other give the same file twice, and "fused" judges
what both say, from BOTH alone. For the stream's condition (the paper's reliability), its own top
probability and its reliability it prints the area under the ROC curve with a 95 % interval (bootstrap over
people), the mean, and the share of wrong answers in all and in the surest four fifths."""
import csv
import random
import sys

DRAWS = 1000


def read(path):
    with open(path, newline="") as f:
        return {row["file"]: row for row in csv.DictReader(f)}


def top(row):
    return max(float(row[k]) for k in row if k.startswith("p_") and row[k])


def samples(stream, both, alone):
    """Of each sample that is answered in both: person, right or not, and its figures."""
    for file, own in alone.items():
        said = both.get(file)
        if not said or not own["label"] or own["withheld"] or said["withheld"]:
            continue
        figures = {"own probability": top(own)}
        if stream != "fused":
            figures = {"condition": float(said["condition_" + stream]), **figures,
                       "reliability": float(said["reliability_" + stream])}
        yield own["subject"] or file, own["answer"] == own["label"], figures


def area(pairs):
    """Of (figure, right): Mann-Whitney, ties counted half; None where all are right or wrong."""
    pairs = sorted(pairs)
    right, wrong, ranks, i = sum(r for _, r in pairs), 0, 0.0, 0
    wrong = len(pairs) - right
    while i < len(pairs):
        j = i
        while j < len(pairs) and pairs[j][0] == pairs[i][0]:
            j += 1
        ranks += sum(r for _, r in pairs[i:j]) * (i + j + 1) / 2
        i = j
    return (ranks - right * (right + 1) / 2) / (right * wrong) if right and wrong else None


def interval(people):
    draw, areas = random.Random(0), []
    for _ in range(DRAWS):
        a = area([x for _ in people for x in draw.choice(people)])
        areas += [] if a is None else [a]
    areas.sort()
    return areas[int(0.025 * len(areas))], areas[int(0.975 * len(areas))]


def main(stream, *files):
    pool = [s for both, alone in zip(files[::2], files[1::2])
            for s in samples(stream, read(both), read(alone))]
    wrong = sum(not right for _, right, _ in pool) / len(pool)
    print(f"{stream}: {len(pool)} answers of {len({p for p, _, _ in pool})} people, {100 * wrong:.1f} % wrong")
    for name in pool[0][2]:
        people = {}
        for person, right, figures in pool:
            people.setdefault(person, []).append((figures[name], right))
        pairs = [x for own in people.values() for x in own]
        lo, hi = interval(list(people.values()))
        kept = sorted(pairs, key=lambda x: x[0])[len(pairs) // 5:]
        print(f"  {name:16} area {area(pairs):.3f} [{lo:.3f}, {hi:.3f}]  mean "
              f"{sum(x for x, _ in pairs) / len(pairs):.3f}  wrong in the surest four fifths "
              f"{100 * sum(not r for _, r in kept) / len(kept):.1f} %")


if __name__ == "__main__":
    if len(sys.argv) < 4 or len(sys.argv) % 2 or sys.argv[1] not in ("face", "voice", "fused"):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
