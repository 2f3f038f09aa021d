# common.sh - where things are; sourced by the scripts here.
#
#   PEERS    what is fetched and built for the comparisons; default build/peers
#   ATTUNE   our program; default build/release/src/attune (`make build`)
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PEERS=${PEERS:-$SOURCE/build/peers}
ATTUNE=${ATTUNE:-$SOURCE/build/release/src/attune}

say()
{
    echo "$(basename "$0"): $*" >&2
}

# Folders of the libraries that fetch.sh unpacked. OpenBLAS's goes first (an installation would link
# to it), so that no peer runs on the reference BLAS.
peer_library_path()
{
    find "$PEERS/root" -name openblas-openmp -type d
    find "$PEERS/root/lib" "$PEERS/root/usr/lib" -name 'lib*.so*' -printf '%h\n' 2>/dev/null | sort -u
}

# Runs a command with those libraries.
with_peers()
{
    LD_LIBRARY_PATH=$(peer_library_path | paste -sd:) \
        PYTHONPATH=$PEERS/root/usr/lib/python3/dist-packages "$@"
}

need_attune()
{
    [ -x "$ATTUNE" ] || { say "$ATTUNE is not there: make build, or set ATTUNE"; exit 1; }
    export ATTUNE PEERS
}
