"""A command line and a file room for each test, and a peer that holds some studies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.entrypoints.peer_room import PeerRoom, peer_room
from tests.entrypoints.program import Program


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """The command line, with a data directory that does not exist yet."""
    return Program(tmp_path / "room", capsys)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerRoom]:
    """Another file room that listens, and holds two studies."""
    with peer_room(tmp_path_factory.mktemp("peer")) as room:
        yield room
