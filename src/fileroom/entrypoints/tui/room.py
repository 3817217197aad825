"""What the panes need of everything behind the doors: lists to read, and work to begin."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.domain.local_filter import LocalFilter
from fileroom.entrypoints.tui.readers import Readers
from fileroom.entrypoints.tui.records import Column, Record, RecordSource
from fileroom.entrypoints.wording import human_bytes

if TYPE_CHECKING:
    from datetime import datetime

    from fileroom.application.task_queue import TaskQueue
    from fileroom.application.use_cases.browse_local import BrowseLocal
    from fileroom.domain.node import Node
    from fileroom.domain.task import TaskRecord
    from fileroom.entrypoints.container import Container
    from fileroom.entrypoints.tui.work import TaskText

log = logging.getLogger(__name__)

_READERS = 3
_CLOSING_SECONDS = 2.0
_TEXTS = 20
"""Tasks whose texts are kept."""


class Room:
    """The container, and the threads that read for the screen."""

    def __init__(self, container: "Container", data_dir: Path) -> None:
        """Nothing is opened before it is wanted."""
        self.container = container
        self.data_dir = data_dir
        self.logs = data_dir / "logs"
        """Where sessions of sends go."""
        self.tasks: TaskQueue = container.task_queue()
        """The queue."""
        self.log_file = container.log_file()
        """Where the log goes; None where it cannot be written."""
        self._texts: dict[tuple[int, datetime], TaskText] = {}
        self.reader = Readers(_READERS)

    def keep_text(self, record: "TaskRecord", text: "TaskText") -> None:
        """Keep what a task has to show; of many that are over, the latest."""
        self._texts[record.number, record.created_at] = text
        running = {view.record.number for view in self.tasks.active()}
        over = [key for key in self._texts if key[0] not in running]
        for key in over[: len(self._texts) - _TEXTS]:
            del self._texts[key]

    def text_of(self, record: "TaskRecord") -> Sequence[str]:
        """Return what a task has to show, as far as it came."""
        text = self._texts.get((record.number, record.created_at))
        return text.lines if text is not None else ()

    def nodes(self) -> "Sequence[Node]":
        """Return all nodes by name."""
        return self.container.manage_nodes().list()

    def background(self, work: Callable[[], object]) -> None:
        """Do something in a reading thread; what goes wrong with it is logged."""

        def run() -> None:
            try:
                work()
            except Exception:
                log.exception("something in the background failed")

        with suppress(RuntimeError):  # the threads have ended: so does the program
            self.reader.submit(run)

    def close(self) -> None:
        """End the reading threads; what they do is waited for a little, since it may be written."""
        self.reader.shutdown(wait=False, cancel_futures=True)
        self.reader.join(_CLOSING_SECONDS)


STUDY_COLUMNS = (
    Column("DATE", 10), Column("PATIENT", 14, 4), Column("ID", 8, 2), Column("MOD", 6, 1),
    Column("DESCRIPTION", 12, 4), Column("ACCESSION", 9, 1), Column("SER", 3, 0, is_right=True),
    Column("INST", 6, 0, is_right=True),
)  # fmt: skip
SERIES_COLUMNS = (
    Column("NO", 4, 0, is_right=True), Column("MOD", 4), Column("DESCRIPTION", 16, 4),
    Column("INST", 6, 0, is_right=True), Column("IMPORTED", 16), Column("SERIES INSTANCE UID", 20, 4),
)  # fmt: skip
INSTANCE_COLUMNS = (
    Column("NO", 5, 0, is_right=True), Column("SOP CLASS", 16, 3), Column("SYNTAX", 12, 2),
    Column("SIZE", 9, 0, is_right=True), Column("ORIGIN", 9), Column("IMPORTED", 16),
    Column("SOP INSTANCE UID", 20, 3),
)  # fmt: skip


class LocalSource(RecordSource):
    """Studies, series or instances of the catalog."""

    def __init__(
        self,
        columns: Sequence[Column],
        count: Callable[[], int],
        window: Callable[[int, int], Sequence[Record]],
    ) -> None:
        self.columns = columns
        self._count = count
        self._window = window

    def count(self) -> int:
        """Ask the catalog."""
        return self._count()

    def window(self, offset: int, limit: int) -> Sequence[Record]:
        """Ask the catalog."""
        return self._window(offset, limit)


def studies(browse: "Callable[[], BrowseLocal]", criteria: LocalFilter) -> LocalSource:
    """Return the studies that fit; the catalog is opened when they are read first."""

    def window(offset: int, limit: int) -> list[Record]:
        return [
            Record(
                study.study_instance_uid,
                (
                    shown_date(study.study_date_max), study.patient_name, study.patient_id, "/".join(study.modalities),
                    study.study_description, study.accession_number, str(study.series_count),
                    str(study.instance_count),
                ),
                study,
            )
            for study in browse().studies(criteria, limit=limit, offset=offset)
        ]  # fmt: skip

    return LocalSource(STUDY_COLUMNS, lambda: browse().count_studies(criteria), window)


def series(browse: "Callable[[], BrowseLocal]", study_uid: str, criteria: LocalFilter) -> LocalSource:
    """Return the series of a study that fit."""

    def window(offset: int, limit: int) -> list[Record]:
        return [
            Record(
                found.series_instance_uid,
                (
                    found.series_number, found.modality, found.series_description, str(found.instance_count),
                    found.imported_at_max.astimezone().strftime("%Y-%m-%d %H:%M"), found.series_instance_uid,
                ),
                found,
            )
            for found in browse().series(study_uid, criteria, limit=limit, offset=offset)
        ]  # fmt: skip

    return LocalSource(SERIES_COLUMNS, lambda: browse().count_series(study_uid, criteria), window)


def instances(browse: "Callable[[], BrowseLocal]", series_uid: str, criteria: LocalFilter) -> LocalSource:
    """Return the instances of a series that fit."""
    from fileroom.domain.sop_classes import sop_class_name
    from fileroom.domain.transfer_syntaxes import transfer_syntax

    def window(offset: int, limit: int) -> list[Record]:
        return [
            Record(
                found.sop_instance_uid,
                (
                    found.instance_number, sop_class_name(found.sop_class_uid),
                    transfer_syntax(found.transfer_syntax_uid).name, human_bytes(found.size),
                    found.origin.value, found.imported_at.astimezone().strftime("%Y-%m-%d %H:%M"),
                    found.sop_instance_uid,
                ),
                found,
            )
            for found in browse().instances(series_uid, criteria, limit=limit, offset=offset)
        ]  # fmt: skip

    return LocalSource(INSTANCE_COLUMNS, lambda: browse().count_instances(series_uid, criteria), window)


def shown_date(text: str) -> str:
    """Write a date (DA) with hyphens; what is none stays as it is."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text
