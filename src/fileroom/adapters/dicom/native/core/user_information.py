"""User information: sub-items of A-ASSOCIATE-RQ and -AC (PS3.8 9.3.2.3, annex D; PS3.7 annex D.3.3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from fileroom.adapters.dicom.native.core.fields import (
    Cursor,
    RawItem,
    counted,
    item,
    raw_items,
    text,
    text_bytes,
    u8,
    u16,
    u32,
)

MAXIMUM_LENGTH: Final = 0x51
IMPLEMENTATION_CLASS_UID: Final = 0x52
ASYNC_OPERATIONS: Final = 0x53
ROLE_SELECTION: Final = 0x54
IMPLEMENTATION_VERSION: Final = 0x55
EXTENDED_NEGOTIATION: Final = 0x56
COMMON_EXTENDED_NEGOTIATION: Final = 0x57
USER_IDENTITY: Final = 0x58
USER_IDENTITY_RESPONSE: Final = 0x59


@dataclass(frozen=True, kw_only=True, slots=True)
class AsyncOperations:
    """How many operations may be under way at once; 0 is unlimited (PS3.7 D.3.3.3)."""

    invoked: int = 1
    performed: int = 1

    def encode(self) -> bytes:
        """Return the sub-item."""
        return item(ASYNC_OPERATIONS, u16(self.invoked) + u16(self.performed))


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleSelection:
    """Which roles the requestor of the association wants for a SOP class, or gets (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    """Whether the requestor may be service class user."""
    scp: bool
    """Whether the requestor may be service class provider."""

    def encode(self) -> bytes:
        """Return the sub-item."""
        return item(ROLE_SELECTION, counted(text_bytes(self.sop_class_uid)) + bytes((self.scu, self.scp)))


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtendedNegotiation:
    """What a service class has to say about one of its SOP classes (PS3.7 D.3.3.5)."""

    sop_class_uid: str
    information: bytes
    """Defined by the service class."""

    def encode(self) -> bytes:
        """Return the sub-item."""
        return item(EXTENDED_NEGOTIATION, counted(text_bytes(self.sop_class_uid)) + self.information)


@dataclass(frozen=True, kw_only=True, slots=True)
class CommonExtendedNegotiation:
    """Which service a SOP class belongs to, and what it specializes (PS3.7 D.3.3.6)."""

    sop_class_uid: str
    service_class_uid: str
    related_general_sop_class_uids: tuple[str, ...] = ()
    version: int = 0
    """Of this sub-item; it stands where others have a reserved byte."""

    def encode(self) -> bytes:
        """Return the sub-item."""
        related = b"".join(counted(text_bytes(uid)) for uid in self.related_general_sop_class_uids)
        value = counted(text_bytes(self.sop_class_uid)) + counted(text_bytes(self.service_class_uid))
        return item(COMMON_EXTENDED_NEGOTIATION, value + counted(related), self.version)


@dataclass(frozen=True, kw_only=True, slots=True)
class UserIdentity:
    """Who asks for the association (PS3.7 D.3.3.7)."""

    type: int
    """1 user name, 2 user name and passcode, 3 Kerberos, 4 SAML, 5 JSON web token."""
    primary: bytes = field(repr=False)
    """User name, ticket, assertion or token."""
    secondary: bytes = field(default=b"", repr=False)
    """The passcode of type 2, empty otherwise."""
    response_requested: bool = False

    def encode(self) -> bytes:
        """Return the sub-item."""
        fields = u8(self.type) + bytes((self.response_requested,))
        return item(USER_IDENTITY, fields + counted(self.primary) + counted(self.secondary))


@dataclass(frozen=True, kw_only=True, slots=True)
class UserInformation:
    """All sub-items of a user information item; of those that should come once, the first one counts."""

    max_pdu_length: int | None = None
    """Longest P-DATA-TF that is taken, 0 is unlimited (PS3.8 D.1); None where a peer does not say."""
    implementation_class_uid: str = ""
    """PS3.7 D.3.3.2.1; '' where a peer does not say."""
    async_operations: AsyncOperations | None = None
    roles: tuple[RoleSelection, ...] = ()
    implementation_version: str = ""
    """At most 16 characters (PS3.7 D.3.3.2.3); '' where it is not given."""
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    """Of the requestor."""
    user_identity_response: bytes | None = None
    """Of the acceptor (PS3.7 D.3.3.7.2)."""
    others: tuple[RawItem, ...] = ()

    def encode(self) -> bytes:
        """Return the sub-items, in the order of their types.

        Raises:
            LocalError: a value does not fit.
        """
        parts = []
        if self.max_pdu_length is not None:
            parts.append(item(MAXIMUM_LENGTH, u32(self.max_pdu_length)))
        if self.implementation_class_uid:
            parts.append(item(IMPLEMENTATION_CLASS_UID, text_bytes(self.implementation_class_uid)))
        if self.async_operations is not None:
            parts.append(self.async_operations.encode())
        parts += [role.encode() for role in self.roles]
        if self.implementation_version:
            parts.append(item(IMPLEMENTATION_VERSION, text_bytes(self.implementation_version)))
        parts += [one.encode() for one in self.extended]
        parts += [one.encode() for one in self.common_extended]
        if self.user_identity is not None:
            parts.append(self.user_identity.encode())
        if self.user_identity_response is not None:
            parts.append(item(USER_IDENTITY_RESPONSE, counted(self.user_identity_response)))
        return b"".join(parts) + raw_items(self.others)


def decode_user_information(body: memoryview) -> UserInformation:
    """Read the value of a user information item.

    Raises:
        ProtocolError: a sub-item is broken.
    """
    single: dict[str, Any] = {}
    several: dict[str, list[Any]] = {"others": []}
    for kind, second, value in Cursor(body, "user information").items():
        if kind in _ONCE:
            name, read_one = _ONCE[kind]
            single.setdefault(name, read_one(_sub_item(kind, value)))
        elif kind in _REPEATED:
            name, read_each = _REPEATED[kind]
            several.setdefault(name, []).append(read_each(_sub_item(kind, value), second))
        else:
            several["others"].append(RawItem(kind, bytes(value)))
    repeated: dict[str, Any] = {name: tuple(values) for name, values in several.items()}
    return UserInformation(**single, **repeated)


def _sub_item(kind: int, value: memoryview) -> Cursor:
    return Cursor(value, f"a user information sub-item {kind:02X}H")


def _async_operations(cursor: Cursor) -> AsyncOperations:
    return AsyncOperations(invoked=cursor.u16(), performed=cursor.u16())


def _user_identity(cursor: Cursor) -> UserIdentity:
    kind, response_requested, primary = cursor.u8(), bool(cursor.u8()), bytes(cursor.counted())
    # The secondary field has a length even where it is not used; some leave it out.
    secondary = bytes(cursor.counted()) if cursor.left else b""
    return UserIdentity(
        type=kind, response_requested=response_requested, primary=primary, secondary=secondary
    )


def _role(cursor: Cursor, _: int) -> RoleSelection:
    return RoleSelection(sop_class_uid=text(cursor.counted()), scu=bool(cursor.u8()), scp=bool(cursor.u8()))


def _extended(cursor: Cursor, _: int) -> ExtendedNegotiation:
    return ExtendedNegotiation(sop_class_uid=text(cursor.counted()), information=bytes(cursor.rest()))


def _common_extended(cursor: Cursor, version: int) -> CommonExtendedNegotiation:
    sop_class_uid, service_class_uid = text(cursor.counted()), text(cursor.counted())
    # Later versions may append to these fields (PS3.7 D.3.3.6.1).
    related = Cursor(cursor.counted() if cursor.left else memoryview(b""), "related general SOP classes")
    uids = []
    while related.left:
        uids.append(text(related.counted()))
    return CommonExtendedNegotiation(
        sop_class_uid=sop_class_uid,
        service_class_uid=service_class_uid,
        related_general_sop_class_uids=tuple(uids),
        version=version,
    )


# Type, field and how its value is read.
_ONCE: Final[dict[int, tuple[str, Callable[[Cursor], Any]]]] = {
    MAXIMUM_LENGTH: ("max_pdu_length", Cursor.u32),
    IMPLEMENTATION_CLASS_UID: ("implementation_class_uid", lambda cursor: text(cursor.rest())),
    ASYNC_OPERATIONS: ("async_operations", _async_operations),
    IMPLEMENTATION_VERSION: ("implementation_version", lambda cursor: text(cursor.rest())),
    USER_IDENTITY: ("user_identity", _user_identity),
    USER_IDENTITY_RESPONSE: ("user_identity_response", lambda cursor: bytes(cursor.counted())),
}
_REPEATED: Final[dict[int, tuple[str, Callable[[Cursor, int], Any]]]] = {
    ROLE_SELECTION: ("roles", _role),
    EXTENDED_NEGOTIATION: ("extended", _extended),
    COMMON_EXTENDED_NEGOTIATION: ("common_extended", _common_extended),
}
