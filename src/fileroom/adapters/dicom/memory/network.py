"""A network in memory: who answers at which address, and what an association between two of them is.

Nothing here knows files, sockets or threads. The acceptor's end of an association is an `AcceptorEnd`; the requestor
calls it as the wire would carry requests, and what goes wrong is raised as the domain error that a real client tells.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fileroom.application.ports.dicom_client import MoveOriginator, ProposedContext, RetrieveStep
from fileroom.application.ports.dicom_server import RejectReason, StoreReply
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import describe_rejection
from fileroom.domain.errors import (
    AssociationRejected,
    ConfigurationError,
    Conflict,
    NoAcceptedContext,
    PeerUnreachable,
    Unreadable,
)
from fileroom.domain.node import format_address
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer_syntaxes import transfer_syntax

MAX_CONTEXTS = 128
"""Presentation context identifiers are odd numbers from 1 to 255 (PS3.8 9.3.2.2)."""

_FIRST_FREE_PORT = 40000
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - names what a wildcard address is, binds nothing
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An A-ASSOCIATE-RQ (PS3.8 9.3.2)."""

    calling_ae_title: str
    called_ae_title: str
    contexts: tuple[ProposedContext, ...]
    scp_roles: frozenset[str] = frozenset()
    """SOP classes for which the requestor proposes to be SCP (PS3.7 D.3.3.4)."""
    address: str = "127.0.0.1"
    """Of the requestor."""
    port: int = 49152
    """Of the requestor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedContext:
    """A presentation context that stands: one abstract and one transfer syntax (PS3.8 9.3.3.2)."""

    sop_class_uid: str
    transfer_syntax_uid: str
    requestor_is_scp: bool = False
    """The roles are turned round, as the sub-operations of a C-GET need it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """An object on its way to the other end: a C-STORE request and its data set, to be read in slices."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    slices: Iterable[bytes]
    originator: MoveOriginator | None = None


Take = Callable[[Arrival], StoreReply]
"""How the requestor of a C-GET takes the objects that come back."""


class AcceptorEnd(ABC):
    """What answers on an association that was accepted."""

    contexts: tuple[AcceptedContext, ...] = ()
    implementation_class_uid: str = ""
    implementation_version: str = ""
    max_pdu_length: int = 0

    @abstractmethod
    def echo(self) -> int:
        """Answer a C-ECHO with a status."""

    @abstractmethod
    def store(self, arrival: Arrival) -> StoreReply:
        """Take an object."""

    @abstractmethod
    def find(self, query: Query) -> Iterator[tuple[int, Attributes | None]]:
        """Answer with statuses and identifiers, the final status last."""

    @abstractmethod
    def move(self, selection: Selection, destination: AeTitle, message_id: int) -> Iterator[RetrieveStep]:
        """Send objects elsewhere, the final response last."""

    @abstractmethod
    def get(self, selection: Selection, take: Take) -> Iterator[RetrieveStep]:
        """Send objects back, the final response last."""

    @abstractmethod
    def cancel(self) -> None:
        """Take note of a C-CANCEL for the operation that goes on (PS3.7 9.3.2.3)."""

    @abstractmethod
    def release(self) -> None:
        """End in good order."""

    @abstractmethod
    def abort(self) -> None:
        """End at once."""


class Endpoint(ABC):
    """What is reached at an address."""

    @abstractmethod
    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Accept an association.

        Raises:
            PeerError: it was not accepted.
        """


