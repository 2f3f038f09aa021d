#!/usr/bin/env bash
# All the tests, in every build that they are for. Run by `make test`, after tools/setup.sh test.
#
#     tools/test.sh            all steps
#     tools/test.sh gcc asan   these only: format aarch64 gcc asan tsan fuzz
#
# A step's build begins while the tests of those before it run, which wait for clocks a third of their
# time; format and aarch64, which keep one core busy, go beside the first build. The build folders,
# build/test-*, are kept for the next time. The last line is the sum of all steps; a step that meson
# does not run (format, aarch64's build) counts as one test.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p build

passed=0 failed=0 skipped=0
steps=${*:-format aarch64 gcc asan tsan fuzz}
failures=()

count() # passed|failed|skipped, what
{
    case $1 in
    passed) passed=$((passed + 1)) ;;
    skipped) skipped=$((skipped + 1)) ;;
    failed)
        failed=$((failed + 1))
        failures+=("$2")
        ;;
    esac
    printf '%s: %s\n' "$2" "$1"
}

# Builds in build/test-$1 with the meson options from $2 on; only $targets where that is set. Lines are all
# that a failing test's trace needs: with everything a debugger wants, sanitized programs take half as long again.
# $flags: more of the compiler's, $links: of the linker's.
build_in()
{
    local dir=build/test-$1
    shift
    if [ ! -f "$dir/build.ninja" ]; then
        rm -rf "$dir"
        meson setup "$dir" -Dtests=enabled -Ddebug=false -Dc_args="-g1 ${flags:-}" -Dc_link_args="${links:-}" "$@" || return 1
    fi
    nice -n 10 ninja -C "$dir" --quiet ${targets:-}
}

build()
{
    local looks="-fsanitize=alignment,pointer-overflow -fsanitize-trap=alignment,pointer-overflow"
    local links=-fuse-ld=lld # in a third of the time of the system's, which links what gcc builds without sanitizers
    case $1 in
    gcc) CC=${CC:-gcc} links='' build_in gcc --werror ;;
    # Clang's build is the sanitized one, so that all that it warns of and all that it makes of the code is seen without
    # a third run of the tests. Of null pointers and of what lies beyond an object the address sanitizer tells. That one
    # has to find C++'s exceptions, which a library that is loaded late throws, when the program starts. Whatever they find
    # ends the program; code that could go on after it takes a fifth longer to compile.
    asan)
        CC=clang flags="-fno-sanitize=null,object-size -fno-sanitize-recover=undefined" \
            links="$links -Wl,--push-state,--no-as-needed,-lstdc++,--pop-state" \
            build_in asan --werror -Db_sanitize=address,undefined -Doptimization=1
        ;;
    tsan) CC=gcc targets=threads-programs build_in tsan -Db_sanitize=thread -Doptimization=1 ;;
    fuzz)
        # Lld's --wrap takes a function's calls in its own file, too.
        CC=clang flags=$looks links='' targets=fuzzers build_in fuzz -Dfuzz=enabled -Db_sanitize=address -Doptimization=1
        ;;
    esac
}

# For all steps, one after the other. What a build said is in build/test-$step.log, how it ended in .built.
build_all()
{
    for step in $steps; do
        build "$step" >"build/test-$step.log" 2>&1
        echo $? >"build/test-$step.built"
    done
}

# Waits for it, and counts it.
built()
{
    until [ -e "build/test-$1.built" ] || ! kill -0 "$builder" 2>/dev/null; do
        sleep .2
    done
    if [ "$(cat "build/test-$1.built")" = 0 ]; then
        count passed "$1 build"
    else
        cat "build/test-$1.log"
        count failed "$1 build"
        return 1
    fi
}

# Runs the suites from $3 on (all: none given; all but some: --no-suite SUITE) of build/test-$1, under the wrapper $2
# ('' none).
run_suites()
{
    local name=$1 wrapper=$2 dir=build/test-$1 args=() p f s processes=$(($(nproc) + 2))
    shift 2
    if [ "${1:-}" = --no-suite ]; then
        args=("$@")
    else
        args=("${@/#/--suite=}")
    fi
    [ -z "$wrapper" ] || args+=(--wrapper "$wrapper")
    rm -f "$dir"/meson-logs/testlog*.json # its name tells the wrapper
    # Sanitized programs are up to ten times slower. Two programs more than there are cores, since
    # those that play live input wait for clocks; fuzz programs, a minute each, go three on a core.
    [ "$name" != fuzz ] || processes=$(($(nproc) * 3))
    nice -n 5 meson test -C "$dir" --no-rebuild --print-errorlogs --quiet \
        --num-processes $processes --timeout-multiplier 4 "${args[@]}"
    read -r p f s < <(cat "$dir"/meson-logs/testlog*.json | python3 tools/count_tests.py) ||
        { count failed "$name: no test log"; return; }
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" -eq 0 ] || failures+=("$name: $f test(s)
$(python3 tools/count_tests.py --failures "$dir"/meson-logs/testlog*.json)")
    echo "$name: $p passed, $f failed, $s skipped"
}

