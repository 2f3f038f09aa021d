#!/usr/bin/env python3
"""No circle between source files: who takes symbols from whom, read from what was built.

A file depends on another if it takes a symbol from it. Files that depend on one another in a ring
are one file cut in pieces: whoever reads one must read all. Each ring is printed with the symbols
that tie it. Tables of kernels and the public interface make no exception."""
import collections
import glob
import os
import subprocess
import sys


def symbols(archives):
    """(file, kind, symbol) of every global symbol; a file is called module/name.c."""
    listing = subprocess.run(["nm", "-A", "-g", *archives], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        member, _, rest = line.rpartition(":")
        if rest:  # not a heading
            kind, symbol = rest.split()[-2:]
            yield os.path.basename(member).removesuffix(".o").replace("_", "/", 1), kind, symbol


def dependencies(listed):
    """taken[file][other]: the symbols that file takes from other."""
    defined = {symbol: file for file, kind, symbol in listed if kind in "TDBRV"}
    taken = collections.defaultdict(lambda: collections.defaultdict(set))
    for file, kind, symbol in listed:
        if kind == "U" and defined.get(symbol, file) != file:
            taken[file][defined[symbol]].add(symbol)
    return taken


def rings(graph):
    """Strongly connected components of more than one node (Tarjan 1972)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            ring = stack[stack.index(node):]
            del stack[-len(ring):]
            if len(ring) > 1:
                found.append(sorted(ring))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def main():
    build = os.environ.get("ATTUNE_BUILD") or sys.exit("ATTUNE_BUILD is not set")
    archives = sorted(glob.glob(build + "/src/**/libat_*.a", recursive=True))
    taken = dependencies(list(symbols(archives))) if archives else {}
    if not taken:
        sys.exit(f"{build}: no file takes anything from another: this check is blind")
    found = rings(taken)
    for ring in found:
        print("a circle of " + ", ".join(ring))
        for file in ring:
            for other in ring:
                if taken[file].get(other):
                    print(f"  {file} takes {', '.join(sorted(taken[file][other]))} from {other}")
    sys.exit(1 if found else 0)


main()
