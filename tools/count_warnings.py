#!/usr/bin/env python3
"""Prints what a compiler warns of on standard input, less what is known: count_warnings.py KNOWN.

KNOWN has lines "N FILE WARNING": so many of the kind were looked at there, and are not so. Exit code 1 if there are
more; --list prints such lines for all that there are.
"""
import collections
import re
import sys

WARNING = re.compile(r"^(?:\.\./)*(\S+?):\d+:\d+: warning: .*\[-W([a-z0-9-]+)\]")


def main():
    seen = collections.defaultdict(dict)
    for line in sys.stdin:
        found = WARNING.match(line)
        if found:
            seen[found.groups()][line] = None  # a header's is told once a file
    if sys.argv[1] == "--list":
        for (path, kind), lines in sorted(seen.items()):
            print(len(lines), path, kind)
        return 0
    known = collections.Counter()
    for line in open(sys.argv[1]):
        if line.strip() and not line.startswith("#"):
            count, path, kind = line.split()
            known[path, kind] = int(count)
    more = 0
    for key, lines in sorted(seen.items()):
        if len(lines) > known[key]:
            print(*lines, sep="", end="")
            more += len(lines) - known[key]
    print(f"{sum(map(len, seen.values()))} warnings, {more} more than are known")
    return more > 0


if __name__ == "__main__":
    sys.exit(main())
