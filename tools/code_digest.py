#!/usr/bin/env python3
"""code_digest.py OUT DEPFILE HEADER NAME SOURCE [MODULE ...]: writes OUT, a C file with a digest of all that the
modules' sources say, by the name that HEADER declares, and DEPFILE, from which ninja knows when to write it again.
What is kept under such a name is of one digest alone, so that nobody has to remember a version number."""
import hashlib
import pathlib
import sys

out, depfile, header, name, source, *modules = sys.argv[1:]
files = sorted(p for m in modules for p in (pathlib.Path(source) / m).glob("*")
               if p.suffix in (".c", ".h", ".txt"))
digest = hashlib.sha256()
for path in files:
    digest.update(f"{path.parent.name}/{path.name}\0".encode() + path.read_bytes() + b"\0")
pathlib.Path(out).write_text(f'#include "{header}"\n\nconst char {name}[] = "{digest.hexdigest()}";\n')
pathlib.Path(depfile).write_text(f"{out}: {' '.join(str(p).replace(' ', chr(92) + ' ') for p in files)}\n")
