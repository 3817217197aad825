"""Nodes at the keyboard: register, change, forget, verify."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.application.use_cases.manage_nodes import NodeChanges
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.domain.task import TaskState
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.screens.question import QuestionScreen
from tests.entrypoints.peer_room import PEER_AE_TITLE, peer_room
from tests.entrypoints.tui.driving import SMALL, RoomUi, drive, messages, on_screen, screen_text, until
from tests.entrypoints.tui.forms import can_submit, fill_in, focused_key, form_after, gone, told
from tests.interop.peers import free_port


def a_node(name: str = "pacs", *, port: int = 104) -> Node:
    return Node(name=name, ae_title=AeTitle("ORTHANC"), host="192.0.2.7", port=port)


def register(room: RoomUi, *nodes: Node) -> None:
    for node in nodes:
        room.container.manage_nodes().add(node)


def names(app: FileroomApp) -> list[str]:
    return [node.name for node in app.nodes_pane.nodes]


async def at_nodes(pilot: Pilot[Any], app: FileroomApp, count: int) -> None:
    await pilot.press("1")
    await until(pilot, lambda: app.nodes_pane.records.total == count)


def test_node_is_registered_with_the_keyboard_alone(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        for text in ("pacs", "ORTHANC", "::1", "4242"):
            await pilot.press(*text, "enter")
        await gone(pilot, form)
        await until(pilot, lambda: names(app) == ["pacs"])
        assert "registered pacs: ORTHANC at [::1]:4242" in messages(app)

    drive(app, steps, size=SMALL)
    assert empty_room.container.manage_nodes().show("pacs").port == 4242


@pytest.mark.parametrize(
    ("key", "wrong", "says", "right"),
    [
        ("name", "my pacs", "cannot be a node's name", "pacs"),
        ("ae_title", "X" * 17, "17 characters", "ORTHANC"),
        ("host", "a/b", "cannot be a host", "pacs.example.org"),
        ("port", "65536", "not a TCP port", "65535"),
        ("port", "0", "not a TCP port", "1"),
        ("port", "x1", "not a TCP port", "11112"),
        ("move_destination", "ä", "not allowed", "FILEROOM"),
    ],
)
def test_mistake_is_told_as_it_is_typed_and_goes_with_it(
    empty_room: RoomUi, key: str, wrong: str, says: str, right: str
) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        await fill_in(pilot, form, name="pacs", ae_title="ORTHANC", host="192.0.2.7", port="104")
        assert can_submit(form)
        await fill_in(pilot, form, **{key: wrong})
        assert says in told(form, key)
        assert not can_submit(form)
        await pilot.press("ctrl+s")
        assert app.screen is form
        assert focused_key(form) == key
        await fill_in(pilot, form, **{key: right})
        assert told(form, key) == ""
        assert can_submit(form)
        await pilot.press("ctrl+s")
        await gone(pilot, form)

    drive(app, steps)
    assert len(empty_room.container.manage_nodes().list()) == 1


def test_enter_goes_to_what_is_missing(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        assert told(form, "name") == ""
        await pilot.press("enter")
        assert "needed" in told(form, "name")
        await pilot.press(*"pacs", "enter")
        assert focused_key(form) == "ae_title"
        await pilot.press("tab", "tab", "enter")
        assert focused_key(form) == "port"
        await pilot.press("shift+tab")
        assert focused_key(form) == "host"

    drive(app, steps)


def test_form_leaves_everything_as_it_was_after_escape(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        await fill_in(pilot, form, name="pacs", ae_title="ORTHANC", host="192.0.2.7", port="104")
        await pilot.press("escape")
        await gone(pilot, form)

    drive(app, steps)
    assert not empty_room.container.manage_nodes().list()


def test_name_that_is_taken_is_told_at_once(empty_room: RoomUi) -> None:
    register(empty_room, a_node())
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 1)
        form = await form_after(pilot, "a")
        await pilot.press(*"PACS")
        assert "already" in told(form, "name")

    drive(app, steps)


def test_name_that_was_taken_meanwhile_keeps_the_form_open(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        form = await form_after(pilot, "a")
        register(empty_room, a_node())
        await fill_in(pilot, form, name="pacs", ae_title="OTHER", host="192.0.2.8", port="104")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: form._error.display)
        assert "pacs" in str(form._error.content)
        assert app.screen is form

    drive(app, steps)


def test_node_is_changed_and_stays_marked(empty_room: RoomUi) -> None:
    register(empty_room, *(a_node(name) for name in ("a", "b", "c")))
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 3)
        await pilot.press("down")
        form = await form_after(pilot, "e")
        assert form.values["name"] == "b"
        await fill_in(pilot, form, port="11112", notes="new firewall")
        await pilot.press("enter")
        await gone(pilot, form)
        assert "b is ORTHANC at 192.0.2.7:11112 now" in messages(app)
        await until(pilot, lambda: app.nodes_pane.nodes[1].port == 11112)
        await until(pilot, lambda: app.nodes_pane.marked_node == app.nodes_pane.nodes[1])

    drive(app, steps)
    assert empty_room.container.manage_nodes().show("b").notes == "new firewall"


def test_change_takes_away_what_was_emptied(empty_room: RoomUi) -> None:
    node = Node(
        name="pacs", ae_title=AeTitle("A"), host="h", port=1, move_destination=AeTitle("US"), notes="old"
    )
    register(empty_room, node)
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 1)
        form = await form_after(pilot, "e")
        assert form.values["move_destination"] == "US"
        await fill_in(pilot, form, move_destination="", notes="")
        await pilot.press("enter")
        await gone(pilot, form)

    drive(app, steps)
    changed = empty_room.container.manage_nodes().show("pacs")
    assert (changed.move_destination, changed.notes) == (None, "")


def test_selected_nodes_are_forgotten_after_a_yes(empty_room: RoomUi) -> None:
    register(empty_room, *(a_node(name) for name in ("a", "b", "c")))
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 3)
        await pilot.press("space", "space", "d")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press("y")
        await until(pilot, lambda: names(app) == ["c"])
        assert "a is forgotten" in messages(app)

    drive(app, steps)


@pytest.mark.parametrize("key", ["escape", "n", "enter"])
def test_node_stays_after_a_no(empty_room: RoomUi, key: str) -> None:
    register(empty_room, a_node())
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 1)
        await pilot.press("d")
        await until(pilot, lambda: isinstance(app.screen, QuestionScreen))
        await pilot.press(key)
        await until(pilot, lambda: not isinstance(app.screen, QuestionScreen))

    drive(app, steps)
    assert len(empty_room.container.manage_nodes().list()) == 1


@pytest.mark.parametrize("key", ["e", "d", "p"])
def test_actions_say_what_to_do_where_there_is_no_node(empty_room: RoomUi, key: str) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await at_nodes(pilot, app, 0)
        await pilot.press(key)
        await until(pilot, lambda: "Go to a node first" in messages(app))

    drive(app, steps)


def test_echo_tells_in_the_words_of_the_command_line(empty_room: RoomUi, tmp_path: Path) -> None:
    with peer_room(tmp_path / "peer", studies=(1,)) as peer:
        register(
            empty_room,
            Node(name="pacs", ae_title=AeTitle(PEER_AE_TITLE), host="127.0.0.1", port=peer.listener.port),
            Node(name="void", ae_title=AeTitle("VOID"), host="127.0.0.1", port=free_port()),
        )
        app = empty_room.app()

        async def steps(pilot: Pilot[Any]) -> None:
            await at_nodes(pilot, app, 2)
            await pilot.press("space", "space", "p")
            await until(pilot, lambda: len(app.room.tasks.ended()) == 2)
            await until(pilot, lambda: f"pacs: {PEER_AE_TITLE} at 127.0.0.1:" in messages(app))
            await until(pilot, lambda: "severity='error'" in str(list(app._notifications)))
            await on_screen(pilot, " ms ", "no connection")
            await until(pilot, lambda: "refused" in dict(app.details_pane.shown).get("Echo", ""))
            await pilot.press("escape", "home")
            await until(pilot, lambda: "answers in" in dict(app.details_pane.shown).get("Echo", ""))
            empty_room.container.manage_nodes().edit("void", NodeChanges(port=free_port()))
            await until(pilot, lambda: "no connection" not in screen_text(app))
            await on_screen(pilot, " ms ")

        drive(app, steps)
    ended = {view.record.title: view.record for view in empty_room.container.task_queue().ended()}
    assert ended["echo pacs"].state is TaskState.SUCCEEDED
    assert "answers in" in ended["echo pacs"].summary[0]
    assert ended["echo pacs"].command == "echo target=pacs"
    assert ended["echo void"].state is TaskState.FAILED
