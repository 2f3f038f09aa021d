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
        try:
            setattr(structure, name, value)
        except TypeError as why:
            raise TypeError(f"{name}: {why}") from None
        if isinstance(value, int) and getattr(structure, name) != value:
            raise _c.ArgumentError(f"{name} is {value}: more than can be")
    return structure


def _whole(what: str, data: bytes) -> bytes:
    if 0 in data:
        raise ValueError(f"{what}: a zero within {data!r}")
    return data


def text(what: str, value: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{what}: a text is wanted, not {value!r}")
    return _whole(what, value.encode())


def path(what: str, value: Path) -> bytes:
    try:
        return _whole(what, os.fsencode(value))
    except TypeError:
        raise TypeError(f"{what}: a path is wanted, not {value!r}") from None


def text_or_none(what: str, value: str | None) -> bytes | None:
    return None if value is None else text(what, value)


def path_or_none(what: str, value: Path | None) -> bytes | None:
    return None if value is None else path(what, value)


def micros(t: float) -> int:
    """Of a time in seconds."""
    try:
        us = round(t * 1e6)
    except TypeError:
        raise TypeError(f"t: a time in seconds is wanted, not {t!r}") from None
    except (OverflowError, ValueError):
        raise _c.ArgumentError(f"t: {t!r} is no time") from None
    if abs(us) >= 2**63:
        raise _c.ArgumentError(f"its time, {t:g} s, is beyond all that can be: times are in seconds")
    return us


def freed_with(owner: object, free: Callable[..., None], *what: Any) -> weakref.finalize:
    """Calls free(*what) when the owner goes; not when Python ends, since a thread that nobody waited for may be in the
    midst of a call."""
    made = weakref.finalize(owner, free, *what)
    made.atexit = False
    return made
