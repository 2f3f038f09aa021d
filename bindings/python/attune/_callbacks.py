"""Python called from the midst of a C call."""
from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any, Callable, Iterator


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


@contextlib.contextmanager
def raising() -> Iterator[Raised]:
    """For a C call with callbacks: what they raise, and what handlers of signals do (Ctrl-C's KeyboardInterrupt), is
    raised at the end."""
    raised = Raised()
    before = {}
    try:
        # A handler runs wherever Python is, and so between C and the first line of a callback that could catch
        # what it raises.
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler) and not isinstance(handler, signal.Handlers):
                    before[number] = handler
                    signal.signal(number, lambda n, frame, handler=handler: raised.keep(handler, n, frame))
        yield raised
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if raised.error:
            raise raised.error
