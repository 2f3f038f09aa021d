#!/usr/bin/env bash
# pytorch.sh [compare.py's options]: attune and PyTorch (Debian's python3-torch, with OpenBLAS) in
# turn, on MobileNetV2 at 224 px, on a training step at 112 px and on a BiLSTM's.
set -euo pipefail
. "$(dirname "$0")/common.sh"
here=$(dirname "$0")
"$here/fetch.sh" libopenblas0-openmp python3-torch
need_attune
pytorch="/usr/bin/python3 $here/pytorch.py" # Debian's, which the package is for

for threads in 1 2; do
    with_peers "$here/compare.py" "$@" mobilenet-224 "$threads" \
        "PyTorch optimized=$pytorch infer optimized 224 {threads} {seconds}" \
        "PyTorch eager=$pytorch infer eager 224 {threads} {seconds}"
done
with_peers "$here/compare.py" --seconds 2 "$@" train-mobilenet-112 2 \
    "PyTorch=$pytorch train plain 112 {threads} {seconds}" \
    "PyTorch channels_last=$pytorch train channels_last 112 {threads} {seconds}"
with_peers "$here/compare.py" --seconds 2 "$@" bilstm-train 2 \
    "PyTorch=$pytorch bilstm plain 0 {threads} {seconds}"
