#!/usr/bin/env python3
"""How far do raw pixels go on DAiSEE's frames? A ridge regression on 24 x 32 grey pixels, taught on
the train part, judged on the val part at the published thresholds: what a face stream has to beat.
Prints the AUC of each state for several ridges, so that none need be chosen.

    tools/linear_probe.py DIR     the folder with manifest.csv

Needs NumPy and the ffmpeg program."""
import csv
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

STATES = [("boredom", 1), ("engagement", 3), ("confusion", 1), ("frustration", 1)]
WIDTH, HEIGHT = 24, 32


def pixels(folder, rows):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        for row in rows:
            listing.write(f"file '{folder / row['file']}'\nduration 1\n")
        listing.flush()
        raw = subprocess.run(["ffmpeg", "-v", "error", "-f", "concat", "-safe", "0", "-i",
                              listing.name, "-fps_mode", "passthrough", "-vf",
                              f"scale={WIDTH}:{HEIGHT}:flags=area,format=gray", "-f", "rawvideo",
                              "-"], check=True, stdout=subprocess.PIPE).stdout
    x = np.frombuffer(raw, np.uint8).reshape(-1, WIDTH * HEIGHT).astype(float)
    if len(x) != len(rows):
        raise SystemExit(f"{folder}: {len(x)} of {len(rows)} pictures could be read")
    # each picture's own brightness and contrast say little of its face
    return (x - x.mean(axis=1, keepdims=True)) / (x.std(axis=1, keepdims=True) + 5)


def auc(score, positive):
    rank = np.argsort(np.argsort(score)) + 1
    n = positive.sum()
    return (rank[positive].sum() - n * (n + 1) / 2) / (n * (~positive).sum())


def main(folder):
    rows = list(csv.DictReader(open(folder / "manifest.csv", newline="")))
    part = {name: [r for r in rows if r["split"] == name] for name in ("train", "val")}
    x = {name: pixels(folder, part[name]) for name in part}
    mean, deviation = x["train"].mean(axis=0), x["train"].std(axis=0)
    x = {name: (x[name] - mean) / deviation for name in x}
    level = {name: {s: np.array([int(r[s]) for r in part[name]]) for s, _ in STATES}
             for name in part}
    print("ridge  " + "  ".join(f"{s} >= {t}" for s, t in STATES))
    for ridge in (1e2, 1e3, 1e4, 1e5):
        gram = x["train"].T @ x["train"] + ridge * np.eye(WIDTH * HEIGHT)
        figures = []
        for state, threshold in STATES:
            y = level["train"][state] >= threshold
            weight = np.linalg.solve(gram, x["train"].T @ (y - y.mean()))
            figures.append(auc(x["val"] @ weight, level["val"][state] >= threshold))
        print(f"{ridge:<6.0f} " + "  ".join(f"{f:.3f}" for f in figures))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
