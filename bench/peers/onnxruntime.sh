#!/usr/bin/env bash
# onnxruntime.sh [compare.py's options]: attune and ONNX Runtime (npm's onnxruntime-node) in turn, on
# MobileNetV2 at 224 and 112 px, in f32 and in eight bits.
set -euo pipefail
. "$(dirname "$0")/common.sh"
here=$(dirname "$0")
version=1.30.0
need_attune
command -v node >/dev/null && command -v npm >/dev/null ||
    { say "node and npm are needed (Debian: apt-get install nodejs npm)"; exit 1; }

if [ ! -d "$PEERS/node/node_modules/onnxruntime-node" ]; then
    say "fetching onnxruntime-node $version"
    mkdir -p "$PEERS/node"
    # without its scripts, which fetch libraries for GPUs
    npm install --prefix "$PEERS/node" --ignore-scripts --no-audit --no-fund --silent \
        "onnxruntime-node@$version" >&2
fi
for precision in f32 int8; do
    for side in 224 112; do
        model=$PEERS/mobilenet-$side-$precision.onnx
        [ -e "$model" ] || "$here/onnx_mobilenet.py" "$side" "$model" ${precision#f32}
        for threads in 1 2; do
            "$here/compare.py" "$@" --precision $precision "mobilenet-$side" "$threads" \
                "ONNX Runtime $version=node $here/onnxruntime.mjs $PEERS/node $model {threads} {seconds}"
        done
    done
done
