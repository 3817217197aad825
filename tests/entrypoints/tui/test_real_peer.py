"""From asking to fetching and giving back, over a real network with another file room."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.entrypoints.settings import StorageScpSettings
from tests.builders import a_uid
from tests.entrypoints.peer_room import PEER_AE_TITLE, PeerRoom, peer_room
from tests.entrypoints.tui.conftest import SETTINGS
from tests.entrypoints.tui.conftest import opened as opened_room
from tests.entrypoints.tui.driving import drive, messages, until
from tests.entrypoints.tui.forms import fill_in, form_after, gone


@pytest.fixture
def other(tmp_path: Path) -> Iterator[PeerRoom]:
    """Another file room that listens, and holds two studies."""
    with peer_room(tmp_path / "peer") as room:
        yield room


def test_study_is_asked_for_moved_here_and_sent_back(other: PeerRoom, data_dir: Path) -> None:
    settings = replace(SETTINGS, storage_scp=StorageScpSettings(port=other.our_port))
    with opened_room(data_dir, settings) as room:
        room.container.manage_nodes().add(
            Node(name="pacs", ae_title=AeTitle(PEER_AE_TITLE), host="127.0.0.1", port=other.listener.port)
        )
        app = room.app()

        async def steps(pilot: Pilot[Any]) -> None:
            form = await form_after(pilot, "f")
            await fill_in(pilot, form, patient_id="P2")
            await pilot.press("enter")
            await gone(pilot, form)
            await until(pilot, lambda: app.query_pane.records.marked is not None, "a match")
            form = await form_after(pilot, "m")
            await pilot.press("enter")
            await gone(pilot, form)
            await until(pilot, lambda: "4 of 4 instances from pacs by C-MOVE are here" in messages(app))
            await pilot.press("3")
            await until(pilot, lambda: app.local_pane.records.marked is not None, "the study in Local")
            form = await form_after(pilot, "s")
            await pilot.press("enter")
            await gone(pilot, form)
            await until(pilot, lambda: "sent 4 of 4 objects to pacs" in messages(app))

        drive(app, steps)
        commands = [view.record.command for view in room.container.task_queue().ended()]
    assert commands == [
        f"send-study study_instance_uid={a_uid(2)} destination_node=pacs",
        f"retrieve node=pacs study_instance_uid={a_uid(2)}",
        "",
    ]
