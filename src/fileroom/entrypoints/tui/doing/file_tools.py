"""Work on files: the tools of the command line as tasks, on paths or on what Local has selected."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.tui.doing.tasks import TaskActions
from fileroom.entrypoints.tui.file_commands import FILE_COMMANDS, FROM_JSON, SHOWING
from fileroom.entrypoints.tui.file_tools import FileToolRun, check_results, paths_in, selection_in
from fileroom.entrypoints.tui.language import Typed, write_without_patients
from fileroom.entrypoints.tui.levels import NOUNS, UID_KEYS
from fileroom.entrypoints.tui.widgets.line_input import LineInput
from fileroom.entrypoints.tui.work import TaskText
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.query import QueryLevel
    from fileroom.domain.task import TaskRecord
    from fileroom.entrypoints.tui.records import Record

_COMMANDS: Final = {command.name: command for command in FILE_COMMANDS}
_LONGEST: Final = 1000
"""Characters of a command that a task tells; longer ones name many objects."""


class FileToolActions(TaskActions):
    """The tools for files."""

    def action_work_on_files(self) -> None:
        """Ask what to do with what is selected here; from elsewhere, with files."""
        from fileroom.entrypoints.tui.screens.file_tool_form import tool_fields, typed_tool
        from fileroom.entrypoints.tui.screens.form import FormScreen

        local = self.local_pane
        level, chosen = local.level, local.records.selected if self.focused_pane() is local else ()
        tools = [tool for tool in FILE_COMMANDS if tool is not FROM_JSON or not chosen]
        what = counted(len(chosen), *NOUNS[level]) if chosen else "files"
        screen = FormScreen(
            f"Work on {what}",
            tool_fields(tools, has_files=bool(chosen)),
            attempt=lambda values: typed_tool(values, tools),
            check=lambda values: typed_tool(values, tools, looks=False),
            verb="Begin",
        )

        def begin(typed: Typed) -> None:  # with what the form named, whatever is selected by now
            self.work_on_files(self._naming(typed, level, chosen) if chosen else typed)

        self.ask(screen, begin)

    def work_on_files(self, typed: Typed) -> None:
        """Do what was typed, in a task; where neither files nor objects were named, on what Local has selected.

        Raises:
            InvalidInput: there is nothing to work on, or no place for results.
        """
        check_results(typed)
        typed = self._completed(typed)
        title, container = f"{typed.name} {_what(typed)}", self.room.container
        text = TaskText()
        is_showing = typed.name in SHOWING

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return FileToolRun(
                container=container, typed=typed, text=text, progress=progress, cancel=cancel
            ).do()

        command = write_without_patients(typed, _COMMANDS[typed.name])
        command = command if len(command) <= _LONGEST else ""
        if not is_showing:
            self.submit(title, work, command=command)
            return
        record = self.submit(
            title,
            work,
            command=command,
            then=lambda report: self._show_text(record, report, text),
            is_told=False,
            text=text,
        )

    def _completed(self, typed: Typed) -> Typed:
        """Take what Local has selected where nothing was named."""
        if paths_in(typed) or selection_in(typed) is not None:
            return typed
        chosen = self.local_pane.records.selected
        if not chosen:
            raise InvalidInput(
                f"{typed.name} has nothing to work on", hint="name a path, or select something in Local"
            )
        return self._naming(typed, self.local_pane.level, chosen)

    def _naming(self, typed: Typed, level: "QueryLevel", chosen: "Sequence[Record]") -> Typed:
        """Name what was selected, which is let go."""
        self.local_pane.records.let_go()
        uids = ",".join(record.key for record in chosen)
        return replace(typed, values=((UID_KEYS[level], uids), *typed.values))

    def _show_text(self, record: "TaskRecord", report: Report, text: TaskText) -> None:
        """Open the task, which shows what there is to see; only tell of it where something is being typed."""
        if report.failures or not text.lines:
            self.tell_report(replace(report, show=None) if text.lines else report)
        view = self.room.tasks.find(record.number)
        if not text.lines or view is None:
            return
        if self.screen.is_modal or isinstance(self.focused, LineInput):
            self.notify(f"{record.title} is done: Enter on the task shows what it found.", markup=False)
        else:
            self.open_task(view)


def _what(typed: Typed) -> str:
    """Say in few words what is worked on."""
    selection, paths = selection_in(typed), paths_in(typed)
    if selection is not None:
        uids = typed.get(UID_KEYS[selection.level]) or ""
        number = uids.count(",") + 1
        return selection.level.entity if number == 1 else counted(number, *NOUNS[selection.level])
    return (paths[0].name or str(paths[0])) if len(paths) == 1 else f"{len(paths)} paths"
