"""Imports: every file is counted once, by what became of it, and store and catalog agree whatever goes wrong."""

import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from fileroom.adapters.objects.memory.object_store import MemoryObjectWriter
from fileroom.adapters.sources.memory import MemoryCandidate, MemorySource
from fileroom.adapters.sources.source import AutoSource
from fileroom.adapters.system.cancellation import ThreadCancelToken
from fileroom.adapters.system.progress import NullProgress, RecordingProgress
from fileroom.application.filing_batch import BATCH_SIZE
from fileroom.application.import_ledger import MAX_FAILURES_KEPT, DuplicateCounts, FailureKind
from fileroom.application.ports.catalog import Change
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal, RefusalKind
from fileroom.application.ports.progress import Progress, ProgressSink
from fileroom.application.use_cases.import_files import (
    PREFIX_BYTES,
    ImportFiles,
    ImportRequest,
    ImportResult,
)
from fileroom.domain.errors import FileroomError, NotFound, StorageError, StorageFull, Unreadable
from fileroom.domain.filing import DuplicatePolicy
from fileroom.domain.query import QueryLevel, Selection
from fileroom.domain.records import CatalogEntry, Origin
from tests.builders import a_dicom_file, a_record
from tests.unit.application.rooms import FaultyStore, Room, a_request, data_of

FULL = StorageFull("no space left on device")
Files = Mapping[str, bytes | FileroomError | Refusal]


def run(
    room: Room,
    source: ImportSource | Files,
    *paths: str | Path,
    in_place: bool = False,
    cancel: ThreadCancelToken | None = None,
    progress: ProgressSink | None = None,
    max_total_files: int | None = None,
) -> ImportResult:
    use_case = ImportFiles(
        source=MemorySource(source) if isinstance(source, Mapping) else source,
        store=room.store,
        reader=room.reader,
        filer=room.filer,
        clock=room.clock,
        max_object_bytes=room.max_object_bytes,
        max_total_files=max_total_files,
    )
    request = ImportRequest(paths=tuple(map(Path, paths or ("in",))), in_place=in_place)
    return use_case.execute(
        request, progress=progress or NullProgress(), cancel=cancel or ThreadCancelToken()
    )


def files_of(*numbers: int) -> dict[str, bytes]:
    return {f"in/{number}.dcm": a_dicom_file(a_record(number)) for number in numbers}


def test_files_are_stored_and_catalogued() -> None:
    room = Room()
    result = run(room, files_of(1, 2, 3))
    assert (result.scanned_files, result.accepted, result.is_complete) == (3, 3, True)
    assert result.bytes == sum(map(len, files_of(1, 2, 3).values()))
    assert result.failures == ()
    entry = room.entry(a_record(2))
    assert (entry.origin, entry.source) == (Origin.IMPORTED, "in/2.dcm")
    with room.store.content(entry.stored.location).open() as stream:
        assert stream.read() == files_of(2)["in/2.dcm"]
    room.assert_agrees()


def test_every_file_is_counted_once_by_what_became_of_it() -> None:
    room = Room()
    room.send_in(a_record(9), pixel_bytes=1024)
    result = run(
        room,
        {
            **files_of(1, 2),
            "in/again.dcm": a_dicom_file(a_record(1)),
            "in/other.dcm": a_dicom_file(a_record(9)),
            "in/readme.txt": b"This disc holds images.",
            "in/damaged.dcm": a_dicom_file(a_record(3))[:-50],
            "in/locked.dcm": Unreadable("permission denied", hint="ask its owner"),
            "in/odd.zip!x": Refusal(name="in/odd.zip!x", kind=RefusalKind.UNREADABLE, why="encrypted"),
            "in/link": Refusal(name="in/link", kind=RefusalKind.SKIPPED, why="a symbolic link"),
        },
    )
    assert result.scanned_files == 9
    assert result.accepted == 2
    assert result.duplicates == DuplicateCounts(identical=1, conflict_rejected=1)
    assert (result.invalid_dicom, result.not_dicom) == (2, 1)
    assert (result.unreadable, result.skipped, result.failed, result.failed_cleanup) == (2, 1, 0, 0)
    assert {failure.name: failure.kind for failure in result.failures} == {
        "in/other.dcm": FailureKind.CONFLICT,
        "in/damaged.dcm": FailureKind.INVALID_DICOM,
        "in/locked.dcm": FailureKind.UNREADABLE,
        "in/odd.zip!x": FailureKind.UNREADABLE,
        "in/link": FailureKind.SKIPPED,
    }
    assert all(failure.why for failure in result.failures)
    assert not result.is_complete
    room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "duplicates", "accepted"),
    [
        (DuplicatePolicy.REJECT, DuplicateCounts(conflict_rejected=1), 1),
        (DuplicatePolicy.IGNORE, DuplicateCounts(conflict_ignored=1), 1),
        (DuplicatePolicy.REPLACE, DuplicateCounts(conflict_replaced=1), 2),
    ],
)
def test_conflicts_are_counted_by_what_the_policy_made_of_them(
    policy: DuplicatePolicy, duplicates: DuplicateCounts, accepted: int
) -> None:
    room = Room(policy=policy)
    files = {"in/a": a_dicom_file(), "in/b": a_dicom_file(pixel_bytes=1024)}
    result = run(room, files)
    assert (result.duplicates, result.accepted) == (duplicates, accepted)
    assert result.is_complete is (policy is not DuplicatePolicy.REJECT)
    room.assert_agrees()


