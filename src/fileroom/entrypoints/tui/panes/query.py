"""Pane of what a node has told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fileroom.domain.query import Attributes, QueryLevel, QueryModel
from fileroom.domain.text import fold
from fileroom.entrypoints.tui.records import Column, ListSource, Record, Tone
from fileroom.entrypoints.tui.room import shown_date
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.application.use_cases.query_node import QueryRequest
    from fileroom.entrypoints.tui.room import Room

_HERE = ""
"""Column of an instance that the node tells nothing for: whether it is here."""
_COLUMNS = {
    QueryLevel.PATIENT: (
        ("PatientID", 10, 2), ("PatientName", 16, 4), ("PatientBirthDate", 10, 0), ("PatientSex", 3, 0),
    ),
    QueryLevel.STUDY: (
        ("StudyDate", 10, 0), ("PatientName", 14, 4), ("PatientID", 8, 2), ("ModalitiesInStudy", 5, 1),
        ("NumberOfStudyRelatedInstances", 9, 0), ("StudyDescription", 10, 4), ("AccessionNumber", 9, 1),
    ),
    QueryLevel.SERIES: (
        ("SeriesNumber", 4, 0), ("Modality", 4, 0), ("SeriesDescription", 16, 4),
        ("NumberOfSeriesRelatedInstances", 9, 0), ("SeriesInstanceUID", 20, 4),
    ),
    QueryLevel.IMAGE: (
        ("InstanceNumber", 5, 0), (_HERE, 8, 0), ("SOPClassUID", 20, 2), ("SOPInstanceUID", 20, 3),
    ),
}  # fmt: skip
_TITLES = {
    "StudyDate": "DATE", "PatientName": "PATIENT", "PatientID": "ID", "ModalitiesInStudy": "MOD",
    "StudyDescription": "DESCRIPTION", "AccessionNumber": "ACCESSION", "NumberOfStudyRelatedInstances": "HERE/ALL",
    "PatientBirthDate": "BORN", "PatientSex": "SEX", "SeriesNumber": "NO", "Modality": "MOD",
    "SeriesDescription": "DESCRIPTION", "NumberOfSeriesRelatedInstances": "HERE/ALL", _HERE: "HERE",
    "SeriesInstanceUID": "SERIES INSTANCE UID", "InstanceNumber": "NO", "SOPClassUID": "SOP CLASS",
    "SOPInstanceUID": "SOP INSTANCE UID",
}  # fmt: skip
_NUMBERS = frozenset(
    {
        "SeriesNumber",
        "InstanceNumber",
        "NumberOfStudyRelatedInstances",
        "NumberOfSeriesRelatedInstances",
        _HERE,
    }
)
_COUNTED = frozenset({"NumberOfStudyRelatedInstances", "NumberOfSeriesRelatedInstances", _HERE})
_LONGEST_NUMBER = 12
"""Characters of an integer string (PS3.5 6.2)."""
_DATES = frozenset({"StudyDate", "PatientBirthDate"})
EMPTY = "Nothing was asked yet.\nGo to a node and press f to query it."
NOTHING = "The node has nothing that fits."
ASKING = "The node is being asked …"
ASKING_NOTE = "asking"
FAILED = "The node could not tell{why}\nPress r to ask it again, f to ask it something else."


@dataclass(eq=False, slots=True)
class Asked:
    """A query, and what was told so far."""

    request: "QueryRequest"
    """What was asked of whom."""
    above: Attributes = field(default_factory=dict)
    """Unique keys of what it is below of."""
    name: str = ""
    """What the breadcrumb says of that."""
    records: list[Record] = field(default_factory=list)
    note: str = ASKING_NOTE
    """How it stands, where that is worth telling: `asking`, `cut short`, `cancelled` …"""
    empty: str = ASKING
    """What stands there while nothing was told."""
    index: int = 0
    """Row that was marked when another level was gone to."""
    key: str = ""
    """Which match that was."""
    task: int = 0
    """Number of the task that asks."""
    here: Mapping[str, int] = field(default_factory=dict)
    """How many instances of a match are here, by its UID, where that was counted."""
    command: str = ""
    """What one would type to ask it; '' where that is not kept."""
    is_again_of: "Asked | None" = None
    """The query that this asks once more, and takes the place of."""

    @property
    def node(self) -> str:
        """Who was asked."""
        return self.request.target

    @property
    def criteria(self) -> str:
        """What a match had to fit, in short; UIDs are what the breadcrumb says."""
        keys = self.request.keys
        texts = [value for name, value in keys.items() if value and not name.endswith("InstanceUID")]
        return " ".join([*texts, ",".join(self.request.modalities)]).strip()

    @property
    def level(self) -> QueryLevel:
        """What one match describes."""
        return self.request.level


class QueryPane(ListPane):
    """Matches of the latest query, and of those that were asked to go down from it."""

    def __init__(self, room: "Room") -> None:
        super().__init__("query", 2, "Query", RecordList(room.reader, id="query", empty=EMPTY))
        self._way: list[Asked] = []

    def on_mount(self) -> None:
        """Show that nothing was asked."""
        super().on_mount()
        self.records.show(ListSource(_columns(QueryLevel.STUDY)))

    @property
    def asked(self) -> Asked | None:
        """The query whose matches are listed."""
        return self._way[-1] if self._way else None

    @property
    def level(self) -> QueryLevel:
        """What one match describes."""
        return self._way[-1].level if self._way else QueryLevel.STUDY

    def beside(self) -> str:
        """Who was asked, where we are, how it stands, and for what."""
        if not self._way:
            return ""
        names = [place.name for place in self._way if place.name]
        where = " / ".join([self._way[0].node, *names])
        return " · ".join(part for part in (where, self._way[-1].note, self._way[0].criteria) if part)

    def begin(self, asked: Asked) -> None:
        """Show a query from its beginning: in the place of all others, or below the one it was gone down from."""
        if self._way and asked.is_again_of is self._way[-1]:
            self._way[-1], asked.is_again_of = asked, None
        elif asked.above and self._way:
            marked = self.records.marked
            self._way[-1].index, self._way[-1].key = self.records.index, marked.key if marked else ""
            self._way.append(asked)
        else:
            self._way = [asked]
        self._show()

    def take(self, asked: Asked, records: Sequence[Record]) -> None:
        """Add matches as they come."""
        asked.records.extend(records)
        self._look_again(asked)

    def count_here(self, asked: Asked, counts: Mapping[str, int], changed: Mapping[str, Record]) -> None:
        """Tell of matches how many of their instances are here; `changed` are their rows, by their keys."""
        asked.here = counts
        asked.records[:] = [changed.get(record.key, record) for record in asked.records]
        if changed:
            self._look_again(asked)

    def end(self, asked: Asked, records: Sequence[Record], note: str = "") -> None:
        """Tell how a query ended, and show all its matches in their order: nodes tell them in any."""
        asked.note, asked.empty = note, NOTHING
        asked.records[:], asked.here = records, {}
        is_at_top = self.records.index == 0
        self._look_again(asked)
        if asked is self.asked and is_at_top:  # else the cursor stays on its match
            self.records.action_move_to(0)

    def fail(self, asked: Asked, note: str, why: str = "") -> None:
        """Tell that a query came to nothing, and why."""
        asked.note, asked.empty = note, FAILED.format(why=f": {why}" if why else ".")
        self._look_again(asked)

    def leave(self) -> bool:
        """Let the selection and the filter go, or go back up to what was asked before; tell whether there was any."""
        if super().leave():
            return True
        if len(self._way) < 2:
            return False
        self._way.pop()
        self._show()
        return True

    def selected_matches(self) -> tuple[Attributes, ...]:
        """Return the matches that are selected, or the marked one."""
        return tuple(record.value for record in self.records.selected if isinstance(record.value, dict))

    def _show(self) -> None:
        asked = self._way[-1]
        self._filter_text, self.records.words = "", ()
        self.records.empty = asked.empty
        self.records.show(ListSource(_columns(asked.level), asked.records), index=asked.index, key=asked.key)
        self.tell_counts()

    def _look_again(self, asked: Asked) -> None:
        if asked is self.asked:
            self.records.empty = asked.empty
            self.records.read_again()
            self.records.refresh()
            self.tell_counts()


def again(asked: Asked) -> Asked:
    """Return a query that asks the same once more."""
    return replace(
        asked, records=[], here={}, note=ASKING_NOTE, empty=ASKING, index=0, key="", task=0, is_again_of=asked
    )


def below(asked: Asked, match: Attributes) -> Asked | None:
    """Return the query for what is below a match; None where nothing is, or the match has no unique key."""
    from fileroom.application.use_cases.query_node import QueryRequest

    deeper = asked.level.depth + 1
    uid = match.get(asked.level.unique_key, "")
    if deeper >= len(QueryLevel) or not uid:
        return None
    keys = {
        level.unique_key: found
        for level in QueryLevel
        if level.depth <= asked.level.depth
        and (level is not QueryLevel.PATIENT or asked.request.model is QueryModel.PATIENT_ROOT)
        and (found := match.get(level.unique_key, "") or asked.above.get(level.unique_key, ""))
    }
    request = QueryRequest(
        target=asked.request.target,
        called_ae_title=asked.request.called_ae_title,
        level=tuple(QueryLevel)[deeper],
        model=asked.request.model,
        keys=keys,
    )
    return Asked(request, above=keys, name=_name(asked.level, match) or uid)


def _name(level: QueryLevel, match: Attributes) -> str:
    if level is QueryLevel.SERIES:
        parts = (match.get("SeriesNumber", ""), match.get("Modality", ""))
        return " ".join(["series", *filter(None, parts)]) if any(parts) else ""
    if level is QueryLevel.STUDY:
        return match.get("PatientName", "") or match.get("StudyDescription", "") or match.get("StudyDate", "")
    return match.get("PatientName", "")


def _columns(level: QueryLevel) -> tuple[Column, ...]:
    return tuple(
        Column(_TITLES[keyword], least, share, is_right=keyword in _NUMBERS)
        for keyword, least, share in _COLUMNS[level]
    )


def put_in_order(level: QueryLevel, records: list[Record]) -> None:
    """Sort matches as Local has them: studies by date, the latest first, series and instances by number."""

    def told(record: Record, keyword: str) -> str:
        return str(record.value.get(keyword, "")).strip() if isinstance(record.value, dict) else ""

    def number(record: Record) -> tuple[bool, int, str]:
        text = told(record, "SeriesNumber" if level is QueryLevel.SERIES else "InstanceNumber")
        is_one = text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _LONGEST_NUMBER
        return not is_one, int(text) if is_one else 0, record.key

    if level in (QueryLevel.SERIES, QueryLevel.IMAGE):
        records.sort(key=number)
        return
    records.sort(key=lambda record: (fold(told(record, "PatientName")), record.key))
    if level is QueryLevel.STUDY:
        records.sort(key=lambda record: told(record, "StudyDate").replace(".", ""), reverse=True)


def changed_rows(
    level: QueryLevel, records: Sequence[Record], before: Mapping[str, int], counts: Mapping[str, int]
) -> dict[str, Record]:
    """Return new rows, by their keys, for matches of which another number is here than before."""
    return {
        record.key: record_of(level, record.value, counts)
        for record in records
        if isinstance(record.value, dict) and before.get(record.key) != counts.get(record.key)
    }


def record_of(level: QueryLevel, match: Attributes, counts: Mapping[str, int]) -> Record:
    """Return a match as a row, with how many of its instances are here where that was counted."""
    uid = match.get(level.unique_key, "")
    here = counts.get(uid)
    values = [(keyword, match.get(keyword, "")) for keyword, _, _ in _COLUMNS[level]]
    cells = tuple(
        _here(keyword, value, here) if keyword in _COUNTED else _cell(keyword, value)
        for keyword, value in values
    )
    of = next((value for keyword, value in values if keyword in _COUNTED), "")
    is_whole = _is_whole(here, "1" if level is QueryLevel.IMAGE else of)
    return Record(uid or "|".join(cells), cells, dict(match), Tone.GOOD if is_whole else Tone.PLAIN)


def _here(keyword: str, of: str, here: int | None) -> str:
    """Return how many of the instances of a match are here."""
    if keyword == _HERE:
        return "yes" if here else ""
    if here is None:
        return of
    if _is_whole(here, of):
        return f"all {here}"
    return f"{here}/{of or '?'}" if of or here else ""


def _is_whole(here: int | None, of: str) -> bool:
    return here is not None and of.isdecimal() and len(of) <= _LONGEST_NUMBER and 0 < int(of) <= here


def _cell(keyword: str, value: str) -> str:
    """Return a value as lists have it."""
    if keyword in _DATES:
        return shown_date(value)
    if keyword == "SOPClassUID":
        from fileroom.domain.sop_classes import sop_class_name

        return sop_class_name(value) if value else ""
    return value.replace("\\", "/") if keyword == "ModalitiesInStudy" else value
