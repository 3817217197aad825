"""What happens by itself: details follow what is marked, and lists follow what others change."""

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from textual.events import DescendantFocus
from textual.timer import Timer

from fileroom.domain.errors import FileroomError
from fileroom.domain.records import CatalogEntry, InstanceSummary
from fileroom.entrypoints.tui.doing.leaving import LeavingActions
from fileroom.entrypoints.tui.widgets.record_list import RecordList

if TYPE_CHECKING:
    from fileroom.domain.dump import DumpHeading, DumpLine
    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.detailing import Pairs

_REST_SECONDS: Final = 0.1
"""How long a mark rests before its details are shown: holding a key down stays quick."""
_LIVE_SECONDS: Final = 1.0
"""Between looks whether the catalog has changed."""
_ELEMENTS: Final = 400
"""Of a file that are shown."""
_VALUE: Final = 64
"""Characters of an element's value that are shown."""
WELCOME: Final = "Nothing is here yet.\na registers a node, i imports files, ? tells all keys."


class FollowingActions(LeavingActions):
    """Looks at what changes without a key."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of the app
        """Nothing was seen yet."""
        super().__init__(*arguments, **named)
        self._resting: Timer | None = None
        self._detailed: object = None
        self._revision = ""
        self._is_looking = False
        self._is_welcome = True

    def on_mount(self) -> None:
        """Look once a second whether others have changed anything."""
        self.set_interval(_LIVE_SECONDS, self.look_for_changes)

    # Details --------------------------------------------------------------------------------------------------------

    def on_record_list_marked(self, event: RecordList.Marked) -> None:
        """Show the details of what is marked in the list that has the focus, once it rests."""
        if event.list.has_focus:
            self._rest()
        self._welcome()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Show the details of what is marked in the list that has the focus now."""
        if isinstance(event.widget, RecordList):
            self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(_REST_SECONDS, self._show_details)

    def _show_details(self) -> None:
        pane = self.last_list
        record = pane.records.marked
        value = record.value if record is not None else None
        key = (pane.id, record.key if record is not None else "")
        is_another, self._detailed = key != self._detailed, key
        if isinstance(value, InstanceSummary) and not is_another:
            return  # its elements are shown already
        from fileroom.entrypoints.tui.detailing import details_of  # after the first rows are on the screen

        title, pairs = details_of(value, datetime.now(UTC))
        if pane is self.nodes_pane and record is not None:
            pairs = [*pairs, *pane.heard_of(record.key)]
        self.details_pane.show_pairs(title, pairs, is_another=is_another)
        if isinstance(value, InstanceSummary):
            self._show_elements(value, key)

    def _show_elements(self, instance: InstanceSummary, key: object) -> None:
        """Read the whole entry, and what is in its file, unless another row is marked by then."""

        def read() -> None:
            if self._detailed != key:
                return
            pairs = self._entry_of(instance)
            self.post(take, [*pairs, ("", ""), *self._elements_of(instance)])

        def take(pairs: "Pairs") -> None:
            if self._detailed == key:
                self.details_pane.show_pairs("instance", pairs, is_another=False)

        self.room.background(read)

    def _entry_of(self, instance: InstanceSummary) -> "Pairs":
        from fileroom.entrypoints.tui.detailing import details_of

        try:
            entry: CatalogEntry | None = self.room.container.catalog().instance(instance.sop_instance_uid)
        except FileroomError as error:
            return [("Error", error.message)]
        return details_of(entry or instance, datetime.now(UTC))[1]

    def _elements_of(self, instance: InstanceSummary) -> "Pairs":
        from fileroom.domain.dump import DumpOptions

        container = self.room.container
        pairs: list[tuple[str, str]] = []
        try:
            content = container.store().content(instance.location)
            if content.path is None:
                content.open().close()  # tells that it is gone
                return pairs
            lines = container.object_dumper().lines(content.path, DumpOptions(max_value_length=_VALUE))
            pairs.extend(map(_element, islice(lines, _ELEMENTS)))
        except FileroomError as error:
            pairs.append(("Error", error.message))
        if len(pairs) >= _ELEMENTS:
            pairs.append(("", f"the first {_ELEMENTS} elements; `fileroom dump` shows all"))
        return pairs

    # What others change ---------------------------------------------------------------------------------------------

    def look_for_changes(self) -> None:
        """Look, in another thread, whether the catalog or the register of nodes has changed."""
        if self._is_looking:
            return
        self._is_looking = True

        def look() -> None:
            try:
                revision = self.room.container.browse_local().revision()
                nodes = tuple(self.room.nodes())
            except FileroomError:
                self.post(self._end_look)  # the lists tell what is wrong
            except Exception:
                self.post(self._end_look)
                raise
            else:
                self.post(self._take_look, revision, nodes)

        self.room.background(look)

    def _end_look(self) -> None:
        self._is_looking = False

    def _take_look(self, revision: str, nodes: "tuple[Node, ...]") -> None:
        self._end_look()
        if self._revision != revision:  # the first time, too: something may have come since the list was read
            self._revision = revision
            self.changed_here()
        if self.nodes_pane.nodes != nodes:
            self.nodes_pane.records.read_again()

    def _welcome(self) -> None:
        """Tell once what to do first."""
        local, nodes = self.local_pane.records.total, self.nodes_pane.records.total
        if self._is_welcome and local is not None and nodes is not None:
            self._is_welcome = False
            if not local and not nodes:
                self.notify(WELCOME, title="Welcome", timeout=12)


def _element(line: "DumpHeading | DumpLine") -> tuple[str, str]:
    from fileroom.domain.dump import DumpHeading

    if isinstance(line, DumpHeading):
        return "", line.title
    name = f"{'  ' * line.depth}{line.name or f'({line.tag >> 16:04X},{line.tag & 0xFFFF:04X})'}"
    return name, line.value
