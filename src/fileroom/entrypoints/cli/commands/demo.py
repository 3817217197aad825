"""`fileroom demo`: the main job on real files, against a peer of its own."""

import importlib.util
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fileroom.domain.errors import Conflict, NotFound, PeerUnreachable
from fileroom.entrypoints.cli.help_page import Command
from fileroom.entrypoints.cli.help_text import with_examples
from fileroom.entrypoints.cli.operation import Failure, Report, Status, run_light
from fileroom.entrypoints.cli.options import Json
from fileroom.entrypoints.cli.output import Output
from fileroom.entrypoints.cli.state import State

PEER = "DEMO_PEER"
START_SECONDS = 60.0
STUDY_TO_RETRIEVE = "1.3.6.1.4.1.5962.1.1.0.0.0.1196533885.18148.0.427"
STUDY_TO_SEND = "1.3.6.1.4.1.5962.1.2.4.20040826185059.5457"
AT_PEER = ("dicomdirtests/77654033", "dicomdirtests/98892001", "dicomdirtests/98892003")
IN_FOLDER = ("MR_small.dcm", "JPEG2000.dcm", "waveform_ecg.dcm", "rtplan.dcm", "README.txt")
IN_ARCHIVE = ("CT_small.dcm", "examples_ybr_color.dcm", "rtdose_1frame.dcm", "MR_small.dcm")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command(
        "demo",
        cls=Command,
        rich_help_panel="This file room",
        help=with_examples(
            "Show the main job on real files: start a peer with sample studies, then echo, query, retrieve, import, "
            "browse and send, each as one would type it. Everything happens in a folder of its own.",
            "fileroom demo",
            "fileroom demo --dir /tmp/my-demo",
        ),
    )(demo)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option("--dir", metavar="DIR", help="A new folder for it; default: a temporary one."),
    ] = None,
    json: Json = False,
) -> None:
    """Show the main job on real files."""
    run_light(context, "demo", lambda state: _demo(state, folder, commands_to_stderr=json), json=json)


