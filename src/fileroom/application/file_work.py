"""Work through many files: one function of one file, over all that was named, by as many workers as are wanted.

What belongs here: finding the files, naming their outputs, handing them out, and what became of each, in the order in
which they were found. What is done to a file is the task's business. A task, what it returns and what it raises
pickle, so that threads, processes or other machines can do it.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Self, TypeVar

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.clock import Clock
from fileroom.application.ports.file_finder import FileFinder, FoundFile
from fileroom.application.ports.import_source import Refusal, RefusalKind
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.ports.workers import Workers
from fileroom.domain.errors import (
    Conflict,
    FileroomError,
    InvalidInput,
    LimitExceeded,
    NotDicom,
    Unreadable,
)

T = TypeVar("T")

FEW: Final = 16
"""Files for which starting other processes takes longer than it saves."""
_AHEAD: Final = 2
"""Files handed out for each worker, so that none waits for the next."""
_KNOWN_SUFFIXES: Final = frozenset({".dcm", ".dicom", ".json"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSelection:
    """Which files, and how many at once."""

    paths: tuple[Path, ...]
    """Files, or folders where `recursive` is set."""
    recursive: bool = False
    jobs: int | None = None
    """Files worked on at once; None: as many as there are processors where that saves time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where outputs go: exactly one of the two."""

    output: Path | None = None
    """The output of a single file."""
    output_dir: Path | None = None
    """A folder that gets one output for each file, in folders like those below what was named."""
    force: bool = False
    """An output may replace its own input."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileJob:
    """One file to work on."""

    source: Path
    output: Path | None = None
    """Where the result goes, for a task that makes a file."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileOutcome(Generic[T]):
    """What became of one file: a result or an error."""

    name: str
    """Path, as it was found."""
    output: Path | None = None
    result: T | None = None
    error: FileroomError | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileWorkResult(Generic[T]):
    """What became of all."""

    outcomes: tuple[FileOutcome[T], ...]
    """In the order in which files were found; those that are no DICOM and were not named are left out."""
    not_dicom: int
    """Files in folders that are no DICOM at all: expected company."""
    is_single: bool
    """One file was named, and no folder."""
    seconds: float
    cancelled: bool = False

    @property
    def failed(self) -> int:
        """How many files failed."""
        return sum(outcome.error is not None for outcome in self.outcomes)


class UnforeseenFailure(FileroomError):
    """A task raised what nobody foresaw: a bug, whose traceback is in the log."""

    kind = "bug"


class FileWork:
    """Does a task on files."""

    def __init__(self, *, finder: FileFinder, workers: Workers, clock: Clock) -> None:
        """Use these."""
        self._finder = finder
        self._workers = workers
        self._clock = clock

    def run(
        self,
        selection: FileSelection,
        task: Callable[[FileJob], T],
        *,
        title: str,
        progress: ProgressSink,
        cancel: CancelToken,
        destination: Destination | None = None,
        suffix: str = "",
        is_quick: bool = False,
    ) -> FileWorkResult[T]:
        """Do a task on every file; what fails is told file by file.

        `suffix` takes the place of the files' own in names of outputs; '' keeps these. `is_quick` says that a file
        takes about a millisecond, so that other processes are started only where somebody asks for them.

        Raises:
            NotFound: a path does not exist; nothing was done.
            InvalidInput: the destination does not fit the files; nothing was done.
        """
        started = self._clock.monotonic()
        total, is_single = self._look(selection, cancel)
        if cancel.is_cancelled():
            return FileWorkResult(
                outcomes=(),
                not_dicom=0,
                is_single=False,
                seconds=self._clock.monotonic() - started,
                cancelled=True,
            )
        names = _OutputNames(destination, suffix, is_single=is_single)
        ledger = _Ledger[T](title, total, progress)
        jobs = selection.jobs or (1 if is_quick or total < FEW else self._workers.cores())
        with _Crew(self._workers, min(jobs, total), task) as crew:
            pending: deque[tuple[FoundFile, FileJob, Future[T]]] = deque()
            for found in self._each(selection):
                if cancel.is_cancelled():
                    break
                if isinstance(found, Refusal):
                    ledger.fail(found.name, _error_of(found))
                    continue
                try:
                    job = names.job_for(found)
                except FileroomError as error:
                    ledger.fail(str(found.path), error)
                    continue
                pending.append((found, job, crew.begin(job)))
                while len(pending) >= (_AHEAD * jobs if jobs > 1 else 1):
                    ledger.settle(*pending.popleft(), crew)
            while pending:
                found, job, future = pending.popleft()
                if not (cancel.is_cancelled() and future.cancel()):
                    ledger.settle(found, job, future, crew)
        return FileWorkResult(
            outcomes=tuple(ledger.outcomes),
            not_dicom=ledger.not_dicom,
            is_single=is_single,
            seconds=self._clock.monotonic() - started,
            cancelled=cancel.is_cancelled(),
        )

    def _look(self, selection: FileSelection, cancel: CancelToken) -> tuple[int, bool]:
        """Return how many files there are, and whether it is one that was named; neither is true after a cancel."""
        total = named = 0
        for found in self._each(selection):
            if cancel.is_cancelled():
                break
            total += 1
            named += isinstance(found, FoundFile) and found.is_named
        return total, total == named == 1

    def _each(self, selection: FileSelection) -> Iterator[FoundFile | Refusal]:
        for path in selection.paths:
            yield from self._finder.find(path, recursive=selection.recursive)


class _Crew(Generic[T]):
    """Workers that are replaced when one of them dies."""

    def __init__(self, workers: Workers, jobs: int, task: Callable[[FileJob], T]) -> None:
        self._workers = workers
        self._jobs = jobs
        self._task = task
        self._stack = ExitStack()
        self._executor = self._stack.enter_context(workers.open(jobs))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def begin(self, job: FileJob) -> Future[T]:
        """Hand out a file."""
        try:
            return self._executor.submit(self._task, job)
        except BrokenExecutor:
            self._executor = self._stack.enter_context(self._workers.open(self._jobs))
            return self._executor.submit(self._task, job)

    def result_of(self, job: FileJob, future: Future[T]) -> T:
        """Wait for a file. When a worker died, which takes the others' files with it, do this one again, alone.

        Raises:
            LimitExceeded: this is the file on which the worker dies.
        """
        try:
            return future.result()
        except BrokenExecutor:
            pass
        with self._workers.open(max(self._jobs, 2)) as alone:
            try:
                return alone.submit(self._task, job).result()
            except BrokenExecutor:
                raise LimitExceeded(
                    "the process that worked on it was ended, most likely for want of memory",
                    hint="give it more memory, or leave this file out",
                ) from None


class _Ledger(Generic[T]):
    """What became of the files so far, and the progress that it makes."""

    def __init__(self, title: str, total: int, progress: ProgressSink) -> None:
        self.outcomes: list[FileOutcome[T]] = []
        self.not_dicom = 0
        self._title = title
        self._total = total
        self._done = self._failed = 0
        self._progress = progress

    def settle(self, found: FoundFile, job: FileJob, future: Future[T], crew: _Crew[T]) -> None:
        """Wait for a file and take note of what became of it."""
        name = str(found.path)
        try:
            result = crew.result_of(job, future)
        except NotDicom as error:
            if found.is_named:
                self.fail(name, error)
            else:
                self.not_dicom += 1
                self._report(name)
        except FileroomError as error:
            self.fail(name, error)
        except Exception as error:
            logging.getLogger(__name__).exception("%s failed on a file", self._title)
            bug = UnforeseenFailure(
                f"this is a bug in fileroom ({type(error).__name__})", hint="the traceback is in the log"
            )
            self.fail(name, bug)
        else:
            self.outcomes.append(FileOutcome(name=name, output=job.output, result=result))
            self._report(name)

    def fail(self, name: str, error: FileroomError) -> None:
        """Take note of a file that failed."""
        self.outcomes.append(FileOutcome(name=name, error=error))
        self._failed += 1
        self._report(name)

    def _report(self, name: str) -> None:
        self._done += 1
        self._progress.report(
            Progress(task=self._title, done=self._done, total=self._total, failed=self._failed, item=name)
        )


class _OutputNames:
    """Names outputs, no two alike, and none like its input."""

    def __init__(self, destination: Destination | None, suffix: str, *, is_single: bool) -> None:
        self._destination = destination
        self._suffix = suffix
        self._taken: set[Path] = set()
        if destination is None:
            return
        if (destination.output is None) == (destination.output_dir is None):
            raise InvalidInput(
                "where the output goes is not said"
                if destination.output is None
                else "two outputs are named",
                hint="give --output for a single file, or --output-dir for several",
            )
        if destination.output is not None and not is_single:
            raise InvalidInput("one --output cannot take several files", hint="give --output-dir instead")
        if destination.output is not None and destination.output.is_dir():
            raise InvalidInput(f"{destination.output} is a folder", hint="give --output-dir instead")

    def job_for(self, found: FoundFile) -> FileJob:
        """Return the job of a file.

        Raises:
            Conflict: its output would replace its input, or that of another file.
        """
        output = self._output(found)
        if output is None:
            return FileJob(source=found.path)
        place = output.resolve()
        if place == found.path.resolve() and self._destination is not None and not self._destination.force:
            raise Conflict("the output would replace its own input", hint="add --force if that is meant")
        if place in self._taken:
            raise Conflict(f"another file of this run has the output {output}")
        self._taken.add(place)
        return FileJob(source=found.path, output=output)

    def _output(self, found: FoundFile) -> Path | None:
        if self._destination is None:
            return None
        if self._destination.output_dir is None:
            return self._destination.output
        relative = found.relative
        if self._suffix:
            known = relative.suffix.lower() in _KNOWN_SUFFIXES
            relative = relative.with_name((relative.stem if known else relative.name) + self._suffix)
        return self._destination.output_dir / relative


def _error_of(refusal: Refusal) -> FileroomError:
    kind = Unreadable if refusal.kind is RefusalKind.UNREADABLE else InvalidInput
    return kind(refusal.why)
