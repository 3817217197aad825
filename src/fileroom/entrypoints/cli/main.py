"""The command line: one Typer app made of the commands in `fileroom.entrypoints.cli.commands`."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from fileroom import __version__
from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.interrupts import Interrupts
from fileroom.entrypoints.cli.operation import Report, Status, document_of
from fileroom.entrypoints.cli.output import OutputClosed
from fileroom.entrypoints.cli.state import State
from fileroom.entrypoints.settings import LogLevel

_COMMANDS = {
    "node": "node",
    "echo": "echo",
    "query": "query",
    "retrieve": "retrieve",
    "send": "send",
    "storage-scp": "storage_scp",
    "import": "importing",
    "local": "local",
    "config": "config",
    "demo": "demo",
}
"""Commands, in the order of the help, and the modules that hold them."""
_TAKING_A_VALUE = frozenset({"--data-dir", "--config", "--log-level"})


def _modules(arguments: Sequence[str]) -> Iterable[str]:
    """Return the modules to load: that of the command which is named, or all (for help, completion and mistakes)."""
    words = iter(arguments)
    for word in words:
        if word in _TAKING_A_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return [_COMMANDS[word]] if word in _COMMANDS else _COMMANDS.values()
    return _COMMANDS.values()


def make_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the app, with no more commands than the arguments need."""
    app = typer.Typer(
        name="fileroom",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
        epilog=f"[bold]Exit status[/bold]: {failures.EXIT_STATUS}.",
    )
    app.callback()(_globals)
    for module in _modules(arguments):
        import_module(f"fileroom.entrypoints.cli.commands.{module}").register(app)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"fileroom {__version__}\n")
        raise typer.Exit


def _globals(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            envvar="FILEROOM_DATA_DIR",
            metavar="DIR",
            help="Where configuration, catalog, objects and logs are. Default: the platform's user data directory.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            envvar="FILEROOM_CONFIG",
            metavar="FILE",
            help="Instead of config.toml in the data directory.",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel | None, typer.Option("--log-level", help="Least level that goes to logs/app.log.")
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", envvar="FILEROOM_QUIET", help="No progress and no summaries on stderr."
        ),
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave."),
    ] = False,
) -> None:
    """The file room of radiology: finds, fetches, files and sends DICOM objects."""
    del version
    context.obj = State(
        data_dir=data_dir,
        config=config,
        log_level=log_level.value if log_level else None,
        quiet=quiet,
        interrupts=context.obj if isinstance(context.obj, Interrupts) else None,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    started = datetime.now(UTC)
    code: Any = failures.SUCCESS
    try:
        with Interrupts() as interrupts:
            app = make_app(given)
            code = app(
                args=given, prog_name="fileroom", standalone_mode="--json" not in given, obj=interrupts
            )
    except OutputClosed:
        # Python writes what is left at its end: nobody is there to read it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001 - only a usage error gets here; anything else is raised again
        _leave_with_usage_error(error, started)
    sys.exit(code if isinstance(code, int) else failures.SUCCESS)


def _leave_with_usage_error(error: Exception, started: datetime) -> None:
    """Scripts that asked for JSON get their document for a wrong option too."""
    show, message = getattr(error, "show", None), getattr(error, "format_message", None)
    if show is None or message is None:
        raise error
    context: typer.Context | None = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "fileroom"
    state = State(
        data_dir=context.find_root().params.get("data_dir") if context is not None else None,
        config=None,
        log_level=None,
        quiet=True,
    )
    told = {"kind": "usage", "message": message(), "hint": f"see `{path} --help`"}
    name = path.removeprefix("fileroom ").replace(" ", "_").replace("-", "_")
    state.output.document(
        document_of(state, name, started, Report(status=Status.FAILED, fields={"error": told}))
    )
    show()
    sys.exit(failures.USAGE)
