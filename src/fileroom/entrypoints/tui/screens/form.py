"""A form before the panes: fields one under the other, mistakes told as one types, and work begun when all is well.

Enter takes the candidate that is marked, goes to the next field that is wrong or missing, and submits where none is;
Ctrl+S does all of it at once, Escape leaves. What a form is for is in its fields and its `attempt`, which runs in
another thread; where that fails, the form stays and says why.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import ClassVar, Final, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from fileroom.domain.errors import FileroomError
from fileroom.domain.text import for_terminal
from fileroom.entrypoints.tui.readers import apart
from fileroom.entrypoints.tui.screens.fields import Field, Kind, Values, in_words
from fileroom.entrypoints.tui.screens.lines import (
    Answered,
    CandidateList,
    ChoiceLine,
    Line,
    TextLine,
    TickLine,
)

log = logging.getLogger(__name__)

Made = TypeVar("Made")
Adapt = Callable[[str, Values], Values]
"""From the key of the field that was changed and all values to values that change with it."""
_PATIENCE_SECONDS: Final = 0.1
"""Between looks whether what stands before the form is gone."""
_OTHER_LINES: Final = 7
"""Lines of the screen that a form needs besides its fields."""


class FieldRow(Vertical):
    """A label, what is answered, and what is wrong with it."""

    DEFAULT_CSS = """
    FieldRow { height: auto; width: 1fr; }
    FieldRow > Horizontal { height: 1; }
    FieldRow .label { width: 19; color: $text-muted; }
    FieldRow:focus-within .label { color: $text-primary; text-style: bold; }
    FieldRow > .under { margin-left: 19; }
    FieldRow > .fault { display: none; height: auto; color: $text-error; padding: 0 1; }
    FieldRow.wrong > .fault { display: block; }
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        self._candidates = CandidateList()
        self._candidates.add_class("under")
        self.line: Line = _line(field, self._candidates)
        self._fault = Static(classes="fault under", markup=False)

    def compose(self) -> ComposeResult:
        """Put the label before the line, and what is wrong under it."""
        with Horizontal():
            yield Static(
                self.field.label + (" *" if self.field.required else ""), classes="label", markup=False
            )
            yield self.line
        yield self._candidates
        yield self._fault

    def on_candidate_list_chosen(self, event: CandidateList.Chosen) -> None:
        """Take a candidate, and go on typing."""
        event.stop()
        if isinstance(self.line, TextLine):
            self.line.take(event.text)
            self.line.focus()

    @property
    def fault(self) -> str:
        """What is wrong, whether it is told or not."""
        return self.field.fault_of(self.line.value)

    def tell(self, fault: str) -> None:
        """Show what is wrong, or nothing."""
        self._fault.update(for_terminal(fault))
        self.set_class(bool(fault), "wrong")


def _line(field: Field, candidates: CandidateList) -> Line:
    if field.kind is Kind.CHOICE:
        return ChoiceLine(field)
    if field.kind is Kind.TICK:
        return TickLine(field)
    return TextLine(field, candidates)


