"""The terminal UI: all of fileroom at the keyboard."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.entrypoints.tui.doing.exports import ExportActions
from fileroom.entrypoints.tui.doing.following import FollowingActions
from fileroom.entrypoints.tui.doing.nodes import NodeActions
from fileroom.entrypoints.tui.doing.objects import ObjectActions
from fileroom.entrypoints.tui.doing.queries import QueryActions
from fileroom.entrypoints.tui.doing.typed import TypedActions

if TYPE_CHECKING:
    from fileroom.entrypoints.container import Container


class FileroomApp(TypedActions, NodeActions, QueryActions, ObjectActions, ExportActions, FollowingActions):
    """The panes, and all that can be done."""


GRACE_SECONDS: Final = 5.0
"""How long tasks may take to stop when the screen has failed."""


def run(container: "Container", data_dir: Path) -> int:
    """Run the terminal UI until it is left, and return the exit code.

    Raises:
        Exception: a bug ended it; the terminal is as it was before.
    """
    app = FileroomApp(container, data_dir)
    code = app.run()
    if app.failure is not None:
        app.listener.stop()
        app.room.tasks.close(GRACE_SECONDS)
        app.listener.join(GRACE_SECONDS)
        raise app.failure
    return code or 0
