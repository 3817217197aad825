"""Another file room as a peer: a listener that holds studies, and knows where to send what we ask for."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fileroom.application.ports.progress import ProgressSink
from fileroom.application.use_cases.import_files import ImportRequest
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.entrypoints.container import close_container, open_container
from fileroom.entrypoints.settings import Settings
from tests.builders import a_dicom_file, a_record, a_uid
from tests.entrypoints.program import Program
from tests.fileroom_cli import FileroomCli, RunningListener
from tests.interop.peers import free_port

STUDIES = (1, 2)
SERIES = (1, 2)
INSTANCES = (1, 2)
STUDY_UID = a_uid(1)
SERIES_UID = a_uid(1, 1)
STUDY_SIZE = len(SERIES) * len(INSTANCES)
PEER_AE_TITLE = "PEER"


@dataclass(frozen=True, kw_only=True)
class PeerRoom:
    """The peer, and where it expects us."""

    listener: RunningListener
    cli: FileroomCli
    our_port: int
    """Where it sends what we ask for with C-MOVE."""

    def known_to(self, program: Program) -> None:
        """Register the peer as `pacs`."""
        program.add_node("pacs", ae_title=PEER_AE_TITLE, port=self.listener.port)


class Silent(ProgressSink):
    """Reports to nobody."""

    def report(self, progress: object) -> None:
        """Drop it."""


def write_study(
    folder: Path, study: int = 1, *, instances: Sequence[int] = INSTANCES, pixel_bytes: int = 512
) -> None:
    """Write the files of a study with two series."""
    folder.mkdir(parents=True, exist_ok=True)
    for series in SERIES:
        for instance in instances:
            content = a_dicom_file(a_record(instance, series=series, study=study), pixel_bytes=pixel_bytes)
            (folder / f"{study}-{series}-{instance}.dcm").write_bytes(content)


def fill(data_dir: Path, *paths: Path, nodes: Sequence[Node] = ()) -> None:
    """Import files into a room, and register nodes, without a program of its own."""
    container = open_container(Settings(), data_dir)
    try:
        for node in nodes:
            container.manage_nodes().add(node)
        if paths:
            container.import_files().execute(
                ImportRequest(paths=paths), progress=Silent(), cancel=container.cancel_token()
            )
    finally:
        close_container(container)


@contextmanager
def peer_room(
    folder: Path,
    *,
    studies: Sequence[int] = STUDIES,
    pixel_bytes: int = 512,
    instances: Sequence[int] = INSTANCES,
    settings: Mapping[str, object] | None = None,
) -> Iterator[PeerRoom]:
    """Run a listener that holds studies."""
    files, data_dir, our_port = folder / "files", folder / "data", free_port()
    for study in studies:
        write_study(files, study, pixel_bytes=pixel_bytes, instances=instances)
    us = Node(name="us", ae_title=AeTitle("FILEROOM"), host="127.0.0.1", port=our_port)
    fill(data_dir, files, nodes=[us])
    cli = FileroomCli(data_dir, {"objects.durability": "relaxed"} | dict(settings or {}))
    with cli.storage_scp("--ae-title", PEER_AE_TITLE) as listener:
        yield PeerRoom(listener=listener, cli=cli, our_port=our_port)
