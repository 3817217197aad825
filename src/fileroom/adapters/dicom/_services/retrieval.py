"""Taking the objects of a C-GET on the association that asked for them (PS3.4 C.4.3)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from fileroom.adapters.dicom._services import errors
from fileroom.adapters.dicom._services.messages import Message
from fileroom.adapters.dicom._services.requestor import Requestor
from fileroom.adapters.dicom._shared.contexts import MAX_CONTEXTS
from fileroom.adapters.dicom._shared.dimse import CommandSet
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.application.ports.dicom_server import Caller, Reception, StoreHandler, StoreReply, StoreRequest
from fileroom.domain.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES, TRANSFER_SYNTAXES

_NOT_ACCEPTED: Final = 0x0122
_UNCOMPRESSED: Final = tuple(
    uid for uid in STORAGE_TRANSFER_SYNTAXES if not TRANSFER_SYNTAXES[uid].is_encapsulated
)
# Alone in a context each, as far as there is room: what archives keep, most common first.
_COMMON: Final = (
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.81",
)


MAX_SYNTAXES: Final = 48
"""In one context: DCMTK gives up an association that proposes more than 50."""
_RARE: Final = tuple(
    sorted(
        (uid for uid in STORAGE_TRANSFER_SYNTAXES if uid not in _UNCOMPRESSED and uid not in _COMMON),
        key=lambda uid: TRANSFER_SYNTAXES[uid].is_retired,
    )
)


def get_contexts(classes: Sequence[str]) -> Iterator[ProposedContext]:
    """Return the storage contexts of a C-GET, at least one for each class, 127 at most.

    An acceptor picks one transfer syntax a context; where all are in one context it may pick one that the objects do
    not have. So each class gets as many contexts as there is room for: uncompressed, then the common compressed
    syntaxes one by one, then all others. Retired syntaxes come last, and go first where a context is too long.
    """
    room = (MAX_CONTEXTS - 1) // max(len(classes), 1)
    alone = _COMMON[: max(room - 2, 0)]
    rest = (*_COMMON[len(alone) :], *_RARE)
    apart = (_UNCOMPRESSED, *((uid,) for uid in alone), rest)
    groups = ((*_UNCOMPRESSED, *rest),) if room == 1 else apart
    for uid in classes:
        for syntaxes in groups:
            yield ProposedContext(sop_class_uid=uid, transfer_syntax_uids=syntaxes[:MAX_SYNTAXES])


class Incoming:
    """Hands what comes to the handler, and answers."""

    def __init__(self, peer: Peer, our_ae_title: str, handler: StoreHandler) -> None:
        self._handler = handler
        self._peer = peer
        self._caller = Caller(
            calling_ae_title=peer.ae_title, called_ae_title=our_ae_title, address=peer.host, port=peer.port
        )
        self.requestor: Requestor | None = None

    def check_accepted(self, proposed: Iterable[ProposedContext]) -> None:
        """Check that objects can come at all.

        Raises:
            NoAcceptedContext: none of the storage contexts was accepted.
        """
        proposed = list(proposed)
        classes = {context.sop_class_uid for context in proposed}
        assert self.requestor is not None  # noqa: S101 - set before
        accepted = {context.abstract_syntax for context in self.requestor.link.contexts.values()}
        if not classes & accepted:
            raise errors.nothing_accepted(self._peer, proposed)

    def begin(self, context_id: int, command: CommandSet) -> Reception | None:
        """Start to take an object."""
        if self.requestor is None:
            return None
        context = self.requestor.link.contexts.get(context_id)
        if context is None or context.abstract_syntax != command.sop_class_uid:
            return None
        return self._handler.begin(
            StoreRequest(
                caller=self._caller,
                sop_class_uid=command.sop_class_uid,
                sop_instance_uid=command.sop_instance_uid,
                transfer_syntax_uid=context.transfer_syntax,
                move_originator_ae_title=command.originator_ae_title,
            )
        )

    def finish(self, message: Message) -> None:
        """File an object that has come whole, and answer."""
        assert self.requestor is not None  # noqa: S101 - set before
        command = message.command
        reply = StoreReply(status=_NOT_ACCEPTED)
        if message.reception is not None:
            reception, message.reception = message.reception, None
            reply = reception.finish()
        self.requestor.answer(message.context_id, command, reply, doing="while it sent objects")
