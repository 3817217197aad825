"""Answering C-FIND, C-MOVE and C-GET from handlers (PS3.4 C.4).

Identifiers are imported where they are needed: a listener that only stores has no use for their dictionary.
"""

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, cast

from fileroom.adapters.dicom._services import errors
from fileroom.adapters.dicom._services.endings import Fate, LinkEnded
from fileroom.adapters.dicom._services.link import Link
from fileroom.adapters.dicom._services.messages import Message
from fileroom.adapters.dicom._services.store_session import Opened, store_request
from fileroom.adapters.dicom._shared.dimse import RESPONSE, CommandField, response_to
from fileroom.application.ports.dicom_client import Peer
from fileroom.application.ports.dicom_server import (
    Caller,
    QueryHandler,
    RetrieveHandler,
    ServedStep,
    StoreReply,
    SubOperationSender,
)
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import FileroomError, InvalidInput, Unreadable
from fileroom.domain.query import Attributes, Query, QueryLevel, QueryModel, Selection
from fileroom.domain.sop_classes import PATIENT_ROOT_FIND, PATIENT_ROOT_GET, PATIENT_ROOT_MOVE, sop_class_name
from fileroom.domain.transfer import SubOperations

_log = logging.getLogger(__name__)

_SUCCESS: Final = 0x0000
_PENDING: Final = 0xFF00
_CANCELLED: Final = 0xFE00
_BAD_IDENTIFIER: Final = 0xA900
_UNKNOWN_DESTINATION: Final = 0xA801
_UNABLE: Final = 0xC000
_PATIENT_ROOT: Final = frozenset({PATIENT_ROOT_FIND, PATIENT_ROOT_MOVE, PATIENT_ROOT_GET})

_NO_COUNTERS: Final = SubOperations()

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedRequest:
    """A request and what is needed to answer it."""

    link: Link
    caller: Caller
    message: Message
    sop_class_uid: str
    """Of the presentation context."""
    syntax: str
    """Of the presentation context."""
    our_ae_title: str
    idle_seconds: float

    def answer(
        self,
        status: int,
        *,
        comment: str = "",
        counters: SubOperations | None = None,
        identifier: bytes = b"",
    ) -> None:
        """Send a response.

        Raises:
            LinkEnded: the association is over.
        """
        told = counters or _NO_COUNTERS
        answer = response_to(
            self.message.command,
            status,
            error_comment=comment.encode("ascii", "replace").decode(),
            remaining=told.remaining,
            completed=told.completed,
            failed=told.failed,
            warning=told.warning,
            has_data_set=bool(identifier),
        )
        self.link.send(self.message.context_id, answer, [identifier] if identifier else ())

    def keys(self) -> tuple[QueryLevel, QueryModel, dict[str, str]]:
        """Read the identifier.

        Raises:
            InvalidInput: it names no level.
        """
        from fileroom.adapters.dicom._shared import identifiers

        keys = identifiers.decode(self.message.data, self.syntax)
        level = QueryLevel.from_dicom(keys.pop("QueryRetrieveLevel", ""))
        model = QueryModel.PATIENT_ROOT if self.sop_class_uid in _PATIENT_ROOT else QueryModel.STUDY_ROOT
        return level, model, keys

    @property
    def is_cancelled(self) -> bool:
        """Whether a C-CANCEL came for it."""
        return self.link.inbox.is_cancelled(self.message.command.message_id)


def serve_find(request: ServedRequest, handler: QueryHandler) -> None:
    """Answer a C-FIND (PS3.4 C.4.1).

    Raises:
        LinkEnded: the association is over.
    """
    request.link.inbox.forget_cancels()
    status, comment = _SUCCESS, ""
    try:
        level, model, keys = request.keys()
        with _closed(handler.find(request.caller, Query(level=level, model=model, keys=keys))) as matches:
            for match in matches:
                request.link.poll()
                if request.is_cancelled:
                    status = _CANCELLED
                    break
                request.answer(_PENDING, identifier=_identifier(request, level, match))
    except LinkEnded:
        raise
    except InvalidInput as error:
        status, comment = _BAD_IDENTIFIER, error.message
    except FileroomError as error:
        status, comment = _UNABLE, error.message
    except Exception:  # noqa: BLE001 - a handler's bug ends one operation, not the association
        _log.exception("a query of %s failed", request.caller)
        status, comment = _UNABLE, "internal error"
    request.answer(status, comment=comment)


