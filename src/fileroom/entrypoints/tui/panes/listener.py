"""Pane of the listener: who calls, and what arrives."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from fileroom.domain.node import format_address
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.listening import ListenerRun, ListenerState
from fileroom.entrypoints.tui.task_texts import clock_text
from fileroom.entrypoints.tui.widgets.pane import Pane
from fileroom.entrypoints.tui.widgets.scroller import Scroller
from fileroom.entrypoints.wording import counted, human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.listener_presence import ListenerInfo
    from fileroom.entrypoints.settings import Settings

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_BARS: Final = "▁▂▃▄▅▆▇█"
_ASSOCIATIONS: Final = 20
"""That are named; more are counted."""
_EVENTS: Final = 10


class ListenerPane(Pane):
    """What the listener does."""

    def __init__(self, listener: ListenerRun, settings: "Settings") -> None:
        super().__init__("listener", 6, "Listener")
        self._listener = listener
        self._off = _off(settings)
        self._text = Static(self._off, markup=False)
        self._scroll = Scroller(self._text, id="listener")
        self._shown = self._off
        self.elsewhere: ListenerInfo | None = None
        """The listener of another process for this data directory."""

    def compose(self) -> ComposeResult:
        """Put the text into the frame."""
        yield self._scroll

    def body(self) -> Widget:
        """Return what scrolls."""
        return self._scroll

    def look_again(self) -> None:
        """Show what has happened since."""
        self._listener.look()
        state = self._listener.state
        is_off = state is ListenerState.OFF and self.elsewhere is not None
        self.tell(also="on in another process" if is_off else state.value, below=self._scroll.more)
        text = "\n".join(for_terminal(line) for line in self._lines())
        if text != self._shown:
            has_moved = text.count("\n") != self._shown.count("\n")
            self._shown = text
            self._text.update(text, layout=has_moved)

    def _lines(self) -> list[str]:
        listener, width = self._listener, max(self._scroll.scrollable_content_region.width, 20)
        info, counts = listener.info, listener.counts
        lines = [] if listener.is_on else self._lines_when_off()
        if info is not None:
            up = clock_text(time.monotonic() - listener.started_at)
            reach = " · this machine alone" if info.bind in _LOOPBACK else ""
            lines.append(f"{info.ae_title} at {format_address(info.bind, info.port)}{reach} · {up}")
            rates = listener.rates
            objects, received = rates.objects[-1], rates.bytes[-1]
            lines.append(_rate(rates.objects, f"{objects:.0f} objects/s", width))
            lines.append(_rate(rates.bytes, f"{human_bytes(received)}/s", width))
        if counts is not None:
            told = [f"{counts.objects_stored} stored", human_bytes(counts.bytes)]
            for number, what in (
                (counts.duplicates, "duplicates"),
                (counts.objects_refused, "refused"),
                (counts.objects_abandoned, "not whole"),
            ):
                if number:
                    told.append(f"{number} {what}")
            lines.append(" · ".join(told))
            refused = f", {counts.associations_refused} refused" if counts.associations_refused else ""
            lines.append(f"{counted(counts.associations_accepted, 'association')}{refused}")
        return [*lines, *self._association_lines(), *self._event_lines()]

    def _lines_when_off(self) -> list[str]:
        lines = self._off.splitlines()
        if self.elsewhere is not None:
            where = format_address(self.elsewhere.bind, self.elsewhere.port)
            lines = [
                f"{self.elsewhere.ae_title} listens at {where}",
                f"in process {self.elsewhere.process}; what it takes appears here.",
            ]
        error = self._listener.error
        if error is not None:
            lines += [error.message, *([error.hint] if error.hint else [])]
        return lines

    def _association_lines(self) -> list[str]:
        found, now = self._listener.associations, datetime.now(UTC)
        lines = [
            f"● {one.caller} · {clock_text((now - one.since).total_seconds())} · {counted(one.objects, 'object')}"
            for one in found[:_ASSOCIATIONS]
        ]
        if len(found) > _ASSOCIATIONS:
            lines.append(f"and {len(found) - _ASSOCIATIONS} more")
        return lines

    def _event_lines(self) -> list[str]:
        return [
            f"✗ {event.at.astimezone():%H:%M:%S} {event.caller}: {event.kind.value}, {event.why}"
            for event in self._listener.events[:_EVENTS]
        ]


def _off(settings: "Settings") -> str:
    """Tell what to do, and whom the listener would hear then."""
    listener, title = settings.storage_scp, settings.local.ae_title
    is_open = listener.allowed_calling_ae_titles or listener.allowed_peers
    where = f"port {listener.port}"
    if listener.bind == "auto" and not is_open:
        who, more = "programs on this machine", "[storage_scp] in the configuration opens it to peers."
    else:
        who, more = "peers", ""
        if listener.bind != "auto":
            where = format_address(listener.bind, listener.port)
    told = f"The listener is off.\nPress l to start it: {who} can then send to {title} at {where}."
    return f"{told}\n{more}" if more else told


def _rate(values: Sequence[float], told: str, width: int) -> str:
    room = max(width - len(told) - 2, 0)
    return f"{sparkline(list(values)[-room:] if room else [])} {told}"


def sparkline(values: Sequence[float]) -> str:
    """Draw values as bars; the highest is full."""
    most = max(values, default=0.0)
    if most <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[min(int(value / most * 7.999), 7)] if value > 0 else _BARS[0] for value in values)
