"""What every DICOM client promises of its associations, of echo and of find."""

import threading
from dataclasses import replace

import pytest

from fileroom.adapters.dicom.memory.scripted_peer import Fault
from fileroom.application.ports.cancellation import NEVER, CancelToken
from fileroom.application.ports.dicom_client import (
    DicomClient,
    Peer,
)
from fileroom.application.ports.dicom_server import RejectReason
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import (
    AssociationRejected,
    Cancelled,
    InvalidInput,
    NoAcceptedContext,
    PeerBrokeProtocol,
    PeerDropped,
    PeerError,
    PeerFailed,
    PeerSilent,
    PeerUnreachable,
    QueryCutShort,
)
from fileroom.domain.query import Query, QueryLevel, QueryModel
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.dicom_clients import (
    ALL_STUDIES,
    CT_CONTEXT,
    ONE_STUDY,
    ClientSuite,
    MemoryCases,
    NativeCases,
    PynetdicomCases,
    an_object,
)
from tests.contract.dicom_handlers import Flag, RecordingStore, eventually
from tests.contract.dicom_peers import SINK, MemoryPeers, a_holding


def use(client: DicomClient, peer: Peer, service: Service, cancel: CancelToken = NEVER) -> None:
    """Ask a peer for a service, all of it."""
    match service:
        case Service.ECHO:
            client.echo(peer, cancel)
        case Service.STORE:
            with client.open_store(peer, [CT_CONTEXT], cancel) as session:
                session.send(an_object())
        case Service.FIND:
            list(client.find(peer, ALL_STUDIES, cancel))
        case Service.MOVE:
            list(client.move(peer, ONE_STUDY, SINK, cancel))
        case Service.GET:
            list(client.get(peer, ONE_STUDY, [CT_IMAGE_STORAGE], RecordingStore(), cancel))


