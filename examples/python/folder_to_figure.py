#!/usr/bin/env python3
"""From a folder of clips to one figure: how the expressions of each clip are spread over its answers.

    python3 folder_to_figure.py CLIPS -o FOLDER

Writes FOLDER/expressions.csv (a row a clip) and a figure: expressions.png where matplotlib is installed, else attune's own
of each clip, in FOLDER/CLIP: expression.svg, states.svg, weights.svg."""
# %% What to look at
import argparse
import csv
import pathlib
from concurrent.futures import ThreadPoolExecutor

import attune

arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arguments.add_argument("clips", type=pathlib.Path)
arguments.add_argument("-o", "--out", type=pathlib.Path, default=pathlib.Path("attune-figures"))
given = arguments.parse_args()
if not given.clips.is_dir():
    arguments.error(f"{given.clips}: there is no such folder")
clips = sorted(p for p in given.clips.iterdir() if p.suffix.lower() in {".mp4", ".mkv", ".mov", ".webm", ".avi"})
if not clips:
    arguments.error(f"{given.clips}: there is no clip in it")
if given.out.exists() and not given.out.is_dir():
    arguments.error(f"{given.out}: is no folder")
given.out.mkdir(parents=True, exist_ok=True)

# %% Two clips at a time, one model for all: Python waits for neither
model = attune.Model()


def analyze(clip):
    try:
        return attune.analyze(clip, model=model, threads=1)
    except attune.Error as error:
        print(f"left out: {error}")


with ThreadPoolExecutor(2) as pool:
    results = [result for result in pool.map(analyze, clips) if result]

# %% The mean of each expression over the windows that are not withheld
columns = [name for name in attune.columns() if name.startswith("emotion_")]
rows = []
for result in results:
    told = result.windows[~result.windows.abstain]
    if not len(told):
        print(f"left out: {result.path}: nothing was told of it")
    else:
        rows.append([pathlib.Path(result.path).name, len(told), *(told[name].mean() for name in columns)])

if not rows:
    raise SystemExit("no clip is left")
with open(given.out / "expressions.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["clip", "windows", *columns])
    writer.writerows(rows)

# %% The figure
try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError:
    for result in results:
        result.save(given.out / pathlib.Path(result.path).name, sinks="svg")
else:
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.4 * len(rows)), layout="constrained")
    left = [0.0] * len(rows)
    for i, name in enumerate(columns):
        width = [row[2 + i] for row in rows]
        axes.barh([row[0] for row in rows], width, left=left, label=name.removeprefix("emotion_"))
        left = [a + b for a, b in zip(left, width)]
    axes.set_xlabel("mean probability of the perceived expression")
    axes.set_xlim(0, 1)
    axes.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))
    figure.savefig(given.out / "expressions.png", dpi=150)
