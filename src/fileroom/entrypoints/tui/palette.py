"""The command palette: every action, and what can be done with each node, by name."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.tui.actions import ACTIONS, key_text
from fileroom.entrypoints.tui.words import quoted

if TYPE_CHECKING:
    from fileroom.domain.node import Node
    from fileroom.entrypoints.tui.doing.typed import TypedActions

_LINES: Final = (
    ("listen start", "Start the listener."),
    ("listen stop", "Stop the listener."),
    ("theme dark", "Light letters on a dark ground."),
    ("theme light", "Dark letters on a light ground."),
)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    says: str
    do: Callable[[], object]


class RoomProvider(Provider):
    """Actions and lines, found by their names."""

    async def startup(self) -> None:
        """Read the names of nodes, in another thread than the screen's."""
        try:
            self._nodes: Sequence[Node] = await asyncio.wrap_future(
                self._room_app.room.reader.submit(self._room_app.room.nodes)
            )
        except (FileroomError, RuntimeError):
            self._nodes = ()

    async def discover(self) -> Hits:
        """Show all actions while nothing was typed."""
        for entry in self._entries():
            yield DiscoveryHit(Content(entry.name), entry.do, text=entry.name, help=entry.says)

    async def search(self, query: str) -> Hits:
        """Show what fits."""
        matcher = self.matcher(query)
        for entry in self._entries():
            score = matcher.match(entry.name) or 0.1 * (query.casefold() in entry.says.casefold())
            if score > 0:
                # What is highlighted is read as markup, which the name of a node is not.
                shown = Content(entry.name) if "[" in entry.name else matcher.highlight(entry.name)
                yield Hit(score, shown, entry.do, text=entry.name, help=entry.says)

    @property
    def _room_app(self) -> "TypedActions":
        return cast("TypedActions", self.app)

    def _entries(self) -> Iterator[_Entry]:
        app = self._room_app
        seen: set[str] = {"command_palette"}
        for action in ACTIONS:
            if action.name not in seen:
                seen.add(action.name)
                keys = " · ".join(map(key_text, action.keys))
                yield _Entry(f"{action.title} ({keys})", action.says, partial(app.run_action, action.name))
        for node in self._nodes:
            name = quoted(node.name)
            says = "Verify that it answers (C-ECHO)."
            yield _Entry(f"echo {name}", says, partial(app.run_line, f"echo target={name}"))
            says = "Ask it what it has (C-FIND)."
            yield _Entry(f"query {name}", says, partial(app.begin_line, f"query node={name} "))
        for line, says in _LINES:
            yield _Entry(line, says, partial(app.run_line, line))
