"""What is left of the work of a process that is killed, and how it is found."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.domain.filing import Durability
from tests.contract.object_stores import HEADER, a_key, digest_of, filed, run_together, written

VICTIM = """
import sys
from pathlib import Path
from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from tests.contract.object_stores import HEADER, a_key, filed, written

root, durability, task = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
store = FilesystemObjectStore(root, durability=durability)

def say(text):
    sys.stdout.write(text + "\\n")
    sys.stdout.flush()

if task == "in the middle":
    say(filed(store, a_key(1)).location)
    half = written(store, bytes(3_000_000))
    say("half")
elif task == "busy":
    number = 0
    while True:
        number += 1
        say(filed(store, a_key(number), number.to_bytes(4, "big") * 50_000).location)
sys.stdin.read()
"""


@contextmanager
def a_victim(root: Path, durability: Durability, task: str) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the store; killed at the end at the latest."""
    repository = Path(__file__).parents[2]
    paths = os.pathsep.join([str(repository / "src"), str(repository)])
    with subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(root), durability, task],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def killed(process: subprocess.Popen[str]) -> list[str]:
    """Kill the process; returns what it said that was not read yet."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    rest = process.stdout.read().split("\n")[:-1]
    process.wait()
    return rest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


def partials(root: Path) -> list[Path]:
    return list(root.rglob("*.part"))


@pytest.mark.parametrize("durability", Durability)
def test_killed_process_leaves_its_object_to_be_found_and_no_partial(
    root: Path, durability: Durability
) -> None:
    with a_victim(root, durability, "in the middle") as victim:
        location, _ = lines(victim, 2)
        assert len(partials(root)) == 1
        killed(victim)
    store = FilesystemObjectStore(root)
    assert list(store.walk()) == [location]
    assert list(store.recover()) == [location]
    assert partials(root) == []
    assert [entry.name for entry in (root / ".incoming").iterdir() if entry.is_dir()] == []
    assert list(store.recover()) == []
    store.close()


@pytest.mark.parametrize("durability", Durability)
def test_killed_process_leaves_whole_objects_only_and_all_that_it_acknowledged(
    root: Path, durability: Durability
) -> None:
    with a_victim(root, durability, "busy") as victim:
        acknowledged = lines(victim, 20)
        acknowledged += killed(victim)
    store = FilesystemObjectStore(root)
    found = list(store.recover())
    assert set(acknowledged) <= set(found)
    assert len(found) <= len(acknowledged) + 1
    assert sorted(found) == sorted(store.walk())
    for location in found:
        number = int(location.rpartition(".dcm")[0].rpartition(".")[2])
        assert store.describe(location).digest == digest_of(number.to_bytes(4, "big") * 50_000)
    assert partials(root) == []
    store.close()


def test_living_process_is_left_alone_by_recover(root: Path) -> None:
    with a_victim(root, Durability.RELAXED, "in the middle") as victim:
        lines(victim, 2)
        store = FilesystemObjectStore(root)
        assert list(store.recover()) == []
        assert len(partials(root)) == 1
        store.close()


def test_recover_looks_only_at_what_changed_since_the_dead_process_began(root: Path) -> None:
    before = FilesystemObjectStore(root)
    filed(before, a_key(2))
    filed(before, a_key(1, study=2))
    before.close()
    for path in sorted(root.rglob("*")):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    with a_victim(root, Durability.RELAXED, "in the middle") as victim:
        new, _ = lines(victim, 2)
        killed(victim)
    store = FilesystemObjectStore(root)
    assert list(store.recover()) == [new]
    store.close()


def test_recover_finds_adopted_objects_whatever_their_age(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "received"
    path.write_bytes(HEADER)
    os.utime(path, (1_000_000_000, 1_000_000_000))
    dead = FilesystemObjectStore(root)
    stored = dead.adopt(path, len(HEADER)).commit(a_key())
    die(dead)
    heir = FilesystemObjectStore(root)
    assert list(heir.recover()) == [stored.location]
    heir.close()


def test_recover_finds_what_was_filed_after_the_clock_was_set_back(root: Path) -> None:
    dead = FilesystemObjectStore(root)
    written(dead).abort()
    session = dead._session
    assert session is not None
    tomorrow = session.started + 86_400
    os.utime(Path(session.folder, "started"), (tomorrow, tomorrow))
    session.started = tomorrow
    stored = filed(dead)
    die(dead)
    heir = FilesystemObjectStore(root)
    assert list(heir.recover()) == [stored.location]
    heir.close()


def test_recover_looks_at_everything_when_the_start_of_a_dead_session_is_not_known(root: Path) -> None:
    dead = FilesystemObjectStore(root)
    stored = filed(dead)
    session = dead._session
    assert session is not None
    Path(session.folder, "started").unlink()
    die(dead)
    for path in sorted(root.rglob("*")):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    heir = FilesystemObjectStore(root)
    assert list(heir.recover()) == [stored.location]
    heir.close()


def test_two_recoveries_do_not_disturb_each_other(root: Path) -> None:
    dead = FilesystemObjectStore(root)
    stored = filed(dead)
    die(dead)
    first, second = FilesystemObjectStore(root), FilesystemObjectStore(root)
    sweep = first.recover()
    assert next(sweep) == stored.location
    assert list(second.recover()) == []
    assert list(sweep) == []
    assert list(second.recover()) == []
    first.close()
    second.close()


def test_stores_that_open_and_close_in_good_order_are_never_taken_for_dead(root: Path) -> None:
    found: list[str] = []
    dead = FilesystemObjectStore(root)

    def work(thread: int) -> None:
        for number in range(40):
            store = FilesystemObjectStore(root, durability=Durability.RELAXED)
            if thread < 2:
                filed(store, a_key(number, series=thread))
            else:
                found.extend(store.recover())
            store.close()

    run_together(work, threads=4)
    assert found == []
    assert list(dead.recover()) == []
    assert [path.name for path in (root / ".incoming").iterdir()] == ["sessions.lock"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forked_process_has_a_session_of_its_own(root: Path) -> None:
    store = FilesystemObjectStore(root)
    filed(store, a_key(1))
    child = os.fork()
    if child == 0:
        status = 1
        try:
            filed(store, a_key(2))
            store.close()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    filed(store, a_key(3))
    assert len(list(store.walk())) == 3
    other = FilesystemObjectStore(root)
    assert list(other.recover()) == []
    store.close()


def die(store: FilesystemObjectStore) -> None:
    """Do what the system does when a process dies: let go of its locks."""
    assert store._session is not None
    store._session._owner_lock.release()
    store._session = None
