"""Command sets against those of pynetdicom."""

from contextlib import suppress
from dataclasses import fields
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dimse_messages import C_FIND_RSP, C_MOVE_RQ, C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_FIND, C_MOVE, C_STORE
from pynetdicom.dsutils import decode as library_decode

from fileroom.adapters.dicom.pynetdicom import commands
from fileroom.adapters.dicom.pynetdicom.commands import BadCommand, Command, decode
from tests.builders import CT_IMAGE_STORAGE, a_uid

NUMBERS = st.none() | st.integers(0, 0xFFFF)
UIDS = st.just("") | st.from_regex(r"[0-2](\.[1-9][0-9]{0,8}){1,6}", fullmatch=True)
TITLES = st.just("") | st.from_regex(r"[A-Z0-9]{1,16}", fullmatch=True)
COMMANDS = st.builds(
    Command,
    field=st.sampled_from(
        [0x0001, 0x8001, 0x0020, 0x8020, 0x0021, 0x8021, 0x0010, 0x8010, 0x0030, 0x8030, 0x0FFF]
    ),
    message_id=NUMBERS,
    responding_to=NUMBERS,
    sop_class_uid=UIDS,
    sop_instance_uid=UIDS,
    priority=st.none() | st.integers(0, 2),
    status=NUMBERS,
    error_comment=TITLES,
    move_destination=TITLES,
    originator_ae_title=TITLES,
    originator_message_id=NUMBERS,
    remaining=NUMBERS,
    completed=NUMBERS,
    failed=NUMBERS,
    warning=NUMBERS,
    has_data_set=st.booleans(),
)
KEYWORDS = {
    "field": "CommandField",
    "message_id": "MessageID",
    "responding_to": "MessageIDBeingRespondedTo",
    "sop_class_uid": "AffectedSOPClassUID",
    "sop_instance_uid": "AffectedSOPInstanceUID",
    "priority": "Priority",
    "status": "Status",
    "error_comment": "ErrorComment",
    "move_destination": "MoveDestination",
    "originator_ae_title": "MoveOriginatorApplicationEntityTitle",
    "originator_message_id": "MoveOriginatorMessageID",
    "remaining": "NumberOfRemainingSuboperations",
    "completed": "NumberOfCompletedSuboperations",
    "failed": "NumberOfFailedSuboperations",
    "warning": "NumberOfWarningSuboperations",
}


@given(COMMANDS)
def test_command_comes_back_as_it_went(command: Command) -> None:
    assert decode(command.encode()) == command


@given(COMMANDS)
def test_command_means_the_same_to_the_library(command: Command) -> None:
    data_set = library_decode(BytesIO(command.encode()), True, True)
    assert data_set.CommandGroupLength == len(command.encode()) - 12
    assert (data_set.CommandDataSetType != 0x0101) is command.has_data_set
    for field in fields(command):
        value = getattr(command, field.name)
        keyword = KEYWORDS.get(field.name)
        if keyword and value not in {None, ""}:
            assert data_set[keyword].value == value
        elif keyword:
            assert keyword not in data_set
    assert [element.tag for element in data_set] == sorted(element.tag for element in data_set)


def encoded_by_the_library(message: DIMSEMessage) -> bytes:
    (values, *_) = message.encode_msg(1, 0)
    return values.presentation_data_value_list[0][1][1:]


def test_store_request_of_the_library_is_read() -> None:
    request = C_STORE()
    request.MessageID = 5
    request.AffectedSOPClassUID = CT_IMAGE_STORAGE
    request.AffectedSOPInstanceUID = a_uid(1)
    request.Priority = 2
    request.MoveOriginatorApplicationEntityTitle = "ASKER"
    request.MoveOriginatorMessageID = 9
    request.DataSet = BytesIO(b"data")
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    assert decode(encoded_by_the_library(message)) == Command(
        field=commands.C_STORE_RQ,
        message_id=5,
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid=a_uid(1),
        priority=2,
        originator_ae_title="ASKER",
        originator_message_id=9,
        has_data_set=True,
    )


def test_move_request_and_find_response_of_the_library_are_read() -> None:
    move = C_MOVE()
    move.MessageID = 1
    move.AffectedSOPClassUID = a_uid(2)
    move.Priority = 0
    move.MoveDestination = "THERE"
    move.Identifier = BytesIO(b"keys")
    request = C_MOVE_RQ()
    request.primitive_to_message(move)
    assert decode(encoded_by_the_library(request)).move_destination == "THERE"
    find = C_FIND()
    find.MessageIDBeingRespondedTo = 3
    find.AffectedSOPClassUID = a_uid(2)
    find.Status = 0xA700
    find.ErrorComment = "full"  # type: ignore[assignment]
    response = C_FIND_RSP()
    response.primitive_to_message(find)
    read = decode(encoded_by_the_library(response))
    assert (read.responding_to, read.status, read.error_comment, read.has_data_set) == (
        3,
        0xA700,
        "full",
        False,
    )


def test_long_comment_is_cut_at_64_characters() -> None:
    assert decode(Command(field=1, error_comment="x" * 100).encode()).error_comment == "x" * 64


def test_unknown_elements_are_passed_over() -> None:
    extra = b"\0\0\x01\x09\4\0\0\0\x10\0\x10\0" + b"\0\0\0\x50\2\0\0\0AB"
    assert decode(Command(field=0x0030).encode() + extra) == Command(field=0x0030)


@pytest.mark.parametrize(
    "data",
    [b"", b"\0\0", b"\0\0\0\1\xff\0\0\0\1\0", b"\x08\0\0\1\2\0\0\0\1\0", b"\0\0\x10\1\2\0\0\0\1\0"],
)
def test_bytes_that_are_no_command_set_are_refused(data: bytes) -> None:
    with pytest.raises(BadCommand):
        decode(data)


@given(st.binary(max_size=100))
def test_decode_reads_or_refuses_any_bytes(data: bytes) -> None:
    with suppress(BadCommand):
        assert isinstance(decode(data), Command)
