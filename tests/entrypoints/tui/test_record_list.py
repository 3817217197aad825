"""Lists: moving, selecting, windows over any number of rows, and keeping the place while rows come and go."""

import threading
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.entrypoints.tui.records import ListSource, Record, RecordSource
from fileroom.entrypoints.tui.widgets.record_list import SELECTABLE
from fileroom.entrypoints.tui.widgets.row_reading import KEPT_PAGES, PAGE
from tests.entrypoints.tui.driving import Steps, drive, messages, until
from tests.entrypoints.tui.lists import COLUMNS, CountedSource, ListApp, in_memory, record

SIZE = (40, 11)
ROWS = 10
"""In sight."""
MILLION = 1_000_000


def run(app: ListApp, steps: Steps) -> None:
    async def begin(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.list.total is not None)
        await pilot.pause()
        await steps(pilot)

    drive(app, begin, size=SIZE)


def _is_in_sight(app: ListApp, number: int) -> bool:
    return number in app.rows()


@pytest.fixture(params=["in memory", "in threads"])
def hundred(request: pytest.FixtureRequest) -> RecordSource:
    return in_memory(*range(100)) if request.param == "in memory" else CountedSource(100)


def test_keys_move_the_mark_and_the_counter_follows(hundred: RecordSource) -> None:
    app = ListApp(hundred)

    async def steps(pilot: Pilot[Any]) -> None:
        for key, index in (
            ("down", 1), ("j", 2), ("up", 1), ("k", 0), ("up", 0), ("pagedown", 9), ("pagedown", 18),
            ("pageup", 9), ("ctrl+d", 13), ("ctrl+u", 9), ("end", 99), ("down", 99), ("home", 0), ("G", 99), ("g", 0),
        ):  # fmt: skip
            await pilot.press(key)
            assert app.list.index == index, key
            assert app.list.counter == f"{index + 1}/100"
            await until(pilot, partial(_is_in_sight, app, index))

    run(app, steps)


def test_hints_tell_where_more_rows_are(hundred: RecordSource) -> None:
    app = ListApp(hundred)

    async def steps(pilot: Pilot[Any]) -> None:
        assert app.list.more == "▼"
        app.list.action_move(ROWS)
        assert app.list.more == "▲▼"
        await pilot.press("end")
        assert app.list.more == "▲"

    run(app, steps)


def test_short_list_has_no_hints_and_an_empty_one_says_what_to_do() -> None:
    app = ListApp(in_memory(1, 2))

    async def steps(pilot: Pilot[Any]) -> None:
        assert (app.list.more, app.rows()) == ("", [1, 2])
        app.list.show(in_memory())
        await pilot.pause()
        assert (app.list.counter, app.list.more, app.list.marked) == ("-/0", "", None)
        assert app.lines()[:2] == [" Nothing here.", " Press a."]
        for key in ("down", "end", "home", "pageup"):
            await pilot.press(key)
        app.list.toggle_selected()
        app.list.toggle_all()
        assert app.list.selected == ()

    run(app, steps)


def test_selected_rows_are_taken_instead_of_the_marked_one(hundred: RecordSource) -> None:
    app = ListApp(hundred)

    async def steps(pilot: Pilot[Any]) -> None:
        assert [found.value for found in app.list.selected] == [0]
        app.list.toggle_selected()
        app.list.toggle_selected()
        assert app.list.index == 2
        assert [found.value for found in app.list.selected] == [0, 1]
        assert app.list.counter == "3/100 (2 selected)"
        await pilot.pause()
        assert [line[0] for line in app.lines()[:3]] == ["●", "●", " "]
        await pilot.press("up")
        app.list.toggle_selected()
        assert [found.value for found in app.list.selected] == [0]
        assert app.list.let_go()
        assert not app.list.let_go()

    run(app, steps)


@pytest.mark.parametrize("count", [3, 100, 5 * PAGE])
def test_all_rows_can_be_selected_also_those_that_were_never_in_sight(count: int) -> None:
    app = ListApp(CountedSource(count))

    async def steps(pilot: Pilot[Any]) -> None:
        app.list.toggle_all()
        await until(pilot, lambda: app.list.selected_count == count)
        app.list.toggle_all()
        assert app.list.selected_count == 0

    run(app, steps)


def test_of_too_many_rows_the_first_are_selected_and_a_message_says_so() -> None:
    app = ListApp(CountedSource(MILLION))

    async def steps(pilot: Pilot[Any]) -> None:
        app.list.toggle_all()
        await until(pilot, lambda: app.list.selected_count == SELECTABLE)
        await until(pilot, lambda: f"first {SELECTABLE} rows" in messages(app))

    run(app, steps)


