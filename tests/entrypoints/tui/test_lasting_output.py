"""Output to a terminal that is gone."""

import os
import pty

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from fileroom.entrypoints.tui.lasting_output import LastingOutput


def test_writes_reach_the_terminal_while_it_is_there() -> None:
    master, slave = pty.openpty()
    with open(slave, "w", encoding="utf-8") as stream:  # noqa: PTH123 - a descriptor
        output = LastingOutput(stream)
        output.write("hello")
        output.flush()
        assert os.read(master, 100) == b"hello"
        assert output.fileno() == slave  # type: ignore[operator]  # the stream's own
    os.close(master)


@pytest.mark.timeout(20)
def test_nobody_waits_for_a_terminal_that_is_gone() -> None:
    master, slave = pty.openpty()
    stream = open(slave, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - closed below, where closing fails
    writer = WriterThread(LastingOutput(stream))  # type: ignore[arg-type]  # as the driver does
    writer.start()
    os.close(master)

    for _ in range(3 * MAX_QUEUED_WRITES):
        writer.write("nobody sees this")
    writer.stop()

    assert not writer.is_alive()
    with pytest.raises(OSError, match="error"):
        stream.close()
