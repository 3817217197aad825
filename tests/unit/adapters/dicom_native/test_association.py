"""Two associations joined in memory: conversations, collisions, mistakes, and faults at every byte."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.contexts import Support
from fileroom.adapters.dicom._shared.dimse import CommandSet, c_echo_rq, c_store_rq, response_to
from fileroom.adapters.dicom._shared.framing import Buffer
from fileroom.adapters.dicom._shared.messages import CommandReceived, DataSlice, MessageReader
from fileroom.adapters.dicom._shared.mistakes import (
    AbortReason,
    AbortSource,
    LocalError,
    MessageError,
    ProtocolError,
)
from fileroom.adapters.dicom.native.core.association import (
    Association,
    ConnectionLost,
    Incoming,
    PeerFailed,
    Refused,
    Role,
    TimedOut,
)
from fileroom.adapters.dicom.native.core.contexts import ProposedContext
from fileroom.adapters.dicom.native.core.negotiation import answer
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    PresentationDataValue,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.transitions import State
from fileroom.adapters.dicom.native.core.user_information import UserInformation

VERIFICATION, CT = "1.2.840.10008.1.1", "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT = "1.2.840.10008.1.2"
OBJECTS = [bytes(range(256)) * 3, b"", b"ab" * 300]
REQUEST = AssociateRequest(
    called_ae_title="STORE",
    calling_ae_title="FILEROOM",
    contexts=(
        ProposedContext(context_id=1, abstract_syntax=VERIFICATION, transfer_syntaxes=(IMPLICIT,)),
        ProposedContext(context_id=3, abstract_syntax=CT, transfer_syntaxes=(IMPLICIT,)),
    ),
    user_information=UserInformation(max_pdu_length=128, implementation_class_uid="1.2.3"),
)


def an_accept(request: AssociateRequest) -> AssociateAccept:
    """Accept everything."""
    contexts, roles = answer(request, lambda _: Support(transfer_syntaxes={IMPLICIT}))
    return AssociateAccept(
        called_ae_title=request.called_ae_title,
        calling_ae_title=request.calling_ae_title,
        contexts=contexts,
        user_information=UserInformation(max_pdu_length=100, implementation_class_uid="1.2.4", roles=roles),
    )


def joined(buffers: list[Buffer]) -> bytes:
    """What goes over the wire."""
    return b"".join(bytes(buffer) for buffer in buffers)


class End:
    """One end of a conversation: collects messages, answers, and notes how it ended."""

    def __init__(self, role: Role) -> None:
        self.association = Association(role, artim_seconds=10)
        self.messages = MessageReader()
        self.out = bytearray()
        self.ended: list[Incoming] = []
        self.command: CommandSet | None = None
        self.context_id = 0
        self.data = bytearray()

    def start(self) -> None:
        if self.association.role is Role.REQUESTOR:
            self.out += joined(self.association.send(REQUEST))
        self.out += joined(self.association.connected())

    def message(self, context_id: int, command: CommandSet, data: bytes | None = None) -> None:
        for batch in self.association.frames(context_id, [command.encode()], is_command=True):
            self.out += joined(batch)
        if data is not None:
            for batch in self.association.frames(context_id, [data], is_command=False):
                self.out += joined(batch)

    def receive(self, data: bytes) -> None:
        buffer = bytearray(data)
        for event in self.association.receive(memoryview(buffer)):
            if isinstance(event, DataSlice):
                self.slice(event)
            else:
                self.heard(event)
        self.out += joined(self.association.take_outgoing())
        buffer[:] = bytes(len(buffer))

    def slice(self, one: DataSlice) -> None:
        if self.association.is_over:
            return
        try:
            event = self.messages.take(one)
        except MessageError as error:
            self.out += joined(self.association.fail(error))
            self.ended.append(PeerFailed(error))
            return
        if isinstance(event, CommandReceived):
            self.context_id, self.command = event
            self.data.clear()
            if not self.command.has_data_set:
                self.complete(self.command, b"")
        elif event is not None:
            self.data += event.data
            if event.is_last and self.command is not None:
                self.complete(self.command, bytes(self.data))

    def lost(self) -> None:
        self.ended += self.association.connection_lost()

    def heard(self, event: Incoming) -> None:
        raise NotImplementedError

    def complete(self, command: CommandSet, data: bytes) -> None:
        raise NotImplementedError


class Provider(End):
    """Accepts, answers every request and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(Role.ACCEPTOR)
        self.stored: dict[str, bytes] = {}

    def heard(self, event: Incoming) -> None:
        if isinstance(event, AssociateRequest):
            self.out += joined(self.association.send(an_accept(event)))
        elif isinstance(event, ReleaseRequest):
            self.out += joined(self.association.send(ReleaseResponse()))
        else:
            self.ended.append(event)

    def complete(self, command: CommandSet, data: bytes) -> None:
        try:
            reply = response_to(command, 0)
        except LocalError:
            self.out += joined(self.association.fail(MessageError("a response that answers nothing")))
            self.ended.append(PeerFailed(MessageError("a response that answers nothing")))
            return
        if command.has_data_set:
            self.stored[command.sop_instance_uid] = data
        self.message(self.context_id, reply)


