"""Every command and option that scripts rely on is there, and the examples of the help can be typed."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command

from fileroom.entrypoints.cli.help_text import apart
from fileroom.entrypoints.cli.main import make_app
from tests.entrypoints.program import Program

_FILTERS = """--patient-name --patient-id --accession-number --modality --study-date --study-description
    --imported-at --duplicate --export --out --json"""
OPTIONS = {
    "": "--data-dir --config --log-level --quiet --version --install-completion --show-completion --help -h",
    "node add": "--name --ae-title --host --port --move-destination --notes --json",
    "node edit": "--ae-title --host --port --move-destination --notes --json",
    "node delete": "--yes --json",
    "node list": "--json",
    "node show": "--json",
    "echo": "--called-ae-title --json",
    "query": """--node --model --level --patient-name --patient-id --accession-number --study-instance-uid
        --series-instance-uid --sop-instance-uid --study-date-from --study-date-to --modality --study-description
        --key --limit --json""",
    "retrieve": """--node --study-instance-uid --series-instance-uid --sop-instance-uid --via --move-destination
        --json""",
    "import": "--in-place --json",
    "local studies": _FILTERS,
    "local series": _FILTERS,
    "local instances": _FILTERS,
    "send study": "--study-instance-uid --destination-node --transcode --json",
    "send series": "--series-instance-uid --destination-node --transcode --json",
    "send files": "--destination-node --to --called-ae-title --recursive --jobs --transcode --json",
    "storage-scp": """--ae-title --port --bind --storage-dir --index-db --accept --naming --duplicate --max-assoc
        --timeout --json""",
    "info": "--verbose --recursive --json",
    "dump": "--max-depth --max-value-len --recursive --json",
    "validate": "--recursive --jobs --json",
    "stats": "--recursive --jobs --json",
    "histogram": "--bins --recursive --jobs --json",
    "to-json": "--output --output-dir --bulk-dir --bulk-threshold --pretty --recursive --jobs --force --json",
    "from-json": "--output --output-dir --bulk-dir --recursive --jobs --force --json",
    "to-image": """--output --output-dir --format --frame --all-frames --window-center --window-width --normalize
        --disable-modality-lut --disable-voi-lut --force-8bit --force-16bit --quality --force --recursive --jobs
        --json""",
    "transcode": """--output --output-dir --transfer-syntax --ratio --quality --near --recursive --jobs --force
        --json""",
    "anonymize": """--output --output-dir --retain-longitudinal --retain-uids --retain-device --retain-institution
        --retain-patient-characteristics --retain-safe-private --clean-descriptors --clean-structured-content
        --clean-graphics --patient-id --patient-name --key --rules --recursive --jobs --force --json""",
    "config path": "--json",
    "config show": "--json",
    "config init": "--json",
    "demo": "--json",
}
CHOICES = {
    "query": ("study-root", "patient-root", "patient", "study", "series", "image"),
    "retrieve": ("auto", "move", "get"),
    "local studies": ("json", "csv"),
    "to-image": ("png", "jpeg"),
    "anonymize": ("full", "shifted"),
    "storage-scp": ("hierarchical", "date", "flat", "reject", "replace", "ignore"),
}
ARGUMENTS = {
    "node edit": "NODE",
    "node delete": "NODE",
    "node show": "NODE",
    "echo": "NODE",
    "import": "PATH",
    "local series": "STUDY_UID",
    "local instances": "SERIES_UID",
    "send files": "PATH",
    "info": "FILE",
    "dump": "FILE",
    "validate": "FILE",
    "stats": "FILE",
    "histogram": "FILE",
    "to-json": "FILE",
    "from-json": "FILE",
    "to-image": "FILE",
    "transcode": "FILE",
    "anonymize": "FILE",
}


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


def commands() -> Iterator[tuple[str, object]]:
    """Each command with its words."""
    todo: list[tuple[str, object]] = [("", get_command(make_app()))]
    while todo:
        words, command = todo.pop()
        yield words, command
        for name, inner in getattr(command, "commands", {}).items():
            todo.append((f"{words} {name}".strip(), inner))


@pytest.mark.parametrize("command", OPTIONS)
def test_command_has_the_options_that_are_promised(program: Program, command: str) -> None:
    told = program.bare(*command.split(), "--help").stdout

    assert set(OPTIONS[command].split()) <= set(re.findall(r"(?<![\w-])-{1,2}[a-z][a-z0-9-]*", told))


@pytest.mark.parametrize("command", CHOICES)
def test_command_tells_the_choices_that_are_promised(program: Program, command: str) -> None:
    told = re.sub(r"[\s│]+", "", program.bare(*command.split(), "--help").stdout)

    assert [choice for choice in CHOICES[command] if choice not in told] == []


@pytest.mark.parametrize("command", ARGUMENTS)
def test_command_takes_the_argument_that_is_promised(program: Program, command: str) -> None:
    assert ARGUMENTS[command] in program.bare(*command.split(), "--help").stdout


def test_no_command_is_left_out_of_the_promise() -> None:
    leaves = {words for words, command in commands() if not hasattr(command, "commands")}

    # These go beyond what is promised.
    assert leaves - OPTIONS.keys() <= {"send instance", "doctor", "tui"}
    assert OPTIONS.keys() - leaves == {""}


def test_help_ends_with_the_exit_status(program: Program) -> None:
    told = " ".join(program.bare("--help").stdout.split())

    for code in (
        "0 done",
        "1 a bug",
        "2 usage",
        "3 partly",
        "4 the peer refused",
        "5 the peer",
        "6 nothing here",
    ):
        assert code in told
    assert "130 cancelled" in told


@pytest.mark.parametrize("argument", ["-h", "--help"])
def test_every_command_answers_to_help(program: Program, argument: str) -> None:
    for words, _ in commands():
        assert "Usage: fileroom" in program.bare(*words.split(), argument).stdout


def test_no_arguments_show_the_help(program: Program) -> None:
    ran = program.bare(code=2)

    assert "Usage: fileroom" in ran.stdout + ran.stderr
    assert "storage-scp" in ran.stdout + ran.stderr


def test_every_leaf_has_an_example_and_every_example_can_be_typed() -> None:
    app = get_command(make_app())
    for words, command in commands():
        if hasattr(command, "commands"):
            continue
        examples = [line for line in _help(command) if line.startswith("fileroom ") or " fileroom " in line]
        assert examples, f"fileroom {words} has no example"
        for example in examples:
            arguments = shlex.split(example.partition("fileroom ")[2])
            assert " ".join(arguments).startswith(words), example
            _parse(app, arguments)


def _help(command: object) -> list[str]:
    return apart(getattr(command, "help", "") or "")[1]


def _parse(app: Any, arguments: list[str]) -> None:
    """Have the parser take the arguments, down to the command, without running it.

    Raises:
        click.UsageError: they cannot be typed like this.
    """
    command, context = app, None
    while True:
        context = command.make_context("fileroom", arguments, parent=context)
        if not hasattr(command, "commands"):
            return
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script_is_produced(program: Program, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_FILEROOM_COMPLETE", f"source_{shell}")

    script = program.bare().stdout

    assert "_FILEROOM_COMPLETE" in script
    assert "fileroom" in script


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("fileroom sto", "storage-scp"), ("fileroom node a", "add"), ("fileroom retrieve --vi", "--via")],
)
def test_completion_offers_commands_and_options(
    program: Program, typed: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_FILEROOM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))

    assert wanted in program.bare().stdout.split()
