#!/usr/bin/env bash
# A short run of one fuzz program, always the same one: run.sh PROGRAM RUNS SEEDS, as the tests call it.
# To look for bugs give the program a corpus folder and hours instead (tools/fuzz.sh).
set -euo pipefail
program=$1 runs=$2 seeds=$3 name=${1##*/fuzz_}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
kept=$(dirname "$0")/corpus/$name
mkdir -p "$dir/out" "$dir/kept"
[ ! -d "$kept" ] || cp "$kept"/* "$dir/kept"
export LSAN_OPTIONS="suppressions=$(dirname "$0")/../tests/lsan.supp print_suppressions=0"
"$program" -seed=1 -runs="$runs" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="${ATTUNE_BUILD:-.}/" "$dir/out" "$dir/kept" "$seeds/$name" >"$dir/log" 2>&1 ||
    { tail -n 60 "$dir/log"; exit 1; }
tail -n 1 "$dir/log"
# Seeds that no code looks at would make this a test that cannot fail.
[ "$(find "$dir/out" -type f | wc -l)" -gt 3 ] || { echo "nothing new was reached"; exit 1; }
