#!/usr/bin/env python3
"""Where the activation lies in many faces: the means of what attune explain finds in each input.

    tools/activation_shares.py INPUT...

A line for each class that was explained, one for all, and the shares of an even map. Each input counts
alike, however many overlays it has. Nothing that shows anybody is kept.

$ATTUNE_EXE: the program, build/release/src/attune if not set."""
import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
EXE = os.environ.get("ATTUNE_EXE", str(ROOT / "build/release/src/attune"))
REGIONS = ["eyes", "mouth", "face", "outside"]


def explain(path, folder):
    """The overlays of an input; none where it has no face."""
    done = subprocess.run([EXE, "explain", path, "-o", folder, "--min-face", "12", "--threads", "1",
                           "--json", "--quiet"], capture_output=True, text=True)
    return json.loads(done.stdout)["overlays"] if done.returncode == 0 else []


def mean(rows):
    return [sum(row[k] for row in rows) / len(rows) for k in range(len(REGIONS))]


def shares(overlays, key):
    return mean([[o[key][r] for r in REGIONS] for o in overlays])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", nargs="+")
    by_class, area = collections.defaultdict(list), []
    with tempfile.TemporaryDirectory() as folder:
        for path in parser.parse_args().input:
            overlays = [o for o in explain(path, folder) if o["activation"]["eyes"] is not None]
            for name in {o["class"] for o in overlays}:
                by_class[name].append(shares([o for o in overlays if o["class"] == name], "activation"))
            if overlays:
                by_class["all"].append(shares(overlays, "activation"))
                area.append(shares(overlays, "area"))
    if not area:
        sys.exit("no face in any of them")
    by_class["an even map"] = area
    print(f"{'':12} {'inputs':>6} " + " ".join(f"{r:>9}" for r in REGIONS))
    for name, rows in sorted(by_class.items(), key=lambda item: (item[0] in ("all", "an even map"), item[0])):
        print(f"{name:12} {len(rows):6} " + " ".join(f"{100 * v:7.1f} %" for v in mean(rows)))


if __name__ == "__main__":
    main()
