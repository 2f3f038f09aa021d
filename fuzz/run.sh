#!/usr/bin/env bash
# A short run of one fuzz program, always the same one: run.sh PROGRAM RUNS, as the tests call it.
# To look for bugs give the program a corpus folder and hours instead.
set -euo pipefail
program=$1 runs=$2 name=$(basename "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 "$(dirname "$0")/seeds.py" "$dir"
mkdir "$dir/out"
"$program" -seed=1 -runs="$runs" -max_total_time=10 -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="${ATTUNE_BUILD:-.}/" "$dir/out" "$dir/${name#fuzz_}" >"$dir/log" 2>&1 ||
    { tail -n 60 "$dir/log"; exit 1; }
tail -n 1 "$dir/log"
# Seeds that no code looks at would make this a test that cannot fail.
[ "$(find "$dir/out" -type f | wc -l)" -gt 3 ] || { echo "nothing new was reached"; exit 1; }
