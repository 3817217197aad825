"""Presentation contexts as they stand in A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2.2, 9.3.3.2)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from fileroom.adapters.dicom.native.core.fields import Cursor, RawItem, item, raw_items, text, text_bytes, u8

PROPOSED_CONTEXT: Final = 0x20
ANSWERED_CONTEXT: Final = 0x21
ABSTRACT_SYNTAX: Final = 0x30
TRANSFER_SYNTAX: Final = 0x40


class ContextResult(IntEnum):
    """What is answered to a proposed presentation context (PS3.8 9.3.3.2)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ProposedContext:
    """A presentation context of an A-ASSOCIATE-RQ (PS3.8 9.3.2.2)."""

    context_id: int
    """Odd, 1 to 255, in what is right."""
    abstract_syntax: str
    """'' where a peer names none."""
    transfer_syntaxes: tuple[str, ...]
    """Best first."""
    others: tuple[RawItem, ...] = ()

    @property
    def size(self) -> int:
        """Sub-items that are kept of it."""
        return len(self.transfer_syntaxes) + len(self.others)

    def encode(self) -> bytes:
        """Return the item."""
        syntaxes = [item(TRANSFER_SYNTAX, text_bytes(uid)) for uid in self.transfer_syntaxes]
        if self.abstract_syntax:
            syntaxes.insert(0, item(ABSTRACT_SYNTAX, text_bytes(self.abstract_syntax)))
        value = u8(self.context_id) + bytes(3) + b"".join(syntaxes) + raw_items(self.others)
        return item(PROPOSED_CONTEXT, value)

    @classmethod
    def decode(cls, body: memoryview) -> Self:
        """Read the value of the item."""
        cursor = Cursor(body, "a proposed presentation context")
        context_id = cursor.take(4)[0]
        abstract, transfers, others = "", [], []
        for kind, _, value in cursor.items():
            if kind == TRANSFER_SYNTAX:
                transfers.append(text(value))
            elif kind == ABSTRACT_SYNTAX:
                abstract = abstract or text(value)
            else:
                others.append(RawItem(kind, bytes(value)))
        return cls(
            context_id=context_id,
            abstract_syntax=abstract,
            transfer_syntaxes=tuple(transfers),
            others=tuple(others),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AnsweredContext:
    """A presentation context of an A-ASSOCIATE-AC (PS3.8 9.3.3.2)."""

    context_id: int
    result: int
    """A `ContextResult`, or what else a peer sends, which is no acceptance."""
    transfer_syntax: str = ""
    """Not significant unless accepted, and left out by some peers."""
    others: tuple[RawItem, ...] = ()

    @property
    def size(self) -> int:
        """Sub-items that are kept of it."""
        return len(self.others)

    def encode(self) -> bytes:
        """Return the item."""
        syntax = item(TRANSFER_SYNTAX, text_bytes(self.transfer_syntax)) if self.transfer_syntax else b""
        value = u8(self.context_id) + b"\0" + u8(self.result) + b"\0" + syntax + raw_items(self.others)
        return item(ANSWERED_CONTEXT, value)

    @classmethod
    def decode(cls, body: memoryview) -> Self:
        """Read the value of the item."""
        cursor = Cursor(body, "an answered presentation context")
        context_id, _, result, _ = cursor.take(4)
        transfer, others = "", []
        for kind, _, value in cursor.items():
            if kind == TRANSFER_SYNTAX:
                transfer = transfer or text(value)
            else:
                others.append(RawItem(kind, bytes(value)))
        return cls(context_id=context_id, result=result, transfer_syntax=transfer, others=tuple(others))
