"""Pane of what is here: studies, their series, their instances."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fileroom.domain.local_filter import LocalFilter
from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui import room as rooms
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
    index: int = 0
    """Row that was marked when another level was gone to."""


class LocalPane(ListPane):
    """The catalog, one level at a time."""

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

    def filter_by(self, criteria: LocalFilter) -> None:
        """Show only what fits."""
        self._way[-1].criteria = criteria
        self._show()

    def enter(self) -> bool:
        """Go down into what is marked, and tell whether there was anything to go into."""
        marked = self.records.marked
        if marked is None or self.level is QueryLevel.IMAGE:
            return False
        self._way[-1].index = self.records.index
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
        if self.records.selected_count:
            return self.records.let_go()
        if self.criteria != LocalFilter():
            self.filter_by(LocalFilter())
            return True
        if len(self._way) == 1:
            return False
        self._way.pop()
        self._show(self._way[-1].index)
        return True

    def _show(self, index: int = 0) -> None:
        self.records.empty = EMPTY if self.criteria == LocalFilter() else NOTHING_FITS
        self.records.show(self._source(), index=index)
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
