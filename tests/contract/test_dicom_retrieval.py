"""What every DICOM client promises of move and get."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fileroom.adapters.dicom.memory.scripted_peer import Fault
from fileroom.application.ports.dicom_client import DicomClient, Peer, RetrieveStep
from fileroom.application.ports.dicom_server import StoreReply
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import (
    PeerDropped,
)
from fileroom.domain.query import QueryLevel, QueryModel, Selection
from fileroom.domain.transfer import SubOperations
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_uid
from tests.contract.dicom_clients import (
    JPEG_LOSSLESS,
    ONE_STUDY,
    ClientSuite,
    MemoryCases,
    NativeCases,
    PynetdicomCases,
)
from tests.contract.dicom_handlers import Flag, RecordingStore, eventually
from tests.contract.dicom_peers import SINK, MemoryPeers, a_holding


class DicomRetrievalContract(ClientSuite):
    """The promises of `DicomClient.move` and `DicomClient.get`."""

    # move

    def test_move_yields_each_response_the_final_one_last(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start([a_holding(1), a_holding(2)])
        assert list(client.move(peer, ONE_STUDY, SINK, Flag())) == [
            RetrieveStep(
                status=0xFF00, counters=SubOperations(remaining=1, completed=1, failed=0, warning=0)
            ),
            RetrieveStep(
                status=0xFF00, counters=SubOperations(remaining=0, completed=2, failed=0, warning=0)
            ),
            RetrieveStep(status=0, counters=SubOperations(completed=2, failed=0, warning=0)),
        ]
        eventually(lambda: scripted.requests == [ONE_STUDY, "release"])

    @pytest.mark.parametrize(
        "selection",
        [
            ONE_STUDY,
            Selection(
                level=QueryLevel.SERIES,
                study_instance_uids=(a_uid(1),),
                series_instance_uids=(a_uid(1, 1), a_uid(1, 2)),
            ),
            Selection(
                level=QueryLevel.IMAGE,
                model=QueryModel.PATIENT_ROOT,
                patient_id="P1",
                study_instance_uids=(a_uid(1),),
                series_instance_uids=(a_uid(1, 1),),
                sop_instance_uids=(a_uid(1, 1, 1),),
            ),
        ],
    )
    def test_move_and_get_send_the_selection(
        self, client: DicomClient, peers: MemoryPeers, selection: Selection
    ) -> None:
        scripted, peer = peers.start([a_holding(1)])
        list(client.move(peer, selection, SINK, Flag()))
        list(client.get(peer, selection, [CT_IMAGE_STORAGE], RecordingStore(), Flag()))
        eventually(lambda: scripted.requests == [selection, "release", selection, "release"])

    def test_move_yields_a_failure_when_the_destination_is_unknown(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        _, peer = peers.start([a_holding(1)])
        steps = list(client.move(peer, ONE_STUDY, AeTitle("NOBODY"), Flag()))
        assert [step.status for step in steps] == [0xA801]
        assert steps[0].is_final

    def test_move_tells_which_instances_failed(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start([a_holding(1), a_holding(2)])
        scripted.network.detach(scripted.destinations[SINK])
        *_, final = client.move(peer, ONE_STUDY, SINK, Flag())
        assert final.status == 0xA702
        assert final.counters.all_failed
        assert final.failed_sop_instance_uids == (a_uid(1, 1, 1), a_uid(1, 1, 2))

    def test_move_goes_on_when_counters_are_missing(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start([a_holding(1)])
        scripted.script.omit_counters = True
        steps = list(client.move(peer, ONE_STUDY, SINK, Flag()))
        assert [(step.status, step.counters) for step in steps] == [
            (0xFF00, SubOperations()),
            (0x0000, SubOperations()),
        ]

    @pytest.mark.parametrize("service", [Service.MOVE, Service.GET])
    def test_retrieval_tells_any_final_status(
        self, client: DicomClient, peers: MemoryPeers, service: Service
    ) -> None:
        scripted, peer = peers.start([a_holding(1)])
        for status in (0xA701, 0xA900, 0xB000, 0xC001, 0xFE00, 0x1234):
            scripted.script.final_statuses[service] = status
            assert self._retrieve(client, peer, service, Flag())[-1].status == status

    @pytest.mark.parametrize("service", [Service.MOVE, Service.GET])
    def test_retrieval_sends_cancel_once_and_goes_on_to_the_end_when_cancelled(
        self, client: DicomClient, peers: MemoryPeers, service: Service
    ) -> None:
        scripted, peer = peers.start([a_holding(number) for number in range(9)], waits_for_cancel_after=2)
        cancel = Flag()
        steps = self._steps(client, peer, service, cancel)
        first = next(steps)
        cancel.cancel()
        rest = list(steps)
        assert not first.is_final
        assert rest[-1].status == 0xFE00
        assert rest[-1].counters.remaining
        eventually(lambda: scripted.requests == [ONE_STUDY, "cancel", "release"])

    @pytest.mark.parametrize("service", [Service.MOVE, Service.GET])
    def test_retrieval_sends_cancel_and_waits_for_the_end_when_closed_early(
        self, client: DicomClient, peers: MemoryPeers, service: Service
    ) -> None:
        scripted, peer = peers.start([a_holding(number) for number in range(9)], waits_for_cancel_after=2)
        steps = self._steps(client, peer, service, Flag())
        next(steps)
        steps.close()  # type: ignore[attr-defined] # it is a generator
        eventually(lambda: scripted.requests == [ONE_STUDY, "cancel", "release"])

    def _steps(
        self, client: DicomClient, peer: Peer, service: Service, cancel: Flag
    ) -> Iterator[RetrieveStep]:
        if service is Service.MOVE:
            return client.move(peer, ONE_STUDY, SINK, cancel)
        return client.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], RecordingStore(), cancel)

    def _retrieve(
        self, client: DicomClient, peer: Peer, service: Service, cancel: Flag
    ) -> list[RetrieveStep]:
        return list(self._steps(client, peer, service, cancel))

    # get

    def test_get_hands_each_object_to_the_handler_byte_for_byte(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        holdings = [
            a_holding(1, data=bytes(range(256)) * 1000),
            replace(a_holding(2), transfer_syntax_uid=JPEG_LOSSLESS, data=b"odd"),
        ]
        _, peer = peers.start(holdings)
        store = RecordingStore()
        steps = list(client.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], store, Flag()))
        assert steps[-1].status == 0
        assert store.data == {holding.uid: holding.data for holding in holdings}
        requests = [received.request for received in store.received]
        assert [request.transfer_syntax_uid for request in requests] == [
            EXPLICIT_VR_LITTLE_ENDIAN,
            JPEG_LOSSLESS,
        ]
        assert {request.sop_class_uid for request in requests} == {CT_IMAGE_STORAGE}
        assert {request.caller.calling_ae_title for request in requests} == {"PEER"}
        assert {request.caller.called_ae_title for request in requests} == {"TESTER"}

    def test_get_passes_the_answer_of_the_handler_on(self, client: DicomClient, peers: MemoryPeers) -> None:
        _, peer = peers.start([a_holding(1), a_holding(2)])
        store = RecordingStore()
        store.replies[a_uid(1, 1, 2)] = StoreReply(status=0xA700, error_comment="full")
        *_, final = client.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], store, Flag())
        assert final.status == 0xB000
        assert final.failed_sop_instance_uids == (a_uid(1, 1, 2),)

    def test_get_leaves_classes_out_that_do_not_fit(self, client: DicomClient, peers: MemoryPeers) -> None:
        _, peer = peers.start([a_holding(1)])
        many = [CT_IMAGE_STORAGE, *(a_uid(7, number) for number in range(200))]
        store = RecordingStore()
        steps = list(client.get(peer, ONE_STUDY, many, store, Flag()))
        assert steps[-1].status == 0
        assert list(store.data) == [a_uid(1, 1, 1)]

    def test_get_abandons_an_object_when_the_association_ends(
        self, hasty: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start([a_holding(1), a_holding(2), a_holding(3)])
        scripted.script.faults[Service.GET] = (Fault.DROPPED, 1)
        store = RecordingStore()
        with pytest.raises(PeerDropped):
            list(hasty.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], store, Flag()))
        assert store.all_ended_once


class TestMemoryDicomRetrieval(MemoryCases, DicomRetrievalContract):
    pass


class TestNativeDicomRetrieval(NativeCases, DicomRetrievalContract):
    pass


class TestPynetdicomDicomRetrieval(PynetdicomCases, DicomRetrievalContract):
    pass
