"""A line that is typed, with completion: Tab takes what fits, or goes through it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from fileroom.entrypoints.tui.completion import (
    Known,
    Option,
    Place,
    common_beginning,
    fitting,
    inserted,
    paths_like,
    place_of,
)
from fileroom.entrypoints.tui.language import Command, Kind, Mistake
from fileroom.entrypoints.tui.readers import apart
from fileroom.entrypoints.tui.widgets.hints import Hint, LineHints
from fileroom.entrypoints.tui.widgets.printable_input import PrintableInput
from fileroom.entrypoints.tui.words import split

MOST_TYPED: Final = 4000
"""Characters of a line."""


@dataclass(slots=True)
class _Turn:
    """Going through options with Tab."""

    place: Place
    options: Sequence[Option]
    index: int = -1
    before: str = ""
    after: str = ""


class LineInput(PrintableInput):
    """One line of the language; `hints` lie over it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("escape", "leave", show=False),
    ]
    DEFAULT_CSS = """
    LineInput, LineInput:focus {
        border: none; height: 1; width: 1fr; padding: 0; background: transparent; background-tint: $background 0%;
    }
    """

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, sender: "LineInput") -> None:
            super().__init__()
            self.line = sender

        @property
        def control(self) -> "LineInput":
            """The line."""
            return self.line

    def __init__(
        self,
        commands: Sequence[Command],
        known: Callable[[], Known],
        hints: LineHints,
        *,
        id: str,  # noqa: A002 - Textual's name
        prefix: str = "",
        placeholder: str = "",
    ) -> None:
        """Read `prefix` and what is typed as one line; `known` tells values."""
        self._mistake: Mistake | None = None
        super().__init__(
            id=id,
            placeholder=placeholder,
            max_length=MOST_TYPED,
            highlighter=_Marks(self),
            select_on_focus=False,
        )
        self._commands = commands
        self._known = known
        self.hints = hints
        self._prefix = prefix
        self.offers = True
        """Tells what may come next."""
        self._turn: _Turn | None = None
        self._paths: tuple[str, list[Option]] = ("", [])
        self._is_looking = False
        """For paths."""

    # Completion -----------------------------------------------------------------------------------------------------

    def place(self) -> Place:
        """Tell what is wanted where the cursor is."""
        return place_of(self._prefix + self.value[: self.cursor_position], self._commands)

    def options(self, place: Place) -> list[Option]:
        """Return what may come next; paths that are not known yet are read and shown when they are there."""
        kind = place.kind
        if kind is Kind.PATH:
            if self._paths[0] != place.typed:
                self._read_paths(place.typed)
                return fitting(place, [*place.options])
            return [*self._paths[1], *fitting(place, place.options)]
        return fitting(place, [*(self._known().get(kind, ()) if kind else ()), *place.options])

    def look_again(self) -> None:
        """Show what may come next."""
        if not self.has_focus or not self.offers:
            return
        turn = self._turn
        place = turn.place if turn is not None else self.place()
        options = turn.options if turn is not None else self.options(place)
        hints = [Hint(f"{each.value}{each.then}".rstrip(), each.says) for each in options]
        is_done = not place.typed and place.command is None and bool(self.value)
        if (hints or place.command is not None) and not is_done:
            self.hints.show_options(hints, turn.index if turn is not None else None, _below(place))
        else:
            self.hints.clear()

    def action_complete(self, by: int) -> None:
        """Take what fits: the only option, or as far as all begin alike; otherwise go through them."""
        turn = self._turn
        if turn is None:
            place = self.place()
            options = self.options(place) if self.offers else []
            if not options:
                return
            start = place.start - len(self._prefix)
            turn = _Turn(place, options, -1, self.value[:start], self.value[self.cursor_position :])
            if len(options) == 1:
                self._write(turn, inserted(place, options[0]))
                return
            common = common_beginning(place, options)
            if common:
                self._write(turn, common)
                return
            turn.index = -1 if by > 0 else 0
        turn.index = (turn.index + by) % len(turn.options)
        self._write(turn, inserted(turn.place, turn.options[turn.index]))
        self._turn = turn
        self.look_again()

    def take(self, index: int) -> None:
        """Take an option that was clicked."""
        turn = self._turn
        place = turn.place if turn is not None else self.place()
        options = turn.options if turn is not None else self.options(place)
        if index >= len(options):
            return
        if turn is None:
            start = place.start - len(self._prefix)
            turn = _Turn(place, options, index, self.value[:start], self.value[self.cursor_position :])
        self._write(turn, inserted(place, options[index]))

    def _write(self, turn: _Turn, text: str) -> None:
        self._turn = None
        with self.prevent(Input.Changed):
            self.value = turn.before + text + turn.after
        self.cursor_position = len(turn.before + text)
        self._forgive()
        self.look_again()

    def _read_paths(self, typed: str) -> None:
        """Look for paths apart, since a folder may be far away; one look at a time."""
        if self._is_looking:
            return
        self._is_looking = True
        app = self.app

        def read() -> None:
            found = paths_like(typed)
            with suppress(RuntimeError):  # the program has ended meanwhile
                app.call_later(self._take_paths, typed, found)

        apart(read, "paths")

    def _take_paths(self, typed: str, found: list[Option]) -> None:
        self._is_looking = False
        if not self.is_attached or self._mistake is not None or self.place().kind is not Kind.PATH:
            return
        self._paths = (typed, found)
        self.look_again()  # which looks once more where something else is typed by now

    # Mistakes -------------------------------------------------------------------------------------------------------

    def show_mistake(self, mistake: Mistake) -> None:
        """Point at the word that is wrong."""
        self._mistake = mistake
        self._turn = None
        start, end = (max(at - len(self._prefix), 0) for at in (mistake.start, mistake.end))
        before, word = cell_len(self.value[:start]), cell_len(self.value[start:end])
        column = max(self.content_region.x + before - int(self.scroll_offset.x), 0)
        width = max(min(word or 1, self.screen.size.width - column), 0)
        self.hints.show_mistake(mistake.message, mistake.hint, column, width)
        self.refresh()

    def mistaken_words(self) -> tuple[int, int] | None:
        """Return where what is wrong begins and is over."""
        if self._mistake is None:
            return None
        return (
            max(self._mistake.start - len(self._prefix), 0),
            max(self._mistake.end - len(self._prefix), 0),
        )

    def key_spans(self) -> list[tuple[int, int]]:
        """Return where keys begin and are over, to be drawn apart."""
        return [(word.start, word.value_start) for word in split(self.value) if word.key is not None]

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look what may come next."""
        if event.input is self:
            self._turn = None
            self._forgive()
            self.look_again()

    def on_focus(self) -> None:
        """Show what may come next."""
        self.look_again()

    def on_blur(self) -> None:
        """Show nothing."""
        self._turn = None
        self._mistake = None
        self.hints.clear()

    def action_leave(self) -> None:
        """Go back to where one came from."""
        self.post_message(self.Left(self))

    def _forgive(self) -> None:
        if self._mistake is not None:
            self._mistake = None
            self.hints.clear()
            self.refresh()


class _Marks(Highlighter):
    """Draws keys apart, and what is wrong."""

    def __init__(self, line: LineInput) -> None:
        self._line = line

    def highlight(self, text: Text) -> None:
        """Colour a line."""
        for start, end in self._line.key_spans():
            text.stylize("bold cyan", start, end)
        wrong = self._line.mistaken_words()
        if wrong is not None:
            text.stylize("bold underline red", *wrong)


def _below(place: Place) -> str:
    """Say what is wanted."""
    if place.key is not None and place.is_named:
        return f"{place.key.name}: {place.key.says}"
    if place.command is not None:
        return f"{place.command.usage} — {place.command.says}"
    return "Tab completes, Enter runs, Escape leaves"
