"""The seven PDUs of the upper layer protocol (PS3.8 9.3): dataclasses and their bytes.

P-DATA-TF is here for completeness and for tests; bulk data passes by `stream` and `framing`, as views.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from fileroom.adapters.dicom._shared.mistakes import AbortReason, LocalError, ProtocolError
from fileroom.adapters.dicom.native.core.contexts import (
    ANSWERED_CONTEXT,
    PROPOSED_CONTEXT,
    AnsweredContext,
    ProposedContext,
)
from fileroom.adapters.dicom.native.core.fields import (
    MAX_ITEMS,
    Cursor,
    RawItem,
    ae_title,
    item,
    raw_items,
    text,
    text_bytes,
    u8,
    u16,
)
from fileroom.adapters.dicom.native.core.user_information import UserInformation, decode_user_information

HEADER: Final = struct.Struct(">BxI")
"""Type and length of a PDU; the length counts what follows."""
DICOM_APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
"""PS3.7 A.2.1"""

APPLICATION_CONTEXT: Final = 0x10
USER_INFORMATION: Final = 0x50
MAX_SUB_ITEMS: Final = 16 * MAX_ITEMS
"""Sub-items of all contexts of a PDU; 128 contexts with all transfer syntaxes have half of them."""
_RESERVED: Final = bytes(32)


class PduType(IntEnum):
    """The first byte of a PDU."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class _Associate:
    called_ae_title: str
    """Without padding. An A-ASSOCIATE-AC repeats it, untested (PS3.8 9.3.3)."""
    calling_ae_title: str
    """Without padding."""
    user_information: UserInformation
    application_context: str = DICOM_APPLICATION_CONTEXT
    """'' where a peer names none."""
    protocol_version: int = 1
    """Bit 0 stands for version 1, the only one; it alone is to be tested."""
    others: tuple[RawItem, ...] = ()

    def _encode(self, kind: PduType, contexts: list[bytes]) -> bytes:
        titles = ae_title(self.called_ae_title) + ae_title(self.calling_ae_title)
        parts = [u16(self.protocol_version), b"\0\0", titles, _RESERVED]
        if self.application_context:
            parts.append(item(APPLICATION_CONTEXT, text_bytes(self.application_context)))
        parts += contexts
        information = self.user_information.encode()
        if information:
            parts.append(item(USER_INFORMATION, information))
        return _pdu(kind, b"".join(parts) + raw_items(self.others))


