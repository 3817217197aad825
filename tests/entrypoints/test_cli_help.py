"""The pages of `--help`: plain text that fits, in which the whole command line can be found."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import apart, first_sentence
from fileroom.entrypoints.cli.main import COMMANDS, make_app
from fileroom.entrypoints.cli.typed import read_by_ourselves
from tests.entrypoints.program import Program

PAGES = ["", *COMMANDS, "node add", "send files", "local instances", "config init"]


def commands() -> Iterator[tuple[str, Any]]:
    """Each command and group, with its words."""
    todo: list[tuple[str, Any]] = [("", get_command(make_app()))]
    while todo:
        words, command = todo.pop()
        yield words, command
        todo += [(f"{words} {name}".strip(), each) for name, each in getattr(command, "commands", {}).items()]


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("words", PAGES)
def test_page_fits_the_terminal_and_is_plain_where_it_is_piped(
    program: Program, monkeypatch: pytest.MonkeyPatch, words: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    page = program.bare(*words.split(), "--help").stdout

    assert "\x1b" not in page
    assert max(len(line) for line in page.splitlines()) <= min(columns, 110)
    assert page.startswith(f"Usage: {' '.join(['fileroom', *words.split()])} [OPTIONS]")
    assert "Options:\n" in page
    assert "Exit status:\n" in page


def test_list_of_commands_says_what_the_commands_say_in_our_order(program: Program) -> None:
    whole = get_command(make_app())

    told = {
        name: (getattr(command, "rich_help_panel", None), first_sentence(command.help or ""))
        for name, command in getattr(whole, "commands", {}).items()
    }

    assert told == {name: (each.panel, each.says) for name, each in COMMANDS.items()}
    page = program.bare("--help").stdout
    assert [page.index(f"\n  {name} ") for name in COMMANDS] == sorted(
        page.index(f"\n  {name} ") for name in COMMANDS
    )
    assert page.index("\nNodes:") < page.index("\n  send ") < page.index("\nThis file room:")


def test_list_of_commands_is_whole_whatever_stands_behind_it(program: Program) -> None:
    assert program.bare("--help", "echo").stdout == program.bare("--help").stdout


def test_examples_can_be_copied_from_the_page(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    for words, command in commands():
        said, examples = apart(command.help or "")
        page = program.bare(*words.split(), "--help").stdout

        assert said.split() == page.partition("\n\n")[2].split()[: len(said.split())]
        shown = page.replace(" \\\n", " ").splitlines()
        typed = [shlex.split(line.strip()[2:]) for line in shown if line.startswith("  $ ")]
        assert typed == [shlex.split(example) for example in examples]


def test_headings_are_bold_unless_colour_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    command: Any = get_command(make_app(["echo"])).commands["echo"]  # type: ignore[attr-defined]  # it is a group
    monkeypatch.delenv("NO_COLOR", raising=False)
    bold = command.get_help(command.context_class(command, info_name="echo"))
    monkeypatch.setenv("NO_COLOR", "1")
    plain = command.get_help(command.context_class(command, info_name="echo"))

    assert "\x1b[1mOptions\x1b[0m:" in bold
    assert bold.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain


def test_every_command_has_our_page_and_our_reader() -> None:
    for words, command in commands():
        assert isinstance(command, (Command, Group)), words
        parameters: list[Any] = command.params
        read_by_ourselves(parameters)
        for each in parameters:
            reader = type(each.get_runtime_param())
            assert reader.__module__ == read_by_ourselves.__module__, (words, each.name)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("no-such",), "No such command 'no-such'."),
        (("ehco", "pacs"), "No such command 'ehco'. Did you mean 'echo'?"),
        (("echo",), "Missing argument 'NODE | HOST:PORT'."),
        (("node", "show", "n", "--jso"), "No such option: --jso"),
        (("query", "--node", "n", "--limit", "0"), "Invalid value for '--limit': 0 is not 1 or more."),
        (("query", "--node", "n", "--limit", "x"), "Invalid value for '--limit': 'x' is not a whole number."),
        (
            ("send", "files", "x", "--to", "h:1", "--jobs", "65"),
            "Invalid value for '--jobs': 65 is not from 1 to 64.",
        ),
        (("storage-scp", "--timeout", "long"), "Invalid value for '--timeout': 'long' is not a number."),
        (
            ("retrieve", "--node", "n", "--study-instance-uid", "1.2", "--via", "mail"),
            "Invalid value for '--via': 'mail' is not one of 'auto', 'move', 'get'.",
        ),
    ],
)
def test_usage_error_says_what_is_wrong_and_where_help_is(
    program: Program, arguments: tuple[str, ...], told: str
) -> None:
    ran = program.run(*arguments, code=2)

    assert ran.stdout == ""
    said = ran.stderr.splitlines()
    assert said[0].startswith("Usage: fileroom ")
    assert said[1].startswith("Try 'fileroom ")
    assert said[-1].startswith(f"Error: {told}")


def test_flag_from_the_environment_must_be_true_or_false(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_QUIET", "off")
    assert "no node" in program.run("node", "list").stderr

    monkeypatch.setenv("FILEROOM_QUIET", "perhaps")
    assert "'perhaps' is neither true nor false" in program.run("node", "list", code=2).stderr


@pytest.mark.parametrize("word", ["TRUE", "false"])
def test_choice_may_be_typed_in_any_case_where_it_says_so(program: Program, word: str) -> None:
    assert program.run("local", "studies", "--duplicate", word).stdout == ""
