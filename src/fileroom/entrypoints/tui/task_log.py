"""What the program logs while a task runs, in that task's own log too."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from fileroom.application.task_queue import TaskContext

_RUNNING: ContextVar[TaskContext | None] = ContextVar("running task", default=None)
"""The task whose thread this is: every thread has a context of its own."""


@contextmanager
def logged_by(context: TaskContext) -> Iterator[None]:
    """Have what this thread logs from now on in the log of a task."""
    token = _RUNNING.set(context)
    try:
        yield
    finally:
        _RUNNING.reset(token)


class TaskLogHandler(logging.Handler):
    """Hands records to the task in whose thread they are made; those of other threads are nothing to it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Add a line to the task's log."""
        context = _RUNNING.get()
        if context is not None:
            moment = time.strftime("%H:%M:%S", time.localtime(record.created))
            context.say(f"{moment} {record.levelname.lower()} {text_of(record)}")


def text_of(record: logging.LogRecord) -> str:
    """Return a record's message as one text, and the kind of the error that came with it."""
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # its arguments do not fit
        text = str(record.msg)
    if record.exc_info and record.exc_info[0] is not None:
        text = f"{text} ({record.exc_info[0].__name__})"
    return text
