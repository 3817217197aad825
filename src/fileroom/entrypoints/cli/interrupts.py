"""Ctrl-C and SIGTERM: the first asks for a safe stop, a second Ctrl-C stops at once."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self


class Interrupts:
    """Holds back signals from the start of the program on, and hands them to the work once there is any."""

    def __init__(self) -> None:
        """Handle nothing yet."""
        self._before: dict[int, object] = {}
        self._cancel: Callable[[], None] | None = None
        self._asked = False

    def __enter__(self) -> Self:
        """Handle signals from now on; outside of the main thread they are left alone."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                with suppress(ValueError):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def cancel_with(self, cancel: Callable[[], None]) -> None:
        """Call `cancel` when a signal comes, at once where it came already."""
        self._cancel = cancel
        if self._asked:
            cancel()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = True
        with suppress(OSError):
            sys.stderr.write("\nstopping at a safe point (Ctrl-C again stops at once)\n")
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        if self._cancel is not None:
            self._cancel()

    def __exit__(self, *_: object) -> None:
        """Handle signals as before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from signal.signal
