"""How far tasks are, in words and bars."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from fileroom.domain.task import TaskState
from fileroom.entrypoints.wording import human_bytes

if TYPE_CHECKING:
    from fileroom.application.ports.progress import Progress
    from fileroom.application.task_queue import TaskView
    from fileroom.domain.task import TaskRecord

_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def progress_text(progress: "Progress | None") -> str:
    """Write how far a task is."""
    if progress is None:
        return ""
    of = f"/{progress.total}" if progress.total is not None else ""
    failed = f" ({progress.failed} failed)" if progress.failed else ""
    return f"{progress.done}{of}{failed}"


def state_text(view: "TaskView") -> str:
    """Write the state of a task, and of one that runs how far it is: a share, or a number where that is not known."""
    state, progress = view.record.state, view.progress
    if state is not TaskState.RUNNING or progress is None:
        return state.value
    share = share_of(progress)
    if share is not None:
        return f"{state.value} {share:.0%}"
    return f"{state.value} {progress.done if progress.done < 1000 else f'{progress.done // 1000}k'}"


def clock_text(seconds: float) -> str:
    """Write a duration as minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def bar(share: float, width: int) -> str:
    """Draw a share from 0 to 1 as a bar of `width` cells."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    drawn = "█" * full + (_EIGHTHS[rest] if rest else "")
    return drawn.ljust(width, "░")


def progress_line(progress: "Progress", seconds: float, width: int, *, is_over: bool = False) -> str:
    """Write all that is known of how far a task is, or came, with a bar where the end is known."""
    parts = [f"{progress.task} {progress_text(progress)}"]
    if progress.bytes_done:
        parts.append(human_bytes(progress.bytes_done))
        if seconds >= 1:
            parts.append(f"{human_bytes(progress.bytes_done / seconds)}/s")
    share = share_of(progress)
    if share is None:
        return " · ".join(parts)
    if 0 < share < 1 and seconds >= 1 and not is_over:
        parts.append(f"about {clock_text(seconds / share - seconds)} left")
    return f"{bar(share, width)} {share:4.0%}  {' · '.join(parts)}"


def share_of(progress: "Progress") -> float | None:
    """Return how much is done, from 0 to 1; None where nobody knows how much there is."""
    return min(progress.done / progress.total, 1.0) if progress.total else None


def facts_of(view: "TaskView", now: datetime) -> list[tuple[str, str]]:
    """Return what is known of a task besides its log, as names and values."""
    record = view.record
    facts = [("State", _state_text(record, now))]
    if record.command:
        facts.append(("Command", record.command))
    facts.append(("Asked for", _moment(record.created_at)))
    if record.started_at is not None:
        facts.append(("Began", _moment(record.started_at)))
    if record.finished_at is not None:
        facts.append(("Ended", _moment(record.finished_at)))
    if view.progress is not None and view.progress.item and not record.state.is_over:
        facts.append(("Works on", view.progress.item))
    return facts


def _state_text(record: "TaskRecord", now: datetime) -> str:
    spent = f", {clock_text(record.seconds(now))}" if record.started_at is not None else ""
    told = f"{record.state.value}{spent}"
    return f"{told}: it stops at the next safe point" if record.state is TaskState.CANCELLING else told


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")
