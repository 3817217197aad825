"""A file room for each test of the terminal UI, closed after it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fileroom.domain.filing import Durability
from fileroom.entrypoints.container import close_container, open_container
from fileroom.entrypoints.settings import ObjectsSettings, Settings, StorageScpSettings
from tests.entrypoints.peer_room import fill, write_study
from tests.entrypoints.tui.driving import RoomUi

CLOSING_SECONDS = 10.0
SETTINGS = Settings(
    storage_scp=StorageScpSettings(port=0), objects=ObjectsSettings(durability=Durability.RELAXED)
)


@contextmanager
def opened(data_dir: Path, settings: Settings = SETTINGS) -> Iterator[RoomUi]:
    """Open a file room, and close it: its tasks are asked to stop first."""
    container = open_container(settings, data_dir)
    try:
        yield RoomUi(container, data_dir)
    finally:
        assert container.task_queue().close(CLOSING_SECONDS)
        close_container(container)


@pytest.fixture
def empty_room(data_dir: Path) -> Iterator[RoomUi]:
    """A room with nothing in it."""
    with opened(data_dir) as room:
        yield room


@pytest.fixture
def room(data_dir: Path, tmp_path: Path) -> Iterator[RoomUi]:
    """A room that holds three studies, each of two series with two instances."""
    for study in (1, 2, 3):
        write_study(tmp_path / "files", study)
    fill(data_dir, tmp_path / "files")
    with opened(data_dir) as room:
        yield room
