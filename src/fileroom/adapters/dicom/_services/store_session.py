"""Sending many objects over one association, byte for byte (C-STORE, PS3.4 B)."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from time import perf_counter
from types import TracebackType
from typing import BinaryIO, Final, Self

from fileroom.adapters.dicom._services import errors
from fileroom.adapters.dicom._services.requestor import Requestor
from fileroom.adapters.dicom._shared.dimse import CommandSet, c_store_rq
from fileroom.application.ports.dicom_client import MoveOriginator, StoreAnswer, StoreSession
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.errors import FileroomError, Unreadable
from fileroom.domain.sop_classes import sop_class_name
from fileroom.domain.transfer_syntaxes import transfer_syntax

_BLOCK_BYTES: Final = 1 << 18


class AssociationStoreSession(StoreSession):
    """One association for many objects."""

    def __init__(self, requestor: Requestor) -> None:
        self._requestor = requestor
        self._ahead: Opened | None = None
        self._contexts = {
            (context.abstract_syntax, context.transfer_syntax): context.context_id
            for context in requestor.link.contexts.values()
            if context.requestor_is_scu
        }

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the association; what was interrupted is aborted."""
        if self._ahead is not None:
            self._ahead.close()
        if kind is not None and not issubclass(kind, Exception):
            self._requestor.link.abort_now()
        else:
            self._requestor.link.release()

    def _opened(self, source: OutgoingObject) -> "Opened":
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            if ahead.source is source:
                return ahead
            ahead.close()
        return Opened(source)

    def accepted_syntaxes(self, sop_class_uid: str) -> frozenset[str]:
        """Return the transfer syntaxes in which the peer takes objects of a class."""
        return frozenset(syntax for uid, syntax in self._contexts if uid == sop_class_uid)

    def send(
        self,
        source: OutgoingObject,
        originator: MoveOriginator | None = None,
        *,
        following: OutgoingObject | None = None,
    ) -> StoreAnswer:
        """Send one object as it is and wait for the answer."""
        context_id = self._contexts.get((source.sop_class_uid, source.transfer_syntax_uid))
        if context_id is None:
            raise errors.no_context(
                self._requestor.peer, sop_class_name(source.sop_class_uid), [source.transfer_syntax_uid]
            )
        doing = f"while {source.sop_instance_uid} was sent"
        with self._opened(source) as opened:
            request = store_request(source, self._requestor.link.next_message_id(), originator)
            started = perf_counter()
            try:
                self._requestor.send(context_id, request, opened.blocks, doing=doing)
            except Unreadable:
                # A message that was begun cannot be taken back.
                self._requestor.link.abort_now()
                raise
        if following is not None and following.transfer_syntax_uid in self.accepted_syntaxes(
            following.sop_class_uid
        ):
            with suppress(FileroomError):  # its turn tells
                self._ahead = Opened(following)
        answer = self._requestor.answer_to(request, doing=doing)
        return StoreAnswer(
            status=answer.command.status or 0,
            seconds=perf_counter() - started,
            error_comment=answer.command.error_comment,
        )


class Opened:
    """An object that is about to be sent: open, and its first block read."""

    def __init__(self, source: OutgoingObject) -> None:
        """Open it.

        Raises:
            NotFound: it is gone.
            Unreadable: its beginning cannot be read.
        """
        self.source = source
        self._stream = source.content.open()
        try:
            blocks = _blocks(source, self._stream)
            # What cannot be read at all is told before anything is sent.
            self.blocks: Iterator[bytes] = chain((next(blocks, b""),), blocks)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        self._stream.close()


def store_request(source: OutgoingObject, message_id: int, originator: MoveOriginator | None) -> CommandSet:
    """Return the command set of a C-STORE request (PS3.7 9.3.1.1)."""
    return c_store_rq(
        message_id,
        source.sop_class_uid,
        source.sop_instance_uid,
        originator_ae_title=originator.ae_title if originator else "",
        originator_message_id=originator.message_id if originator else None,
    )


def _blocks(source: OutgoingObject, stream: BinaryIO) -> Iterator[bytes]:
    remaining = source.data_length
    if remaining < 0:
        raise Unreadable(f"{source.name} has become shorter than its header")
    is_deflated = transfer_syntax(source.transfer_syntax_uid).is_deflated
    try:
        stream.seek(source.data_offset)
        while remaining:
            block = stream.read(min(remaining, _BLOCK_BYTES))
            if not block:
                raise Unreadable(f"{source.name} became shorter while it was sent")
            remaining -= len(block)
            if not remaining and source.data_length % 2 and is_deflated:
                # PS3.5 A.5: a deflated stream of odd length is padded; older files lack that, and peers abort at it.
                block += b"\0"
            yield block
    except OSError as error:
        raise Unreadable(f"{source.name} cannot be read: {error.strerror or error}") from error
