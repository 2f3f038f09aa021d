#!/usr/bin/env python3
"""Manual pages out of the help texts: manual.py DIR PAGE,... PROGRAM...

Writes attune.1, attune-analyze.1 and so on into DIR; PAGE,... are the names that are expected, all of them."""
import pathlib
import re
import sys

import text


def escaped(line):
    line = line.replace("\\", "\\e").replace("-", "\\-").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + line if line[:1] in (".", "'") else line


def verbatim(lines):
    return [".PP", ".EX", *map(escaped, lines), ".EE"]


def flowing(lines):
    """Lines that begin further to the right stand as they are."""
    out = []
    for before, line in zip(["", *lines], lines):
        if line.startswith(" ") or before.startswith(" "):
            out += [".br", escaped(re.sub(r"^ +| {2,}", "  ", line)).replace("  ", "\\ \\ ")]
        else:
            columns = re.split(r" {2,}", line)
            out.append(escaped(": ".join(columns)))
    return out


def list_in_roff(items):
    out = []
    for item in items:
        out += [".TP", "\\fB" + escaped(item.term) + "\\fR", *flowing([line for line in item.text if line])]
    return out


def section(part, parts):
    """Options stand apart from what comes before and after them."""
    options = [i for i, other in enumerate(parts) if other.kind == "options"]
    here = parts.index(part)
    if not options or here < options[0]:
        return "DESCRIPTION"
    return "OPTIONS" if here <= options[-1] else "NOTES"


def in_roff(part):
    if part.kind in ("list", "options"):
        return list_in_roff(part.items)
    return verbatim(part.lines) if part.kind == "example" else [".PP", *flowing(part.lines)]


def body(parts):
    out, heading = [], ""
    for part in parts:
        if section(part, parts) != heading:
            heading = section(part, parts)
            out.append(f".SH {heading}")
        lines = in_roff(part)
        out += lines[1:] if out[-1].startswith(".SH") and lines[0] == ".PP" else lines
    return out


def page_name(command):
    return "-".join(["attune", *command.name.split()])


def page(command, version, others):
    name = page_name(command)
    synopsis = [re.sub(r"^usage: |^ {7}", "", line) for line in command.usage]
    return "\n".join([
        f'.TH {name.upper()} 1 "" "{version}" "User Commands"', ".SH NAME", escaped(name) + " \\- " + escaped(command.summary),
        ".SH SYNOPSIS", ".nf", *map(escaped, synopsis), ".fi",
        *body([part for part in command.parts if part.kind != "usage"]), ".SH SEE ALSO",
        *(f".BR {escaped(other)} (1){',' if other != others[-1] else ''}" for other in others if other != name)]) + "\n"


def main(folder, expected, *program):
    version = text.said_by(program, "--version").strip()
    commands = text.commands_of(program)
    names = [page_name(command) for command in commands]
    if sorted(expected.split(",")) != sorted(f"{name}.1" for name in names):
        sys.exit(f"manual.py: attune has the pages {' '.join(names)}; src/cli/help/meson.build has others")
    for command, name in zip(commands, names):
        others = ["attune"] if command.name else names
        pathlib.Path(folder, f"{name}.1").write_text(page(command, version, others), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
