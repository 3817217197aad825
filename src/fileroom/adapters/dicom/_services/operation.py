"""A request with many responses (C-FIND, C-MOVE, C-GET), and how it is cancelled (PS3.7 9.1.2, 9.3.2.3)."""

from collections.abc import Callable, Generator
from contextlib import suppress
from time import monotonic
from typing import Final

from fileroom.adapters.dicom._services.messages import Message
from fileroom.adapters.dicom._services.requestor import DRAIN_SECONDS, Requestor
from fileroom.adapters.dicom._shared.dimse import CommandField, CommandSet
from fileroom.application.ports.cancellation import CancelToken
from fileroom.domain.errors import PeerError

_PENDING: Final = frozenset({0xFF00, 0xFF01})


class Operation:
    """One request on its way; `answers` is read once."""

    def __init__(
        self,
        requestor: Requestor,
        context_id: int,
        request: CommandSet,
        cancel: CancelToken,
        *,
        doing: str,
        stops: bool = False,
        aside: Callable[[Message], None] | None = None,
    ) -> None:
        self._requestor = requestor
        self._context_id = context_id
        self._request = request
        self._cancel = cancel
        self._doing = doing
        self._stops = stops
        """Whether responses after a cancel are of no interest."""
        self._aside = aside
        self._told = False

    def start(self, identifier: bytes) -> None:
        """Send the request."""
        self._requestor.send(
            self._context_id, self._request, [identifier], doing=f"while {self._doing} was sent"
        )

    @staticmethod
    def is_pending(answer: Message) -> bool:
        """Tell whether more responses follow."""
        return answer.command.status in _PENDING

    def answers(self) -> Generator[Message, None, None]:
        """Yield the responses, the final one last; leaving early cancels and waits for the final one.

        Raises:
            PeerError: the association is over.
        """
        final = False
        try:
            while not final:
                answer = self._next(None)
                final = not self.is_pending(answer)
                if final or not (self._told and self._stops):
                    yield answer
        except GeneratorExit:
            if not final:
                with suppress(PeerError):
                    self._drain()
            raise

    def _drain(self) -> None:
        self._tell()
        deadline = monotonic() + DRAIN_SECONDS
        while monotonic() < deadline:
            if not self.is_pending(self._next(deadline - monotonic())):
                return
        self._requestor.link.abort_now()

    def _next(self, seconds: float | None) -> Message:
        """Wait for a response; objects that come before it are taken aside."""
        while True:
            self._look()
            message = self._requestor.receive(
                doing=self._doing, every_slice=self._look, seconds=seconds and max(seconds, 0.1)
            )
            if self._aside is not None and message.command.field == CommandField.C_STORE:
                self._aside(message)
                continue
            self._requestor.check_answer(message, self._request, doing=self._doing)
            return message

    def _look(self) -> None:
        if not self._told and self._cancel.is_cancelled():
            self._tell()

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            self._requestor.cancel(self._context_id, self._request, doing=self._doing)