class User(End):
    """Verifies, sends objects one after the other, and releases."""

    def __init__(self) -> None:
        super().__init__(Role.REQUESTOR)
        self.next = 0
        self.confirmed: list[int] = []
        self.released = False

    def heard(self, event: Incoming) -> None:
        if isinstance(event, AssociateAccept):
            if 1 in self.association.contexts:
                self.message(1, c_echo_rq(100, VERIFICATION))
            else:
                self.out += joined(self.association.send(ReleaseRequest()))
        elif isinstance(event, ReleaseResponse):
            self.released = True
        elif isinstance(event, ReleaseRequest):
            self.out += joined(self.association.send(ReleaseResponse()))
        else:
            self.ended.append(event)

    def complete(self, command: CommandSet, data: bytes) -> None:
        self.confirmed.append(command.responding_to or 0)
        if self.next < len(OBJECTS) and 3 in self.association.contexts:
            number, self.next = self.next, self.next + 1
            self.message(3, c_store_rq(number + 1, CT, f"1.2.{number}"), OBJECTS[number])
        elif self.association.is_established:
            self.out += joined(self.association.send(ReleaseRequest()))


def converse(
    piece: int = 1 << 20,
    *,
    cut: int | None = None,
    damage: dict[int, int] | None = None,
    lose: range | None = None,
) -> tuple[User, Provider, int]:
    """Hold a conversation over a wire that delivers pieces; return both ends, and how many bytes the user sent.

    Faults happen to the bytes that the user sends, by their position: the connection is cut before one, some are
    changed, some are lost.
    """
    user, provider = User(), Provider()
    user.start()
    provider.start()
    position, clock = 0, 0.0
    for _ in range(20_000):
        moved = bytes(user.out[:piece])
        del user.out[: len(moved)]
        if cut is not None and position + len(moved) > cut:
            moved = moved[: max(cut - position, 0)]
            provider.receive(moved)
            break
        wire = bytes(
            (damage or {}).get(position + n, byte)
            for n, byte in enumerate(moved)
            if lose is None or position + n not in lose
        )
        position += len(moved)
        provider.receive(wire)
        back = bytes(provider.out[:piece])
        del provider.out[: len(back)]
        user.receive(back)
        if any(end.association.must_close and not end.out for end in (user, provider)):
            break
        if not moved and not back and not user.out:
            clock += 5  # nothing is under way: only the timers can still do something
            for end in (user, provider):
                end.ended += end.association.tick(clock)
            if clock > 60:
                break
    else:
        raise AssertionError("the conversation does not end")
    user.receive(bytes(provider.out))
    provider.lost()
    user.lost()
    return user, provider, position


WHOLE = {f"1.2.{number}": data for number, data in enumerate(OBJECTS)}
LENGTH = converse()[2]


@pytest.mark.parametrize("piece", [1, 2, 3, 5, 7, 11, 64, 100, 1000, 1 << 20])
def test_conversation_succeeds_however_its_bytes_are_cut(piece: int) -> None:
    user, provider, _ = converse(piece)

    assert provider.stored == WHOLE
    assert user.confirmed == [100, 1, 2, 3]
    assert user.released
    assert (user.ended, provider.ended) == ([], [])
    assert (user.association.state, provider.association.state) == (State.STA1, State.STA1)


def test_connection_cut_anywhere_is_told_to_both_ends() -> None:
    for cut in range(LENGTH):
        user, provider, _ = converse(cut=cut)
        assert user.association.must_close
        assert provider.association.must_close
        assert provider.stored.items() <= WHOLE.items()
        assert [type(one) for one in user.ended] == [ConnectionLost]
        assert all(isinstance(one, ConnectionLost) for one in provider.ended)
        assert set(user.confirmed) <= {100, 1, 2, 3}


