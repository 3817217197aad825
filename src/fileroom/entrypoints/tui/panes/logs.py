"""Pane of the log."""

from datetime import datetime
from typing import TYPE_CHECKING

from fileroom.entrypoints.tui.log_buffer import LogBuffer
from fileroom.entrypoints.tui.records import Column, ListSource, Record
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.entrypoints.tui.room import Room

COLUMNS = (Column("TIME", 8), Column("LEVEL", 7), Column("MESSAGE", 20, 1))


class LogsPane(ListPane):
    """The latest lines, the newest at the end."""

    def __init__(self, room: "Room", buffer: LogBuffer) -> None:
        super().__init__(
            "logs", 7, "Logs", RecordList(room.reader, id="logs", empty="Nothing was logged yet.")
        )
        self._buffer = buffer
        self._seen = -1
        self._source = ListSource(COLUMNS)

    def on_mount(self) -> None:
        """Show what is there."""
        super().on_mount()
        self.records.show(self._source)
        self.look_again()

    def beside(self) -> str:
        """How many lines there were in all, where older ones are gone."""
        return (
            f"the last {len(self._source.records)} of {self._buffer.total}" if self._buffer.is_capped else ""
        )

    def look_again(self) -> None:
        """Show what was logged since; whoever looks at the last line goes on doing so."""
        if self._buffer.total == self._seen:
            return
        total = self.records.total
        at_end = total is None or self.records.index >= total - 1
        self._seen = self._buffer.total
        first = self._buffer.total - len(self._buffer.records)
        self._source.records = [
            Record(str(number), (_time(created), level.lower(), text))
            for number, (created, level, text) in enumerate(self._buffer.lines(), first)
        ]
        if at_end:
            self.records.show(self._source, index=max(len(self._source.records) - 1, 0))
        else:
            self.records.read_again()


def _time(created: float) -> str:
    return datetime.fromtimestamp(created).astimezone().strftime("%H:%M:%S")
