"""Finds and loads libattune."""
from __future__ import annotations

import ctypes
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
VERSION = (HERE / "VERSION").read_text().strip()
SONAME = "libattune.so." + VERSION.split(".")[0]


def places() -> list[str]:
    """Where the library may be, the first that is there counts: where $ATTUNE_LIBRARY says, and nowhere else
    then; in the build folder of the source tree that this package lies in; where the loader looks."""
    told = os.environ.get("ATTUNE_LIBRARY")
    if told:
        return [told]
    built = HERE.parents[2] / "build/release/src" / SONAME
    return [str(built), SONAME] if HERE.parts[-3:-1] == ("bindings", "python") else [SONAME]


def load() -> ctypes.CDLL:
    """The library, of this package's version: only attune.h keeps its promises between versions."""
    tried = []
    for place in places():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            tried.append(f"  {place}: {error}")
            continue
        if not hasattr(library, "attune_version"):
            tried.append(f"  {place}: it is another library")
            continue
        library.attune_version.restype = ctypes.c_char_p
        version = library.attune_version().decode()
        if version != VERSION:
            raise ImportError(f"{place} is attune {version}, and this package is for {VERSION}: install both anew")
        return library
    raise ImportError("libattune was not found; `make install` installs it, and ATTUNE_LIBRARY names another. Tried:\n"
                      + "\n".join(tried))
