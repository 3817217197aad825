# ruff: noqa: INP001, S603 - the documentation is no package; what is started is fileroom, as a list of arguments
"""Draws `demo.svg`: real commands against a real peer, as they look on a terminal of 110 columns.

Run it where the ports of `PEER_PORT` and of fileroom's own listener are free, on Linux or macOS:
`.venv/bin/python docs/pictures/make_demo_picture.py`. Left out are progress bars, which a still picture cannot show,
and the lines that name the log. The samples are those that pydicom ships.
"""

import fcntl
import os
import pty
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Final

import pydicom
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS: Final = 110
PEER_PORT: Final = 4242
PICTURE: Final = Path(__file__).with_name("demo.svg")
SAMPLES: Final = Path(pydicom.__file__).parent / "data" / "test_files"
AT_PEER: Final = ("dicomdirtests/77654033", "dicomdirtests/98892001", "dicomdirtests/98892003")
ON_DISC: Final = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "waveform_ecg.dcm", "README.txt")
STUDY: Final = "1.3.6.1.4.1.5962.1.1.0.0.0.1196533885.18148.0.133"
TO_SEND: Final = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
COMMANDS: Final = (
    f"fileroom node add --name pacs --ae-title ARCHIVE --host 127.0.0.1 --port {PEER_PORT}",
    "fileroom echo pacs",
    "fileroom query --node pacs --patient-name 'doe^p*' --modality MR",
    f"fileroom retrieve --node pacs --study-instance-uid {STUDY}",
    "fileroom import disc.zip",
    "fileroom local studies --study-date 2003-01-01..2004-12-31",
    f"fileroom send study --study-instance-uid {TO_SEND} --destination-node pacs",
)
_HUES: Final = (
    (224, 108, 117),
    (139, 195, 114),
    (229, 192, 123),
    (97, 175, 239),
    (198, 120, 221),
    (86, 182, 194),
)
THEME: Final = TerminalTheme(
    (24, 27, 33),
    (214, 218, 226),
    [(24, 27, 33), *_HUES, (171, 178, 191)],
    [(92, 99, 112), *_HUES, (255, 255, 255)],
)
_PROGRESS = re.compile(r"\x1b\[\?25l.*?\x1b\[\?25h(?:\r?\x1b\[1A\x1b\[2K)?", re.DOTALL)
_LOG_LINE = re.compile(r"^log: .*\n", re.MULTILINE)
_WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def fileroom(data_dir: Path, *arguments: str) -> list[str]:
    """Return a command line."""
    return [sys.executable, "-m", "fileroom", "--data-dir", str(data_dir), *arguments]


def clean_environment() -> Mapping[str, str]:
    """Return an environment without settings of the person who draws."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FILEROOM_")}
    return inherited | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "FILEROOM_QUIET": ""}


@contextmanager
def peer(folder: Path) -> Iterator[None]:
    """Run an archive with sample studies, which knows where our AE title is."""
    us = ("--ae-title", "FILEROOM", "--host", "127.0.0.1", "--port", "11112")
    for arguments in (
        ("node", "add", "--name", "us", *us),
        ("import", *(str(SAMPLES / name) for name in AT_PEER)),
    ):
        subprocess.run(fileroom(folder, *arguments), check=True, capture_output=True, env=clean_environment())
    command = fileroom(folder, "--quiet", "storage-scp", "--ae-title", "ARCHIVE", "--port", str(PEER_PORT))
    process = subprocess.Popen(command, env=clean_environment())
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", PEER_PORT)) == 0:
                    break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def on_a_terminal(command: list[str], folder: Path) -> str:
    """Run a command on a pseudo-terminal and return what it wrote there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    process = subprocess.Popen(
        command, cwd=folder, env=clean_environment(), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    if process.wait() != 0:
        raise SystemExit(f"{shlex.join(command)} failed: {b''.join(parts).decode()}")
    text = b"".join(parts).decode().replace("\r\n", "\n")
    return _LOG_LINE.sub("", _PROGRESS.sub("", text))


def play(folder: Path) -> Text:
    """Run the commands and return the session."""
    with zipfile.ZipFile(folder / "disc.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ON_DISC:
            archive.write(SAMPLES / name, name)
    session = Text()
    for command in COMMANDS:
        session.append("$ ", "bold green").append(f"{command}\n", "bold")
        said = on_a_terminal(fileroom(folder / "room", *shlex.split(command)[1:]), folder)
        session.append_text(Text.from_ansi(said.rstrip())).append("\n\n")
    session.rstrip()
    return session


def draw(session: Text) -> str:
    """Return the picture; letters come from whatever monospaced font the reader has."""
    console = Console(
        record=True, width=COLUMNS, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(session, soft_wrap=True)
    picture = console.export_svg(title="fileroom", theme=THEME, unique_id="fileroom")
    return re.sub(r"font-family:\s*[^;]*;", "font-family: monospace;", _WEB_FONTS.sub("", picture))


def main() -> None:
    """Draw."""
    with tempfile.TemporaryDirectory(prefix="fileroom-picture-") as folder, peer(Path(folder) / "peer"):
        session = play(Path(folder))
    too_long = [line for line in session.plain.splitlines() if len(line) > COLUMNS]
    if too_long:
        raise SystemExit(f"wider than {COLUMNS} columns: {too_long}")
    PICTURE.write_text(draw(session), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE}\n")


if __name__ == "__main__":
    main()
