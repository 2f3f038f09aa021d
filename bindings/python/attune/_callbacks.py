"""Python called from the midst of a C call."""
from __future__ import annotations

import functools
import signal
import threading
from typing import Any, Callable


class Raised:
    """The first exception of callbacks and signal handlers during a C call: kept, since it cannot pass through C."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def keep(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            call(*args)
        except BaseException as error:
            self.error = self.error or error

    def callback(self, call: Callable[..., Any] | None) -> Callable[..., int]:
        """call (None: nothing) with all arguments but the first, C's void *user; 1 once anything was raised."""
        def called(_user: Any, *args: Any) -> int:
            if call and not self.error:
                self.keep(call, *args)
            return 1 if self.error else 0
        return called


class raising:
    """For a C call with callbacks: what they raise, and what handlers of signals do (Ctrl-C's KeyboardInterrupt), is
    raised at the end."""

    def __enter__(self) -> Raised:
        self._raised, self._before = Raised(), {}
        # A handler runs wherever Python is, and so between C and the first line of a callback that could catch
        # what it raises.
        try:
            if threading.current_thread() is threading.main_thread():
                self._keep_signals()
        except BaseException:
            self._restore()
            raise
        return self._raised

    def __exit__(self, *_: object) -> None:
        self._restore()
        if self._raised.error:
            raise self._raised.error

    def _keep_signals(self) -> None:
        for number in signal.valid_signals():
            handler = signal.getsignal(number)
            if callable(handler) and not isinstance(handler, signal.Handlers):
                self._before[number] = handler
                signal.signal(number, functools.partial(self._raised.keep, handler))

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
