"""fileroom as a program that is measured: how it is called, and what it says afterwards."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench._processes import Command, LeftOut, MeasurementFailed, environment

BACKENDS = ("native", "pynetdicom")
DURABILITIES = ("strict", "relaxed")


def command(data_dir: Path, *arguments: str | Path) -> Command:
    """Return a command line of the fileroom that this Python has."""
    return [sys.executable, "-m", "fileroom", "--data-dir", data_dir, *arguments]


def settings(backend: str, durability: str = "strict") -> dict[str, str]:
    """Return an environment that chooses the network library and what is synced."""
    return environment(
        nodelay=False, FILEROOM_NETWORK_BACKEND=backend, FILEROOM_OBJECTS_DURABILITY=durability
    )


@functools.cache
def needs_backend(backend: str) -> None:
    """Return if this fileroom has a network library.

    Raises:
        LeftOut: it has not, in the program's words.
    """
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [*map(str, command(Path(folder), "config", "show", "--json"))],
            env=settings(backend),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode:
        try:
            error = json.loads(ran.stdout)["error"]
        except (ValueError, KeyError):
            raise LeftOut(f"fileroom does not run: {ran.stderr.strip()[-200:]}") from None
        raise LeftOut(f"{error['message']} ({error.get('hint', '')})")


def document(text: str) -> dict[str, Any]:
    """Return the document that a command printed.

    Raises:
        MeasurementFailed: it is none, or does not tell of success.
    """
    try:
        found = json.loads(text)
    except ValueError:
        raise MeasurementFailed(f"fileroom printed no document but {text[:200]!r}") from None
    if found["status"] != "success":
        raise MeasurementFailed(f"fileroom: {found['status']}, {found.get('error') or found['failures'][:1]}")
    return dict(found)


def catalogued(data_dir: Path) -> int:
    """Return how many instances the catalog has, as a person would be told."""
    ran = subprocess.run(
        [*map(str, command(data_dir, "local", "studies", "--json"))],
        env=environment(nodelay=False),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return sum(study["instance_count"] for study in document(ran.stdout)["studies"])
