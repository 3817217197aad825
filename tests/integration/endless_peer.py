"""A peer with no end of matches and instances, which tells whether it was asked to stop (C-CANCEL)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.sop_class import (  # type: ignore[attr-defined]  # made at import time
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
)

from tests.builders import CT_IMAGE_STORAGE, a_dicom_file, a_record, a_uid

ENDLESS = 10_000
PENDING, CANCELLED = 0xFF00, 0xFE00


class EndlessPeer:
    """Counts what it has given, and hears C-CANCEL."""

    def __init__(self) -> None:
        """Begin with nothing given."""
        self.port = 0
        self.given = 0
        self.cancelled = threading.Event()
        self.our_port = 0
        """Where C-MOVE sends to."""

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        """Answer matches without end at STUDY level, and one series of some instances below."""
        level = event.identifier.QueryRetrieveLevel
        count = {"SERIES": 1, "IMAGE": ENDLESS // 10}.get(level, ENDLESS)
        for number in range(1, count + 1):
            if level == "STUDY" and event.is_cancelled:
                self.cancelled.set()
                yield CANCELLED, None
                return
            match = Dataset()
            match.QueryRetrieveLevel = level
            match.StudyInstanceUID = a_uid(number) if level == "STUDY" else a_uid(1)
            if level != "STUDY":
                match.SeriesInstanceUID = a_uid(1, 1)
            if level == "IMAGE":
                match.SOPInstanceUID = a_uid(1, 1, number)
                match.SOPClassUID = CT_IMAGE_STORAGE
            self.given += level == "STUDY"
            yield PENDING, match

    def get(self, event: Any) -> Iterator[Any]:
        """Give instances until it is asked to stop."""
        yield ENDLESS // 10
        yield from self._instances(event)

    def move(self, event: Any) -> Iterator[Any]:
        """Send instances until it is asked to stop."""
        yield "127.0.0.1", self.our_port
        yield ENDLESS // 10
        yield from self._instances(event)

    def _instances(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        for number in range(1, ENDLESS // 10 + 1):
            if event.is_cancelled:
                self.cancelled.set()
                yield CANCELLED, None
                return
            self.given += 1
            yield PENDING, dcmread(BytesIO(a_dicom_file(a_record(number))))


@contextmanager
def endless_peer() -> Iterator[EndlessPeer]:
    """Run the peer."""
    peer = EndlessPeer()
    scp = AE("ENDLESS")
    for model in (
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
    ):
        scp.add_supported_context(model)
    scp.add_supported_context(CT_IMAGE_STORAGE, ALL_TRANSFER_SYNTAXES, scu_role=True, scp_role=True)
    scp.add_requested_context(CT_IMAGE_STORAGE)
    handlers: list[Any] = [
        (evt.EVT_C_FIND, peer.find),
        (evt.EVT_C_GET, peer.get),
        (evt.EVT_C_MOVE, peer.move),
    ]
    server = scp.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    peer.port = server.server_address[1]
    try:
        yield peer
    finally:
        server.shutdown()
        for association in scp.active_associations:
            association.abort()
            association.join()
