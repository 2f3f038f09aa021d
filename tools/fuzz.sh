#!/usr/bin/env bash
# Looks for inputs that break a reader, for hours; the tests do for seconds.
#
#     tools/fuzz.sh [HOURS]      all programs in turn, HOURS in all (default: 1). What they learned is
#                                kept in build/fuzz-corpus for the next time; what broke one lies in
#                                build/fuzz-found
#     tools/fuzz.sh --coverage   which share of the readers' lines all that reaches
set -euo pipefail
cd "$(dirname "$0")/.."
corpus=build/fuzz-corpus found=build/fuzz-found

# program: the sources that read what it makes up
readers="
weights   src/tensor/weights.c
media     src/media/av.c src/media/av_open.c src/media/av_read.c src/media/av_tracks.c src/media/av_picture.c
media     src/media/av_sound.c src/media/av_source.c src/media/av_queue.c src/media/av_end.c
timeline  src/report/timeline.c src/report/fields.c
csv       src/data/csv.c src/data/gunzip.c
recipe    src/train/recipe.c src/train/fields.c src/train/settings.c
messages  src/serve/wire.c
box       src/media/av_wire.c
"

build() # folder, meson's options
{
    [ -f "$1/build.ninja" ] || meson setup "$@" -Dtests=disabled >/dev/null
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
    local all seconds program name failed=0
    CC=clang build build/fuzz -Dfuzz=enabled -Db_sanitize=address -Doptimization=1
    mapfile -t all < <(programs build/fuzz)
    seconds=$(python3 -c 'import sys; print(max(1, int(float(sys.argv[1]) * 3600 / int(sys.argv[2]))))' \
        "$1" ${#all[@]})
    mkdir -p $corpus $found
    python3 fuzz/seeds.py $corpus/seeds
    for program in "${all[@]}"; do
        name=${program##*/fuzz_}
        echo "== $name, $seconds s"
        mkdir -p "$corpus/$name"
        "$program" -fork="$(nproc)" -ignore_crashes=1 -max_total_time="$seconds" -max_len=65536 -timeout=20 \
            -rss_limit_mb=2048 -artifact_prefix="$found/$name-" "$corpus/$name" "$corpus/seeds/$name" \
            2>"$found/$name.log" || failed=1
        tail -n 1 "$found/$name.log"
    done
    [ -z "$(find $found -type f ! -name '*.log')" ] || { echo "found:" && ls $found; failed=1; }
    return $failed
}

# Lines executed of a program's readers, by what it counted.
executed() # folder, program's name
{
    find "$1" -name '*.gcda' -exec gcov -n -r {} + 2>/dev/null |
        awk -v name="$2" -v sources="$(sed -n "s/^$2 *//p" <<<"$readers" | tr '\n' ' ')" -F "'" '
            /^File/ { file = $2; sub(/^(\.\.\/)*/, "", file) }
            /^Lines executed:/ && index(" " sources, " " file " ") {
                sub("Lines executed:", "")
                printf "%-9s %-28s %s lines\n", name, file, $0
                file = ""
            }'
}

coverage()
{
    local dir=build/fuzz-coverage program name
    build $dir -Dfuzz=replay -Db_coverage=true -Doptimization=0
    python3 fuzz/seeds.py $corpus/seeds
    for program in $(programs $dir); do
        name=${program##*/fuzz_}
        mkdir -p "$corpus/$name"
        find $dir -name '*.gcda' -delete
        "$program" "$corpus/$name" "$corpus/seeds/$name" >/dev/null 2>&1
        executed $dir "$name"
    done
}

case ${1:-1} in
--coverage) coverage ;;
-*) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
*) search "${1:-1}" ;;
esac