@settings(max_examples=150)
@given(st.integers(0, LENGTH - 1), st.integers(0, 255), st.sampled_from([1, 50, 1 << 20]))
def test_changed_byte_ends_in_a_result_or_a_defined_error(position: int, value: int, piece: int) -> None:
    user, provider, _ = converse(piece, damage={position: value})

    check_defined(user, provider)


@settings(max_examples=150)
@given(st.integers(0, LENGTH - 1), st.integers(1, 40), st.sampled_from([1, 50, 1 << 20]))
def test_lost_bytes_end_in_a_defined_error_and_never_in_a_wrong_object(
    start: int, count: int, piece: int
) -> None:
    user, provider, _ = converse(piece, lose=range(start, start + count))

    check_defined(user, provider)
    assert provider.stored.items() <= WHOLE.items()


def check_defined(user: User, provider: Provider) -> None:
    """Both ends are over, and each knows why unless all went well."""
    for end in (user, provider):
        assert end.association.must_close
        assert all(
            isinstance(one, PeerFailed | Refused | ConnectionLost | TimedOut | Abort | AssociateReject)
            for one in end.ended
        )
    if not user.released:
        assert user.ended or provider.ended


def established() -> tuple[Association, Association]:
    """Two associations that stand."""
    requestor, acceptor = (
        Association(Role.REQUESTOR, artim_seconds=10),
        Association(Role.ACCEPTOR, artim_seconds=10),
    )
    requestor.send(REQUEST)
    acceptor.connected()
    (request,) = acceptor.receive(joined(requestor.connected()))
    assert isinstance(request, AssociateRequest)
    (_,) = requestor.receive(joined(acceptor.send(an_accept(request))))
    return requestor, acceptor


def test_release_collision_ends_in_good_order() -> None:
    requestor, acceptor = established()
    from_requestor, from_acceptor = requestor.send(ReleaseRequest()), acceptor.send(ReleaseRequest())

    assert list(requestor.receive(joined(from_acceptor))) == [ReleaseRequest()]
    assert list(acceptor.receive(joined(from_requestor))) == [ReleaseRequest()]
    states = [(requestor.state, acceptor.state)]
    assert list(acceptor.receive(joined(requestor.send(ReleaseResponse())))) == [ReleaseResponse()]
    states.append((requestor.state, acceptor.state))
    assert list(requestor.receive(joined(acceptor.send(ReleaseResponse())))) == [ReleaseResponse()]
    states.append((requestor.state, acceptor.state))

    assert states == [
        (State.STA9, State.STA10),
        (State.STA11, State.STA12),
        (State.STA1, State.STA13),
    ]
    assert requestor.must_close
    assert acceptor.connection_lost() == []
    assert acceptor.must_close


def test_data_that_crosses_a_release_request_is_still_told() -> None:
    requestor, acceptor = established()
    data = [joined(batch) for batch in acceptor.frames(1, [b"late"], is_command=True)]
    requestor.send(ReleaseRequest())

    (one,) = requestor.receive(b"".join(data))

    assert isinstance(one, DataSlice)
    assert requestor.state is State.STA7


def test_both_ends_agree_on_contexts_and_lengths() -> None:
    requestor, acceptor = established()

    assert requestor.contexts == acceptor.contexts
    assert set(requestor.contexts) == {1, 3}
    assert (requestor.sendable_length, acceptor.sendable_length) == (100, 128)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x08\0\0\0\0\0", AbortReason.UNRECOGNIZED_PDU),
        (b"GET /", AbortReason.UNRECOGNIZED_PDU),
        (REQUEST.encode(), AbortReason.UNEXPECTED_PDU),
        (ReleaseResponse().encode(), AbortReason.UNEXPECTED_PDU),
        (b"\x05\0\0\0\0\x01\0", AbortReason.INVALID_PARAMETER),
        (b"\x04\0\xff\xff\xff\xff", AbortReason.INVALID_PARAMETER),
        (
            PData(
                values=(PresentationDataValue(context_id=5, is_command=True, is_last=True, data=b"ab"),)
            ).encode(),
            AbortReason.INVALID_PARAMETER,
        ),
    ],
)
def test_mistake_of_the_peer_is_answered_by_an_abort_with_its_reason(
    data: bytes, reason: AbortReason
) -> None:
    _, acceptor = established()

    (told,) = acceptor.receive(data)

    assert isinstance(told, PeerFailed)
    assert told.error.reason is reason
    assert (
        joined(acceptor.take_outgoing()) == Abort(source=AbortSource.SERVICE_PROVIDER, reason=reason).encode()
    )
    assert acceptor.is_over
    assert not acceptor.must_close
    assert list(acceptor.receive(ReleaseRequest().encode())) == []


