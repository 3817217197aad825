"""Pane of what is here: studies, their series, their instances."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fileroom.domain.local_filter import LocalFilter
from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui import room as rooms
from fileroom.entrypoints.tui.filters import named, read_filter
from fileroom.entrypoints.tui.records import RecordSource
from fileroom.entrypoints.tui.widgets.pane import ListPane
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.application.use_cases.browse_local import BrowseLocal
    from fileroom.entrypoints.tui.room import Room

EMPTY = "Nothing is here yet.\nPress i to import files, or f on a node to query it and m to retrieve."
NOTHING_FITS = "Nothing here fits the filter.\nPress escape to take it away."


@dataclass(slots=True)
class _Place:
    """One level that was gone down."""

    level: QueryLevel
    uid: str = ""
    """Of the study or the series whose contents are listed."""
    name: str = ""
    """What the breadcrumb says."""
    criteria: LocalFilter = field(default_factory=LocalFilter)
    words: tuple[str, ...] = ()
    """Which rows must hold besides."""
    text: str = ""
    """The filter as it was typed."""
    index: int = 0
    """Row that was marked when another level was gone to."""
    key: str = ""
    """Which row that was."""


class LocalPane(ListPane):
    """The catalog, one level at a time."""

    has_filter_keys = True
    filter_help = "part of a name, modality=CT,MR date=2026-01.. …"

    def __init__(self, room: "Room") -> None:
        super().__init__("local", 3, "Local", RecordList(room.reader, id="local", empty=EMPTY))
        self._room = room
        self._way = [_Place(QueryLevel.STUDY)]

    def on_mount(self) -> None:
        """List the studies."""
        super().on_mount()
        self._show()

    @property
    def level(self) -> QueryLevel:
        """What is listed."""
        return self._way[-1].level

    @property
    def uid(self) -> str:
        """Of the study or the series whose contents are listed; '' for studies."""
        return self._way[-1].uid

    @property
    def criteria(self) -> LocalFilter:
        """The filter of what is listed."""
        return self._way[-1].criteria

    def beside(self) -> str:
        """Where we are."""
        return " / ".join(["studies", *(place.name for place in self._way[1:])])

    @property
    def filter_text(self) -> str:
        """The filter of what is listed, as it was typed."""
        return self._way[-1].text

    def filter_by_text(self, text: str) -> None:
        """Show only what fits: words are part of the patient's name, or below studies of any column."""
        text = text.strip()
        place = self._way[-1]
        if text == place.text:
            return
        criteria, words = read_filter(text)
        if place.level is QueryLevel.STUDY:
            criteria, words = named(criteria, words), ()
        place.criteria, place.words, place.text = criteria, words, text
        self._show()

    def go_to(self, level: QueryLevel, uid: str = "", text: str = "") -> None:
        """List all studies, or what is in a study or a series, narrowed by a filter.

        Raises:
            Mistake: the text is no filter; nothing has changed.
        """
        read_filter(text)
        self._way = [_Place(QueryLevel.STUDY)]
        if level is not QueryLevel.STUDY:
            self._way.append(_Place(level, uid, uid))
        if text.strip():
            self.filter_by_text(text)
        else:
            self._show()

    def enter(self) -> bool:
        """Go down into what is marked, and tell whether there was anything to go into."""
        marked = self.records.marked
        if marked is None or self.level is QueryLevel.IMAGE:
            return False
        self._way[-1].index, self._way[-1].key = self.records.index, marked.key
        if self.level is QueryLevel.STUDY:
            name = marked.cells[1] or marked.cells[2] or marked.key
            self._way.append(_Place(QueryLevel.SERIES, marked.key, name))
        else:
            name = " ".join(part for part in marked.cells[:2] if part) or marked.key
            self._way.append(_Place(QueryLevel.IMAGE, marked.key, f"series {name}"))
        self._show()
        return True

    def leave(self) -> bool:
        """Let the selection go, or take the filter away, or go up; tell whether any of it was there to do."""
        if super().leave():
            return True
        if len(self._way) == 1:
            return False
        self._way.pop()
        self._show(self._way[-1].index, self._way[-1].key)
        return True

    def _show(self, index: int = 0, key: str = "") -> None:
        self.records.empty = NOTHING_FITS if self.filter_text else EMPTY
        self.records.words = self._way[-1].words
        self.records.show(self._source(), index=index, key=key)
        self.tell_counts()

    def _source(self) -> RecordSource:
        place = self._way[-1]
        if place.level is QueryLevel.STUDY:
            return rooms.studies(self._browse, place.criteria)
        if place.level is QueryLevel.SERIES:
            return rooms.series(self._browse, place.uid, place.criteria)
        return rooms.instances(self._browse, place.uid, place.criteria)

    def _browse(self) -> "BrowseLocal":
        return self._room.container.browse_local()
