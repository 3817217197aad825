"""Ctrl-C and SIGTERM: the first asks for a safe stop, a second Ctrl-C stops at once."""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Self

ECHO_SECONDS = 0.5
"""A signal so soon after the first is the same one: programs that run us pass it on to us, and so does the terminal."""


class Interrupts:
    """Holds back signals from the start of the program on, and hands them to the work once there is any."""

    def __init__(self) -> None:
        """Handle nothing yet."""
        self._before: dict[int, object] = {}
        self._cancel: Callable[[], None] | None = None
        self._asked_at: float | None = None

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
        if self._asked_at is not None:
            cancel()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            with suppress(OSError):
                sys.stderr.write("\nstopping at a safe point (Ctrl-C again stops at once)\n")
            if self._cancel is not None:
                self._cancel()
        elif now - self._asked_at >= ECHO_SECONDS:
            if number == signal.SIGINT:
                signal.default_int_handler(number, frame)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    def __exit__(self, *_: object) -> None:
        """Handle signals as before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it came from signal.signal
