"""What DCMTK's archive keeps comes back as it is sent, by C-MOVE and by C-GET.

dcmqrscp takes and gives one compressed transfer syntax, besides the uncompressed ones, so there is an archive for each
transfer syntax of the samples. What it sends it encodes anew; the measure is what DCMTK's own storescp keeps of the
same C-MOVE when it writes the bytes as they come (`+B`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRBigEndian

from fileroom.application.use_cases.retrieve_objects import Via
from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import Difference, Held, as_sent, differences, held_in
from tests.interop.peers import Peer, StoringPeer
from tests.interop.reencoding import REENCODED, TRUNCATED, UNREADABLE, names_in
from tests.interop.room import open_room
from tests.interop.samples import Sample, all_samples, by_transfer_syntax

pytestmark = pytest.mark.interop


@dataclass
class Exchange:
    """What became of all samples."""

    kept: dict[str, Held] = field(default_factory=dict)
    """By the archives, after fileroom had sent them."""
    moved_to_storescp: dict[str, Held] = field(default_factory=dict)
    """By storescp."""
    moved: dict[str, Held] = field(default_factory=dict)
    """By fileroom, after it had retrieved them by C-MOVE."""
    got: dict[str, Held] = field(default_factory=dict)
    """By fileroom, after it had retrieved them by C-GET."""


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """Send every sample to an archive of its transfer syntax, and retrieve it from there."""
    folder = tmp_path_factory.mktemp("dcmqrscp")
    cli = FileroomCli(folder / "moved", {"send.retries": 0, "objects.durability": "relaxed"})
    result = Exchange()
    with (
        peers.storescp(folder / "storescp", arguments=("--accept-all", "+B")) as storescp,
        cli.storage_scp() as listener,
        open_room(folder / "moved", port=listener.port) as moving,
        open_room(folder / "got", port=listener.port) as getting,
    ):
        us = Peer(ae_title=listener.ae_title, port=listener.port)
        for letter, samples in _by_letter():
            with archive(folder / letter, letter, [us, storescp]) as peer:
                files = [one.write_to(folder) for one in samples]
                cli.run(
                    "send",
                    "files",
                    *files,
                    "--to",
                    f"{peer.host}:{peer.port}",
                    "--called-ae-title",
                    "DCMQRSCP",
                )
                kept = held_in(peer.files())
                result.kept |= kept
                moving.know(peer)
                getting.know(peer)
                for study in sorted(
                    {one.study_instance_uid for one in samples if one.sop_instance_uid in kept}
                ):
                    moving.retrieve(study, Via.MOVE)
                    getting.retrieve(study, Via.GET)
                    keys = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": study}
                    peers.movescu(peer, keys, destination=storescp.ae_title)
        result.moved, result.got = moving.held(), getting.held()
        result.moved_to_storescp = held_in(storescp.files())
    return result


def _by_letter() -> Iterator[tuple[str, Sequence[Sample]]]:
    for syntax, samples in by_transfer_syntax(all_samples()).items():
        yield peers.SYNTAX_LETTERS[syntax], samples


@contextmanager
def archive(folder: Path, letter: str, clients: Sequence[Peer]) -> Iterator[StoringPeer]:
    """An archive that prefers and proposes one transfer syntax, and writes what it receives as it comes."""
    with peers.dcmqrscp(folder, clients=clients, arguments=(f"+x{letter}", f"-x{letter}", "+B")) as peer:
        yield peer


def test_archive_keeps_what_is_sent(exchange: Exchange) -> None:
    assert differences(exchange.kept, as_sent(all_samples())) == {
        **dict.fromkeys(TRUNCATED | UNREADABLE, Difference.MISSING),
        "image_dfl.dcm": Difference.PADDED,
    }


@pytest.mark.parametrize("how", ["moved", "got"])
def test_retrieved_objects_are_what_the_archive_keeps(exchange: Exchange, how: str) -> None:
    retrieved = exchange.moved if how == "moved" else exchange.got

    assert differences(retrieved, exchange.kept) == dict.fromkeys(REENCODED, Difference.REENCODED)


@pytest.mark.parametrize("how", ["moved", "got"])
def test_retrieved_objects_are_stored_as_the_archive_sends_them(exchange: Exchange, how: str) -> None:
    retrieved = exchange.moved if how == "moved" else exchange.got

    # storescp prefers little endian and has the archive convert; fileroom takes what the archive proposes first.
    assert differences(retrieved, exchange.moved_to_storescp) == dict.fromkeys(
        names_in(ExplicitVRBigEndian), Difference.CONVERTED
    )
