#!/usr/bin/env bash
# Installs what attune needs from Debian's packages (Debian 12 and later, Ubuntu 24.04), and only
# what is missing: with everything there it neither asks for rights nor uses the network.
#
#     tools/setup.sh          what building and running takes
#     tools/setup.sh test     and what all the tests take
#     tools/setup.sh deb      and what building packages takes
#     tools/setup.sh night    and what takes a night (tools/night.sh)
set -euo pipefail

# A line: how to tell that it is there, then the package. "pc:" asks pkg-config, "cmd:" looks for
# a program, "deb:" asks for the package itself.
build_needs="
cmd:pkg-config     pkg-config
cmd:meson          meson
cmd:ninja          ninja-build
pc:libavformat     libavformat-dev
pc:libavcodec      libavcodec-dev
pc:libavutil       libavutil-dev
pc:libavdevice     libavdevice-dev
pc:libswscale      libswscale-dev
pc:libswresample   libswresample-dev
pc:kissfft-float   libkissfft-dev
pc:speexdsp        libspeexdsp-dev
pc:jansson         libjansson-dev
pc:zlib            zlib1g-dev
pc:cairo           libcairo2-dev
pc:sqlite3         libsqlite3-dev
pc:libwebsockets   libwebsockets-dev
pc:libcurl         libcurl4-openssl-dev
pc:jose            libjose-dev
"
test_needs="
cmd:gcc            gcc
cmd:g++            g++
cmd:clang          clang
deb:libclang-rt-dev libclang-rt-dev
cmd:ld.lld         lld
cmd:clang-format   clang-format
cmd:python3        python3
deb:python3-numpy  python3-numpy
deb:python3-pip    python3-pip
deb:python3-setuptools python3-setuptools
deb:python3-wheel  python3-wheel
cmd:ffmpeg         ffmpeg
cmd:git            git
pc:cmocka          libcmocka-dev
"
# For the NEON kernels on another processor; the tests skip what lacks them.
cross_needs="
cmd:aarch64-linux-gnu-gcc    gcc-aarch64-linux-gnu
deb:libc6-dev-arm64-cross    libc6-dev-arm64-cross
cmd:qemu-aarch64             qemu-user
"
# For the tests of the live page in a real browser, likewise.
browser_needs="
cmd:chromium                 chromium
cmd:chromedriver             chromium-driver
"

# Programs that read what is exported; without them its form alone is checked.
export_needs="
cmd:xmllint        libxml2-utils
cmd:pdftotext      poppler-utils
cmd:praat          praat
"
# What the Python package's windows are handed to, and what its types are for, likewise.
python_needs="
deb:python3-pandas python3-pandas
cmd:mypy           mypy
"

# What exported networks are run in (npm brings ONNX Runtime into tests/onnx/node_modules), and ONNX itself:
# its checks, its examples of operators.
onnx_needs="
cmd:node           nodejs
cmd:npm            npm
deb:libonnx-testdata libonnx-testdata
deb:python3-onnx    python3-onnx
"

# Engines that examples/cluster is run on.
cluster_needs="
cmd:parallel       parallel
cmd:slurmctld      slurmctld
cmd:slurmd         slurmd
cmd:sbatch         slurm-client
deb:python3-yaml   python3-yaml
"

# Training over many machines; the tests make two of them out of one.
ranks_needs="
pc:ompi-c          libopenmpi-dev
cmd:mpirun         openmpi-bin
cmd:ip             iproute2
"

# What builds packages (debian/control has it too).
deb_needs="
deb:build-essential build-essential
pc:ompi-c          libopenmpi-dev
cmd:dh             debhelper
cmd:dpkg-buildpackage dpkg-dev
cmd:lintian        lintian
deb:dh-python      dh-python
deb:pybuild-plugin-pyproject pybuild-plugin-pyproject
deb:python3-all    python3-all
deb:python3-setuptools python3-setuptools
deb:python3-numpy  python3-numpy
"

# A learning record store of npm's (into tests/lrs/node_modules), which the tests send to, and certificates for one of ours.
lrs_needs="
cmd:node           nodejs
cmd:npm            npm
cmd:openssl        openssl
"

# What watches the memory of a program that is as it is run.
night_needs="
cmd:valgrind       valgrind
"

present()
{
    case $1 in
    pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    deb:*) [ "$(dpkg-query -W -f='${db:Status-Status}' "${1#deb:}" 2>/dev/null)" = installed ] ;;
    esac
}

missing() # of the list in $1, the packages that are not there
{
    while read -r check package; do
        [ -z "$check" ] || present "$check" || echo "$package"
    done <<<"$1"
}

install()
{
    if ! command -v apt-get >/dev/null; then
        echo "setup: these Debian packages, or your system's like, are missing:" "$@" >&2
        return 1
    fi
    local sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "setup: as root: apt-get install" "$@" >&2; return 1; }
        sudo=sudo
    fi
    echo "setup: installing with ${sudo:+$sudo }apt-get:" "$@" >&2
    $sudo apt-get update -qq >&2 &&
        $sudo env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "$@" >&2
}

needs=$build_needs
# Any C compiler will do; gcc is what we get when there is none.
command -v "${CC:-cc}" >/dev/null || needs+="cmd:gcc gcc"$'\n'"cmd:ld binutils"$'\n'
[ -e /usr/include/stdio.h ] || needs+="deb:libc6-dev libc6-dev"$'\n'
case ${1:-} in
test) needs+=$test_needs ;;
deb) needs+=$deb_needs ;;
night) needs+=$test_needs$night_needs ;;
esac

mapfile -t packages < <(missing "$needs")
[ ${#packages[@]} -eq 0 ] || install "${packages[@]}"

install_if_possible() # what for, then the list
{
    mapfile -t packages < <(missing "$2")
    [ ${#packages[@]} -eq 0 ] || install "${packages[@]}" || echo "setup: going on without $1" >&2
}

install_packages_of() # a folder with package-lock.json: what it says, unless that is there
{
    [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
    echo "setup: installing with npm: $1" >&2
    (cd "$1" && npm ci --ignore-scripts --no-audit --no-fund >/dev/null) || echo "setup: going on without $1" >&2
}

if [ "${1:-}" = test ] || [ "${1:-}" = night ]; then
    install_if_possible "programs that read exports" "$export_needs"
    install_if_possible "engines of clusters" "$cluster_needs"
    install_if_possible "Open MPI" "$ranks_needs"
    install_if_possible "a learning record store" "$lrs_needs"
    install_if_possible "pandas and mypy" "$python_needs"
    install_if_possible "a browser to test the live page in" "$browser_needs"
    install_if_possible "ONNX Runtime" "$onnx_needs"
    for place in lrs onnx kubernetes lti; do
        ! command -v npm >/dev/null || install_packages_of "$(dirname "$0")/../tests/$place"
    done
    [ "$(uname -m)" = aarch64 ] ||
        install_if_possible "a compiler and emulator for aarch64" "$cross_needs"
fi
