"""What every test gets: a clean environment, no writes into the repository, and nothing left running."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.database import InMemoryExampleDatabase

# Examples live in memory: the repository stays clean, and a failing example becomes a test of its own.
# No deadlines: a slow machine is not a failing test; the suite-wide timeout catches what hangs.
settings.register_profile("dev", deadline=None, database=InMemoryExampleDatabase())
settings.register_profile("ci", deadline=None, database=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

GRACE_SECONDS = 5.0
"""How long a thread may take to end after the test that started it."""


@pytest.fixture(scope="session", autouse=True)
def _hypothesis_outside_the_repository(tmp_path_factory: pytest.TempPathFactory) -> None:
    set_hypothesis_home_dir(tmp_path_factory.mktemp("hypothesis"))


@pytest.fixture(autouse=True)
def _isolated_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the person who runs the tests reaches them, and no test reaches that person's files."""
    for name in os.environ:
        if name.startswith("FILEROOM_") and name != "FILEROOM_REQUIRE_PEERS":
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    for name, folder in {
        "HOME": home,
        "USERPROFILE": home,
        "APPDATA": home / "roaming",
        "LOCALAPPDATA": home / "local",
        "XDG_CACHE_HOME": home / "cache",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_DATA_HOME": home / "data",
        "XDG_STATE_HOME": home / "state",
    }.items():
        monkeypatch.setenv(name, str(folder))


def _children_since(moment: float) -> set[str]:
    """The process ids of this process's children that began after a moment of the boot clock (Linux).

    The system's list of children may leave some out while threads end, so that comparing two lists would accuse a test
    of what an earlier one's fixture runs; when a process began is certain.
    """
    try:
        tasks = [task / "children" for task in Path("/proc/self/task").iterdir()]
        children = {child for task in tasks if task.exists() for child in task.read_text().split()}
    except OSError:
        return set()
    return {child for child in children if _began(child) > moment and not _is_tracker(child)}


def _is_tracker(process: str) -> bool:
    """Tell whether it is one that is kept, once for all, as long as this one runs: by `multiprocessing`, or GDCM's."""
    try:
        line = Path(f"/proc/{process}/cmdline").read_bytes()
        return b"resource_tracker" in line or b"gdcm_worker" in line
    except OSError:
        return True  # it is gone


def _began(process: str) -> float:
    """Seconds of the boot clock at which a process began; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """A test ends its threads and waits for its child processes; daemon threads are the interpreter's to end."""
    threads = set(threading.enumerate())
    begun = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else 0.0
    yield
    for thread in set(threading.enumerate()) - threads:
        if not thread.daemon:
            thread.join(GRACE_SECONDS)
            assert not thread.is_alive(), f"left behind: {thread}"
    left_behind = _children_since(begun)
    assert not left_behind, f"left behind: processes {sorted(left_behind)}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An empty folder to serve as the data directory of the program."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder
