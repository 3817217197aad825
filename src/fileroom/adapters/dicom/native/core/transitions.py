"""The state machine of the upper layer as data (PS3.8 9.2): states, events, actions and Table 9-10."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final


class State(IntEnum):
    """PS3.8 tables 9-1 to 9-5."""

    STA1 = 1
    """Idle."""
    STA2 = 2
    """Connection open, A-ASSOCIATE-RQ awaited."""
    STA3 = 3
    """Our user's answer to an association request awaited."""
    STA4 = 4
    """Connection awaited."""
    STA5 = 5
    """A-ASSOCIATE-AC or -RJ awaited."""
    STA6 = 6
    """Association established."""
    STA7 = 7
    """A-RELEASE-RP awaited."""
    STA8 = 8
    """Our user's answer to a release request awaited."""
    STA9 = 9
    """Release collision, requestor: our user's answer awaited."""
    STA10 = 10
    """Release collision, acceptor: A-RELEASE-RP awaited."""
    STA11 = 11
    """Release collision, requestor: A-RELEASE-RP awaited."""
    STA12 = 12
    """Release collision, acceptor: our user's answer awaited."""
    STA13 = 13
    """The end of the connection awaited."""


class Event(IntEnum):
    """The rows of PS3.8 Table 9-10."""

    ASSOCIATE_REQUESTED = 1
    """By our user."""
    CONNECTED = 2
    """The connection that we asked for stands."""
    ACCEPT_CAME = 3
    REJECT_CAME = 4
    CONNECTION_CAME = 5
    """A peer connected to us."""
    REQUEST_CAME = 6
    ACCEPTED = 7
    """By our user."""
    REJECTED = 8
    """By our user."""
    DATA_SENT = 9
    """By our user."""
    DATA_CAME = 10
    RELEASE_REQUESTED = 11
    """By our user."""
    RELEASE_REQUEST_CAME = 12
    RELEASE_RESPONSE_CAME = 13
    RELEASE_ANSWERED = 14
    """By our user."""
    ABORT_REQUESTED = 15
    """By our user."""
    ABORT_CAME = 16
    CONNECTION_LOST = 17
    ARTIM_EXPIRED = 18
    INVALID_PDU_CAME = 19


class Send(Enum):
    """What an action sends."""

    NOTHING = 0
    GIVEN = 1
    """The PDU that our user asks to send."""
    ABORT_AS_USER = 2
    """A-ABORT, service-user source."""
    ABORT_AS_PROVIDER = 3
    """A-ABORT, service-provider source."""


class Artim(Enum):
    """What an action does to the association request/reject/release timer (PS3.8 9.1.5)."""

    LEAVE = 0
    START = 1
    STOP = 2


@dataclass(frozen=True, slots=True)
class Action:
    """What is done in one cell of the table, and where that leads (PS3.8 tables 9-6 to 9-9).

    Whatever leads back to Sta1 ends the connection, too, where that has not ended by itself.
    """

    name: str
    next: State
    send: Send = Send.NOTHING
    indicate: bool = False
    """Whether our user hears of what came."""
    artim: Artim = Artim.LEAVE


