"""Forms and questions that stand before the panes, one at a time."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.tui.doing.panes import PaneActions

if TYPE_CHECKING:
    from fileroom.domain.node import Node

Answer = TypeVar("Answer")


class AskingActions(PaneActions):
    """What the groups of actions ask people with."""

    def ask(self, screen: Screen[Answer | None], then: Callable[[Answer], object]) -> None:
        """Show a form, unless one is there already; `then` gets the answer where there is one."""
        if self.screen.is_modal:
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                then(answer)

        self.push_screen(screen, answered)

    def ask_whether(
        self,
        title: str,
        things: Sequence[str],
        then: Callable[[], object],
        *,
        yes: str,
        otherwise: Callable[[], object] | None = None,
    ) -> None:
        """Ask before something is destroyed; `otherwise` is called where the answer is no."""
        from fileroom.entrypoints.tui.screens.question import QuestionScreen

        def answered(is_yes: bool) -> None:  # noqa: FBT001 - the answer itself
            if is_yes:
                then()
            elif otherwise is not None:
                otherwise()

        self.ask(QuestionScreen(title, things, yes=yes), answered)

    def with_nodes(self, then: "Callable[[Sequence[Node]], object]") -> None:
        """Call `then` with all nodes, read first where they were not yet; says what to do where there is none."""

        def go_on(nodes: "Sequence[Node]") -> None:
            if nodes:
                then(nodes)
            else:
                self.notify("No node is registered yet.\nPress a to register one.", severity="warning")

        if self.nodes_pane.records.total is not None:
            go_on(self.nodes_pane.nodes)
            return

        def read() -> None:
            try:
                nodes = self.room.nodes()
            except FileroomError as error:
                self.post(self.tell_error, error)
            else:
                self.post(go_on, nodes)

        self.room.reader.submit(read)

    def likely_node(self) -> str:
        """Return the name of the node that is marked, '' where none is."""
        marked = self.nodes_pane.marked_node
        return marked.name if marked is not None else ""