# Versions of clang-format differ in what they make of the same rules; 14 is the one that counts.
step_format()
{
    local bad
    if ! grep -q 'version 14\.' <<<"$(clang-format --version)"; then
        count skipped "format (needs clang-format 14)"
        return
    fi
    bad=$(git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2>&1 | sed -n 's/:[0-9].*//p' |
        sort -u)
    if [ -z "$bad" ]; then
        count passed format
    else
        echo "$bad"
        count failed "format (make format mends it)"
    fi
}

step_gcc()
{
    built gcc && run_suites gcc ''
}

# The headers' checks read sources alone, and have done so already.
step_asan()
{
    built asan && run_suites asan '' --no-suite headers
}

# Programs that start threads.
step_tsan()
{
    # On kernels that spread mappings widely gcc 12's runtime finds its place taken.
    local wrapper=''
    setarch -R true 2>/dev/null && wrapper='setarch -R'
    built tsan && run_suites tsan "$wrapper" threads
}

# A minute of each fuzz program from the same beginning, with what is instrumented for it.
step_fuzz()
{
    built fuzz && run_suites fuzz '' fuzz
}

# The kernels, compiled for aarch64 and, where qemu is there, held to their C reference on it.
# Only the base and the kernels are needed, and a stand-in for cmocka, so no packages of that
# architecture are.
step_aarch64()
{
    local cc=aarch64-linux-gnu-gcc run=qemu-aarch64 dir=build/test-aarch64
    [ "$(uname -m)" != aarch64 ] || return 0 # the other steps did it
    command -v $cc >/dev/null || { count skipped "aarch64 (no $cc)"; return; }
    mkdir -p $dir
    printf '#define AT_VERSION "%s"\n' "$(cat VERSION)" >$dir/at_config.h
    local flags="-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -D_GNU_SOURCE -DEMULATED -DAT_HAVE_NEON=1
                 -DAT_HAVE_Q8_NEON=1 -DAT_HAVE_Q8_NEON_DOTPROD=1 -fno-math-errno -Iinclude -Isrc -Itests/aarch64 -I$dir"
    local objects=() source object contract march
    for source in src/base/*.c src/kernels/*.c; do
        contract=off march=armv8-a
        case $source in
        */avx* | */q8_avx* | */json.c) continue ;; # jansson is this machine's; the parity programs need none
        *_dotprod.c) march=armv8.2-a+dotprod ;;
        */neon*) contract=fast ;;
        esac
        object=$dir/$(echo "${source#src/}" | tr / _).o
        $cc $flags -march=$march -ffp-contract=$contract -c "$source" -o "$object" ||
            { count failed "aarch64 build"; return; }
        objects+=("$object")
    done
    # The parity programs as tests/meson.build has them: name, sources.
    local name sources seen=0
    while read -r name sources; do
        seen=1
        # shellcheck disable=SC2086
        if ! (cd tests && $cc ${flags//-I/-I../} -static $sources "${objects[@]/#/../}" -lm \
            -pthread -o "../$dir/$name"); then
            count failed "aarch64 $name build"
        elif ! command -v $run >/dev/null; then
            count skipped "aarch64 $name (no $run)"
        elif nice -n 5 $run "$dir/$name" >"$dir/$name.log" 2>&1; then
            count passed "aarch64 $name"
        else
            tail -n 20 "$dir/$name.log"
            count failed "aarch64 $name"
        fi
    done < <(sed -n "s/^ *\['parity', '\([a-z0-9_]*\)', \[\([^]]*\)\].*/parity_\1 \2/p" \
        tests/meson.build | tr -d "',")
    [ $seen -eq 1 ] || count failed "aarch64: no parity programs found"
}

# The stack on which gcc 13.2 looks for use after return is not aligned as AVX-512 asks.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=0
export LSAN_OPTIONS="suppressions=$PWD/tests/lsan.supp print_suppressions=0"
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1 suppressions=$PWD/tests/tsan.supp"

rm -f build/test-*.built
build_all &
builder=$!
for step in $steps; do
    echo "== $step"
    SECONDS=0
    "step_$step"
    echo "== $step took $SECONDS s"
done
for failure in ${failures[@]+"${failures[@]}"}; do
    echo "FAILED $failure"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
