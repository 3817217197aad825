"""Pane of what a node has told."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fileroom.domain.query import Attributes, QueryLevel
from fileroom.entrypoints.tui.records import Column, ListSource, Record
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.entrypoints.tui.room import Room

_COLUMNS = {
    QueryLevel.PATIENT: (
        ("PatientID", 10, 2), ("PatientName", 16, 4), ("PatientBirthDate", 10, 0), ("PatientSex", 3, 0),
    ),
    QueryLevel.STUDY: (
        ("StudyDate", 10, 0), ("PatientName", 14, 4), ("PatientID", 8, 2), ("ModalitiesInStudy", 5, 1),
        ("StudyDescription", 12, 4), ("AccessionNumber", 9, 1), ("NumberOfStudyRelatedInstances", 6, 0),
    ),
    QueryLevel.SERIES: (
        ("SeriesNumber", 4, 0), ("Modality", 4, 0), ("SeriesDescription", 16, 4),
        ("NumberOfSeriesRelatedInstances", 6, 0), ("SeriesInstanceUID", 20, 4),
    ),
    QueryLevel.IMAGE: (("InstanceNumber", 5, 0), ("SOPClassUID", 20, 2), ("SOPInstanceUID", 20, 3)),
}  # fmt: skip
_TITLES = {
    "StudyDate": "DATE", "PatientName": "PATIENT", "PatientID": "ID", "ModalitiesInStudy": "MOD",
    "StudyDescription": "DESCRIPTION", "AccessionNumber": "ACCESSION", "NumberOfStudyRelatedInstances": "INST",
    "PatientBirthDate": "BORN", "PatientSex": "SEX", "SeriesNumber": "NO", "Modality": "MOD",
    "SeriesDescription": "DESCRIPTION", "NumberOfSeriesRelatedInstances": "INST",
    "SeriesInstanceUID": "SERIES INSTANCE UID", "InstanceNumber": "NO", "SOPClassUID": "SOP CLASS",
    "SOPInstanceUID": "SOP INSTANCE UID",
}  # fmt: skip
EMPTY = "Nothing was asked yet.\nMark a node and press f to query it."
NOTHING = "The node has nothing that fits."


class QueryPane(ListPane):
    """Matches of the latest query."""

    def __init__(self, room: "Room") -> None:
        super().__init__("query", 2, "Query", RecordList(room.reader, id="query", empty=EMPTY))
        self.node = ""
        self.level = QueryLevel.STUDY

    def on_mount(self) -> None:
        """Show that nothing was asked."""
        super().on_mount()
        self.records.show(ListSource(_columns(self.level)))

    def beside(self) -> str:
        """Whom was asked."""
        return self.node

    def show_matches(self, node: str, level: QueryLevel, matches: Sequence[Attributes]) -> None:
        """Show what a node told."""
        self.node, self.level = node, level
        self.records.empty = NOTHING
        self.records.show(ListSource(_columns(level), [_record(level, match) for match in matches]))
        self.tell_counts()

    def selected_matches(self) -> tuple[Attributes, ...]:
        """Return the matches that are selected, or the marked one."""
        return tuple(record.value for record in self.records.selected if isinstance(record.value, dict))


def _columns(level: QueryLevel) -> tuple[Column, ...]:
    return tuple(
        Column(
            _TITLES[keyword],
            least,
            share,
            is_right=keyword.startswith("Number") or keyword.endswith("Number"),
        )
        for keyword, least, share in _COLUMNS[level]
    )


def _record(level: QueryLevel, match: Attributes) -> Record:
    cells = tuple(match.get(keyword, "") for keyword, _, _ in _COLUMNS[level])
    return Record(match.get(level.unique_key, "") or "|".join(cells), cells, dict(match))
