"""Senders that remember which instances were answered with success, each with an association of its own."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.objects._shared.content import FileContent
from fileroom.application.ports.dicom_client import Peer, ProposedContext
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import PeerError
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN

TIMEOUT_SECONDS = 10.0
CONTEXTS = [
    ProposedContext(sop_class_uid=CT_IMAGE_STORAGE, transfer_syntax_uids=(EXPLICIT_VR_LITTLE_ENDIAN,))
]


class Ledger:
    """The instances that were answered with success, in the order of the answers."""

    def __init__(self, heard: Callable[[int], None] = lambda _: None) -> None:
        """Call `heard` with the number of answers after each."""
        self._heard = heard
        self._guard = threading.Lock()
        self.acknowledged: list[str] = []

    def note(self, sop_instance_uid: str) -> None:
        """One more was answered with success."""
        with self._guard:
            self.acknowledged.append(sop_instance_uid)
            count = len(self.acknowledged)
        self._heard(count)


def send_from_all_sides(port: int, folders: Sequence[Sequence[Path]], ledger: Ledger) -> None:
    """Send each list of files over an association of its own, all at once, until all ended or the peer is gone."""
    threads = [threading.Thread(target=_send, args=(port, files, ledger)) for files in folders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(port: int, files: Sequence[Path], ledger: Ledger) -> None:
    client = AssociationClient(
        PynetdicomUpperLayer(),
        AeTitle("SENDER"),
        connect_timeout=TIMEOUT_SECONDS,
        idle_timeout=TIMEOUT_SECONDS,
        max_pdu_length=65536,
    )
    peer = Peer(ae_title=AeTitle("ANY-SCP"), host="127.0.0.1", port=port)
    try:
        with client.open_store(peer, CONTEXTS) as session:
            for file in files:
                answer = session.send(_outgoing(file))
                if answer.status == 0x0000:
                    ledger.note(_outgoing(file).sop_instance_uid)
    except PeerError:  # the peer is gone
        return


def _outgoing(file: Path) -> OutgoingObject:
    with file.open("rb") as stream:
        header = ScannerHeaderReader().read(stream)
    assert header is not None
    return OutgoingObject(
        sop_class_uid=header.record.sop_class_uid,
        sop_instance_uid=header.record.sop_instance_uid,
        study_instance_uid=header.record.study_instance_uid,
        transfer_syntax_uid=header.record.transfer_syntax_uid,
        data_offset=header.data_offset,
        content=FileContent(file),
        name=str(file),
    )
