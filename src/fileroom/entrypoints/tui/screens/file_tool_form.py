"""The form around the tools for files: which tool, on what, and where results go."""

from collections.abc import Sequence
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.suggestions import nearest
from fileroom.entrypoints.tui.file_tools import check_results
from fileroom.entrypoints.tui.language import Command, Typed, parse
from fileroom.entrypoints.tui.screens.completing import complete_path, paths_in
from fileroom.entrypoints.tui.screens.fields import Candidate, Check, Complete, Field, Kind, Values
from fileroom.entrypoints.tui.words import quoted

_RECURSIVE: Final = "recursive"


def tool_fields(tools: Sequence[Command], *, has_files: bool) -> tuple[Field, ...]:
    """Ask for the tool, the files unless there are some already, the folder for results, and for options."""
    width = max(len(tool.name) for tool in tools)
    offered = [Candidate(tool.name, f"{tool.name.ljust(width)}  {tool.says}") for tool in tools]
    files = (
        Field(
            key="path", label="Path", required=True, complete=complete_path, is_there=True,
            placeholder="files or folders; tab completes, ; parts several",
        ),
        Field(
            key=_RECURSIVE, label="Folders", kind=Kind.TICK, value="yes", placeholder="work on what folders hold, too",
        ),
    )  # fmt: skip
    return (
        Field(
            key="tool", label="Tool", required=True, check=_check(tools), complete=_complete(offered),
            placeholder="type a part of its name", is_quick=True, picks=True,
        ),
        *(() if has_files else files),
        Field(
            key="output_dir", label="Results into", complete=complete_path,
            placeholder="a folder, for tools that write files",
        ),
        Field(key="options", label="Options", placeholder="as typed: transfer_syntax=rle-lossless"),
    )  # fmt: skip


def typed_tool(values: Values, tools: Sequence[Command], *, looks: bool = True) -> Typed:
    """Return what the form says as a command that was typed; `looks` for its paths, so not for the screen's thread.

    Raises:
        InvalidInput: the command does not take it so, or it is not said where results go.
        NotFound: a path does not exist.
    """
    name, path, folder = (values.get(key, "").strip() for key in ("tool", "path", "output_dir"))
    paths = map(str, paths_in(path)) if looks and path else [path] if path else []
    keys = [("path", each) for each in paths]
    keys += [("output_dir", folder)] if folder else []
    keys += [(_RECURSIVE, "true")] if values.get(_RECURSIVE) else []
    line = " ".join([name, *(f"{key}={quoted(value)}" for key, value in keys), values["options"].strip()])
    typed = parse(line, tools)
    check_results(typed)
    return typed


def _complete(offered: Sequence[Candidate]) -> Complete:
    names = {candidate.text for candidate in offered}

    def complete(text: str) -> Sequence[Candidate]:
        wanted = text.strip().casefold()
        if wanted in names:  # it is chosen already: the others are there to change one's mind
            wanted = ""
        found = [candidate for candidate in offered if wanted in candidate.label.casefold()]
        return sorted(found, key=lambda each: not each.text.startswith(wanted))

    return complete


def _check(tools: Sequence[Command]) -> Check:
    names = [tool.name for tool in tools]

    def check(text: str) -> None:
        if text.strip() not in names:
            raise InvalidInput(f"there is no tool {text.strip()!r}", hint=nearest(text.strip(), names))

    return check
