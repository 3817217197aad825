"""What is sent to Orthanc is there, and comes back as Orthanc sends it, by C-MOVE and by C-GET.

Orthanc 1.10 keeps no bytes of a C-STORE: it decodes each object and encodes it anew, when it receives and again when it
sends. The lists say what that changes; the values are the same everywhere.
"""

from dataclasses import dataclass, field

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from fileroom.application.use_cases.retrieve_objects import Via
from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.holdings import Difference, Held, as_sent, differences, held
from tests.interop.peers import OrthancPeer, Peer
from tests.interop.reencoding import (
    DEFLATED,
    ENCAPSULATED_OW,
    REENCODED,
    TRAILING_PADDING,
    TRUNCATED,
    UNREADABLE,
    names_in,
)
from tests.interop.room import open_room
from tests.interop.samples import all_samples

pytestmark = pytest.mark.interop


@dataclass
class Exchange:
    """What became of all samples."""

    uploaded: dict[str, Held] = field(default_factory=dict)
    """By Orthanc, after they had been given to it over HTTP."""
    kept: dict[str, Held] = field(default_factory=dict)
    """By Orthanc, after fileroom had sent them."""
    moved: dict[str, Held] = field(default_factory=dict)
    """By fileroom, after it had retrieved them by C-MOVE."""
    got: dict[str, Held] = field(default_factory=dict)
    """By fileroom, after it had retrieved them by C-GET."""
    from_orthanc: dict[str, Held] = field(default_factory=dict)
    """By fileroom, after Orthanc had sent them of its own accord."""


def holdings_of(orthanc: OrthancPeer) -> dict[str, Held]:
    """What Orthanc has."""
    return dict(held(orthanc.file(one)) for one in orthanc.instances())


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """Send every sample to Orthanc, and retrieve it from there."""
    folder = tmp_path_factory.mktemp("orthanc")
    samples = folder / "samples"
    samples.mkdir()
    for one in all_samples():
        one.write_to(samples)
    quick = {"send.retries": 0, "objects.durability": "relaxed"}
    cli = FileroomCli(folder / "moved", quick)
    receiving = FileroomCli(folder / "sent", {**quick, "local.ae_title": "RECEIVING"})
    result = Exchange()
    with cli.storage_scp() as listener, receiving.storage_scp() as receiver:
        us = Peer(ae_title=listener.ae_title, port=listener.port)
        them = Peer(ae_title=receiver.ae_title, port=receiver.port)
        with (
            peers.orthanc(
                folder / "orthanc",
                modalities={"fileroom": us, "receiving": them},
                settings={"DicomScpTimeout": 1},  # it waits so long for the rest of what it cannot parse
            ) as orthanc,
            open_room(folder / "moved", port=listener.port) as moving,
            open_room(folder / "got", port=listener.port) as getting,
        ):
            cli.run("send", "files", samples, "--recursive", "--to", f"{orthanc.host}:{orthanc.port}")
            result.kept = holdings_of(orthanc)
            moving.know(orthanc)
            getting.know(orthanc)
            studies = {one.study_instance_uid for one in all_samples() if one.sop_instance_uid in result.kept}
            for study in sorted(studies):
                moving.retrieve(study, Via.MOVE)
                getting.retrieve(study, Via.GET)
            orthanc.store("receiving", orthanc.instances())
            result.moved, result.got = moving.held(), getting.held()
    with open_room(folder / "sent", port=0) as sent:
        result.from_orthanc = sent.held()
    return result


def test_orthanc_has_what_is_sent(exchange: Exchange) -> None:
    assert differences(exchange.kept, as_sent(all_samples())) == {
        **dict.fromkeys(TRUNCATED | UNREADABLE, Difference.MISSING),
        # What it receives it encodes anew, but for the trailing padding.
        **dict.fromkeys(REENCODED - (TRAILING_PADDING - ENCAPSULATED_OW), Difference.REENCODED),
    }


@pytest.mark.parametrize("how", ["moved", "from_orthanc"])
def test_objects_come_as_orthanc_keeps_them(exchange: Exchange, how: str) -> None:
    came = exchange.moved if how == "moved" else exchange.from_orthanc

    assert differences(came, exchange.kept) == dict.fromkeys(
        TRAILING_PADDING | DEFLATED, Difference.REENCODED
    )


def test_objects_that_orthanc_gives_over_c_get_are_converted_where_they_are_not_explicit_little_endian(
    exchange: Exchange,
) -> None:
    converted = names_in(ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)

    assert differences(exchange.got, exchange.kept) == {
        **dict.fromkeys(TRAILING_PADDING, Difference.REENCODED),
        **dict.fromkeys(converted - TRUNCATED, Difference.CONVERTED),
    }
