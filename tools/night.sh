#!/usr/bin/env bash
# What takes too long for `make test`, part by part. Run by `make night`, after tools/setup.sh night.
#
#     tools/night.sh                   all parts
#     tools/night.sh faults memcheck   these only:
#
#     fuzz      inputs that break a reader, for HOURS (4) (tools/fuzz.sh)
#     faults    each call and each allocation failing in turn (of training each way to one), each byte of a disk that is
#               full, the program killed 200 times (tests/cli_faults.py with ATTUNE_FAULTS=all), and 200 times gone on with
#               (tests/cli_resume.py); ATTUNE_FAULTS=100: so many of each kind
#     replay    a day of sound, and live sessions that go on for REPLAY_HOURS (2): memory and descriptors stay what they
#               were, and nothing is lost (tests/cli_replay.py)
#     memory    two hours of a file: memory does not grow (tools/memory.sh)
#     memcheck  unit and alloc suites under valgrind
#     analyzer  gcc's analyzer over all sources
#     aarch64   the suites on another processor, emulated (tools/aarch64.sh)
#
# What each said lies in build/night/PART.log; the last lines are a line a part. Exit code 1 if one found something.
set -uo pipefail
cd "$(dirname "$0")/.."
hours=${HOURS:-4} replay_hours=${REPLAY_HOURS:-2}
parts=${*:-fuzz faults replay memory memcheck analyzer aarch64}
logs=build/night
mkdir -p $logs

# Builds in build/night-$1 with the meson options from $2 on; only $targets where that is set.
build()
{
    local dir=build/night-$1
    shift
    [ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" || return 1
    nice -n 5 ninja -C "$dir" --quiet ${targets:-}
}

part_fuzz()
{
    tools/fuzz.sh "$hours"
}

part_faults()
{
    build plain -Dtests=enabled || return 1
    ATTUNE_FAULTS=${ATTUNE_FAULTS:-all} meson test -C build/night-plain cli_faults cli_resume --no-rebuild \
        --verbose --timeout-multiplier 0
}

part_replay()
{
    build plain -Dtests=enabled || return 1
    ATTUNE_HOURS=24 ATTUNE_LIVE_HOURS=$replay_hours meson test -C build/night-plain cli_replay --no-rebuild \
        --verbose --timeout-multiplier 0
}

part_aarch64()
{
    tools/aarch64.sh
}

part_memory()
{
    build plain -Dtests=enabled && ATTUNE_EXE=build/night-plain/src/attune tools/memory.sh
}

# Valgrind knows no AVX-512: programs ask the processor, and take AVX2. A decoder's child, and an address's, would not let
# it work.
# As under a sanitizer tests take fewer samples.
part_memcheck()
{
    local tests
    build memcheck -Dtests=enabled -Dc_args="-g1 -DEMULATED" || return 1
    mapfile -t tests < <(meson test -C build/night-memcheck --suite unit --suite alloc --list 2>/dev/null |
        sed -n 's/.* \/ //p' | grep -v -e '^unit_box' -e '^unit_usher')
    meson test -C build/night-memcheck "${tests[@]}" --no-rebuild --quiet \
        --print-errorlogs --timeout-multiplier 0 --wrapper "valgrind --quiet --error-exitcode=9 --leak-check=full \
--errors-for-leak-kinds=definite,indirect --suppressions=$PWD/tests/valgrind.supp"
}

# What gcc 12 says of each file, less what was looked at and is not so (tests/analyzer.txt): that a call which gives
# back an error does so, it cannot see.
part_analyzer()
{
    rm -rf build/night-analyzer # what is built is not told again
    targets=src/attune CC=gcc build analyzer -Dtests=disabled -Doptimization=1 -Dc_args=-fanalyzer \
        >$logs/analyzer.said 2>&1 || { cat $logs/analyzer.said; return 1; }
    python3 tools/count_warnings.py tests/analyzer.txt <$logs/analyzer.said
}

found=()
for part in $parts; do
    echo "== $part"
    SECONDS=0
    if "part_$part" >"$logs/$part.log" 2>&1; then
        said="nothing found"
    else
        said="FOUND SOMETHING"
        found+=("$part")
        tail -n 30 "$logs/$part.log"
    fi
    echo "$part: $said, $SECONDS s, $logs/$part.log"
done
[ ${#found[@]} -eq 0 ]
