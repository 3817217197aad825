"""Work on many files: what is found, where results go, what becomes of each."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fileroom.adapters.sources.file_finder import FilesystemFileFinder
from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.clock import SystemClock
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.adapters.system.workers import InlineWorkers, ProcessWorkers
from fileroom.application.file_work import (
    Destination,
    FileJob,
    FileSelection,
    FileWork,
    FileWorkResult,
    UnforeseenFailure,
)
from fileroom.application.ports.file_finder import FileFinder, FoundFile
from fileroom.application.ports.import_source import Refusal
from fileroom.domain.errors import (
    Conflict,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
    NotDicom,
    NotFound,
    StorageError,
)


def read(job: FileJob) -> str:
    """Return what is in the file, or fail as it says."""
    text = job.source.read_text(encoding="utf-8")
    if text == "damaged":
        raise InvalidDicom("it is damaged", hint="look elsewhere")
    if text == "picture":
        raise NotDicom("not DICOM")
    if text == "bug":
        raise ZeroDivisionError
    if text == "killed":
        os._exit(1)
    if job.output is not None:
        job.output.parent.mkdir(parents=True, exist_ok=True)
        job.output.write_text(text, encoding="utf-8")
    return text


@dataclass
class Bench:
    """A folder, and work on what is in it."""

    folder: Path
    progress: RecordingProgress = field(default_factory=RecordingProgress)

    def holds(self, **files: str) -> None:
        """Write files; `__` in a name stands for a folder."""
        for name, text in files.items():
            path = self.folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def run(
        self,
        *names: str,
        task: Callable[[FileJob], str] = read,
        recursive: bool = False,
        destination: Destination | None = None,
        suffix: str = "",
        jobs: int | None = None,
        processes: bool = False,
        cancel: ThreadCancelToken | None = None,
    ) -> FileWorkResult[str]:
        """Run a task on paths in the folder."""
        work = FileWork(
            finder=FilesystemFileFinder(),
            workers=ProcessWorkers() if processes else InlineWorkers(),
            clock=SystemClock(),
        )
        self.progress = RecordingProgress()
        return work.run(
            FileSelection(paths=tuple(self.folder / name for name in names), recursive=recursive, jobs=jobs),
            task,
            title="reading",
            progress=self.progress,
            cancel=cancel or ThreadCancelToken(),
            destination=destination,
            suffix=suffix,
        )


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder to work in."""
    return Bench(tmp_path)


def test_files_are_worked_on_in_the_order_of_their_names(bench: Bench) -> None:
    bench.holds(b="2", a__z="1", c="3")

    result = bench.run("", recursive=True)

    assert [outcome.result for outcome in result.outcomes] == ["1", "2", "3"]
    assert not result.is_single
    assert (bench.progress.reports[-1].done, bench.progress.reports[-1].total) == (3, 3)


def test_file_that_is_named_alone_is_single(bench: Bench) -> None:
    bench.holds(a="1", f__a="1")

    assert bench.run("a").is_single
    assert not bench.run("a", "f/a").is_single
    assert not bench.run("f", recursive=True).is_single


def test_failure_is_told_and_the_rest_goes_on(bench: Bench) -> None:
    bench.holds(a="damaged", b="2")

    result = bench.run("a", "b")

    failed, done = result.outcomes
    assert isinstance(failed.error, InvalidDicom)
    assert failed.error.hint == "look elsewhere"
    assert done.result == "2"
    assert result.failed == bench.progress.reports[-1].failed == 1


def test_what_is_no_dicom_is_passed_over_in_folders_and_fails_where_it_is_named(bench: Bench) -> None:
    bench.holds(f__a="picture", b="picture")

    result = bench.run("f", "b", recursive=True)

    assert result.not_dicom == 1
    assert [Path(outcome.name).name for outcome in result.outcomes] == ["b"]
    assert isinstance(result.outcomes[0].error, NotDicom)


