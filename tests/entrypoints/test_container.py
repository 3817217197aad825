"""The container can make everything that it offers, for each choice of backends."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from fileroom.adapters.system.progress import RecordingProgress
from fileroom.domain.errors import ConfigurationError
from fileroom.domain.filing import DuplicatePolicy, Durability, NamingScheme
from fileroom.entrypoints.container import Container, close_container, open_container
from fileroom.entrypoints.settings import NetworkBackend, ObjectsBackend, Settings
from tests.builders import a_record
from tests.contract.object_stores import run_together
from tests.entrypoints.agreement import assert_agreement
from tests.unit.application.rooms import a_request, data_of

ROOT = Path(__file__).parents[2]
BACKENDS = list(product(NetworkBackend, ObjectsBackend, ["", "elsewhere.sqlite3"]))


def choose(settings: Settings, network: NetworkBackend, objects: ObjectsBackend, url: str) -> Settings:
    return replace(
        settings,
        network=replace(settings.network, backend=network),
        objects=replace(settings.objects, backend=objects),
        catalog=replace(settings.catalog, url=url),
    )


@pytest.fixture
def opened() -> Iterator[list[Container]]:
    """Containers that are closed at the end."""
    containers: list[Container] = []
    yield containers
    for container in containers:
        close_container(container)


@pytest.mark.parametrize(("network", "objects", "url"), BACKENDS)
def test_every_provider_can_be_resolved(
    opened: list[Container], tmp_path: Path, network: NetworkBackend, objects: ObjectsBackend, url: str
) -> None:
    settings = choose(Settings(), network, objects, str(tmp_path / url) if url else "")
    container = open_container(settings, tmp_path / "data")
    opened.append(container)

    for name, provider in container.providers.items():
        assert provider() is not None, name


def test_every_choice_of_filing_makes_a_store(opened: list[Container], tmp_path: Path) -> None:
    for number, (naming, duplicates, durability) in enumerate(
        product(NamingScheme, DuplicatePolicy, Durability)
    ):
        objects = replace(Settings().objects, naming=naming, duplicates=duplicates, durability=durability)
        container = open_container(replace(Settings(), objects=objects), tmp_path / str(number))
        opened.append(container)

        assert container.import_files() is not None


def test_adapters_that_hold_state_are_made_once(opened: list[Container], tmp_path: Path) -> None:
    container = open_container(Settings(), tmp_path)
    opened.append(container)

    for name in (
        "engine",
        "catalog",
        "nodes",
        "store",
        "presence",
        "filing_queue",
        "filer",
        "receive_instance",
    ):
        assert container.providers[name]() is container.providers[name](), name
    assert container.cancel_token() is not container.cancel_token()


def test_closing_writes_what_was_received_to_the_catalog_first(tmp_path: Path) -> None:
    container = open_container(Settings(), tmp_path)
    receive_one(container)

    close_container(container)

    assert set(assert_agreement(tmp_path)) == {a_record().sop_instance_uid}


# Receives an object, cannot write to the catalog, and ends in good order.
UNLUCKY = """
import sqlite3, sys
from pathlib import Path
from fileroom.entrypoints.container import close_container, open_container
from fileroom.entrypoints.settings import Settings
from tests.entrypoints.test_container import receive_one

room = Path(sys.argv[1])
container = open_container(Settings(), room)
receive_one(container)
breaks = sqlite3.connect(room / "fileroom.sqlite3")
breaks.execute("ALTER TABLE instances RENAME TO elsewhere")
breaks.close()
close_container(container)
"""


def test_store_is_left_to_the_next_start_when_the_catalog_lacks_what_was_received(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    subprocess.run([sys.executable, "-c", UNLUCKY, str(tmp_path)], env=environment, check=True, timeout=60)
    with closing(sqlite3.connect(tmp_path / "fileroom.sqlite3")) as mends:
        mends.execute("ALTER TABLE elsewhere RENAME TO instances")

    again = open_container(Settings(), tmp_path)
    result = again.recover_store().execute(progress=RecordingProgress(), cancel=again.cancel_token())
    close_container(again)

    assert result.catalogued == 1
    assert set(assert_agreement(tmp_path)) == {a_record().sop_instance_uid}


def receive_one(container: Container) -> None:
    """Have a peer send an object over an association that goes on."""
    reception = container.receive_instance().begin(a_request())
    reception.feed([memoryview(data_of())])
    assert reception.finish().status == 0


def test_catalog_and_store_are_named_without_user_and_password(
    opened: list[Container], tmp_path: Path
) -> None:
    def named(url: str = "", root: str = "", data: str = "data") -> str:
        settings = replace(
            Settings(),
            catalog=replace(Settings().catalog, url=url),
            objects=replace(Settings().objects, root=root),
        )
        opened.append(open_container(settings, tmp_path / data))
        return str(opened[-1].files_into())

    assert named() == f"{tmp_path}/data/fileroom.sqlite3 and {tmp_path}/data/store"
    assert named(url=f"sqlite:///{tmp_path}/data/fileroom.sqlite3", root=f"{tmp_path}/data/store") == named()
    assert len({named(), named(url=str(tmp_path / "x.sqlite3")), named(root="/r"), named(data="other")}) == 4
    assert named(url="postgresql://me:secret@db.example:5433/room?password=secret", root="/r") == (
        "postgresql://db.example:5433/room and /r"
    )


def test_what_was_never_wanted_is_not_opened(opened: list[Container], tmp_path: Path) -> None:
    opened.append(open_container(Settings(), tmp_path / "data"))

    assert [path.name for path in (tmp_path / "data").iterdir()] == ["logs"]


def test_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(ConfigurationError) as caught:
        open_container(Settings(), tmp_path / "file")

    assert str(tmp_path / "file") in caught.value.message
    assert "--data-dir" in caught.value.hint


def test_threads_that_ask_at_once_get_the_same(data_dir: Path) -> None:
    container = open_container(Settings(), data_dir)
    together = threading.Barrier(8)
    got: list[tuple[object, ...]] = []

    def ask(_: int) -> None:
        together.wait()
        got.append((container.engine(), container.catalog(), container.store(), container.receiver()))

    try:
        run_together(ask, threads=8)
        assert len(set(got)) == 1
    finally:
        close_container(container)
