"""Queries: streamed, ended early with C-CANCEL, and merged where several are needed."""

from dataclasses import dataclass, field

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.script import Fault, Holding
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.use_cases.query_node import QueryNode, QueryRequest
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import Cancelled, InvalidInput, NotFound, PeerDropped, PeerFailed
from fileroom.domain.node import Node
from fileroom.domain.query import DEFAULT_KEYS, Query, QueryLevel, QueryModel
from tests.builders import a_record, a_uid
from tests.unit.application.rooms import PatientToken


def a_holding(study: int, modality: str = "CT", series: int = 1) -> Holding:
    record = a_record(study=study, series=series, Modality=modality)
    uids = {
        "SOPInstanceUID": record.sop_instance_uid,
        "SOPClassUID": record.sop_class_uid,
        "SeriesInstanceUID": record.series_instance_uid,
        "StudyInstanceUID": record.study_instance_uid,
    }
    return Holding(attributes={**record.attributes, **uids})


@dataclass
class Desk:
    """A node that holds studies, and how it is asked."""

    holdings: tuple[Holding, ...] = tuple(a_holding(study) for study in range(1, 6))
    cancel: PatientToken = field(default_factory=PatientToken)
    progress: RecordingProgress = field(default_factory=RecordingProgress)

    def __post_init__(self) -> None:
        """Join everything."""
        network = MemoryNetwork()
        self.peer = ScriptedPeer(network, holdings=self.holdings)
        self.nodes = MemoryNodeRepository()
        self.nodes.add(Node(name="pacs", ae_title=AeTitle("PEER"), host="peer", port=104))
        self.use_case = QueryNode(nodes=self.nodes, client=MemoryDicomClient(network, AeTitle("FILEROOM")))

    def studies(self, request: QueryRequest) -> list[str]:
        """Return the studies that are found, by number."""
        result = self.use_case.execute(request, progress=self.progress, cancel=self.cancel)
        return [match["StudyInstanceUID"].rpartition(".")[2] for match in result.matches]

    def queries(self) -> list[Query]:
        """Return what the node was asked."""
        return [request for request in self.peer.requests if isinstance(request, Query)]


def test_query_returns_every_match_with_the_usual_keys() -> None:
    desk = Desk()
    assert desk.studies(QueryRequest(target="pacs")) == ["1", "2", "3", "4", "5"]
    assert set(desk.queries()[0].keys) == set(DEFAULT_KEYS[QueryLevel.STUDY])
    assert [one.done for one in desk.progress.reports] == [1, 2, 3, 4, 5]


def test_keys_that_are_given_restrict_and_are_returned() -> None:
    desk = Desk()
    request = QueryRequest(target="PACS", keys={"PatientID": "P3", "InstitutionName": ""})
    result = desk.use_case.execute(request, progress=desk.progress, cancel=desk.cancel)
    assert (result.name, len(result.matches), result.limited) == ("pacs", 1, False)
    assert "InstitutionName" in result.matches[0]


def test_address_is_asked_without_a_node() -> None:
    assert len(Desk().studies(QueryRequest(target="peer:104"))) == 5


def test_unknown_node_is_told_with_the_nearest() -> None:
    desk = Desk()
    with pytest.raises(NotFound) as caught:
        desk.studies(QueryRequest(target="pcas"))
    assert caught.value.hint == "did you mean 'pacs'?"


@pytest.mark.parametrize("target", ["pacs:", "pacs:port", ":104", "a:b:c"])
def test_target_that_is_neither_node_nor_address_is_told(target: str) -> None:
    with pytest.raises(NotFound, match="neither a node nor HOST:PORT"):
        Desk().studies(QueryRequest(target=target))


def test_match_is_there_before_the_next_one_is_asked_for() -> None:
    desk = Desk()
    desk.peer.script.faults = {Service.FIND: (Fault.DROPPED, 2)}
    stream = desk.use_case.stream(QueryRequest(target="pacs"), progress=desk.progress, cancel=desk.cancel)
    assert [next(stream)["PatientID"], next(stream)["PatientID"]] == ["P1", "P2"]
    with pytest.raises(PeerDropped):
        next(stream)


def test_closing_the_stream_sends_cancel_and_releases() -> None:
    desk = Desk()
    stream = desk.use_case.stream(QueryRequest(target="pacs"), progress=desk.progress, cancel=desk.cancel)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert desk.peer.requests[1:] == ["cancel", "release"]


def test_limit_ends_the_query_with_cancel() -> None:
    desk = Desk()
    request = QueryRequest(target="pacs", limit=2)
    result = desk.use_case.execute(request, progress=desk.progress, cancel=desk.cancel)
    assert (len(result.matches), result.limited) == (2, True)
    assert desk.peer.requests[1:] == ["cancel", "release"]


