#!/usr/bin/env bash
# Packages for the Debian or Ubuntu that this runs on, of the tree as it lies here, into build/deb. `make deb` calls it.
set -euo pipefail
cd "$(dirname "$0")/.."
. /etc/os-release
version=$(cat VERSION)
revision=$version+$ID$VERSION_ID # the packages of another release link other libraries
into=build/deb tree=build/deb/attune-$version
export PATH=/usr/sbin:/usr/bin:/sbin:/bin # the release's own tools, whatever else is installed
export DEB_BUILD_OPTIONS="terse ${DEB_BUILD_OPTIONS:-}"
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}

rm -rf "$into"
mkdir -p "$tree"
{ git ls-files -co --exclude-standard -z 2>/dev/null || find . -path ./build -prune -o ! -type d -print0; } |
    tar --null -T - -c | tar -x -C "$tree"
cat >"$tree/debian/changelog" <<EOF
attune ($revision) unstable; urgency=medium

  * What is new says CHANGELOG.md.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -Ru -d "@$SOURCE_DATE_EPOCH")
EOF
(cd "$tree" && dpkg-buildpackage --build=binary --no-sign "$@") >"$into/build.log" 2>&1 ||
    { tail -n 40 "$into/build.log" >&2; exit 1; }
rm -rf "$tree"
# The project has no post box, which lintian minds in packages for an archive.
lintian --fail-on error --suppress-tags bad-distribution-in-changes-file,bogus-mail-host,bogus-mail-host-in-debian-changelog "$into"/*.changes
ls -1 "$into"/*.deb
