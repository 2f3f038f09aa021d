#!/usr/bin/env python3
"""How a model behaves on groups of people: does it find the faces of one group less often, trust them
less, or answer them differently?

    attune eval default --dataset faces_diverse --root DIR --answers ANSWERS
    tools/groups.py ANSWERS MANIFEST [COLUMN]

ANSWERS is what `attune eval --answers` wrote: a face that was not found is withheld there or, in a set of
crops, judged with a reliability of 0. MANIFEST has a row a picture with its file and the COLUMN to group by (default: group). An age is grouped by
decades up to 60. Prints for each group the share of faces that were found, mean reliability and how often
each answer was given; then the spread, the largest minus the smallest of the groups, and beside it what
spread chance makes: the mean over 1,000 deals of the same people into groups of the same sizes. Without labels
of expression a spread may be the pictures' (one group may smile more in them) as well as the model's."""
import csv
import pathlib
import random
import sys

DRAWS = 1000


def read(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def group_of(row, column):
    value = row[column]
    if column == "age":
        decade = min(int(value) // 10 * 10, 60)
        return f"{decade}-{decade + 9}" if decade < 60 else "60 and over"
    return value


def measures(answers):
    """Of each sample a row of numbers, and their names; None: not measured of it."""
    emotions = sorted({a["answer"] for a in answers if a["answer"]})
    rows = []
    for a in answers:
        found = not a["withheld"] and float(a["reliability_face"]) > 0
        row = [float(found), float(a["reliability_face"]) if found else None]
        rows.append(row + [float(a["answer"] == e) if found else None for e in emotions])
    return ["found", "reliability"] + emotions, rows


def means(rows):
    columns = [[x for x in column if x is not None] for column in zip(*rows)]
    return [sum(c) / len(c) if c else 0 for c in columns]


def spreads(groups):
    each = [means(rows) for rows in groups if rows]
    return [max(column) - min(column) for column in zip(*each)]


def spread_by_chance(rows, sizes):
    deal, sums = random.Random(0), [0.0] * len(rows[0])
    for _ in range(DRAWS):
        dealt, at, groups = deal.sample(rows, len(rows)), 0, []
        for size in sizes:
            groups.append(dealt[at:at + size])
            at += size
        sums = [s + x for s, x in zip(sums, spreads(groups))]
    return [s / DRAWS for s in sums]


def line(name, n, figures):
    print(f"{name:14}{n:>6}" + "".join(f"{100 * x:12.1f}" for x in figures))


def main(answers_path, manifest_path, column="group"):
    answers = read(answers_path)
    people = {pathlib.Path(r["file"]).name: r for r in read(manifest_path)}
    names, rows = measures(answers)
    groups = {}
    for answer, row in zip(answers, rows):
        groups.setdefault(group_of(people[pathlib.Path(answer["file"]).name], column), []).append(row)
    print(f"{'%':14}{'n':>6}" + "".join(f"{n:>12}" for n in names))
    for name in sorted(groups):
        line(name, len(groups[name]), means(groups[name]))
    line("all", len(rows), means(rows))
    line("spread", "", spreads(groups.values()))
    line("by chance", "", spread_by_chance(rows, [len(g) for g in groups.values()]))


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
