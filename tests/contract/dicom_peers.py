"""The peers that client adapters are tested against: in memory, and on the wire."""

import socket
from collections.abc import Iterable

from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.scripted_peer import Holding, ScriptedPeer
from fileroom.application.ports.dicom_client import Peer
from fileroom.domain.ae_title import AeTitle
from tests.builders import CT_IMAGE_STORAGE, a_record
from tests.contract.dicom_wire_peer import WirePeer

MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
SINK = AeTitle("SINK")
"""A move destination that every test peer knows."""


def a_holding(
    instance: int = 1, *, series: int = 1, study: int = 1, data: bytes = b"", **attributes: str
) -> Holding:
    """An object of a peer; its UIDs follow from the numbers."""
    record = a_record(instance, series=series, study=study, **attributes)
    return Holding(
        attributes={
            **record.attributes,
            "SOPInstanceUID": record.sop_instance_uid,
            "SOPClassUID": record.sop_class_uid,
            "SeriesInstanceUID": record.series_instance_uid,
            "StudyInstanceUID": record.study_instance_uid,
        },
        data=data or f"data set {study}.{series}.{instance}".encode() * 100,
    )


class MemoryPeers:
    """Peers on a network in memory."""

    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self._ports = iter(range(1000, 2000))

    def start(
        self,
        holdings: Iterable[Holding] = (),
        *,
        storage: Iterable[str] = (CT_IMAGE_STORAGE, MR_IMAGE_STORAGE),
        waits_for_cancel_after: int | None = None,
    ) -> tuple[ScriptedPeer, Peer]:
        """Start a peer; the last argument is for the wire, where a C-CANCEL takes its time."""
        scripted = ScriptedPeer(self.network, holdings=holdings, port=next(self._ports))
        scripted.script.storage_classes = frozenset(storage)
        sink = ScriptedPeer(self.network, SINK, port=next(self._ports))
        scripted.destinations[SINK] = (sink.host, sink.port)
        return scripted, scripted.peer

    def nowhere(self) -> Peer:
        """An address where nobody listens."""
        return Peer(ae_title=AeTitle("NOBODY"), host="peer", port=9)

    def stop(self) -> None:
        """There is nothing to stop."""


class WirePeers(MemoryPeers):
    """The same peers, each behind a plain pynetdicom application entity."""

    def __init__(self) -> None:
        super().__init__()
        self._running: list[WirePeer] = []

    def start(
        self,
        holdings: Iterable[Holding] = (),
        *,
        storage: Iterable[str] = (CT_IMAGE_STORAGE, MR_IMAGE_STORAGE),
        waits_for_cancel_after: int | None = None,
    ) -> tuple[ScriptedPeer, Peer]:
        scripted, _ = super().start(holdings, storage=storage)
        running = WirePeer(scripted, tuple(storage), waits_for_cancel_after)
        self._running.append(running)
        return scripted, running.peer

    def nowhere(self) -> Peer:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        return Peer(ae_title=AeTitle("NOBODY"), host="127.0.0.1", port=port)

    def stop(self) -> None:
        for running in self._running:
            running.stop()
