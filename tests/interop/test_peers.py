"""The peers that the other tests rely on start, answer and keep what they are sent."""

from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.interop import peers
from tests.interop.peers import Peer

pytestmark = pytest.mark.interop


@pytest.fixture
def ct_file() -> Path:
    """A CT image that comes with pydicom."""
    path = get_testdata_file("CT_small.dcm", download=False)
    assert isinstance(path, str)
    return Path(path)


def study_of(path: Path) -> dict[str, str]:
    """The keys that ask for the study of a file."""
    return {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": str(pydicom.dcmread(path).StudyInstanceUID)}


def assert_finds(peer: Peer, path: Path, folder: Path) -> None:
    """The peer answers exactly one match to a query for the study of the file."""
    folder.mkdir()

    found = peers.findscu(peer, {**study_of(path), "PatientID": ""}, folder=folder)

    assert found.returncode == 0, found.stdout
    [match] = folder.iterdir()
    assert pydicom.dcmread(match, force=True).PatientID == pydicom.dcmread(path).PatientID


@pytest.mark.parametrize("nodelay", [True, False])
def test_storescp_keeps_what_storescu_sends(tmp_path: Path, ct_file: Path, *, nodelay: bool) -> None:
    with peers.storescp(tmp_path, nodelay=nodelay) as peer:
        echoed = peers.echoscu(peer)
        stored = peers.storescu(peer, ct_file, nodelay=nodelay)
        peers.wait_until(lambda: bool(peer.files()), "the object is stored")

    assert echoed.returncode == 0, echoed.stdout
    assert stored.returncode == 0, stored.stdout
    [received] = peer.files()
    assert pydicom.dcmread(received).SOPInstanceUID == pydicom.dcmread(ct_file).SOPInstanceUID


def test_dcmqrscp_stores_finds_moves_and_gets(tmp_path: Path, ct_file: Path) -> None:
    got = tmp_path / "got"
    got.mkdir()
    with (
        peers.storescp(tmp_path / "destination") as destination,
        peers.dcmqrscp(tmp_path / "archive", clients=[destination]) as archive,
    ):
        assert peers.echoscu(archive).returncode == 0
        stored = peers.storescu(archive, ct_file)
        assert stored.returncode == 0, stored.stdout
        assert_finds(archive, ct_file, tmp_path / "found")

        moved = peers.movescu(archive, study_of(ct_file), destination=destination.ae_title)
        assert moved.returncode == 0, moved.stdout
        retrieved = peers.getscu(archive, study_of(ct_file), folder=got)
        assert retrieved.returncode == 0, retrieved.stdout

        peers.wait_until(lambda: bool(destination.files()), "the moved object is stored")
    assert len(archive.files()) == len(destination.files()) == len(list(got.iterdir())) == 1


def test_orthanc_stores_finds_queries_and_retrieves(tmp_path: Path, ct_file: Path) -> None:
    uid = pydicom.dcmread(ct_file).SOPInstanceUID
    own = Peer(ae_title="ORTHANC", port=peers.free_port())
    with (
        peers.dcmqrscp(tmp_path / "archive", clients=[own]) as archive,
        peers.orthanc(tmp_path / "orthanc", modalities={"archive": archive}, port=own.port) as orthanc,
    ):
        assert peers.echoscu(orthanc).returncode == 0
        stored = peers.storescu(orthanc, ct_file)
        assert stored.returncode == 0, stored.stdout
        assert orthanc.sop_instance_uids() == {uid}
        assert_finds(orthanc, ct_file, tmp_path / "found")

        orthanc.echo("archive")
        [instance] = orthanc.instances()
        assert orthanc.store("archive", [instance])["FailedInstancesCount"] == 0
        orthanc.delete(instance)
        assert orthanc.instances() == []

        query = orthanc.query("archive", "Study", {"StudyInstanceUID": study_of(ct_file)["StudyInstanceUID"]})
        [answer] = orthanc.answers(query)
        assert answer["StudyInstanceUID"] == study_of(ct_file)["StudyInstanceUID"]
        orthanc.retrieve(query)
        assert orthanc.sop_instance_uids() == {uid}
        assert orthanc.upload(orthanc.file(instance)) == instance


def test_missing_program_skips_unless_peers_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FILEROOM_REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception):
        peers.program("no-such-peer")

    monkeypatch.setenv("FILEROOM_REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception):
        peers.program("no-such-peer")