def test_mistake_in_a_message_is_answered_by_an_abort_of_the_user() -> None:
    _, acceptor = established()

    assert joined(acceptor.fail(MessageError("nonsense"))) == Abort(source=0, reason=0).encode()
    assert joined(acceptor.fail(MessageError("nonsense"))) == b""
    assert acceptor.is_over


def test_refused_protocol_version_is_answered_and_told() -> None:
    acceptor = Association(Role.ACCEPTOR)
    acceptor.connected()
    request = replace(REQUEST, protocol_version=2)

    reject = AssociateReject(result=1, source=2, reason=2)
    assert list(acceptor.receive(request.encode())) == [Refused(request, reject)]
    assert joined(acceptor.take_outgoing()) == reject.encode()
    assert acceptor.state is State.STA13


def test_rejected_requestor_hears_why_and_closes() -> None:
    requestor = Association(Role.REQUESTOR)
    requestor.send(REQUEST)
    requestor.connected()
    reject = AssociateReject(result=1, source=1, reason=7)

    assert list(requestor.receive(reject.encode())) == [reject]
    assert requestor.must_close


def test_silent_peer_is_given_up_when_the_timer_expires() -> None:
    acceptor = Association(Role.ACCEPTOR, artim_seconds=10)
    assert acceptor.tick(0) == []
    acceptor.connected()

    assert (acceptor.tick(100), acceptor.deadline, acceptor.tick(109.9)) == ([], 110, [])
    assert acceptor.tick(110) == [TimedOut()]
    assert (acceptor.must_close, acceptor.deadline) == (True, None)
    assert acceptor.tick(200) == []


def test_timer_stops_when_a_request_comes() -> None:
    acceptor = Association(Role.ACCEPTOR, artim_seconds=10)
    acceptor.connected()
    acceptor.tick(0)
    list(acceptor.receive(REQUEST.encode()))

    assert acceptor.tick(1000) == []
    assert acceptor.state is State.STA3


def test_end_in_the_middle_of_a_pdu_is_told() -> None:
    _, acceptor = established()
    list(acceptor.receive(ReleaseRequest().encode()[:7]))

    assert acceptor.connection_lost() == [ConnectionLost(in_the_middle=True)]
    assert acceptor.connection_lost() == []


def test_sending_stops_when_the_association_ends_on_the_way() -> None:
    requestor, _ = established()
    batches = requestor.frames(3, [bytes(1 << 20)], is_command=False)
    next(batches)
    assert list(requestor.receive(Abort().encode())) == [Abort()]

    with pytest.raises(LocalError):
        next(batches)


def test_what_our_user_may_not_do_is_our_mistake() -> None:
    fresh, (requestor, acceptor) = Association(Role.ACCEPTOR), established()

    for misuse in (
        lambda: fresh.send(REQUEST),
        lambda: fresh.send(Abort()),
        lambda: list(fresh.receive(b"")),
        lambda: fresh.frames(1, [], is_command=True),
        lambda: fresh.sendable_length,
        lambda: requestor.send(REQUEST),
        requestor.connected,
        acceptor.connected,
        lambda: requestor.frames(5, [b"ab"], is_command=True),
        lambda: requestor.send(ReleaseResponse()),
    ):
        with pytest.raises(LocalError):
            misuse()
    assert requestor.is_established
    assert acceptor.is_established


def test_value_that_does_not_fit_changes_nothing() -> None:
    requestor = Association(Role.REQUESTOR)
    with pytest.raises(LocalError):
        requestor.send(replace(REQUEST, called_ae_title="far too long for a title"))

    assert requestor.send(REQUEST) == []


@given(st.lists(st.binary(max_size=80), max_size=6), st.sampled_from(Role), st.booleans())
def test_random_bytes_never_raise(pieces: list[bytes], role: Role, stands: bool) -> None:
    association = Association(role)
    if stands:
        association = established()[role is Role.ACCEPTOR]
    elif role is Role.REQUESTOR:
        association.send(REQUEST)
    if not stands:
        association.connected()
    for piece in pieces:
        for event in association.receive(piece):
            assert not isinstance(event, ProtocolError)
    association.connection_lost()
    assert association.must_close
