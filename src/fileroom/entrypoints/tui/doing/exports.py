"""Writes what is listed to a file."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.query import DEFAULT_KEYS, Attributes, QueryLevel
from fileroom.domain.records import InstanceSummary, SeriesSummary, StudySummary
from fileroom.entrypoints import rows
from fileroom.entrypoints.export import ExportFormat, Row
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.tui.doing.asking import AskingActions
from fileroom.entrypoints.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from fileroom.application.ports.cancellation import CancelToken
    from fileroom.application.ports.progress import ProgressSink
    from fileroom.domain.local_filter import LocalFilter
    from fileroom.entrypoints.container import Container
    from fileroom.entrypoints.tui.panes.query import Asked
    from fileroom.entrypoints.tui.records import Record
    from fileroom.entrypoints.tui.screens.fields import Values
    from fileroom.entrypoints.tui.widgets.record_list import RecordList


_NO_NAME: Final = re.compile(r"[^\w.-]+")
"""What the name of a file does not hold everywhere; a node may be an address, `host:port`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What is to be written."""

    name: str
    """Of the file that is offered, without its ending."""
    says: str
    """What it is, for people."""
    noun: tuple[str, str]
    columns: Sequence[str]
    rows: "Callable[[], Iterable[Row]]"
    """Reads them, not in the screen's thread."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Whereto."""

    path: Path
    export: ExportFormat
    is_taken: bool
    """A file has this name already."""


class ExportActions(AskingActions):
    """The action Export."""

    def action_export(self) -> None:
        """Write what is listed to a file, as CSV or JSON."""
        listing = self._listing()
        if listing is None:
            self.notify("There is nothing to export: 3 goes to what is here.", severity="warning")
        else:
            self._ask_for_file(listing, f"{listing.name}.csv")

    def _listing(self) -> Listing | None:
        pane, asked = self.focused_pane(), self.query_pane.asked
        if pane is self.query_pane:
            if asked is None:
                return None
            return matches_listing(asked, some_of(self.query_pane.records))
        local = self.local_pane
        if pane is not local or not local.records.total:
            return None
        some = some_of(local.records)
        return local_listing(self.room.container, local.level, local.uid, local.criteria, some)

    def _ask_for_file(self, listing: Listing, path: str, export: ExportFormat = ExportFormat.CSV) -> None:
        from fileroom.entrypoints.tui.screens.form import FormScreen
        from fileroom.entrypoints.tui.screens.object_forms import adapt_export, export_fields

        screen = FormScreen(
            "Export",
            export_fields(path, export),
            attempt=target_in,
            verb="Export",
            says=listing.says,
            adapt=adapt_export,
            first="path",
        )
        self.ask(screen, lambda target: self.confirm_export(listing, target))

    def confirm_export(self, listing: Listing, target: Target) -> None:
        """Write rows to a file; where there is one by that name, ask first."""
        if not target.is_taken:
            self.export_listing(listing, target.path, target.export)
            return
        self.ask_whether(
            "Replace the file?",
            [f"{target.path} exists already."],
            lambda: self.export_listing(listing, target.path, target.export),
            yes="Replace",
            otherwise=lambda: self._ask_for_file(listing, str(target.path), target.export),
        )

    def export_listing(self, listing: Listing, path: Path, export: ExportFormat) -> None:
        """Write rows to a file; what was there by that name is replaced."""
        from fileroom.entrypoints.operations.exporting import export_rows

        def work(progress: "ProgressSink", cancel: "CancelToken") -> Report:
            return export_rows(
                listing.rows(), listing.columns, listing.noun, export, path, progress=progress, cancel=cancel
            )

        self.submit(f"export {listing.noun[1]} to {path.name}", work)


def target_in(values: "Values") -> Target:
    """Return where to write; asks the file system.

    Raises:
        InvalidInput: it is a folder, or is in none.
    """
    from fileroom.domain.errors import InvalidInput
    from fileroom.entrypoints.tui.screens.completing import path_in

    path = path_in(values["path"])
    try:
        if path.is_dir():
            raise InvalidInput(f"{path} is a folder", hint="add the name of a file")
        if not path.parent.is_dir():
            raise InvalidInput(f"there is no folder {path.parent}")
        return Target(path=path, export=ExportFormat(values["format"]), is_taken=path.exists())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be used: {error.strerror}") from None


def some_of(records: "RecordList") -> "Sequence[Record] | None":
    """Return the rows that are selected, or that words have left over; None for all that the source has."""
    return records.selected if records.selected_count else records.narrowed


def local_listing(
    container: "Container",
    level: QueryLevel,
    uid: str,
    criteria: "LocalFilter",
    some: "Sequence[Record] | None" = None,
) -> Listing:
    """Return studies, or the series of a study, or the instances of a series, with a filter; or only `some`."""
    kind = {QueryLevel.STUDY: rows.STUDIES, QueryLevel.SERIES: rows.SERIES}.get(level, rows.INSTANCES)

    def found() -> Iterable[object]:
        if some is not None:
            return (record.value for record in some)
        browse = container.browse_local()
        if level is QueryLevel.STUDY:
            return browse.studies(criteria)
        return browse.series(uid, criteria) if level is QueryLevel.SERIES else browse.instances(uid, criteria)

    return Listing(
        name=kind.name,
        says=f"{counted(len(some), *kind.noun)} of those in Local"
        if some is not None
        else f"all {kind.noun[1]} listed in Local",
        noun=kind.noun,
        columns=kind.exported,
        rows=lambda: (rows.exported(kind, _row(each)) for each in found()),
    )


def _row(value: object) -> Row:
    if isinstance(value, StudySummary):
        return rows.study_row(value)
    if isinstance(value, SeriesSummary):
        return rows.series_row(value)
    if isinstance(value, InstanceSummary):
        return rows.instance_row(value)
    raise TypeError(f"{type(value).__name__} is no row")


def matches_listing(asked: "Asked", some: "Sequence[Record] | None" = None) -> Listing:
    """Return the matches of a query, or only `some`."""
    chosen = asked.records if some is None else some
    matches: list[Attributes] = [record.value for record in chosen if isinstance(record.value, dict)]
    columns = list(dict.fromkeys([*DEFAULT_KEYS[asked.level], *(key for match in matches for key in match)]))
    which = "all" if some is None else "some"
    return Listing(
        name=f"{_NO_NAME.sub('-', asked.node)}-{asked.level.entity}-matches",
        says=f"{counted(len(matches), 'match', 'matches')} of {asked.node} ({which})",
        noun=("match", "matches"),
        columns=columns,
        rows=lambda: ({key: match.get(key, "") for key in columns} for match in matches),
    )