AE_1: Final = Action("AE-1", State.STA4)
AE_2: Final = Action("AE-2", State.STA5, Send.GIVEN)
AE_3: Final = Action("AE-3", State.STA6, indicate=True)
AE_4: Final = Action("AE-4", State.STA1, indicate=True)
AE_5: Final = Action("AE-5", State.STA2, artim=Artim.START)
AE_6: Final = Action("AE-6", State.STA3, indicate=True, artim=Artim.STOP)
"""Where the service provider can accept the request; else AE-8 follows at once."""
AE_7: Final = Action("AE-7", State.STA6, Send.GIVEN)
AE_8: Final = Action("AE-8", State.STA13, Send.GIVEN, artim=Artim.START)
DT_1: Final = Action("DT-1", State.STA6, Send.GIVEN)
DT_2: Final = Action("DT-2", State.STA6, indicate=True)
AR_1: Final = Action("AR-1", State.STA7, Send.GIVEN)
AR_2: Final = Action("AR-2", State.STA8, indicate=True)
AR_3: Final = Action("AR-3", State.STA1, indicate=True)
AR_4: Final = Action("AR-4", State.STA13, Send.GIVEN, artim=Artim.START)
AR_5: Final = Action("AR-5", State.STA1, artim=Artim.STOP)
AR_6: Final = Action("AR-6", State.STA7, indicate=True)
AR_7: Final = Action("AR-7", State.STA8, Send.GIVEN)
AR_8: Final = Action("AR-8", State.STA9, indicate=True)
"""Of the requestor; the acceptor goes to Sta10."""
AR_9: Final = Action("AR-9", State.STA11, Send.GIVEN)
AR_10: Final = Action("AR-10", State.STA12, indicate=True)
AA_1: Final = Action("AA-1", State.STA13, Send.ABORT_AS_USER, artim=Artim.START)
AA_2: Final = Action("AA-2", State.STA1, artim=Artim.STOP)
AA_3: Final = Action("AA-3", State.STA1, indicate=True)
AA_4: Final = Action("AA-4", State.STA1, indicate=True)
AA_5: Final = Action("AA-5", State.STA1, artim=Artim.STOP)
AA_6: Final = Action("AA-6", State.STA13)
AA_7: Final = Action("AA-7", State.STA13, Send.ABORT_AS_PROVIDER)
AA_8: Final = Action("AA-8", State.STA13, Send.ABORT_AS_PROVIDER, indicate=True, artim=Artim.START)

_ACTIONS: Final = {
    action.name: action
    for action in (
        AE_1, AE_2, AE_3, AE_4, AE_5, AE_6, AE_7, AE_8, DT_1, DT_2, AR_1, AR_2, AR_3, AR_4, AR_5, AR_6, AR_7, AR_8,
        AR_9, AR_10, AA_1, AA_2, AA_3, AA_4, AA_5, AA_6, AA_7, AA_8,
    )
}  # fmt: skip

# PS3.8 Table 9-10: a row for each event, a column for each state from Sta1 to Sta13.
_TABLE: Final = """
 1  AE-1  .     .     .     .     .     .     .     .     .     .     .     .
 2  .     .     .     AE-2  .     .     .     .     .     .     .     .     .
 3  .     AA-1  AA-8  .     AE-3  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
 4  .     AA-1  AA-8  .     AE-4  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
 5  AE-5  .     .     .     .     .     .     .     .     .     .     .     .
 6  .     AE-6  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
 7  .     .     AE-7  .     .     .     .     .     .     .     .     .     .
 8  .     .     AE-8  .     .     .     .     .     .     .     .     .     .
 9  .     .     .     .     .     DT-1  .     AR-7  .     .     .     .     .
10  .     AA-1  AA-8  .     AA-8  DT-2  AR-6  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
11  .     .     .     .     .     AR-1  .     .     .     .     .     .     .
12  .     AA-1  AA-8  .     AA-8  AR-2  AR-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-6
13  .     AA-1  AA-8  .     AA-8  AA-8  AR-3  AA-8  AA-8  AR-10 AR-3  AA-8  AA-6
14  .     .     .     .     .     .     .     AR-4  AR-9  .     .     AR-4  .
15  .     .     AA-1  AA-2  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  AA-1  .
16  .     AA-2  AA-3  .     AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-3  AA-2
17  .     AA-5  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AA-4  AR-5
18  .     AA-2  .     .     .     .     .     .     .     .     .     .     AA-2
19  .     AA-1  AA-8  .     AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-8  AA-7
"""


def _parsed(table: str) -> dict[tuple[Event, State], Action]:
    found = {}
    for row in table.split("\n")[1:-1]:
        event, *cells = row.split()
        for state, cell in zip(State, cells, strict=True):
            if cell != ".":
                found[Event(int(event)), state] = _ACTIONS[cell]
    return found


TRANSITIONS: Final = _parsed(_TABLE)
"""The action for an event in a state; where there is none, the event cannot happen there."""