@pytest.mark.parametrize(
    ("policy", "duplicates", "accepted"),
    [
        (DuplicatePolicy.REJECT, DuplicateCounts(conflict_rejected=1), 1),
        (DuplicatePolicy.IGNORE, DuplicateCounts(conflict_ignored=1), 1),
        (DuplicatePolicy.REPLACE, DuplicateCounts(conflict_replaced=1), 2),
    ],
)
def test_object_that_another_process_filed_before_the_batch_was_written_is_counted_as_what_it_became(
    policy: DuplicatePolicy, duplicates: DuplicateCounts, accepted: int
) -> None:
    room, moved = Room(policy=policy), a_record(1, series=2)
    same_uid = data_of(moved).replace(moved.sop_instance_uid.encode(), a_record(1).sop_instance_uid.encode())
    exchange = room.catalog.exchange

    def late(changes: Sequence[Change]) -> frozenset[str]:
        room.catalog.exchange = exchange  # type: ignore[method-assign]
        request = a_request(moved, uid=a_record(1).sop_instance_uid)
        assert (
            Room(catalog=room.catalog, store=room.store).send_in(moved, data=same_uid, request=request).status
            == 0
        )
        return exchange(changes)

    room.catalog.exchange = late  # type: ignore[method-assign]
    result = run(room, {"in/a": a_dicom_file(a_record(1)), "in/b": a_dicom_file(a_record(2))})
    assert (result.duplicates, result.accepted) == (duplicates, accepted)
    assert [failure.name for failure in result.failures] == (
        ["in/a"] if policy is DuplicatePolicy.REJECT else []
    )
    assert result.bytes == len(a_dicom_file(a_record(2))) * accepted
    room.assert_agrees()


def test_file_that_is_no_dicom_is_a_failure_when_it_was_named() -> None:
    room, text = Room(), {"in/readme.txt": b"This disc holds images."}
    assert run(room, text, "in").is_complete
    named = run(room, text, "in/readme.txt")
    assert (named.invalid_dicom, named.not_dicom, named.is_complete) == (1, 0, False)
    assert [failure.kind for failure in named.failures] == [FailureKind.INVALID_DICOM]


def test_bare_data_set_gets_file_meta() -> None:
    room, record = Room(), a_record()
    assert run(room, {"in/bare": data_of(record)}).accepted == 1
    entry = room.entry(record)
    with room.store.content(entry.stored.location).open() as stream:
        whole = stream.read()
    assert whole[128:132] == b"DICM"
    assert whole[entry.stored.data_offset :] == data_of(record)
    room.assert_agrees()


def with_late_uids(whole: bytes, filler_bytes: int) -> bytes:
    """Put a private element of group 0009 before the UIDs of group 0020."""
    place = whole.index(b"\x10\x00\x10\x00PN")
    filler = b"\x09\x00\x10\x10UN\0\0" + filler_bytes.to_bytes(4, "little") + bytes(filler_bytes)
    return whole[:place] + filler + whole[place:]


