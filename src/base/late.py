#!/usr/bin/env python3
"""What base/late.h needs to know of libraries: late.py NAME WHAT OUT.c LATE LIBRARY... -- ARCHIVE [BELOW]

Looks for the functions that ARCHIVE calls and one of LIBRARY... (shared libraries) has, but for those that BELOW calls
too, whose table has them. Writes the table, a jump for each, and at_late_NAME, which loads them. LATE 0: the libraries are
linked, none are loaded."""
import os
import re
import subprocess
import sys

MANY = 400  # names; some twenty of FFmpeg's 139 libraries

MACHINES = """
#if defined(__x86_64__)
#if defined(__CET__)
#define LAND "endbr64\\n"
#else
#define LAND ""
#endif
#define JUMP(place) LAND "jmp *" place "(%rip)\\n"
#elif defined(__aarch64__)
#define JUMP(place) "hint 34\\nadrp x16, " place "\\nldr x16, [x16, :lo12:" place "]\\nbr x16\\n" /* bti c */
#endif
#define STUB(name, place)                                                                                      \\
    __asm__(".pushsection .text\\n.balign 16\\n.globl " name "\\n.hidden " name "\\n.type " name ", %function\\n" \\
            name ":\\n" JUMP(place) ".size " name ", . - " name "\\n.popsection\\n");
"""


def readelf(*args):
    return subprocess.run(["readelf", "-W", *args], check=True, capture_output=True, text=True).stdout


def called_by(archive):
    return {line.split()[7] for line in readelf("--syms", archive).splitlines() if re.search(r" UND \w", line)}


def offered_by(library):
    return {line.split()[7].split("@")[0] for line in readelf("--dyn-syms", library).splitlines()
            if re.search(r" (FUNC|IFUNC) +(GLOBAL|WEAK) +DEFAULT +\d", line)}


def soname(library):
    return re.search(r"\(SONAME\).*\[(.*)\]", readelf("-d", library)).group(1)


def loaded_by(libraries):
    """Files of what these load, beside them and behind what it loads itself."""
    found = {}

    def visit(library):
        if library not in found and os.path.exists(library):
            found[library] = None
            for needed in re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", library)):
                visit(os.path.join(os.path.dirname(library), needed))
            found[library] = found.pop(library)

    for library in libraries:
        visit(library)
    return [library for library in found if library not in libraries]


def binds_many(library):
    return len(re.findall(r" R_\w+_(?:64|ABS64|GLOB_DAT|JUMP_SLOT?) ", readelf("-r", library))) >= MANY


def table(name, what, functions, first, libraries):
    """functions: [(name, index of its library)] in the libraries' order."""
    calls = f"at_late_{name}_calls"
    pages = f"(sizeof(at_late_call) * {len(functions)} + AT_LATE_PAGE - 1) / AT_LATE_PAGE * AT_LATE_PAGE"
    return f"""
/* Hidden rather than static: only the jumps use it by name. */
extern at_late_call {calls}[];
__attribute__((used, visibility("hidden"), aligned(AT_LATE_PAGE))) at_late_call
    {calls}[{pages} / sizeof(at_late_call)] = {{
    {", ".join(["at_late_uncalled"] * len(functions))}}};
static const char *const first[] = {{{", ".join(f'"{library}"' for library in first) or "0"}}};
static const char *const libraries[] = {{{", ".join(f'"{library}"' for library in libraries)}}};
static const at_late_name names[] = {{
    {", ".join(f'{{"{function}", {library}}}' for function, library in functions)}}};
static at_late late = {{first, libraries, names, {calls}, {pages}, {len(first)}, {len(libraries)}, {len(functions)},
    PTHREAD_MUTEX_INITIALIZER, 0}};
{"".join(f'STUB("{function}", "{calls}+{8 * i}")' + chr(10) for i, (function, _) in enumerate(functions))}
int at_late_{name}(attune_error *err)
{{
    return at_late_load(&late, "{what}", err);
}}
"""


def linked(name):
    return f"""
int at_late_{name}(attune_error *err)
{{
    (void)err;
    return ATTUNE_OK;
}}
"""


def main(name, what, out, late, *files):
    text = f'/* Made by late.py. */\n#include "base/late.h"\n\nint at_late_{name}(attune_error *err);\n'
    libraries, archives = files[:files.index("--")], files[files.index("--") + 1:]
    if late == "0":
        text += linked(name)
    else:
        wanted, functions = called_by(archives[0]).difference(*map(called_by, archives[1:])), []
        for i, library in enumerate(libraries):
            found = sorted(wanted & offered_by(library))
            functions += [(function, i) for function in found]
            wanted -= set(found)
        text += MACHINES + table(name, what, functions, [soname(library) for library in loaded_by(libraries) if binds_many(library)],
                                 [soname(library) for library in libraries])
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
