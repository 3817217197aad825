"""Candidates for fields: names of nodes, and paths."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import InvalidInput, NotFound
from fileroom.domain.node import node_key
from fileroom.domain.suggestions import nearest
from fileroom.entrypoints.tui.screens.fields import Candidate, Check, Complete

if TYPE_CHECKING:
    from fileroom.domain.node import Node

PATHS: Final = 200
"""Candidates that are told."""
_LOOKED_AT: Final = 20_000
"""Entries of a folder that are looked at; more would take too long on a slow disk."""
BETWEEN_PATHS: Final = ";"


def complete_node(nodes: "Sequence[Node]") -> Complete:
    """Return what offers the nodes that a text is part of, by name, AE title or address; all where it is a name."""
    names = {node.key for node in nodes}
    width = max((len(node.name) for node in nodes), default=0)
    offered = [
        (
            f"{node.name} {node.ae_title} {node.address}".casefold(),
            Candidate(node.name, f"{node.name.ljust(width)}  {node.ae_title} at {node.address}"),
        )
        for node in nodes
    ]

    def complete(text: str) -> Sequence[Candidate]:
        wanted = text.strip().casefold()
        if wanted in names:  # it is chosen already: the others are there to change one's mind
            wanted = ""
        found = [candidate for where, candidate in offered if wanted in where]
        return sorted(found, key=lambda each: not each.text.casefold().startswith(wanted))

    return complete


def check_node(nodes: "Sequence[Node]") -> Check:
    """Return what takes the names of these nodes only."""

    def check(text: str) -> None:
        if node_key(text) not in {node.key for node in nodes}:
            names = [node.name for node in nodes]
            raise NotFound(f"there is no node called {text.strip()!r}", hint=nearest(text.strip(), names))

    return check


def complete_path(text: str) -> Sequence[Candidate]:
    """Offer files and folders that begin as the last path of a text does, folders first."""
    before, between, last = text.rpartition(BETWEEN_PATHS)
    gap = last[: len(last) - len(last.lstrip())]
    typed = last.lstrip()
    if typed == "~":
        return (Candidate(f"{before}{between}{gap}~{os.sep}", f"~{os.sep}"),)
    folder, name = os.path.split(typed)
    try:
        where = Path(folder).expanduser() if folder else Path()
        with os.scandir(where) as entries:
            found = sorted(
                (not entry.is_dir(), entry.name)
                for entry in islice(entries, _LOOKED_AT)
                if entry.name.startswith(name)
                and (name or not entry.name.startswith("."))
                and entry.name.isprintable()
            )
    except (OSError, ValueError, RuntimeError):
        return ()
    start = f"{before}{between}{gap}{os.path.join(folder, '') if folder else ''}"  # noqa: PTH118 - a text stays as typed
    return tuple(
        Candidate(f"{start}{each}{'' if is_file else os.sep}", f"{each}{'' if is_file else os.sep}")
        for is_file, each in found[:PATHS]
    )


def paths_in(text: str) -> tuple[Path, ...]:
    """Return the paths of a text, which `;` may part; asks the file system, so not for the screen's thread.

    Raises:
        NotFound: one does not exist.
        InvalidInput: there is none.
    """
    whole = path_in(text)
    if _exists(whole):
        return (whole,)
    parts = [path_in(part) for part in text.split(BETWEEN_PATHS) if part.strip()]
    if not parts:
        raise InvalidInput("no path is given")
    missing = next((path for path in parts if not _exists(path)), None)
    if missing is not None:
        raise NotFound(f"{missing} does not exist")
    return tuple(parts)


def path_in(text: str) -> Path:
    """Return the path that a text means.

    Raises:
        InvalidInput: it cannot be one.
    """
    if "\0" in text:
        raise InvalidInput("a path holds no NUL")
    typed = text.strip()
    if len(typed) > 2 and typed[0] in "\"'" and typed[-1] == typed[0]:
        typed = typed[1:-1]  # as terminals paste what is dropped on them
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        raise InvalidInput(f"{typed!r} names a person who has no home here") from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