class FormScreen(ModalScreen[Made | None], Generic[Made]):
    """A form; it ends with what `attempt` has made of its values, or with None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", show=False),
        Binding("enter", "go_on", "Go on", show=False),
        Binding("ctrl+s", "submit", "Submit", show=False),
        Binding("ctrl+r", "reset", "Reset", show=False),
    ]
    DEFAULT_CSS = """
    FormScreen { align: center middle; }
    #form {
        width: 76; max-width: 100%; height: auto; max-height: 100%; background: $panel; border: round $primary;
        border-title-color: $text-primary; border-title-style: bold; border-subtitle-color: $text-muted; padding: 0 1;
    }
    #form-says { height: auto; color: $text-muted; padding: 0 1; margin-bottom: 1; }
    #form-fields { height: auto; scrollbar-size-vertical: 1; }
    #form-error { display: none; height: auto; color: $text-error; padding: 0 1; }
    #form-buttons { height: 1; margin-top: 1; align-horizontal: right; }
    #form-buttons Button { margin-left: 2; min-width: 8; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        *,
        attempt: Callable[[Values], Made],
        verb: str = "OK",
        says: str = "",
        check: Callable[[Values], object] | None = None,
        adapt: Adapt | None = None,
        first: str = "",
        defaults: Values | None = None,
    ) -> None:
        """Ask for `fields`.

        `attempt` makes something of the values, in another thread, and raises a FileroomError where it cannot.
        `verb` is what the button says, `says` stands above the fields. `check` is quick and looks at all values
        together. `first` has the focus at first. `defaults` are what Ctrl+R brings back.
        """
        super().__init__()
        self._title = title
        self._says = says
        self._verb = verb
        self._rows = {field.key: FieldRow(field) for field in fields}
        self._attempt = attempt
        self._check = check
        self._adapt = adapt
        self._first = first or fields[0].key
        self._defaults = defaults
        self._told: set[str] = set()
        self._is_busy = False
        self._error = Static(id="form-error", markup=False)
        self._submit = Button(verb, variant="primary", compact=True, id="form-submit")

    def compose(self) -> ComposeResult:
        """Put the fields one under the other."""
        with Vertical(id="form") as box:
            box.border_title = Content(self._title)
            reset = " · ^r reset" if self._defaults is not None else ""
            box.border_subtitle = f"enter {self._verb.lower()} · tab next · esc leave{reset}"
            if self._says:
                yield Static(self._says, id="form-says", markup=False)
            with VerticalScroll(id="form-fields", can_focus=False):
                yield from self._rows.values()
            yield self._error
            with Horizontal(id="form-buttons"):
                yield self._submit
                yield Button("Leave", compact=True, id="form-leave")

    def on_mount(self) -> None:
        """Begin at the field that matters."""
        self._rows[self._first].line.focus()
        self._look()

    def on_resize(self, event: events.Resize) -> None:
        """Leave room for what is not a field."""
        other = _OTHER_LINES + (self._says.count("\n") + 2 if self._says else 0)
        self.query_one("#form-fields").styles.max_height = max(event.size.height - other, 3)

    @property
    def values(self) -> dict[str, str]:
        """What stands in the form."""
        return {key: row.line.value for key, row in self._rows.items()}

    # What is wrong ----------------------------------------------------------------------------------------------------

    def on_answered(self, event: Answered) -> None:
        """Tell what is wrong now."""
        key = event.field.key
        if not event.field.picks:
            self._told.add(key)
        if self._adapt is not None:
            self._put(self._adapt(key, self.values))
        self._look()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A field that was left has no excuse any more."""
        if isinstance(event.widget, TextLine) and event.widget.value:
            self._told.add(event.widget.field.key)
            self._look()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the whole row."""
        row = next((each for each in event.widget.ancestors if isinstance(each, FieldRow)), None)
        if row is not None:
            self.call_after_refresh(row.scroll_visible, animate=False)

    def _put(self, values: Values) -> None:
        for key, value in values.items():
            if self._rows[key].line.value != value:
                self._rows[key].line.value = value

    def _wrong(self) -> Iterator[str]:
        for key, row in self._rows.items():
            if row.fault:
                yield key

    def _look(self) -> None:
        """Tell what is wrong in the fields that were answered, and in all of them together."""
        is_wrong = False
        for key, row in self._rows.items():
            fault = row.fault
            is_wrong = is_wrong or bool(fault)
            row.tell(fault if key in self._told else "")
        together = "" if is_wrong else self._fault_of_all()
        self._tell_error(together)
        self._submit.disabled = is_wrong or bool(together) or self._is_busy

    def _fault_of_all(self) -> str:
        if self._check is None:
            return ""
        try:
            self._check(self.values)
        except FileroomError as error:
            return in_words(error)
        return ""

    def _tell_error(self, text: str) -> None:
        self._error.display = bool(text)
        self._error.update(for_terminal(text))

    # Going on ---------------------------------------------------------------------------------------------------------

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in a line."""
        event.stop()
        self.action_go_on()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """A button was clicked."""
        event.stop()
        if event.button is self._submit:
            self.action_go_on()
        else:
            self.action_leave()

    def action_leave(self) -> None:
        """Leave everything as it was."""
        self.dismiss(None)

    def action_reset(self) -> None:
        """Bring back what stood there before anything was typed."""
        if self._defaults is not None:
            self._put(self._defaults)

    def action_submit(self) -> None:
        """Begin from anywhere, with the candidate that is marked."""
        if isinstance(self.focused, TextLine):
            self.focused.take_marked()
        self.action_go_on()

    def action_go_on(self) -> None:
        """Go to what is wrong or missing; where nothing is, begin."""
        if self._is_busy:
            return
        wrong = list(self._wrong())
        if wrong:
            self._go_to(wrong)
            return
        if self._fault_of_all():
            self._look()
            return
        self._begin()

    def _go_to(self, wrong: Sequence[str]) -> None:
        """Go to the next field that is wrong; only one that was passed over or cannot be used is complained of."""
        keys = list(self._rows)
        focused = next((key for key, row in self._rows.items() if row.line.has_focus), "")
        here = keys.index(focused) if focused else -1
        following = [key for key in wrong if keys.index(key) > here]
        if focused in wrong or not following:
            self._told |= set(wrong)
        target = focused if focused in wrong else (following or wrong)[0]
        self._look()
        self._rows[target].line.focus()

    def _begin(self) -> None:
        self._is_busy = True
        self._look()
        values, app, attempt = self.values, self.app, self._attempt

        def run() -> None:
            made: Made | None = None
            trouble = ""
            try:
                made = attempt(values)
            except FileroomError as error:
                trouble = in_words(error)
            except Exception as error:
                log.exception("a form failed: %s", type(error).__name__)
                trouble = f"this is a bug in fileroom ({type(error).__name__}); the traceback is in the log"
            with suppress(RuntimeError):  # the program has ended meanwhile
                app.call_later(self._end, made, trouble)

        apart(run, "form")

    def _end(self, made: Made | None, trouble: str) -> None:
        if self.is_attached and not self.is_active:  # what stands before it is not the form's to close
            self.set_timer(_PATIENCE_SECONDS, partial(self._end, made, trouble))
            return
        self._is_busy = False
        if not self.is_attached:
            return
        if trouble:
            self._look()
            self._tell_error(trouble)
        else:
            self.dismiss(made)
