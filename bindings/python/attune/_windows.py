from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING

import numpy as np

from . import _c, _names
from ._c import lib

if TYPE_CHECKING:
    import pandas


@functools.lru_cache(maxsize=None)
def columns() -> dict[str, str]:
    """The columns of windows, which are those of timeline.csv: name and meaning, with unit and range."""
    found, column = {}, _c.Column()
    while lib.attune_column_at(len(found), ctypes.byref(column)):
        found[column.name.decode()] = column.what.decode()
    return found


def _type(name: str) -> str:
    return "u4" if name == "track" else "?" if name == "abstain" or name.startswith("used_") else "f8"


@functools.lru_cache(maxsize=None)
def dtype() -> np.dtype:
    """Of a window."""
    return np.dtype((np.record, [(name, _type(name)) for name in columns()]))


class Windows(np.recarray):
    """Windows, (n) of dtype(): a structured array whose fields are the columns of timeline.csv (columns() says what each
    means), times in seconds, not rounded; NaN where the CSV has an empty cell. `w["end_s"]` and `w.end_s` are the
    same; so it is of one window, `w[3].end_s`."""

    def named(self, names: str = "attune") -> np.ndarray:
        """The same (n) under other programs' column names: "openface" or "py-feat". What they mean differs in places:
        docs/python.md."""
        return _names.STYLES[names](self)

    def to_pandas(self, names: str = "attune") -> pandas.DataFrame:
        """As a pandas.DataFrame; names as in named()."""
        import pandas
        return pandas.DataFrame(self.named(names))


def windows_of(raw: bytes | bytearray) -> Windows:
    """Of attune_windows, one after the other."""
    size = ctypes.sizeof(_c.Window)
    n = len(raw) // size
    values = np.empty((n, len(columns())))
    for i in range(n):
        window = _c.Window.from_buffer_copy(raw, i * size)
        lib.attune_window_values(ctypes.byref(window), values[i].ctypes.data, values.shape[1])
    made = np.empty(n, dtype()).view(Windows)
    for j, name in enumerate(columns()):
        made[name] = values[:, j]
    return made
