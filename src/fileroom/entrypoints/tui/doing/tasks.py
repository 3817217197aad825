"""Tasks: looking at one, and asking some to stop."""

from typing import TYPE_CHECKING

from fileroom.domain.errors import NotFound
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.tui.readers import apart
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.task_queue import TaskView


class TaskActions(AskingActions):
    """Actions of the group Tasks."""

    def action_enter(self) -> None:
        """Open the task that is marked."""
        if self.focused_pane() is not self.tasks_pane:
            super().action_enter()
            return
        views = self.tasks_pane.selected_tasks()
        if views:
            self.open_task(views[-1])

    def open_task(self, view: "TaskView") -> None:
        """Show all about a task."""
        from fileroom.entrypoints.tui.screens.task_details import TaskDetailsScreen

        if not self.screen.is_modal:
            self.push_screen(TaskDetailsScreen(self.room, view, self.cancel_task))

    def action_toggle_history(self) -> None:
        """Show the tasks that ended, or those that run."""
        self.tasks_pane.toggle()

    def action_cancel_task(self) -> None:
        """Ask the tasks that are selected to stop, or the marked one."""
        views = [view for view in self.tasks_pane.selected_tasks() if not view.record.state.is_over]
        if not views:
            over = self.tasks_pane.is_history and self.tasks_pane.records.total
            self.notify("The task is over already." if over else "No task runs.", severity="warning")
            return
        for view in views:
            self.cancel_task(view.record.number)
        self.tasks_pane.records.let_go()
        if len(views) > 1:
            self.notify(f"{counted(len(views), 'task')} will stop at a safe point.")

    def cancel_task(self, number: int) -> None:
        """Ask a task to stop; the history is written, which the screen does not wait for, nor this for readers."""

        def cancel() -> None:
            try:
                self.room.tasks.cancel(number)
            except NotFound:
                self.post(self.notify, "The task is over already.", severity="warning")
            self.post(self.look_around)

        apart(cancel, "cancel")