def test_million_rows_are_read_only_around_what_is_in_sight() -> None:
    source = CountedSource(MILLION)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.rows() == list(range(ROWS)))
        assert source.rows_read <= 2 * PAGE
        await pilot.press("end")
        await until(pilot, lambda: app.rows() == list(range(MILLION - ROWS, MILLION)))
        assert app.list.marked is not None
        assert app.list.marked.value == MILLION - 1
        await pilot.press("home")
        await until(pilot, lambda: app.rows() == list(range(ROWS)))
        assert source.rows_read <= 6 * PAGE
        for _ in range(3 * PAGE // ROWS):
            app.list.action_page(1)
        index = app.list.index
        await until(pilot, lambda: index in app.rows())
        assert source.rows_read <= 12 * PAGE

    run(app, steps)


def test_rows_far_away_are_forgotten() -> None:
    source = CountedSource(MILLION)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        for place in range(KEPT_PAGES + 6):
            app.list.scroll_to(y=place * 10 * PAGE, animate=False, immediate=True)
            await until(pilot, partial(_is_in_sight, app, place * 10 * PAGE))
        assert len(app.list._rows._pages) <= KEPT_PAGES

    run(app, steps)


def test_no_window_is_read_for_what_was_scrolled_past_while_another_was_read() -> None:
    source = CountedSource(MILLION)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.may_read.clear()
        for place in range(1, 31):
            app.list.scroll_to(y=place * 1000, animate=False, immediate=True)
            await pilot.pause()
        assert app.lines()[0].strip() == "…"
        source.may_read.set()
        await until(pilot, lambda: app.rows()[:1] == [30_000])
        assert len(source.asked) <= 8

    run(app, steps)


def test_slow_list_keeps_keys_alive_and_shows_that_it_waits() -> None:
    source = CountedSource(100)
    source.may_read.clear()
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.lines()[0].strip() == "…")
        assert app.list.counter == "…"
        await pilot.press("down", "end")
        assert app.list.marked is None
        source.may_read.set()
        await until(pilot, lambda: app.rows() == list(range(ROWS)))

    drive(app, steps, size=SIZE)


def test_old_rows_stay_in_sight_until_those_of_another_list_are_there() -> None:
    app = ListApp(in_memory(1, 2, 3))
    slow = CountedSource(100)

    async def steps(pilot: Pilot[Any]) -> None:
        slow.may_read.clear()
        app.list.show(slow)
        await pilot.pause()
        assert app.rows() == [1, 2, 3]
        assert (app.list.marked, app.list.selected) == (None, ())
        slow.may_read.set()
        await until(pilot, lambda: app.rows() == list(range(ROWS)))

    run(app, steps)


def test_answer_of_a_list_that_is_not_shown_any_more_is_dropped() -> None:
    slow = CountedSource(100)
    app = ListApp(in_memory(1))

    async def steps(pilot: Pilot[Any]) -> None:
        slow.may_read.clear()
        app.list.show(slow)
        app.list.show(in_memory(7, 8))
        slow.may_read.set()
        await pilot.pause(0.05)
        assert app.rows() == [7, 8]
        assert app.list.total == 2

    run(app, steps)


def test_error_is_shown_and_the_list_comes_back_when_it_can_be_read() -> None:
    source = CountedSource(100)
    source.fail("the catalog is locked")
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.lines()[0] == " the catalog is locked")
        assert app.list.counter == "-/0"
        source.error = None
        await until(pilot, lambda: app.rows() == list(range(ROWS)))
        assert app.list.error == ""

    drive(app, steps, size=SIZE)


def test_error_of_a_window_is_shown_in_the_place_of_its_rows() -> None:
    source = CountedSource(MILLION)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.fail()
        await pilot.press("end")
        await until(pilot, lambda: app.lines()[0] == " no catalog")
        await pilot.press("home")
        assert app.rows() == list(range(ROWS))
        source.error = None
        await pilot.press("end")
        await until(pilot, lambda: app.rows()[-1:] == [MILLION - 1])

    run(app, steps)


def test_bug_of_a_source_is_told_and_does_not_end_the_app(caplog: pytest.LogCaptureFixture) -> None:
    source = CountedSource(100)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.error = ZeroDivisionError("secret")
        app.list.read_again()
        await until(pilot, lambda: "this is a bug in fileroom (ZeroDivisionError)" in app.list.error)
        assert app.rows() == list(range(ROWS))
        source.error = None
        await until(pilot, lambda: not app.list.error)

    run(app, steps)
    assert "a list could not be read" in caplog.text


