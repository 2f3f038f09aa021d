"""What was recorded beside pictures and sound: signals and chats."""
from __future__ import annotations

import ctypes
import dataclasses
import functools
from typing import Optional, Sequence

from . import _c, _given
from ._c import lib
from ._callbacks import raising
from ._given import Path

_TIMES = ("told", "s", "ms", "us", "date", "mdy", "dmy")  # in the order of attune_log_time


@dataclasses.dataclass(frozen=True)
class Log:
    """A file of what was recorded beside, as analyze(signal=, chat=) takes it; a path alone is Log(path). What such a
    file may look like: docs/signals.md, docs/text.md.

    offset_s: its time 0 (of dates: its first row) is so long after the pictures begin; before: < 0.
    time: "s", "ms", "us", "date", or of dates as 5/4/2026 "mdy" or "dmy"; "told": by the column's name, or by what stands in the first row.
    zero: when the pictures began, as "2026-05-04T10:15:30Z": then times are dates, or count from 1970.
    columns, events: of a signal: names of those to take (None: all), and of those that count what happens at a moment.
    sender: of a chat: only messages of whom the column from, sender, author, name or user calls so.
    """

    path: Path
    offset_s: float = 0.0
    time: str = "told"
    zero: Optional[str] = None
    columns: Optional[Sequence[str]] = None
    events: Optional[Sequence[str]] = None
    sender: Optional[str] = None

    def open(self, pointer: ctypes.c_void_p, chat: bool) -> object:
        """Into pointer an attune_log of it; what is wrong with a row is raised here. Returns what is to live as long."""
        if self.time not in _TIMES:
            raise ValueError(f"time is one of {', '.join(_TIMES)}, not {self.time!r}")
        if chat and (self.columns is not None or self.events is not None):
            raise ValueError("columns and events are of a signal")
        if not chat and self.sender is not None:
            raise ValueError("sender is of a chat")
        setup = _c.LogOptions(chat=chat, time=_TIMES.index(self.time), offset_s=self.offset_s,
                              zero=_given.text_or_none("zero", self.zero), columns=_listed(self.columns), events=_listed(self.events))
        setattr(setup, "from", _given.text_or_none("sender", self.sender))  # a keyword here
        err = _c.ErrorText()
        with raising() as raised:
            stop = setup.stop = _c.ON_STOP(raised.callback(None))
            _c.check(lib.attune_log_open(ctypes.byref(pointer), _given.path("path", self.path), ctypes.byref(setup),
                                         ctypes.byref(err)), err)
        return stop


def _listed(names: Sequence[str] | None) -> bytes | None:
    if isinstance(names, str):
        raise TypeError(f"a list of names, not the text {names!r}")
    if divided := [name for name in names or () if "," in name]:
        raise ValueError(f"a column with a comma in its name, {divided[0]!r}, cannot be asked for")
    return _given.text("columns", ",".join(names)) if names else None


def _free(*logs: ctypes.c_void_p) -> None:
    for log in logs:
        lib.attune_log_free(ctypes.byref(log))


class Beside:
    """attune_beside_setup and all that it points to, for as long as this lives."""

    def __init__(self) -> None:
        self.setup = _c.BesideSetup()
        self._held: object = None

    @classmethod
    def of_files(cls, signal: Log | Path | None, chat: Log | Path | None) -> Beside | None:
        """None: nothing is recorded beside."""
        if signal is None and chat is None:
            return None
        made, logs = cls(), (ctypes.c_void_p(), ctypes.c_void_p())
        _given.freed_with(made, _free, *logs)
        made._held = [(given if isinstance(given, Log) else Log(given)).open(log, chat=log is logs[1])
                      for given, log in zip((signal, chat), logs) if given is not None]
        made.setup.signal_log, made.setup.chat_log, made.setup.chat = *logs, chat is not None
        if signal is not None:
            made.setup.signals, made.setup.events = lib.attune_log_signals(logs[0]), lib.attune_log_events(logs[0])
        return made

    @classmethod
    def of_names(cls, signals: Sequence[str], events: Sequence[str], chat: bool) -> Beside | None:
        """Of a session, which is given rows and messages as they come."""
        if isinstance(signals, str) or isinstance(events, str):
            raise TypeError("signals and events are lists of names")
        if unknown := [name for name in events if name not in signals]:
            raise ValueError(f"an event is one of the signals, which {unknown[0]!r} is not")
        if not signals and not chat:
            return None
        texts = [_given.text("signals", name) for name in signals]
        made, names = cls(), (ctypes.c_char_p * (len(signals) + 1))(*texts, None)
        made.setup.chat = chat
        made.setup.events = sum(1 << i for i, name in enumerate(signals) if name in events)
        if signals:
            made.setup.signals, made._held = ctypes.cast(names, ctypes.c_void_p), names
        return made

    @property
    def signals(self) -> int:
        names = ctypes.cast(self.setup.signals, ctypes.POINTER(ctypes.c_char_p))
        return next(i for i in range(_c.MAX_SIGNALS + 1) if not names[i]) if self.setup.signals else 0

    @functools.cached_property
    def columns(self) -> dict[str, str]:
        return columns_of(self)


def pointer_to(beside: Beside | None) -> int | None:
    """What an attune_options or a call points to."""
    return None if beside is None else ctypes.addressof(beside.setup)


def columns_of(beside: Beside | None) -> dict[str, str]:
    """Columns of windows, name and meaning; those of what is recorded beside come last."""
    found, column = {}, _c.Column()
    while lib.attune_column_at(pointer_to(beside), len(found), ctypes.byref(column)):
        found[column.name.decode()] = column.what.decode()
    return found
