"""An association that a listener in memory accepted: requests in, handlers driven, answers out."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from fileroom.adapters.dicom.memory.network import (
    AcceptedContext,
    AcceptorEnd,
    Arrival,
    Proposal,
    Take,
    negotiate,
    no_context,
    opened,
)
from fileroom.application.ports.dicom_client import RetrieveStep
from fileroom.application.ports.dicom_server import (
    Caller,
    ServedStep,
    StoreReply,
    StoreRequest,
    SubOperationSender,
)
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import FileroomError, InvalidInput, PeerBrokeProtocol, PeerDropped
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer import SubOperations
from fileroom.domain.uid import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

if TYPE_CHECKING:
    from fileroom.adapters.dicom.memory.server import MemoryListener

_log = logging.getLogger(__name__)

_SUCCESS: Final = 0x0000
_PENDING: Final = 0xFF00
_CANCELLED: Final = 0xFE00
_BAD_IDENTIFIER: Final = 0xA900
_UNABLE: Final = 0xC000
_COMMENT_LENGTH: Final = 64

_T = TypeVar("_T")


class ServedAssociation(AcceptorEnd):
    """An association that the listener accepted."""

    implementation_class_uid = IMPLEMENTATION_CLASS_UID
    implementation_version = IMPLEMENTATION_VERSION_NAME

    def __init__(self, listener: "MemoryListener", caller: Caller, proposal: Proposal) -> None:
        self._listener = listener
        self._caller = caller
        self._cancelled = False
        self._over = ""
        self.busy = False
        self.contexts: tuple[AcceptedContext, ...] = negotiate(proposal, listener.supported)
        self.max_pdu_length = listener.options.max_pdu_length

    def echo(self) -> int:
        """Answer a C-ECHO."""
        self._check()
        return _SUCCESS

    def store(self, arrival: Arrival) -> StoreReply:
        """Have the handler take an object."""
        self._check()
        handler = _offered(self._listener.services.store)
        request = StoreRequest(
            caller=self._caller,
            sop_class_uid=arrival.sop_class_uid,
            sop_instance_uid=arrival.sop_instance_uid,
            transfer_syntax_uid=arrival.transfer_syntax_uid,
            move_originator_ae_title=arrival.originator.ae_title if arrival.originator else "",
        )
        with self._listener.working(self):
            reception = handler.begin(request)
            try:
                for part in arrival.slices:
                    self._check()
                    reception.feed([memoryview(part)])
                self._check()
            except FileroomError as error:
                reception.abandon(str(error))
                self.end("aborted by peer")
                raise
            return _shortened(reception.finish())

    def find(self, query: Query) -> Iterator[tuple[int, Attributes | None]]:
        """Have the handler answer a query."""
        handler = _offered(self._listener.services.query)
        status, self._cancelled = _SUCCESS, False
        with self._listener.working(self):
            try:
                with _closing(handler.find(self._caller, query)) as matches:
                    for match in matches:
                        self._check()
                        if self._cancelled:
                            status = _CANCELLED
                            break
                        yield _PENDING, self._identifier(query, match)
            except InvalidInput:
                status = _BAD_IDENTIFIER
            except FileroomError:
                if self._over:
                    raise
                status = _UNABLE
            except Exception:  # noqa: BLE001 - a handler's bug ends one operation, not the listener
                _log.exception("a query of %s failed", self._caller)
                status = _UNABLE
        yield status, None

    def move(self, selection: Selection, destination: AeTitle, message_id: int) -> Iterator[RetrieveStep]:
        """Have the handler send objects elsewhere."""
        handler = _offered(self._listener.services.retrieve)
        return self._served(
            selection, lambda checked: handler.move(self._caller, checked, destination, message_id)
        )

    def get(self, selection: Selection, take: Take) -> Iterator[RetrieveStep]:
        """Have the handler send objects back."""
        handler = _offered(self._listener.services.retrieve)
        sender = _BackSender(self, take)
        return self._served(selection, lambda checked: handler.get(self._caller, checked, sender))

    def cancel(self) -> None:
        """Take note of a C-CANCEL."""
        self._cancelled = True

    def release(self) -> None:
        """End in good order."""
        if (store := self._listener.services.store) is not None and not self._over:
            store.settle()
        self.end("released")

    def abort(self) -> None:
        """End at once."""
        self.end("aborted by peer")

    def end(self, why: str) -> None:
        """End for a reason; does nothing the second time."""
        self._over = self._over or why
        if self._listener.left(self):
            self._listener.services.observer.ended(self._caller, why)

    def _served(
        self, selection: Selection, start: Callable[[Selection], Iterator[ServedStep]]
    ) -> Iterator[RetrieveStep]:
        self._cancelled = False
        counters = SubOperations()
        final: RetrieveStep | None = None
        with self._listener.working(self):
            try:
                checked = Selection.from_keys(selection.level, selection.model, selection.keys())
                with _closing(start(checked)) as steps:
                    for step in steps:
                        self._check()
                        if step.status != _PENDING:
                            final = _final(step)
                            break
                        counters = step.counters
                        if self._cancelled:
                            final = RetrieveStep(status=_CANCELLED, counters=counters)
                            break
                        yield RetrieveStep(status=_PENDING, counters=counters)
            except InvalidInput as error:
                final = RetrieveStep(
                    status=_BAD_IDENTIFIER, counters=SubOperations(), error_comment=_comment(str(error))
                )
            except FileroomError as error:
                if self._over:
                    raise
                final = RetrieveStep(status=_UNABLE, counters=counters, error_comment=_comment(str(error)))
            except Exception:  # noqa: BLE001 - a handler's bug ends one operation, not the listener
                _log.exception("a retrieval of %s failed", self._caller)
                final = RetrieveStep(status=_UNABLE, counters=counters)
        yield final or RetrieveStep(status=_UNABLE, counters=counters)

    def _identifier(self, query: Query, match: Attributes) -> Attributes:
        """Add what every answer tells besides the match (PS3.4 C.4.1.1.3.2)."""
        return {
            "QueryRetrieveLevel": query.level.dicom,
            "RetrieveAETitle": str(self._listener.options.ae_title),
            "InstanceAvailability": "ONLINE",
            **match,
        }

    def _check(self) -> None:
        if self._over:
            raise PeerDropped(f"the association is over: {self._over}")


class _BackSender(SubOperationSender):
    """Sends sub-operations of a C-GET to the requestor."""

    def __init__(self, association: ServedAssociation, take: Take) -> None:
        self._association = association
        self._take = take

    def send(self, source: OutgoingObject) -> StoreReply:
        """Send one object to the requestor."""
        self._association._check()  # noqa: SLF001 - one mechanism in two classes
        wanted = AcceptedContext(
            sop_class_uid=source.sop_class_uid,
            transfer_syntax_uid=source.transfer_syntax_uid,
            requestor_is_scp=True,
        )
        if wanted not in self._association.contexts:
            raise no_context(source.sop_class_uid, [source.transfer_syntax_uid])
        with opened(source) as arrival:
            return self._take(arrival)


def _offered(handler: _T | None) -> _T:
    """The handler of a service whose context was accepted; without one it would not have been."""
    if handler is None:
        raise PeerBrokeProtocol("a request came on a presentation context that was not accepted")
    return handler


@contextmanager
def _closing(iterator: Iterator[_T]) -> Iterator[Iterator[_T]]:
    """Close an iterator at the end where it can be closed; generators can."""
    if hasattr(iterator, "close"):
        with closing(cast("_Closable", iterator)):
            yield iterator
    else:
        yield iterator


class _Closable(Protocol):
    def close(self) -> None: ...


def _comment(text: str) -> str:
    return text.encode("ascii", "replace").decode()[:_COMMENT_LENGTH]


def _shortened(reply: StoreReply) -> StoreReply:
    return StoreReply(status=reply.status, error_comment=_comment(reply.error_comment))


def _final(step: ServedStep) -> RetrieveStep:
    """The final response as it travels: only a cancelled one says how many remain (PS3.4 C.4.2.1.6)."""
    counters = step.counters
    if step.status != _CANCELLED:
        counters = SubOperations(
            completed=counters.completed, failed=counters.failed, warning=counters.warning
        )
    return RetrieveStep(
        status=step.status,
        counters=counters,
        failed_sop_instance_uids=step.failed_sop_instance_uids,
        error_comment=_comment(step.error_comment),
    )
