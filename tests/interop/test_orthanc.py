"""fileroom and Orthanc, each as the other's client: verify, query, retrieve, send."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import held_in
from tests.interop.peers import OrthancPeer, Peer
from tests.interop.questions import QUESTIONS
from tests.interop.studies import CHEST, HEAD, KNEE, PLAIN, STUDIES, Study, write_all

pytestmark = pytest.mark.interop

ASKED = (
    "patients",
    "patient-root images",
    "all studies",
    "series",
    "images",
    "date range",
    "wildcard",
    "list of UIDs",
    "modality of series",
)
"""Questions for Orthanc; the others differ for the peer in nothing but the words of our command."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Orthanc, which knows two AE titles of ours: one for what it holds, and one that holds the same itself."""

    orthanc: OrthancPeer
    our_port: int
    """Where it expects FILEROOM."""
    archive: FileroomCli
    """Holds the studies and listens as ARCHIVE."""
    knowing: FileroomCli
    """A data directory that knows Orthanc and is known there; to be copied where something is filed."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    files = write_all(folder / "files")
    archive = FileroomCli(folder / "archive", {"local.ae_title": "ARCHIVE"})
    archive.json("import", folder / "files")
    us = Peer(ae_title="FILEROOM", port=peers.free_port())
    orthanc_port = peers.free_port()
    archive.add_node("orthanc", ae_title="ORTHANC", port=orthanc_port)
    with archive.storage_scp() as listener:
        modalities = {"fileroom": us, "archive": Peer(ae_title="ARCHIVE", port=listener.port)}
        with peers.orthanc(folder / "orthanc", modalities=modalities, port=orthanc_port) as orthanc:
            for file in files:
                orthanc.upload(file.read_bytes())
            cli = FileroomCli(folder / "data", {"storage_scp.port": us.port, "network.settle_timeout": 5})
            cli.add_node("orthanc", ae_title=orthanc.ae_title, port=orthanc.port)
            yield Place(orthanc=orthanc, our_port=us.port, archive=archive, knowing=cli)


@pytest.fixture
def cli(place: Place, tmp_path: Path) -> FileroomCli:
    return place.knowing.copy(tmp_path / "data")


@pytest.fixture
def asking(place: Place) -> FileroomCli:
    """For questions, which leave nothing behind."""
    return place.knowing


def here(cli: FileroomCli) -> set[str]:
    """The SOP Instance UIDs of what is filed."""
    return set(held_in((cli.data_dir / "store").rglob("*.dcm")))


def identifiers_of(orthanc: OrthancPeer, study: Study) -> list[str]:
    """Orthanc's own identifiers of a study's instances."""
    return [
        one["ID"]
        for one in orthanc.json("GET", "/instances?expand")
        if one["MainDicomTags"]["SOPInstanceUID"] in study.instance_uids()
    ]


def forget(orthanc: OrthancPeer, study: Study) -> None:
    """Have Orthanc delete a study."""
    for identifier in identifiers_of(orthanc, study):
        orthanc.delete(identifier)


# fileroom asks -------------------------------------------------------------------------------------------------------


def test_echo_reaches_orthanc(asking: FileroomCli) -> None:
    answer = asking.json("echo", "orthanc")

    assert answer["ae_title"] == "ORTHANC"
    assert answer["dimse_status"] == "0000"


@pytest.mark.parametrize("question", ASKED)
def test_query_finds_what_orthanc_has(asking: FileroomCli, question: str) -> None:
    asked = QUESTIONS[question]

    document = asking.json("query", "--node", "orthanc", *asked.arguments)

    assert sorted(match[asked.keyword] for match in document["matches"]) == sorted(asked.answers)


def test_query_for_modalities_finds_the_studies_that_have_any(asking: FileroomCli) -> None:
    document = asking.json("query", "--node", "orthanc", "--modality", "MR,CR")

    found = {match["StudyInstanceUID"]: match["ModalitiesInStudy"] for match in document["matches"]}
    assert found.keys() == {HEAD.uid, KNEE.uid, PLAIN.uid}
    assert set(found[HEAD.uid].split("\\")) == {"CT", "MR"}


def test_query_ends_at_the_limit(asking: FileroomCli) -> None:
    assert len(asking.json("query", "--node", "orthanc", "--limit", "1")["matches"]) == 1


@pytest.mark.parametrize("via", ["move", "get"])
def test_retrieve_brings_study_series_and_instance(cli: FileroomCli, via: str) -> None:
    fetch = ("retrieve", "--node", "orthanc", "--via", via, "--study-instance-uid")
    in_series = ("--series-instance-uid", HEAD.series_uid(2))

    one = cli.json(*fetch, HEAD.uid, *in_series, "--sop-instance-uid", HEAD.instance_uid(2, 1))
    assert here(cli) == {HEAD.instance_uid(2, 1)}
    series = cli.json(*fetch, HEAD.uid, *in_series)
    assert here(cli) == HEAD.instance_uids(2)
    study = cli.json(*fetch, CHEST.uid)
    assert here(cli) == HEAD.instance_uids(2) | CHEST.instance_uids()

    assert [done["arrived"] for done in (one, series, study)] == [1, 2, 5]
    assert {done["missing"] for done in (one, series, study)} == {0}
    assert {done["via"] for done in (one, series, study)} == {via}


def test_sending_a_study_gives_it_to_orthanc(place: Place) -> None:
    forget(place.orthanc, KNEE)

    document = place.archive.json(
        "send", "study", "--study-instance-uid", KNEE.uid, "--destination-node", "orthanc"
    )

    assert document["sent"] == KNEE.instances
    assert len(identifiers_of(place.orthanc, KNEE)) == KNEE.instances


# Orthanc asks --------------------------------------------------------------------------------------------------------


def test_orthanc_verifies_us(place: Place) -> None:
    place.orthanc.echo("archive")


@pytest.mark.parametrize(
    ("level", "keys", "keyword", "answers"),
    [
        ("Patient", {"PatientName": "Do*"}, "PatientID", {"P1", "P2"}),
        ("Study", {"StudyDate": "20260201-20260228"}, "StudyInstanceUID", {CHEST.uid, KNEE.uid}),
        ("Study", {"ModalitiesInStudy": "MR"}, "StudyInstanceUID", {HEAD.uid, KNEE.uid}),
        ("Study", {"StudyDescription": "*chest*"}, "StudyInstanceUID", {CHEST.uid, PLAIN.uid}),
        (
            "Series",
            {"StudyInstanceUID": HEAD.uid, "Modality": "MR\\CR"},
            "SeriesInstanceUID",
            {HEAD.series_uid(2)},
        ),
        (
            "Instance",
            {"StudyInstanceUID": CHEST.uid, "SeriesInstanceUID": CHEST.series_uid(), "SOPInstanceUID": ""},
            "SOPInstanceUID",
            CHEST.instance_uids(),
        ),
    ],
)
def test_orthanc_finds_what_we_have(
    place: Place, level: str, keys: dict[str, str], keyword: str, answers: set[str]
) -> None:
    query = place.orthanc.query("archive", level, {keyword: "", **keys})

    found = [answer[keyword] for answer in place.orthanc.answers(query)]
    assert sorted(found) == sorted(answers)


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        ("Study", {"StudyInstanceUID": CHEST.uid}),
        ("Series", {"StudyInstanceUID": CHEST.uid, "SeriesInstanceUID": CHEST.series_uid()}),
    ],
)
def test_orthanc_retrieves_from_us(place: Place, level: str, keys: dict[str, str]) -> None:
    forget(place.orthanc, CHEST)

    place.orthanc.retrieve(place.orthanc.query("archive", level, keys))

    peers.wait_until(
        lambda: len(identifiers_of(place.orthanc, CHEST)) == CHEST.instances, "Orthanc has the study"
    )


def test_orthanc_sends_to_us(place: Place, cli: FileroomCli) -> None:
    with cli.storage_scp(port=place.our_port) as listener:
        outcome = place.orthanc.store("fileroom", place.orthanc.instances())

    expected = set[str]().union(*(study.instance_uids() for study in STUDIES))
    assert outcome["FailedInstancesCount"] == 0
    assert here(cli) == expected
    assert listener.summary["objects_stored"] == len(expected)


def test_orthanc_is_told_when_the_destination_is_unknown(place: Place) -> None:
    query = place.orthanc.query("archive", "Study", {"StudyInstanceUID": PLAIN.uid})

    with pytest.raises(HTTPError):
        place.orthanc.retrieve(query, target_ae="NOBODY")

    assert "NOBODY, which is no registered node" in place.archive.log()
