"""The stream of PDUs: every split, limits before a body is read, noise."""

import struct
import tracemalloc
from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom._shared.mistakes import AbortReason, LocalError, ProtocolError
from fileroom.adapters.dicom.native.core.pdu import (
    HEADER,
    Abort,
    ControlPdu,
    PData,
    Pdu,
    PresentationDataValue,
)
from fileroom.adapters.dicom.native.core.stream import CONTROL_LIMIT, DATA_LIMIT, PduReader
from tests.unit.adapters.dicom_native.pdus import EXAMPLES, PDUS, SOME_DATA, name_of

Read = ControlPdu | PresentationDataValue


def read(pieces: Iterable[bytes], reader: PduReader | None = None) -> list[Read]:
    """Feed pieces, copy what comes, and put fragments together again."""
    reader = reader or PduReader()
    found: list[Read] = []
    for piece in pieces:
        buffer = bytearray(piece)
        for event in reader.feed(memoryview(buffer)):
            if not isinstance(event, DataSlice):
                found.append(event)
                continue
            before = b""
            if not event.is_start:
                last = found.pop()
                assert isinstance(last, PresentationDataValue)
                assert not last.is_last
                assert (last.context_id, last.is_command) == (event.context_id, event.is_command)
                before = last.data
            found.append(
                PresentationDataValue(
                    context_id=event.context_id,
                    is_command=event.is_command,
                    is_last=event.is_last,
                    data=before + bytes(event.data),
                )
            )
        buffer[:] = b"\xaa" * len(buffer)  # what is kept of a reused buffer would be seen to change
    return found


def expected(pdus: Iterable[Pdu]) -> list[Read]:
    """What should be read: values in place of their PDU."""
    found: list[Read] = []
    for pdu in pdus:
        if isinstance(pdu, PData):
            found += pdu.values
        else:
            found.append(pdu)
    return found


def a_data_pdu(*values: bytes, length: int | None = None) -> bytes:
    """A P-DATA-TF of values that may be wrong."""
    body = b"".join(values)
    return HEADER.pack(4, len(body) if length is None else length) + body


def a_value(data: bytes, control: int = 0, length: int | None = None, context_id: int = 1) -> bytes:
    """A presentation data value that may be wrong."""
    return struct.pack(">IBB", len(data) + 2 if length is None else length, context_id, control) + data


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_is_read_whole(pdu: Pdu) -> None:
    assert read([pdu.encode()]) == expected([pdu])


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_is_read_byte_by_byte(pdu: Pdu) -> None:
    data = pdu.encode()

    assert read(data[n : n + 1] for n in range(len(data))) == expected([pdu])


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_is_read_when_split_anywhere(pdu: Pdu) -> None:
    data = pdu.encode()
    for at in range(len(data) + 1):
        assert read([data[:at], data[at:]]) == expected([pdu])


@pytest.mark.parametrize("pdu", EXAMPLES, ids=name_of)
def test_pdu_is_read_when_others_follow_in_the_same_bytes(pdu: Pdu) -> None:
    data = pdu.encode() + SOME_DATA.encode() + Abort().encode()

    assert read([data]) == expected([pdu, SOME_DATA, Abort()])
    assert read([data[:-3], data[-3:]]) == expected([pdu, SOME_DATA, Abort()])


@given(st.lists(PDUS, max_size=4), st.data())
def test_pdus_are_read_however_they_are_cut(pdus: list[Pdu], data: st.DataObject) -> None:
    stream = b"".join(pdu.encode() for pdu in pdus)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    reader = PduReader()

    assert read(pieces, reader) == expected(pdus)
    assert not reader.in_the_middle


def test_data_is_handed_out_before_its_pdu_is_complete_and_without_a_copy() -> None:
    buffer = bytearray(a_data_pdu(a_value(bytes(1000), control=2)))
    reader = PduReader()
    first, second = memoryview(buffer)[:500], memoryview(buffer)[500:]

    states = [reader.in_the_middle]
    (one,) = reader.feed(first)
    states.append(reader.in_the_middle)
    (two,) = reader.feed(second)
    states.append(reader.in_the_middle)

    assert states == [False, True, False]
    assert isinstance(one, DataSlice)
    assert isinstance(two, DataSlice)

    assert (one.data.obj, two.data.obj) == (buffer, buffer)
    assert (len(one.data), len(two.data)) == (488, 512)
    assert (one.is_start, one.is_last, two.is_start, two.is_last) == (True, False, False, True)


def test_reserved_bits_of_the_control_header_are_not_checked() -> None:
    (value,) = PduReader().feed(a_data_pdu(a_value(b"ab", control=0xFC | 2)))

    assert isinstance(value, DataSlice)
    assert (value.is_command, value.is_last) == (False, True)


