"""Messages out of slices: what belongs together, and what cannot be."""

import pytest

from fileroom.adapters.dicom._shared.dimse import COMMAND_LIMIT, CommandSet, c_echo_rq, c_store_rq
from fileroom.adapters.dicom._shared.messages import CommandReceived, DataReceived, DataSlice, MessageReader
from fileroom.adapters.dicom._shared.mistakes import AbortSource, MessageError

ECHO = c_echo_rq(1, "1.2.840.10008.1.1")
STORE = c_store_rq(2, "1.2.840.10008.5.1.4.1.1.2", "1.2.3")


def a_slice(data: bytes, *, is_command: bool = False, is_last: bool = True, context_id: int = 1) -> DataSlice:
    """A slice that is a fragment of its own."""
    return DataSlice(context_id, is_command, is_last, memoryview(data), is_start=True)


def a_command(command: CommandSet, context_id: int = 1) -> DataSlice:
    """A whole command set."""
    return a_slice(command.encode(), is_command=True, context_id=context_id)


def test_command_without_data_is_a_message() -> None:
    reader = MessageReader()

    assert reader.take(a_command(ECHO)) == CommandReceived(1, ECHO)
    assert not reader.in_the_middle


def test_command_in_pieces_is_put_together() -> None:
    reader, encoded = MessageReader(), ECHO.encode()

    for n in range(len(encoded) - 1):
        assert reader.take(a_slice(encoded[n : n + 1], is_command=True, is_last=False)) is None
    assert reader.take(a_slice(encoded[-1:], is_command=True)) == CommandReceived(1, ECHO)


def test_data_passes_through_as_it_is() -> None:
    reader, first, last = MessageReader(), a_slice(b"abc", is_last=False), a_slice(b"")
    reader.take(a_command(STORE))

    assert reader.take(first) == DataReceived(1, first.data, is_last=False)
    assert reader.in_the_middle
    assert reader.take(last) == DataReceived(1, last.data, is_last=True)


def test_messages_follow_each_other_on_other_contexts() -> None:
    reader = MessageReader()
    for one in (a_command(STORE, 1), a_slice(b"ab"), a_command(ECHO, 3), a_command(STORE, 5)):
        assert reader.take(one) is not None
    assert reader.in_the_middle


@pytest.mark.parametrize(
    ("before", "one", "words"),
    [
        ([], a_slice(b"ab"), "without a command set"),
        ([a_command(ECHO)], a_slice(b"ab"), "without a command set"),
        ([a_command(STORE)], a_command(ECHO), "in the middle"),
        ([a_command(STORE)], a_slice(b"ab", context_id=3), "contexts 1 and 3"),
        ([a_slice(b"\0", is_command=True, is_last=False)], a_command(ECHO, 3), "contexts 1 and 3"),
        ([a_slice(b"\0", is_command=True, is_last=False)], a_slice(b"ab"), "without a command set"),
        ([], a_slice(b"nonsense", is_command=True), "group"),
        ([], a_slice(bytes(COMMAND_LIMIT + 1), is_command=True), "limit"),
    ],
)
def test_slice_that_does_not_fit_is_the_peers_mistake(
    before: list[DataSlice], one: DataSlice, words: str
) -> None:
    reader = MessageReader()
    for earlier in before:
        reader.take(earlier)

    with pytest.raises(MessageError, match=words) as told:
        reader.take(one)
    assert told.value.source is AbortSource.SERVICE_USER


def test_command_without_end_is_refused_before_it_is_kept() -> None:
    reader, piece = MessageReader(), a_slice(bytes(4096), is_command=True, is_last=False)
    for _ in range(COMMAND_LIMIT // 4096):
        reader.take(piece)
    with pytest.raises(MessageError, match="limit"):
        reader.take(piece)