@pytest.mark.parametrize("kind", ["in memory", "in threads"])
@pytest.mark.parametrize("added", [1, 3, 500])
def test_mark_scroll_and_selection_stay_when_rows_come_above(kind: str, added: int) -> None:
    source: Any = in_memory(*range(1000)) if kind == "in memory" else CountedSource(1000)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        app.list.action_move(30)
        app.list.action_move(-2)
        await until(pilot, lambda: 28 in app.rows())
        before = app.rows()
        app.list.toggle_selected()
        if kind == "in memory":
            source.records = [*map(record, range(-added, 0)), *source.records]
        else:
            source.first, source.rows = -added, source.rows + added
        app.list.read_again()
        await until(pilot, lambda: app.list.total == 1000 + added and not app.list._is_reading_anew)
        await pilot.pause()
        assert app.rows() == before
        assert app.list.marked is not None
        assert app.list.marked.value == 29
        assert [found.value for found in app.list.selected] == [28]

    run(app, steps)


def test_rows_that_come_at_the_top_are_seen_by_who_looks_there() -> None:
    source = in_memory(*range(100))
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.records = [record(-1), *source.records]
        app.list.read_again()
        await pilot.pause()
        assert app.rows()[:3] == [-1, 0, 1]
        assert app.list.marked is not None
        assert app.list.marked.value == 0
        source.records = [*map(record, range(-100, -1)), *source.records]
        app.list.read_again()
        await pilot.pause()
        assert 0 in app.rows()

    run(app, steps)


def test_place_in_sight_stays_when_the_mark_is_elsewhere() -> None:
    source = CountedSource(1000)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        app.list.scroll_to(y=500, animate=False, immediate=True)
        await until(pilot, lambda: app.rows()[:1] == [500])
        source.first, source.rows = -7, 1007
        app.list.read_again()
        await until(pilot, lambda: app.list.total == 1007)
        await until(pilot, lambda: app.rows()[:1] == [500])
        assert app.list.index == 7

    run(app, steps)


def test_mark_moved_while_the_list_is_read_again_is_kept() -> None:
    source = CountedSource(1000)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("down", "down")
        source.first, source.rows = -1, 1001
        source.may_read.clear()
        app.list.read_again()
        await pilot.press("down", "down")
        source.may_read.set()
        await until(pilot, lambda: app.list.total == 1001)
        assert app.list.marked is not None
        assert app.list.marked.value == 4

    run(app, steps)


def test_change_during_a_reading_is_read_after_it() -> None:
    source = CountedSource(100)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.may_read.clear()
        app.list.read_again()
        await pilot.pause()
        app.list.read_again()
        asked = len(source.asked)
        source.may_read.set()
        await until(pilot, lambda: len(source.asked) >= asked + 2)

    run(app, steps)


def test_rows_read_before_the_list_was_read_again_are_dropped() -> None:
    class Late(CountedSource):
        is_late = False
        may_answer = threading.Event()

        def window(self, offset: int, limit: int) -> Sequence[Record]:
            is_late, rows = self.is_late, super().window(offset, limit)
            if is_late:
                assert self.may_answer.wait(20)
            return rows

    source = Late(1000)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        source.is_late, asked = True, len(source.asked)
        await pilot.press("end")
        await until(pilot, lambda: len(source.asked) > asked)
        source.is_late, source.first, source.rows = False, -1, 1001
        app.list.read_again()
        await until(pilot, lambda: app.list.total == 1001)
        source.may_answer.set()
        await pilot.press("end")
        await until(pilot, lambda: app.rows() == list(range(990, 1000)))
        await pilot.pause(0.05)
        assert (app.list.total, app.rows()) == (1001, list(range(990, 1000)))

    run(app, steps)


@pytest.mark.parametrize("left", [0, 1, 5, 95])
def test_mark_stays_within_a_list_that_shrinks(hundred: Any, left: int) -> None:
    app = ListApp(hundred)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("end")
        await until(pilot, lambda: app.rows()[-1:] == [99])
        if isinstance(hundred, ListSource):
            hundred.records = hundred.records[:left]
        else:
            hundred.rows = left
        app.list.read_again()
        await until(pilot, lambda: app.list.total == left)
        await until(pilot, lambda: (app.rows() if left else app.lines()[0]) == _expected(left))
        assert app.list.counter == (f"{left}/{left}" if left else "-/0")
        if isinstance(hundred, ListSource):
            hundred.records = [record(1)]
        else:
            hundred.rows = 1
        app.list.read_again()
        await until(pilot, lambda: app.list.counter == "1/1")

    run(app, steps)


