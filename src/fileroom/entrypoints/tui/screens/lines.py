"""What a form is made of: lines to type in, to choose on and to tick."""

import os
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.readers import apart
from fileroom.entrypoints.tui.screens.fields import YES, Candidate, Field
from fileroom.entrypoints.tui.widgets.printable_input import PrintableInput

SHOWN_CANDIDATES: Final = 6


class Answered(Message):
    """Something else stands in a field now."""

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field


class CandidateList(Static):
    """Candidates under the line that they are for."""

    DEFAULT_CSS = """
    CandidateList { display: none; height: auto; background: $surface; color: $text-muted; }
    """

    class Chosen(Message):
        """A candidate was clicked."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self) -> None:
        super().__init__(markup=False)
        self._clickable: Sequence[Candidate] = ()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take what is under the pointer; the line it is for has lost the focus by now, and this list its contents."""
        if event.y < len(self._clickable):
            self.post_message(self.Chosen(self._clickable[event.y].text))

    def show(self, candidates: Sequence[Candidate], marked: int | None) -> None:
        """Show some of them, the marked one among them."""
        self.display = bool(candidates)
        first = max((marked or 0) - SHOWN_CANDIDATES + 1, 0)
        if candidates:
            self._clickable = candidates[first : first + SHOWN_CANDIDATES]
        text = Text(no_wrap=True, overflow="ellipsis")
        for index, candidate in enumerate(candidates[first : first + SHOWN_CANDIDATES], first):
            if index > first:
                text.append("\n")
            is_marked = index == marked
            text.append(
                f"{'▸' if is_marked else ' '} {for_terminal(candidate.label)}", "bold" if is_marked else ""
            )
        left = len(candidates) - first - SHOWN_CANDIDATES
        if left > 0:
            text.append(f"\n  {left} more", "italic")
        self.update(text)


