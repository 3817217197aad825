"""fileroom as the client of DCMTK's archive: verify, query, retrieve, send."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import held_in
from tests.interop.peers import Peer, StoringPeer
from tests.interop.questions import QUESTIONS, Question
from tests.interop.studies import CHEST, HEAD, KNEE, STUDIES, write_all

pytestmark = pytest.mark.interop


@dataclass(frozen=True, kw_only=True)
class Place:
    """An archive that holds the studies, and the port where it expects fileroom."""

    archive: StoringPeer
    our_port: int
    files: list[Path]
    knowing: FileroomCli
    """A data directory that knows the archive and is known there; to be copied where something is filed."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    files = write_all(folder / "files")
    us = Peer(ae_title="FILEROOM", port=peers.free_port())
    with peers.dcmqrscp(folder / "archive", clients=[us]) as archive:
        stored = peers.storescu(archive, *files)
        assert stored.returncode == 0, stored.stdout
        cli = FileroomCli(folder / "data", {"storage_scp.port": us.port, "network.settle_timeout": 5})
        cli.add_node("archive", ae_title=archive.ae_title, port=archive.port)
        yield Place(archive=archive, our_port=us.port, files=files, knowing=cli)


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


def test_echo_tells_who_answers(asking: FileroomCli) -> None:
    answer = asking.json("echo", "archive")

    assert answer["status"] == "success"
    assert answer["ae_title"] == "DCMQRSCP"
    assert answer["implementation_version"].startswith("OFFIS_DCMTK")


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_query_finds_what_is_there(asking: FileroomCli, question: Question) -> None:
    document = asking.json("query", "--node", "archive", *question.arguments)

    assert sorted(match[question.keyword] for match in document["matches"]) == sorted(question.answers)


def test_query_for_modalities_of_studies_keeps_what_the_archive_does_not_tell(asking: FileroomCli) -> None:
    """Dcmqrscp knows no ModalitiesInStudy: it neither matches nor returns it, so that no study can be left out."""
    document = asking.json("query", "--node", "archive", "--modality", "CT,CR")

    found = [match["StudyInstanceUID"] for match in document["matches"]]
    assert sorted(found) == sorted(study.uid for study in STUDIES)
    assert all("ModalitiesInStudy" not in match for match in document["matches"])


def test_query_ends_at_the_limit(asking: FileroomCli) -> None:
    document = asking.json("query", "--node", "archive", "--limit", "2")

    assert len(document["matches"]) == 2


@pytest.mark.parametrize("via", ["move", "get"])
@pytest.mark.parametrize("level", ["study", "series", "image"])
def test_retrieve_brings_what_is_asked_for(cli: FileroomCli, via: str, level: str) -> None:
    selections = {
        "study": (["--study-instance-uid", HEAD.uid], HEAD.instance_uids()),
        "series": (
            ["--study-instance-uid", HEAD.uid, "--series-instance-uid", HEAD.series_uid(2)],
            HEAD.instance_uids(2),
        ),
        "image": (
            [
                *("--study-instance-uid", HEAD.uid, "--series-instance-uid", HEAD.series_uid(2)),
                *("--sop-instance-uid", HEAD.instance_uid(2, 1)),
            ],
            {HEAD.instance_uid(2, 1)},
        ),
    }
    arguments, expected = selections[level]

    document = cli.json("retrieve", "--node", "archive", "--via", via, *arguments)

    assert here(cli) == expected
    assert document["via"] == via
    assert document["expected"] == document["arrived"] == len(expected)
    assert document["missing"] == 0
    assert document["sub_operations"]["completed"] == len(expected)


def test_retrieve_chooses_by_itself_and_says_what_was_here_before(cli: FileroomCli) -> None:
    first = cli.json("retrieve", "--node", "archive", "--study-instance-uid", CHEST.uid)
    again = cli.json("retrieve", "--node", "archive", "--study-instance-uid", CHEST.uid, "--via", "auto")

    assert first["via"] == again["via"] == "move"
    assert (first["arrived"], first["already_here"]) == (CHEST.instances, 0)
    assert (again["arrived"], again["already_here"]) == (CHEST.instances, CHEST.instances)
    assert cli.json("node", "show", "archive")["node"]["retrieve"] == "move"


def test_retrieve_arrives_at_the_listener_that_runs(cli: FileroomCli, place: Place) -> None:
    with cli.storage_scp(port=place.our_port) as listener:
        document = cli.json(
            "retrieve", "--node", "archive", "--study-instance-uid", CHEST.uid, "--via", "move"
        )

    assert document["arrived"] == CHEST.instances
    assert listener.summary["objects_stored"] == CHEST.instances
    assert here(cli) == CHEST.instance_uids()


@pytest.mark.parametrize("jobs", [1, 4])
def test_sending_files_stores_each_once(cli: FileroomCli, place: Place, tmp_path: Path, jobs: int) -> None:
    with peers.storescp(tmp_path / "storescp") as peer:
        document = cli.json(
            "send", "files", *place.files, "--to", f"{peer.host}:{peer.port}", "--jobs", str(jobs)
        )
        received = held_in(peer.files())

    expected = set[str]().union(*(study.instance_uids() for study in STUDIES))
    assert received.keys() == expected
    assert document["sent"] == document["objects"] == len(expected)
    # The first ones may have sent everything before the last one stands.
    assert 1 <= document["associations"] <= jobs


def test_sending_what_is_here_by_study_series_and_instance(
    cli: FileroomCli, place: Place, tmp_path: Path
) -> None:
    cli.json("import", place.files[0].parent)
    with peers.dcmqrscp(tmp_path / "destination", ae_title="DESTINATION") as destination:
        cli.add_node("destination", ae_title=destination.ae_title, port=destination.port)
        to = ("--destination-node", "destination")
        cli.json("send", "study", "--study-instance-uid", KNEE.uid, *to)
        cli.json("send", "series", "--series-instance-uid", HEAD.series_uid(2), *to)
        cli.json("send", "instance", "--sop-instance-uid", CHEST.instance_uid(1, 3), *to)
        received = held_in(destination.files())

    assert received.keys() == KNEE.instance_uids() | HEAD.instance_uids(2) | {CHEST.instance_uid(1, 3)}
