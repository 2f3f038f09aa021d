#!/usr/bin/env bash
# What must not be in a tracked file: unfinished business, paths of somebody's machine, files too
# long to read, large binaries other than the default model.
set -uo pipefail
cd "${ATTUNE_SRC:-$(dirname "$0")/..}"
git rev-parse --is-inside-work-tree >/dev/null 2>&1 || exit 77 # an unpacked archive: skipped
bad=0
complain()
{
    echo "$*" >&2
    bad=1
}

# The brackets keep the patterns from finding themselves.
while read -r line; do
    complain "$line"
done < <(git grep -nIE '[T]ODO|[F]IXME|(^|[^A-Za-z0-9_.~-])/[w]ork/|(^|[^A-Za-z0-9_.~-])/[r]oot/')

while read -r file; do
    [ -f "$file" ] || continue
    lines=$(wc -l <"$file")
    [ "$lines" -le 800 ] || complain "$file: $lines lines, over 800"
done < <(git ls-files '*.c' '*.h' '*.sh' '*.py' '*.build')

while read -r file; do
    [ -f "$file" ] || continue
    [[ $file == models/* ]] || [ "$(stat -c %s "$file")" -le $((4 << 20)) ] ||
        complain "$file: over 4 MiB"
done < <(git ls-files)

# The faults that the tests must notice still fit the sources (tools/mutants.sh tries them).
tools/mutants.sh --list >/dev/null || complain "tests/mutants.txt: a line does not fit the sources"
exit $bad