class TextLine(PrintableInput):
    """A line to type in; where there are candidates, Tab completes, and the arrows go through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False),
        Binding("down", "candidate(1)", show=False),
        Binding("up", "candidate(-1)", show=False),
        Binding("escape", "let_go", show=False),
    ]
    DEFAULT_CSS = """
    TextLine.-textual-compact { background: $surface; padding: 0 1; }
    TextLine.-textual-compact:focus { background: $surface-lighten-1; }
    TextLine > .input--placeholder { color: $text-muted; }
    """

    def __init__(self, field: Field, candidates: CandidateList) -> None:
        super().__init__(field.value, field.placeholder, compact=True, id=f"field-{field.key}")
        self.field = field
        self._list = candidates
        self._candidates: Sequence[Candidate] = ()
        self._marked: int | None = None
        self._is_looking = False
        self._looked_for: str | None = None

    def on_focus(self) -> None:
        """Offer what could stand here."""
        self._look()

    def on_blur(self) -> None:
        """Put the candidates away."""
        self._show(())

    def on_input_changed(self, event: Input.Changed) -> None:
        """Tell the form, and look for what fits."""
        event.stop()
        self.post_message(Answered(self.field))
        if self.has_focus:
            self._look()

    def action_complete(self) -> None:
        """Take the marked candidate, or what all have in common, or mark the first; go on from a whole line."""
        if self.take_marked():
            return
        texts = [candidate.text for candidate in self._candidates] if self._is_fresh else []
        common = _beginning(texts)
        if len(common) > len(self.value) and common.startswith(self.value):
            self.take(common)
        elif self._is_half_typed(texts):
            self.action_candidate(1)
        else:
            raise SkipAction

    def _is_half_typed(self, texts: Sequence[str]) -> bool:
        value = self.value
        is_whole = not value.strip() or value.endswith(os.sep) or value in texts
        return self.field.is_there and bool(texts) and not is_whole

    def action_candidate(self, by: int) -> None:
        """Mark another candidate, or go to another field where there is none."""
        if not self._candidates:
            _ = self.screen.focus_next() if by > 0 else self.screen.focus_previous()
            return
        if self._marked is None:
            self._marked = 0 if by > 0 else len(self._candidates) - 1
        else:
            self._marked = (self._marked + by) % len(self._candidates)
        self._list.show(self._candidates, self._marked)

    async def action_submit(self) -> None:
        """Take the marked candidate; otherwise go on."""
        if not self.take_marked():
            await super().action_submit()

    def action_let_go(self) -> None:
        """Mark no candidate; leave the form where none is."""
        if self._candidate() is not None and not self.field.picks:
            self._marked = None
            self._list.show(self._candidates, None)
            return
        raise SkipAction

    @property
    def _is_fresh(self) -> bool:
        return self._looked_for == self.value

    def _candidate(self) -> Candidate | None:
        return None if self._marked is None or not self._is_fresh else self._candidates[self._marked]

    def take_marked(self) -> bool:
        """Put the marked candidate into the line; tell whether there was one that does not stand there already."""
        marked = self._candidate()
        if marked is None or marked.text == self.value:
            return False
        self.take(marked.text)
        return True

    def take(self, text: str) -> None:
        """Put a candidate into the line."""
        self.value = text
        self.cursor_position = len(text)

    def _show(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        is_there = any(candidate.text == self.value for candidate in candidates)
        self._marked = 0 if self.field.picks and candidates and self.value and not is_there else None
        self._list.show(candidates, self._marked)

    def _look(self) -> None:
        """Look for candidates in a thread of its own, since a folder may be far away; one at a time."""
        complete = self.field.complete
        if complete is None or self._is_looking:
            return
        text, app = self.value, self.app
        if self.field.is_quick:
            self._found(text, complete(text))
            return
        self._is_looking = True

        def look() -> None:
            try:
                found = complete(text)
            except OSError:
                found = ()
            with suppress(RuntimeError):  # the program has ended meanwhile
                app.call_later(self._found, text, found)

        apart(look, "completion")

    def _found(self, text: str, candidates: Sequence[Candidate]) -> None:
        self._is_looking = False
        if not self.is_attached:
            return
        if text != self.value:
            self._look()
            return
        self._looked_for = text
        self._show(candidates if self.has_focus else ())


class ChoiceLine(Widget, can_focus=True):
    """A few words, one of which is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,space", "choose(1)", show=False),
        Binding("left,h", "choose(-1)", show=False),
        Binding("down", "screen.focus_next", show=False),
        Binding("up", "screen.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    ChoiceLine { height: 1; width: 1fr; padding: 0 1; }
    ChoiceLine:focus { background: $surface-lighten-1; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__(id=f"field-{field.key}")
        self.field = field
        self._value = field.value or field.choices[0]

    @property
    def value(self) -> str:
        """The word that is chosen."""
        return self._value

    @value.setter
    def value(self, word: str) -> None:
        if word in self.field.choices and word != self._value:
            self._value = word
            self.refresh()
            self.post_message(Answered(self.field))

    def action_choose(self, by: int) -> None:
        """Choose the next word."""
        words = self.field.choices
        self.value = words[(words.index(self._value) + by) % len(words)]

    def on_click(self, event: events.Click) -> None:
        """Choose the word under the pointer."""
        end = 0
        for word in self.field.choices:
            end += cell_len(word) + 6
            if event.x - 1 < end:
                self.value = word
                return

    def render(self) -> Text:
        """Draw all words, with a mark at the one."""
        text = Text(no_wrap=True, overflow="ellipsis")
        for word in self.field.choices:
            is_chosen = word == self._value
            text.append(f"({'•' if is_chosen else ' '}) {word}  ", "bold" if is_chosen else "dim")
        return text


class TickLine(Widget, can_focus=True):
    """Yes or no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "tick", show=False),
        Binding("down", "screen.focus_next", show=False),
        Binding("up", "screen.focus_previous", show=False),
    ]
    DEFAULT_CSS = """
    TickLine { height: 1; width: 1fr; padding: 0 1; }
    TickLine:focus { background: $surface-lighten-1; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__(id=f"field-{field.key}")
        self.field = field
        self._value = field.value

    @property
    def value(self) -> str:
        """`YES`, or ''."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        if value != self._value:
            self._value = value
            self.refresh()
            self.post_message(Answered(self.field))

    def action_tick(self) -> None:
        """Tick, or not."""
        self.value = "" if self._value else YES

    def on_click(self) -> None:
        """Tick, or not."""
        self.action_tick()

    def render(self) -> Text:
        """Draw the tick and what it means."""
        mark = "x" if self._value else " "
        return Text(f"[{mark}] {self.field.placeholder}", no_wrap=True, overflow="ellipsis")


def _beginning(texts: Sequence[str]) -> str:
    """Return what all texts begin with: the beginning that the first and the last of them by order share."""
    if not texts:
        return ""
    low, high = min(texts), max(texts)
    same = next(
        (at for at, (one, other) in enumerate(zip(low, high, strict=False)) if one != other), len(low)
    )
    return low[:same]


Line = TextLine | ChoiceLine | TickLine
