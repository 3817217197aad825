"""What happens by itself: details of what is marked, and what others change."""

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.domain.query import QueryLevel
from tests.builders import a_uid
from tests.entrypoints.peer_room import fill, write_study
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.gates import succeeded

PACS = Node(name="pacs", ae_title=AeTitle("PACS"), host="192.0.2.1", port=104, notes="second floor")


def details(app: Any) -> dict[str, str]:
    return dict(app.details_pane.shown)


def test_details_follow_the_mark_through_the_levels(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: details(app).get("Study Instance UID"))
        first = details(app)["Study Instance UID"]
        assert details(app)["Instances"] == "4"
        await pilot.press("down")
        await until(pilot, lambda: details(app)["Study Instance UID"] != first)
        await pilot.press("enter")
        await until(pilot, lambda: details(app).get("Series Instance UID"))
        await pilot.press("enter")
        await until(pilot, lambda: details(app).get("SOPInstanceUID"))
        assert details(app)["How it came"] == "imported"
        assert details(app)["Digest"].startswith("blake3:")
        await until(pilot, lambda: "TransferSyntaxUID" in details(app))
        await pilot.press("escape", "escape")
        await until(pilot, lambda: "Instances" in details(app) and "Series" in details(app))

    drive(app, steps)


def test_details_show_the_elements_of_the_file(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked)
        await pilot.press("enter")
        await until(
            pilot, lambda: app.local_pane.records.marked and app.local_pane.level is QueryLevel.SERIES
        )
        await pilot.press("enter")
        await until(pilot, lambda: "TransferSyntaxUID" in details(app))
        await pilot.press("4")
        await until(pilot, lambda: app.focused_pane() is app.details_pane)
        await pilot.press("pagedown", "end")
        await until(pilot, lambda: "▲" in str(app.details_pane.border_subtitle))

    drive(app, steps, size=(140, 30))


@pytest.mark.parametrize("size", [SMALL, (140, 44)], ids=str)
def test_enter_goes_on_to_details_and_escape_back_to_their_list(room: RoomUi, size: tuple[int, int]) -> None:
    app = room.app()
    pane = app.local_pane

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: pane.records.marked)
        await pilot.press("enter")
        await until(pilot, lambda: pane.records.marked and pane.level is QueryLevel.SERIES)
        await pilot.press("enter")
        await until(pilot, lambda: pane.records.marked and pane.level is QueryLevel.IMAGE)
        await pilot.press("enter")
        await until(pilot, lambda: app.focused_pane() is app.details_pane)
        await on_screen(pilot, "SOP class")
        await until(pilot, lambda: "TransferSyntaxUID" in details(app))
        await pilot.press("slash", *"syntaxuid")
        await until(pilot, lambda: "SOP class" not in screen_text(app))
        await on_screen(pilot, "TransferSyntaxUID", "/ syntaxuid")
        await pilot.press("enter", "escape")
        await on_screen(pilot, "SOP class")
        await pilot.press("escape")
        await until(pilot, lambda: app.focused_pane() is pane and pane.level is QueryLevel.IMAGE)

    drive(app, steps, size=size)


def test_details_tell_why_a_file_cannot_be_read(room: RoomUi) -> None:
    app = room.app()
    for file in (room.data_dir / "store").rglob("*.dcm"):
        file.unlink()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked)
        await pilot.press("enter")
        await until(
            pilot, lambda: app.local_pane.records.marked and app.local_pane.level is QueryLevel.SERIES
        )
        await pilot.press("enter")
        await until(pilot, lambda: details(app).get("Error"))

    drive(app, steps)


def test_details_show_the_settings_of_a_node_and_the_end_of_a_task(empty_room: RoomUi) -> None:
    app = empty_room.app()
    empty_room.container.manage_nodes().add(PACS)

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.nodes_pane.records.total == 1)
        await pilot.press("1")
        await until(pilot, lambda: details(app).get("Notes") == "second floor")
        app.submit("import /data/in", lambda *_: succeeded("3 files filed"))
        await until(pilot, lambda: not app.room.tasks.unfinished)
        await pilot.press("5", "t")
        await until(pilot, lambda: ("", "3 files filed") in app.details_pane.shown)
        await pilot.press("7")
        await until(pilot, lambda: "When" in details(app))

    drive(app, steps)


def test_details_of_an_empty_list_say_so(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "Nothing is listed.")

    drive(app, steps)


def test_what_another_process_files_appears_and_the_mark_stays(room: RoomUi, tmp_path: Path) -> None:
    app = room.app()
    write_study(tmp_path / "more", 7)

    async def steps(pilot: Pilot[Any]) -> None:
        records = app.local_pane.records
        await until(pilot, lambda: records.total == 3)
        await pilot.press("down", "down")
        app.action_toggle_selected()
        marked = records.marked
        await until(pilot, lambda: app._revision)
        other = threading.Thread(target=fill, args=(room.data_dir, tmp_path / "more"))
        other.start()
        await until(pilot, lambda: records.total == 4)
        other.join()
        assert records.marked is not None
        assert marked is not None
        assert records.marked.key == marked.key
        assert records.selected_count == 1
        room.container.catalog().remove([a_uid(7, series, 1) for series in (1, 2)])
        room.container.catalog().remove([a_uid(7, series, 2) for series in (1, 2)])
        await until(pilot, lambda: records.total == 3)

    drive(app, steps)


def test_node_that_another_process_registers_appears(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app._revision)
        empty_room.container.manage_nodes().add(PACS)
        await until(pilot, lambda: app.nodes_pane.records.total == 1)

    drive(app, steps)


@pytest.mark.parametrize("size", [SMALL, (140, 44)], ids=str)
def test_first_run_tells_what_to_do_once(empty_room: RoomUi, size: tuple[int, int]) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "a registers a node" in messages(app))
        app.local_pane.records.read_again()
        await pilot.pause(0.05)
        assert messages(app).count("a registers a node") == 1

    drive(app, steps, size=size)


def test_room_that_is_in_use_is_not_welcomed(room: RoomUi) -> None:
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: not app._is_welcome)
        assert "a registers a node" not in messages(app)

    drive(app, steps)
