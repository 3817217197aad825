"""PDUs and their items, by themselves: round trips, oddities of the field, damage."""

import struct
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.mistakes import AbortReason, LocalError, ProtocolError
from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ProposedContext
from fileroom.adapters.dicom.native.core.fields import RawItem, item
from fileroom.adapters.dicom.native.core.pdu import (
    HEADER,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    Pdu,
    decode_pdu,
)
from fileroom.adapters.dicom.native.core.user_information import (
    RoleSelection,
    UserIdentity,
    UserInformation,
    decode_user_information,
)
from tests.unit.adapters.dicom_native.pdus import A_REQUEST, AN_ACCEPT, EXAMPLES, PDUS, UNKNOWN_ITEMS, name_of

CONTEXT = item(0x30, b"1.2.840.10008.1.1") + item(0x40, b"1.2.840.10008.1.2")


def decoded(data: bytes) -> Pdu:
    """Decode one whole PDU."""
    kind, length = HEADER.unpack_from(data)
    assert length == len(data) - HEADER.size
    return decode_pdu(kind, memoryview(data)[HEADER.size :])


def a_request_body(
    items: bytes, called: bytes = b"CALLED", calling: bytes = b"CALLING", version: int = 1
) -> memoryview:
    """The body of an A-ASSOCIATE-RQ, made without the code under test."""
    return memoryview(
        struct.pack(">HH16s16s32s", version, 0xABCD, called.ljust(16), calling.ljust(16), b"\xff" * 32)
        + items
    )


def a_request(items: bytes = b"", called: bytes = b"CALLED", version: int = 1) -> AssociateRequest:
    """Decode such a body."""
    pdu = decode_pdu(1, a_request_body(items, called, version=version))
    assert isinstance(pdu, AssociateRequest)
    return pdu


@given(PDUS)
def test_pdu_survives_encoding_and_decoding(pdu: Pdu) -> None:
    assert decoded(pdu.encode()) == pdu


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_with_every_item_survives_encoding_and_decoding(pdu: Pdu) -> None:
    assert decoded(pdu.encode()) == pdu


@given(UNKNOWN_ITEMS, UNKNOWN_ITEMS, UNKNOWN_ITEMS)
def test_unknown_items_are_kept(
    top: tuple[RawItem, ...], inner: tuple[RawItem, ...], information: tuple[RawItem, ...]
) -> None:
    context = ProposedContext(context_id=1, abstract_syntax="1.2", transfer_syntaxes=("1.3",), others=inner)
    answer = AnsweredContext(context_id=1, result=0, transfer_syntax="1.3", others=inner)
    titles: dict[str, Any] = {"called_ae_title": "A", "calling_ae_title": "B"}
    of_user = UserInformation(max_pdu_length=0, others=information)
    request = AssociateRequest(**titles, contexts=(context,), user_information=of_user, others=top)
    accept = AssociateAccept(**titles, contexts=(answer,), user_information=of_user, others=top)

    assert decoded(request.encode()) == request
    assert decoded(accept.encode()) == accept


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_cut_short_is_the_peers_mistake_or_has_less_in_it(pdu: Pdu) -> None:
    data = pdu.encode()
    for length in range(HEADER.size, len(data)):
        try:
            less = decode_pdu(data[0], memoryview(data)[HEADER.size : length])
        except ProtocolError:
            continue
        assert less != pdu


@pytest.mark.parametrize("pdu", EXAMPLES[2:6], ids=name_of)
def test_bytes_after_the_last_field_are_ignored(pdu: Pdu) -> None:
    data = pdu.encode()

    assert decode_pdu(data[0], memoryview(data + b"more")[HEADER.size :]) == pdu


@given(st.integers(0, 9), st.binary(max_size=400))
def test_random_bytes_raise_nothing_but_protocol_errors(kind: int, body: bytes) -> None:
    try:
        pdu = decode_pdu(kind, memoryview(body))
    except ProtocolError:
        return
    again = decoded(pdu.encode())
    assert again == decoded(again.encode())


@given(st.sampled_from(EXAMPLES), st.data())
def test_damaged_pdu_is_stable_once_decoded_or_the_peers_mistake(pdu: Pdu, data: st.DataObject) -> None:
    body = bytearray(pdu.encode()[HEADER.size :])
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        first = decode_pdu(pdu.encode()[0], memoryview(body))
    except ProtocolError:
        return
    assert decoded(first.encode()) == first