def serve_retrieve(request: ServedRequest, handler: RetrieveHandler) -> None:
    """Answer a C-MOVE (PS3.4 C.4.2) or a C-GET (PS3.4 C.4.3).

    Raises:
        LinkEnded: the association is over.
    """
    request.link.inbox.forget_cancels()
    last = SubOperations()
    final: ServedStep | None = None
    try:
        with _closed(_started(request, handler)) as steps:
            for step in steps:
                request.link.poll()
                if step.status != _PENDING:
                    final = step
                    break
                last = step.counters
                if request.is_cancelled:
                    final = ServedStep(status=_CANCELLED, counters=last)
                    break
                request.answer(_PENDING, counters=step.counters)
    except LinkEnded:
        raise
    except InvalidInput as error:
        final = ServedStep(status=_BAD_IDENTIFIER, counters=SubOperations(), error_comment=error.message)
    except FileroomError as error:
        request.link.poll()  # what failed may be this association
        final = ServedStep(status=_UNABLE, counters=last, error_comment=error.message)
    except Exception:  # noqa: BLE001 - a handler's bug ends one operation, not the association
        _log.exception("a retrieval of %s failed", request.caller)
        final = ServedStep(status=_UNABLE, counters=last, error_comment="internal error")
    _answer_finally(request, final or ServedStep(status=_UNABLE, counters=last))


def _started(request: ServedRequest, handler: RetrieveHandler) -> Iterator[ServedStep]:
    level, model, keys = request.keys()
    selection = Selection.from_keys(level, model, keys)
    command = request.message.command
    if command.field == CommandField.C_GET:
        return handler.get(request.caller, selection, _BackSender(request))
    try:
        destination = AeTitle(command.move_destination)
    except InvalidInput:
        unknown = ServedStep(status=_UNKNOWN_DESTINATION, counters=SubOperations())
        return iter((unknown,))
    return handler.move(request.caller, selection, destination, command.message_id or 0)


def _answer_finally(request: ServedRequest, step: ServedStep) -> None:
    """Send the final response: only a cancelled one says how many remain (PS3.4 C.4.2.1.6)."""
    counters = step.counters
    if step.status != _CANCELLED:
        counters = SubOperations(
            completed=counters.completed, failed=counters.failed, warning=counters.warning
        )
    identifier = b""
    if step.failed_sop_instance_uids:
        from fileroom.adapters.dicom._shared import identifiers

        failed = {"FailedSOPInstanceUIDList": "\\".join(step.failed_sop_instance_uids)}
        identifier = identifiers.encode(failed, request.syntax, with_character_set=False)
    request.answer(step.status, comment=step.error_comment, counters=counters, identifier=identifier)


def _identifier(request: ServedRequest, level: QueryLevel, match: Attributes) -> bytes:
    from fileroom.adapters.dicom._shared import identifiers

    told = {
        "QueryRetrieveLevel": level.dicom,
        "RetrieveAETitle": request.our_ae_title,
        "InstanceAvailability": "ONLINE",
        **match,
    }
    return identifiers.encode(told, request.syntax, strict=False)


class _BackSender(SubOperationSender):
    """Sends the sub-operations of a C-GET on the association that asked for them."""

    def __init__(self, request: ServedRequest) -> None:
        self._request = request
        self._link = request.link
        self._peer = Peer(
            ae_title=AeTitle(request.caller.calling_ae_title or "?"),
            host=request.caller.address,
            port=request.caller.port,
        )

    def send(self, source: OutgoingObject) -> StoreReply:
        """Send one object and wait for the answer."""
        context_id = self._link.context_for_sending(source.sop_class_uid, source.transfer_syntax_uid)
        if context_id is None:
            raise errors.no_context(
                self._peer, sop_class_name(source.sop_class_uid), [source.transfer_syntax_uid]
            )
        doing = f"while {source.sop_instance_uid} was sent"
        try:
            with Opened(source) as opened:
                command = store_request(source, self._link.next_message_id(), None)
                try:
                    self._link.send(context_id, command, opened.blocks)
                except Unreadable:
                    self._link.give_up(Fate.STOPPED, "an object could not be read to its end")
            answer = self._link.receive(self._request.idle_seconds)
            if (
                answer.command.field != command.field | RESPONSE
                or answer.command.responding_to != command.message_id
            ):
                self._link.give_up(Fate.PROTOCOL, "what came is no answer to the sub-operation")
        except LinkEnded as end:
            raise errors.ended(self._peer, end.ending, doing) from end
        return StoreReply(status=answer.command.status or 0, error_comment=answer.command.error_comment)


@contextmanager
def _closed(iterator: Iterator[_T]) -> Iterator[Iterator[_T]]:
    """Close an iterator at the end, where it can be closed; generators can."""
    if hasattr(iterator, "close"):
        with closing(cast("_Closable", iterator)):
            yield iterator
    else:
        yield iterator


class _Closable(Protocol):
    def close(self) -> None: ...
