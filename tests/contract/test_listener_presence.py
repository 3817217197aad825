"""What every listener presence promises, and what the one in files does between processes."""

import os
import subprocess
import sys
from abc import abstractmethod
from pathlib import Path

import pytest

from fileroom.adapters.system.listener_presence import FileListenerPresence, MemoryListenerPresence
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.domain.errors import Conflict, StorageError
from tests.contract.object_stores import run_together
from tests.contract.suite import ContractSuite

INFO = ListenerInfo(
    ae_title="FILEROOM",
    bind="127.0.0.1",
    port=11112,
    process=os.getpid(),
    files_into="catalog and store",
    temporary=True,
)
OTHER = ListenerInfo(ae_title="OTHER", bind="::1", port=104, process=1)


class ListenerPresenceContract(ContractSuite):
    """The promises of `ListenerPresence`."""

    @pytest.fixture
    @abstractmethod
    def presence(self, tmp_path: Path) -> ListenerPresence:
        """The adapter, with nobody listening."""

    def test_nobody_listens_at_first(self, presence: ListenerPresence) -> None:
        assert presence.current() is None

    def test_listener_is_current_for_as_long_as_the_context_lasts(self, presence: ListenerPresence) -> None:
        with presence.announce(INFO):
            assert presence.current() == INFO
            assert presence.current() == INFO
        assert presence.current() is None

    def test_listener_is_gone_when_the_context_ends_in_an_error(self, presence: ListenerPresence) -> None:
        with pytest.raises(ZeroDivisionError), presence.announce(INFO):
            raise ZeroDivisionError
        assert presence.current() is None

    def test_second_listener_is_told_where_the_first_one_is(self, presence: ListenerPresence) -> None:
        with presence.announce(INFO):
            with pytest.raises(Conflict) as caught, presence.announce(OTHER):
                pass
            assert presence.current() == INFO
        for fact in (INFO.ae_title, INFO.bind, str(INFO.port), str(INFO.process)):
            assert fact in caught.value.message

    def test_next_listener_may_come_when_the_first_has_left(self, presence: ListenerPresence) -> None:
        with presence.announce(INFO):
            pass
        with presence.announce(OTHER):
            assert presence.current() == OTHER

    def test_one_of_several_listeners_wins(self, presence: ListenerPresence) -> None:
        outcomes: list[str] = []

        def compete(number: int) -> None:
            info = ListenerInfo(ae_title=f"AE{number}", bind="", port=number, process=number)
            for _ in range(10):
                try:
                    with presence.announce(info):
                        outcomes.append("won" if presence.current() == info else "lost")
                except Conflict:
                    outcomes.append("refused")

        run_together(compete, threads=4)
        assert len(outcomes) == 40
        assert outcomes.count("won") >= 1
        assert "lost" not in outcomes


class TestMemoryListenerPresence(ListenerPresenceContract):
    @pytest.fixture
    def presence(self, tmp_path: Path) -> ListenerPresence:
        return MemoryListenerPresence()


class TestFileListenerPresence(ListenerPresenceContract):
    @pytest.fixture
    def presence(self, tmp_path: Path) -> ListenerPresence:
        return FileListenerPresence(tmp_path / "data")

    def test_current_leaves_no_trace_when_there_is_no_data_directory(self, tmp_path: Path) -> None:
        assert FileListenerPresence(tmp_path / "data").current() is None
        assert list(tmp_path.iterdir()) == []

    def test_current_ignores_files_that_a_dead_listener_left(self, tmp_path: Path) -> None:
        (tmp_path / "listener.lock").touch()
        (tmp_path / "listener.json").write_text(
            '{"ae_title": "DEAD", "bind": "127.0.0.1", "port": 104, "process": 1}'
        )
        presence = FileListenerPresence(tmp_path)
        assert presence.current() is None
        with presence.announce(INFO):
            assert presence.current() == INFO

    def test_file_of_an_older_version_is_read(self, tmp_path: Path) -> None:
        presence = FileListenerPresence(tmp_path)
        with presence.announce(INFO):
            (tmp_path / "listener.json").write_text(
                '{"ae_title": "OLD", "bind": "::1", "port": 104, "process": 7}'
            )
            assert presence.current() == ListenerInfo(ae_title="OLD", bind="::1", port=104, process=7)

    @pytest.mark.parametrize(
        "content", ["", "[]", "{}", '{"ae_title": "A", "bind": "", "port": "x"}', "\xff"]
    )
    def test_damaged_file_does_not_hide_that_the_place_is_taken(self, tmp_path: Path, content: str) -> None:
        presence = FileListenerPresence(tmp_path)
        with presence.announce(INFO):
            (tmp_path / "listener.json").write_text(content, encoding="latin-1")
            assert presence.current() is None
            with pytest.raises(Conflict), presence.announce(OTHER):
                pass

    def test_looking_never_gets_in_the_way_of_announcing(self, tmp_path: Path) -> None:
        presences = [FileListenerPresence(tmp_path) for _ in range(4)]
        FileListenerPresence(tmp_path)._lock_path.touch()

        def work(number: int) -> None:
            for _ in range(30):
                if number:
                    assert presences[number].current() in {None, INFO}
                else:
                    with presences[0].announce(INFO):
                        assert presences[0].current() == INFO

        run_together(work, threads=4)

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    def test_files_are_private(self, tmp_path: Path) -> None:
        with FileListenerPresence(tmp_path / "data").announce(INFO):
            modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()}
        assert modes == dict.fromkeys(["listener.guard", "listener.json", "listener.lock"], 0o600)

    def test_announce_fails_when_the_data_directory_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        presence = FileListenerPresence(tmp_path / "file" / "data")
        assert presence.current() is None
        with pytest.raises(StorageError, match="data"), presence.announce(INFO):
            pass

    def test_listener_of_another_process_is_seen_until_it_is_killed(self, tmp_path: Path) -> None:
        with subprocess.Popen(
            [sys.executable, "-c", LISTENER, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "listening\n"
            presence = FileListenerPresence(tmp_path)
            expected = ListenerInfo(ae_title="THERE", bind="0.0.0.0", port=104, process=process.pid)  # noqa: S104 - a text
            assert presence.current() == expected
            with pytest.raises(Conflict, match="THERE"), presence.announce(INFO):
                pass
            process.kill()
            process.wait()
            assert (tmp_path / "listener.json").exists()
            assert presence.current() is None
            with presence.announce(INFO):
                assert presence.current() == INFO


LISTENER = """
import os, sys
from pathlib import Path
from fileroom.adapters.system.listener_presence import FileListenerPresence
from fileroom.application.ports.listener_presence import ListenerInfo

info = ListenerInfo(ae_title="THERE", bind="0.0.0.0", port=104, process=os.getpid())
with FileListenerPresence(Path(sys.argv[1])).announce(info):
    sys.stdout.write("listening\\n")
    sys.stdout.flush()
    sys.stdin.read()
"""
