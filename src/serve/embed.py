#!/usr/bin/env python3
"""Files as C: embed.py OUTPUT FILE... writes at_pages (pages.h), each file under its own name, index.html
as "/" and a plotting library's two files under short names."""
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json"}
PATHS = {"index.html": "/", "uPlot.iife.min.js": "/uplot.js", "uPlot.min.css": "/uplot.css"}


def array(name, data):
    rows = (", ".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24))
    return f"static const uint8_t {name}[] = {{\n" + ",\n".join(rows) + "\n};\n"


def main(output, *files):
    text, lines = '#include "serve/pages.h"\n\n', []
    for i, path in enumerate(map(pathlib.Path, files)):
        text += array(f"file_{i}", path.read_bytes())
        lines.append(f'    {{"{PATHS.get(path.name, "/" + path.name)}", "{TYPES[path.suffix]}", '
                     f"file_{i}, sizeof file_{i}}},\n")
    text += "\nconst at_page at_pages[] = {\n" + "".join(lines) + "};\n"
    text += "const int at_pages_count = (int)(sizeof at_pages / sizeof *at_pages);\n"
    pathlib.Path(output).write_text(text)


main(*sys.argv[1:])
