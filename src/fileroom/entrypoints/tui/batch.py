"""Several operations as one task: each reports for itself, and all of them together."""

from collections.abc import Sequence
from dataclasses import replace

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.domain.errors import Cancelled, FileroomError
from fileroom.entrypoints.report import Failure, Printer, Report, Status
from fileroom.entrypoints.tui.work import Work


class _Share(ProgressSink):
    """Progress of one operation among others: how many are over, and what the one that runs works on."""

    def __init__(self, sink: ProgressSink, done: int, total: int, failed: int) -> None:
        self._sink = sink
        self._done, self._total, self._failed = done, total, failed
        self._latest: Progress | None = None

    def report(self, progress: Progress) -> None:
        self._latest = replace(progress, done=self._done, total=self._total, failed=self._failed)
        self._sink.report(self._latest)

    def end(self, *, has_failed: bool) -> None:
        """Tell that the operation is over, where it told anything."""
        if self._latest is not None:
            done, failed = self._done + 1, self._failed + has_failed
            self._sink.report(replace(self._latest, done=done, failed=failed, item=""))


def one_after_the_other(works: Sequence[tuple[str, Work]]) -> Work:
    """Return work that does these, each with its name, in turn.

    One that fails does not keep the others from their turn.
    """

    def run(progress: ProgressSink, cancel: CancelToken) -> Report:
        reports: list[Report] = []
        for name, work in works:
            if cancel.is_cancelled():
                break
            failed = sum(report.status is Status.FAILED for report in reports)
            share = _Share(progress, len(reports), len(works), failed)
            try:
                reports.append(work(share, cancel))
            except Cancelled:
                break
            except FileroomError as error:
                reports.append(
                    Report(
                        status=Status.FAILED,
                        failures=[Failure(what=name, why=error.message, hint=error.hint, kind=error.kind)],
                    )
                )
            share.end(has_failed=reports[-1].status is Status.FAILED)
        return _together(reports, len(works), is_cancelled=cancel.is_cancelled())

    return run


def _together(reports: Sequence[Report], total: int, *, is_cancelled: bool) -> Report:
    succeeded = sum(report.status is Status.SUCCESS for report in reports)
    failed = sum(report.status is Status.FAILED for report in reports)

    def show(output: Printer) -> None:
        output.note(f"{succeeded} of {total} done in full")
        for report in reports:
            if report.show is not None:
                report.show(output)

    if is_cancelled:
        status = Status.CANCELLED
    elif succeeded == total:
        status = Status.SUCCESS
    else:
        status = Status.FAILED if failed == total else Status.PARTIAL
    return Report(
        status=status, failures=[failure for report in reports for failure in report.failures], show=show
    )
