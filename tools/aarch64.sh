#!/usr/bin/env bash
# The tests on aarch64: everything cross-built against Debian's packages of that architecture, which are unpacked into
# build/aarch64-root and installed nowhere, and run under qemu's emulation of that processor. Hours: an emulated program
# takes ten to thirty times as long. A part of `make night`; `make test` has the kernels alone.
#
#     tools/aarch64.sh                       all suites, JOBS (as many as there are cores) at a time
#     tools/aarch64.sh unit_base cli_media   these tests only
#     tools/aarch64.sh --resume [TEST...]    and of these not what passed before, nor of a program of Python its cases
#
# Programs of C run in the emulator; those of Python here, and run the emulated attune. Both take the emulator for
# one more sanitizer (tests/sanitized.h, tests/built.py), under which they do less. The last lines are a table of what
# was not run, or not all of it, and why; what each said lies in build/aarch64/said.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/aarch64-root dir=build/aarch64 said=build/aarch64/said
jobs=${JOBS:-$(nproc)} emulator="qemu-aarch64 -L $root"
for needed in aarch64-linux-gnu-gcc qemu-aarch64 dpkg-deb; do
    command -v $needed >/dev/null || { echo "aarch64: no $needed (tools/setup.sh night)" >&2; exit 1; }
done

# What `pkg-config` is asked for, and what is compiled and tested with.
packages()
{
    sed -n 's/^pc:[^ ]* *//p' tools/setup.sh
    echo libc6-dev libgcc-s1 linux-libc-dev
}

make_root()
{
    local apt=$root.apt
    [ ! -d "$root" ] || return 0
    mkdir -p "$apt"/etc/apt/{preferences.d,trusted.gpg.d} "$apt"/var/lib/dpkg "$apt"/var/lib/apt/lists/partial \
        "$apt"/var/cache/apt/archives/partial "$root.part"
    : >"$apt/var/lib/dpkg/status"
    . /etc/os-release
    # the mirror that this machine's own packages come from
    local mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | awk '/\/debian\/$/ && !seen++')}
    [ -n "$mirror" ] || { echo "aarch64: no mirror of Debian's is in use here: DEBIAN_MIRROR=URI names one" >&2; return 1; }
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror" \
        "$VERSION_CODENAME main" >"$apt/etc/apt/sources.list"
    local get=(apt-get -qq -y -o Dir="$apt" -o Dir::State::status="$apt/var/lib/dpkg/status" -o APT::Architecture=arm64
        -o APT::Architectures=arm64 -o APT::Install-Recommends=false -o APT::Sandbox::User=)
    "${get[@]}" update
    # shellcheck disable=SC2046
    "${get[@]}" --download-only install $(packages) >/dev/null
    for package in "$apt"/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$root.part"
    done
    # what update-alternatives would link
    (cd "$root.part/usr/lib/aarch64-linux-gnu" && ln -s blas/libblas.so.3 lapack/liblapack.so.3 .)
    rm -rf "$apt"
    mv "$root.part" "$root"
}

cross_file()
{
    cat <<EOF
[constants]
root = '$root'
[binaries]
c = [$(command -v ccache >/dev/null && echo "'ccache', ")'aarch64-linux-gnu-gcc', '--sysroot=' + root]
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', root]
[properties]
sys_root = root
pkg_config_libdir = root + '/usr/lib/aarch64-linux-gnu/pkgconfig:' + root + '/usr/share/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'armv8-a'
endian = 'little'
EOF
}

build()
{
    if [ ! -f $dir/build.ninja ]; then
        cross_file >"$dir.ini"
        meson setup $dir --cross-file "$dir.ini" -Dtests=enabled -Ddebug=false -Dc_args="-g1 -DEMULATED" >$dir.log || { cat $dir.log; return 1; }
    fi
    nice -n 5 ninja -C $dir --quiet
}

# What tests of Python call in the place of the program.
make_wrapper()
{
    printf '#!/bin/sh\nexec %s %s/src/attune "$@"\n' "$emulator" "$PWD/$dir" >"$1"
    chmod +x "$1"
}

