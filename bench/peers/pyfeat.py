#!/usr/bin/env python3
"""How many clips a second attune and py-feat get through, in turn, and how they compare.

    pyfeat.py [--rounds N] [--rate R] [--threads N] CLIP...

py-feat (pip install py-feat) needs PyTorch, and fetches its networks when it is first used; where it is not, attune's figure is
all, and the exit code 1. Both look at R (8) pictures a second and at no sound, on N (2) threads: py-feat in one process with
batches of 8, attune as a study of N processes. A round before the first is not counted. Medians of the rounds (3); a ratio
over 1 says that attune is faster. $ATTUNE is the program."""
import argparse
import csv
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ATTUNE = os.environ.get("ATTUNE", pathlib.Path(__file__).resolve().parents[2] / "build/release/src/attune")


def pictures_a_second(clip):
    said = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=avg_frame_rate", "-of",
                           "csv=p=0", clip], capture_output=True, text=True, check=True).stdout
    over, _, under = said.strip().rstrip(",").partition("/")
    return float(over) / float(under or 1)


def by_attune(given):
    with tempfile.TemporaryDirectory() as folder:
        manifest = pathlib.Path(folder, "clips.csv")
        with open(manifest, "w", newline="") as file:
            csv.writer(file).writerows([["path"], *([clip.resolve()] for clip in given.clip)])
        began = time.perf_counter()
        subprocess.run([ATTUNE, "analyze", "--manifest", manifest, "-o", f"{folder}/study", "--sinks", "csv,jsonl,summary", "--no-audio", "--quiet",
                        "--rate", str(given.rate), "--jobs", str(given.threads)], check=True, stdout=subprocess.DEVNULL)
        return len(given.clip) / (time.perf_counter() - began)


def by_py_feat(given, detector, skip):
    detect = getattr(detector, "detect", None)  # before 0.7: detect_video
    began = time.perf_counter()
    for clip in given.clip:
        how = dict(skip_frames=skip[clip], batch_size=8)
        detect(str(clip), data_type="video", progress_bar=False, **how) if detect else detector.detect_video(str(clip), **how)
    return len(given.clip) / (time.perf_counter() - began)


def py_feats_detector(threads):
    """None: it is not there."""
    os.environ.update(OMP_NUM_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads))
    try:
        import feat
    except ImportError:
        return None
    return feat.Detector(device="cpu")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("clip", type=pathlib.Path, nargs="+")
    given = parser.parse_args()
    skip = {clip: max(1, round(pictures_a_second(clip) / given.rate)) for clip in given.clip}
    detector = py_feats_detector(given.threads)
    rates = {"attune": [], "py-feat": []}
    for _ in range(given.rounds + 1):
        rates["attune"].append(by_attune(given))
        if detector:
            rates["py-feat"].append(by_py_feat(given, detector, skip))
    median = {name: statistics.median(found[1:]) for name, found in rates.items() if found}
    for name, rate in median.items():
        print(f"{name:10} {rate:8.2f} clips/s")
    if not detector:
        sys.exit("pyfeat.py: py-feat is not installed, so there is nothing to compare with")
    print(f"{'ratio':10} {median['attune'] / median['py-feat']:8.2f}")


if __name__ == "__main__":
    main()
