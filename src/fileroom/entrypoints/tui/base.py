"""The screen: its panes, where they stand, and who has the focus.

What the actions do is in `fileroom.entrypoints.tui.doing`, whose classes extend the one here; which actions there are,
and their keys, is in `fileroom.entrypoints.tui.actions`.
"""

import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from textual.actions import ActionParseResult
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container as Box
from textual.dom import DOMNode
from textual.driver import Driver
from textual.events import Click, DescendantFocus, Key, Resize
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.domain.query import QueryLevel
from fileroom.domain.task import TaskRecord
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.report import Report, Status
from fileroom.entrypoints.tui.actions import ACTIONS
from fileroom.entrypoints.tui.command_table import COMMANDS
from fileroom.entrypoints.tui.completion import Known
from fileroom.entrypoints.tui.known import known_values
from fileroom.entrypoints.tui.lasting_output import with_lasting_output
from fileroom.entrypoints.tui.listening import ListenerRun
from fileroom.entrypoints.tui.log_buffer import LogBuffer
from fileroom.entrypoints.tui.panes.details import DetailsPane
from fileroom.entrypoints.tui.panes.listener import ListenerPane
from fileroom.entrypoints.tui.panes.local import LocalPane
from fileroom.entrypoints.tui.panes.logs import LogsPane
from fileroom.entrypoints.tui.panes.nodes import NodesPane
from fileroom.entrypoints.tui.panes.query import QueryPane
from fileroom.entrypoints.tui.panes.tasks import TasksPane
from fileroom.entrypoints.tui.room import Room
from fileroom.entrypoints.tui.task_log import TaskLogHandler
from fileroom.entrypoints.tui.widgets.command_line import CommandLine
from fileroom.entrypoints.tui.widgets.filter_bar import FilterBar
from fileroom.entrypoints.tui.widgets.focusing import focus_now
from fileroom.entrypoints.tui.widgets.footer import StatusFooter
from fileroom.entrypoints.tui.widgets.hints import LineHints
from fileroom.entrypoints.tui.widgets.line_input import LineInput
from fileroom.entrypoints.tui.widgets.pane import ListPane, Pane
from fileroom.entrypoints.tui.words import as_keys
from fileroom.entrypoints.tui.work import TaskText, Work, as_task, summary_of

if TYPE_CHECKING:
    from fileroom.entrypoints.container import Container

log = logging.getLogger(__name__)

NARROW: Final = 110
"""Cells below which panes stand one above the other, those without the focus folded to a line."""
WIDE: Final = 180
"""Cells from which nodes stand beside what they have, not above it."""
LOW: Final = 30
"""Lines below which they do so, too."""
LOADING_SECONDS: Final = 2.0
"""For which the program is not searched for garbage: all that it loads stays."""
TICK_SECONDS: Final = 0.1
MOST_MESSAGES: Final = 3
TOLD_LINES: Final = 4
"""Lines of a message about a task that has ended."""
SEVERITIES: "Final[dict[Status, Literal['information', 'warning', 'error']]]" = {
    Status.SUCCESS: "information",
    Status.PARTIAL: "warning",
    Status.CANCELLED: "warning",
    Status.FAILED: "error",
}
THEMES: Final = {"dark": "textual-dark", "light": "textual-light"}


