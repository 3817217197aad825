"""What two users say to each other: scripts of operations for a requestor, and an acceptor that serves them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fileroom.adapters.dicom._shared.dimse import (
    RESPONSE,
    CommandField,
    CommandSet,
    c_cancel_rq,
    c_echo_rq,
    c_find_rq,
    c_get_rq,
    c_move_rq,
    c_store_rq,
    response_to,
)
from fileroom.adapters.dicom.native.core.association import Role
from tests.unit.adapters.dicom_native.ends import CT, FIND, GET, MOVE, VERIFICATION, End, Script

ECHO_ID, STORE_ID, FIND_ID, MOVE_ID, GET_ID = 1, 3, 5, 7, 9
"""Identifiers of the contexts that are proposed."""
PENDING, CANCELED = 0xFF00, 0xFE00

Operation = Callable[[End, int], Script]
"""What a requestor does once the association stands, with a message ID."""


def echo(end: End, message_id: int) -> Script:
    """Verify."""
    end.message(ECHO_ID, c_echo_rq(message_id, VERIFICATION))
    yield from final_response(end, message_id)


def store(uid: str, data: bytes) -> Operation:
    """Send an object."""

    def operation(end: End, message_id: int) -> Script:
        end.message(STORE_ID, c_store_rq(message_id, CT, uid), data)
        yield from final_response(end, message_id)

    return operation


def find(end: End, message_id: int) -> Script:
    """Ask, and take all that is found."""
    end.message(FIND_ID, c_find_rq(message_id, FIND), b"what")
    yield from final_response(end, message_id)


def find_and_cancel(end: End, message_id: int) -> Script:
    """Ask, and say that one answer is enough."""
    end.message(FIND_ID, c_find_rq(message_id, FIND), b"what")
    yield from end.next_message()
    end.message(FIND_ID, c_cancel_rq(message_id))
    yield from final_response(end, message_id)


def move(end: End, message_id: int) -> Script:
    """Let objects be sent elsewhere."""
    end.message(MOVE_ID, c_move_rq(message_id, MOVE, "ELSEWHERE"), b"which")
    yield from final_response(end, message_id)


def get(end: End, message_id: int) -> Script:
    """Let objects be sent here."""
    end.message(GET_ID, c_get_rq(message_id, GET), b"which")
    yield from final_response(end, message_id)


def final_response(end: End, message_id: int) -> Script:
    """Wait for the response that is not pending; answer the sub-operations that come before it."""
    while True:
        yield from end.next_message()
        context_id, command, _ = end.mail.popleft()
        if command.field == CommandField.C_STORE and command.message_id is not None:
            end.message(context_id, response_to(command, 0))
        elif not command.is_response or command.responding_to != message_id:
            end.fail("a message that answers nothing")
            return
        elif command.status != PENDING:
            return


@dataclass(frozen=True)
class Scenario:
    """What two users do."""

    name: str
    operations: tuple[Operation, ...]
    served: dict[str, bytes] = field(default_factory=dict)
    """What the acceptor sends as sub-operations of a C-GET."""
    lengths: tuple[int, int] = (128, 100)
    """Longest PDUs that the requestor and the acceptor take."""
    releases: tuple[Role, ...] = (Role.REQUESTOR,)
    """Who asks for the release; both at once is a collision."""
    is_packing: bool = False


def requesting(end: End, scenario: Scenario) -> Script:
    """The script of a requestor."""
    while not end.association.is_established:
        yield
    needed = {ECHO_ID, STORE_ID, FIND_ID, MOVE_ID, GET_ID}
    if needed <= end.association.contexts.keys():
        end.is_packing = scenario.is_packing
        for number, operation in enumerate(scenario.operations, start=1):
            yield from operation(end, number)
    if Role.REQUESTOR in scenario.releases:
        end.release()


def serving(end: End, scenario: Scenario, peer: End) -> Script:
    """The script of an acceptor."""
    while not end.association.is_established:
        yield
    for _ in scenario.operations:
        yield from serve_next(end, scenario)
    if scenario.releases == (Role.ACCEPTOR,):
        end.release()
    elif Role.ACCEPTOR in scenario.releases:
        while not peer.asked_release:
            yield
        end.release()
    while True:
        yield from serve_next(end, scenario)


def serve_next(end: End, scenario: Scenario) -> Script:
    """Answer the next request as its service wants."""
    yield from end.next_message()
    context_id, request, _ = end.mail.popleft()
    if request.field == CommandField.C_CANCEL:
        return  # it crossed the final response
    if request.message_id is None or request.field & RESPONSE:
        end.fail("a request that is none")
    elif request.field == CommandField.C_FIND:
        yield from serve_find(end, context_id, request)
    elif request.field == CommandField.C_GET:
        yield from serve_get(end, context_id, request, scenario.served)
    elif request.field == CommandField.C_MOVE:
        # Counters come, stay out, and come again.
        end.message(context_id, response_to(request, PENDING, remaining=2, completed=0, failed=0, warning=0))
        end.message(context_id, response_to(request, PENDING))
        end.message(context_id, response_to(request, 0, completed=2, failed=0, warning=0))
    else:
        end.message(context_id, response_to(request, 0))


def serve_find(end: End, context_id: int, request: CommandSet) -> Script:
    """Send answers one a step, until there are no more or they are not wanted any more."""
    for number in range(4):
        canceled = [one for one in end.mail if one.command.field == CommandField.C_CANCEL]
        if canceled:
            end.mail.remove(canceled[0])
            end.message(context_id, response_to(request, CANCELED))
            return
        end.message(context_id, response_to(request, PENDING, has_data_set=True), b"match%d" % number)
        yield
    end.message(context_id, response_to(request, 0))


def serve_get(end: End, context_id: int, request: CommandSet, served: dict[str, bytes]) -> Script:
    """Send objects to where they are asked for."""
    context = end.association.contexts.get(STORE_ID)
    if context is None or not context.requestor_is_scp:
        end.message(context_id, response_to(request, 0xA702))
        return
    for number, (uid, data) in enumerate(served.items(), start=1):
        end.message(STORE_ID, c_store_rq(100 + number, CT, uid), data)
        yield from end.next_message()
        reply = end.mail.popleft().command
        if reply.field != CommandField.C_STORE | RESPONSE or reply.responding_to != 100 + number:
            end.fail("a response to nothing")
            return
        end.message(
            context_id, response_to(request, PENDING, remaining=len(served) - number, completed=number)
        )
    end.message(context_id, response_to(request, 0, completed=len(served), failed=0, warning=0))
