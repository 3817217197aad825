"""What the commands that work on files share: their options."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fileroom.application.file_work import FileSelection

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files, or folders with --recursive.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders.")]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        metavar="N",
        help="Files worked on at once. Default: one for each processor where there are many files.",
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where the result of a single file goes."),
]
OutputDir = Annotated[
    Path | None,
    typer.Option(
        "--output-dir",
        metavar="DIR",
        help="Where results go, one for each file, in folders like those below what was named.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Let a result replace the file that it was made from.")]


def selection(paths: Sequence[Path], *, recursive: bool, jobs: int | None = None) -> "FileSelection":
    """Return what the options select."""
    from fileroom.application.file_work import FileSelection

    return FileSelection(paths=tuple(paths), recursive=recursive, jobs=jobs)
