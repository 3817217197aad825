"""Archives from strangers: names that lead out, bombs, lies in the directory, and damage."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fileroom.adapters.sources.source import AutoSource
from fileroom.application.ports.import_source import Candidate, Refusal, RefusalKind
from fileroom.domain.errors import LimitExceeded, Unreadable
from fileroom.domain.limits import ImportLimits
from tests.strategies import mutations

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def an_archive(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive as the library writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.filename = name  # not as the library tidies it
            info.compress_type = method
            archive.writestr(info, data)
    return buffer.getvalue()


def patched(data: bytes, signature: bytes, offset: int, value: bytes) -> bytes:
    """The archive with bytes changed in the first header of a kind."""
    at = data.index(signature) + offset
    return data[:at] + value + data[at + len(value) :]


def in_both(data: bytes, local_offset: int, value: bytes) -> bytes:
    """The archive with a field changed in the local header and in the directory (where it is 2 bytes further on)."""
    return patched(patched(data, LOCAL, local_offset, value), CENTRAL, local_offset + 2, value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in.zip"


Found = Callable[..., list[Candidate | Refusal]]


@pytest.fixture
def found(path: Path) -> Found:
    """Writes an archive and tells what is found in it."""

    def find(data: bytes, **limits: int | None) -> list[Candidate | Refusal]:
        path.write_bytes(data)
        return list(AutoSource(ImportLimits(**limits)).candidates(path))

    return find


def read_all(path: Path, **limits: int | None) -> list[str]:
    """What becomes of each find, read at once."""
    outcomes = []
    for one in AutoSource(ImportLimits(**limits)).candidates(path):
        if isinstance(one, Refusal):
            outcomes.append(f"{one.kind}: {one.why}")
            continue
        try:
            with one.open() as stream:
                outcomes.append(str(sum(map(len, iter(lambda: stream.read(65536), b"")))))
        except (Unreadable, LimitExceeded) as error:
            outcomes.append(f"{error.kind}: {error.message}")
    return outcomes


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("\\\\server\\share", "absolute"),
        ("\\windows", "absolute"),
        ("C:/windows", "drive letter"),
        ("c:relative", "drive letter"),
        ("../up", "leads out"),
        ("a/../../up", "leads out"),
        ("..\\up", "leads out"),
        ("a\\..\\..\\up", "leads out"),
        ("a/..", "leads out"),
        ("...", "its name is none"),
        ("n" * 5000, "longer than the 4096"),
    ],
)
def test_entry_is_skipped_when_its_name_is_unsafe(found: Found, name: str, why: str) -> None:
    refusal, good = found(an_archive([(name, b"x"), ("good", b"x")]))
    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.SKIPPED
    assert why in refusal.why
    assert refusal.name.endswith("!" + name)
    assert not isinstance(good, Refusal)


def test_entry_is_skipped_when_another_one_has_the_same_name_on_some_system(found: Found) -> None:
    composed, decomposed = "J\u00e9r\u00f4me", "Je\u0301ro\u0302me"
    same = ["a/b.dcm", "A/B.DCM", "a//b.dcm", "./a/b.dcm", "a\\b.dcm", "a/b.dcm.", composed, decomposed]
    refused = [isinstance(one, Refusal) for one in found(an_archive((name, b"x") for name in same))]
    assert refused == [False, True, True, True, True, True, False, True]


def test_folders_are_passed_over_silently(found: Found) -> None:
    assert len(found(an_archive([("a/", b""), ("a/b/", b""), ("a/b/c", b"x")]))) == 1


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_entry_is_skipped_when_it_is_no_regular_file(found: Found, kind: int) -> None:
    data = an_archive([("link", b"/etc/passwd")])
    data = patched(data, CENTRAL, 4, b"\x14\x03")  # made on Unix
    (refusal,) = found(patched(data, CENTRAL, 38, struct.pack("<I", (kind | 0o777) << 16)))
    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.SKIPPED


@pytest.mark.parametrize("flag", [0x0001, 0x0040, 0x2000])
def test_entry_is_unreadable_when_it_is_encrypted(found: Found, flag: int) -> None:
    data = an_archive([("a", b"x")])
    for changed in (
        in_both(data, 6, struct.pack("<H", flag)),
        patched(data, LOCAL, 6, struct.pack("<H", flag)),
    ):
        (refusal,) = found(changed)
        assert isinstance(refusal, Refusal)
        assert refusal.kind is RefusalKind.UNREADABLE
        assert "encrypted" in refusal.why


@pytest.mark.parametrize("method", [1, 9, 12, 14, 93, 99])
def test_entry_is_unreadable_when_its_compression_is_not_supported(found: Found, method: int) -> None:
    (refusal,) = found(in_both(an_archive([("a", b"x")]), 8, struct.pack("<H", method)))
    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.UNREADABLE
    assert "compression" in refusal.why


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_reading_tells_a_wrong_crc(found: Found, path: Path, method: int) -> None:
    data = an_archive([("a", b"hello" * 100), ("b", b"fine")], method)
    found(in_both(data, 14, b"\0\0\0\0"))
    assert read_all(path) == ["unreadable: the entry is damaged: its size or its CRC-32 is wrong", "4"]


def test_reading_tells_damage_of_the_deflate_stream(found: Found, path: Path) -> None:
    found(patched(an_archive([("a", bytes(range(256)) * 9), ("b", b"fine")]), LOCAL, 31, b"\xff" * 8))
    damaged, fine = read_all(path)
    assert damaged.startswith("unreadable: the entry is damaged")
    assert fine == "4"


def test_reading_does_not_believe_a_size_that_is_too_small(found: Found, path: Path) -> None:
    data = an_archive([("a", b"hello" * 1000)])
    found(in_both(data, 22, struct.pack("<I", 10)))
    assert read_all(path) == ["unreadable: the entry is damaged: its size or its CRC-32 is wrong"]
    (outcome,) = read_all(path, max_zip_entry_bytes=4000)
    assert outcome.startswith("limit_exceeded")


def test_reading_stops_a_bomb_by_its_ratio(found: Found, path: Path) -> None:
    found(an_archive([("bomb", bytes(50 << 20)), ("fine", b"x")]))
    bomb, fine = read_all(path)
    assert bomb == "limit_exceeded: the entry unpacks to more than 1000 times its size"
    assert fine == "1"


def test_reading_takes_a_high_ratio_within_the_first_megabyte(found: Found, path: Path) -> None:
    found(an_archive([("zeros", bytes(1 << 20))]))
    assert read_all(path) == [str(1 << 20)]


def test_reading_respects_the_limit_on_an_entry(found: Found, path: Path) -> None:
    data = an_archive([("a", bytes(range(256)) * 8), ("b", b"x")])
    found(in_both(data, 22, struct.pack("<I", 1)))
    outcome, fine = read_all(path, max_zip_entry_bytes=1000)
    assert outcome.startswith("limit_exceeded")
    assert fine == "1"


def test_entry_is_skipped_when_it_claims_more_than_the_limit(found: Found) -> None:
    (refusal,) = found(an_archive([("a", bytes(2000))]), max_file_import_bytes=1000)
    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.SKIPPED


def test_reading_respects_the_limit_on_the_archive(found: Found, path: Path) -> None:
    found(an_archive((str(number), bytes(range(256)) * 16) for number in range(10)))
    outcomes = read_all(path, max_zip_total_bytes=10000)
    assert outcomes[:2] == ["4096", "4096"]
    assert outcomes[2].startswith("limit_exceeded")
    assert outcomes[3:] == [
        "skipped: the archive unpacks to more than max_zip_total_bytes; the rest was not looked at"
    ]


def test_archive_is_skipped_when_it_has_too_many_entries(found: Found) -> None:
    data = an_archive((str(number), b"") for number in range(11))
    (refusal,) = found(data, max_zip_entry_count=10)
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, "max_zip_entry_count" in refusal.why) == (RefusalKind.SKIPPED, True)
    lying = patched(data, END, 8, struct.pack("<HH", 1, 1))
    assert len(found(lying, max_zip_entry_count=10)) == 1
    assert len(found(data, max_zip_entry_count=11)) == 11


def test_entry_is_refused_when_it_overlaps_another_one(found: Found, path: Path) -> None:
    data = an_archive([("a", b"x" * 50), ("b", b"y" * 50)], zipfile.ZIP_STORED)
    second = data.rindex(CENTRAL)
    same_offset = data[: second + 42] + b"\0\0\0\0" + data[second + 46 :]
    longer = patched(data, CENTRAL, 20, struct.pack("<II", 100, 100))
    for changed in (same_offset, longer):
        found(changed)
        assert any(outcome.startswith("unreadable") for outcome in read_all(path))


def test_entry_is_unreadable_when_the_local_header_disagrees(found: Found) -> None:
    data = an_archive([("name", b"x")])
    for changed in (patched(data, LOCAL, 30, b"else"), patched(data, LOCAL, 8, b"\0\0")):
        (refusal,) = found(changed)
        assert isinstance(refusal, Refusal)
        assert "disagree" in refusal.why


def test_archive_inside_an_archive_is_skipped(found: Found) -> None:
    inner = an_archive([("a", b"x")])
    (refusal,) = found(an_archive([("inner.zip", inner)]))
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.why) == (RefusalKind.SKIPPED, "an archive inside an archive")


@pytest.mark.parametrize("cut", [1, 10, 22, 40, 100])
def test_archive_that_is_cut_off_is_refused_as_a_whole(found: Found, cut: int) -> None:
    data = an_archive([("a", b"x" * 100), ("b", b"y" * 100)])
    (refusal,) = found(data[:-cut])
    assert isinstance(refusal, Refusal)
    assert refusal.kind is RefusalKind.UNREADABLE


def test_archive_whose_directory_claims_an_enormous_size_costs_no_memory(found: Found) -> None:
    data = patched(an_archive([("a", b"x")]), END, 12, struct.pack("<I", 0xFFFFFFF0))
    tracemalloc.start()
    (refusal,) = found(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(refusal, Refusal)
    assert peak < 1 << 20


def test_zip64_archive_is_read(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive, archive.open("a", "w", force_zip64=True) as entry:
        entry.write(b"hello")
    assert read_all(path) == ["5"]
    data = path.read_bytes()
    at = data.index(CENTRAL)
    wide = struct.pack("<HHQQQ", 1, 24, 5, 5, 0)
    central = bytearray(data[at : data.index(END)])
    central[20:28], central[42:46] = b"\xff" * 8, b"\xff" * 4
    central[30:32] = struct.pack("<H", len(wide))
    directory = bytes(central[:47]) + wide
    end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(directory), at)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, at + len(directory), 1)
    end = struct.pack("<4s4H2IH", END, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(data[:at] + directory + end64 + locator + end)
    with zipfile.ZipFile(path) as archive:
        assert archive.read("a") == b"hello"
    assert read_all(path) == ["5"]


def test_memory_stays_flat_whatever_the_archive_unpacks_to(path: Path) -> None:
    block = bytes(range(256)) * 4096
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(str(number), block)
    tracemalloc.start()
    assert read_all(path) == [str(len(block))] * 20
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_archive_never_does_worse_than_refuse(data: st.DataObject, tmp_path: Path) -> None:
    files = [("a", b"first" * 20), ("b/c", bytes(range(256))), ("d", b"")]
    method = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    path = tmp_path / "in.zip"
    path.write_bytes(data.draw(mutations(an_archive(files, method))))
    read_all(path)