@pytest.mark.parametrize("bare", [False, True])
def test_header_is_found_beyond_what_is_looked_at_first(bare: bool) -> None:
    room, record = Room(), a_record()
    whole = with_late_uids(data_of(record) if bare else a_dicom_file(record), 2 * PREFIX_BYTES)
    assert run(room, {"in/late": whole}).accepted == 1
    assert room.stored_data(record) == with_late_uids(data_of(record), 2 * PREFIX_BYTES)
    room.assert_agrees()


class _FullAtSecond(FaultyStore):
    """Full when a second object is begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0

    def begin(self, header: bytes) -> MemoryObjectWriter:
        self.begun += 1
        if self.begun == 2:
            self.fails_at["write"] = FULL
        return super().begin(header)


def test_file_that_is_written_twice_leaves_nothing_when_the_store_is_full_at_the_second_time() -> None:
    room = Room(store=_FullAtSecond())
    result = run(room, {"in/late": with_late_uids(a_dicom_file(), 2 * PREFIX_BYTES)})
    assert (result.failed, result.stopped_by, room.locations()) == (1, FULL.message, [])
    room.assert_agrees()


@pytest.mark.parametrize("pixel_bytes", [1024, 2 * PREFIX_BYTES])
def test_truncated_file_is_refused_and_leaves_nothing(pixel_bytes: int) -> None:
    room = Room()
    result = run(room, {"in/cut.dcm": a_dicom_file(pixel_bytes=pixel_bytes)[:-1]})
    assert (result.invalid_dicom, result.accepted, room.locations()) == (1, 0, [])
    room.assert_agrees()


class _BreaksOff(MemoryCandidate):
    """A file whose reading fails in the middle."""

    def open(self) -> BinaryIO:
        return _BreakingStream(a_dicom_file(pixel_bytes=2 * PREFIX_BYTES))


class _BreakingStream(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= PREFIX_BYTES:
            raise Unreadable("bad CRC")
        return super().read(size)


class _Listed(ImportSource):
    """Yields what it was given."""

    def __init__(self, *found: Candidate | Refusal) -> None:
        self.found = found

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        return iter(self.found)


def test_file_that_breaks_off_while_it_is_read_leaves_nothing() -> None:
    room = Room()
    result = run(room, _Listed(_BreaksOff("in/crc.dcm", b"", is_file=True)))
    assert (result.unreadable, room.locations()) == (1, [])
    assert result.failures[0].why == "bad CRC"
    room.assert_agrees()


@pytest.mark.parametrize("pixel_bytes", [1024, 2 * PREFIX_BYTES])
def test_file_over_the_limit_is_skipped(pixel_bytes: int) -> None:
    size = len(data_of(pixel_bytes=pixel_bytes))
    over, within = Room(max_object_bytes=size - 1), Room(max_object_bytes=size)
    files = {"in/a.dcm": a_dicom_file(pixel_bytes=pixel_bytes)}
    result = run(over, files)
    assert (result.skipped, result.accepted, over.locations()) == (1, 0, [])
    assert run(within, files).accepted == 1
    over.assert_agrees()


# Folders, archives, files in place -----------------------------------------------------------------------------------


def zip_of(files: Mapping[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_folder_with_files_and_archives_is_imported(tmp_path: Path) -> None:
    room = Room()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "1.dcm").write_bytes(a_dicom_file(a_record(1)))
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "more.zip").write_bytes(zip_of({"a/2": a_dicom_file(a_record(2)), "readme": b"hello"}))
    result = run(room, AutoSource(), tmp_path)
    assert (result.accepted, result.not_dicom, result.is_complete) == (2, 2, True)
    assert room.entry(a_record(2)).source == f"{tmp_path}/more.zip!a/2"
    room.assert_agrees()


def test_limit_of_files_is_one_for_all_paths_and_archive_entries(tmp_path: Path) -> None:
    room = Room()
    folder, single = tmp_path / "folder", tmp_path / "single.dcm"
    folder.mkdir()
    single.write_bytes(a_dicom_file(a_record(1)))
    (folder / "a.dcm").write_bytes(a_dicom_file(a_record(2)))
    (folder / "b.zip").write_bytes(zip_of({"3": a_dicom_file(a_record(3)), "4": a_dicom_file(a_record(4))}))
    result = run(room, AutoSource(), single, folder, max_total_files=3)
    assert (result.accepted, result.skipped, result.is_complete) == (3, 1, False)
    assert "max_import_total_files" in result.failures[0].why


def test_files_are_catalogued_in_place(tmp_path: Path) -> None:
    room = Room()
    path = tmp_path / "1.dcm"
    path.write_bytes(a_dicom_file())
    (tmp_path / "readme.txt").write_text("hello")
    result = run(room, AutoSource(), tmp_path, in_place=True)
    assert (result.accepted, result.not_dicom, room.locations()) == (1, 1, [])
    assert room.entry(a_record()).stored.in_place
    assert room.stored_data(a_record()) == data_of()
    assert run(room, AutoSource(), tmp_path, in_place=True).duplicates.identical == 1


def test_archive_entries_are_skipped_in_place(tmp_path: Path) -> None:
    room = Room()
    (tmp_path / "a.zip").write_bytes(zip_of({"1": a_dicom_file(), "2": a_dicom_file(a_record(2))}))
    result = run(room, AutoSource(), tmp_path, in_place=True)
    assert (result.accepted, result.skipped) == (0, 2)
    assert "--in-place" in result.failures[0].hint


def test_nothing_is_imported_when_one_of_the_paths_does_not_exist(tmp_path: Path) -> None:
    room = Room()
    (tmp_path / "1.dcm").write_bytes(a_dicom_file())
    with pytest.raises(NotFound, match="gone"):
        run(room, AutoSource(), tmp_path, tmp_path / "gone")
    assert room.catalog.totals().instances == 0


class _Vanishing(ImportSource):
    """A folder that goes away before it is read."""

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        yield MemoryCandidate("in/1.dcm", a_dicom_file(), is_file=True)
        raise NotFound(f"{path} does not exist")


def test_folder_that_goes_away_is_unreadable_and_what_came_of_it_stays() -> None:
    room = Room()
    result = run(room, _Vanishing())
    assert (result.accepted, result.unreadable) == (1, 1)
    room.assert_agrees()


# When the store or the catalog fails ---------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
def test_full_storage_stops_the_import_with_what_was_done(step: str) -> None:
    room = Room()

    class FullAfterTwo(ImportSource):
        def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
            for number, (name, content) in enumerate(files_of(1, 2, 3, 4).items(), 1):
                if number == 3:
                    room.store.fails_at[step] = FULL
                yield MemoryCandidate(name, content, is_file=True)

    result = run(room, FullAfterTwo())
    assert (result.scanned_files, result.accepted, result.failed) == (3, 2, 1)
    assert result.stopped_by == FULL.message
    assert not result.is_complete
    room.assert_agrees()


def test_import_goes_on_when_one_file_cannot_be_written() -> None:
    room = Room()

    class FailsOnce(ImportSource):
        def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
            for number, (name, content) in enumerate(files_of(1, 2, 3).items(), 1):
                room.store.fails_at = {"commit": StorageError("I/O error")} if number == 2 else {}
                yield MemoryCandidate(name, content, is_file=True)

    result = run(room, FailsOnce())
    assert (result.accepted, result.failed, result.stopped_by) == (2, 1, "")
    assert [failure.name for failure in result.failures] == ["in/2.dcm"]
    room.assert_agrees()


def many(count: int) -> ImportSource:
    return _Many(count)


class _Many(ImportSource):
    """Files that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.template = a_dicom_file(a_record(100_000))
        self.uid = a_record(100_000).sop_instance_uid

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        for number in range(self.count):
            uid = a_record(100_001 + number).sop_instance_uid
            content = self.template.replace(self.uid.encode(), uid.encode())
            yield MemoryCandidate(f"in/{number}", content, is_file=True)


