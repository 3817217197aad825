"""What `--help` shows: commands by their panel, arguments, options, examples, and what the exit code tells.

The pages are plain text with bold headings where a terminal shows them. To have Typer draw them would load Rich, a
Markdown parser and a highlighter, which takes longer than all else that a page needs.
"""

import os
import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

from fileroom.entrypoints.cli.failures import EXIT_STATUS
from fileroom.entrypoints.cli.help_text import apart, first_sentence
from fileroom.entrypoints.cli.typed import read_by_ourselves

if TYPE_CHECKING:
    # Typer carries its own copy of Click; only the checker needs to know where.
    from typer._click import Context, HelpFormatter, Parameter

_INDENT = "  "


class Command(TyperCommand):
    """A command whose help is a page of ours."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Take the arguments."""
        read_by_ourselves(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Return what follows the command's name."""
        return _usage(self.get_params(ctx))

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the page."""
        says, examples = apart(self.help or "")
        _write_head(ctx, self.collect_usage_pieces(ctx), says, formatter)
        _write_parameters(ctx, self.get_params(ctx), formatter)
        _write_examples(examples, formatter)
        _write_exit_status(formatter)


class Group(TyperGroup):
    """A group of commands whose help is a page of ours."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Take the arguments."""
        read_by_ourselves(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: "Context") -> list[str]:
        """Return what follows the group's name."""
        return [*_usage(self.get_params(ctx)), self.subcommand_metavar]

    def format_help(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Write the page."""
        _write_head(ctx, self.collect_usage_pieces(ctx), apart(self.help or "")[0], formatter)
        panels: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                panel = getattr(command, "rich_help_panel", None) or "Commands"
                panels.setdefault(str(panel), []).append((name, first_sentence(command.help or "")))
        width = max((len(name) for rows in panels.values() for name, _ in rows), default=0)
        for panel, rows in panels.items():
            _write_list(panel, [(name.ljust(width), says) for name, says in rows], formatter)
        _write_parameters(ctx, self.get_params(ctx), formatter)
        _write_exit_status(formatter)


def _usage(parameters: Sequence["Parameter"]) -> list[str]:
    return ["[OPTIONS]", *(_name(each) for each in parameters if each.param_type_name == "argument")]


def _name(argument: "Parameter") -> str:
    return str(getattr(argument, "metavar", None) or argument.name or "").upper()


def _write_head(ctx: "Context", usage: Sequence[str], says: str, formatter: "HelpFormatter") -> None:
    formatter.write_usage(ctx.command_path, " ".join(usage), _heading("Usage") + ": ")
    formatter.write_paragraph()
    _write_lines(_wrapped(says, formatter.width), formatter)


def _write_parameters(ctx: "Context", parameters: Sequence["Parameter"], formatter: "HelpFormatter") -> None:
    arguments: list[tuple[str, str]] = []
    options: list[tuple[str, str]] = []
    for each in parameters:
        record = each.get_help_record(ctx)
        if record is None:
            continue
        names, says = record[0], record[1].replace("\\[", "[")  # old versions of Typer escape it for Rich
        if each.param_type_name == "argument":
            arguments.append((_name(each), says))
        else:
            options.append((names, says))
    _write_list("Arguments", arguments, formatter)
    _write_list("Options", options, formatter)


def _write_list(heading: str, rows: Sequence[tuple[str, str]], formatter: "HelpFormatter") -> None:
    if rows:
        with formatter.section(_heading(heading)):
            formatter.write_dl(rows)


def _write_examples(examples: Sequence[str], formatter: "HelpFormatter") -> None:
    if examples:
        with formatter.section(_heading("Examples")):
            for example in examples:
                _write_lines(_continued(f"$ {example}", formatter.width - len(_INDENT)), formatter, _INDENT)


def _write_exit_status(formatter: "HelpFormatter") -> None:
    with formatter.section(_heading("Exit status")):
        _write_lines(_wrapped(f"{EXIT_STATUS}.", formatter.width - len(_INDENT)), formatter, _INDENT)


def _write_lines(lines: Sequence[str], formatter: "HelpFormatter", indent: str = "") -> None:
    for line in lines:
        formatter.write(f"{indent}{line}\n")


def _heading(text: str) -> str:
    """Return it in bold; what prints it takes that away where it goes to no terminal."""
    return text if "NO_COLOR" in os.environ else typer.style(text, bold=True)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _continued(example: str, width: int) -> list[str]:
    """Fold what is too long before an option, so that it still can be copied into a shell."""
    lines: list[str] = []
    for part in _parts(example):
        if lines and len(lines[-1]) + len(part) + len(" \\") <= width:
            lines[-1] += part
        else:
            lines.append(part if not lines else f"     {part}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _parts(example: str) -> Iterator[str]:
    first, *rest = example.split(" --")
    yield first
    for each in rest:
        yield f" --{each}"