@pytest.mark.parametrize("kind", [0, 8, 0x48, 0xFF])
def test_unknown_pdu_type_is_told_as_such(kind: int) -> None:
    with pytest.raises(ProtocolError) as told:
        decode_pdu(kind, memoryview(b""))

    assert told.value.reason is AbortReason.UNRECOGNIZED_PDU


def test_ae_titles_lose_their_padding() -> None:
    assert a_request(called=b"  ARCHIVE \0\0").called_ae_title == "ARCHIVE"
    assert a_request(called=b"\0" * 16).called_ae_title == ""
    assert a_request(called=b"STORE SCP").called_ae_title == "STORE SCP"


def test_ae_title_beyond_ascii_is_escaped_and_sent_back_as_it_came() -> None:
    request = a_request(called="RÖNTGEN\\\n".encode("latin-1"))

    assert request.called_ae_title == r"R\xd6NTGEN\x5c\x0a"
    assert request.encode()[10:26] == "RÖNTGEN\\\n".encode("latin-1").ljust(16)


def test_uids_lose_their_padding_and_keep_odd_characters() -> None:
    request = a_request(
        item(0x10, b"1.2.840.10008.3.1.1.1\0")
        + item(0x20, b"\1\0\0\0" + item(0x30, b" 1.2.840.10008.1.1\0 ") + item(0x40, b"1.02.abc-\xe9"))
    )

    assert request.application_context == "1.2.840.10008.3.1.1.1"
    assert request.contexts[0].abstract_syntax == "1.2.840.10008.1.1"
    assert request.contexts[0].transfer_syntaxes == (r"1.02.abc-\xe9",)
    assert decoded(request.encode()) == request


def test_protocol_version_keeps_all_its_bits() -> None:
    assert a_request(version=0xFF03).protocol_version == 0xFF03


def test_request_without_items_is_decoded() -> None:
    request = a_request()

    assert (request.contexts, request.application_context) == ((), "")
    assert request.user_information == UserInformation()
    assert decoded(request.encode()) == request


def test_context_without_syntaxes_is_decoded() -> None:
    request = a_request(item(0x20, b"\x02\xff\xff\xff"))

    assert request.contexts == (ProposedContext(context_id=2, abstract_syntax="", transfer_syntaxes=()),)


def test_items_that_come_twice_count_once_and_are_kept() -> None:
    first, second = item(0x50, item(0x51, struct.pack(">I", 1))), item(0x50, item(0x51, struct.pack(">I", 2)))
    request = a_request(item(0x10, b"1.1") + first + second + item(0x10, b"1.2"))

    assert request.application_context == "1.1"
    assert request.user_information.max_pdu_length == 1
    assert [other.type for other in request.others] == [0x50, 0x10]
    assert decoded(request.encode()) == request


def test_first_of_repeated_sub_items_counts() -> None:
    value = item(0x51, struct.pack(">I", 1)) + item(0x51, struct.pack(">I", 2))

    assert decode_user_information(memoryview(value)).max_pdu_length == 1


def test_many_contexts_are_decoded_within_a_limit() -> None:
    assert len(a_request(item(0x20, b"\1\0\0\0" + CONTEXT) * 1024).contexts) == 1024
    with pytest.raises(ProtocolError, match="more than 1024 items"):
        a_request(item(0x20, b"\1\0\0\0" + CONTEXT) * 1025)


def test_sub_items_of_all_contexts_are_decoded_within_a_limit() -> None:
    most = item(0x20, b"\1\0\0\0" + item(0x40, b"1.2") * 1024)

    assert len(a_request(most * 16).contexts) == 16
    with pytest.raises(ProtocolError, match="more than 16384 sub-items"):
        a_request(most * 16 + item(0x20, b"\3\0\0\0" + item(0x99, b"")))


def test_user_identity_without_a_secondary_length_is_decoded() -> None:
    value = item(0x58, b"\1\0\0\3abc")

    assert decode_user_information(memoryview(value)).user_identity == UserIdentity(type=1, primary=b"abc")


