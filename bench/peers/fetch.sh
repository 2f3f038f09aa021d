#!/usr/bin/env bash
# fetch.sh PACKAGE...: unpacks Debian packages, and what they need that this system lacks, into
# build/peers/root ($PEERS/root). Nothing is installed and no rights are needed.
set -euo pipefail
. "$(dirname "$0")/common.sh"

mkdir -p "$PEERS/deb/partial" "$PEERS/root"
for package in "$@"; do
    stamp=$PEERS/deb/$package.done
    [ ! -e "$stamp" ] || continue
    say "fetching $package"
    plan=$(apt-get -s install --no-install-recommends "$package")
    mapfile -t needed < <(awk '/^Inst /{print $2}' <<<"$plan")
    # Already installed: nothing to unpack.
    if [ ${#needed[@]} -gt 0 ]; then
        (cd "$PEERS/deb" && apt-get -qq -o APT::Sandbox::User=root download "${needed[@]}")
        for deb in "$PEERS"/deb/*.deb; do
            dpkg -x "$deb" "$PEERS/root"
            rm "$deb"
        done
    fi
    touch "$stamp"
done
