"""`fileroom tui`: the terminal UI."""

import sys

import typer

from fileroom.domain.errors import InvalidInput
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Report, run_light
from fileroom.entrypoints.cli.state import State


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "tui",
        cls=Command,
        rich_help_panel="This file room",
        help=with_examples("Open the terminal UI.", "fileroom tui"),
    )(tui)


def tui(context: typer.Context) -> None:
    """Open the terminal UI."""
    run_light(context, "tui", _tui)


def _tui(state: State) -> Report:
    from fileroom.entrypoints.terminal_ui import run_terminal_ui

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidInput(
            "the terminal UI needs a terminal", hint="for scripts there are commands: fileroom --help"
        )
    return Report(code=run_terminal_ui(state.container, state.data_dir))
