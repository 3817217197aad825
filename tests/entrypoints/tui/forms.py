"""Fills in forms as a person does, and looks at what they say."""

from typing import Any

from textual.pilot import Pilot
from textual.widgets import Button

from fileroom.entrypoints.tui.screens.form import FieldRow, FormScreen
from fileroom.entrypoints.tui.screens.lines import TextLine
from tests.entrypoints.tui.driving import until


async def form_after(pilot: Pilot[Any], *keys: str) -> FormScreen[Any]:
    """Press keys, and return the form that opens."""
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen), "a form")
    form = pilot.app.screen
    assert isinstance(form, FormScreen)
    await until(pilot, lambda: form.focused is not None)
    return form


async def fill_in(pilot: Pilot[Any], form: FormScreen[Any], **values: str) -> None:
    """Put values into lines, as if they were pasted."""
    for key, value in values.items():
        line = form.query_one(f"#field-{key}", TextLine)
        line.focus()
        line.value = value
        line.cursor_position = len(value)
        await pilot.pause()


async def gone(pilot: Pilot[Any], form: FormScreen[Any]) -> None:
    """Wait until the form has closed."""
    await until(pilot, lambda: pilot.app.screen is not form and not form.is_attached, "the form to close")


def told(form: FormScreen[Any], key: str) -> str:
    """What the form says is wrong with a field, '' for nothing."""
    row = next(row for row in form.query(FieldRow) if row.field.key == key)
    return str(row._fault.content) if row.has_class("wrong") else ""


def told_of_all(form: FormScreen[Any]) -> str:
    """What the form says is wrong with all of it."""
    return str(form._error.content) if form._error.display else ""


def can_submit(form: FormScreen[Any]) -> bool:
    """Whether the button works."""
    return not form.query_one("#form-submit", Button).disabled


def focused_key(form: FormScreen[Any]) -> str:
    """Key of the field that has the focus."""
    return str(form.focused.id).removeprefix("field-") if form.focused is not None else ""
