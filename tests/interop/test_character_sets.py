"""Names in many scripts: stored at peers, asked for by the command line; stored here, asked for by peers.

What peers make of some character sets is theirs: the exceptions are exact lists, so that a newer peer shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from tests.fileroom_cli import FileroomCli
from tests.interop import peers
from tests.interop.peers import OrthancPeer, Peer
from tests.interop.samples import sample

pytestmark = pytest.mark.interop

NAMES = {
    "chrArab.dcm": "قباني^لنزار",  # ISO_IR 127
    "chrGerm.dcm": "Äneas^Rüdiger",  # ISO_IR 100
    "chrGreek.dcm": "Διονυσιος",  # ISO_IR 126
    "chrH31.dcm": "Yamada^Tarou=山田^太郎=やまだ^たろう",  # \ISO 2022 IR 87
    "chrH32.dcm": "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",  # ISO 2022 IR 13\ISO 2022 IR 87
    "chrHbrw.dcm": "שרון^דבורה",  # ISO_IR 138
    "chrI2.dcm": "Hong^Gildong=洪^吉洞=홍^길동",  # \ISO 2022 IR 149
    "chrKoreanMulti.dcm": "김희중",  # \ISO 2022 IR 149
    "chrRuss.dcm": "Люкceмбypг",  # noqa: RUF001 - ISO_IR 144, and as it is in the file
    "chrX1.dcm": "Wang^XiaoDong=王^小東",  # ISO_IR 192
    "chrX2.dcm": "Wang^XiaoDong=王^小东",  # GB18030
}
JIS = {"chrH31.dcm": r"\ISO 2022 IR 87", "chrH32.dcm": r"ISO 2022 IR 13\ISO 2022 IR 87"}
"""DCMTK with the C library's iconv cannot convert these, and compares bytes: the key must come in the same set."""
BROKEN_BY_ORTHANC = {"chrH32.dcm": "ﾔﾏﾀﾞ^ﾀﾛｳ=;3ED^B@O:=$d$^$@^$?$m$&"}
"""Orthanc 1.10 reads the first of several character sets alone, here JIS X 0201."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Two peers and a listener of ours that hold the names, and a data directory that knows them."""

    dcmqrscp: Peer
    orthanc: OrthancPeer
    us: Peer
    asking: FileroomCli


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("place")
    paths = [sample(name).write_to(folder) for name in NAMES]
    holding = FileroomCli(folder / "holding", {"local.ae_title": "HOLDING"})
    holding.json("import", *paths)
    asking = FileroomCli(folder / "asking")
    with peers.dcmqrscp(folder / "dcmqrscp") as dcmqrscp, holding.storage_scp() as listener:
        us = Peer(ae_title=listener.ae_title, port=listener.port)
        with peers.orthanc(
            folder / "orthanc",
            modalities={"fileroom": us},
            settings={"DefaultEncoding": "Utf8"},  # otherwise it answers in Latin 1 and leaves out the rest
        ) as orthanc:
            for name, peer in {"dcmqrscp": dcmqrscp, "orthanc": orthanc, "fileroom": us}.items():
                asking.add_node(name, ae_title=peer.ae_title, port=peer.port)
            for archive in (dcmqrscp, orthanc):
                stored = peers.storescu(archive, *paths)
                assert stored.returncode == 0, stored.stdout
            yield Place(dcmqrscp=dcmqrscp, orthanc=orthanc, us=us, asking=asking)


def names_told(document: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    """Patient names by sample; an empty last component group says nothing (PS3.5 6.2)."""
    samples = {sample(name).study_instance_uid: name for name in NAMES}
    return {
        samples[match["StudyInstanceUID"]]: match["PatientName"].rstrip("=") for match in document["matches"]
    }


@pytest.mark.parametrize("node", ["dcmqrscp", "orthanc", "fileroom"])
def test_query_returns_names_as_they_are_written(place: Place, node: str) -> None:
    document = place.asking.json("query", "--node", node)

    broken = BROKEN_BY_ORTHANC if node == "orthanc" else {}
    assert names_told(document) == NAMES | broken


@pytest.mark.parametrize("node", ["dcmqrscp", "orthanc"])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in JIS])
def test_query_by_name_finds_the_patient(place: Place, node: str, name: str) -> None:
    # The Chinese names end with an empty component group in the file, which counts for both peers.
    asked = f"{NAMES[name]}*" if name.startswith("chrX") else NAMES[name]

    document = place.asking.json("query", "--node", node, "--patient-name", asked)

    assert names_told(document) == {name: NAMES[name]}


def test_query_by_name_finds_the_patient_at_orthanc_in_jis(place: Place) -> None:
    document = place.asking.json("query", "--node", "orthanc", "--patient-name", NAMES["chrH31.dcm"])

    assert names_told(document) == {"chrH31.dcm": NAMES["chrH31.dcm"]}


@pytest.mark.parametrize("name", JIS)
def test_query_by_name_is_sent_in_the_character_set_of_the_node(
    place: Place, tmp_path: Path, name: str
) -> None:
    cli = FileroomCli(tmp_path / "data")
    cli.add_node(
        "dcmqrscp",
        ae_title=place.dcmqrscp.ae_title,
        port=place.dcmqrscp.port,
        character_set=JIS[name],
    )

    document = cli.json("query", "--node", "dcmqrscp", "--patient-name", NAMES[name])

    assert names_told(document) == {name: NAMES[name]}


@pytest.mark.parametrize("name", NAMES)
def test_listener_finds_the_patient_for_findscu(place: Place, tmp_path: Path, name: str) -> None:
    ran = peers.findscu(
        place.us,
        {
            "SpecificCharacterSet": "ISO_IR 192",
            "QueryRetrieveLevel": "STUDY",
            "PatientName": NAMES[name],
            "StudyInstanceUID": "",
        },
        folder=tmp_path,
    )

    assert ran.returncode == 0, ran.stdout
    [match] = [pydicom.dcmread(path, force=True) for path in tmp_path.iterdir()]
    assert match.StudyInstanceUID == sample(name).study_instance_uid
    assert str(match.PatientName) == NAMES[name]


@pytest.mark.parametrize("name", NAMES)
def test_listener_finds_the_patient_for_orthanc(place: Place, name: str) -> None:
    keys = {"PatientName": NAMES[name], "StudyInstanceUID": ""}

    [answer] = place.orthanc.answers(place.orthanc.query("fileroom", "Study", keys))

    assert answer["StudyInstanceUID"] == sample(name).study_instance_uid
    assert answer["PatientName"] == NAMES[name]