def _demo(state: State, folder: Path | None, *, commands_to_stderr: bool) -> Report:
    place = _make_place(folder)
    samples = _copy_samples(place)
    stage = _Stage(place=place, output=state.output, to_stderr=commands_to_stderr)
    stage.say(f"fileroom demo, in {place}\n")
    with _peer(stage, samples.at_peer) as port:
        stage.say(
            f"A peer called {PEER} with {len(AT_PEER)} folders of sample studies listens at port {port}.\n"
        )
        failed = [step for step in _steps(samples, port) if not stage.play(step)]
    room = place / "room"
    stage.say(
        f"Everything of this demo is in {place}: look around with\n"
        f"  FILEROOM_DATA_DIR={shlex.quote(str(room))} fileroom local studies\n"
        f"and remove it with\n  rm -r {shlex.quote(str(place))}"
    )
    return Report(
        status=Status.FAILED if failed else Status.SUCCESS,
        fields={"folder": str(place), "steps": len(stage.played), "failed": len(failed)},
        failures=[
            Failure(what=shlex.join(("fileroom", *step.arguments)), why="it failed") for step in failed
        ],
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Samples:
    at_peer: tuple[Path, ...]
    folder: Path
    archive: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    title: str
    arguments: tuple[str, ...]


def _steps(samples: _Samples, port: int) -> Iterator[_Step]:
    yield _Step(
        title="Register the peer under a name, and see whether it answers.",
        arguments=(
            "node",
            "add",
            "--name",
            "pacs",
            "--ae-title",
            PEER,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ),
    )
    yield _Step(title="", arguments=("echo", "pacs"))
    yield _Step(title="What does it have?", arguments=("query", "--node", "pacs", "--patient-name", "*"))
    yield _Step(
        title="Fetch one study: C-MOVE to a listener of our own, then compare what came with what was announced.",
        arguments=("retrieve", "--node", "pacs", "--study-instance-uid", STUDY_TO_RETRIEVE),
    )
    yield _Step(title="Import a folder and a ZIP archive.", arguments=("import", str(samples.folder)))
    yield _Step(title="", arguments=("import", str(samples.archive)))
    yield _Step(title="What is here now?", arguments=("local", "studies"))
    yield _Step(
        title="Send a study to the peer, and see that it has it.",
        arguments=("send", "study", "--study-instance-uid", STUDY_TO_SEND, "--destination-node", "pacs"),
    )
    yield _Step(title="", arguments=("query", "--node", "pacs", "--study-instance-uid", STUDY_TO_SEND))


class _Stage:
    """Plays commands in a data directory of their own."""

    def __init__(self, *, place: Path, output: Output, to_stderr: bool) -> None:
        self._output = output
        self._to_stderr = to_stderr
        self._place = place
        self._our_port = _free_port()
        self.played: list[_Step] = []

    def say(self, text: str) -> None:
        for line in text.split("\n"):
            (self._output.note if self._to_stderr else self._output.line)(line)

    def play(self, step: _Step) -> bool:
        """Run one command as a person would; its output goes where ours goes."""
        if step.title:
            self.say(f"# {step.title}")
        self.say(f"$ {shlex.join(('fileroom', *step.arguments))}")
        self.played.append(step)
        target = sys.stderr if self._to_stderr else None
        done = subprocess.run(
            self.command("room", *step.arguments), env=self.environment(), stdout=target, check=False
        )
        self.say("")
        return done.returncode == 0

    def command(self, data_dir: str, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "fileroom", "--data-dir", str(self._place / data_dir), *arguments]

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FILEROOM_")}
        return clean | {"FILEROOM_STORAGE_SCP_PORT": str(self._our_port)}

    def quietly(self, data_dir: str, *arguments: str) -> None:
        subprocess.run(
            self.command(data_dir, "--quiet", *arguments),
            env=self.environment(),
            check=True,
            capture_output=True,
        )

    def tell_peer_of_us(self) -> None:
        """The peer must know where our AE title is before it can send there (C-MOVE)."""
        port = str(self._our_port)
        self.quietly(
            "peer",
            "node",
            "add",
            "--name",
            "room",
            "--ae-title",
            "FILEROOM",
            "--host",
            "127.0.0.1",
            "--port",
            port,
        )


@contextmanager
def _peer(stage: _Stage, samples: tuple[Path, ...]) -> Iterator[int]:
    """Run a peer with sample studies; yields its port."""
    stage.tell_peer_of_us()
    stage.quietly("peer", "import", *map(str, samples))
    port = _free_port()
    command = stage.command("peer", "--quiet", "storage-scp", "--ae-title", PEER, "--port", str(port))
    process = subprocess.Popen(
        command, env=stage.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_until_listening(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise PeerUnreachable("the demo's peer did not start", hint="see logs/app.log in the demo's folder")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make_place(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="fileroom-demo-"))
    place = folder.expanduser().absolute()
    try:
        place.mkdir(parents=True)
    except FileExistsError:
        raise Conflict(f"{place} exists", hint="name a new folder") from None
    return place


def _copy_samples(place: Path) -> _Samples:
    """Copy what pydicom ships for its own tests, so that the demo shows a folder and an archive as people have them."""
    # Found without importing the library, which would take longer than the demo's first command.
    package = importlib.util.find_spec("pydicom")
    if package is None or package.origin is None:
        raise NotFound("pydicom's sample files were not found", hint="install fileroom again")
    source = Path(package.origin).parent / "data" / "test_files"
    folder = place / "samples" / "folder"
    folder.mkdir(parents=True)
    for name in IN_FOLDER:
        shutil.copyfile(source / name, folder / name)
    archive = place / "samples" / "archive.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in IN_ARCHIVE:
            packed.write(source / name, f"visit/{name}")
    return _Samples(at_peer=tuple(source / name for name in AT_PEER), folder=folder, archive=archive)
