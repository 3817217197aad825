"""Use cases that look at files: dump and validate, over adapters that answer for any file."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.adapters.files.inspecting.dumper import TreeDumper
from fileroom.adapters.files.validating.validator import TreeValidator
from fileroom.adapters.sources.file_finder import FilesystemFileFinder
from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.clock import SystemClock
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.adapters.system.workers import InlineWorkers, ProcessWorkers
from fileroom.application.file_work import FileSelection, FileWork
from fileroom.application.use_cases.dump_files import DumpFiles, DumpFilesRequest
from fileroom.application.use_cases.validate_files import ValidateFiles, ValidateFilesRequest
from fileroom.domain.dump import DumpHeading, DumpLine, DumpOptions
from fileroom.domain.errors import InvalidDicom
from tests.builders import a_dicom_file

WHOLE, DAMAGED = "a.dcm", "b.dcm"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a whole file, and one that is cut off in its pixels."""
    (tmp_path / WHOLE).write_bytes(a_dicom_file())
    (tmp_path / DAMAGED).write_bytes(a_dicom_file()[:-100])
    return tmp_path


def files(*, processes: bool = False) -> FileWork:
    """Work on files, in this process or in others."""
    workers = ProcessWorkers() if processes else InlineWorkers()
    return FileWork(finder=FilesystemFileFinder(), workers=workers, clock=SystemClock())


def selection(folder: Path, *, jobs: int | None = None) -> FileSelection:
    """All files of a folder."""
    return FileSelection(paths=(folder,), recursive=True, jobs=jobs)


def test_lines_are_handed_over_file_by_file_and_damage_is_told(folder: Path) -> None:
    shown: dict[str, list[str]] = {}

    def show(path: Path, lines: Iterator[DumpHeading | DumpLine]) -> None:
        names = shown.setdefault(path.name, [])
        names += (line.name for line in lines if isinstance(line, DumpLine))

    result = DumpFiles(files=files(), dumper=TreeDumper()).execute(
        DumpFilesRequest(selection=selection(folder, jobs=4), options=DumpOptions()),
        show=show,
        progress=RecordingProgress(),
        cancel=ThreadCancelToken(),
    )

    assert list(shown) == [WHOLE, DAMAGED]
    assert shown[DAMAGED] == shown[WHOLE][:-1]
    whole, damaged = result.outcomes
    assert whole.error is None
    assert isinstance(damaged.error, InvalidDicom)


def test_documents_come_from_other_processes_as_from_this_one(folder: Path) -> None:
    def documents(*, processes: bool) -> list[object]:
        result = DumpFiles(files=files(processes=processes), dumper=TreeDumper()).documents(
            DumpFilesRequest(selection=selection(folder, jobs=2), options=DumpOptions()),
            progress=RecordingProgress(),
            cancel=ThreadCancelToken(),
        )
        return [outcome.result for outcome in result.outcomes]

    assert documents(processes=True) == documents(processes=False)


def test_findings_come_from_other_processes_as_from_this_one(folder: Path) -> None:
    def validations(*, processes: bool) -> list[object]:
        result = ValidateFiles(files=files(processes=processes), validator=TreeValidator()).execute(
            ValidateFilesRequest(selection=selection(folder, jobs=2)),
            progress=RecordingProgress(),
            cancel=ThreadCancelToken(),
        )
        assert not result.failed
        return [outcome.result for outcome in result.outcomes]

    found = validations(processes=False)
    assert validations(processes=True) == found
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - our own


@pytest.mark.parametrize("adapter", [TreeDumper(), TreeValidator()])
def test_adapters_pickle(adapter: object) -> None:
    assert type(pickle.loads(pickle.dumps(adapter))) is type(adapter)  # noqa: S301 - our own
