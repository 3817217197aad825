"""What every finder of files promises."""

import os
from pathlib import Path

import pytest

from fileroom.adapters.sources.file_finder import FilesystemFileFinder
from fileroom.application.ports.file_finder import FileFinder, FoundFile
from fileroom.application.ports.import_source import Refusal, RefusalKind
from fileroom.domain.errors import NotFound
from tests.contract.suite import ContractSuite


class FileFinderContract(ContractSuite):
    """Files, folders and what is neither."""

    @pytest.fixture
    def finder(self) -> FileFinder:
        """The finder under test."""
        raise NotImplementedError

    def test_file_is_found_by_its_name(self, finder: FileFinder, tmp_path: Path) -> None:
        path = tmp_path / "a.dcm"
        path.touch()

        assert list(finder.find(path, recursive=False)) == [
            FoundFile(path=path, relative=Path("a.dcm"), is_named=True)
        ]

    def test_folder_is_walked_in_the_order_of_the_names(self, finder: FileFinder, tmp_path: Path) -> None:
        for name in ("b", "a/z", "a/y", ".hidden"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()

        found = list(finder.find(tmp_path, recursive=True))

        assert all(isinstance(each, FoundFile) and not each.is_named for each in found)
        assert [str(each.relative) for each in found if isinstance(each, FoundFile)] == [
            ".hidden", str(Path("a", "y")), str(Path("a", "z")), "b",
        ]  # fmt: skip

    def test_folder_is_refused_where_it_is_not_to_be_walked(self, finder: FileFinder, tmp_path: Path) -> None:
        (refusal,) = finder.find(tmp_path, recursive=False)

        assert isinstance(refusal, Refusal)
        assert refusal.kind is RefusalKind.SKIPPED

    def test_what_is_not_there_is_told_at_once(self, finder: FileFinder, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            finder.find(tmp_path / "nothing", recursive=True)

    def test_link_is_followed_where_it_is_named_and_not_in_folders(
        self, finder: FileFinder, tmp_path: Path
    ) -> None:
        (tmp_path / "a").touch()
        (tmp_path / "link").symlink_to("a")

        (named,) = finder.find(tmp_path / "link", recursive=False)
        walked = list(finder.find(tmp_path, recursive=True))

        assert isinstance(named, FoundFile)
        assert [each.path.name for each in walked if isinstance(each, FoundFile)] == ["a"]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
    def test_what_is_no_regular_file_is_passed_over_in_folders(
        self, finder: FileFinder, tmp_path: Path
    ) -> None:
        os.mkfifo(tmp_path / "pipe")

        assert list(finder.find(tmp_path, recursive=True)) == []


class TestFilesystemFileFinder(FileFinderContract):
    @pytest.fixture
    def finder(self) -> FileFinder:
        return FilesystemFileFinder()
