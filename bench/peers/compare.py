#!/usr/bin/env python3
"""Runs a benchmark of attune and a peer's programs in turn, and prints how their times compare.

    compare.py [--rounds N] [--seconds S] [--precision P] [--json FILE] NAME THREADS LABEL=COMMAND...

NAME is one of `attune bench --list`; each COMMAND is a way of the peer's to do the same, and gets
{threads} and {seconds} filled in. It prints "median M best B cpu C runs N", milliseconds an item
(peer.h). The first round tries all ways, the others go on with the fastest. Figures are the median
of the rounds' medians, the best run of all, and the median of processor time; a ratio over 1 says
that attune is faster. $ATTUNE is the program."""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys

FIGURES = ("median", "best", "cpu")


def run(command, threads):
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    return subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout


def run_attune(name, threads, seconds, precision):
    report = json.loads(run([os.environ["ATTUNE"], "bench", name, "--threads", str(threads),
                             "--rounds", "1", "--seconds", str(seconds), "--precision", precision,
                             "--quiet", "--json", "-"], threads))
    b = next(b for b in report["benchmarks"] if b["name"] == name)
    rate = b["unit"].endswith("/s")
    wall = {k: 1e3 / b[k] if rate else b[k] for k in ("median", "best")}
    return dict(wall, cpu=b["cpu_ms"])


def run_peer(command, threads, seconds):
    filled = command.replace("{threads}", str(threads)).replace("{seconds}", str(seconds))
    words = run(shlex.split(filled), threads).split()
    return {k: float(words[words.index(k) + 1]) for k in FIGURES}


def summary(rounds):
    return {"median": statistics.median(r["median"] for r in rounds),
            "best": min(r["best"] for r in rounds),
            "cpu": statistics.median(r["cpu"] for r in rounds)}


def show(label, times):
    print(f"  {label:28}" + "".join(f"{times[k]:10.3f}" for k in FIGURES))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--precision", default="f32", help="of attune: f32 or int8")
    parser.add_argument("--json", help="append a line with the figures to this file")
    parser.add_argument("name")
    parser.add_argument("threads", type=int)
    parser.add_argument("peers", nargs="+", metavar="LABEL=COMMAND")
    o = parser.parse_args()
    peers = dict(p.split("=", 1) for p in o.peers)

    ours, theirs = [], {}
    for _ in range(o.rounds):
        ours.append(run_attune(o.name, o.threads, o.seconds, o.precision))
        for label, command in peers.items():
            theirs.setdefault(label, []).append(run_peer(command, o.threads, o.seconds))
        fastest = min(peers, key=lambda p: summary(theirs[p])["cpu" if o.threads == 1 else "best"])
        peers = {fastest: peers[fastest]}

    mine, other = summary(ours), summary(theirs[fastest])
    ratio = {k: other[k] / mine[k] for k in FIGURES}
    what = f"{o.name}, {o.precision}, {o.threads} thread{'s' if o.threads > 1 else ''}, ms"
    print(f"{what:30}    median      best       cpu")
    show("attune", mine)
    show(fastest, other)
    print(f"  {'ratio':28}" + "".join(f"{ratio[k]:10.2f}" for k in FIGURES), flush=True)
    if o.json:
        with open(o.json, "a", encoding="utf-8") as f:
            json.dump({"name": o.name, "precision": o.precision, "threads": o.threads, "attune": mine, "peer": fastest,
                       "peer_ms": other, "ratio": ratio}, f)
            f.write("\n")


if __name__ == "__main__":
    sys.exit(main())
