#!/usr/bin/env bash
# A minute of one fuzz program from the same beginning, so that one run goes as another, only further: run.sh PROGRAM
# SEEDS, as the tests call it. ATTUNE_FUZZ_SECONDS: another time. To look for bugs give the program a corpus folder
# and hours instead (tools/fuzz.sh).
set -euo pipefail
program=$1 seeds=$2 name=${1##*/fuzz_}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
kept=$(dirname "$0")/corpus/$name
mkdir -p "$dir/out" "$dir/kept"
[ ! -d "$kept" ] || cp "$kept"/* "$dir/kept"
export LSAN_OPTIONS="suppressions=$(dirname "$0")/../tests/lsan.supp print_suppressions=0"
"$program" -seed=1 -max_total_time="${ATTUNE_FUZZ_SECONDS:-60}" -max_len=65536 -timeout=20 -rss_limit_mb=2048 \
    -artifact_prefix="${ATTUNE_BUILD:-.}/" "$dir/out" "$dir/kept" "$seeds/$name" >"$dir/log" 2>&1 ||
    { tail -n 60 "$dir/log"; exit 1; }
tail -n 1 "$dir/log"
# Seeds that no code looks at would make this a test that cannot fail.
[ "$(sed -n 's/.*INITED .* corp: \([0-9]*\).*/\1/p' "$dir/log")" -gt 3 ] || { echo "the seeds reach nothing"; exit 1; }
