"""The state machine against PS3.8 Table 9-10, written down here a second time, by state; each cell for both roles."""

from dataclasses import dataclass

import pytest
from pynetdicom.fsm import TRANSITION_TABLE

from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import LocalError
from fileroom.adapters.dicom.native.core.association import (
    Association,
    ConnectionLost,
    Incoming,
    PeerFailed,
    Role,
    TimedOut,
)
from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ProposedContext
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ControlPdu,
    PData,
    PresentationDataValue,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.transitions import TRANSITIONS, Event, State
from fileroom.adapters.dicom.native.core.user_information import UserInformation

UNEXPECTED = dict.fromkeys((3, 4, 6, 10, 12, 13, 19), "AA-8") | {15: "AA-1", 16: "AA-3", 17: "AA-4"}
BY_STATE: dict[int, dict[int, str]] = {
    1: {1: "AE-1", 5: "AE-5"},
    2: dict.fromkeys((3, 4, 10, 12, 13, 19), "AA-1") | {6: "AE-6", 16: "AA-2", 17: "AA-5", 18: "AA-2"},
    3: UNEXPECTED | {7: "AE-7", 8: "AE-8"},
    4: {2: "AE-2", 15: "AA-2", 17: "AA-4"},
    5: UNEXPECTED | {3: "AE-3", 4: "AE-4"},
    6: UNEXPECTED | {9: "DT-1", 10: "DT-2", 11: "AR-1", 12: "AR-2"},
    7: UNEXPECTED | {10: "AR-6", 12: "AR-8", 13: "AR-3"},
    8: UNEXPECTED | {9: "AR-7", 14: "AR-4"},
    9: UNEXPECTED | {14: "AR-9"},
    10: UNEXPECTED | {13: "AR-10"},
    11: UNEXPECTED | {13: "AR-3"},
    12: UNEXPECTED | {14: "AR-4"},
    13: dict.fromkeys((3, 4, 10, 12, 13), "AA-6")
    | {6: "AA-7", 16: "AA-2", 17: "AR-5", 18: "AA-2", 19: "AA-7"},
}


@dataclass(frozen=True)
class Effect:
    """What an action of tables 9-6 to 9-9 does."""

    next: int
    sends: type | Abort | None = None
    tells: bool = False
    artim: bool | None = None
    """True starts it, False stops it, None leaves it."""


USER, PROVIDER = Abort(source=0, reason=0), Abort(source=2, reason=2)
EFFECTS = {
    "AE-1": Effect(4),
    "AE-2": Effect(5, AssociateRequest),
    "AE-3": Effect(6, tells=True),
    "AE-4": Effect(1, tells=True),
    "AE-5": Effect(2, artim=True),
    "AE-6": Effect(3, tells=True, artim=False),
    "AE-7": Effect(6, AssociateAccept),
    "AE-8": Effect(13, AssociateReject, artim=True),
    "DT-1": Effect(6, PData),
    "DT-2": Effect(6, tells=True),
    "AR-1": Effect(7, ReleaseRequest),
    "AR-2": Effect(8, tells=True),
    "AR-3": Effect(1, tells=True),
    "AR-4": Effect(13, ReleaseResponse, artim=True),
    "AR-5": Effect(1, artim=False),
    "AR-6": Effect(7, tells=True),
    "AR-7": Effect(8, PData),
    "AR-8": Effect(9, tells=True),
    "AR-9": Effect(11, ReleaseResponse),
    "AR-10": Effect(12, tells=True),
    "AA-1": Effect(13, USER, artim=True),
    "AA-2": Effect(1, artim=False),
    "AA-3": Effect(1, tells=True),
    "AA-4": Effect(1, tells=True),
    "AA-5": Effect(1, artim=False),
    "AA-6": Effect(13),
    "AA-7": Effect(13, PROVIDER),
    "AA-8": Effect(13, PROVIDER, tells=True, artim=True),
}
INFORMATION = UserInformation(max_pdu_length=16384)
REQUEST = AssociateRequest(
    called_ae_title="A",
    calling_ae_title="B",
    contexts=(
        ProposedContext(
            context_id=1, abstract_syntax="1.2.840.10008.1.1", transfer_syntaxes=("1.2.840.10008.1.2",)
        ),
    ),
    user_information=INFORMATION,
)
ACCEPT = AssociateAccept(
    called_ae_title="A",
    calling_ae_title="B",
    contexts=(AnsweredContext(context_id=1, result=0, transfer_syntax="1.2.840.10008.1.2"),),
    user_information=INFORMATION,
)
REJECT = AssociateReject(result=1, source=1, reason=1)
DATA = PData(values=(PresentationDataValue(context_id=1, is_command=True, is_last=True, data=b"ab"),))
CAME: dict[int, ControlPdu | PData] = {
    3: ACCEPT, 4: REJECT, 6: REQUEST, 10: DATA, 12: ReleaseRequest(), 13: ReleaseResponse(), 16: Abort(source=0),
}  # fmt: skip
ASKED: dict[int, ControlPdu] = {
    1: REQUEST, 7: ACCEPT, 8: REJECT, 11: ReleaseRequest(), 14: ReleaseResponse(), 15: Abort(),
}  # fmt: skip
ARTIM_STATES = {2, 13}
CELLS = [(event, state) for event in range(1, 20) for state in range(1, 14)]


