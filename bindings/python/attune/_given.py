"""What a caller gives, as C takes it: whole, or refused. ctypes cuts numbers to their field's size and C's text ends at
its first zero, both without a word."""
from __future__ import annotations

import ctypes
import os
import weakref
from typing import Any, Callable, TypeVar, Union

from . import _c

Path = Union[str, "os.PathLike[str]"]
_Structure = TypeVar("_Structure", bound=ctypes.Structure)


def filled(structure: _Structure, **values: Any) -> _Structure:
    """The structure, whose fields have these values."""
    for name, value in values.items():
        setattr(structure, name, value)
        if isinstance(value, int) and getattr(structure, name) != value:
            raise _c.ArgumentError(f"{name} is {value}: more than can be")
    return structure


def _whole(data: bytes) -> bytes:
    if 0 in data:
        raise ValueError(f"a zero within {data!r}")
    return data


def text(value: str | None) -> bytes | None:
    return None if value is None else _whole(value.encode())


def path(value: Path | None) -> bytes | None:
    return None if value is None else _whole(os.fsencode(value))


def micros(t: float) -> int:
    """Of a time in seconds."""
    us = round(t * 1e6)
    if abs(us) >= 2**63:
        raise _c.ArgumentError(f"its time, {t:g} s, is beyond all that can be: times are in seconds")
    return us


def freed_with(owner: object, free: Callable[..., None], *what: Any) -> weakref.finalize:
    """Calls free(*what) when the owner goes; not when Python ends, since a thread that nobody waited for may be in the
    midst of a call."""
    made = weakref.finalize(owner, free, *what)
    made.atexit = False
    return made
