#!/usr/bin/env bash
# The tests on aarch64: everything cross-built against Debian's packages of that architecture, which are unpacked into
# build/aarch64-root and installed nowhere, and run under qemu's emulation of that processor. Hours: an emulated program
# takes ten to thirty times as long. A part of `make night`; `make test` has the kernels alone.
#
#     tools/aarch64.sh                       all suites
#     tools/aarch64.sh unit_base cli_media   these tests only
#
# Programs of C run by meson; those of Python run the emulated attune. Left out is what the emulator cannot have: the
# faults of system calls (a seccomp filter of the guest's), the Python package (this machine's Python loads no library
# of another), the browser.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/build/aarch64-root dir=build/aarch64
left_out="cli_faults cli_python cli_unfinished browser_live headers_hardened"
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
        meson setup $dir --cross-file "$dir.ini" -Dtests=enabled -Ddebug=false -Dc_args=-g1 >$dir.log || { cat $dir.log; return 1; }
    fi
    nice -n 5 ninja -C $dir --quiet
}

# What tests of Python call in the place of the program.
make_wrapper()
{
    printf '#!/bin/sh\nexec qemu-aarch64 -L %s %s/src/attune "$@"\n' "$root" "$PWD/$dir" >"$1"
    chmod +x "$1"
}

run_python() # test's name
{
    ATTUNE_SRC=$PWD ATTUNE_BUILD=$PWD/$dir ATTUNE_EXE=$PWD/$dir/attune-emulated \
        nice -n 5 python3 "tests/$1.py" >"$dir/$1.txt" 2>&1
}

passed=0 failed=() skipped=()
run()
{
    local code=0
    case " $left_out " in *" $1 "*) skipped+=("$1"); return ;; esac
    if [ -f "tests/$1.py" ]; then
        run_python "$1" || code=$?
    else
        nice -n 5 meson test -C $dir --no-rebuild --quiet --timeout-multiplier 40 "$1" >"$dir/$1.txt" 2>&1 || code=$?
    fi
    case $code in
    0) passed=$((passed + 1)) ;;
    77) skipped+=("$1") ;;
    *) failed+=("$1") ;;
    esac
    echo "$1: $([ $code -eq 0 ] && echo passed || echo "exit code $code"), $SECONDS s so far"
}

make_root
build
make_wrapper $dir/attune-emulated
mapfile -t tests < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else
    meson test -C $dir --list 2>/dev/null | sed 's/.*[ /]//' | grep -E '^(unit|parity|grad|golden|alloc|cli|browser|headers_hardened)'; fi)
for test in "${tests[@]}"; do
    run "$test"
done
echo "aarch64: $passed passed, ${#failed[@]} failed, ${#skipped[@]} left out or skipped"
for test in ${failed[@]+"${failed[@]}"}; do
    echo "FAILED $test: $dir/$test.txt"
done
[ ${#failed[@]} -eq 0 ] && [ $passed -gt 0 ]
