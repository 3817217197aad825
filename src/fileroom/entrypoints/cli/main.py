"""The command line: one Typer app made of the commands in `fileroom.entrypoints.cli.commands`."""

import gc
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from fileroom import __version__
from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.interrupts import Interrupts
from fileroom.entrypoints.cli.operation import Report, Status, document_of
from fileroom.entrypoints.cli.output import OutputClosed
from fileroom.entrypoints.cli.state import State
from fileroom.entrypoints.log_level import LogLevel

if TYPE_CHECKING:
    # Typer carries its own copy of Click; only the checker needs to know where.
    from typer._click import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outline:
    """What the list of commands tells of one before its module is loaded."""

    module: str
    panel: str
    says: str


_COMPLETION = "_FILEROOM_COMPLETE"
_NODES = "Nodes"
_ROOM = "This file room"
_FILES = "Files"
COMMANDS: Final = {
    "node": _Outline(module="node", panel=_NODES, says="Register, change, list and forget remote nodes."),
    "echo": _Outline(module="echo", panel=_NODES, says="Verify that a node answers (C-ECHO)."),
    "query": _Outline(module="query", panel=_NODES, says="Ask a node what it has (C-FIND)."),
    "retrieve": _Outline(
        module="retrieve",
        panel=_NODES,
        says="Fetch a study, a series or an instance from a node (C-MOVE to our own listener, or C-GET), and compare "
        "what came with what the node said it has.",
    ),
    "send": _Outline(
        module="send",
        panel=_NODES,
        says="Send studies, series, instances or files to a node (C-STORE).",
    ),
    "storage-scp": _Outline(
        module="storage_scp",
        panel=_NODES,
        says="Listen for peers: store what they send, and answer their queries and retrieves.",
    ),
    "import": _Outline(
        module="importing",
        panel=_ROOM,
        says="File DICOM objects from files, folders and ZIP archives, and catalogue them.",
    ),
    "local": _Outline(
        module="local", panel=_ROOM, says="List and export what is here: studies, series, instances."
    ),
    "tui": _Outline(module="tui", panel=_ROOM, says="Open the terminal UI."),
    "config": _Outline(module="config", panel=_ROOM, says="Show and write the configuration."),
    "demo": _Outline(
        module="demo",
        panel=_ROOM,
        says="Show the main job on real files: start a peer with sample studies, then echo, query, retrieve, import, "
        "browse and send, each as one would type it.",
    ),
    "info": _Outline(
        module="info",
        panel=_FILES,
        says="Tell what DICOM files are: patient, study, series, image and encoding.",
    ),
    "dump": _Outline(
        module="dump",
        panel=_FILES,
        says="Show all that is in DICOM files, element by element.",
    ),
    "validate": _Outline(
        module="validate",
        panel=_FILES,
        says="Hold DICOM files against the standard, and tell what is not as it should be.",
    ),
    "stats": _Outline(
        module="stats",
        panel=_FILES,
        says="Tell least, greatest and mean value, standard deviation and percentiles of images, in each frame and in "
        "all of them.",
    ),
    "histogram": _Outline(
        module="histogram",
        panel=_FILES,
        says="Count the values of images, in all frames together, in bins of the same width.",
    ),
    "to-json": _Outline(
        module="to_json",
        panel=_FILES,
        says="Write DICOM files as JSON documents in the DICOM JSON Model (PS3.18 annex F).",
    ),
    "from-json": _Outline(
        module="from_json",
        panel=_FILES,
        says="Write JSON documents in the DICOM JSON Model as DICOM files.",
    ),
    "to-image": _Outline(
        module="to_image",
        panel=_FILES,
        says="Make PNG or JPEG images of frames: modality LUT, VOI LUT or window, colours.",
    ),
    "transcode": _Outline(
        module="transcode",
        panel=_FILES,
        says="Write DICOM files in another transfer syntax: packed, unpacked or packed otherwise.",
    ),
    "anonymize": _Outline(
        module="anonymize",
        panel=_FILES,
        says="Copy DICOM files without what tells whose they are, by the Basic Application Level Confidentiality "
        "Profile of PS3.15.",
    ),
}
"""Commands, in the order of the help. A test compares it with the commands themselves."""
_TAKING_A_VALUE = frozenset({"--data-dir", "--config", "--log-level"})


def _named(arguments: Sequence[str]) -> str:
    """Return the word that stands where a command does, '' for none."""
    words = iter(arguments)
    for word in words:
        if word in _TAKING_A_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


class _Root(Group):
    """All commands."""

    def list_commands(self, ctx: "Context") -> list[str]:
        """Return their names in our order; Typer would put groups behind commands."""
        del ctx
        return [name for name in COMMANDS if name in self.commands]


def make_app(arguments: Sequence[str] | None = None) -> typer.Typer:
    """Return the app. Where the arguments are known, only the command that they name is more than an outline."""
    app = typer.Typer(
        name="fileroom",
        cls=_Root,
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )
    app.callback()(_globals)
    named = None if arguments is None else _named(arguments)
    for name, outline in COMMANDS.items():
        if named is None or name == named:
            import_module(f"fileroom.entrypoints.cli.commands.{outline.module}").register(app)
        else:
            app.command(name, cls=Command, rich_help_panel=outline.panel, help=outline.says)(_not_loaded)
    return app


def _not_loaded() -> None:
    raise AssertionError("the command that runs was taken for another")


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
    # Hardly anything here is garbage in circles: looking for it as often as Python does costs a listener a tenth.
    gc.set_threshold(50_000, 20, 50)
    given = list(sys.argv[1:] if arguments is None else arguments)
    started = datetime.now(UTC)
    code: Any = failures.SUCCESS
    try:
        with Interrupts() as interrupts:
            # Completion names what is being typed elsewhere.
            app = make_app(None if _COMPLETION in os.environ else given)
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