def test_unforeseen_error_is_a_bug_of_one_file(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.holds(a="bug", b="2")

    first, second = bench.run("a", "b").outcomes

    assert isinstance(first.error, UnforeseenFailure)
    assert second.result == "2"
    assert "ZeroDivisionError" in caplog.text
    assert str(bench.folder) not in caplog.records[0].message


def test_folder_fails_without_recursive(bench: Bench) -> None:
    bench.holds(f__a="1")

    (outcome,) = bench.run("f").outcomes

    assert outcome.error is not None
    assert "--recursive" in outcome.error.message


def test_path_that_is_not_there_is_told_before_anything_is_done(bench: Bench) -> None:
    bench.holds(a="1")
    with pytest.raises(NotFound):
        bench.run("a", "nowhere", destination=Destination(output_dir=bench.folder / "out"))
    assert not (bench.folder / "out").exists()


def test_links_in_folders_are_not_followed(bench: Bench, tmp_path: Path) -> None:
    bench.holds(f__a="1")
    (tmp_path / "f" / "round").symlink_to(tmp_path / "f")

    assert len(bench.run("f", recursive=True).outcomes) == 1


def test_outputs_lie_like_their_sources(bench: Bench) -> None:
    bench.holds(f__x__a="1", f__b="2", c="3")
    out = bench.folder / "out"

    bench.run("f", "c", recursive=True, destination=Destination(output_dir=out))

    assert {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} == {
        str(Path("x") / "a"), "b", "c",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.dcm", "a.png"), ("a.DCM", "a.png"), ("1.2.840.5", "1.2.840.5.png"), ("IM1", "IM1.png")],
)
def test_suffix_of_outputs_takes_the_place_of_a_known_one(bench: Bench, name: str, expected: str) -> None:
    (bench.folder / name).write_text("1", encoding="utf-8")
    out = bench.folder / "out"

    result = bench.run(name, destination=Destination(output_dir=out), suffix=".png")

    assert result.outcomes[0].output == out / expected


def test_output_does_not_replace_its_input_unless_forced(bench: Bench) -> None:
    bench.holds(a="1")
    place = bench.folder / "." / "a"

    (refused,) = bench.run("a", destination=Destination(output=place)).outcomes
    (forced,) = bench.run("a", destination=Destination(output=place, force=True)).outcomes

    assert isinstance(refused.error, Conflict)
    assert forced.error is None


def test_two_files_do_not_share_an_output(bench: Bench) -> None:
    bench.holds(f__a="1", g__a="2")
    out = bench.folder / "out"

    first, second = bench.run("f/a", "g/a", destination=Destination(output_dir=out)).outcomes

    assert first.error is None
    assert isinstance(second.error, Conflict)
    assert (out / "a").read_text(encoding="utf-8") == "1"


@pytest.mark.parametrize("wrong", ["none", "both", "one for two", "a folder"])
def test_destination_that_does_not_fit_is_a_mistake(bench: Bench, wrong: str) -> None:
    bench.holds(a="1", b="2")
    out = bench.folder / "out"
    destinations = {
        "none": Destination(),
        "both": Destination(output=out, output_dir=out),
        "one for two": Destination(output=out),
        "a folder": Destination(output=bench.folder),
    }
    names = ("a", "b") if wrong == "one for two" else ("a",)

    with pytest.raises(InvalidInput):
        bench.run(*names, destination=destinations[wrong])


def test_cancelled_work_stops_between_files(bench: Bench) -> None:
    bench.holds(a="1", b="2", c="3")
    cancel = ThreadCancelToken()

    def read_one(job: FileJob) -> str:
        cancel.cancel()
        return read(job)

    result = bench.run("a", "b", "c", task=read_one, cancel=cancel)

    assert result.cancelled
    assert [outcome.result for outcome in result.outcomes] == ["1"]


def test_nothing_is_counted_after_a_cancel(bench: Bench) -> None:
    bench.holds(a="1")
    cancel = ThreadCancelToken()
    cancel.cancel()
    looked_at: list[Path] = []

    class Endless(FileFinder):
        def find(self, path: Path, *, recursive: bool) -> Iterator[FoundFile | Refusal]:
            assert not recursive
            for number in range(1000):
                looked_at.append(path)
                yield FoundFile(path=path, relative=Path(str(number)), is_named=False)

    work = FileWork(finder=Endless(), workers=InlineWorkers(), clock=SystemClock())
    result = work.run(
        FileSelection(paths=(bench.folder / "a",)),
        read,
        title="reading",
        progress=RecordingProgress(),
        cancel=cancel,
        destination=Destination(output=bench.folder / "b"),
    )

    assert (result.cancelled, result.outcomes, len(looked_at)) == (True, (), 1)


def test_processes_do_the_same_in_the_same_order(bench: Bench) -> None:
    bench.holds(**{f"n{number:02}": str(number) for number in range(20)}, x="damaged", y="picture", z="bug")

    alone = bench.run("", recursive=True)
    shared = bench.run("", recursive=True, processes=True, jobs=2)

    assert [outcome.result for outcome in shared.outcomes] == [outcome.result for outcome in alone.outcomes]
    assert [type(outcome.error) for outcome in shared.outcomes] == [
        type(outcome.error) for outcome in alone.outcomes
    ]
    assert shared.not_dicom == alone.not_dicom == 1


def test_process_that_dies_is_told_and_nothing_hangs(bench: Bench) -> None:
    bench.holds(a="killed", b="2", c="3", d="4", e="5", f="6")

    result = bench.run("", recursive=True, processes=True, jobs=2)

    assert len(result.outcomes) == 6
    assert isinstance(result.outcomes[0].error, LimitExceeded)


def test_output_that_cannot_be_written_is_told(bench: Bench) -> None:
    bench.holds(a="1", b="2")

    def write(job: FileJob) -> str:
        raise StorageError(f"{job.output} cannot be written")

    result = bench.run("a", "b", task=write, destination=Destination(output_dir=bench.folder / "out"))

    assert result.failed == 2
