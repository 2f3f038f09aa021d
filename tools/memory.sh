#!/usr/bin/env bash
# Does memory grow with the length of the input? Analyses the demo clip looped for HOURS (2) and
# prints the least and the most resident memory in each quarter of the run.
#
#     tools/memory.sh [HOURS]
#
# $ATTUNE_EXE: the program, build/release/src/attune if not set. Needs ffmpeg (the program). At
# some fifteen times real time two hours take eight minutes. Fails if the last quarter's most is
# over the second's by more than 4 MiB: the first still holds the growth of the start.
set -euo pipefail

hours=${1:-2}
root=$(cd "$(dirname "$0")/.." && pwd)
exe=${ATTUNE_EXE:-$root/build/release/src/attune}
clip=$root/demo/talking_head.mp4
work=$(mktemp -d)
pid=""
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT

seconds=$(ffprobe -v error -show_entries format=duration -of csv=p=0 "$clip")
loops=$(awk -v h="$hours" -v s="$seconds" 'BEGIN { print int(h * 3600 / s) }')
ffmpeg -v error -stream_loop "$loops" -i "$clip" -c copy "$work/long.mp4"

"$exe" analyze "$work/long.mp4" -o "$work/report" --model "$root/models/default.safetensors" \
    --threads 1 --quiet >"$work/summary" &
pid=$!
began=$SECONDS
while kill -0 "$pid" 2>/dev/null; do
    sleep "$(awk -v h="$hours" 'BEGIN { print (h < 0.5) ? 1 : 10 }')"
    awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true
done >"$work/rss"
wait "$pid"
pid=""

echo "$hours h of input in $((SECONDS - began)) s; resident memory, MiB:"
awk '
    { kb[NR] = $1 }
    END {
        n = NR
        if (n < 8) { print "memory: too short a run to tell"; exit 1 }
        for (q = 0; q < 4; q++) {
            least = most = 0
            for (i = int(q * n / 4) + 1; i <= int((q + 1) * n / 4); i++) {
                if (!least || kb[i] < least) least = kb[i]
                if (kb[i] > most) most = kb[i]
            }
            printf "  quarter %d  %6.1f to %6.1f\n", q + 1, least / 1024, most / 1024
            top[q] = most
        }
        if (top[3] > top[1] + 4096) { print "memory: it grows"; exit 1 }
    }' "$work/rss"
