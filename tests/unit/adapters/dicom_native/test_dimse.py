"""Command sets: round trips, against pynetdicom both ways, oddities, damage."""

import struct
from contextlib import suppress
from dataclasses import fields
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dsutils import decode as library_decode
from pynetdicom.dsutils import encode as library_encode

from fileroom.adapters.dicom._shared import dimse
from fileroom.adapters.dicom._shared.dimse import (
    COMMAND_LIMIT,
    CommandField,
    CommandSet,
    decode_command,
    plain_response,
    response_to,
)
from fileroom.adapters.dicom._shared.mistakes import AbortSource, LocalError, MessageError
from tests.unit.adapters.dicom_native.pdus import TITLES, UIDS

NUMBERS = st.none() | st.integers(0, 0xFFFF)
MAYBE_UIDS = st.just("") | UIDS
MAYBE_TITLES = st.just("") | TITLES
COMMAND_FIELDS = st.sampled_from([number | response for number in CommandField for response in (0, 0x8000)])
COMMANDS = st.builds(
    CommandSet,
    field=COMMAND_FIELDS,
    sop_class_uid=MAYBE_UIDS,
    message_id=NUMBERS,
    responding_to=NUMBERS,
    move_destination=MAYBE_TITLES,
    priority=NUMBERS,
    data_set_type=st.integers(0, 0xFFFF),
    status=NUMBERS,
    offending_elements=st.lists(st.integers(0, 0xFFFFFFFF), max_size=3).map(tuple),
    error_comment=MAYBE_TITLES,
    error_id=NUMBERS,
    sop_instance_uid=MAYBE_UIDS,
    remaining=NUMBERS,
    completed=NUMBERS,
    failed=NUMBERS,
    warning=NUMBERS,
    originator_ae_title=MAYBE_TITLES,
    originator_message_id=NUMBERS,
)
KEYWORDS = {
    "sop_class_uid": "AffectedSOPClassUID",
    "field": "CommandField",
    "message_id": "MessageID",
    "responding_to": "MessageIDBeingRespondedTo",
    "move_destination": "MoveDestination",
    "priority": "Priority",
    "data_set_type": "CommandDataSetType",
    "status": "Status",
    "offending_elements": "OffendingElement",
    "error_comment": "ErrorComment",
    "error_id": "ErrorID",
    "sop_instance_uid": "AffectedSOPInstanceUID",
    "remaining": "NumberOfRemainingSuboperations",
    "completed": "NumberOfCompletedSuboperations",
    "failed": "NumberOfFailedSuboperations",
    "warning": "NumberOfWarningSuboperations",
    "originator_ae_title": "MoveOriginatorApplicationEntityTitle",
    "originator_message_id": "MoveOriginatorMessageID",
}
STORE = "1.2.840.10008.5.1.4.1.1.2"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"


def an_element(number: int, value: bytes, group: int = 0, length: int | None = None) -> bytes:
    """An element that may be wrong."""
    return struct.pack("<HHI", group, number, len(value) if length is None else length) + value


def test_every_field_is_tried_against_the_library() -> None:
    assert KEYWORDS.keys() == {one.name for one in fields(CommandSet)} - {"others"}


@given(COMMANDS)
def test_command_survives_encoding_and_decoding(command: CommandSet) -> None:
    assert decode_command(command.encode()) == command


@given(COMMANDS)
def test_command_means_the_same_to_pynetdicom(command: CommandSet) -> None:
    encoded = command.encode()
    theirs = library_decode(BytesIO(encoded), True, True)

    assert theirs.CommandGroupLength == len(encoded) - 12
    for name, keyword in KEYWORDS.items():
        ours, value = getattr(command, name), theirs.get(keyword)
        if ours is None or ours in {"", ()}:
            assert value is None
        elif name == "offending_elements":
            assert tuple([value] if isinstance(value, int) else value) == ours
        elif name in {"move_destination", "originator_ae_title"}:
            assert value.strip() == ours
        elif name == "error_comment":
            assert (value if isinstance(value, str) else "\\".join(value)) == ours
        else:
            assert value == ours
    assert library_encode(theirs, True, True) is not None


@given(COMMANDS)
def test_command_that_pynetdicom_wrote_is_read(command: CommandSet) -> None:
    theirs = library_encode(library_decode(BytesIO(command.encode()), True, True), True, True)

    assert theirs is not None
    assert decode_command(theirs) == command


def test_unknown_elements_are_kept_in_order() -> None:
    command = CommandSet(field=0x0030, others=((0x0003, b"1.2\0"), (0x1005, b"ab"), (0x5010, b"")))

    assert decode_command(command.encode()) == command
    numbers = [0x0000, 0x0003, 0x0100, 0x0800, 0x1005, 0x5010]
    encoded, found, offset = command.encode(), [], 0
    while offset < len(encoded):
        _, number, length = struct.unpack_from("<HHI", encoded, offset)
        found.append(number)
        offset += 8 + length
    assert found == numbers