# Why a test cannot be run here; nothing of one that can.
why_not() # test's name
{
    case $1 in
    cli_faults) echo "nothing can be put before an emulated program, and no filter of its own let it know of a call" ;;
    cli_python | cli_python_package) echo "this machine's Python loads no library of another" ;;
    cli_example) echo "its program would be compiled for this machine" ;;
    cli_mpi | cli_cluster) echo "engines start programs of this machine" ;;
    esac
}

program() # test's name: what runs it
{
    if [ -f "tests/$1.py" ]; then
        ATTUNE_EXE=$PWD/$dir/attune-emulated ATTUNE_PASSED=$said/$1.passed python3 tests/emulated.py "tests/$1.py" -v
    elif [ "$1" = headers_hardened ]; then
        ATTUNE_EXE=$PWD/$dir/src/attune tests/check_hardened.sh
    else
        $ATTUNE_EMULATOR "$dir/tests/test_$1"
    fi
}
export -f program
export dir said ATTUNE_SRC=$PWD ATTUNE_BUILD=$PWD/$dir ATTUNE_EMULATOR=$emulator ATTUNE_HOURS=${ATTUNE_HOURS:-0.2}

# Writes what a test said into $said/NAME.txt, and into NAME.line what came of it, seconds, name.
run() # test's name
{
    local code=0 result began=$SECONDS
    rm -f "$said/$1.line"
    [ $resume -eq 1 ] || rm -f "$said/$1.passed"
    if [ -n "$(why_not "$1")" ]; then
        echo "skipped: $(why_not "$1")" >"$said/$1.txt"
        code=77
    else
        nice -n 5 timeout 4h bash -c "program $1" >"$said/$1.txt" 2>&1 </dev/null || code=$?
    fi
    case $code in
    0) result=passed ;;
    77) result=skipped ;;
    *) result=failed ;;
    esac
    echo "$result $((SECONDS - began)) $1" | tee "$said/$1.line"
}

# The cases of a test that were skipped: how many, and why where it says so (Python's do; of C's the name).
skipped_cases() # test's name
{
    { grep -oP "skipped [\"']\K.*(?=[\"']$)" "$said/$1.txt" || true
      grep -oP '^skipped: \K.*' "$said/$1.txt" || true
      grep -oP '^\[  SKIPPED \] \K[a-z]\w+$' "$said/$1.txt" | sort -u || true; } | sort | uniq -c |
        while read -r times reason; do echo "    $times x $reason"; done
}

is_done() # test's name: in a run before, or in another that goes on beside this one
{
    [ $resume -eq 1 ] && grep -qs -e ^passed -e ^skipped "$said/$1.line"
}

resume=0
if [ "${1:-}" = --resume ]; then
    resume=1
    shift
fi
make_root
build
make_wrapper $dir/attune-emulated
mkdir -p $said
mapfile -t tests < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else
    # meson's longest come last: faults are seen early
    meson test -C $dir --list 2>/dev/null | tac | sed 's/.*[ /]//' | grep -E '^(unit|parity|grad|golden|alloc|cli|browser|headers_hardened)'; fi)
for test in "${tests[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n || true; done
    is_done "$test" || run "$test" &
done
wait

lines=$(for test in "${tests[@]}"; do cat "$said/$test.line"; done)
for test in "${tests[@]}"; do
    cases=$(skipped_cases "$test")
    [ -z "$cases" ] || printf '%s: %s\n%s\n' "$test" "$(cut -d' ' -f1 "$said/$test.line")" "$cases"
done
sed -n "s,^failed .* ,FAILED $said/,p" <<<"$lines" | sed 's/$/.txt/'
count() { grep -c "^$1" <<<"$lines" || true; }
echo "aarch64: $(count passed) passed, $(count failed) failed, $(count skipped) left out," \
    "$(awk '{ s += $2 } END { print s + 0 }' <<<"$lines") s of their time"
[ "$(count failed)" -eq 0 ] && [ "$(count passed)" -gt 0 ]
