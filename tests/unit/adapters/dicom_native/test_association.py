"""Associations by themselves and in pairs: collisions, mistakes on either side, timers. See `test_conversations`."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.contexts import Support
from fileroom.adapters.dicom._shared.framing import Buffer
from fileroom.adapters.dicom._shared.messages import DataSlice
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


@pytest.mark.parametrize("ending", [Abort(), ReleaseRequest()])
def test_data_that_follow_in_the_same_bytes_are_told_only_while_the_association_stands(
    ending: Abort | ReleaseRequest,
) -> None:
    requestor, acceptor = established()
    data = joined([buffer for batch in acceptor.frames(3, [b"ab"], is_command=True) for buffer in batch])
    events = requestor.receive(data * 3)
    assert isinstance(next(events), DataSlice)
    requestor.send(ending)

    # A release request that is sent leaves the peer the right to send data (AR-6); an abort does not (AA-6).
    assert len(list(events)) == (2 if isinstance(ending, ReleaseRequest) else 0)


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
