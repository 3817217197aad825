"""The command line: what is typed is done, completed, remembered, or told to be wrong."""

import json
from pathlib import Path
from typing import Any

from textual.events import Paste
from textual.pilot import Pilot

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.domain.query import QueryLevel
from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.app import FileroomApp
from tests.builders import a_uid
from tests.entrypoints.peer_room import write_study
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.scripted import a_scripted_peer
from tests.entrypoints.tui.typing_lines import enter, hints, line_of, typed
from tests.interop.peers import free_port


def register(room: RoomUi, *names: str, port: int = 104) -> None:
    for name in names:
        node = Node(name=name, ae_title=AeTitle("PEER"), host="127.0.0.1", port=port)
        room.container.manage_nodes().add(node)


async def known(pilot: Pilot[Any], app: FileroomApp, nodes: int) -> None:
    await until(pilot, lambda: app.nodes_pane.records.total == nodes)


# Errors ---------------------------------------------------------------------------------------------------------------


def test_mistake_points_at_its_word_and_goes_with_it(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await typed(pilot, app, "echo pacs colour=red")
        await pilot.press("enter")
        await until(pilot, lambda: "echo has no key 'colour'" in hints(app))
        await on_screen(pilot, "▼" * 6)
        lines = screen_text(app).splitlines()
        arrows = next(line for line in lines if "▼" * 6 in line)
        line = next(line for line in lines if "colour=red" in line)
        assert arrows.index("▼") == line.index("colour")
        assert arrows.count("▼") == len("colour")
        assert line_of(app).value == "echo pacs colour=red"
        await pilot.press("backspace")
        await until(pilot, lambda: "no key" not in hints(app))
        assert not app.room.tasks.active()

    drive(app, steps, size=SMALL)


def test_command_that_cannot_be_done_is_told(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "node-edit nobody port=1")
        await until(pilot, lambda: "nobody" in messages(app))
        await enter(pilot, app, "query pacs date_from=2026-02-02 date_to=2026-01-01")
        await until(pilot, lambda: "runs backwards" in messages(app))
        assert not app.room.tasks.active()

    drive(app, steps)


def test_unforeseen_failure_of_a_command_ends_nothing(empty_room: RoomUi) -> None:
    app = empty_room.app()

    def breaks() -> None:
        raise ZeroDivisionError

    async def steps(pilot: Pilot[Any]) -> None:
        app.aside(breaks, lambda _: None)
        await until(pilot, lambda: "bug in fileroom (ZeroDivisionError)" in messages(app))

    drive(app, steps)


# Going there and back -------------------------------------------------------------------------------------------------


def test_escape_goes_back_to_where_one_came_from(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("1")
        await typed(pilot, app, "ech")
        assert "echo" in hints(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused_pane() is app.nodes_pane)
        assert hints(app) == ""
        await pilot.press("colon")
        await until(pilot, lambda: line_of(app).has_focus)
        assert line_of(app).value == "ech"
        await pilot.press("right", "o")
        assert line_of(app).value == "echo"
        await pilot.press("escape", "colon", "h")
        assert line_of(app).value == "h"

    drive(app, steps)


def test_line_can_be_read_after_the_palette_was_open(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.is_modal)
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.is_modal)
        await typed(pilot, app, "abc")
        await on_screen(pilot, ": abc")

    drive(app, steps)


def test_line_that_was_clicked_is_left_as_well(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("4")
        await pilot.click("#command")
        await until(pilot, lambda: line_of(app).has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: app.focused_pane() is app.details_pane)

    drive(app, steps)


def test_keys_of_the_panes_are_letters_in_the_line(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await typed(pilot, app, "q1?/ :z")
        assert line_of(app).value == "q1?/ :z"
        assert not app.screen.is_modal

    drive(app, steps)


def test_paste_holds_nothing_that_steers_the_terminal(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await typed(pilot, app, "import ")
        line_of(app).post_message(Paste("/data\x1b[31m/a\u00a0b\u202e\nquit\n"))
        await until(pilot, lambda: line_of(app).value == "import /data[31m/a b")

    drive(app, steps)


def test_line_with_nothing_in_it_is_left(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "  ")
        await until(pilot, lambda: app.focused_pane() is app.local_pane)

    drive(app, steps)


# Completion -----------------------------------------------------------------------------------------------------------


def test_tab_completes_commands_keys_and_nodes(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", "archive")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 2)
        await typed(pilot, app, "retr")
        await pilot.press("tab")
        assert line_of(app).value == "retrieve "
        await until(pilot, lambda: "PEER at 127.0.0.1:104" in hints(app))
        await pilot.press(*"pa")
        await pilot.press("tab")
        assert line_of(app).value == "retrieve pacs "
        await pilot.press(*"vi")
        await pilot.press("tab")
        assert line_of(app).value == "retrieve pacs via="
        assert "auto takes what worked" in hints(app)

    drive(app, steps)


def test_tab_goes_through_what_fits_and_shift_tab_back(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        line = line_of(app)
        await typed(pilot, app, "node")
        await pilot.press("tab")
        assert line.value == "node-"
        seen = []
        for _ in range(5):
            await pilot.press("tab")
            seen.append(line.value)
        assert seen == ["node-add ", "node-edit ", "node-delete ", "node-list ", "node-add "]
        await pilot.press("shift+tab")
        assert line.value == "node-list "

    drive(app, steps)


def test_tab_completes_uids_of_what_is_listed_and_marked(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 3)
        uid = app.local_pane.records.marked
        assert uid is not None
        await typed(pilot, app, "send-study study=")
        await pilot.press("tab", "tab")
        assert line_of(app).value.startswith(f"send-study study={uid.key}")
        await pilot.press("escape")
        await pilot.press("3", "enter")
        await until(
            pilot, lambda: app.local_pane.level is QueryLevel.SERIES and app.local_pane.records.total == 2
        )
        series = app.local_pane.records.marked
        assert series is not None
        line_of(app).value = ""
        await typed(pilot, app, "send-series series=")
        await pilot.press("tab", "tab")
        assert line_of(app).value.startswith(f"send-series series={series.key}")

    drive(app, steps)


def test_tab_completes_paths(empty_room: RoomUi, tmp_path: Path) -> None:
    (tmp_path / "my scans").mkdir()
    (tmp_path / "my scans" / "one.dcm").touch()
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        line = line_of(app)
        await typed(pilot, app, "import ")
        line.value = f"import {tmp_path}/my"
        line.cursor_position = len(line.value)
        await until(pilot, lambda: "my scans" in hints(app))
        await pilot.press("tab")
        assert line.value == f'import "{tmp_path}/my scans/'
        await until(pilot, lambda: "one.dcm" in hints(app))
        await pilot.press("tab")
        assert line.value == f'import "{tmp_path}/my scans/one.dcm" '

    drive(app, steps)


def test_option_is_taken_by_the_mouse(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await typed(pilot, app, "qu")
        await pilot.click("#hints", offset=(2, 1))
        await until(pilot, lambda: line_of(app).value == "quit ")

    drive(app, steps)


# History --------------------------------------------------------------------------------------------------------------


def test_lines_come_back_also_in_the_next_run(empty_room: RoomUi) -> None:
    app, later = empty_room.app(), empty_room.app()

    async def first(pilot: Pilot[Any]) -> None:
        for text in ("theme light", "node-list", "theme dark"):
            await enter(pilot, app, text)
        await until(pilot, lambda: len(empty_room.container.line_history().latest(9)) == 3)

    async def then(pilot: Pilot[Any]) -> None:
        line = line_of(later)
        await until(pilot, lambda: line.earlier)
        await typed(pilot, later, "")
        seen = []
        for key in ("up", "up", "up", "up", "down"):
            await pilot.press(key)
            seen.append(line.value)
        assert seen == ["theme dark", "node-list", "theme light", "theme light", "node-list"]
        line.value = ""
        await pilot.press(*"theme l")
        await pilot.press("up")
        assert line.value == "theme light"
        await pilot.press("down")
        assert line.value == "theme l"

    drive(app, first)
    drive(later, then)
    assert (empty_room.data_dir / "commands.jsonl").stat().st_mode & 0o077 == 0


def test_line_of_earlier_is_shown_behind_the_cursor(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "theme light")
        await typed(pilot, app, "the")
        await until(pilot, lambda: "theme light" in screen_text(app).splitlines()[-2])
        await pilot.press("right")
        assert line_of(app).value == "theme light"

    drive(app, steps)


def test_line_that_is_wrong_is_not_remembered(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "quti")
        await pilot.press("up")
        assert line_of(app).value == "quti"
        assert line_of(app).earlier == []

    drive(app, steps)


# What commands do -----------------------------------------------------------------------------------------------------


def test_nodes_are_registered_changed_and_forgotten(empty_room: RoomUi) -> None:
    app = empty_room.app()
    nodes = empty_room.container.manage_nodes()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "node add pacs ae=ORTHANC host=192.0.2.7 port=104 notes='new firewall'")
        await known(pilot, app, 1)
        assert nodes.show("pacs").notes == "new firewall"
        await enter(pilot, app, "node-edit pacs name=archive")
        await until(pilot, lambda: [node.name for node in nodes.list()] == ["archive"])
        await enter(pilot, app, "node-delete archive")
        await until(pilot, lambda: app.screen.is_modal)
        await pilot.press("n")
        await until(pilot, lambda: not app.screen.is_modal)
        assert nodes.list()
        await enter(pilot, app, "node-delete archive yes")
        await until(pilot, lambda: not nodes.list())
        await enter(pilot, app, "node-list")
        await until(pilot, lambda: app.focused_pane() is app.nodes_pane)

    drive(app, steps)


def test_echo_becomes_a_task_that_tells_how_it_ended(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", port=free_port())
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "echo pacs")
        await until(pilot, lambda: "refused the connection" in messages(app))
        await until(pilot, app.room.tasks.ended)
        record = app.room.tasks.ended()[0].record
        assert (record.title, record.command, record.state) == (
            "echo pacs",
            "echo target=pacs",
            TaskState.FAILED,
        )

    drive(app, steps)


def test_query_names_no_patient_in_the_history_of_tasks(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", port=free_port())
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "query pacs patient_name='Doe^Jane' modality=CT")
        assert app.focused_pane() is app.query_pane
        await until(pilot, app.room.tasks.ended)
        assert app.room.tasks.ended()[0].record.command == "query node=pacs patient_name=… modality=CT"

    drive(app, steps)
    assert "Doe" not in (empty_room.data_dir / "tasks.jsonl").read_text()


def test_import_and_export_do_what_they_say(empty_room: RoomUi, tmp_path: Path) -> None:
    write_study(tmp_path / "in coming")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"import '{tmp_path / 'in coming'}'")
        await until(pilot, lambda: app.local_pane.records.total == 1)
        await enter(pilot, app, f"export {tmp_path / 'out.json'}")
        await until(pilot, (tmp_path / "out.json").exists)
        await enter(pilot, app, f"export {tmp_path / 'none.csv'} modality=US")
        await until(pilot, (tmp_path / "none.csv").exists)
        await enter(pilot, app, f"export {tmp_path / 'series.csv'} study={a_uid(1)}")
        await until(pilot, (tmp_path / "series.csv").exists)

    drive(app, steps)
    assert [row["study_instance_uid"] for row in json.loads((tmp_path / "out.json").read_text())] == [
        a_uid(1)
    ]
    assert len((tmp_path / "none.csv").read_text().splitlines()) == 1
    assert len((tmp_path / "series.csv").read_text().splitlines()) == 1 + 2


def test_export_asks_before_it_replaces(room: RoomUi, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("mine")
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"export {tmp_path / 'out.csv'}")
        await until(pilot, lambda: app.screen.is_modal)
        await pilot.press("y")
        await until(pilot, lambda: (tmp_path / "out.csv").read_text() != "mine")

    drive(app, steps)


def test_local_goes_where_it_is_told(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        pane = app.local_pane
        await pilot.press("1")
        await enter(pilot, app, f"local study={a_uid(2)}")
        await until(pilot, lambda: pane.level is QueryLevel.SERIES and pane.records.total == 2)
        assert app.focused_pane() is pane
        await enter(pilot, app, f"local series={a_uid(2, 1)}")
        await until(pilot, lambda: pane.level is QueryLevel.IMAGE and pane.records.total == 2)
        await enter(pilot, app, 'local "modality=US"')
        await until(pilot, lambda: app.local_pane.filter_text == '"modality=US"')
        await enter(pilot, app, "local modality=US")
        await until(pilot, lambda: pane.level is QueryLevel.STUDY and pane.records.total == 0)
        await enter(pilot, app, "local")
        await until(pilot, lambda: pane.records.total == 3)

    drive(app, steps)


def test_filter_command_narrows_the_list_that_had_the_focus(empty_room: RoomUi) -> None:
    register(empty_room, "pacs", "archive")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await known(pilot, app, 2)
        await pilot.press("1")
        await enter(pilot, app, "filter ARCH")
        await until(pilot, lambda: app.nodes_pane.records.total == 1)
        await enter(pilot, app, "filter")
        await until(pilot, lambda: app.nodes_pane.records.total == 2)

    drive(app, steps)


def test_theme_help_and_cancel(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "theme light")
        await until(pilot, lambda: not app.current_theme.dark)
        await enter(pilot, app, "theme")
        await until(pilot, lambda: app.current_theme.dark)
        await enter(pilot, app, "help retrieve")
        await until(pilot, lambda: app.screen.is_modal)
        await on_screen(pilot, "for instance")
        await pilot.press("escape")
        await enter(pilot, app, "cancel 99")
        await until(pilot, lambda: "there is no task 99" in messages(app))

    drive(app, steps)


def test_listener_is_started_and_stopped(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "listen stop")
        await until(pilot, lambda: "off already" in messages(app))
        await enter(pilot, app, "listen start")
        await until(pilot, lambda: "listens at" in messages(app))
        await enter(pilot, app, "listen start")
        await until(pilot, lambda: "on already" in messages(app))
        await enter(pilot, app, "listen")
        await until(pilot, lambda: "The listener has stopped" in messages(app))

    drive(app, steps)


def test_task_that_is_numbered_is_cancelled(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room, slow=True)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, "query pacs")
        await until(pilot, lambda: any(view.progress for view in app.room.tasks.active()))
        await enter(pilot, app, "cancel 1")
        await until(pilot, app.room.tasks.ended)
        assert app.room.tasks.ended()[0].record.state is TaskState.CANCELLED
        await pilot.press("5", "t")
        await until(pilot, lambda: app.tasks_pane.records.total == 1 and app.tasks_pane.records.marked)
        await pilot.press("y")
        assert app.clipboard == "query node=pacs"

    drive(app, steps)


def test_matches_are_retrieved_by_their_uids(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await enter(pilot, app, f"query pacs study={a_uid(1)}")
        await until(pilot, lambda: app.query_pane.records.total == 1 and app.query_pane.records.marked)
        await typed(pilot, app, "retrieve pacs study=")
        await pilot.press("tab")
        assert line_of(app).value == f"retrieve pacs study={a_uid(1)} "
        await pilot.press(*"via=get", "enter")
        await until(pilot, lambda: app.local_pane.records.total == 1)

    drive(app, steps)
