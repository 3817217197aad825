"""Sending to DCMTK's storescp that takes implicit VR little endian and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import UID

from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.peers import StoringPeer
from tests.samples import BUNDLED

pytestmark = pytest.mark.interop

EXPLICIT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
IMPLICIT = next(path for path in BUNDLED if path.name == "MR_small_implicit.dcm")
COMPRESSED = next(path for path in BUNDLED if path.name == "MR_small_RLE.dcm")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[StoringPeer]:
    """A peer that takes implicit VR little endian only."""
    with peers.storescp(tmp_path / "peer", arguments=("+xi", "+B")) as running:
        yield running


@pytest.fixture
def cli(tmp_path: Path) -> FileroomCli:
    """The program."""
    return FileroomCli(tmp_path / "room")


def send(cli: FileroomCli, peer: StoringPeer, *arguments: str | Path, code: int = 0) -> dict[str, Any]:
    """Send files and return the document."""
    where = ("--to", f"127.0.0.1:{peer.port}", "--called-ae-title", peer.ae_title)
    ran = cli.run("send", "files", *arguments, *where, "--json")
    assert ran.code == code, ran.stdout + ran.stderr
    return ran.document


def test_object_is_converted_where_the_peer_does_not_take_it_as_it_is(
    cli: FileroomCli, peer: StoringPeer
) -> None:
    document = send(cli, peer, EXPLICIT, IMPLICIT)

    assert (document["sent"], document["transcoded"]) == (2, 1)
    assert document["transcoded_to"] == {"implicit-vr-little-endian": 1}
    session = Path(document["session_log"]).read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[-1] for line in session] == ["transcoded_to", "1.2.840.10008.1.2", ""]
    received = {each.SOPInstanceUID: each for each in map(dcmread, peer.files())}
    there, here = received[dcmread(EXPLICIT).SOPInstanceUID], dcmread(EXPLICIT)
    assert there.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2"
    assert there.PixelData == here.PixelData
    assert there.PatientName == here.PatientName


def test_object_stays_here_where_it_is_not_to_be_converted(cli: FileroomCli, peer: StoringPeer) -> None:
    document = send(cli, peer, EXPLICIT, IMPLICIT, "--transcode", "never", code=3)

    assert (document["sent"], document["transcoded"], document["failed"]) == (1, 0, 1)
    (failure,) = document["failures"]
    assert failure["kind"] == "no_accepted_context"
    assert "Explicit VR Little Endian" in failure["why"]
    assert "--transcode=fallback" in failure["hint"]
    assert len(peer.files()) == 1


def test_setting_says_the_same_as_the_option(tmp_path: Path, peer: StoringPeer) -> None:
    cli = FileroomCli(tmp_path / "room", {"send.transcode": "never"})
    document = send(cli, peer, EXPLICIT, code=4)
    assert document["status"] == "failed"
    assert not peer.files()
    assert send(cli, peer, EXPLICIT, "--transcode", "fallback")["transcoded"] == 1


def test_compressed_object_is_unpacked_where_the_peer_takes_nothing_else(
    cli: FileroomCli, peer: StoringPeer
) -> None:
    document = send(cli, peer, COMPRESSED)
    assert document["transcoded_to"] == {"implicit-vr-little-endian": 1}
    (received,) = map(dcmread, peer.files())
    assert received.PixelData == dcmread(next(p for p in BUNDLED if p.name == "MR_small.dcm")).PixelData


def test_compressed_object_stays_here_where_it_is_not_to_be_unpacked(
    cli: FileroomCli, peer: StoringPeer
) -> None:
    document = send(cli, peer, COMPRESSED, "--transcode", "never", code=4)
    assert "--transcode=fallback" in document["error"]["hint"]
    assert not peer.files()


def test_damaged_compressed_object_is_refused_with_the_reason_and_the_others_go(
    cli: FileroomCli, peer: StoringPeer, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.dcm"
    data_set = dcmread(COMPRESSED)
    data_set.SOPInstanceUID = data_set.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    data_set.PixelData = encapsulate([b"\x01" + b"\0" * 99])
    data_set.save_as(damaged)
    document = send(cli, peer, damaged, COMPRESSED, code=3)
    assert (document["sent"], document["failed"]) == (1, 1)
    (failure,) = document["failures"]
    assert failure["kind"] == "no_accepted_context"
    assert "RLE Lossless" in failure["why"]
    assert "could not be unpacked" in failure["hint"]
