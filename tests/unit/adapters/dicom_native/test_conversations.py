"""Whole conversations: all delivered when nothing goes wrong, and never a hang or a wrong object when something does.

DICOM has no checksums. A byte that changes inside a value changes an object, and a header that is hit may end one too
early. What no fault has touched must be whole, and what both ends took must be what the wire said.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.dimse import CommandField, decode_command
from fileroom.adapters.dicom.native.core.association import Role
from tests.unit.adapters.dicom_native.conversations import Conversation
from tests.unit.adapters.dicom_native.ends import PATIENCE_SECONDS, End, Outcome
from tests.unit.adapters.dicom_native.pipes import (
    Change,
    Cut,
    Delay,
    Fault,
    HalfClose,
    Insert,
    Lose,
    Pipe,
    Repeat,
    Silence,
)
from tests.unit.adapters.dicom_native.scripts import (
    CANCELED,
    PENDING,
    Scenario,
    echo,
    find,
    find_and_cancel,
    get,
    move,
    store,
)
from tests.unit.adapters.dicom_native.wire import Kind, WireMessage, messages_in

WHOLE = 1 << 20
OBJECTS = {
    "1.2.0": bytes(range(256)) * 2,
    "1.2.1": b"",
    "1.2.2": b"\4",
    "1.2.3": b"odd" * 67,
    "1.2.4": bytes(94),
    "1.2.5": bytes(94 + 94),
    "1.2.6": b"\4\0\0\0\0\6\0\0\0\2\3\2" * 9,
}
STORES = tuple(store(uid, data) for uid, data in OBJECTS.items())
FEW = {"1.3.1": b"first object", "1.3.2": b"", "1.3.3": bytes(range(64))}
BOTH = (Role.REQUESTOR, Role.ACCEPTOR)
SCENARIOS = [
    Scenario("echo", (echo,)),
    Scenario("nothing", ()),
    Scenario("nothing, released by the acceptor", (), releases=(Role.ACCEPTOR,)),
    Scenario("store", (*STORES, echo)),
    Scenario("store in tiny PDUs", STORES, lengths=(16, 17)),
    Scenario("store in unlimited PDUs", STORES, lengths=(0, 0)),
    Scenario("store in one PDU each", STORES, is_packing=True),
    Scenario("find", (find, find)),
    Scenario("find and cancel", (find_and_cancel, echo)),
    Scenario("move", (move, echo)),
    Scenario("get", (get, echo), served=FEW),
    Scenario("get in tiny PDUs", (get,), served=OBJECTS, lengths=(20, 33)),
    Scenario("released by the acceptor", (echo, STORES[0], get), served=FEW, releases=(Role.ACCEPTOR,)),
    Scenario("release collision", (echo, STORES[3], find), releases=BOTH),
]
SHORT = Scenario(
    "short", (STORES[2], STORES[1], get), served={"1.3.1": b"first object"}, lengths=(90, 60), releases=BOTH
)
EVERYTHING = Scenario("everything", (echo, *STORES, find, find_and_cancel, move, get), served=FEW)
PACKED = Scenario("packed", (*STORES[:4], find, get), served=FEW, is_packing=True, lengths=(64, 64))
FAULTY = [SHORT, EVERYTHING, PACKED]
SIZES = st.sampled_from([(WHOLE,), (1,), (2,), (13,), (100,)]) | st.lists(
    st.integers(1, 200), min_size=1, max_size=6
)


def named(scenario: Scenario) -> str:
    """Name a scenario in a test's id."""
    return scenario.name


@cache
def lengths(number: int) -> dict[Role, int]:
    """How many bytes each end of a faulty scenario sends when nothing goes wrong."""
    pipes = Conversation(FAULTY[number]).run().pipes
    return {role: len(pipes[role].written) for role in Role}