def test_limit_that_is_not_reached_does_not_matter() -> None:
    desk = Desk()
    request = QueryRequest(target="pacs", limit=6)
    result = desk.use_case.execute(request, progress=desk.progress, cancel=desk.cancel)
    assert (len(result.matches), result.limited) == (5, False)
    assert desk.peer.requests[1:] == ["release"]


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_that_leaves_nothing_is_refused(limit: int) -> None:
    desk = Desk()
    with pytest.raises(InvalidInput):
        desk.studies(QueryRequest(target="pacs", limit=limit))
    assert desk.peer.requests == []


def test_several_modalities_are_asked_for_one_by_one_and_merged_without_doubles() -> None:
    desk = Desk(
        holdings=(
            a_holding(1, "CT"),
            a_holding(2, "MR"),
            a_holding(3, "US"),
            a_holding(4, "CT"),
            a_holding(4, "MR", series=2),
        )
    )
    assert desk.studies(QueryRequest(target="pacs", modalities=("CT", "MR"))) == ["1", "4", "2"]
    assert [query.keys["ModalitiesInStudy"] for query in desk.queries()] == ["CT", "MR"]


def test_limit_counts_over_all_modalities_and_asks_no_further() -> None:
    desk = Desk(holdings=(a_holding(1, "CT"), a_holding(2, "CT"), a_holding(3, "MR")))
    assert desk.studies(QueryRequest(target="pacs", modalities=("CT", "MR"), limit=2)) == ["1", "2"]
    assert len(desk.queries()) == 1


class _Ignores(ScriptedPeer):
    """A node that returns the modalities of a study and does not match by them."""

    def matches(self, query: Query) -> list[dict[str, str]]:  # type: ignore[override]
        """Answer as if no modality had been given."""
        keys = {**query.keys, "ModalitiesInStudy": ""}
        return [dict(one) for one in super().matches(Query(level=query.level, model=query.model, keys=keys))]


def test_modality_is_chosen_here_when_the_node_ignores_the_key() -> None:
    desk = Desk()
    network = MemoryNetwork()
    holdings = (a_holding(1, "CT"), a_holding(2, "MR"), a_holding(3, "CT"), a_holding(3, "MR", series=2))
    desk.peer = _Ignores(network, holdings=holdings)
    desk.use_case = QueryNode(nodes=desk.nodes, client=MemoryDicomClient(network, AeTitle("FILEROOM")))
    assert desk.studies(QueryRequest(target="pacs", modalities=("MR",))) == ["2", "3"]


def test_everything_is_returned_once_when_the_node_neither_matches_nor_tells_modalities() -> None:
    desk = Desk()
    desk.peer.script.ignored_keys = frozenset({"ModalitiesInStudy"})
    assert desk.studies(QueryRequest(target="pacs", modalities=("CT", "MR"))) == ["1", "2", "3", "4", "5"]


def test_series_are_asked_for_by_their_own_modality() -> None:
    desk = Desk(holdings=(a_holding(1, "CT"), a_holding(1, "MR", series=2)))
    request = QueryRequest(
        target="pacs", level=QueryLevel.SERIES, keys={"StudyInstanceUID": a_uid(1)}, modalities=("MR",)
    )
    result = desk.use_case.execute(request, progress=desk.progress, cancel=desk.cancel)
    assert [match["SeriesInstanceUID"] for match in result.matches] == [a_uid(1, 2)]


def test_patients_are_not_asked_for_by_modality() -> None:
    request = QueryRequest(
        target="pacs", level=QueryLevel.PATIENT, model=QueryModel.PATIENT_ROOT, modalities=("CT",)
    )
    with pytest.raises(InvalidInput, match="no modality"):
        Desk().studies(request)


def test_patients_are_not_asked_for_in_the_study_root() -> None:
    with pytest.raises(InvalidInput) as caught:
        Desk().studies(QueryRequest(target="pacs", level=QueryLevel.PATIENT))
    assert "patient-root" in caught.value.hint


def test_unknown_key_is_refused_before_anything_is_sent() -> None:
    desk = Desk()
    with pytest.raises(InvalidInput):
        desk.studies(QueryRequest(target="pacs", keys={"PatientNmae": "Doe"}))
    assert desk.peer.associations == 0


def test_failure_of_the_node_is_raised() -> None:
    desk = Desk()
    desk.peer.script.final_statuses = {Service.FIND: 0xA700}
    with pytest.raises(PeerFailed) as caught:
        desk.studies(QueryRequest(target="pacs"))
    assert caught.value.status == 0xA700


def test_cancel_is_sent_to_the_node() -> None:
    desk = Desk()
    stream = desk.use_case.stream(QueryRequest(target="pacs"), progress=desk.progress, cancel=desk.cancel)
    next(stream)
    desk.cancel.cancelled = True
    with pytest.raises(Cancelled):
        next(stream)
    assert desk.peer.requests[1:] == ["cancel", "release"]
