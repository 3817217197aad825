"""Pane of the log."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fileroom.entrypoints.tui.log_buffer import LogBuffer, LogLine
from fileroom.entrypoints.tui.records import Column, Record, RecordSource, Tone
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (Column("TIME", 8), Column("LEVEL", 8), Column("MESSAGE", 20, 1))
_TONES = {
    "DEBUG": Tone.QUIET,
    "WARNING": Tone.WARNING,
    "ERROR": Tone.ERROR,
    "CRITICAL": Tone.ERROR,
}


class LogsPane(ListPane):
    """The latest lines, the newest at the end."""

    def __init__(self, room: "Room", buffer: LogBuffer) -> None:
        records = RecordList(room.reader, id="logs", empty="Nothing was logged yet.", stays_at_end=True)
        super().__init__("logs", 7, "Logs", records)
        self._buffer = buffer
        self._seen = -1
        self._source = LogSource(buffer)

    def on_mount(self) -> None:
        """Show what is there."""
        super().on_mount()
        self.records.show(self._source)
        self.look_again()

    def beside(self) -> str:
        """How many lines there were in all, where older ones are gone."""
        return f"the last {self._source.count()} of {self._buffer.total}" if self._buffer.is_capped else ""

    def look_again(self) -> None:
        """Show what was logged since; whoever looks at the last line goes on doing so."""
        if self._buffer.total != self._seen:
            self._seen = self._buffer.total
            self._source.look_again()
            self.records.read_again()


class LogSource(RecordSource):
    """Lines of the buffer, made as they come into sight: those of a flood that nobody sees cost nothing."""

    columns = COLUMNS
    is_immediate = True

    def __init__(self, buffer: LogBuffer) -> None:
        self._buffer = buffer
        self._first = self._stop = 0
        self.look_again()

    def look_again(self) -> None:
        """Take the lines that are there now."""
        self._stop = self._buffer.total
        self._first = max(self._buffer.first, 0)

    def count(self) -> int:
        """Count them."""
        return self._stop - self._first

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Cut out a piece; lines that have gone meanwhile are blank."""
        start = self._first + offset
        stop = min(start + limit, self._stop)
        found = [_record(line) for line in self._buffer.lines(start, stop)]
        gone = range(start, stop - len(found))
        return [*(Record(str(number), ("", "", "")) for number in gone), *found]

    def place(self, key: str, near: int) -> int | None:
        """Lines are numbered: nothing needs to be looked for."""
        index = int(key) - self._first
        return index if 0 <= index < self.count() else None


def _record(line: LogLine) -> Record:
    moment = datetime.fromtimestamp(line.created).astimezone().strftime("%H:%M:%S")
    return Record(
        str(line.number), (moment, line.level.lower(), line.text), line, _TONES.get(line.level, Tone.PLAIN)
    )
