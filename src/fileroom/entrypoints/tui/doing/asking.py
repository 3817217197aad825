"""Forms and questions that stand before the panes, one at a time."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from fileroom.domain.errors import FileroomError
from fileroom.entrypoints.tui.doing.panes import PaneActions

if TYPE_CHECKING:
    from fileroom.domain.node import Node

Answer = TypeVar("Answer")
Made = TypeVar("Made")
log = logging.getLogger(__name__)


class AskingActions(PaneActions):
    """What the groups of actions ask people with."""

    def ask(
        self, screen: Screen[Answer | None], then: Callable[[Answer], object], *, is_over_all: bool = False
    ) -> None:
        """Show a form, unless one is there already; `then` gets the answer where there is one.

        What `is_over_all` is shown over others too, but not over its like.
        """
        if self.screen.is_modal and (not is_over_all or isinstance(self.screen, type(screen))):
            return

        def answered(answer: Answer | None) -> None:
            if answer is not None:
                self.do(then, answer)

        self.push_screen(screen, answered)

    def ask_whether(
        self,
        title: str,
        things: Sequence[str],
        then: Callable[[], object],
        *,
        yes: str,
        otherwise: Callable[[], object] | None = None,
        is_over_all: bool = False,
    ) -> None:
        """Ask before something is destroyed; `otherwise` is called where the answer is no."""
        from fileroom.entrypoints.tui.screens.question import QuestionScreen

        def answered(is_yes: bool) -> None:  # noqa: FBT001 - the answer itself
            if is_yes:
                then()
            elif otherwise is not None:
                otherwise()

        self.ask(QuestionScreen(title, things, yes=yes), answered, is_over_all=is_over_all)

    def aside(self, work: Callable[[], Made], then: Callable[[Made], object]) -> None:
        """Do something short in another thread, and go on with what it made; what goes wrong is told."""

        def run() -> None:
            try:
                made = work()
            except FileroomError as error:
                self.post(self.tell_error, error)
            except Exception as error:
                log.exception("something short failed")
                self.post(self.tell_bug, error)
            else:
                self.post(then, made)

        self.room.background(run)

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

        self.aside(self.room.nodes, go_on)

    def likely_node(self) -> str:
        """Return the name of the node that is selected first, or else the marked one; '' where there is none."""
        nodes = self.nodes_pane.selected_nodes()
        return nodes[0].name if nodes else ""