@dataclass
class MemoryNetwork:
    """Endpoints by host and port. Safe to use from several threads."""

    own_hosts: frozenset[str] = _LOOPBACK | _ANY
    """Addresses that listeners may bind to."""
    _endpoints: dict[tuple[str, int], Endpoint] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def bind(self, host: str, port: int, endpoint: Endpoint) -> tuple[str, int]:
        """Put a listener on an address of this machine; port 0 asks for a free one.

        Raises:
            Conflict: the address is in use.
            ConfigurationError: it is no address of this machine.
        """
        if host not in self.own_hosts:
            raise ConfigurationError(f"cannot listen on {format_address(host, port)}: no such address here")
        return self.attach(host, port, endpoint)

    def attach(self, host: str, port: int, endpoint: Endpoint) -> tuple[str, int]:
        """Put an endpoint on any address.

        Raises:
            Conflict: the address is in use.
        """
        with self._lock:
            taken = {used_port for used_host, used_port in self._endpoints if _same_host(used_host, host)}
            if port == 0:
                port = next(free for free in range(_FIRST_FREE_PORT, 65536) if free not in taken)
            if port in taken:
                raise Conflict(f"{format_address(host, port)} is in use", hint="choose another port")
            self._endpoints[host, port] = endpoint
        return host, port

    def detach(self, address: tuple[str, int]) -> None:
        """Free an address."""
        with self._lock:
            self._endpoints.pop(address, None)

    def connect(self, host: str, port: int) -> Endpoint:
        """Return what is reached at an address.

        Raises:
            PeerUnreachable: nothing listens there.
        """
        with self._lock:
            candidates = {key[0]: endpoint for key, endpoint in self._endpoints.items() if key[1] == port}
        for used_host, endpoint in candidates.items():
            if _same_host(used_host, host):
                return endpoint
        raise PeerUnreachable(
            f"{format_address(host, port)} refused the connection",
            hint="is the peer running, and are host and port right?",
        )


def _same_host(one: str, other: str) -> bool:
    if one == other or (one in _LOOPBACK and other in _LOOPBACK):
        return True
    return (one in _ANY and other in _LOOPBACK | _ANY) or (other in _ANY and one in _LOOPBACK | _ANY)


def rejection(reason: RejectReason) -> AssociationRejected:
    """Return what a client raises when an association is refused for a reason."""
    result, source, why = reason.value
    words = describe_rejection(result, source, why)
    return AssociationRejected(
        f"the association was rejected: {words}", result=result, source=source, reason=why, hint=words.hint
    )


def negotiate(
    proposal: Proposal,
    supported: Callable[[str, bool], Sequence[str] | None],
) -> tuple[AcceptedContext, ...]:
    """Answer the contexts of a proposal: of each the first transfer syntax that is supported (PS3.8 9.3.3.2).

    `supported` returns the transfer syntaxes for a SOP class, told whether the requestor wants to be its SCP, or
    None where the class is not supported in that role.
    """
    accepted = []
    for context in proposal.contexts[:MAX_CONTEXTS]:
        requestor_is_scp = context.sop_class_uid in proposal.scp_roles
        known = supported(context.sop_class_uid, requestor_is_scp) or ()
        chosen = next((syntax for syntax in context.transfer_syntax_uids if syntax in known), None)
        if chosen is not None:
            accepted.append(
                AcceptedContext(
                    sop_class_uid=context.sop_class_uid,
                    transfer_syntax_uid=chosen,
                    requestor_is_scp=requestor_is_scp,
                )
            )
    return tuple(accepted)


@contextmanager
def opened(
    source: OutgoingObject, originator: MoveOriginator | None = None, slice_bytes: int = 1 << 16
) -> Iterator[Arrival]:
    """Open an object and give it as it travels; it is read while the other end takes it.

    Raises:
        NotFound: it is gone.
        Unreadable: it cannot be read.
    """
    with source.content.open() as stream:

        def slices() -> Iterator[bytes]:
            remaining = source.data_length
            try:
                stream.seek(source.data_offset)
                while remaining > 0:
                    part = stream.read(min(slice_bytes, remaining))
                    if not part:
                        raise Unreadable(f"{source.name} became shorter while it was sent")
                    remaining -= len(part)
                    yield part
            except OSError as error:
                raise Unreadable(f"{source.name} cannot be read: {error.strerror or error}") from error

        yield Arrival(
            sop_class_uid=source.sop_class_uid,
            sop_instance_uid=source.sop_instance_uid,
            transfer_syntax_uid=source.transfer_syntax_uid,
            slices=slices(),
            originator=originator,
        )


def no_context(what: str, proposed: Iterable[str] = ()) -> NoAcceptedContext:
    """Return the error for a presentation context that is missing."""
    offered = ", ".join(dict.fromkeys(transfer_syntax(uid).name for uid in proposed))
    return NoAcceptedContext(
        f"the peer accepted no presentation context for {what}"
        + (f" (offered: {offered})" if offered else ""),
        hint="the peer does not support this, or is configured not to",
    )
