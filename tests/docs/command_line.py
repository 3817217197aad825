"""Reads command lines as the program does, without doing what they say."""

from collections.abc import Sequence
from typing import Any

import typer

from fileroom.entrypoints.cli.main import make_app

_ROOT: Any = typer.main.get_command(make_app())

EAGER = frozenset({"--help", "-h", "--version", "--install-completion", "--show-completion"})
"""Options that do their work while they are parsed."""


def parse(arguments: Sequence[str]) -> str:
    """Parse a command line and return the command's path; raises what the library raises for a wrong one."""
    command = _ROOT
    if EAGER.intersection(arguments):
        return "fileroom"
    context = command.make_context("fileroom", list(arguments))
    while hasattr(command, "commands"):
        # What a group leaves over: the name of the command, then the rest.
        left = [*getattr(context, "_protected_args", ()), *context.args]
        name, command, rest = command.resolve_command(context, left)
        context = command.make_context(name, rest, parent=context)
    return str(context.command_path)
