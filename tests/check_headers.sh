#!/usr/bin/env bash
# Each header compiles alone: all as C, the public ones as C++ too.
set -uo pipefail
cd "${ATTUNE_SRC:-$(dirname "$0")/..}"
flags="-fsyntax-only -Wall -Wextra -Wpedantic -Werror -Iinclude"
packages=$(pkg-config --cflags kissfft-float speexdsp jansson cairo sqlite3 libcurl jose libwebsockets 2>/dev/null)
bad=0 seen=0

for header in include/attune/*.h; do
    seen=$((seen + 1))
    printf '#include <%s>\n' "${header#include/}" |
        ${CXX:-c++} -x c++ -std=c++11 $flags - || { echo "$header: not alone, as C++" >&2; bad=1; }
    printf '#include <%s>\n' "${header#include/}" |
        ${CC:-cc} -x c -std=c99 $flags - || { echo "$header: not alone, as C99" >&2; bad=1; }
done
for header in include/attune/*.h src/*/*.h; do
    # pieces of one text, which avx2.c, avx512.c and neon.c include with their own flags
    [[ $header != src/kernels/@(simd|vec_|q8_simd|q8_vec_)* ]] || continue
    seen=$((seen + 1))
    printf '#include "%s"\n' "$header" |
        ${CC:-cc} -x c -std=c11 $flags -D_GNU_SOURCE -Isrc -I"${ATTUNE_BUILD:-build/release}" -I. \
            ${packages//-I/-isystem } - || { echo "$header: not alone" >&2; bad=1; }
done
[ $seen -gt 2 ] || { echo "no headers found" >&2; bad=1; }
exit $bad