@pytest.mark.parametrize("group_length", [0, 1, 0xFFFFFFFF])
def test_group_length_is_not_believed(group_length: int) -> None:
    command = CommandSet(field=0x8030, status=0, responding_to=1)
    encoded = an_element(0, struct.pack("<I", group_length)) + command.encode()[12:]

    assert decode_command(encoded) == command
    assert decode_command(encoded[12:]) == command


def test_odd_values_are_read() -> None:
    encoded = (
        an_element(0x1000, b"1.2.03\0\0")
        + an_element(0x0002, b" 1.2.abc\xe9 ")
        + an_element(0x0100, b"\1\0\0\0")
        + an_element(0x0110, b"\1")
        + an_element(0x0600, b"AE\0")
        + an_element(0x0902, "Gerät kaputt".encode("latin-1"))
        + an_element(0x0901, b"\x10\0\x20\0xx")
    )

    assert decode_command(encoded) == CommandSet(
        field=1,
        sop_instance_uid="1.2.03",
        sop_class_uid="1.2.abcé",
        move_destination="AE",
        error_comment="Gerät kaputt",
        offending_elements=(0x00100020,),
    )


def test_missing_data_set_type_announces_none() -> None:
    assert not decode_command(an_element(0x0100, b"\x30\0")).has_data_set
    assert decode_command(an_element(0x0100, b"\x30\0") + an_element(0x0800, b"\0\0")).has_data_set


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(an_element(0x0002, b"1.2 "), id="no command field"),
        pytest.param(an_element(0x0100, b"\1"), id="half a command field"),
        pytest.param(an_element(0x0100, b"\x30\0") + b"\0\0\0", id="half an element"),
        pytest.param(an_element(0x0100, b"\x30\0", length=0xFFFFFFFF), id="undefined length"),
        pytest.param(an_element(0x0100, b"\x30\0", length=3), id="cut off"),
        pytest.param(an_element(0x0100, b"\x30\0") + an_element(0x0005, b"", group=8), id="another group"),
        pytest.param(an_element(0x0100, b"\x30\0") + an_element(9, bytes(COMMAND_LIMIT)), id="too long"),
    ],
)
def test_broken_command_is_the_peers_mistake(encoded: bytes) -> None:
    with pytest.raises(MessageError) as told:
        decode_command(encoded)

    assert told.value.source is AbortSource.SERVICE_USER


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_but_message_errors(encoded: bytes) -> None:
    with suppress(MessageError):
        decode_command(encoded)


@given(COMMANDS, st.data())
def test_damaged_command_is_stable_once_decoded(command: CommandSet, data: st.DataObject) -> None:
    encoded = bytearray(command.encode())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with suppress(MessageError, LocalError):
        read = decode_command(encoded)
        assert decode_command(read.encode()) == read


@pytest.mark.parametrize(
    "command",
    [
        CommandSet(field=0x10000),
        CommandSet(field=1, message_id=-1),
        CommandSet(field=1, move_destination="A" * 17),
        CommandSet(field=1, offending_elements=(1 << 32,)),
    ],
)
def test_value_that_does_not_fit_is_our_mistake(command: CommandSet) -> None:
    with pytest.raises(LocalError):
        command.encode()


@given(st.binary(max_size=64).map(lambda raw: raw.strip(b"\0 ")))
def test_uid_goes_back_as_it_came_whatever_its_bytes(uid: bytes) -> None:
    read = decode_command(an_element(0x0100, b"\1\0") + an_element(0x1000, uid))
    assert decode_command(read.encode()) == read
    assert read.sop_instance_uid.encode("latin-1") == uid


@given(COMMANDS, st.integers(0, 0xFFFF))
def test_plain_response_is_the_response_with_nothing_but_a_status(command: CommandSet, status: int) -> None:
    try:
        expected = response_to(command, status).encode()
    except LocalError:
        with pytest.raises(LocalError):
            plain_response(command, status)
    else:
        assert plain_response(command, status) == expected


def test_counters_stop_at_their_largest_value() -> None:
    command = CommandSet(field=0x8021, remaining=70000)

    assert decode_command(command.encode()).remaining == 0xFFFF


def test_error_comment_is_cut_to_what_the_standard_allows() -> None:
    command = CommandSet(field=0x8001, error_comment="x" * 100 + "€")

    assert decode_command(command.encode()).error_comment == "x" * 64


@pytest.mark.parametrize(
    "request_", [dimse.c_cancel_rq(1), CommandSet(field=0x8001, message_id=1), CommandSet(field=1)]
)
def test_what_is_no_request_is_not_answered(request_: CommandSet) -> None:
    with pytest.raises(LocalError):
        response_to(request_, 0)
