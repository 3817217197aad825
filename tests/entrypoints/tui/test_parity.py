"""Whatever the core can do is reached from both doors, or there is a reason why not."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from dependency_injector import providers
from textual.pilot import Pilot

from fileroom.domain.errors import NotFound
from fileroom.entrypoints.cli.main import make_app
from fileroom.entrypoints.container import Container
from fileroom.entrypoints.tui.actions import ACTIONS
from fileroom.entrypoints.tui.app import FileroomApp
from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS
from fileroom.entrypoints.tui.file_commands import FILE_COMMANDS
from tests.entrypoints.tui.driving import RoomUi, drive, until

SOURCE = Path(__file__).parents[3] / "src" / "fileroom"
USE_CASES = sorted(path.stem for path in (SOURCE / "application" / "use_cases").glob("[a-z]*.py"))

INTERNAL = {
    "answer_query": "the listener does it when a peer asks",
    "receive_instance": "the listener does it when a peer sends, and a retrieve",
    "recover_store": "whatever files objects does it first",
    "serve_retrieve": "the listener does it when a peer asks",
}
CLI = {
    "anonymize": "anonymize_files",
    "dump": "dump_files",
    "echo": "echo_node",
    "from-json": "convert_from_json",
    "histogram": "measure_pixels",
    "import": "import_files",
    "info": "describe_files",
    "local instances": "browse_local",
    "local series": "browse_local",
    "local studies": "browse_local",
    "node add": "manage_nodes",
    "node delete": "manage_nodes",
    "node edit": "manage_nodes",
    "node list": "manage_nodes",
    "node show": "manage_nodes",
    "query": "query_node",
    "retrieve": "retrieve_objects",
    "send files": "send_objects",
    "send instance": "send_objects",
    "send series": "send_objects",
    "send study": "send_objects",
    "stats": "measure_pixels",
    "storage-scp": "run_listener",
    "to-image": "render_images",
    "to-json": "convert_to_json",
    "transcode": "transcode_files",
    "validate": "validate_files",
}
WITHOUT_USE_CASE = {
    "config init": "settings are of the doors",
    "config path": "settings are of the doors",
    "config show": "settings are of the doors",
    "demo": "runs other commands",
    "tui": "is the other door",
}


def cli_commands() -> Iterator[tuple[str, Any]]:
    """Each command of the command line by its words, with the function behind it."""

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for name, below in command.commands.items():
                yield from walk(below, (*words, name))
        else:
            yield " ".join(words), command.callback

    return walk(typer.main.get_command(make_app()), ())


def reached_by(module: str) -> set[str]:
    """The providers that a module of commands asks the container for, itself or by the operations that it names."""
    source = Path(str(import_module(module).__file__)).read_text("utf-8")
    for name in set(re.findall(r"operations(?:\.| import )(\w+)", source)):
        operation = SOURCE / "entrypoints" / "operations" / f"{name}.py"
        source += operation.read_text("utf-8") if operation.exists() else ""
    return {TOGETHER.get(name, name) for name in re.findall(r"container\s*\.(\w+)\(", source)}


TOGETHER = {"count_pixels": "measure_pixels"}
"""Use cases that stand in the file of another."""
SAME_NAME = {
    "anonymize": "anonymize",
    "dump": "dump",
    "echo": "echo",
    "from-json": "from-json",
    "histogram": "histogram",
    "import": "import",
    "info": "info",
    "local studies": "local",
    "node add": "node-add",
    "node delete": "node-delete",
    "node edit": "node-edit",
    "query": "query",
    "retrieve": "retrieve",
    "send files": "send-files",
    "send instance": "send-instance",
    "send series": "send-series",
    "send study": "send-study",
    "stats": "stats",
    "to-image": "to-image",
    "to-json": "to-json",
    "transcode": "transcode",
    "validate": "validate",
}
"""Commands of both doors that are the same."""
NO_KEYS = {
    "json": "documents are for scripts",
    "help": "help RETRIEVE is a command of its own",
    ("local studies", "export"): "is a command of its own",
    ("local studies", "limit"): "the list is read as far as one looks",
    ("local studies", "out"): "is a key of export",
}


# Both directions ------------------------------------------------------------------------------------------------------


def test_container_offers_every_use_case() -> None:
    assert set(USE_CASES) <= set(Container.providers)


@pytest.mark.parametrize("use_case", sorted(set(USE_CASES) - set(INTERNAL)))
def test_use_case_is_reached_from_the_command_line(use_case: str) -> None:
    assert use_case in CLI.values()


@pytest.mark.parametrize("use_case", sorted(set(USE_CASES) - set(INTERNAL)))
def test_use_case_is_reached_from_the_terminal_ui(use_case: str) -> None:
    assert use_case in {command.use_case for command in COMMANDS}


def test_exceptions_are_none_that_are_reached() -> None:
    told = {command.use_case for command in COMMANDS}
    assert not told & set(INTERNAL)
    assert not set(CLI.values()) & set(INTERNAL)
    assert set(INTERNAL) <= set(USE_CASES)


def test_every_command_of_the_command_line_is_accounted_for() -> None:
    assert {name for name, _ in cli_commands()} == set(CLI) | set(WITHOUT_USE_CASE)


@pytest.mark.parametrize(("name", "callback"), list(cli_commands()))
def test_command_of_the_command_line_reaches_what_is_said(name: str, callback: Any) -> None:
    reached = reached_by(callback.__module__) & set(USE_CASES) - set(INTERNAL)
    assert reached == ({CLI[name]} if name in CLI else set())


@pytest.mark.parametrize(("words", "name"), SAME_NAME.items())
def test_options_of_a_command_are_keys_in_the_terminal_ui(words: str, name: str) -> None:
    command: Any = typer.main.get_command(make_app())
    for word in words.split():
        command = command.commands[word]
    names = {
        option.removeprefix("--").replace("-", "_")
        for parameter in command.params
        for option in parameter.opts
        if option.startswith("--")
    }
    wanted = {option for option in names if option not in NO_KEYS and (words, option) not in NO_KEYS}
    assert {option for option in wanted if BY_NAME[name].key(option) is None} == set()


def test_every_command_of_the_terminal_ui_names_a_use_case_that_there_is() -> None:
    assert {command.use_case for command in COMMANDS} <= {"", *USE_CASES}


def test_every_action_is_a_method_and_names_a_command_that_there_is() -> None:
    for action in ACTIONS:
        method = action.name.partition("(")[0]
        assert callable(getattr(FileroomApp, f"action_{method}", None)), action.name
        assert not action.command or action.command in BY_NAME, action.name


def test_every_operation_on_the_command_table_has_an_action_too() -> None:
    by_keys = {BY_NAME[action.command].use_case for action in ACTIONS if action.command}
    by_form = {tool.use_case for tool in FILE_COMMANDS}
    assert {command.use_case for command in COMMANDS if command.use_case} <= by_keys | by_form


def test_commands_of_the_terminal_ui_reach_what_is_said(
    empty_room: RoomUi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []

    def spy(name: str) -> object:
        asked.append(name)
        raise NotFound("nothing is here")

    commands = [command for command in COMMANDS if command.use_case]
    app = empty_room.app()

    async def steps(pilot: Pilot[Any]) -> None:
        for use_case in {command.use_case for command in commands}:
            empty_room.container.providers[use_case].override(providers.Callable(spy, use_case))
        for name, use_case in TOGETHER.items():
            empty_room.container.providers[name].override(providers.Callable(spy, use_case))
        for command in commands:
            asked.clear()
            app.run_line(command.example)
            await until(pilot, lambda command=command: command.use_case in asked, command.name)  # type: ignore[misc]
            while app.screen.is_modal:
                await pilot.press("escape")

    drive(app, steps)
