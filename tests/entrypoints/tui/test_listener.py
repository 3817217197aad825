"""The listener's panel: start and stop, who is connected, what arrives, and who was refused."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.application.ports.dicom_client import Peer, ProposedContext, StoreSession
from fileroom.application.use_cases.send_objects import SendRequest
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import AssociationRejected
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.listening import Rates
from fileroom.entrypoints.tui.panes.listener import sparkline
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN
from tests.entrypoints.peer_room import Silent, write_study
from tests.entrypoints.tui.conftest import SETTINGS, opened
from tests.entrypoints.tui.driving import RoomUi, drive, messages, on_screen, screen_text, until

CONTEXT = ProposedContext(sop_class_uid=CT_IMAGE_STORAGE, transfer_syntax_uids=(EXPLICIT_VR_LITTLE_ENDIAN,))


def address(app: FileroomApp) -> str:
    info = app.listener.info
    assert info is not None
    return f"{info.bind}:{info.port}"


def connected(app: FileroomApp) -> AbstractContextManager[StoreSession]:
    """Open an association to the listener, as a peer."""
    info = app.listener.info
    assert info is not None
    peer = Peer(ae_title=AeTitle(info.ae_title), host=info.bind, port=info.port)
    session: AbstractContextManager[StoreSession] = app.room.container.client().open_store(peer, [CONTEXT])
    return session


@contextmanager
def a_second_room(folder: Path) -> Iterator[RoomUi]:
    folder.mkdir()
    with opened(folder) as room:
        yield room


def send(room: RoomUi, to: str, folder: Path) -> None:
    """Send files to a listener."""
    result = room.container.send_objects().execute(
        SendRequest(target=to, paths=(folder,), recursive=True), progress=Silent(), cancel=ThreadCancelToken()
    )
    assert result.report.lines


def test_listener_starts_and_stops_and_says_where_it_is(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await on_screen(pilot, "The listener is off.")
        await pilot.press("l")
        await until(pilot, lambda: app.listener.info)
        await on_screen(pilot, f"FILEROOM at {address(app)}")
        await until(pilot, lambda: "listens at 127.0.0.1 port" in messages(app))
        await pilot.press("l")
        await until(pilot, lambda: "The listener has stopped." in messages(app))
        await on_screen(pilot, "The listener is off.")

    drive(app, steps)
    assert app.listener.join(10)


def test_what_arrives_is_counted_and_appears_in_local(empty_room: RoomUi, tmp_path: Path) -> None:
    app = empty_room.app()
    write_study(tmp_path / "files")

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("l")
        await until(pilot, lambda: app.listener.info)
        with a_second_room(tmp_path / "second") as second:
            await until(pilot, lambda: app.listener.info)
            app.room.background(lambda: send(second, address(app), tmp_path / "files"))
            await on_screen(pilot, "4 stored")
            await until(pilot, lambda: app.local_pane.records.total == 1)
            await on_screen(pilot, "1 association")
            await until(pilot, lambda: max(app.listener.rates.objects) > 0)

    drive(app, steps)


def test_peers_that_are_connected_are_named(empty_room: RoomUi) -> None:
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        await pilot.press("l")
        await until(pilot, lambda: app.listener.info)
        with connected(app):
            await on_screen(pilot, "● FILEROOM at 127.0.0.1")
            await pilot.press("l")
            await on_screen(pilot, "Stop the listener?")
            await pilot.press("n")
            assert app.listener.is_on
        await until(pilot, lambda: "● FILEROOM" not in screen_text(app))

    drive(app, steps)


def test_peers_that_were_refused_are_named_with_the_reason(data_dir: Path) -> None:
    settings = replace(
        SETTINGS,
        storage_scp=replace(SETTINGS.storage_scp, bind="127.0.0.1", allowed_calling_ae_titles=("CT1",)),
    )
    with opened(data_dir, settings) as room:
        app = room.app()

        async def steps(pilot: Pilot[Any]) -> None:
            await pilot.press("l")
            await until(pilot, lambda: app.listener.info)
            with pytest.raises(AssociationRejected), connected(app):
                pass
            await until(
                pilot, lambda: "not in allowed_calling_ae_titles" in screen_text(app).replace("\n", "")
            )
            await on_screen(pilot, "1 refused")

        drive(app, steps, size=(250, 50))


def test_port_in_use_is_told(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = replace(SETTINGS, storage_scp=replace(SETTINGS.storage_scp, port=port))
        with opened(data_dir, settings) as room:
            app = room.app()

            async def steps(pilot: Pilot[Any]) -> None:
                await pilot.press("l")
                # Of what is on the screen, the panel stays; a toast may be gone on a busy machine.
                await until(pilot, lambda: str(port) in screen_text(app))
                assert not app.listener.is_on

            drive(app, steps)


def test_listener_of_another_process_is_named_and_not_started_twice(data_dir: Path) -> None:
    with opened(data_dir) as first, opened(data_dir) as second:
        other = second.app().listener
        app = first.app()

        async def steps(pilot: Pilot[Any]) -> None:
            other.start()
            await until(pilot, lambda: other.info)
            await until(pilot, lambda: "on in another process" in str(app.listener_pane.border_title))
            await pilot.press("l")
            await until(pilot, lambda: "is running" in messages(app) or "listens" in messages(app))
            assert not app.listener.is_on

        drive(app, steps)
        other.stop()
        assert other.join(10)


def test_rates_are_those_of_each_second() -> None:
    rates = Rates()
    assert not rates.note(100.0, 5, 1000)
    assert not rates.note(100.5, 6, 1000)
    assert rates.note(101.0, 15, 3000)
    assert (rates.objects[-1], rates.bytes[-1]) == (15, 3000)  # with those before the first look
    assert rates.note(103.0, 35, 3000)
    assert list(rates.objects)[-3:] == [15, 10, 10]
    assert len(rates.objects) == 60


@pytest.mark.parametrize(
    ("values", "drawn"),
    [((), ""), ((0, 0), "▁▁"), ((0, 5, 10), "▁▄█"), ((1e-9,), "█")],
)
def test_sparkline_is_as_high_as_its_highest_value(values: Sequence[float], drawn: str) -> None:
    assert sparkline(values) == drawn
