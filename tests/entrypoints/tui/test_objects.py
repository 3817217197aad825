"""Studies, series and instances at the keyboard: retrieve, import, send."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.query import QueryLevel
from fileroom.domain.task import TaskRecord, TaskState
from fileroom.entrypoints.tui.app import FileroomApp
from tests.builders import a_uid
from tests.entrypoints.peer_room import write_study
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.forms import can_submit, fill_in, focused_key, form_after, gone, told
from tests.entrypoints.tui.scripted import NODE, a_scripted_peer


async def ended(pilot: Pilot[Any], app: FileroomApp, tasks: int) -> None:
    await until(pilot, lambda: len(app.room.tasks.ended()) == tasks, f"{tasks} tasks to end")


def of(room: RoomUi, title: str) -> TaskRecord:
    """Return the task with this title."""
    return next(
        view.record for view in room.container.task_queue().ended() if view.record.title.startswith(title)
    )


async def ask(pilot: Pilot[Any], app: FileroomApp, matches: int) -> None:
    form = await form_after(pilot, "f")
    await pilot.press("enter")
    await gone(pilot, form)
    await until(pilot, lambda: app.query_pane.records.total == matches)
    await until(pilot, lambda: app.query_pane.records.marked is not None)


def instances(room: RoomUi) -> int:
    return room.container.browse_local().totals().instances


def test_marked_study_is_retrieved_and_appears(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2)
        form = await form_after(pilot, "m")
        assert form.values == {"node": "pacs", "via": "auto", "move_destination": ""}
        form.query_one("#field-via").focus()
        await pilot.press("right", "right")
        assert form.values["via"] == "get"
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: "4 of 4 instances from pacs by C-GET are here" in messages(app))
        await until(pilot, lambda: app.local_pane.records.total == 1)
        await until(pilot, lambda: app.nodes_pane.nodes[0].retrieve.value == "get")

    drive(app, steps)
    task = of(empty_room, "retrieve")
    assert task.state is TaskState.SUCCEEDED
    assert task.command == f"retrieve node=pacs study_instance_uid={a_uid(1)} via=get"


def test_selected_series_are_retrieved_each_by_a_task(empty_room: RoomUi) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2)
        await pilot.press("enter")
        await until(pilot, lambda: app.query_pane.level is QueryLevel.SERIES)
        await until(pilot, lambda: app.query_pane.records.total == 2)
        await pilot.press("space", "space")
        form = await form_after(pilot, "m")
        await on_screen(pilot, "2 series")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 4)
        assert not app.query_pane.records.selected_count

    drive(app, steps)
    assert instances(empty_room) == 4
    assert of(empty_room, "retrieve series").state is TaskState.SUCCEEDED


def test_many_are_retrieved_by_one_task(empty_room: RoomUi) -> None:
    peer = a_scripted_peer(empty_room, studies=range(1, 13))
    peer.script.withheld = frozenset({a_uid(3, 1, 1)})
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 12)
        await pilot.press("ctrl+a")
        await until(pilot, lambda: app.query_pane.records.selected_count == 12)
        form = await form_after(pilot, "m")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 2)

    drive(app, steps)
    task = of(empty_room, "retrieve 12 studies from pacs")
    assert task.state is TaskState.PARTIAL
    assert task.summary[0] == "11 of 12 done in full"
    assert any(a_uid(3, 1, 1) in line for line in task.summary)
    assert instances(empty_room) == 47


def test_failure_to_retrieve_is_a_message_with_a_hint(empty_room: RoomUi) -> None:
    peer = a_scripted_peer(empty_room)
    peer.script.lacks = frozenset({Service.MOVE, Service.GET})
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await ask(pilot, app, 2)
        form = await form_after(pilot, "m")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 2)
        await until(pilot, lambda: "accept" in messages(app))

    drive(app, steps)
    assert of(empty_room, "retrieve").state is TaskState.FAILED


def test_study_that_is_here_is_retrieved_again(room: RoomUi) -> None:
    a_scripted_peer(room, studies=(1, 2, 3))
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "m")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert f"study_instance_uid={a_uid(1)}" in of(room, "retrieve study from pacs").command


@pytest.mark.parametrize("key", ["2", "3"])
def test_retrieve_says_what_to_do_where_nothing_is_marked(empty_room: RoomUi, key: str) -> None:
    a_scripted_peer(empty_room)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.total == 0)
        await pilot.press(key, "m")
        await until(pilot, lambda: "Select something to retrieve first" in messages(app))

    drive(app, steps)


# Import ---------------------------------------------------------------------------------------------------------------


def test_paths_are_completed_and_imported(empty_room: RoomUi, tmp_path: Path) -> None:
    write_study(tmp_path / "new scans" / "first", 1)
    write_study(tmp_path / "new scans" / "second", 2)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "i")
        await fill_in(pilot, form, path=f"{tmp_path}/new")
        await until(pilot, lambda: "▸" in screen_text(app) or "new scans/" in screen_text(app))
        await pilot.press("tab")
        await until(pilot, lambda: form.values["path"].endswith("/new scans/"))
        await on_screen(pilot, "second/")
        await pilot.press("down", "enter")
        await until(pilot, lambda: form.values["path"].endswith("/new scans/first/"))
        await on_screen(pilot, "1-1-1.dcm")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)
        await until(pilot, lambda: "4 instances of 4 files accepted" in messages(app))
        await until(pilot, lambda: app.local_pane.records.total == 1)

    drive(app, steps)
    task = of(empty_room, "import first")
    assert task.command == f'import path="{tmp_path}/new scans/first"'


def test_several_paths_are_imported_in_place(empty_room: RoomUi, tmp_path: Path) -> None:
    write_study(tmp_path / "one", 1)
    write_study(tmp_path / "two", 2)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "i")
        await fill_in(pilot, form, path=f"{tmp_path}/one; {tmp_path}/two")
        form.query_one("#field-in_place").focus()
        await pilot.press("space", "enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert of(empty_room, "import 2 paths").command == (
        f"import path={tmp_path}/one path={tmp_path}/two in_place=true"
    )
    (study, *_) = empty_room.container.browse_local().series(a_uid(1), app.local_pane.criteria)
    (first, *_) = empty_room.container.browse_local().instances(
        study.series_instance_uid, app.local_pane.criteria
    )
    assert first.in_place


def test_path_that_holds_a_semicolon_is_one(empty_room: RoomUi, tmp_path: Path) -> None:
    write_study(tmp_path / "a;b", 1)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.write(tmp_path / "a;b" / "1-1-1.dcm", "1.dcm")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "i")
        await fill_in(pilot, form, path=f"{tmp_path}/a;b")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert instances(empty_room) == 4


def test_path_that_does_not_exist_keeps_the_form_open(empty_room: RoomUi, tmp_path: Path) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "i")
        await pilot.press("enter")
        assert "needed" in told(form, "path")
        await fill_in(pilot, form, path=f"{tmp_path}/nothing")
        await pilot.press("enter")
        await until(pilot, lambda: "does not exist" in str(form._error.content))
        await fill_in(pilot, form, path=f"{tmp_path}")
        await until(pilot, lambda: not form._error.display and can_submit(form))
        await pilot.press("escape")
        await gone(pilot, form)

    drive(app, steps)
    assert not empty_room.container.task_queue().ended()


# Send -----------------------------------------------------------------------------------------------------------------


def test_selected_studies_are_sent(room: RoomUi) -> None:
    peer = a_scripted_peer(room, studies=())
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        await pilot.press("space", "space")
        form = await form_after(pilot, "s")
        await on_screen(pilot, "Send 2 studies")
        assert form.values["node"] == "pacs"
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 2)
        await until(pilot, lambda: "sent 4 of 4 objects to pacs" in messages(app))

    drive(app, steps)
    assert len(peer.received) == 8
    commands = {view.record.command for view in room.container.task_queue().ended()}
    assert commands == {
        f"send-study study_instance_uid={a_uid(study)} destination_node=pacs" for study in (1, 2)
    }


@pytest.mark.parametrize(("enters", "sent", "title"), [(1, 2, "send series"), (2, 1, "send instance")])
def test_series_and_instances_are_sent(room: RoomUi, enters: int, sent: int, title: str) -> None:
    peer = a_scripted_peer(room, studies=())
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        for _ in range(enters):
            level = app.local_pane.level
            await pilot.press("enter")
            await until(pilot, lambda level=level: app.local_pane.level is not level)  # type: ignore[misc]
            await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "s")
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert len(peer.received) == sent
    assert of(room, title).state is TaskState.SUCCEEDED


def test_destination_is_found_as_one_types(room: RoomUi) -> None:
    peer = a_scripted_peer(room, studies=())
    nodes = room.container.manage_nodes()
    for name in ("archive", "workstation"):
        nodes.add(replace(NODE, name=name, ae_title=AeTitle("ELSE"), host="h"))
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "s")
        assert form.values["node"] == ""
        await on_screen(pilot, "archive")
        await pilot.press(*"pee")
        await on_screen(pilot, "▸ pacs")
        await pilot.press("enter")
        assert form.values["node"] == "pacs"
        assert app.screen is form
        await pilot.press("enter")
        await gone(pilot, form)
        await ended(pilot, app, 1)
        form = await form_after(pilot, "s")
        assert form.values["node"] == "pacs"
        await fill_in(pilot, form, node="pasc")
        await pilot.press("enter")
        assert "did you mean 'pacs'?" in told(form, "node")
        assert focused_key(form) == "node"

    drive(app, steps)
    assert len(peer.received) == 4


def test_submitting_takes_the_destination_that_is_marked(room: RoomUi) -> None:
    peer = a_scripted_peer(room, studies=())
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "s")
        await fill_in(pilot, form, node="")
        await pilot.press(*"pa")
        await on_screen(pilot, "▸ pacs")
        await pilot.press("ctrl+s")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert len(peer.received) == 4


def test_files_are_sent_without_being_filed(empty_room: RoomUi, tmp_path: Path) -> None:
    peer = a_scripted_peer(empty_room, studies=())
    write_study(tmp_path / "scans")
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "s")
        await fill_in(pilot, form, path=str(tmp_path / "scans"))
        await pilot.press("ctrl+s")
        await gone(pilot, form)
        await ended(pilot, app, 1)

    drive(app, steps)
    assert len(peer.received) == 4
    assert instances(empty_room) == 0
    task = of(empty_room, "send scans to pacs")
    assert task.command == f"send-files path={tmp_path}/scans destination_node=pacs recursive=true"
    assert list((empty_room.data_dir / "logs").glob("send-*.log"))


def test_failure_to_send_is_a_message(room: RoomUi) -> None:
    a_scripted_peer(room, studies=()).script.unreachable = True
    app = room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: app.local_pane.records.marked is not None)
        form = await form_after(pilot, "s")
        await pilot.press("enter")
        await gone(pilot, form)
        await until(pilot, lambda: "refused the connection" in messages(app))

    drive(app, steps)
    assert of(room, "send study to pacs").state is TaskState.FAILED
