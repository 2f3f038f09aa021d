#!/usr/bin/env bash
# Looks for inputs that break a reader, for hours; the tests do for seconds.
#
#     tools/fuzz.sh [HOURS]      all programs in turn, HOURS in all (default: 1). What they learned is
#                                kept in build/fuzz-corpus for the next time; what broke one lies in
#                                build/fuzz-found
#     tools/fuzz.sh --coverage [--missing]   which share of the readers' lines all that reaches; which it does not
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=build/fuzz-corpus found=build/fuzz-found

build() # folder, meson's options
{
    mkdir -p "${1%/*}"
    [ -f "$1/build.ninja" ] || meson setup "$@" -Dtests=disabled >"$1.log" || { cat "$1.log" && return 1; }
    ninja -C "$1" --quiet fuzzers
}

programs()
{
    for program in "$1"/fuzz/fuzz_*; do
        [ -x "$program" ] && [ -f "$program" ] && echo "$program"
    done
}

search() # hours
{
    local all seconds program name kept failed=0
    CC=clang build build/fuzz -Dfuzz=enabled -Db_sanitize=address -Doptimization=1
    mapfile -t all < <(programs build/fuzz)
    seconds=$(python3 -c 'import sys; print(max(1, int(float(sys.argv[1]) * 3600 / int(sys.argv[2]))))' \
        "$1" ${#all[@]})
    mkdir -p $corpus $found
    export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp print_suppressions=0"
    for program in "${all[@]}"; do
        name=${program##*/fuzz_}
        echo "== $name, $seconds s"
        mkdir -p "$corpus/$name"
        kept=(); [ ! -d "fuzz/corpus/$name" ] || kept=("fuzz/corpus/$name")
        "$program" -fork="$(nproc)" -ignore_crashes=1 -max_total_time="$seconds" -max_len=65536 -timeout=20 \
            -rss_limit_mb=2048 -artifact_prefix="$found/$name-" "$corpus/$name" "${kept[@]}" \
            "build/fuzz/fuzz/seeds/$name" 2>"$found/$name.log" || failed=1
        tail -n 1 "$found/$name.log"
    done
    [ -z "$(find $found -type f ! -name '*.log')" ] || { echo "found:" && ls $found; failed=1; }
    return $failed
}

coverage()
{
    local dir=build/fuzz-coverage
    build $dir -Dfuzz=replay -Db_coverage=true -Doptimization=0
    python3 tools/fuzz_coverage.py $dir $corpus "$@"
}

case ${1:-1} in
--coverage) coverage "${@:2}" ;;
-*) sed -n '2,10s/^# \{0,1\}//p' "$0" && exit 2 ;;
*) search "${1:-1}" ;;
esac