@dataclass(frozen=True, kw_only=True, slots=True)
class AssociateRequest(_Associate):
    """A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    contexts: tuple[ProposedContext, ...]

    def encode(self) -> bytes:
        """Return the PDU.

        Raises:
            LocalError: a value does not fit.
        """
        return self._encode(PduType.ASSOCIATE_RQ, [context.encode() for context in self.contexts])


@dataclass(frozen=True, kw_only=True, slots=True)
class AssociateAccept(_Associate):
    """A-ASSOCIATE-AC (PS3.8 9.3.3)."""

    contexts: tuple[AnsweredContext, ...]

    def encode(self) -> bytes:
        """Return the PDU.

        Raises:
            LocalError: a value does not fit.
        """
        return self._encode(PduType.ASSOCIATE_AC, [context.encode() for context in self.contexts])


@dataclass(frozen=True, kw_only=True, slots=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    """1 permanent, 2 transient."""
    source: int
    """1 service user, 2 service provider (ACSE), 3 service provider (presentation)."""
    reason: int
    """Depends on the source."""

    def encode(self) -> bytes:
        """Return the PDU."""
        return _pdu(PduType.ASSOCIATE_RJ, b"\0" + u8(self.result) + u8(self.source) + u8(self.reason))


@dataclass(frozen=True, kw_only=True, slots=True)
class PresentationDataValue:
    """One fragment of a message (PS3.8 9.3.5.1, annex E)."""

    context_id: int
    is_command: bool
    is_last: bool
    """Whether it ends the command set or the data set."""
    data: bytes

    def encode(self) -> bytes:
        """Return the item."""
        control = self.is_command | self.is_last << 1
        return struct.pack(">I", len(self.data) + 2) + u8(self.context_id) + u8(control) + self.data


@dataclass(frozen=True, kw_only=True, slots=True)
class PData:
    """P-DATA-TF (PS3.8 9.3.5)."""

    values: tuple[PresentationDataValue, ...]

    def encode(self) -> bytes:
        """Return the PDU."""
        return _pdu(PduType.P_DATA_TF, b"".join(value.encode() for value in self.values))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseRequest:
    """A-RELEASE-RQ (PS3.8 9.3.6)."""

    def encode(self) -> bytes:
        """Return the PDU."""
        return _pdu(PduType.RELEASE_RQ, bytes(4))


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseResponse:
    """A-RELEASE-RP (PS3.8 9.3.7)."""

    def encode(self) -> bytes:
        """Return the PDU."""
        return _pdu(PduType.RELEASE_RP, bytes(4))


@dataclass(frozen=True, kw_only=True, slots=True)
class Abort:
    """A-ABORT (PS3.8 9.3.8)."""

    source: int = 0
    """0 service user, 2 service provider."""
    reason: int = 0
    """An `AbortReason` where the provider aborts."""

    def encode(self) -> bytes:
        """Return the PDU."""
        return _pdu(PduType.ABORT, b"\0\0" + u8(self.source) + u8(self.reason))


ControlPdu = AssociateRequest | AssociateAccept | AssociateReject | ReleaseRequest | ReleaseResponse | Abort
"""All but P-DATA-TF."""
Pdu = ControlPdu | PData


def decode_pdu(kind: int, body: memoryview) -> Pdu:
    """Read what follows the header of a PDU; reserved fields, and bytes after the last field, are ignored.

    Raises:
        ProtocolError: it is no PDU of this type.
    """
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise ProtocolError(f"a PDU of the unknown type {kind:02X}H", AbortReason.UNRECOGNIZED_PDU)
    return decoder(body)


def _pdu(kind: PduType, body: bytes) -> bytes:
    if len(body) > 0xFFFFFFFF:
        raise LocalError(f"a PDU of {len(body)} bytes is too long")
    return HEADER.pack(kind, len(body)) + body


def _associate_request(body: memoryview) -> AssociateRequest:
    return AssociateRequest(**_associate(body, PROPOSED_CONTEXT, ProposedContext.decode))


def _associate_accept(body: memoryview) -> AssociateAccept:
    return AssociateAccept(**_associate(body, ANSWERED_CONTEXT, AnsweredContext.decode))


def _associate(
    body: memoryview, context_type: int, read_context: Callable[[memoryview], Any]
) -> dict[str, Any]:
    """Read the fields that A-ASSOCIATE-RQ and -AC share; items that come once too often are kept as they are."""
    cursor = Cursor(body, "an A-ASSOCIATE PDU")
    version = cursor.u16()
    cursor.take(2)
    called, calling = text(cursor.take(16)), text(cursor.take(16))
    cursor.take(len(_RESERVED))
    contexts, others, application_context, information = [], [], "", UserInformation()
    sub_items = 0
    for kind, _, value in cursor.items():
        if kind == context_type:
            contexts.append(read_context(value))
            sub_items += contexts[-1].size
            if sub_items > MAX_SUB_ITEMS:
                raise ProtocolError(
                    f"an A-ASSOCIATE PDU with more than {MAX_SUB_ITEMS} sub-items of contexts"
                )
        elif kind == APPLICATION_CONTEXT and not application_context:
            application_context = text(value)
        elif kind == USER_INFORMATION and information == UserInformation():
            information = decode_user_information(value)
        else:
            others.append(RawItem(kind, bytes(value)))
    return {
        "protocol_version": version,
        "called_ae_title": called,
        "calling_ae_title": calling,
        "application_context": application_context,
        "contexts": tuple(contexts),
        "user_information": information,
        "others": tuple(others),
    }


def _associate_reject(body: memoryview) -> AssociateReject:
    _, result, source, reason = Cursor(body, "an A-ASSOCIATE-RJ").take(4)
    return AssociateReject(result=result, source=source, reason=reason)


def _p_data(body: memoryview) -> PData:
    cursor, values = Cursor(body, "a P-DATA-TF"), []
    while cursor.left:
        value = Cursor(cursor.take(cursor.u32()), "a presentation data value")
        context_id, control = value.u8(), value.u8()
        values.append(
            PresentationDataValue(
                context_id=context_id,
                is_command=bool(control & 1),
                is_last=bool(control & 2),
                data=bytes(value.rest()),
            )
        )
    if not values:
        raise ProtocolError("a P-DATA-TF without a presentation data value")
    return PData(values=tuple(values))


def _release_request(body: memoryview) -> ReleaseRequest:
    Cursor(body, "an A-RELEASE-RQ").take(4)
    return ReleaseRequest()


def _release_response(body: memoryview) -> ReleaseResponse:
    Cursor(body, "an A-RELEASE-RP").take(4)
    return ReleaseResponse()


def _abort(body: memoryview) -> Abort:
    _, _, source, reason = Cursor(body, "an A-ABORT").take(4)
    return Abort(source=source, reason=reason)


_DECODERS: Final[dict[int, Callable[[memoryview], Pdu]]] = {
    PduType.ASSOCIATE_RQ: _associate_request,
    PduType.ASSOCIATE_AC: _associate_accept,
    PduType.ASSOCIATE_RJ: _associate_reject,
    PduType.P_DATA_TF: _p_data,
    PduType.RELEASE_RQ: _release_request,
    PduType.RELEASE_RP: _release_response,
    PduType.ABORT: _abort,
}