class PanesScreen(Screen[None], inherit_bindings=False):
    """What is behind all forms. Tab goes on to the next pane here, not to the next thing that one can type in."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+c,super+c", "screen.copy_text", show=False)]


class RoomApp(App[int]):
    """Panes over a room; the actions are added by those who extend it."""

    TITLE = "fileroom"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    CSS_PATH = "theme.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            ",".join(action.keys),
            action.name,
            action.title,
            show=False,
            priority=action.everywhere,
        )
        for action in ACTIONS
    ]

    def __init__(self, container: "Container", data_dir: Path) -> None:
        """Show what is behind the doors."""
        super().__init__()
        self.room = Room(container, data_dir)
        self.listener = ListenerRun(container)
        self.log_buffer = LogBuffer()
        self._task_log = TaskLogHandler()
        self.nodes_pane = NodesPane(self.room)
        self.query_pane = QueryPane(self.room)
        self.local_pane = LocalPane(self.room)
        self.details_pane = DetailsPane()
        self.tasks_pane = TasksPane(self.room)
        self.listener_pane = ListenerPane(self.listener, container.settings())
        self.logs_pane = LogsPane(self.room, self.log_buffer)
        self.line_hints = LineHints(self._take_hint)
        self.command_line = CommandLine(COMMANDS, self.known_values, self.line_hints)
        self.filter_bar = FilterBar(self.known_values, self.line_hints)
        self.status_footer = StatusFooter()
        self.bugs: list[Exception] = []
        """Errors of actions that nobody foresaw."""
        self.failure: Exception | None = None
        """What ended the app."""
        self._tasks_seen: tuple[int, int] = (-1, 0)
        self.last_pane: Pane = self.local_pane
        """The pane that has the focus, or had it last."""
        self.last_list: ListPane = self.local_pane
        """The pane with a list that has the focus, or had it last."""
        self.theme = THEMES[container.settings().tui.theme.value]

    @property
    def panes(self) -> tuple[Pane, ...]:
        """All panes, in the order of their numbers."""
        return (
            self.nodes_pane, self.query_pane, self.local_pane, self.details_pane, self.tasks_pane,
            self.listener_pane, self.logs_pane,
        )  # fmt: skip

    def get_default_screen(self) -> PanesScreen:
        """Return what the panes stand on."""
        return PanesScreen(id="_default")

    def compose(self) -> ComposeResult:
        """Put the panes side by side."""
        with Box(id="panes"):
            with Box(id="columns"):
                with Box(id="lists"):
                    yield Box(self.nodes_pane, id="left")
                    yield Box(self.query_pane, self.local_pane, id="middle")
                yield Box(self.details_pane, self.tasks_pane, self.listener_pane, id="right")
            yield self.logs_pane
        yield self.command_line
        yield self.filter_bar
        yield self.line_hints
        yield self.status_footer

    def on_mount(self) -> None:
        """Begin to look at what happens elsewhere."""
        self.set_timer(LOADING_SECONDS, gc.enable)
        for handler in (self.log_buffer, self._task_log):
            logging.getLogger("fileroom").addHandler(handler)
        self.set_interval(TICK_SECONDS, self.look_around)
        # The shell has drawn over it.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        self.go_to(self.local_pane)

    def on_unmount(self) -> None:
        """Let go of what was held."""
        for handler in (self.log_buffer, self._task_log):
            logging.getLogger("fileroom").removeHandler(handler)
        self.listener.stop()
        self.room.close()

    def get_driver_class(self) -> type[Driver]:
        """Return what draws: it ends with its terminal, however that ends."""
        return with_lasting_output(super().get_driver_class())

    def look_around(self) -> None:
        """Show what has happened since: many small events make one drawing."""
        if not self.screen_stack:  # the program is about to end
            return
        queue = self.room.tasks
        seen = (queue.revision, int(time.monotonic()) if queue.unfinished else 0)  # their clocks go on
        if seen != self._tasks_seen:
            self._tasks_seen = seen
            self.tasks_pane.look_again()
        self.logs_pane.look_again()
        self.details_pane.look_again()
        self.status_footer.look_again()

    def changed_here(self) -> None:
        """Show what has changed since something came or went."""
        self.local_pane.records.read_again()

    def submit(
        self,
        title: str,
        work: Work,
        *,
        command: str = "",
        then: Callable[[Report], object] | None = None,
        is_told: bool = True,
        text: TaskText | None = None,
    ) -> TaskRecord:
        """Put an operation into the queue; `command` is what one would type to do it again.

        When it has ended a message says so, unless that `is_told` otherwise, and `then` is called with the report where
        the operation made one. `text` takes what it has to show; the task's details show it.
        """

        def after(report: Report, summary: Sequence[str]) -> None:
            if is_told:
                self.post(self.tell_end, report.status, summary)
            if then is not None:
                self.post(then, report)

        title = for_terminal(title)  # names of files and of patients may hold anything
        record = self.room.tasks.submit(title, as_task(self._told(work), after, text), command=command)
        if text is not None:
            self.room.keep_text(record, text)
        self.call_later(self.look_around)
        return record

    def _told(self, work: Work) -> Work:
        """Return the same work, of which an error is told."""

        def run(progress: ProgressSink, cancel: CancelToken) -> Report:
            try:
                return work(progress, cancel)
            except Cancelled as error:
                self.post(self.notify, for_terminal(error.message), severity="warning", markup=False)
                raise
            except FileroomError as error:
                self.post(self.tell_error, error)
                raise
            except Exception as error:
                self.post(self.tell_bug, error)
                raise

        return run

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key, a click or the palette asks for; a bug in it is told, and ends nothing else."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except Exception as error:
            log.exception("an action failed: %s", action)
            self.bugs.append(error)
            self.tell_bug(error)
            return False

    def tell_bug(self, error: BaseException) -> None:
        """Tell of something that nobody foresaw."""
        told = f"This is a bug in fileroom ({type(error).__name__}).\nThe traceback is in the log."
        self.notify(told, severity="error", timeout=8, markup=False)

    def _handle_exception(self, error: Exception) -> None:
        """Leave with what went wrong, for whoever runs the app."""
        self.failure = self.failure or error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave without printing what Textual would: a traceback with the values of its variables, names among them."""
        self._close_messages_no_wait()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: "Literal['information', 'warning', 'error']" = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a message; it takes the place of several that are there, so that the panes stay in sight."""
        if len(self._notifications) >= MOST_MESSAGES:
            self.clear_notifications()
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def post(self, what: Callable[..., object], *arguments: object, **named: object) -> None:
        """Have the screen's thread do something; from any thread, also when the program is about to end."""
        with suppress(RuntimeError):  # its loop is closed
            self.call_later(self.do, what, *arguments, **named)

    def do(self, what: Callable[..., object], *arguments: object, **named: object) -> None:
        """Do something that nobody waits for; what goes wrong with it is told."""
        try:
            what(*arguments, **named)
        except FileroomError as error:
            self.tell_error(error)
        except Exception as error:
            log.exception("something on the screen failed")
            self.bugs.append(error)
            self.tell_bug(error)

    def tell_report(self, report: Report) -> None:
        """Show how an operation ended, in the words of the command line."""
        self.tell_end(report.status, summary_of(report))

    def tell_end(self, status: Status, summary: Sequence[str]) -> None:
        """Show how an operation ended, as its summary says."""
        lines = [for_terminal(line) for line in summary[:TOLD_LINES]]
        if len(summary) > TOLD_LINES:
            lines.append("more in the task's details")
        if lines:
            self.notify("\n".join(lines), severity=SEVERITIES[status], timeout=8, markup=False)

    def tell_error(self, error: FileroomError) -> None:
        """Show what went wrong, and what to do about it."""
        lines = [error.message, *([error.hint] if error.hint else [])]
        told = "\n".join(for_terminal(as_keys(line)) for line in lines)
        self.notify(told, severity="error", timeout=8, markup=False)

    def known_values(self) -> Known:
        """Return what is known to complete a line with."""
        asked = self.query_pane.asked
        level = asked.level if asked is not None else QueryLevel.STUDY
        return known_values(
            self.nodes_pane.nodes,
            self.room.tasks.active(),
            ((self.local_pane.records, self.local_pane.level), (self.query_pane.records, level)),
        )

    def _take_hint(self, index: int) -> None:
        if isinstance(self.focused, LineInput):
            self.focused.take(index)

    def focused_pane(self) -> Pane | None:
        """Return the pane that has the focus; None while something stands before the panes."""
        widget: Widget | None = self.focused if self.screen_stack else None
        return (
            next((each for each in widget.ancestors_with_self if isinstance(each, Pane)), None)
            if widget
            else None
        )

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Unfold the pane that has the focus now."""
        del event
        self.last_pane = pane = self.focused_pane() or self.last_pane
        self.last_list = pane if isinstance(pane, ListPane) else self.last_list
        self.arrange()

    def go_to(self, pane: Pane) -> None:
        """Give the focus to a pane; it must be on the screen to take it."""
        self.last_pane = pane
        self.screen.minimize()
        self.arrange()
        focus_now(pane.body())

    def on_key(self, event: Key) -> None:
        """Hand on a letter that was pressed before the line had the focus: whatever had it then could not use it."""
        line = self.focused
        if isinstance(line, LineInput) and event.is_printable:
            event.prevent_default()
            line.post_message(Key(event.key, event.character))

    def on_click(self, event: Click) -> None:
        """Go to the pane that was clicked, by its frame, too: folded, it has nothing else."""
        widgets = event.widget.ancestors_with_self if event.widget is not None else ()
        pane = next((each for each in widgets if isinstance(each, Pane)), None)
        if pane is not None and pane is not self.focused_pane():
            self.go_to(pane)

    def on_resize(self, event: Resize) -> None:
        """Find room for the panes."""
        self.arrange(event.size)  # the app's own size is still the one before

    def arrange(self, size: Size | None = None) -> None:
        """Give each pane its place, by the size of the terminal and by which has the focus, or had it last."""
        width, height = size or self.size
        is_narrow = width < NARROW or height < LOW
        everything = self.query_one("#panes")
        everything.set_class(is_narrow, "narrow")
        everything.set_class(not is_narrow and width < WIDE, "two-columns")
        for pane in self.panes:
            pane.set_class(is_narrow and pane is not self.last_pane, "folded")
            pane.set_class(pane is self.last_pane, "in-front")
        # Told only where it makes a difference: all that is in a box has its styles looked up for it.
        one_at_a_time = is_narrow or everything.has_class("zoomed")
        for box in self.query("#columns, #lists, #left, #middle, #right"):
            box.set_class(one_at_a_time and self.last_pane in box.walk_children(Pane), "with-focus")
