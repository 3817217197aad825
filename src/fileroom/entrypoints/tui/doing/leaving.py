"""Leaving: what runs is asked to stop first, and waited for, but not for ever."""

import asyncio
import signal
import threading
import time
from contextlib import suppress
from typing import Any, Final

from fileroom.entrypoints.tui.doing.listening import ListeningActions
from fileroom.entrypoints.tui.readers import apart
from fileroom.entrypoints.wording import counted

LEAVE_SECONDS: Final = 30.0
"""How long tasks may take to reach a safe point when the program ends."""
CANCELLED: Final = 130
"""Exit code where a signal ended the program, as of every command."""
_SIGNALS: Final = ("SIGTERM", "SIGHUP", "SIGINT")


class LeavingActions(ListeningActions):
    """The action that ends the program, and the signals that do."""

    leave_seconds = LEAVE_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of the app
        """Nobody has asked to leave yet."""
        super().__init__(*arguments, **named)
        self._is_leaving, self._code = False, 0
        self._before: dict[int, Any] = {}

    def on_mount(self) -> None:
        """End in good order when a signal asks for it."""
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            number = getattr(signal, name, None)
            if number is None:
                continue
            before = signal.getsignal(number)
            with suppress(NotImplementedError, RuntimeError):  # Windows has no such handlers
                loop.add_signal_handler(number, self.leave, CANCELLED)
                self._before[number] = before

    def on_unmount(self) -> None:
        """Leave signals to those who had them before."""
        loop = asyncio.get_running_loop()
        for number, before in self._before.items():
            loop.remove_signal_handler(number)
            if before is not None:  # which says that it was nobody of Python
                signal.signal(number, before)
        self._before.clear()

    async def action_quit(self) -> None:
        """Leave; asks first while something runs, and does not wait where it is asked once more."""
        if self._is_leaving:
            self.action_leave_at_once()
            return
        running = [f"{view.record.title} ({view.record.state.value})" for view in self.room.tasks.active()]
        if self.listener.associations:
            calls = counted(len(self.listener.associations), "association")
            running.append(f"the listener, with {calls} open")
        if not running:
            self.leave()
            return
        self.ask_whether(
            "Leave while this runs? It is stopped at a safe point.",
            running,
            self.leave,
            yes="Leave",
            is_over_all=True,
        )

    def action_leave_at_once(self) -> None:
        """Wait no more."""
        self.exit(self._code)

    def leave(self, code: int = 0) -> None:
        """Ask everything to stop, wait for it, and end with an exit code."""
        if self._is_leaving:
            self.action_leave_at_once()
            return
        self._is_leaving, self._code = True, code
        waits_for = self.room.tasks.unfinished
        if waits_for or self.listener.is_on:
            from fileroom.entrypoints.tui.screens.leaving import LeavingScreen

            what = counted(waits_for, "task") if waits_for else "the listener"
            self.push_screen(LeavingScreen(what, self.leave_seconds))

        def wait() -> None:
            deadline = time.monotonic() + self.leave_seconds
            try:
                self.listener.stop()
                self.room.tasks.close(self.leave_seconds)
                self.listener.join(max(deadline - time.monotonic(), 0.0))
            finally:
                self.post(self.exit, code)

        apart(wait, "leaving")  # leaving at once ends the program without it
