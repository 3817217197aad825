"""Whole messages against pynetdicom, from its primitives to bytes on the wire, in both directions."""

from collections.abc import Iterable
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from pynetdicom import dimse_messages as messages
from pynetdicom import dimse_primitives as primitives
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu import P_DATA_TF

from fileroom.adapters.dicom._shared import dimse
from fileroom.adapters.dicom._shared.dimse import CommandSet, Priority, response_to
from fileroom.adapters.dicom._shared.framing import frame
from fileroom.adapters.dicom._shared.messages import CommandReceived, DataSlice, MessageReader
from fileroom.adapters.dicom.native.core.pdu import HEADER
from fileroom.adapters.dicom.native.core.stream import PduReader

CT, FIND, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.1.1"
CONTEXT_ID = 5
DATA = bytes(range(250))


class Case(NamedTuple):
    """One message in both languages."""

    ours: CommandSet
    message: type[DIMSEMessage]
    primitive: Any
    values: dict[str, Any]
    """Attributes of the library's primitive."""
    data: str = ""
    """Which of its attributes is the data set, '' where there is none."""


STORE_RQ = dimse.c_store_rq(
    8, CT, "1.2.3", priority=Priority.LOW, originator_ae_title="MOVER", originator_message_id=5
)
CASES = {
    "C-ECHO-RQ": Case(
        dimse.c_echo_rq(7, VERIFICATION),
        messages.C_ECHO_RQ,
        primitives.C_ECHO,
        {"MessageID": 7, "AffectedSOPClassUID": VERIFICATION},
    ),
    "C-ECHO-RSP": Case(
        response_to(dimse.c_echo_rq(7, VERIFICATION), 0),
        messages.C_ECHO_RSP,
        primitives.C_ECHO,
        {"MessageIDBeingRespondedTo": 7, "AffectedSOPClassUID": VERIFICATION, "Status": 0},
    ),
    "C-STORE-RQ": Case(
        STORE_RQ,
        messages.C_STORE_RQ,
        primitives.C_STORE,
        {
            "MessageID": 8,
            "AffectedSOPClassUID": CT,
            "AffectedSOPInstanceUID": "1.2.3",
            "Priority": 2,
            "MoveOriginatorApplicationEntityTitle": "MOVER",
            "MoveOriginatorMessageID": 5,
        },
        "DataSet",
    ),
    "C-STORE-RSP": Case(
        response_to(STORE_RQ, 0xA700, error_comment="no room"),
        messages.C_STORE_RSP,
        primitives.C_STORE,
        {
            "MessageIDBeingRespondedTo": 8,
            "AffectedSOPClassUID": CT,
            "AffectedSOPInstanceUID": "1.2.3",
            "Status": 0xA700,
            "ErrorComment": "no room",
        },
    ),
    "C-FIND-RQ": Case(
        dimse.c_find_rq(9, FIND, priority=Priority.HIGH),
        messages.C_FIND_RQ,
        primitives.C_FIND,
        {"MessageID": 9, "AffectedSOPClassUID": FIND, "Priority": 1},
        "Identifier",
    ),
    "C-FIND-RSP": Case(
        response_to(dimse.c_find_rq(9, FIND), 0xFF00, has_data_set=True),
        messages.C_FIND_RSP,
        primitives.C_FIND,
        {"MessageIDBeingRespondedTo": 9, "AffectedSOPClassUID": FIND, "Status": 0xFF00},
        "Identifier",
    ),
    "C-MOVE-RQ": Case(
        dimse.c_move_rq(10, FIND, "HERE"),
        messages.C_MOVE_RQ,
        primitives.C_MOVE,
        {"MessageID": 10, "AffectedSOPClassUID": FIND, "Priority": 0, "MoveDestination": "HERE"},
        "Identifier",
    ),
    "C-MOVE-RSP": Case(
        response_to(dimse.c_move_rq(10, FIND, ""), 0xFF00, remaining=4, completed=3, failed=2, warning=1),
        messages.C_MOVE_RSP,
        primitives.C_MOVE,
        {
            "MessageIDBeingRespondedTo": 10,
            "AffectedSOPClassUID": FIND,
            "Status": 0xFF00,
            "NumberOfRemainingSuboperations": 4,
            "NumberOfCompletedSuboperations": 3,
            "NumberOfFailedSuboperations": 2,
            "NumberOfWarningSuboperations": 1,
        },
    ),
    "C-GET-RQ": Case(
        dimse.c_get_rq(11, FIND),
        messages.C_GET_RQ,
        primitives.C_GET,
        {"MessageID": 11, "AffectedSOPClassUID": FIND, "Priority": 0},
        "Identifier",
    ),
    "C-GET-RSP with failed UIDs": Case(
        response_to(dimse.c_get_rq(11, FIND), 0xB000, has_data_set=True, completed=3, failed=2, warning=0),
        messages.C_GET_RSP,
        primitives.C_GET,
        {
            "MessageIDBeingRespondedTo": 11,
            "AffectedSOPClassUID": FIND,
            "Status": 0xB000,
            "NumberOfCompletedSuboperations": 3,
            "NumberOfFailedSuboperations": 2,
            "NumberOfWarningSuboperations": 0,
        },
        "Identifier",
    ),
    "C-CANCEL-RQ": Case(
        dimse.c_cancel_rq(9), messages.C_CANCEL_RQ, primitives.C_CANCEL, {"MessageIDBeingRespondedTo": 9}
    ),
}
LENGTHS = [16, 17, 64, 16384]


