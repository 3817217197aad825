"""DCMTK's clients against fileroom's listener: C-ECHO, C-FIND, C-MOVE, C-GET, and who is let in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from tests.fileroom_cli import FileroomCli, RunningListener
from tests.interop import peers
from tests.interop.holdings import as_sent, held_in
from tests.interop.peers import Peer, StoringPeer
from tests.interop.samples import all_samples
from tests.interop.studies import CHEST, HEAD, KNEE, PLAIN, STUDIES, write_all

pytestmark = pytest.mark.interop

ALL = {study.uid for study in STUDIES}


@dataclass(frozen=True, kw_only=True)
class Place:
    """A listener that holds the studies, and a storescp that it knows as a node."""

    us: Peer
    destination: StoringPeer
    files: dict[str, Path]
    """What was imported, by SOP Instance UID."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    files = write_all(folder / "files")
    cli = FileroomCli(folder / "data")
    cli.json("import", folder / "files")
    arguments = ("--accept-all", "+B", "--fork")
    with (
        peers.storescp(folder / "storescp", arguments=arguments) as destination,
        cli.storage_scp() as listener,
    ):
        cli.add_node("destination", ae_title=destination.ae_title, port=destination.port)
        yield Place(us=peer_of(listener), destination=destination, files={path.stem: path for path in files})


def peer_of(listener: RunningListener) -> Peer:
    return Peer(ae_title=listener.ae_title, port=listener.port)


def found(us: Peer, model: str, keys: Mapping[str, str], folder: Path) -> list[pydicom.Dataset]:
    """The matches of a findscu."""
    folder.mkdir()
    ran = peers.findscu(us, keys, model=model, folder=folder)
    assert ran.returncode == 0, ran.stdout
    return [pydicom.dcmread(path, force=True) for path in sorted(folder.iterdir())]


def test_echo_is_answered(place: Place) -> None:
    ran = peers.echoscu(place.us)

    assert ran.returncode == 0, ran.stdout


