"""Folders as they are in the field: links, pipes, locks, depth, and archives among the files."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.adapters.sources.directory import DirectorySource
from fileroom.adapters.sources.source import AutoSource
from fileroom.application.ports.import_source import Candidate, Refusal, RefusalKind
from fileroom.domain.errors import NotFound, Unreadable
from fileroom.domain.limits import ImportLimits
from tests.builders import a_dicom_file


def names(path: Path, limits: ImportLimits | None = None) -> list[str]:
    """Names of the candidates, below the path."""
    found = AutoSource(limits).candidates(path)
    return [one.name.removeprefix(f"{path}{os.sep}") for one in found if not isinstance(one, Refusal)]


def refusals(path: Path, limits: ImportLimits | None = None) -> dict[str, tuple[RefusalKind, str]]:
    """What was passed over, and why."""
    found = AutoSource(limits).candidates(path)
    return {
        one.name.removeprefix(f"{path}{os.sep}"): (one.kind, one.why)
        for one in found
        if isinstance(one, Refusal)
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file in it."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "m.dcm").write_bytes(b"file")
    return folder


def test_folder_yields_names_in_order_whatever_the_disk_says(folder: Path) -> None:
    for name in ("z", "a", "n/2", "n/10", "n/a/b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    assert names(folder) == ["a", "m.dcm", "n/10", "n/2", "n/a/b", "z"]


def test_folder_does_not_follow_symbolic_links(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    (folder / "file link").symlink_to(tmp_path / "outside" / "secret")
    (folder / "folder link").symlink_to(tmp_path / "outside")
    (folder / "loop").symlink_to(folder)
    (folder / "dangling").symlink_to(tmp_path / "nowhere")
    assert names(folder) == ["m.dcm"]
    skipped = refusals(folder)
    assert set(skipped) == {"file link", "folder link", "loop", "dangling"}
    assert set(skipped.values()) == {(RefusalKind.SKIPPED, "symbolic links are not followed")}


def test_named_path_may_be_a_symbolic_link(folder: Path, tmp_path: Path) -> None:
    link, file_link = tmp_path / "link", tmp_path / "file link"
    link.symlink_to(folder)
    file_link.symlink_to(folder / "m.dcm")
    assert names(link) == ["m.dcm"]
    assert names(file_link) == [str(file_link)]


def test_folder_skips_what_is_no_file_without_waiting_for_it(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert refusals(folder) == {"pipe": (RefusalKind.SKIPPED, "it is no regular file")}


def test_named_pipe_is_unreadable_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    kind, why = refusals(tmp_path / "pipe")[str(tmp_path / "pipe")]
    assert kind is RefusalKind.UNREADABLE
    assert "not a regular file" in why


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_tells_what_may_not_be_read(folder: Path) -> None:
    (folder / "locked").mkdir(mode=0)
    (folder / "secret").write_bytes(b"x")
    (folder / "secret").chmod(0)
    kinds = {name: kind for name, (kind, _) in refusals(folder).items()}
    assert kinds == {"locked": RefusalKind.UNREADABLE, "secret": RefusalKind.UNREADABLE}
    assert names(folder) == ["m.dcm"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
def test_file_that_fails_when_it_is_read_is_unreadable() -> None:
    kind, why = refusals(Path("/proc/self/mem"))["/proc/self/mem"]
    assert kind is RefusalKind.UNREADABLE
    assert "Input/output error" in why


def test_folder_that_vanishes_is_refused_and_the_rest_goes_on(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "1").write_bytes(b"x")
    found = DirectorySource().candidates(folder)
    assert next(found).name == str(folder / "a" / "1")
    (folder / "b" / "1").unlink()
    (folder / "b").rmdir()
    rest = list(found)
    assert [(one.name, isinstance(one, Refusal)) for one in rest] == [
        (str(folder / "b"), True),
        (str(folder / "m.dcm"), False),
    ]


def test_file_that_became_a_link_is_not_followed_when_opened_anew(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    candidates = [one for one in DirectorySource().candidates(folder) if not isinstance(one, Refusal)]
    (folder / "m.dcm").unlink()
    (folder / "m.dcm").symlink_to(tmp_path / "secret")
    with pytest.raises(Unreadable, match="symbolic link"):
        candidates[0].open()


def test_file_that_vanished_is_unreadable(folder: Path) -> None:
    candidates = [one for one in DirectorySource().candidates(folder) if not isinstance(one, Refusal)]
    (folder / "m.dcm").unlink()
    with pytest.raises(Unreadable, match=r"m\.dcm"):
        candidates[0].open()


def test_folder_respects_the_limit_on_depth(folder: Path) -> None:
    (folder / "1" / "2" / "3").mkdir(parents=True)
    (folder / "1" / "2" / "deep").write_bytes(b"x")
    (folder / "1" / "2" / "3" / "deeper").write_bytes(b"x")
    limits = ImportLimits(max_import_directory_depth=2)
    assert names(folder, limits) == ["1/2/deep", "m.dcm"]
    kind, why = refusals(folder, limits)["1/2/3"]
    assert kind is RefusalKind.SKIPPED
    assert "max_import_directory_depth" in why


def test_folder_respects_the_limit_on_path_length(folder: Path) -> None:
    (folder / ("n" * 200)).write_bytes(b"x")
    limits = ImportLimits(max_import_path_length=len(str(folder)) + 100)
    assert names(folder, limits) == ["m.dcm"]
    assert "max_import_path_length" in refusals(folder, limits)["n" * 200][1]


def test_folder_respects_the_limit_on_size(folder: Path) -> None:
    (folder / "large").write_bytes(bytes(101))
    limits = ImportLimits(max_file_import_bytes=100)
    assert names(folder, limits) == ["m.dcm"]
    assert "max_file_import_bytes" in refusals(folder, limits)["large"][1]


def test_folder_opens_archives_by_content_and_not_by_name(folder: Path) -> None:
    with zipfile.ZipFile(folder / "a.dat", "w") as archive:
        archive.writestr("inside", b"x")
    (folder / "b.zip").write_bytes(b"not an archive")
    data = a_dicom_file()
    (folder / "c.dcm").write_bytes(b"PK\3\4" + data[4:])
    (folder / "d.dcm").write_bytes(data + b"PK\3\4" * 10)
    assert names(folder) == ["a.dat!inside", "b.zip", "c.dcm", "d.dcm", "m.dcm"]


def test_folder_is_walked_lazily(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "file").write_bytes(b"x")
    found: Iterator[Candidate | Refusal] = DirectorySource().candidates(tmp_path)
    next(found)
    (tmp_path / "10" / "late").write_bytes(b"x")
    assert str(tmp_path / "10" / "late") in [one.name for one in found]


def test_files_are_closed_when_the_walk_stops_early(folder: Path) -> None:
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    found = DirectorySource().candidates(folder)
    next(found)
    del found
    assert len(list(descriptors.iterdir())) == before


@pytest.mark.parametrize("name", ["missing", "m.dcm/below", "nul\0byte"])
def test_path_that_leads_nowhere_is_not_found(folder: Path, name: str) -> None:
    with pytest.raises(NotFound):
        AutoSource().candidates(folder / name)
