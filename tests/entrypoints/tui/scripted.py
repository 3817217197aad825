"""A peer without a network for the terminal UI: it holds studies, and fails as a test says."""

from collections.abc import Iterator, Sequence

from dependency_injector import providers

from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.script import Holding
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Cancelled
from fileroom.domain.node import Node
from fileroom.domain.query import Attributes, Query
from fileroom.domain.records import InstanceRecord
from tests.builders import a_data_set, a_record, encoded
from tests.entrypoints.tui.driving import RoomUi

NODE = Node(name="pacs", ae_title=AeTitle("PEER"), host="peer", port=104)
WAIT_SECONDS = 60.0


def a_holding(record: InstanceRecord) -> Holding:
    """Return an object that the peer keeps."""
    attributes = {
        "SOPInstanceUID": record.sop_instance_uid,
        "SOPClassUID": record.sop_class_uid,
        "SeriesInstanceUID": record.series_instance_uid,
        "StudyInstanceUID": record.study_instance_uid,
        **record.attributes,
    }
    return Holding(attributes=attributes, data=encoded(a_data_set(record)))


def a_scripted_peer(room: RoomUi, *, studies: Sequence[int] = (1, 2), slow: bool = False) -> ScriptedPeer:
    """Register a peer as `pacs` that holds studies of two series with two instances.

    A slow one gives its first match only, and goes on when it is cancelled.
    """
    network = MemoryNetwork()
    client = (_SlowClient if slow else MemoryDicomClient)(network, AeTitle("FILEROOM"))
    room.container.client.override(providers.Object(client))
    room.container.manage_nodes().add(NODE)
    records = (
        a_record(instance, series=series, study=study)
        for study in studies
        for series in (1, 2)
        for instance in (1, 2)
    )
    return ScriptedPeer(network, "PEER", holdings=map(a_holding, records))


class _SlowClient(MemoryDicomClient):
    """Waits after the first match until it is cancelled."""

    def find(self, peer: Peer, query: Query, cancel: CancelToken) -> Iterator[Attributes]:
        matches = super().find(peer, query, cancel)
        yield next(matches)
        cancel.wait(WAIT_SECONDS)
        raise Cancelled("the query was cancelled")
