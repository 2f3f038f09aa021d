from __future__ import annotations

import ctypes
import functools
from typing import Iterable, Iterator

import numpy as np

from . import _c, _names
from ._beside import Beside, columns_of, pointer_to
from ._c import lib
from ._table import Table


@functools.lru_cache(maxsize=None)
def columns_told() -> dict[str, str]:
    """Not to be changed."""
    return columns_of(None)


def columns() -> dict[str, str]:
    """The columns of windows, which are those of timeline.csv: name and meaning, with unit and range. Windows of a
    recording with a signal or a chat have more: Result.columns, Session.columns."""
    return dict(columns_told())


def _type(name: str) -> str:
    return "u4" if name == "track" else "?" if name == "abstain" or name.startswith("used_") else "f8"


def _dtype_of(names: Iterable[str]) -> np.dtype:
    return np.dtype((np.record, [(name, _type(name)) for name in names]))


@functools.lru_cache(maxsize=None)
def dtype() -> np.dtype:
    """Of a window with nothing recorded beside."""
    return _dtype_of(columns_told())


class Windows(Table):
    """Windows, (n) of dtype() and of what was recorded beside: fields are the columns of timeline.csv (columns() says
    what each means), times in seconds, not rounded; NaN where the CSV has an empty cell."""

    _styles = _names.OF_WINDOWS


_SIZE, _BESIDE = ctypes.sizeof(_c.Window), ctypes.sizeof(_c.BesideWindow)


def copied(window: _c.Window) -> bytes:
    """attune_window, and behind it the attune_beside that it points to, which does not stay: as windows_in reads them."""
    return bytes(window) + (ctypes.string_at(window.beside, _BESIDE) if window.beside else b"")


def windows_in(raw: bytes | bytearray, beside: Beside | None) -> Iterator[_c.Window]:
    """Of windows copied, one after the other. What one points to lives as long as it does."""
    for at in range(0, len(raw), _SIZE + (_BESIDE if beside else 0)):
        window = _c.Window.from_buffer_copy(raw, at)
        if beside:
            window.held = _c.BesideWindow.from_buffer_copy(raw, at + _SIZE)
            window.beside = ctypes.addressof(window.held)
        yield window


def windows_of(raw: bytes | bytearray, beside: Beside | None = None) -> Windows:
    """Of windows copied, one after the other."""
    names = beside.columns if beside else columns_told()
    values = np.empty((len(raw) // (_SIZE + (_BESIDE if beside else 0)), len(names)))
    for row, window in zip(values, windows_in(raw, beside)):
        lib.attune_window_values(pointer_to(beside), ctypes.byref(window), row.ctypes.data, len(names))
    made = np.empty(len(values), _dtype_of(names) if beside else dtype()).view(Windows)
    for j, name in enumerate(names):
        made[name] = values[:, j]
    return made