def _expected(left: int) -> object:
    return list(range(max(left - ROWS, 0), left)) if left else " Nothing here."


def test_rows_that_are_gone_when_they_are_read_are_not_waited_for() -> None:
    class Shrinking(CountedSource):
        def count(self) -> int:
            return super().count() + 5

    source = Shrinking(4)
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.rows() == [0, 1, 2, 3])
        assert app.list.counter == "1/4"
        asked = len(source.asked)
        await pilot.pause(0.05)
        assert len(source.asked) == asked

    run(app, steps)


def test_last_row_stays_in_sight_where_that_is_wanted_and_until_one_looks_elsewhere() -> None:
    source = in_memory(*range(50))
    app = ListApp(source, stays_at_end=True)

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("end")
        source.records = [*source.records, *map(record, range(50, 70))]
        app.list.read_again()
        await pilot.pause()
        assert (app.list.index, app.rows()[-1]) == (69, 69)
        await pilot.press("up")
        source.records = [*source.records, record(70)]
        app.list.read_again()
        await pilot.pause()
        assert (app.list.index, app.rows()[-1]) == (68, 69)
        await pilot.press("end")
        app.list.scroll_to(y=20, animate=False, immediate=True)
        source.records = [*source.records, record(71)]
        app.list.read_again()
        await pilot.pause()
        assert app.rows()[0] == 20

    run(app, steps)


def test_mouse_marks_opens_and_scrolls() -> None:
    app = ListApp(CountedSource(MILLION))

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.rows() == list(range(ROWS)))
        await pilot.click(app.list, offset=(5, 4))
        assert app.list.index == 3
        await pilot.click(app.list, offset=(5, 0))
        assert app.list.index == 3
        await pilot.click(app.list, offset=(5, 6), times=2)
        assert (app.list.index, app.opened) == (5, 1)
        for _ in range(5):
            app.list._on_mouse_scroll_down(_wheel(app))
        await until(pilot, lambda: app.rows()[:1] != [0])
        assert app.list.index == 5
        first = app.rows()[0]
        await pilot.click(app.list, offset=(5, 1))
        assert app.list.index == first

    run(app, steps)


def _wheel(app: ListApp) -> Any:
    from textual.events import MouseScrollDown

    return MouseScrollDown(
        app.list, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False
    )  # as a terminal tells it


def test_scrollbar_goes_through_a_million_rows() -> None:
    app = ListApp(CountedSource(MILLION))

    async def steps(pilot: Pilot[Any]) -> None:
        assert app.list.show_vertical_scrollbar
        bar = app.list.vertical_scrollbar
        await pilot.mouse_down(bar, offset=(0, 0))
        await pilot.hover(bar, offset=(0, SIZE[1] // 2))
        await pilot.mouse_up(bar, offset=(0, SIZE[1] // 2))
        await until(pilot, lambda: app.rows()[0] > MILLION // 5)

    run(app, steps)


@pytest.mark.parametrize("size", [(12, 4), (1, 1), (200, 60), (40, 2), (20, 11)], ids=str)
def test_list_draws_in_any_size(size: tuple[int, int]) -> None:
    app = ListApp(CountedSource(1000))

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("end")
        await pilot.resize_terminal(*size)
        await pilot.press("pageup", "down", "home", "end")
        await pilot.resize_terminal(*SIZE)
        await until(pilot, lambda: app.rows() == list(range(1000 - ROWS, 1000)))

    run(app, steps)


def test_text_never_leaves_its_column_or_reaches_the_terminal_raw() -> None:
    names = [
        "伊万 太郎 たろう " * 4,
        "a\x1b[31mred\x07\r\nnext\ttab",
        "[bold]markup[/]",
        "\u202egnp.exe",
        "\N{WOMAN}\u200d\N{GIRL} family" * 9,
    ]
    app = ListApp(ListSource(COLUMNS, [record(number, name) for number, name in enumerate(names)]))

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.pause()
        lines = app.lines()
        assert "\x1b" not in "".join(lines)
        assert "\\x1b[31mred" in lines[1]
        assert "[bold]markup[/]" in lines[2]
        for strip in app.screen._compositor.render_strips():
            assert strip.cell_length == SIZE[0]

    run(app, steps)


def test_counters_are_told_when_the_list_changes() -> None:
    source = in_memory(*range(3))
    app = ListApp(source)

    async def steps(pilot: Pilot[Any]) -> None:
        before = app.marked
        await pilot.press("down")
        assert app.marked > before
        before = app.marked
        source.records = source.records[:1]
        app.list.read_again()
        await pilot.pause()
        assert app.marked > before

    run(app, steps)