def theirs(case: Case, max_pdu_length: int) -> bytes:
    """What the library sends for a message."""
    primitive, message = case.primitive(), case.message()
    for name, value in case.values.items():
        setattr(primitive, name, value)
    if case.data:
        setattr(primitive, case.data, BytesIO(DATA))
    message.primitive_to_message(primitive)
    return b"".join(P_DATA_TF(one).encode() for one in message.encode_msg(CONTEXT_ID, max_pdu_length))


def ours(case: Case, max_pdu_length: int) -> bytes:
    """What we send for it."""
    batches = [*frame(CONTEXT_ID, [case.ours.encode()], max_pdu_length, is_command=True)]
    if case.ours.has_data_set:
        batches += frame(CONTEXT_ID, [DATA[:100], DATA[100:]], max_pdu_length, is_command=False)
    return b"".join(bytes(buffer) for batch in batches for buffer in batch)


def read(pieces: Iterable[bytes]) -> list[tuple[int, CommandSet, bytes]]:
    """What we read, message by message."""
    stream, reader, data = PduReader(), MessageReader(), bytearray()
    found: list[tuple[int, CommandSet, bytes]] = []
    for piece in pieces:
        for one in stream.feed(piece):
            assert isinstance(one, DataSlice)
            event = reader.take(one)
            if isinstance(event, CommandReceived):
                found.append((*event, b""))
            elif event is not None:
                data += event.data
                if event.is_last:
                    found[-1] = (*found[-1][:2], bytes(data))
                    data.clear()
    return found


@pytest.mark.parametrize("max_pdu_length", LENGTHS)
@pytest.mark.parametrize("name", CASES)
def test_message_of_ours_is_read_by_pynetdicom(name: str, max_pdu_length: int) -> None:
    case, stream = CASES[name], ours(CASES[name], max_pdu_length)
    message, is_complete = DIMSEMessage(), False
    while stream:
        assert not is_complete
        _, length = HEADER.unpack_from(stream)
        pdu = P_DATA_TF()
        pdu.decode(stream[: HEADER.size + length])
        is_complete = message.decode_msg(pdu.to_primitive())
        stream = stream[HEADER.size + length :]

    assert is_complete
    assert isinstance(message, case.message)
    assert message.context_id == CONTEXT_ID
    primitive: Any = message.message_to_primitive()
    assert {key: getattr(primitive, key) for key in case.values} == case.values
    if case.message is not messages.C_CANCEL_RQ:  # of which the library has no opinion
        assert primitive.is_valid_request or primitive.is_valid_response
    if case.data:
        assert getattr(primitive, case.data).getvalue() == DATA


@pytest.mark.parametrize("max_pdu_length", LENGTHS)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_message_of_pynetdicom_is_read_by_us(name: str, max_pdu_length: int, size: int) -> None:
    case = CASES[name]
    # Another message follows in the same bytes, and half of a third one.
    stream = theirs(case, max_pdu_length) + ours(case, 0) + theirs(case, 0)[:50]
    read_theirs, read_ours, *_ = read(stream[at : at + size] for at in range(0, len(stream), size))

    data = DATA if case.data else b""
    assert read_ours == (CONTEXT_ID, case.ours, data)
    context_id, command, read_data = read_theirs
    assert (context_id, read_data) == (CONTEXT_ID, data)
    # Any value but 0101H announces a data set; pynetdicom sends another one than we do.
    assert command.has_data_set == case.ours.has_data_set
    assert replace(command, data_set_type=case.ours.data_set_type) == case.ours
