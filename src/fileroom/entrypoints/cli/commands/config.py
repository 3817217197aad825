"""`fileroom config`: where the configuration is, what it says, and a first one."""

from pathlib import Path
from typing import Annotated

import typer

from fileroom.domain.errors import Conflict, StorageError
from fileroom.entrypoints.cli.help_page import Command, Group
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Report, run_light
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.cli.state import State


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Show and write the configuration.")
    app.add_typer(group, name="config", rich_help_panel="This file room")
    group.command(
        "path", cls=Command, help=with_examples("Tell which file is read.", "fileroom config path")
    )(path)
    group.command(
        "show",
        cls=Command,
        help=with_examples(
            "Show every setting as it is in force.", "FILEROOM_STORAGE_SCP_PORT=104 fileroom config show"
        ),
    )(show)
    group.command(
        "init",
        cls=Command,
        help=with_examples(
            "Write a file with every setting, its meaning and default.", "fileroom config init"
        ),
    )(init)


def path(context: typer.Context, json: Json = False) -> None:
    """Tell which file is read."""

    def work(state: State) -> Report:
        file = state.config_file
        return Report(
            fields={"path": str(file), "exists": file.exists()}, show=lambda output: output.line(str(file))
        )

    run_light(context, "config_path", work, json=json)


def show(context: typer.Context, json: Json = False) -> None:
    """Show every setting as it is in force."""
    from fileroom.entrypoints.configuration import written

    def work(state: State) -> Report:
        settings = state.settings
        return Report(
            fields={"settings": _without_nones(settings.items())},
            show=lambda output: output.raw(written(settings)),
        )

    run_light(context, "config_show", work, json=json)


def _without_nones(settings: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    return {
        section: {key: value for key, value in values.items() if value is not None}
        for section, values in settings.items()
    }


def init(
    context: typer.Context,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Write a file with every setting, its meaning and default."""

    def work(state: State) -> Report:
        file = state.config_file
        _write(file, force=force)
        return Report(fields={"path": str(file)}, show=lambda output: output.note(f"wrote {file}"))

    run_light(context, "config_init", work, json=json)


def _write(file: Path, *, force: bool) -> None:
    from fileroom.entrypoints.configuration import write_template

    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_template(file, replace=force)
    except FileExistsError:
        raise Conflict(f"{file} is there already", hint="add --force to replace it") from None
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}") from None
