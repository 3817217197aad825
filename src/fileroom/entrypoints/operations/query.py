"""Asks a node what it has, and reports how that ended: the matches before count in any case."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fileroom.domain.errors import Cancelled, QueryCutShort
from fileroom.entrypoints.report import Failure, Report, Status
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.application.use_cases.query_node import QueryRequest
    from fileroom.domain.query import Attributes
    from fileroom.entrypoints.container import Container


class RunningQuery:
    """Matches as they come, and how it ended once there are no more."""

    def __init__(
        self,
        container: "Container",
        request: "QueryRequest",
        *,
        progress: "ProgressSink",
        cancel: "CancelToken",
    ) -> None:
        """Nothing is asked before the first match is wanted."""
        self._request = request
        self._stream = container.query_node().stream(request, progress=progress, cancel=cancel)
        self._count = 0
        self._status = Status.SUCCESS
        self._failures: list[Failure] = []

    def matches(self) -> "Iterator[Attributes]":
        """Yield each match.

        Raises:
            NotFound: the target is neither a node nor an address.
            InvalidInput: a key is unknown, or the model has no such level.
            PeerError: the peer could not be asked, or answered a failure.
        """
        try:
            for match in self._stream:
                self._count += 1
                yield match
        except QueryCutShort as error:
            self._status = Status.PARTIAL
            self._failures.append(
                Failure(what=self._request.target, why=error.message, hint=error.hint, kind=error.kind)
            )
        except Cancelled:
            self._status = Status.CANCELLED

    @property
    def is_limited(self) -> bool:
        """The limit ended it; there may be more."""
        return self._request.limit is not None and self._count >= self._request.limit

    def report(self, fields: dict[str, object] | None = None) -> Report:
        """Report how it ended."""
        cut = "cancelled" if self._status is Status.CANCELLED else "the limit" if self.is_limited else ""
        told = counted(self._count, "match", "matches") + (f" ({cut}; there may be more)" if cut else "")
        return Report(
            fields=fields or {},
            status=self._status,
            failures=self._failures,
            show=lambda output: output.note(told),
        )
