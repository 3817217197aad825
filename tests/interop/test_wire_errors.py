"""What the command line says and how it ends when a real peer refuses: the reason in words, and what to do."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import ImplicitVRLittleEndian

from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import held_in
from tests.interop.peers import Peer
from tests.interop.samples import sample
from tests.interop.studies import HEAD, write_all

pytestmark = pytest.mark.interop

REFUSED, NOTHING_HERE = 4, 6
STUDY = ("--study-instance-uid", HEAD.uid)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Peers that hold a study.

    "strange" is a dcmqrscp, and "orthanc" an Orthanc, that know no move destination; "getless" is a dcmqrscp that knows
    us and has no C-GET; "misnamed" is the first under a wrong AE title.
    """

    our_port: int
    files: list[Path]
    knowing: FileroomCli
    """A data directory that knows the peers, to be copied."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    files = write_all(folder / "files", [HEAD])
    us = Peer(ae_title="FILEROOM", port=peers.free_port())
    cli = FileroomCli(folder / "data", {"storage_scp.port": us.port, "network.settle_timeout": 1})
    with (
        peers.dcmqrscp(folder / "strange") as strange,
        peers.dcmqrscp(folder / "getless", clients=[us], arguments=("--disable-get",)) as getless,
        peers.orthanc(folder / "orthanc") as orthanc,
    ):
        known: dict[str, Peer] = {"strange": strange, "getless": getless, "orthanc": orthanc}
        for name, peer in known.items():
            stored = peers.storescu(peer, *files)
            assert stored.returncode == 0, stored.stdout
            cli.add_node(name, ae_title=peer.ae_title, port=peer.port)
        cli.add_node("misnamed", ae_title="WRONG", port=strange.port)
        yield Place(our_port=us.port, files=files, knowing=cli)


@pytest.fixture
def cli(place: Place, tmp_path: Path) -> FileroomCli:
    return place.knowing.copy(tmp_path / "data")


def error_of(cli: FileroomCli, *arguments: str | Path, code: int) -> dict[str, Any]:
    """The error in the document of a command that fails; people are told the same."""
    ran = cli.run(*arguments, "--json")
    assert ran.code == code, f"{ran.code}\n{ran.stdout}\n{ran.stderr}"
    document = ran.document
    assert document["status"] == "failed"
    error: dict[str, Any] = document["error"]
    assert f"error: {error['message']}" in ran.stderr
    return error


@pytest.mark.parametrize(("node", "status"), [("strange", "A801"), ("orthanc", "C000")])
def test_unknown_move_destination_says_what_to_register(
    place: Place, cli: FileroomCli, node: str, status: str
) -> None:
    error = error_of(cli, "retrieve", "--node", node, *STUDY, "--via", "move", code=REFUSED)

    assert "AE title FILEROOM" in error["hint"]
    assert f"host 127.0.0.1, port {place.our_port}" in error["hint"]
    if status == "A801":
        assert error["kind"] == "unknown_move_destination"
        assert error["message"] == "strange does not know the move destination FILEROOM"
    else:
        assert f"{status}H" in error["message"]


@pytest.mark.parametrize("node", ["strange", "orthanc"])
def test_retrieve_goes_by_c_get_where_the_node_does_not_know_us(cli: FileroomCli, node: str) -> None:
    document = cli.json("retrieve", "--node", node, *STUDY, "--via", "auto")

    assert document["via"] == "get"
    assert document["arrived"] == len(HEAD.instance_uids())
    assert cli.json("node", "show", node)["node"]["retrieve"] == "get"


def test_peer_without_c_get_is_refused_and_auto_moves(cli: FileroomCli) -> None:
    error = error_of(cli, "retrieve", "--node", "getless", *STUDY, "--via", "get", code=REFUSED)
    document = cli.json("retrieve", "--node", "getless", *STUDY)

    assert error["kind"] == "no_accepted_context"
    assert "Study Root Query/Retrieve" in error["message"]
    assert document["via"] == "move"
    assert document["arrived"] == len(HEAD.instance_uids())


@pytest.mark.parametrize("command", ["echo", "query", "retrieve", "send"])
def test_wrong_called_ae_title_is_told_in_words(place: Place, cli: FileroomCli, command: str) -> None:
    arguments: dict[str, tuple[str | Path, ...]] = {
        "echo": ("echo", "misnamed"),
        "query": ("query", "--node", "misnamed"),
        "retrieve": ("retrieve", "--node", "misnamed", *STUDY),
        "send": ("send", "files", place.files[0], "--destination-node", "misnamed"),
    }

    error = error_of(cli, *arguments[command], code=REFUSED)

    assert error["kind"] == "association_rejected"
    assert "called AE title not recognized" in error["message"]
    assert "AE title" in error["hint"]


def test_unknown_study_is_not_here_and_not_there(cli: FileroomCli) -> None:
    error = error_of(cli, "retrieve", "--node", "strange", "--study-instance-uid", "1.2.3", code=NOTHING_HERE)

    assert error["kind"] == "not_found"
    assert "1.2.3" in error["message"]


def test_objects_are_converted_for_a_peer_that_takes_implicit_vr_alone(
    cli: FileroomCli, place: Place, tmp_path: Path
) -> None:
    with peers.storescp(tmp_path / "storescp", arguments=("--implicit", "+B")) as peer:
        document = cli.json("send", "files", *place.files, "--to", f"{peer.host}:{peer.port}")

    assert document["sent"] == len(place.files)
    received = held_in(peer.files())
    assert received.keys() == HEAD.instance_uids()
    assert {one.transfer_syntax_uid for one in received.values()} == {ImplicitVRLittleEndian}


def test_objects_that_the_peer_does_not_take_are_each_named(
    cli: FileroomCli, place: Place, tmp_path: Path
) -> None:
    compressed = sample("SC_rgb_dcmtk_+eb+cy+np.dcm")
    with peers.storescp(tmp_path / "storescp", arguments=()) as peer:
        to = ("--to", f"{peer.host}:{peer.port}")
        files = (compressed.write_to(tmp_path), *place.files)
        document = cli.json("send", "files", *files, *to, "--transcode", "never", code=3)

    assert (document["status"], document["sent"]) == ("partial", len(place.files))
    [failure] = document["failures"]
    assert failure["what"] == compressed.sop_instance_uid
    assert failure["kind"] == "no_accepted_context"
    assert "JPEG Baseline" in failure["why"]


def test_peer_that_is_not_there_is_unreachable(cli: FileroomCli) -> None:
    error = error_of(cli, "echo", f"127.0.0.1:{peers.free_port()}", code=5)

    assert error["kind"] == "peer_unreachable"