def test_roles_that_are_both_refused_are_kept() -> None:
    neither = UserInformation(roles=(RoleSelection(sop_class_uid="1.2.3", scu=False, scp=False),))

    assert decode_user_information(memoryview(neither.encode())) == neither


def test_user_identity_does_not_show_its_secrets() -> None:
    shown = repr(A_REQUEST)

    assert "secret" not in shown
    assert "somebody" not in shown


def test_version_of_common_extended_negotiation_is_kept() -> None:
    value = item(0x57, b"\0\3" + b"1.2" + b"\0\3" + b"1.3", second=7)

    information = decode_user_information(memoryview(value))

    assert information.common_extended[0].version == 7
    assert decode_user_information(memoryview(information.encode())) == information


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"\x51\0\0\3abc", id="maximum length of three bytes"),
        pytest.param(b"\x51\0\0\5abcd", id="longer than its container"),
        pytest.param(b"\x53\0\0\2ab", id="half a window"),
        pytest.param(b"\x54\0\0\4\0\7\1\1", id="UID longer than its sub-item"),
        pytest.param(b"\x56\0\0\1\0", id="half a length"),
        pytest.param(b"\x57\0\0\6\0\0\0\0\0\4", id="related classes that are not there"),
        pytest.param(b"\x58\0\0\4\1\0\0\1", id="identity that is not there"),
        pytest.param(b"\x59\0\0\2\0\1", id="response that is not there"),
        pytest.param(b"\x52\0\0", id="half a header"),
    ],
)
def test_broken_sub_item_is_the_peers_mistake(value: bytes) -> None:
    with pytest.raises(ProtocolError) as told:
        decode_user_information(memoryview(value))

    assert told.value.reason is AbortReason.INVALID_PARAMETER


@pytest.mark.parametrize(
    "body", [b"", b"\0\0\0\1", b"\0\0\0\2\1", b"\0\0\0\3\1\0", b"\xff\xff\xff\xff\1\0ab"]
)
def test_broken_presentation_data_value_is_the_peers_mistake(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_pdu(4, memoryview(body))


def test_declared_lengths_allocate_nothing() -> None:
    body = a_request_body(item(0x50, b"\x52\0\xff\xff"))
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            decode_pdu(1, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 16384


@pytest.mark.parametrize(
    "pdu",
    [
        AssociateReject(result=256, source=1, reason=1),
        Abort(source=-1),
        AssociateRequest(
            called_ae_title="A" * 17, calling_ae_title="B", contexts=(), user_information=UserInformation()
        ),
        AssociateRequest(
            called_ae_title="Ä", calling_ae_title="B", contexts=(), user_information=UserInformation()
        ),
        AssociateRequest(
            called_ae_title="A",
            calling_ae_title="B",
            contexts=(),
            user_information=UserInformation(max_pdu_length=1 << 32),
        ),
        AssociateRequest(
            called_ae_title="A",
            calling_ae_title="B",
            contexts=(),
            user_information=UserInformation(
                roles=(RoleSelection(sop_class_uid="1" * 65536, scu=True, scp=True),)
            ),
        ),
        AssociateRequest(
            called_ae_title="A",
            calling_ae_title="B",
            contexts=(),
            user_information=UserInformation(),
            protocol_version=65536,
        ),
    ],
)
def test_value_that_does_not_fit_is_our_mistake(pdu: Pdu) -> None:
    with pytest.raises(LocalError):
        pdu.encode()


def test_example_bytes_are_those_of_the_standard() -> None:
    """PS3.8 tables 9-11 and following, by hand."""
    accept = AN_ACCEPT.encode()

    assert accept[:6] == b"\2\0" + struct.pack(">I", len(accept) - 6)
    assert accept[6:74] == b"\0\1\0\0" + b"ARCHIVE".ljust(16) + b"FILEROOM".ljust(16) + bytes(32)
    assert accept[74:99] == b"\x10\0\0\x15" + b"1.2.840.10008.3.1.1.1"
    assert accept[99:128] == b"\x21\0\0\x19\1\0\0\0" + b"\x40\0\0\x11" + b"1.2.840.10008.1.2"
    assert accept[128:140] == b"\x50\0" + struct.pack(">H", len(accept) - 132) + b"\x51\0\0\4\0\4\0\0"
