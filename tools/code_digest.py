#!/usr/bin/env python3
"""code_digest.py OUT DEPFILE SOURCE [MODULE ...]: writes OUT, a C file with a digest of all that the modules' sources
say, and DEPFILE, from which ninja knows when to write it again. What src/data/cache.h keeps is of one digest alone,
so that nobody has to remember a version number."""
import hashlib
import pathlib
import sys

out, depfile, source, *modules = sys.argv[1:]
files = sorted(p for m in modules for p in (pathlib.Path(source) / m).glob("*.[ch]"))
digest = hashlib.sha256()
for path in files:
    digest.update(f"{path.parent.name}/{path.name}\0".encode() + path.read_bytes() + b"\0")
pathlib.Path(out).write_text('#include "data/cache.h"\n\n'
                             f'const char at_code_digest[] = "{digest.hexdigest()}";\n')
pathlib.Path(depfile).write_text(f"{out}: {' '.join(str(p).replace(' ', chr(92) + ' ') for p in files)}\n")