PATIENT, STUDY = "--patient", "--study"
QUERIES: dict[str, tuple[str, dict[str, str], str, set[str]]] = {
    "patients": (
        PATIENT,
        {"QueryRetrieveLevel": "PATIENT", "PatientName": "D*"},
        "PatientID",
        {"P1", "P2"},
    ),
    "studies of a patient": (
        PATIENT,
        {"QueryRetrieveLevel": "STUDY", "PatientID": "P1"},
        "StudyInstanceUID",
        {HEAD.uid, CHEST.uid},
    ),
    "series of a patient's study": (
        PATIENT,
        {"QueryRetrieveLevel": "SERIES", "PatientID": "P1", "StudyInstanceUID": HEAD.uid},
        "SeriesInstanceUID",
        {HEAD.series_uid(1), HEAD.series_uid(2)},
    ),
    "images of a patient's series": (
        PATIENT,
        {
            "QueryRetrieveLevel": "IMAGE",
            "PatientID": "P1",
            "StudyInstanceUID": CHEST.uid,
            "SeriesInstanceUID": CHEST.series_uid(),
        },
        "SOPInstanceUID",
        CHEST.instance_uids(),
    ),
    "studies": (STUDY, {"QueryRetrieveLevel": "STUDY"}, "StudyInstanceUID", ALL),
    "studies in a range of dates": (
        STUDY,
        {"QueryRetrieveLevel": "STUDY", "StudyDate": "20260215-"},
        "StudyInstanceUID",
        {CHEST.uid, KNEE.uid, PLAIN.uid},
    ),
    "studies by modality": (
        STUDY,
        {"QueryRetrieveLevel": "STUDY", "ModalitiesInStudy": "CR\\MR"},
        "StudyInstanceUID",
        {HEAD.uid, KNEE.uid, PLAIN.uid},
    ),
    "studies by a list of UIDs": (
        STUDY,
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": f"{HEAD.uid}\\{KNEE.uid}"},
        "StudyInstanceUID",
        {HEAD.uid, KNEE.uid},
    ),
    "series": (
        STUDY,
        {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": HEAD.uid, "Modality": "MR"},
        "SeriesInstanceUID",
        {HEAD.series_uid(2)},
    ),
    "images": (
        STUDY,
        {
            "QueryRetrieveLevel": "IMAGE",
            "StudyInstanceUID": CHEST.uid,
            "SeriesInstanceUID": CHEST.series_uid(),
            "InstanceNumber": "3",
        },
        "SOPInstanceUID",
        {CHEST.instance_uid(1, 3)},
    ),
    "nothing": (
        STUDY,
        {"QueryRetrieveLevel": "STUDY", "PatientID": "NOBODY"},
        "StudyInstanceUID",
        set(),
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_query_is_answered(place: Place, tmp_path: Path, name: str) -> None:
    model, keys, keyword, answers = QUERIES[name]

    matches = found(place.us, model, {keyword: "", **keys}, tmp_path / "found")

    assert sorted(str(match[keyword].value) for match in matches) == sorted(answers)


def test_query_is_told_the_counts_that_it_asks_for(place: Place, tmp_path: Path) -> None:
    keys = {
        "QueryRetrieveLevel": "STUDY",
        "StudyInstanceUID": HEAD.uid,
        "ModalitiesInStudy": "",
        "NumberOfStudyRelatedSeries": "",
        "NumberOfStudyRelatedInstances": "",
        "StudyDescription": "",
    }

    [match] = found(place.us, STUDY, keys, tmp_path / "found")

    assert set(match.ModalitiesInStudy) == {"CT", "MR"}
    assert (match.NumberOfStudyRelatedSeries, match.NumberOfStudyRelatedInstances) == (2, 4)
    assert match.StudyDescription == "Head"
    assert match.RetrieveAETitle == place.us.ae_title


def test_query_is_cancelled_when_the_client_has_enough(place: Place) -> None:
    ran = peers.findscu(
        place.us,
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""},
        arguments=("--cancel", "1", "--verbose"),
    )

    assert ran.returncode == 0, ran.stdout
    assert "Cancel" in ran.stdout


SELECTIONS: dict[str, tuple[str, dict[str, str], set[str]]] = {
    "patient": (PATIENT, {"PatientID": "P1"}, HEAD.instance_uids() | CHEST.instance_uids()),
    "study of a patient": (
        PATIENT,
        {"PatientID": "P1", "StudyInstanceUID": CHEST.uid},
        CHEST.instance_uids(),
    ),
    "study": (STUDY, {"StudyInstanceUID": HEAD.uid}, HEAD.instance_uids()),
    "series": (
        STUDY,
        {"StudyInstanceUID": HEAD.uid, "SeriesInstanceUID": HEAD.series_uid(2)},
        HEAD.instance_uids(2),
    ),
    "images": (
        STUDY,
        {
            "StudyInstanceUID": CHEST.uid,
            "SeriesInstanceUID": CHEST.series_uid(),
            "SOPInstanceUID": f"{CHEST.instance_uid(1, 2)}\\{CHEST.instance_uid(1, 4)}",
        },
        {CHEST.instance_uid(1, 2), CHEST.instance_uid(1, 4)},
    ),
}
LEVELS = {
    "patient": "PATIENT",
    "study of a patient": "STUDY",
    "study": "STUDY",
    "series": "SERIES",
    "images": "IMAGE",
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_retrieve_by_c_move_reaches_the_registered_node(place: Place, name: str) -> None:
    model, keys, expected = SELECTIONS[name]
    for path in place.destination.files():
        path.unlink()

    ran = peers.movescu(
        place.us,
        {"QueryRetrieveLevel": LEVELS[name], **keys},
        model=model,
        destination=place.destination.ae_title,
    )

    assert ran.returncode == 0, ran.stdout
    assert held_in(place.destination.files()) == held_in(place.files[uid] for uid in expected)


@pytest.mark.parametrize("name", SELECTIONS)
def test_retrieve_by_c_get_brings_the_same_bytes(place: Place, tmp_path: Path, name: str) -> None:
    model, keys, expected = SELECTIONS[name]

    ran = peers.getscu(
        place.us,
        {"QueryRetrieveLevel": LEVELS[name], **keys},
        model=model,
        folder=tmp_path,
        arguments=("+B",),
    )

    assert ran.returncode == 0, ran.stdout
    assert held_in(tmp_path.iterdir()) == held_in(place.files[uid] for uid in expected)


def test_move_to_an_unknown_destination_is_refused(place: Place) -> None:
    ran = peers.movescu(
        place.us,
        {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": HEAD.uid},
        destination="NOBODY",
        arguments=("--verbose",),
    )

    assert ran.returncode != 0
    assert "MoveDestinationUnknown" in ran.stdout


def test_objects_of_many_syntaxes_leave_as_they_came(tmp_path: Path) -> None:
    """What DCMTK's storescp keeps of a C-MOVE is what was filed, compressed objects included."""
    wanted = [one for one in all_samples() if one.name.startswith(("test_files/SC_", "test_files/MR_small"))]
    sources = tmp_path / "files"
    sources.mkdir()
    for one in wanted:
        one.write_to(sources)
    cli = FileroomCli(tmp_path / "data")
    cli.json("import", sources)
    with (
        peers.storescp(tmp_path / "storescp", arguments=("--accept-all", "+B")) as destination,
        cli.storage_scp() as listener,
    ):
        cli.add_node("destination", ae_title=destination.ae_title, port=destination.port)
        for study in sorted({one.study_instance_uid for one in wanted}):
            ran = peers.movescu(
                peer_of(listener),
                {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": study},
                destination=destination.ae_title,
            )
            assert ran.returncode == 0, ran.stdout

    assert held_in(destination.files()) == as_sent(wanted)


# Who is let in -------------------------------------------------------------------------------------------------------


def test_caller_that_is_not_on_the_list_is_refused_with_the_reason(tmp_path: Path) -> None:
    cli = FileroomCli(
        tmp_path / "data",
        {"storage_scp.allowed_calling_ae_titles": "FRIEND", "storage_scp.bind": peers.LOOPBACK},
    )
    with cli.storage_scp() as listener:
        stranger = peers.echoscu(peer_of(listener), calling="STRANGER")
        friend = peers.echoscu(peer_of(listener), calling="FRIEND")

    assert friend.returncode == 0, friend.stdout
    assert stranger.returncode != 0
    assert "Rejected Permanent" in stranger.stdout
    assert "Source: Service User" in stranger.stdout
    assert "Reason: Calling AE Title Not Recognized" in stranger.stdout
    assert (listener.summary["associations_accepted"], listener.summary["associations_refused"]) == (1, 1)


def test_address_that_is_not_on_the_list_is_refused(tmp_path: Path) -> None:
    cli = FileroomCli(
        tmp_path / "data", {"storage_scp.allowed_peers": "192.0.2.0/24", "storage_scp.bind": peers.LOOPBACK}
    )
    with cli.storage_scp() as listener:
        ran = peers.echoscu(peer_of(listener))

    assert ran.returncode != 0
    assert "Rejected Permanent" in ran.stdout
    assert listener.summary["associations_refused"] == 1


def test_wrong_called_title_is_refused_where_ours_is_required(tmp_path: Path) -> None:
    cli = FileroomCli(tmp_path / "data", {"storage_scp.require_called_ae_title": "true"})
    with cli.storage_scp() as listener:
        wrong = peers.echoscu(Peer(ae_title="SOMEBODY", port=listener.port))
        right = peers.echoscu(peer_of(listener))

    assert right.returncode == 0, right.stdout
    assert wrong.returncode != 0
    assert "Reason: Called AE Title Not Recognized" in wrong.stdout


def test_listener_that_only_stores_accepts_no_query(tmp_path: Path) -> None:
    cli = FileroomCli(tmp_path / "data", {"storage_scp.query_retrieve": "false"})
    with cli.storage_scp() as listener:
        ran = peers.findscu(peer_of(listener), {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": ""})

    assert ran.returncode != 0
    assert "No Acceptable Presentation Contexts" in ran.stdout