def test_batch_that_cannot_be_written_in_the_middle_is_counted_as_failed() -> None:
    room = Room()
    room.catalog.record_fails = [
        None,
        StorageError("database is locked", hint="close the other program"),
        None,
    ]
    result = run(room, many(3 * BATCH_SIZE + 7))
    assert result.scanned_files == 3 * BATCH_SIZE + 7
    assert (result.accepted, result.failed) == (2 * BATCH_SIZE + 7, BATCH_SIZE)
    assert result.bytes == sum(entry.stored.size for entry in _entries(room))
    assert {failure.name for failure in result.failures} == {
        f"in/{number}" for number in range(BATCH_SIZE, 2 * BATCH_SIZE)
    }
    assert result.failures[0].hint == "close the other program"
    assert room.catalog.totals().instances == result.accepted
    assert len(room.locations()) == result.accepted


def _entries(room: Room) -> Iterator[CatalogEntry]:
    study = a_record().study_instance_uid
    return room.catalog.select(Selection(level=QueryLevel.STUDY, study_instance_uids=(study,)))


def test_copies_of_what_could_not_be_catalogued_are_counted_as_failed_too() -> None:
    room = Room()
    room.send_in(a_record(5))
    room.catalog.record_fails = [FULL]
    files = {**files_of(1, 5), "in/copy.dcm": a_dicom_file(a_record(1))}
    result = run(room, files)
    assert (result.accepted, result.failed, result.bytes) == (0, 2, 0)
    assert result.duplicates == DuplicateCounts(identical=1)
    assert result.stopped_by == FULL.message
    room.assert_agrees()


