"""What every import source promises."""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

import pytest

from fileroom.adapters.sources.directory import DirectorySource
from fileroom.adapters.sources.memory import MemorySource
from fileroom.adapters.sources.single_file import SingleFileSource
from fileroom.adapters.sources.source import AutoSource
from fileroom.adapters.sources.zip_archive import ZipSource
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal
from fileroom.domain.errors import NotFound
from tests.contract.suite import ContractSuite

FILES = {"a.dcm": b"first" * 1000, "b/c.dcm": b"", "b/d": b"\0" * 100_000, "e": b"last"}


def candidate(found: Candidate | Refusal) -> Candidate:
    """The candidate that it has to be."""
    assert not isinstance(found, Refusal), found
    return found


def content(found: Candidate | Refusal) -> bytes:
    """What is in a candidate."""
    with candidate(found).open() as stream:
        return stream.read()


class ImportSourceContract(ContractSuite, ABC):
    @pytest.fixture
    def files(self) -> Mapping[str, bytes]:
        """Files that the source can hold all together."""
        return FILES

    @pytest.fixture
    @abstractmethod
    def source(self, tmp_path: Path, files: Mapping[str, bytes]) -> ImportSource:
        """A source that holds the files."""

    @pytest.fixture
    @abstractmethod
    def path(self, tmp_path: Path) -> Path:
        """Where they are."""

    def test_candidates_hold_the_files(
        self, source: ImportSource, path: Path, files: Mapping[str, bytes]
    ) -> None:
        assert sorted(map(content, source.candidates(path))) == sorted(files.values())

    def test_candidates_come_in_the_same_order_each_time(self, source: ImportSource, path: Path) -> None:
        names = [found.name for found in source.candidates(path)]
        assert names == [found.name for found in source.candidates(path)]
        assert len(set(names)) == len(names)

    def test_candidates_come_one_by_one(self, source: ImportSource, path: Path) -> None:
        found = source.candidates(path)
        assert iter(found) is found
        candidate(next(found))

    def test_candidate_opens_from_the_first_byte_each_time(self, source: ImportSource, path: Path) -> None:
        for found in source.candidates(path):
            assert content(found) == content(found)

    def test_candidate_knows_size_and_file(self, source: ImportSource, path: Path) -> None:
        for found in source.candidates(path):
            one = candidate(found)
            assert one.size == len(content(one))
            if one.path is not None:
                assert str(one.path) == one.name

    def test_candidates_are_not_found_when_the_path_does_not_exist(
        self, source: ImportSource, path: Path
    ) -> None:
        for missing in (path.with_name("nothing"), path / "nothing" / "below"):
            with pytest.raises(NotFound):
                source.candidates(missing)


class TestMemorySource(ImportSourceContract):
    @pytest.fixture
    def source(self, path: Path, files: Mapping[str, bytes]) -> ImportSource:
        return MemorySource({f"{path.as_posix()}/{name}": data for name, data in files.items()})

    @pytest.fixture
    def path(self) -> Path:
        return Path("/in/here")


class TestDirectorySource(ImportSourceContract):
    @pytest.fixture
    def source(self, path: Path, files: Mapping[str, bytes]) -> ImportSource:
        write(path, files)
        return DirectorySource()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "in"


class TestSingleFileSource(ImportSourceContract):
    @pytest.fixture
    def files(self) -> Mapping[str, bytes]:
        return {"file": FILES["a.dcm"]}

    @pytest.fixture
    def source(self, path: Path, files: Mapping[str, bytes]) -> ImportSource:
        write(path.parent, files)
        return SingleFileSource()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "file"


class TestZipSource(ImportSourceContract):
    @pytest.fixture
    def source(self, path: Path, files: Mapping[str, bytes]) -> ImportSource:
        zipped(path, files)
        return ZipSource()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "archive.zip"


class TestAutoSource(ImportSourceContract):
    @pytest.fixture
    def source(self, path: Path, files: Mapping[str, bytes]) -> ImportSource:
        write(path, {name: data for name, data in files.items() if "/" in name})
        zipped(path / "no extension", {name: data for name, data in files.items() if "/" not in name})
        return AutoSource()

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "in"


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def zipped(path: Path, files: Mapping[str, bytes]) -> None:
    """Write an archive, every other entry stored."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (name, data) in enumerate(files.items()):
            archive.writestr(name, data, zipfile.ZIP_DEFLATED if number % 2 else zipfile.ZIP_STORED)
