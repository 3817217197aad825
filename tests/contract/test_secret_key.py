"""The key of pseudonyms: one for all processes, for nobody else's eyes."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fileroom.adapters.system.secret_key import KEY_FILE, FileSecretKey
from fileroom.domain.errors import InvalidInput, NotFound, StorageError, Unreadable

ASK = """
import sys
from pathlib import Path
from fileroom.adapters.system.secret_key import FileSecretKey
print(FileSecretKey(Path(sys.argv[1])).own().decode())
"""


def test_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key = FileSecretKey(folder).own()

    assert len(key) == 64
    assert FileSecretKey(folder).own() == key
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert FileSecretKey(tmp_path / "other").own() != key
    assert not list(folder.glob("*.part"))


def test_processes_that_ask_at_once_get_the_same_key(tmp_path: Path) -> None:
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK, str(tmp_path / "data")], stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    answers = {process.communicate(timeout=60)[0] for process in asking}

    assert len(answers) == 1
    assert answers == {FileSecretKey(tmp_path / "data").own() + b"\n"}


def test_key_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=KEY_FILE):
        FileSecretKey(tmp_path / "file").own()


def test_damaged_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_text("short")
    with pytest.raises(StorageError, match="damaged"):
        FileSecretKey(tmp_path).own()
    assert (tmp_path / KEY_FILE).read_text() == "short"


def test_key_of_ones_own_is_read_without_line_ends(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"0123456789abcdef\r\n")
    assert FileSecretKey(tmp_path).read(tmp_path / "key") == b"0123456789abcdef"


def test_what_is_no_key_is_refused(tmp_path: Path) -> None:
    keys = FileSecretKey(tmp_path)
    (tmp_path / "short").write_bytes(b"short")
    (tmp_path / "long").write_bytes(b"x" * 5000)
    with pytest.raises(NotFound):
        keys.read(tmp_path / "none")
    with pytest.raises(Unreadable):
        keys.read(tmp_path)
    for name in ("short", "long"):
        with pytest.raises(InvalidInput) as caught:
            keys.read(tmp_path / name)
        assert "xxxx" not in caught.value.message
