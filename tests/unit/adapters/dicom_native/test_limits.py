"""Limits before allocation: what a peer declares, or sends for ever, costs little memory."""

import struct
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import pytest

from fileroom.adapters.dicom._shared.dimse import COMMAND_LIMIT, decode_command
from fileroom.adapters.dicom._shared.messages import DataSlice, MessageReader
from fileroom.adapters.dicom._shared.mistakes import MessageError, ProtocolError
from fileroom.adapters.dicom.native.core.association import Association, PeerFailed, Role
from fileroom.adapters.dicom.native.core.fields import item
from fileroom.adapters.dicom.native.core.pdu import HEADER, decode_pdu
from fileroom.adapters.dicom.native.core.stream import CONTROL_LIMIT, DATA_LIMIT, PduReader

LITTLE = 64 << 10
"""Bytes of memory that anything may cost."""
CONTEXT = b"\1\0\0\0"
HUGE = [0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
"""Lengths that are negative, or overflow, for who reads them as signed or adds to them in 32 bits."""


def peak(work: Callable[[], object]) -> int:
    """Return how many bytes were allocated at the same time during some work."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refused(work: Callable[[], object]) -> Callable[[], None]:
    """Return work that has to end in a mistake of the peer."""

    def attempt() -> None:
        with pytest.raises(ProtocolError):
            work()

    return attempt


def an_associate(items: bytes) -> bytes:
    """The body of an A-ASSOCIATE-RQ or -AC."""
    return struct.pack(">HH16s16s32s", 1, 0, b"A".ljust(16), b"B".ljust(16), bytes(32)) + items


def pieces(head: bytes, body: bytes, times: int) -> Iterator[bytes]:
    """Yield bytes that are repeated without ever being there at once."""
    yield head
    for _ in range(times):
        yield body


def read(stream: Iterable[bytes], take: Callable[[DataSlice], object] = bool) -> None:
    """Read a stream and pass its slices on."""
    reader = PduReader()
    for piece in stream:
        for one in reader.feed(piece):
            assert isinstance(one, DataSlice)
            take(one)


@pytest.mark.parametrize("length", [*HUGE, DATA_LIMIT + 1])
@pytest.mark.parametrize("kind", range(1, 8))
def test_declared_length_of_a_pdu_is_refused_before_its_body(kind: int, length: int) -> None:
    header = HEADER.pack(kind, length)

    assert peak(refused(lambda: read([header]))) < LITTLE
    assert peak(refused(lambda: read(header[n : n + 1] for n in range(6)))) < LITTLE


@pytest.mark.parametrize("length", HUGE)
def test_declared_length_of_a_value_is_refused_before_its_data(length: int) -> None:
    stream = HEADER.pack(4, DATA_LIMIT) + struct.pack(">IBB", length, 1, 0)

    assert peak(refused(lambda: read([stream, bytes(100)]))) < LITTLE


@pytest.mark.parametrize("length", [*HUGE, 0x10000, 3])
def test_declared_length_of_a_command_element_is_refused_before_its_value(length: int) -> None:
    encoded = struct.pack("<HHI", 0, 0x0100, length) + b"\x30\0"

    assert peak(refused(lambda: decode_command(encoded))) < LITTLE


@pytest.mark.parametrize("kind", [1, 2])
@pytest.mark.parametrize(
    "items",
    [
        pytest.param(item(0x20, CONTEXT) * 65_535, id="proposed contexts"),
        pytest.param(item(0x21, CONTEXT) * 65_535, id="answered contexts"),
        pytest.param(item(0x99, b"") * 65_535, id="unknown items"),
        pytest.param(item(0x50, item(0x54, b"\0\0\1\1") * 8000), id="roles"),
        pytest.param(item(0x50, item(0x99, b"") * 16_000), id="unknown sub-items"),
        pytest.param(item(0x20, CONTEXT + item(0x40, b"") * 16_000), id="syntaxes"),
        pytest.param(item(0x21, CONTEXT + item(0x99, b"") * 16_000), id="unknown items of a context"),
    ],
)
def test_items_beyond_counting_cost_little(items: bytes, kind: int) -> None:
    body = memoryview(an_associate(items))

    def attempt() -> None:
        with suppress(ProtocolError):  # to the other kind of PDU a context is an unknown item
            decode_pdu(kind, body)

    assert peak(attempt) < 4 * LITTLE


@pytest.mark.parametrize(
    ("kind", "sub_item"),
    [(1, item(0x40, b"")), (1, item(0x40, b"1.2")), (1, item(0x99, b"")), (2, item(0x99, b""))],
)
def test_items_of_all_contexts_together_cost_little(kind: int, sub_item: bytes) -> None:
    context = item(0x1F + kind, CONTEXT + sub_item * 1000)
    body = memoryview(an_associate(context * ((CONTROL_LIMIT - 1000) // len(context))))

    def attempt() -> None:
        with suppress(
            ProtocolError
        ):  # of an answered context one syntax is kept, so that many are none too many
            decode_pdu(kind, body)

    assert peak(attempt) < 4 << 20


def test_user_information_costs_no_more_than_its_container_has_room_for() -> None:
    related = struct.pack(">HHH", 0, 0, 65_000) + bytes(65_000)
    body = memoryview(an_associate(item(0x50, item(0x57, related))))

    assert peak(lambda: decode_pdu(1, body)) < 1 << 20


def test_empty_values_for_ever_cost_nothing() -> None:
    value, times = struct.pack(">IBB", 2, 1, 0), 20_000
    seen = [0, 0, 0]

    def take(one: DataSlice) -> None:
        seen[:] = [seen[0] + 1, one.is_last, len(one.data)]

    assert peak(lambda: read(pieces(HEADER.pack(4, 6 * times), value, times), take)) < LITTLE
    assert seen == [times, False, 0]


def test_data_cost_nothing_however_long_their_pdu_is() -> None:
    chunk, header = bytes(1 << 20), HEADER.pack(4, DATA_LIMIT) + struct.pack(">IBB", DATA_LIMIT - 4, 1, 2)

    assert peak(lambda: read(pieces(header, chunk, 15))) < LITTLE


def test_command_in_empty_fragments_for_ever_costs_nothing() -> None:
    pdu = HEADER.pack(4, 6) + struct.pack(">IBB", 2, 1, 1)
    messages = MessageReader()

    assert peak(lambda: read(pieces(b"", pdu, 20_000), messages.take)) < LITTLE
    assert messages.in_the_middle


def test_command_without_end_is_kept_up_to_its_limit() -> None:
    pdu = HEADER.pack(4, 1006) + struct.pack(">IBB", 1002, 1, 1) + bytes(1000)
    messages = MessageReader()

    def attempt() -> None:
        with pytest.raises(MessageError, match="limit"):
            read(pieces(b"", pdu, 1000), messages.take)

    assert peak(attempt) < 3 * COMMAND_LIMIT


def test_command_of_unknown_elements_costs_a_multiple_of_its_limit() -> None:
    element = struct.pack("<HHI", 0, 0x0100, 2) + b"\x30\0"
    others = b"".join(struct.pack("<HHI", 0, 0x2000 + n, 0) for n in range(COMMAND_LIMIT // 8 - 10))

    assert peak(lambda: decode_command(element + others)) < 32 * COMMAND_LIMIT


def test_data_before_any_association_are_refused_at_their_beginning() -> None:
    acceptor = Association(Role.ACCEPTOR)
    acceptor.connected()
    header = HEADER.pack(4, DATA_LIMIT) + struct.pack(">IBB", DATA_LIMIT - 4, 1, 2) + b"\0"

    (told,) = acceptor.receive(header)
    assert isinstance(told, PeerFailed)
    assert peak(lambda: list(acceptor.receive(bytes(1 << 20)))) < (1 << 20) + LITTLE
