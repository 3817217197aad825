"""Files appear whole or not at all."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.adapters.files.whole_file import whole_file, write_whole
from fileroom.domain.errors import StorageError, StorageFull


def test_file_appears_with_its_folders(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "c.dcm"

    assert write_whole(place, [b"12", b"345"]) == 5
    assert place.read_bytes() == b"12345"


def test_nothing_shows_before_the_end(tmp_path: Path) -> None:
    place = tmp_path / "c.dcm"
    with whole_file(place) as stream:
        stream.write(b"1")
        assert not place.exists()
    assert place.exists()


def test_failure_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "c.dcm"
    place.write_bytes(b"before")

    def parts() -> Iterator[bytes]:
        yield b"after"
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_whole(place, parts())
    assert [path.name for path in tmp_path.iterdir()] == ["c.dcm"]
    assert place.read_bytes() == b"before"


@pytest.mark.parametrize(("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EIO, StorageError)])
def test_error_of_the_disk_is_told(tmp_path: Path, number: int, kind: type[StorageError]) -> None:
    def parts() -> Iterator[bytes]:
        yield b"1"
        raise OSError(number, "as it is")

    with pytest.raises(kind, match=r"c\.dcm"):
        write_whole(tmp_path / "c.dcm", parts())
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        write_whole(tmp_path / "file" / "c.dcm", [b"1"])


def test_nothing_takes_the_place_of_what_is_no_regular_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for place in (tmp_path / "folder", Path("/dev/null")):
        with pytest.raises(StorageError, match="no regular file"):
            write_whole(place, [b"1"])