def test_full_catalog_at_the_last_flush_is_told_as_the_reason() -> None:
    room = Room()
    room.catalog.record_fails = [FULL]
    result = run(room, files_of(1, 2))
    assert (result.accepted, result.failed, result.stopped_by) == (0, 2, FULL.message)
    room.assert_agrees()


class _CancelsAt(ProgressSink):
    def __init__(self, cancel: ThreadCancelToken, at: int) -> None:
        self.cancel, self.at = cancel, at

    def report(self, progress: Progress) -> None:
        if progress.done == self.at:
            self.cancel.cancel()


def test_cancel_stops_after_the_file_in_hand_and_keeps_what_was_done() -> None:
    room, cancel = Room(), ThreadCancelToken()
    result = run(room, files_of(1, 2, 3), cancel=cancel, progress=_CancelsAt(cancel, 2))
    assert (result.scanned_files, result.accepted, result.cancelled) == (2, 2, True)
    assert not result.is_complete
    assert room.catalog.totals().instances == 2
    room.assert_agrees()


class _Interrupted(ImportSource):
    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        yield MemoryCandidate("in/1.dcm", a_dicom_file(), is_file=True)
        raise KeyboardInterrupt


def test_what_was_stored_is_catalogued_even_when_the_import_is_torn_down() -> None:
    room = Room()
    with pytest.raises(KeyboardInterrupt):
        run(room, _Interrupted())
    assert room.catalog.totals().instances == 1
    room.assert_agrees()


def test_progress_tells_of_every_file() -> None:
    room, progress = Room(), RecordingProgress()
    run(room, {**files_of(1), "in/bad": Unreadable("no"), "in/note.txt": b"hello"}, progress=progress)
    assert [(one.done, one.failed, one.item) for one in progress.reports] == [
        (1, 0, "in/1.dcm"),
        (2, 1, "in/bad"),
        (3, 1, "in/note.txt"),
    ]


def test_failures_by_name_are_bounded_for_each_kind() -> None:
    room = Room()
    refusals = [
        Refusal(name=str(n), kind=RefusalKind.SKIPPED, why="a link") for n in range(MAX_FAILURES_KEPT + 5)
    ]
    locked = MemoryCandidate("locked", Unreadable("no"), is_file=True)
    result = run(room, _Listed(*refusals, locked))
    assert result.skipped == MAX_FAILURES_KEPT + 5
    assert len(result.failures) == MAX_FAILURES_KEPT + 1
    assert result.failures[-1].name == "locked"


def test_memory_stays_flat_whatever_the_number_of_files() -> None:
    room = Room()
    run(room, many(1))  # loads and compiles what is loaded once
    big = a_dicom_file(pixel_bytes=1 << 20)

    class SameAgain(ImportSource):
        def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
            for number in range(3 * BATCH_SIZE):
                yield MemoryCandidate(f"in/{number}", big if number % 100 == 0 else b"no", is_file=True)

    tracemalloc.start()
    try:
        run(room, SameAgain())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


def test_log_at_its_default_level_names_no_path_since_people_put_names_into_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = Room()
    named = "in/DOE^JANE 1970-01-01"
    files = {f"{named}/notes.txt": b"hello", f"{named}/cut.dcm": a_dicom_file(a_record(1))[:-100]}
    with caplog.at_level("INFO", logger="fileroom"):
        run(room, files)
    assert "a file was not filed" in caplog.text
    assert "DOE" not in caplog.text