class DicomClientContract(ClientSuite):
    """The promises of `DicomClient`, retrieval and sending apart."""

    # echo

    def test_echo_tells_status_times_and_the_peer(self, client: DicomClient, peers: MemoryPeers) -> None:
        _, peer = peers.start()
        answer = client.echo(peer)
        assert answer.status == 0
        assert answer.associate_seconds >= 0 and answer.echo_seconds >= 0  # noqa: PT018 - one thought
        assert answer.implementation_class_uid
        assert answer.max_pdu_length in {16384, 16382}

    def test_echo_tells_a_status_that_is_no_success(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start()
        scripted.script.final_statuses[Service.ECHO] = 0x0122
        assert client.echo(peer).status == 0x0122

    def test_echo_releases_the_association(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start()
        client.echo(peer)
        eventually(lambda: scripted.requests == ["echo", "release"])

    # what every association may meet

    def test_peer_is_unreachable_when_nobody_listens(self, client: DicomClient, peers: MemoryPeers) -> None:
        nowhere = peers.nowhere()
        with pytest.raises(PeerUnreachable) as told:
            client.echo(nowhere)
        assert str(nowhere.port) in told.value.message
        assert told.value.hint

    @pytest.mark.parametrize("service", list(Service))
    def test_nothing_is_begun_after_a_cancel(
        self, client: DicomClient, peers: MemoryPeers, service: Service
    ) -> None:
        scripted, peer = peers.start()
        cancel = Flag()
        cancel.cancel()
        with pytest.raises(Cancelled):
            use(client, peer, service, cancel)
        assert (scripted.associations, scripted.requests) == (0, [])

    @pytest.mark.parametrize("reason", RejectReason)
    def test_rejection_tells_result_source_and_reason(
        self, client: DicomClient, peers: MemoryPeers, reason: RejectReason
    ) -> None:
        scripted, peer = peers.start()
        scripted.script.refuse = reason
        with pytest.raises(AssociationRejected) as told:
            client.echo(peer)
        assert (told.value.result, told.value.source, told.value.reason) == reason.value
        assert told.value.hint

    def test_peer_is_silent_when_the_association_request_is_not_answered(
        self, hasty: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start()
        scripted.script.silent_before_association = True
        with pytest.raises(PeerSilent):
            hasty.echo(peer)

    @pytest.mark.parametrize(
        ("fault", "error"),
        [
            (Fault.SILENT, PeerSilent),
            (Fault.DROPPED, PeerDropped),
            (Fault.PROTOCOL, PeerBrokeProtocol),
        ],
    )
    @pytest.mark.parametrize("service", Service)
    def test_fault_is_told_apart_in_every_service(
        self,
        hasty: DicomClient,
        peers: MemoryPeers,
        service: Service,
        fault: Fault,
        error: type[PeerError],
    ) -> None:
        scripted, peer = peers.start([a_holding(1), a_holding(2)])
        scripted.script.faults[service] = (fault, 0)

        with pytest.raises(error):
            use(hasty, peer, service)

    @pytest.mark.parametrize("service", [Service.ECHO, Service.FIND, Service.MOVE, Service.GET])
    def test_service_that_is_not_accepted_is_named(
        self, client: DicomClient, peers: MemoryPeers, service: Service
    ) -> None:
        scripted, peer = peers.start()
        scripted.script.lacks = frozenset({service})
        name = "Verification" if service is Service.ECHO else service.upper()
        with pytest.raises(NoAcceptedContext, match=name):
            use(client, peer, service)

    def test_client_serves_several_threads(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start([a_holding(1), a_holding(1, study=2)])
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                assert len(list(client.find(peer, ALL_STUDIES, Flag()))) == 2
                with client.open_store(peer, [CT_CONTEXT]) as session:
                    for instance in range(10):
                        data = bytes([number, instance]) * 5000
                        session.send(an_object(data=data, uid=a_uid(9, number, instance)))
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert {uid: holding.data for uid, holding in scripted.received.items()} == {
            a_uid(9, number, instance): bytes([number, instance]) * 5000
            for number in range(4)
            for instance in range(10)
        }

    def test_local_address_is_ours_on_the_way_to_the_peer(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start()
        assert client.local_address(peer) == "127.0.0.1"
        assert scripted.associations == 0

    # find

    def test_find_yields_matches_decoded(self, client: DicomClient, peers: MemoryPeers) -> None:
        _, peer = peers.start(
            [a_holding(1, PatientName="Müller^Änne"), a_holding(1, study=2, PatientName="山田^太郎")]
        )
        matches = list(client.find(peer, ALL_STUDIES, Flag()))
        assert {match["PatientName"] for match in matches} == {"Müller^Änne", "山田^太郎"}
        assert {match["StudyInstanceUID"] for match in matches} == {a_uid(1), a_uid(2)}

    def test_find_sends_level_model_and_keys(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start()
        keys = {
            "PatientName": "Doe^J*",
            "StudyDate": "20260101-20261231",
            "ModalitiesInStudy": "CT\\MR",
            "StudyInstanceUID": f"{a_uid(1)}\\{a_uid(2)}",
            "SeriesInstanceUID": "",
            "Rows": "512",
        }
        query = Query(level=QueryLevel.SERIES, model=QueryModel.PATIENT_ROOT, keys=keys)
        assert list(client.find(peer, query, Flag())) == []
        assert scripted.requests[0] == query

    @pytest.mark.parametrize(
        "text", ["Müller*", "山*", "홍^길동", "Διονυσιος", "Люсия", "قباني^لنزار", "ß", "张"]
    )
    @pytest.mark.parametrize("character_set", ["", "ISO_IR 100", r"\ISO 2022 IR 87", "GB18030"])
    def test_find_sends_keys_beyond_ascii(
        self, client: DicomClient, peers: MemoryPeers, text: str, character_set: str
    ) -> None:
        scripted, peer = peers.start()
        query = Query(level=QueryLevel.STUDY, keys={"PatientName": text})
        assert list(client.find(replace(peer, character_set=character_set), query, Flag())) == []
        assert scripted.requests[0] == query

    def test_find_yields_each_match_as_it_comes(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start([a_holding(1, study=study) for study in range(1, 4)])
        scripted.script.faults[Service.FIND] = (Fault.DROPPED, 2)
        matches = client.find(peer, ALL_STUDIES, Flag())
        assert [next(matches)["StudyInstanceUID"], next(matches)["StudyInstanceUID"]] == [a_uid(1), a_uid(2)]
        with pytest.raises(PeerDropped):
            next(matches)

    def test_find_takes_values_by_hexadecimal_tag(self, client: DicomClient, peers: MemoryPeers) -> None:
        scripted, peer = peers.start()
        query = Query(level=QueryLevel.STUDY, keys={"00100010": "Doe", "00091001": "private"})
        assert list(client.find(peer, query, Flag())) == []
        asked = scripted.requests[0]
        assert isinstance(asked, Query)
        assert asked.keys in (
            {"PatientName": "Doe", "00091001": "private"},
            {"00100010": "Doe", "00091001": "private"},
        )

    @pytest.mark.parametrize(
        ("keys", "told"),
        [
            ({"PatientNaem": "x"}, "PatientNaem"),
            ({"StudyDate": "yesterday"}, "StudyDate"),
            ({"Rows": "many"}, "Rows"),
            ({"ReferencedStudySequence": ""}, "sequence"),
            ({"PixelData": "1"}, "binary"),
        ],
    )
    def test_find_refuses_keys_that_cannot_be_sent(
        self, client: DicomClient, peers: MemoryPeers, keys: dict[str, str], told: str
    ) -> None:
        scripted, peer = peers.start()
        with pytest.raises(InvalidInput, match=told) as error:
            list(client.find(peer, Query(level=QueryLevel.STUDY, keys=keys), Flag()))
        assert scripted.associations == 0
        if "PatientNaem" in keys:
            assert "PatientName" in error.value.hint

    def test_find_answers_a_key_as_it_was_asked_for(self, client: DicomClient, peers: MemoryPeers) -> None:
        _, peer = peers.start([a_holding(1)])
        keys = {"00100010": "", "PatientID": ""}
        (match,) = client.find(peer, Query(level=QueryLevel.STUDY, keys=keys), Flag())
        assert match["00100010"]
        assert match["PatientID"]
        assert "PatientName" not in match

    @pytest.mark.parametrize("status", [0xA700, 0xA900, 0xC000, 0xC123, 0x0122, 0x0211])
    def test_find_fails_with_the_status_in_words(
        self, client: DicomClient, peers: MemoryPeers, status: int
    ) -> None:
        scripted, peer = peers.start([a_holding(1)])
        scripted.script.final_statuses[Service.FIND] = status
        matches = client.find(peer, ALL_STUDIES, Flag())
        assert next(matches)
        with pytest.raises(PeerFailed, match=f"{status:04X}H") as told:
            next(matches)
        assert told.value.status == status
        eventually(lambda: scripted.requests[-1] == "release")

    def test_find_tells_that_it_was_cut_short_when_the_peer_ends_with_a_warning(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start([a_holding(1)])
        scripted.script.final_statuses[Service.FIND] = 0xB001
        matches = client.find(peer, ALL_STUDIES, Flag())
        assert next(matches)
        with pytest.raises(QueryCutShort, match="B001H"):
            next(matches)

    def test_find_sends_cancel_and_releases_when_closed_early(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start(
            [a_holding(1, study=study) for study in range(1, 20)], waits_for_cancel_after=3
        )
        matches = client.find(peer, ALL_STUDIES, Flag())
        assert next(matches)
        matches.close()  # type: ignore[attr-defined] # it is a generator
        eventually(lambda: scripted.requests[1:] == ["cancel", "release"])

    def test_find_sends_cancel_and_raises_when_cancelled(
        self, client: DicomClient, peers: MemoryPeers
    ) -> None:
        scripted, peer = peers.start(
            [a_holding(1, study=study) for study in range(1, 20)], waits_for_cancel_after=3
        )
        cancel = Flag()
        matches = client.find(peer, ALL_STUDIES, cancel)
        assert next(matches)
        cancel.cancel()
        with pytest.raises(Cancelled):
            list(matches)
        eventually(lambda: scripted.requests[1:] == ["cancel", "release"])


class TestMemoryDicomClient(MemoryCases, DicomClientContract):
    pass


class TestNativeDicomClient(NativeCases, DicomClientContract):
    pass


class TestPynetdicomDicomClient(PynetdicomCases, DicomClientContract):
    pass
