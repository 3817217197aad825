"""Runs one command: cancellation, progress, errors, exit codes, and the report as text or as one JSON document."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from fileroom.domain.errors import Cancelled, FileroomError, StorageError
from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.output import Output, OutputClosed
from fileroom.entrypoints.cli.state import State
from fileroom.entrypoints.report import Failure, Report, Status, ended_by, failures_in_words

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.entrypoints.cli.progress import TerminalProgress
    from fileroom.entrypoints.container import Container

__all__ = ["Failure", "Operation", "Report", "Status", "document_of", "ended_by", "run", "run_light"]

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """What a command's work gets."""

    container: "Container"
    progress: "TerminalProgress"
    cancel: "CancelToken"
    output: Output


_CODES = {
    Status.SUCCESS: failures.SUCCESS,
    Status.PARTIAL: failures.PARTIAL,
    Status.FAILED: failures.PARTIAL,
    Status.CANCELLED: failures.CANCELLED,
}
SHOWN_FAILURES = 20
"""Reasons that are told; more are counted."""
NAMED_FAILURES = 3
"""Items that are named for one reason; more are counted."""


def run(
    context: typer.Context,
    name: str,
    work: Callable[[Operation], Report],
    *,
    json: bool = False,
    overrides: dict[str, object] | None = None,
    show_log: bool = False,
) -> None:
    """Do a command's work and leave with its exit code.

    `overrides` are settings that options of this command set; `show_log` names the log file after a summary.

    Raises:
        typer.Exit: always, unless the exit code is 0.
    """
    state: State = context.obj
    state.overrides |= {key: value for key, value in (overrides or {}).items() if value is not None}
    run_light(context, name, lambda state: _work(state, work), json=json, show_log=show_log)


def run_light(
    context: typer.Context,
    name: str,
    work: Callable[[State], Report],
    *,
    json: bool = False,
    show_log: bool = False,
) -> None:
    """Do the work of a command that opens neither catalog nor store; otherwise like `run`.

    Raises:
        typer.Exit: always, unless the exit code is 0.
    """
    state: State = context.obj
    started = datetime.now(UTC)
    try:
        report = work(state)
        _log_end(name, report)
        state.close()
    except FileroomError as error:
        report = _failed(state, name, error)
        _log_end(name, report)
        state.close()
    except OutputClosed:
        state.close()
        raise
    except Exception as error:  # noqa: BLE001 - the edge: every error becomes a message and an exit code
        # Nobody knows what was left half done: the store is not closed, so that the next start looks at it.
        report = _failed(state, name, error)
    except KeyboardInterrupt:
        report = _failed(state, name, Cancelled("stopped at once, by a second Ctrl-C"))
    try:
        if json:
            state.output.document(document_of(state, name, started, report))
        elif report.show is not None:
            report.show(state.output)
    except StorageError as error:  # stdout is a file on a full disk
        report = replace(report, error=report.error or error, code=report.code or failures.exit_code(error))
    if report.error is not None:
        state.output.error(report.error.message, report.error.hint)
    for text, hint in failures_in_words(
        report.failures,
        reasons=SHOWN_FAILURES,
        names=NAMED_FAILURES,
        elsewhere="use --json to see them all",
    ):
        state.output.warning(text, hint)
    if show_log and report.error is None:
        state.output.note(f"log: {state.log_file}")
    code = _code_of(report)
    if code:
        raise typer.Exit(code)


def _code_of(report: Report) -> int:
    if report.code is not None:
        return report.code
    if report.error is not None:
        return failures.exit_code(report.error)
    if report.failed_as:
        return failures.exit_code_of_kind(report.failed_as, failures.PARTIAL)
    return _CODES[report.status]


def _log_end(name: str, report: Report) -> None:
    """Log how an operation ended, in numbers: these hold nothing of a patient."""
    import logging

    numbers = ", ".join(
        f"{key} {value}"
        for key, value in report.fields.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    )
    why = f" ({report.error.kind})" if report.error is not None else ""
    logging.getLogger(__name__).info(
        "%s: %s%s%s", name, report.status.value, why, f": {numbers}" if numbers else ""
    )


class _Bug(FileroomError):
    """Something that nobody foresaw."""

    kind = "bug"


def _failed(state: State, name: str, error: Exception) -> Report:
    if not isinstance(error, FileroomError):
        import logging

        logging.getLogger(__name__).error("%s failed", name, exc_info=error)
        error = _Bug(
            f"this is a bug in fileroom ({type(error).__name__})",
            hint=f"the traceback is in {state.log_file}",
        )
    return ended_by(error)


def _work(state: State, work: Callable[[Operation], Report]) -> Report:
    from fileroom.entrypoints.cli.progress import TerminalProgress

    container = state.container
    cancel = container.cancel_token()
    state.interrupts.cancel_with(cancel.cancel)
    with TerminalProgress(quiet=state.quiet) as progress:
        return work(Operation(container=container, progress=progress, cancel=cancel, output=state.output))


def document_of(state: State, name: str, started: datetime, report: Report) -> dict[str, object]:
    """Return the JSON document of an operation that ends now."""
    finished = datetime.now(UTC)
    return {
        "schema_version": SCHEMA_VERSION,
        "operation": name,
        "status": report.status.value,
        "started_at": started.isoformat(),
        "finished_at": finished.isoformat(),
        "duration_seconds": round((finished - started).total_seconds(), 6),
        **{key: value for key, value in report.fields.items() if value is not None},
        "failures": [
            {
                key: value
                for key, value in (
                    ("what", each.what),
                    ("why", each.why),
                    ("hint", each.hint),
                    ("kind", each.kind),
                )
                if value
            }
            for each in report.failures
        ],
        "log": str(state.log_file),
    }
