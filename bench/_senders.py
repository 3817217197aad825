"""Who sends: programs that are run to their end, with a folder of objects."""

import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import _fileroom
from bench._processes import LOOPBACK, Command, MeasurementFailed, environment, program, running
from bench._receivers import AE_TITLE, TUNED_PDU


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """A program that can send the files of a folder."""

    name: str
    command: Callable[[Path, Path, int], Command]
    """From a folder of its own, the folder of objects and the receiver's port; raises LeftOut."""
    env: dict[str, str]
    seconds_told: Callable[[str], float] | None = None
    """From what it prints to the seconds that sending took, where it tells."""


def storescu(*, tuned: bool) -> Sender:
    """DCMTK's sender."""
    return _dcmtk("storescu", tuned=tuned)


def dcmsend(*, tuned: bool) -> Sender:
    """DCMTK's other sender, which proposes only what the files need."""
    return _dcmtk("dcmsend", tuned=tuned)


def _dcmtk(name: str, *, tuned: bool) -> Sender:
    def command(own: Path, objects: Path, port: int) -> Command:
        del own
        options = ["--aetitle", "SENDER", "--call", AE_TITLE]
        options += ["--max-pdu", str(TUNED_PDU)] if tuned else []
        return [program(name), *options, "+sd", "+r", LOOPBACK, str(port), objects]

    return Sender(
        name=f"{name} {'tuned' if tuned else 'as installed'}",
        command=command,
        env=environment(nodelay=tuned),
    )


def pynetdicom() -> Sender:
    """The sender that comes with pynetdicom, as it is."""

    def command(own: Path, objects: Path, port: int) -> Command:
        del own
        app = [sys.executable, "-m", "pynetdicom", "storescu"]
        return [*app, "-aec", AE_TITLE, "--recurse", LOOPBACK, str(port), objects]

    return Sender(name="pynetdicom storescu", command=command, env=environment(nodelay=False))


def fileroom(backend: str, *, jobs: int = 1) -> Sender:
    """Our `send files`."""

    def command(own: Path, objects: Path, port: int) -> Command:
        _fileroom.needs_backend(backend)
        where = ("--to", f"{LOOPBACK}:{port}", "--called-ae-title", AE_TITLE)
        options = ("--recursive", "--jobs", str(jobs), "--json")
        return _fileroom.command(own / "room", "send", "files", objects, *where, *options)

    return Sender(
        name=f"fileroom {backend}" + (f", --jobs {jobs}" if jobs > 1 else ""),
        command=command,
        env=_fileroom.settings(backend),
        seconds_told=_seconds_of_document,
    )


def _seconds_of_document(text: str) -> float:
    return float(_fileroom.document(text)["seconds"])


# ----------------------------------------------------------------------------------------------------------------- runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """How long it took."""

    seconds: float
    """From the start of the process to its end."""
    told: float | None = None
    """Seconds of sending alone, where the program tells them."""


def send(sender: Sender, own: Path, objects: Path, port: int) -> Sent:
    """Send a folder of objects with one process.

    Args:
        sender: Who sends.
        own: The sender's folder; what is in it from earlier runs stays.
        objects: The objects.
        port: Of the receiver.

    Raises:
        LeftOut: there is no such program.
        MeasurementFailed: it failed.
    """
    command = sender.command(own, objects, port)
    started = time.perf_counter()
    with running(command, own, sender.env) as process:
        process.ended()
        seconds = time.perf_counter() - started
        return Sent(
            seconds=seconds, told=sender.seconds_told(process.stdout()) if sender.seconds_told else None
        )


def send_at_once(sender: Sender, own: Path, parts: Sequence[Path], port: int) -> tuple[float, list[float]]:
    """Send folders of objects with a process each.

    Returns:
        The seconds from the first start to the last end, and those of each process.
    """
    failures: list[MeasurementFailed] = []
    spans: list[tuple[float, float]] = []
    with ExitStack() as stack:

        def wait(wait_for: Callable[[], None], started: float) -> None:
            try:
                wait_for()
            except MeasurementFailed as failure:
                failures.append(failure)
            spans.append((started, time.perf_counter()))

        waiting = []
        for number, part in enumerate(parts):
            folder = own / str(number)
            command = sender.command(folder, part, port)
            started = time.perf_counter()
            process = stack.enter_context(running(command, folder, sender.env))
            thread = threading.Thread(target=partial(wait, process.ended, started), daemon=True)
            thread.start()
            waiting.append(thread)
        for thread in waiting:
            thread.join()
    if failures:
        raise failures[0]
    begun, done = min(start for start, _ in spans), max(end for _, end in spans)
    return done - begun, [end - start for start, end in spans]
