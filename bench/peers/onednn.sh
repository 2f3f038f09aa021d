#!/usr/bin/env bash
# onednn.sh [compare.py's options]: attune and oneDNN 2.6 (Debian 12's libdnnl-dev) in turn, on
# MobileNetV2 at 224 px and on a training step at 112 px. oneDNN may use the layout it is fastest in.
set -euo pipefail
. "$(dirname "$0")/common.sh"
here=$(dirname "$0")
"$here/fetch.sh" libdnnl-dev
need_attune

for program in infer train; do
    # The optimiser's loop is ours to compile: as fast as this machine can.
    "${CC:-gcc}" -O3 -march=native -fno-math-errno -fopenmp -Wall -Wextra \
        -I"$PEERS/root/usr/include" "$here/onednn_$program.c" -o "$PEERS/onednn_$program" \
        -L"$PEERS/root/usr/lib/$(uname -m)-linux-gnu" -ldnnl -lm
done

for threads in 1 2; do
    ways=()
    for layout in nhwc blocked8 blocked16; do
        ways+=("oneDNN $layout=$PEERS/onednn_infer 224 {seconds} $layout"
            "oneDNN $layout fused=$PEERS/onednn_infer 224 {seconds} $layout fused")
    done
    with_peers "$here/compare.py" "$@" mobilenet-224 "$threads" "${ways[@]}"
done
ways=()
for layout in any blocked8 blocked16; do
    ways+=("oneDNN $layout=$PEERS/onednn_train 112 {seconds} $layout")
done
with_peers "$here/compare.py" --seconds 2 "$@" train-mobilenet-112 2 "${ways[@]}"
