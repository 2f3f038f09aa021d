#!/usr/bin/env bash
# The packages as somebody with a clean system has them: for each release, built in a root of that release,
# installed into another that has nothing, and the demo analysed there. As root; debootstrap must be there.
#
#     tools/deb_check.sh                    bookworm, trixie and, where $UBUNTU_MIRROR names a mirror of Ubuntu, noble
#     tools/deb_check.sh trixie             these only
#
# The roots lie in $ROOTS (/var/tmp/attune-roots), a GB each while they are used; what debootstrap made is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
roots=${ROOTS:-/var/tmp/attune-roots}
releases=(${@:-bookworm trixie noble})
# the mirror that this machine's own packages come from
debian=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' | awk '/\/debian\/$/ && !seen++')}
passed=0 failed=0

# Why a release cannot be had; nothing of one that can.
why_not()
{
    [ "$1" != noble ] || [ -n "${UBUNTU_MIRROR:-}" ] || echo "UBUNTU_MIRROR names no mirror"
}

# A system as debootstrap leaves it, in $roots/$1.tar. Ubuntu's key is not among Debian's packages, so there
# signatures are not looked at.
make_base()
{
    local release=$1 root=$roots/$1-base
    [ ! -f "$roots/$release.tar" ] || return 0
    rm -rf "$root"
    case $release in
    noble) debootstrap --no-check-gpg --variant=minbase --components=main,universe noble "$root" "$UBUNTU_MIRROR" \
        /usr/share/debootstrap/scripts/gutsy ;;
    *) debootstrap --variant=minbase "$release" "$root" "$debian" ;;
    esac
    rm -rf "$root"/var/cache/apt/archives/*.deb
    tar -C "$root" -cf "$roots/$release.tar.part" .
    mv "$roots/$release.tar.part" "$roots/$release.tar"
    rm -rf "$root"
}

fresh() # root $1 out of release $2
{
    rm -rf "$1"
    mkdir -p "$1"
    tar -C "$1" -xf "$roots/$2.tar"
    cp /etc/resolv.conf "$1/etc/resolv.conf"
}

# A shell script, on standard input, in a root that has its own /proc and nobody else's processes.
inside()
{
    nice -n 5 unshare --mount --pid --fork sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" /usr/bin/env -i \
        HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive bash -eu' "$1"
}

check()
{
    local release=$1 build=$roots/$1-build clean=$roots/$1-clean
    make_base "$release"
    fresh "$build" "$release"
    mkdir "$build/attune"
    git ls-files -z | tar --null -T - -c | tar -x -C "$build/attune"
    inside "$build" <<'EOF'
cd attune
apt-get update -qq
apt-get install -y -qq --no-install-recommends build-essential lintian >/dev/null
apt-get build-dep -y -qq --no-install-recommends ./ >/dev/null
tools/deb.sh
EOF
    fresh "$clean" "$release"
    mkdir "$clean/debs"
    cp "$build"/attune/build/deb/*.deb demo/talking_head.mp4 examples/session.c "$clean/debs"
    rm -rf "$build"
    inside "$clean" <<'EOF'
cd debs
rm -f *dbgsym*
apt-get update -qq
apt-get install -y -qq --no-install-recommends ./*.deb gcc libc6-dev pkgconf >/dev/null
attune --version
attune info | sed -n 1,3p
attune analyze talking_head.mp4 -o report --quiet
test -s report/report.html
echo "$(wc -l <report/timeline.csv) lines of timeline"
python3 -c 'import attune; print(len(attune.analyze("talking_head.mp4").windows), "windows by Python")'
cc session.c -o session $(pkg-config --cflags --libs attune)
ldd session | grep libattune
test -f /usr/share/man/man1/attune-analyze.1.gz || test ! -d /usr/share/man/man1 # minimal systems leave manuals out
EOF
    rm -rf "$clean"
}

mkdir -p "$roots"
for release in "${releases[@]}"; do
    echo "== $release"
    SECONDS=0
    if [ -n "$(why_not "$release")" ]; then
        echo "== $release: not checked: $(why_not "$release")"
        continue
    fi
    set +e # a condition would leave no command of check to end it
    (set -e; check "$release")
    result=$?
    set -e
    if [ $result -eq 0 ]; then
        echo "== $release: passed, $SECONDS s"
        passed=1
    else
        echo "== $release: FAILED"
        failed=1
    fi
done
[ $failed -eq 0 ] && [ $passed -eq 1 ]
