"""Data cut into PDUs: nothing longer than the peer takes, nothing copied, nothing lost."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.framing import (
    BATCH_BUFFERS,
    BATCH_BYTES,
    LONGEST_PDU,
    SMALLEST_PDU,
    Buffer,
    frame,
)
from fileroom.adapters.dicom._shared.mistakes import LocalError
from fileroom.adapters.dicom.native.core.pdu import HEADER, PData, decode_pdu

LISTS = st.lists(st.binary(max_size=80), max_size=8)


def pdus_of(batches: list[list[Buffer]]) -> list[PData]:
    """Decode what would be on the wire."""
    stream = b"".join(bytes(buffer) for batch in batches for buffer in batch)
    found = []
    while stream:
        kind, length = HEADER.unpack_from(stream)
        pdu = decode_pdu(kind, memoryview(stream)[HEADER.size : HEADER.size + length])
        assert isinstance(pdu, PData)
        found.append(pdu)
        stream = stream[HEADER.size + length :]
    return found


@given(LISTS, st.just(0) | st.integers(SMALLEST_PDU, 120), st.booleans(), st.integers(0, 255))
def test_frames_hold_the_data_within_the_peers_maximum(
    parts: list[bytes], maximum: int, is_command: bool, context_id: int
) -> None:
    pdus = pdus_of(list(frame(context_id, parts, maximum, is_command=is_command)))
    values = [value for pdu in pdus for value in pdu.values]

    assert b"".join(value.data for value in values) == b"".join(parts)
    assert {(value.context_id, value.is_command) for value in values} == {(context_id, is_command)}
    assert [value.is_last for value in values] == [False] * (len(values) - 1) + [True]
    assert all(len(value.data) and len(value.data) % 2 == 0 for value in values[:-1])
    assert all(not maximum or len(pdu.encode()) - HEADER.size <= maximum for pdu in pdus)


@pytest.mark.parametrize("parts", [[], [b""], [b"", b""]])
def test_nothing_becomes_one_empty_fragment(parts: list[bytes]) -> None:
    ((header,),) = frame(3, parts, 16384, is_command=False)

    assert bytes(header) == b"\4\0\0\0\0\6\0\0\0\2\3\2"


def test_frames_refer_to_the_data_without_copying_it() -> None:
    data = os.urandom(100_000)
    batches = list(frame(1, [data], 16384, is_command=False))

    views = [buffer for batch in batches for buffer in batch if isinstance(buffer, memoryview)]
    assert all(view.obj is data for view in views)
    assert sum(map(len, views)) == len(data)


@pytest.mark.parametrize("maximum", [17, 101, 16383])
def test_fragments_are_even_when_the_peers_maximum_is_odd(maximum: int) -> None:
    pdus = pdus_of(list(frame(1, [bytes(40_001)], maximum, is_command=False)))
    lengths = [len(value.data) for pdu in pdus for value in pdu.values]

    assert set(lengths[:-1]) == {maximum - 7}


def test_fragments_reach_over_parts() -> None:
    pdus = pdus_of(list(frame(1, [b"ab", b"cd", b"ef"], 16384, is_command=False)))

    assert [value.data for pdu in pdus for value in pdu.values] == [b"abcdef"]


@pytest.mark.parametrize("maximum", [0, 0xFFFFFFFF, 1 << 20])
def test_pdus_stay_within_our_own_maximum_when_the_peer_takes_more(maximum: int) -> None:
    pdus = pdus_of(list(frame(1, [bytes(1 << 20)], maximum, is_command=False)))

    assert max(len(pdu.encode()) - HEADER.size for pdu in pdus) == LONGEST_PDU


@pytest.mark.parametrize("maximum", range(1, SMALLEST_PDU))
def test_maximum_without_room_for_data_is_our_mistake(maximum: int) -> None:
    with pytest.raises(LocalError):
        list(frame(1, [b"data"], maximum, is_command=False))


@pytest.mark.parametrize(
    ("maximum", "size"), [(16, 1 << 18), (4096, 3 << 20), (16384, 3 << 20), (262144, 3 << 20), (0, 3 << 20)]
)
def test_batches_are_worth_one_system_call(maximum: int, size: int) -> None:
    batches = list(frame(1, [bytes(size)], maximum, is_command=False))

    assert all(len(batch) < 2 * BATCH_BUFFERS for batch in batches)
    assert all(sum(map(len, batch)) < BATCH_BYTES + LONGEST_PDU + 4096 for batch in batches)


def test_batches_stay_small_when_parts_are_tiny() -> None:
    batches = list(frame(1, [b"x"] * 5000, 262144, is_command=False))

    assert all(len(batch) < 2 * BATCH_BUFFERS for batch in batches)
    assert len(pdus_of(batches)) == 1


def test_parts_are_taken_when_they_are_needed() -> None:
    taken = []

    def parts() -> Iterator[bytes]:
        for number in range(8):
            taken.append(number)
            yield bytes(BATCH_BYTES)

    next(frame(1, parts(), 0, is_command=False))

    assert len(taken) <= 3