@pytest.mark.parametrize("scenario", [*SCENARIOS, *FAULTY], ids=named)
@pytest.mark.parametrize("sizes", [(1,), (2,), (3, 7, 5), (11,), (64, 1, 100), (1000,), (WHOLE,)], ids=str)
def test_conversation_without_faults_ends_released_with_everything_delivered(
    scenario: Scenario, sizes: Sequence[int]
) -> None:
    held = Conversation(scenario, sizes=sizes).run()

    assert (held.requestor.outcome, held.acceptor.outcome) == (Outcome.RELEASED, Outcome.RELEASED)
    check_said(held.requestor, held.pipes[Role.ACCEPTOR], is_all=True)
    check_said(held.acceptor, held.pipes[Role.REQUESTOR], is_all=True)
    objects = dict(zip(STORES, OBJECTS.items(), strict=True))
    assert objects_of(held.acceptor) == [objects[one] for one in scenario.operations if one in objects]
    served = scenario.served if get in scenario.operations else {}
    assert objects_of(held.requestor) == list(served.items())
    finals = [status for status in held.requestor.statuses if status != PENDING]
    assert len(finals) == len(scenario.operations)
    assert set(finals) <= {0, CANCELED if find_and_cancel in scenario.operations else 0}


@pytest.mark.parametrize("size", [1, 60, WHOLE])
def test_cancel_ends_the_answers(size: int) -> None:
    held = Conversation(Scenario("", (find_and_cancel,)), sizes=(size,)).run()

    *pending, final = held.requestor.statuses
    assert set(pending) == {PENDING}
    # It may cross the last answers.
    assert (final, len(pending) < 4) == (CANCELED, True) if size == WHOLE else final in {CANCELED, 0}


@pytest.mark.parametrize("scenario", FAULTY, ids=named)
@pytest.mark.parametrize("role", Role)
def test_abort_at_any_step_ends_both(scenario: Scenario, role: Role) -> None:
    for size in (WHOLE, 25) if scenario is SHORT else (WHOLE,):
        last = Conversation(scenario, sizes=(size,)).run().steps
        for step in range(last):
            held = Conversation(scenario, sizes=(size,), abort=(role, step)).run()
            check_defined(held)
            check_objects(held, {})
            assert {held.requestor.outcome, held.acceptor.outcome} <= {Outcome.ABORTED, Outcome.RELEASED}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("ending", "stride"), [(Cut, 1), (HalfClose, 5), (Silence, 5)])
def test_connection_that_ends_at_any_byte_ends_both(
    role: Role, ending: type[Cut | HalfClose | Silence], stride: int
) -> None:
    length = lengths(0)[role]
    for at in [*range(0, length, stride), length - 1]:
        faults = {role: (ending(at),)}
        held = Conversation(SHORT, faults=faults).run()
        check_defined(held)
        check_objects(held, faults)
        assert {held.requestor.outcome, held.acceptor.outcome} & {Outcome.LOST, Outcome.TIMED_OUT}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "make",
    [lambda at: Lose(at, 1), lambda at: Repeat(at, 1), lambda at: Change(at, 0xFF), lambda at: Change(at, 0)],
    ids=["lost", "repeated", "FFH", "00H"],
)
def test_byte_that_is_lost_repeated_or_changed_makes_no_wrong_object(
    role: Role, make: Callable[[int], Fault]
) -> None:
    for at in range(0, lengths(0)[role], 5):
        faults = {role: (make(at),)}
        held = Conversation(SHORT, faults=faults).run()
        check_defined(held)
        check_objects(held, faults)


@st.composite
def faults_of(draw: st.DrawFn, length: int) -> list[Fault]:
    """A few faults within so many bytes, and around them."""
    at = st.integers(0, length)
    one = st.one_of(
        st.builds(Change, at, st.integers(0, 255)),
        st.builds(Lose, at, st.integers(1, 150)),
        st.builds(Insert, at, st.binary(min_size=1, max_size=20)),
        st.builds(Repeat, at, st.integers(1, 150)),
        st.builds(Delay, at, st.sampled_from([3.0, 12.0, PATIENCE_SECONDS + 5])),
        st.builds(Cut, at),
        st.builds(HalfClose, at),
        st.builds(Silence, at),
    )
    return draw(st.lists(one, min_size=1, max_size=3))


