#!/usr/bin/env python3
"""What base/stand_in.h needs: stand_in.py NAME OUT.c STEM... -- LIBRARY... -- CC...

Of each library that one of LIBRARY... (files of shared libraries) is linked with and that is called STEM.so..., makes with
the compiler CC an empty one that has its name, and the functions that LIBRARY... ask of it. Writes NAME, the table of them,
and NAME_n, how many they are."""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # beside late.py
from late import readelf


def symbols(library, defined):
    """{(name, version or '')} that it has, or that it asks others for."""
    found = set()
    for line in readelf("--dyn-syms", library).splitlines():
        words = line.split()
        if len(words) > 7 and words[4] in ("GLOBAL", "WEAK") and (words[6] != "UND") == defined:
            name, _, version = words[7].replace("@@", "@").partition("@")
            found.add((name, version))
    return found


def needed(library):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", library))


def make(folder, cc, soname, asked):
    """The file's bytes. What is asked for lies among the data, where nothing can run."""
    source, script, out = (os.path.join(folder, name) for name in ("of.s", "of.map", "of.so"))
    versions = sorted({version for _, version in asked if version})
    with open(source, "w", encoding="ascii") as f:
        f.write(".data\n" + "".join(f".globl {name}\n.type {name}, %function\n{name}:\n" for name, _ in sorted(asked)) +
                '.byte 0\n.section .note.GNU-stack, "", %progbits\n')
    with open(script, "w", encoding="ascii") as f:
        for version in versions:
            f.write(f"{version} {{ global: {' '.join(f'{n};' for n, v in sorted(asked) if v == version)} }};\n")
    options = ["-s", "--build-id=none", "--hash-style=gnu", "-z,noseparate-code", "-z,norelro", f"-soname,{soname}"]
    options += [f"--version-script={script}"] if versions else []
    subprocess.run([*cc, "-shared", "-nostdlib", "-Wl," + ",".join(options), "-o", out, source], check=True)
    with open(out, "rb") as f:
        return f.read()


def main(name, out, *words):
    first = words.index("--")
    second = words.index("--", first + 1)
    stems, libraries, cc = words[:first], words[first + 1:second], words[second + 1:]
    asked = set().union(*(symbols(library, False) for library in libraries))
    images = {}
    with tempfile.TemporaryDirectory() as folder:
        for library in libraries:
            for soname in needed(library):
                real = os.path.join(os.path.dirname(library), soname)
                if soname.split(".so")[0] in stems and soname not in images and os.path.exists(real):
                    images[soname] = make(folder, cc, soname, asked & symbols(real, True))
    text = f'/* Made by stand_in.py. */\n#include "base/stand_in.h"\n\nextern const at_stand_in {name}[];\nextern const int {name}_n;\n\n'
    for i, image in enumerate(images.values()):
        text += f"static const unsigned char image_{i}[] = {{{','.join(map(str, image))}}};\n"
    rows = "".join(f'\n    {{"{soname}", image_{i}, sizeof image_{i}}},' for i, soname in enumerate(images))
    text += f"const at_stand_in {name}[] = {{{rows}\n    {{0}}}};\nconst int {name}_n = {len(images)};\n"
    text += f'_Static_assert({len(images)} <= AT_STAND_INS, "room");\n'
    with open(out, "w", encoding="ascii") as f:
        f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
