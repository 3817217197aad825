"""C-STORE changes no byte of a data set: neither from DCMTK and pynetdicom to fileroom, nor from fileroom to DCMTK.

DCMTK's storescu reads files into memory and encodes them anew, so what it sends is not what is in the file. The
measure is what DCMTK's own storescp keeps of the same call when it writes the bytes as they come (`+B`).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom import AE, _config

from fileroom.domain.file_meta import encode_file_meta
from fileroom.entrypoints.settings import NetworkBackend
from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import Difference, Held, as_sent, differences, held_in
from tests.interop.peers import Peer
from tests.interop.reencoding import REENCODED, TRUNCATED, UNREADABLE
from tests.interop.samples import (
    READABLE,
    Sample,
    all_samples,
    by_transfer_syntax,
    sample,
)

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All samples as files."""
    folder = tmp_path_factory.mktemp("samples")
    for one in all_samples():
        one.write_to(folder)
    return folder


@pytest.fixture(params=list(NetworkBackend))
def cli(request: pytest.FixtureRequest, tmp_path: Path) -> FileroomCli:
    return FileroomCli(tmp_path / "data", {"send.retries": 0, "network.backend": request.param.value})


def stored_here(cli: FileroomCli) -> dict[str, Held]:
    """What fileroom has filed."""
    return held_in((cli.data_dir / "store").rglob("*.dcm"))


def storescu_sends_all(peer: Peer, folder: Path) -> None:
    """Send every sample with DCMTK, each in its own transfer syntax."""
    for syntax, samples in by_transfer_syntax(all_samples()).items():
        option = f"-x{peers.SYNTAX_LETTERS[syntax]}"
        paths = [folder / f"{one.sop_instance_uid}.dcm" for one in samples]
        peers.storescu(peer, *paths, arguments=[option, "--required", "--no-halt"])


@pytest.fixture
def kept_as_it_comes(tmp_path: Path) -> Iterator[peers.StoringPeer]:
    """DCMTK's storescp, which writes what it receives as it comes."""
    with peers.storescp(tmp_path / "storescp", arguments=("--accept-all", "+B")) as peer:
        yield peer


def test_samples_are_all_of_pydicoms_files() -> None:
    samples = all_samples()

    assert len(samples) == READABLE
    assert len({one.sop_instance_uid for one in samples}) == READABLE
    assert {one.transfer_syntax_uid for one in samples} == peers.SYNTAX_LETTERS.keys() - {
        "1.2.840.10008.1.2.4.81"
    }


def test_listener_keeps_the_bytes_that_storescu_sends(
    folder: Path, cli: FileroomCli, kept_as_it_comes: peers.StoringPeer
) -> None:
    storescu_sends_all(kept_as_it_comes, folder)
    with cli.storage_scp() as listener:
        storescu_sends_all(Peer(ae_title="FILEROOM", port=listener.port), folder)

    sent = held_in(kept_as_it_comes.files())
    assert differences(stored_here(cli), sent) == {}
    kinds = differences(sent, as_sent(all_samples()))
    not_sent = TRUNCATED | UNREADABLE
    assert kinds == {
        **dict.fromkeys(REENCODED, Difference.REENCODED),
        **dict.fromkeys(not_sent, Difference.MISSING),
    }
    assert listener.summary["objects_stored"] == READABLE - len(not_sent)
    assert listener.summary["objects_refused"] == listener.summary["objects_abandoned"] == 0


def test_listener_keeps_the_bytes_that_pynetdicom_sends(
    tmp_path: Path, cli: FileroomCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    sender = AE("PYNETDICOM")
    for sop_class, syntax in sorted({(one.sop_class_uid, one.transfer_syntax_uid) for one in all_samples()}):
        sender.add_requested_context(sop_class, syntax)
    with cli.storage_scp() as listener:
        association = sender.associate(listener.host, listener.port, ae_title=listener.ae_title)
        answers = {
            one.name.removeprefix("test_files/"): association.send_c_store(rewritten(one, tmp_path)).Status
            for one in all_samples()
        }
        association.release()

    assert {name: status for name, status in answers.items() if status} == {}
    assert differences(stored_here(cli), as_sent(all_samples())) == {}


def rewritten(one: Sample, folder: Path) -> Path:
    """Write a sample's data set behind file meta information that names it rightly, which some files lack."""
    path = folder / "sent.dcm"
    header = encode_file_meta(
        sop_class_uid=one.sop_class_uid,
        sop_instance_uid=one.sop_instance_uid,
        transfer_syntax_uid=one.transfer_syntax_uid,
    )
    path.write_bytes(header + one.data_set)
    return path


def test_listener_refuses_an_object_that_is_not_the_announced_one(
    tmp_path: Path, cli: FileroomCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_config, "STORE_SEND_CHUNKED_DATASET", True)
    misnamed = sample("rtplan.dcm")
    sender = AE("PYNETDICOM")
    sender.add_requested_context(misnamed.sop_class_uid, misnamed.transfer_syntax_uid)
    with cli.storage_scp() as listener:
        association = sender.associate(listener.host, listener.port, ae_title=listener.ae_title)
        status = association.send_c_store(misnamed.write_to(tmp_path))
        association.release()

    assert f"{status.Status:04X}" == "A900"
    assert "another" in status.ErrorComment
    assert stored_here(cli) == {}


def test_sending_changes_no_byte(folder: Path, cli: FileroomCli, kept_as_it_comes: peers.StoringPeer) -> None:
    document = cli.json(
        "send", "files", folder, "--recursive", "--to", f"{peers.LOOPBACK}:{kept_as_it_comes.port}", code=3
    )

    assert document["sent"] == document["objects"] == READABLE - len(TRUNCATED)
    failed = {Path(failure["what"]).stem for failure in document["failures"]}
    assert failed == {sample(name).sop_instance_uid for name in TRUNCATED}
    assert differences(held_in(kept_as_it_comes.files()), as_sent(all_samples())) == {
        **dict.fromkeys(TRUNCATED, Difference.MISSING),
        "image_dfl.dcm": Difference.PADDED,
    }


def test_sending_keeps_to_a_small_odd_maximum_length(tmp_path: Path, cli: FileroomCli) -> None:
    one = sample("CT_small.dcm")
    arguments = ("--accept-all", "+B", "--max-pdu", "4097")
    with peers.storescp(tmp_path / "storescp", arguments=arguments) as peer:
        cli.json("send", "files", one.write_to(tmp_path), "--to", f"{peers.LOOPBACK}:{peer.port}")

    assert differences(held_in(peer.files()), as_sent([one])) == {}