@settings(max_examples=120)
@given(st.integers(0, len(FAULTY) - 1), SIZES, st.data())
def test_faults_end_in_a_defined_way_and_never_in_a_wrong_object(
    number: int, sizes: Sequence[int], data: st.DataObject
) -> None:
    roles = data.draw(st.sampled_from([[Role.REQUESTOR], [Role.ACCEPTOR], BOTH]))
    faults = {role: data.draw(faults_of(lengths(number)[role]), label=role.value) for role in roles}
    held = Conversation(FAULTY[number], sizes=sizes, faults=faults).run()

    check_defined(held)
    check_objects(held, faults)


@settings(max_examples=30)
@given(st.integers(0, len(FAULTY) - 1), SIZES, st.data())
def test_delays_that_are_borne_change_nothing(number: int, sizes: Sequence[int], data: st.DataObject) -> None:
    at = st.integers(0, min(lengths(number).values()))
    faults = {role: data.draw(st.lists(st.builds(Delay, at, st.just(7.0)), max_size=3)) for role in Role}
    held = Conversation(FAULTY[number], sizes=sizes, faults=faults).run()

    assert (held.requestor.outcome, held.acceptor.outcome) == (Outcome.RELEASED, Outcome.RELEASED)
    check_said(held.acceptor, held.pipes[Role.REQUESTOR], is_all=True)


def check_defined(held: Conversation) -> None:
    """Both ends are over, and each knows how."""
    for end in (held.requestor, held.acceptor):
        assert end.association.must_close
        assert end.outcome is not None


def check_objects(held: Conversation, faults: Mapping[Role, Sequence[Fault]]) -> None:
    """Neither end took anything that the wire did not say, nor an object that is wrong for no reason."""
    for end, role in ((held.acceptor, Role.REQUESTOR), (held.requestor, Role.ACCEPTOR)):
        check_said(end, held.pipes[role])
        sent = messages_in(bytes(held.pipes[role].written))
        for uid, data in objects_of(end):
            reasons = [one for one in sent if excuses(one, uid, data, faults.get(role, ()))]
            assert reasons, f"{uid} of {len(data)} bytes is none that was sent"


def check_said(end: End, pipe: Pipe, *, is_all: bool = False) -> None:
    """What an end took is what the wire said, from its beginning on."""
    said = messages_in(bytes(pipe.arrived))
    assert len(end.taken) == len(said) if is_all else len(end.taken) <= len(said)
    for ours, theirs in zip(end.taken, said, strict=False):
        assert ours == (theirs.context_id, decode_command(theirs.command), bytes(theirs.data))


def objects_of(end: End) -> list[tuple[str, bytes]]:
    """The objects that an end took as whole."""
    return [
        (one.command.sop_instance_uid, one.data)
        for one in end.taken
        if one.command.field == CommandField.C_STORE and one.command.has_data_set
    ]


def excuses(message: WireMessage, uid: str, data: bytes, faults: Sequence[Fault]) -> bool:
    """Whether an object that was taken is this message, but for what the faults have done to the message.

    Bytes that are lost, put in or repeated, and changes of headers, may move its end; changed commands may give it
    another name; changed data change nothing but themselves.
    """
    changed = {fault.at for fault in faults if isinstance(fault, Change)}
    is_moved = any(
        message.start <= fault.at + count and fault.at <= message.stop
        for fault in faults
        if isinstance(fault, Lose | Insert | Repeat)
        for count in [0 if isinstance(fault, Insert) else fault.count]
    )
    if is_moved or any(message.kind_at(at) is Kind.HEADER for at in changed):
        return True
    is_renamed = any(message.kind_at(at) is Kind.COMMAND for at in changed)
    positions = message.positions(Kind.DATA)
    return (
        (is_renamed or decode_command(message.command).sop_instance_uid == uid)
        and len(data) == len(message.data)
        and all(
            ours == theirs or at in changed
            for ours, theirs, at in zip(data, message.data, positions, strict=True)
        )
    )
