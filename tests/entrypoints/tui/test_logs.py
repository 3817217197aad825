"""The log on the screen: it follows the end, counts, and bears a flood."""

import logging
import threading
import time
from typing import Any

from textual.pilot import Pilot

from fileroom.entrypoints.tui.log_buffer import LogBuffer
from fileroom.entrypoints.tui.panes.logs import LogSource
from fileroom.entrypoints.tui.records import Tone
from tests.contract.object_stores import run_together
from tests.entrypoints.tui.driving import RoomUi, drive, on_screen, until

log = logging.getLogger("fileroom.test")


def emit(buffer: LogBuffer, *texts: str, level: int = logging.INFO) -> None:
    for text in texts:
        buffer.emit(logging.LogRecord("fileroom", level, "", 0, text, None, None))


def shown(source: LogSource) -> list[str]:
    return [record.cells[2] for record in source.window(0, source.count())]


def test_buffer_keeps_the_latest_lines_and_counts_all() -> None:
    buffer = LogBuffer(3)
    emit(buffer, "a", "b")
    assert (buffer.total, buffer.first, buffer.is_capped) == (2, 0, False)
    emit(buffer, "c", "d", "e")
    assert (buffer.total, buffer.first, buffer.is_capped) == (5, 2, True)
    assert [line.text for line in buffer.lines(0, 99)] == ["c", "d", "e"]
    assert [line.number for line in buffer.lines(3, 4)] == [3]


def test_source_shows_what_was_there_when_it_looked_last() -> None:
    buffer = LogBuffer(3)
    source = LogSource(buffer)
    assert source.count() == 0
    emit(buffer, "a", "b")
    assert shown(source) == []
    source.look_again()
    assert shown(source) == ["a", "b"]
    emit(buffer, "c", "d")
    assert shown(source) == ["", "b"]
    source.look_again()
    assert shown(source) == ["b", "c", "d"]
    assert (source.place("1", 9), source.place("3", 0), source.place("0", 0)) == (0, 2, None)


def test_records_that_cannot_be_formatted_and_errors_are_told() -> None:
    buffer = LogBuffer()
    buffer.emit(logging.LogRecord("fileroom", logging.INFO, "", 0, "%d files", ("x",), None))
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        found = (type(error), error, error.__traceback__)
        buffer.emit(logging.LogRecord("fileroom", logging.ERROR, "", 0, "it failed", None, found))
    assert [line.text for line in buffer.lines(0, 9)] == ["%d files", "it failed (ZeroDivisionError)"]


def test_threads_log_together_without_losing_a_line() -> None:
    buffer = LogBuffer(10_000)
    run_together(lambda thread: emit(buffer, *(f"{thread}-{line}" for line in range(1000))), threads=4)
    assert buffer.total == 4000
    assert len({line.text for line in buffer.lines(0, 4000)}) == 4000


def test_log_follows_its_end_and_shows_levels(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for number in range(30):
            log.info("line %d", number)
        log.error("trouble")
        await on_screen(pilot, "trouble")
        records = app.logs_pane.records
        assert records.counter == f"{records.total}/{records.total}"
        assert records.marked is not None
        assert records.marked.tone is Tone.ERROR
        await pilot.press("7", "up", "up")
        log.info("unseen")
        total = records.total or 0
        await until(pilot, lambda: records.total == total + 1)
        assert records.index == total - 3
        await pilot.press("G")
        await on_screen(pilot, "unseen")

    drive(app, steps)


def test_pane_says_when_older_lines_are_gone(empty_room: RoomUi) -> None:
    app = empty_room.app()
    app.log_buffer._ring = [None] * 50

    async def steps(pilot: Pilot[Any]) -> None:
        for number in range(80):
            log.info("line %d", number)
        await on_screen(pilot, f"the last 50 of {app.log_buffer.total}")
        await on_screen(pilot, "50/50")

    drive(app, steps)


def test_flood_of_lines_leaves_keys_alive(empty_room: RoomUi) -> None:
    app = empty_room.app()
    stop = threading.Event()

    def flood() -> None:
        while not stop.wait(0.001):
            for _ in range(3):
                log.warning("one of many")

    async def steps(pilot: Pilot[Any]) -> None:
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            await until(pilot, lambda: app.log_buffer.total > 1000)
            began = time.perf_counter()
            app.logs_pane.look_again()
            assert time.perf_counter() - began < 0.1
            await pilot.press("7", "up", "1", "3")
            assert app.focused_pane() is app.local_pane
        finally:
            stop.set()
            thread.join()

    drive(app, steps)