def test_empty_fragment_is_handed_out_with_its_header() -> None:
    data = a_data_pdu(a_value(b"", control=3))
    reader = PduReader()

    assert list(reader.feed(data[:-1])) == []
    (value,) = reader.feed(data[-1:])
    assert isinstance(value, DataSlice)
    assert (bytes(value.data), value.is_command, value.is_last, value.is_start) == (b"", True, True, True)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(a_data_pdu(), id="no value"),
        pytest.param(a_data_pdu(b"\0\0\0\2\1"), id="half a value header"),
        pytest.param(a_data_pdu(a_value(b"", length=0)), id="value of length 0"),
        pytest.param(a_data_pdu(a_value(b"", length=1)), id="value of length 1"),
        pytest.param(a_data_pdu(a_value(b"abc", length=6)), id="value beyond its PDU"),
        pytest.param(a_data_pdu(a_value(b"abc", length=0xFFFFFFFF)), id="huge value"),
        pytest.param(a_data_pdu(a_value(b"abc"), b"\0\0\0"), id="rest that is no value"),
        pytest.param(HEADER.pack(5, 0), id="release without a body"),
        pytest.param(HEADER.pack(7, 3) + bytes(3), id="abort of three bytes"),
    ],
)
def test_broken_pdu_is_the_peers_mistake_however_it_is_cut(data: bytes) -> None:
    for pieces in ([data], [data[n : n + 1] for n in range(len(data))]):
        with pytest.raises(ProtocolError) as told:
            read(pieces)
        assert told.value.reason is AbortReason.INVALID_PARAMETER


@pytest.mark.parametrize(
    ("kind", "limit"), [(4, DATA_LIMIT), *((kind, CONTROL_LIMIT) for kind in (1, 2, 3, 5, 6, 7))]
)
def test_pdu_over_its_limit_is_refused_at_its_header(kind: int, limit: int) -> None:
    assert list(PduReader().feed(HEADER.pack(kind, limit))) == []
    with pytest.raises(ProtocolError, match="over the limit"):
        list(PduReader().feed(HEADER.pack(kind, limit + 1)))


def test_limit_of_data_can_be_set() -> None:
    reader = PduReader(data_limit=100)
    assert len(list(reader.feed(a_data_pdu(a_value(bytes(94)))))) == 1
    with pytest.raises(ProtocolError, match="over the limit of 100"):
        list(reader.feed(HEADER.pack(4, 101)))


def test_limit_of_data_holds_for_a_pdu_that_has_come_whole_and_may_change_before_it() -> None:
    reader, pdu = PduReader(data_limit=100), a_data_pdu(a_value(bytes(95)))
    reader.data_limit = 101
    assert len(list(reader.feed(pdu))) == 1
    reader.data_limit = 100
    with pytest.raises(ProtocolError, match="over the limit of 100"):
        list(reader.feed(pdu))


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 400 Bad Request", b"\x16\x03\x01\x02", b"\0"]
)
def test_noise_is_told_at_its_first_byte(noise: bytes) -> None:
    for pieces in ([noise], [noise[:1]], [b"", noise[:1]]):
        with pytest.raises(ProtocolError, match=r"HTTP|noise") as told:
            read(pieces)
        assert told.value.reason is AbortReason.UNRECOGNIZED_PDU


def test_what_came_before_a_mistake_is_good() -> None:
    events = PduReader().feed(SOME_DATA.encode() + b"noise")

    assert [type(next(events)) for _ in SOME_DATA.values] == [DataSlice] * 3
    with pytest.raises(ProtocolError):
        next(events)


def test_broken_stream_takes_nothing_more() -> None:
    reader = PduReader()
    with pytest.raises(ProtocolError):
        list(reader.feed(b"noise"))
    with pytest.raises(LocalError, match="broken"):
        list(reader.feed(Abort().encode()))


def test_feeding_before_the_last_bytes_are_consumed_is_our_mistake() -> None:
    reader = PduReader()
    next(reader.feed(SOME_DATA.encode()))
    with pytest.raises(LocalError, match="not consumed"):
        list(reader.feed(b""))


@given(st.lists(st.binary(max_size=64), max_size=8))
def test_random_bytes_raise_nothing_but_protocol_errors(pieces: list[bytes]) -> None:
    with suppress(ProtocolError):
        read(pieces)


@given(st.lists(PDUS, min_size=1, max_size=3), st.data())
def test_damaged_stream_is_read_the_same_whole_and_in_pieces(pdus: list[Pdu], data: st.DataObject) -> None:
    stream = bytearray(b"".join(pdu.encode() for pdu in pdus))
    for _ in range(data.draw(st.integers(1, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))

    def outcome(pieces: Iterable[bytes]) -> tuple[int, bytes, str]:
        """Count the PDUs that are no data, join the data, and name the end."""
        reader, controls, data_read = PduReader(), 0, b""
        try:
            for piece in pieces:
                for event in reader.feed(piece):
                    if isinstance(event, DataSlice):
                        data_read += bytes(event.data)
                    else:
                        controls += 1
        except ProtocolError as error:
            return controls, data_read, error.reason.name
        return controls, data_read, ""

    whole = bytes(stream)
    assert outcome(whole[n : n + 1] for n in range(len(whole))) == outcome([whole])


def test_memory_follows_what_has_come_not_what_is_declared() -> None:
    reader = PduReader()
    tracemalloc.start()
    try:
        assert list(reader.feed(HEADER.pack(1, CONTROL_LIMIT) + bytes(100))) == []
        _, declared = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert declared < 16384