def an_association(role: Role, state: int) -> Association:
    """An association in a state, as if it had got there."""
    association = Association(role, artim_seconds=10)
    if state == 1:
        return association
    association.request = REQUEST
    association._agree(ACCEPT)
    association.state, association._was_used = State(state), True
    association._artim_runs = state in ARTIM_STATES
    return association


def happen(association: Association, event: int) -> tuple[bytes, list[Incoming]]:
    """Let an event happen; return what is sent and what is told."""
    told: list[Incoming] = []
    sent: list[bytes] = []
    match event:
        case 2 | 5:
            sent = [bytes(one) for one in association.connected()]
        case 9:
            batches = association.frames(1, [b"ab"], is_command=True)
            sent = [bytes(buffer) for batch in batches for buffer in batch]
        case 17:
            told = association.connection_lost()
        case 18:
            association.tick(0)
            told = association.tick(10)
        case 19:
            told = list(association.receive(b"\x09\0\0\0\0\0"))
        case _ if event in ASKED:
            sent = [bytes(one) for one in association.send(ASKED[event])]
        case _:
            told = list(association.receive(CAME[event].encode()))
    return b"".join([*sent, *(bytes(one) for one in association.take_outgoing())]), told


def test_table_is_that_of_the_standard() -> None:
    assert {(int(event), int(state)): action.name for (event, state), action in TRANSITIONS.items()} == {
        (event, state): action for state, cells in BY_STATE.items() for event, action in cells.items()
    }


def test_table_is_that_of_pynetdicom() -> None:
    assert {
        (f"Evt{event}", f"Sta{state}"): action.name for (event, state), action in TRANSITIONS.items()
    } == (TRANSITION_TABLE)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("event", "state"), CELLS)
def test_cell_does_what_the_standard_says(role: Role, event: int, state: int) -> None:
    association = an_association(role, state)
    name = BY_STATE[state].get(event)
    if {2: Role.REQUESTOR, 5: Role.ACCEPTOR}.get(event, role) is not role:
        return  # `connected` means the other event to this role, whose cells are tried by themselves
    if name is None or (event == Event.ASSOCIATE_REQUESTED and role is Role.ACCEPTOR):
        before = association.state
        try:
            sent, told = happen(association, event)
        except LocalError:
            sent, told = b"", []
        assert (sent, told, association.state) == (b"", [], before)
        return

    effect = EFFECTS[name]
    sent, told = happen(association, event)

    expected_state = 10 if name == "AR-8" and role is Role.ACCEPTOR else effect.next
    assert association.state == expected_state
    assert association.must_close == (expected_state == 1)
    check_sent(sent, effect, event)
    check_told(told, effect, event, name)
    runs = effect.artim if effect.artim is not None else state in ARTIM_STATES
    assert association._artim_runs == runs


def check_sent(sent: bytes, effect: Effect, event: int) -> None:
    """Check what an action sends."""
    if effect.sends is None:
        assert sent == b""
    elif isinstance(effect.sends, Abort):
        # An unrecognized PDU has a reason of its own (PS3.8 9.3.8).
        unrecognized = event == Event.INVALID_PDU_CAME and effect.sends is PROVIDER
        assert sent == (Abort(source=2, reason=1) if unrecognized else effect.sends).encode()
    elif effect.sends is PData:
        assert sent == DATA.encode()
    else:
        assert sent == (REQUEST if event == Event.CONNECTED else ASKED[event]).encode()


def check_told(told: list[Incoming], effect: Effect, event: int, action: str) -> None:
    """Check what our user hears: the indications of the standard, and for logs the reason of every abort by us."""
    if action in {"AA-1", "AA-8"} and event != Event.ABORT_REQUESTED:
        (failed,) = told
        assert isinstance(failed, PeerFailed)
    elif event == Event.ARTIM_EXPIRED:
        assert told == [TimedOut()]
    elif event == Event.CONNECTION_LOST:
        assert told == [ConnectionLost(in_the_middle=False)] * effect.tells
    elif event == Event.DATA_CAME and effect.tells:
        (one,) = told
        assert isinstance(one, DataSlice)
        assert (one.context_id, bytes(one.data)) == (1, b"ab")
    else:
        assert told == [CAME[event]] * effect.tells if effect.tells else told == []
