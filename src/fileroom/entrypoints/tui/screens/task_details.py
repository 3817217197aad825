"""All about one task: what it does, how far it is, its log, and how it ended."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.records import Column, ListSource, Record
from fileroom.entrypoints.tui.task_texts import facts_of, progress_line
from fileroom.entrypoints.tui.widgets.columns import wrapped
from fileroom.entrypoints.tui.widgets.narrow_line import NarrowLine
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.application.task_queue import TaskView
    from fileroom.entrypoints.tui.room import Room

_TICK_SECONDS: Final = 0.1
_BAR: Final = 24
_COLUMNS: Final = (Column("LOG AND SUMMARY", 10, 1),)
_EMPTY: Final = "It has nothing to tell yet."


class TaskDetailsScreen(ModalScreen[None]):
    """Follows a task for as long as it is open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("q,enter", "close", "Close", show=False),
        Binding("c", "cancel", "Cancel", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("slash", "narrow", "Filter", show=False),
    ]
    DEFAULT_CSS = """
    TaskDetailsScreen { align: center middle; }
    #task {
        width: 90%; max-width: 140; height: 85%; background: $panel; border: round $primary;
        border-title-color: $primary; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #task-facts { height: auto; }
    #task-lines { margin-top: 1; height: 1fr; }
    """

    def __init__(self, room: "Room", view: "TaskView", cancel: Callable[[int], None]) -> None:
        """Show a task, which `cancel` asks to stop."""
        super().__init__()
        self._room = room
        self._view = view
        self._cancel = cancel
        self._has_text = bool(room.text_of(view.record))  # which is read from its beginning
        self._facts = Static("", markup=False, id="task-facts")
        self._source = ListSource(_COLUMNS)
        self._lines = RecordList(room.reader, id="task-lines", empty=_EMPTY, stays_at_end=not self._has_text)
        self._line = NarrowLine()
        self._shown: object = None
        self._height = 0
        self._told = ""
        self._log = str(room.log_file or "")

    def compose(self) -> ComposeResult:
        """Put facts above the log."""
        with Vertical(id="task") as box:
            record = self._view.record
            box.border_title = Content(f"Task {record.number} · {for_terminal(record.title)}")
            yield self._facts
            yield self._lines
            yield self._line

    def on_mount(self) -> None:
        """Begin to follow."""
        self._lines.show(self._source)
        self._lines.focus()
        self.look_again()
        if not self._has_text:
            self.call_after_refresh(self._lines.action_move_to, -1)
        self.set_interval(_TICK_SECONDS, self.look_again)

    def on_resize(self) -> None:
        """Wrap the lines anew."""
        self.call_after_refresh(self.look_again)

    def look_again(self) -> None:
        """Show what has become of the task."""
        self._view = view = self._now()
        now = datetime.now(UTC)
        facts = [*facts_of(view, now), ("Log file", self._log)]
        lines = [f"{name.ljust(9)}  {for_terminal(value)}" for name, value in facts if value]
        if view.progress is not None:
            line = progress_line(
                view.progress, view.record.seconds(now), _BAR, is_over=view.record.state.is_over
            )
            lines.append(for_terminal(line))
        self._facts.update("\n".join(lines), layout=len(lines) != self._height)
        self._height = len(lines)
        hint = self._hint()
        if hint != self._told:
            self._told = hint
            self.query_one("#task").border_subtitle = hint
        width = self._lines.scrollable_content_region.width
        text = self._room.text_of(view.record) if view.record.state.is_over else ()
        told = (view.lines, view.record.summary, len(text), width)
        if told != self._shown:
            self._shown = told
            lines = [for_terminal(line) for line in (*view.lines, *view.record.summary, *text)]
            broken = [part for line in lines for part in wrapped(line, max(width - 1, 10))]
            self._source.records = [Record(str(number), (line,)) for number, line in enumerate(broken)]
            self._lines.read_again()

    def action_leave(self) -> None:
        """Show all lines again, or leave the task alone."""
        if not self._line.clear_words():
            self.action_close()

    def action_close(self) -> None:
        """Leave the task alone."""
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Ask it to stop."""
        if self._view.record.state.is_over:
            self.notify("The task is over already.", severity="warning")
        else:
            self._cancel(self._view.record.number)

    def action_narrow(self) -> None:
        """Show only lines that hold what is typed."""
        self._line.open()

    def on_narrow_line_narrowed(self, event: NarrowLine.Narrowed) -> None:
        """Show only lines that hold all words."""
        self._lines.narrow(event.words)

    def on_narrow_line_ended(self) -> None:
        """Scroll by keys again."""
        self._lines.focus()

    def action_copy(self) -> None:
        """Copy what one would type to do it again."""
        if self._view.record.command:
            self.app.copy_to_clipboard(self._view.record.command)
            self.notify("The command is copied.")

    def _now(self) -> "TaskView":
        record = self._view.record
        if record.state.is_over:
            return self._view
        found = self._room.tasks.find(record.number)
        return found if found is not None and found.record.created_at == record.created_at else self._view

    def _hint(self) -> str:
        cancel = "" if self._view.record.state.is_over else "c cancel · "
        return (
            f"{cancel}y copy the command · / filter · escape close · {self._lines.counter} {self._lines.more}"
        )
