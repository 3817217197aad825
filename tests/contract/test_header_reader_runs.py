"""What a header reader remembers changes nothing but the time that it takes, and is bounded."""

import io
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fileroom.adapters.files.collector import Collector
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.files.runs import KEY_BYTES, MAX_BYTES, MAX_OBJECTS, Runs
from fileroom.adapters.files.structure import (
    ENCODINGS,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    UNDEFINED,
    Encoding,
    Walker,
)
from fileroom.adapters.files.values import IDENTITY, LAST, MAX_VALUE_BYTES, WANTED, Values
from fileroom.adapters.files.window import BytesSource, Window
from fileroom.application.ports.header_reader import Header
from fileroom.domain.errors import InvalidDicom, NotDicom
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.strategies import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    Element,
    data_sets,
    dicom_files,
    encode,
    mutations,
    padded,
    uid_value,
)

SYNTAXES = {EXPLICIT: EXPLICIT_LITTLE, BIG_ENDIAN: EXPLICIT_BIG, IMPLICIT: IMPLICIT_LITTLE}
thorough = settings(
    max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def collected(data: bytes, encoding: Encoding, runs: Runs, *, deep: bool) -> object:
    """What a collector finds, and where it stops; or what it refuses."""
    collector = Collector(Walker(Window(BytesSource(data)), deep=deep), encoding, runs)
    try:
        position = collector.collect(0)
    except InvalidDicom as error:
        return type(error), error.message
    return collector.values, position


def walked(data: bytes, encoding: Encoding, *, deep: bool) -> object:
    """The same, element by element."""
    window = Window(BytesSource(data))
    walker = Walker(window, deep=deep)
    values: Values = {}
    position = 0
    try:
        while True:
            found = walker.next(position, encoding)
            if found is None:
                return values, None
            tag, vr, length, value = found
            if tag > LAST and values.keys() >= IDENTITY.keys():
                return values, position
            if tag >> 16 == 0x0004:
                raise NotDicom("a DICOMDIR, not an object")
            if tag in WANTED and length != UNDEFINED:
                values[tag] = tag, vr, window.take(value, min(length, MAX_VALUE_BYTES))
            position = walker.skip(found, encoding)
    except InvalidDicom as error:
        return type(error), error.message


def told(reader: ScannerHeaderReader, data: bytes, *, complete: bool) -> Header | str | None:
    """What a reader answers."""
    try:
        return reader.read(io.BytesIO(data), complete=complete)
    except InvalidDicom as error:
        return error.message


@st.composite
def rows(draw: st.DrawFn, syntax: str) -> list[bytes]:
    """Data sets that have most in common, some of them damaged."""
    elements, _ = draw(data_sets())
    row = []
    for number in range(draw(st.integers(2, 6))):
        changed = {
            element.tag: element
            for element in elements
            if element.tag in IDENTITY
            or element.tag not in draw(st.sets(st.sampled_from([e.tag for e in elements])))
        }
        changed[0x00080018] = Element(0x00080018, "UI", uid_value(a_uid(1, 1, number)))
        changed[0x00200013] = Element(0x00200013, "IS", padded(str(number * 7)))
        data = encode([changed[tag] for tag in sorted(changed)], syntax)
        row.append(draw(mutations(data)) if draw(st.booleans()) else data)
    return row


@thorough
@given(data=st.data(), syntax=st.sampled_from(sorted(SYNTAXES)), deep=st.booleans())
def test_collector_finds_what_a_walk_element_by_element_finds(
    data: st.DataObject, syntax: str, deep: bool
) -> None:
    runs = Runs(SYNTAXES[syntax], deep=deep)
    row = data.draw(rows(syntax))
    for one in row + row:
        assert collected(one, SYNTAXES[syntax], runs, deep=deep) == walked(one, SYNTAXES[syntax], deep=deep)


@thorough
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=60), min_size=1, max_size=4),
    order=st.lists(st.lists(st.integers(0, 3), max_size=12), min_size=2, max_size=5),
    encoding=st.sampled_from(ENCODINGS),
    deep=st.booleans(),
)
def test_collector_finds_in_noise_what_a_walk_element_by_element_finds(
    pieces: list[bytes], order: list[list[int]], encoding: Encoding, deep: bool
) -> None:
    runs = Runs(encoding, deep=deep)
    for numbers in order + order:
        noise = b"".join(pieces[number % len(pieces)] for number in numbers)
        assert collected(noise, encoding, runs, deep=deep) == walked(noise, encoding, deep=deep)


@thorough
@given(data=st.data())
def test_reader_tells_the_same_whatever_it_read_before(data: st.DataObject) -> None:
    files = data.draw(st.lists(dicom_files(), min_size=1, max_size=3))
    damaged = [data.draw(mutations(file.data)) for file in files]
    reader = ScannerHeaderReader()
    for one in [*(file.data for file in files), *damaged] * 2:
        for complete in (True, False):
            assert told(reader, one, complete=complete) == told(ScannerHeaderReader(), one, complete=complete)


def an_object(number: int, *, comment: str = "", private: int = 40) -> bytes:
    """One of a series, in explicit VR little endian."""
    return encode(
        [
            Element(0x00080016, "UI", uid_value(CT_IMAGE_STORAGE)),
            Element(0x00080018, "UI", uid_value(a_uid(1, 1, number))),
            Element(
                0x00081140, "SQ", items=((Element(0x00081155, "UI", uid_value("1.2.3")),),), undefined=True
            ),
            *(Element(0x00091001 + at, "LO", padded(f"value {at}{comment}")) for at in range(private)),
            Element(0x0020000D, "UI", uid_value(a_uid(1))),
            Element(0x0020000E, "UI", uid_value(a_uid(1, 1))),
            Element(0x00200013, "IS", padded(str(number))),
            Element(0x00280010, "US", struct.pack("<H", 512)),
            Element(0x7FE00010, "OW", bytes(8)),
        ],
        EXPLICIT,
    )


def test_runs_are_what_two_objects_have_in_common() -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    assert collected(an_object(1), EXPLICIT_LITTLE, runs, deep=False)
    assert not runs.known
    for number in (2, 3):
        collected(an_object(number), EXPLICIT_LITTLE, runs, deep=False)
        start, end = an_object(1).index(b"\x08\0\x40\x11SQ"), an_object(1).index(b"\x20\0\x13\0IS")
        (around, between) = sorted(runs.known.values(), key=lambda run: len(run.data))
        assert around.data == an_object(1)[: len(around.data)]
        assert between.data == an_object(1)[start:end]
        assert between.values.keys() == {0x0020000D, 0x0020000E}
        assert [between.data[at : at + 4] for at in between.bounds[:2]] == [
            b"\x08\0\x40\x11",
            b"\x09\0\x01\x10",
        ]


def test_runs_of_two_series_that_arrive_at_once_are_known_side_by_side() -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    comments = ("", " of another series")
    for number in range(40):
        data = an_object(number, comment=comments[number % 5 % 2])
        collected(data, EXPLICIT_LITTLE, runs, deep=False)
    known = dict(runs.known)
    for number in range(40, 50):
        collected(an_object(number, comment=comments[number % 2]), EXPLICIT_LITTLE, runs, deep=False)
    assert runs.known == known
    long = [run.data for run in known.values() if len(run.data) > 500]
    assert [b"of another series" in data for data in sorted(long, key=len)] == [False, True]


def test_runs_take_apart_what_does_not_recur_whole() -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    for number in (1, 2):
        collected(an_object(number), EXPLICIT_LITTLE, runs, deep=False)
    longest = max(len(run.data) for run in runs.known.values())
    changed = an_object(3).replace(b"value 20", b"VALUE 20")
    assert collected(changed, EXPLICIT_LITTLE, runs, deep=False) == walked(
        changed, EXPLICIT_LITTLE, deep=False
    )
    parts = sorted(len(run.data) for run in runs.known.values())
    assert longest not in parts
    assert sum(parts[-2:]) == longest - 16


def test_runs_forget_after_a_thousand_objects() -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    for number in (1, 2):
        collected(an_object(number), EXPLICIT_LITTLE, runs, deep=False)
    assert runs.known
    for _ in range(MAX_OBJECTS):
        runs.begin_object()
    assert not runs.known


@pytest.mark.parametrize("private", [100, 2000])
def test_runs_hold_no_more_than_a_megabyte(private: int) -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    most = 0
    for number in range(300):
        data = an_object(number, comment=str(number // 2), private=private)
        collected(data, EXPLICIT_LITTLE, runs, deep=False)
        most = max(most, sum(len(run.data) for run in runs.known.values()))
    assert 0 < most <= MAX_BYTES + 65536
    assert all(len(run.data) >= KEY_BYTES for run in runs.known.values())


def test_runs_learn_no_more_than_a_megabyte_from_one_object() -> None:
    runs = Runs(EXPLICIT_LITTLE, deep=False)
    late = Element(0x00400275, "LO", b"late")
    data = b"".join(
        encode(
            [*(Element(0x00090000 + group * 64 + at, "LO", bytes(200)) for at in range(8)), late], EXPLICIT
        )
        for group in sorted([*range(900)] * 2)
    )
    assert len(data) > 2 * MAX_BYTES
    assert collected(data, EXPLICIT_LITTLE, runs, deep=False) == ({}, None)
    assert 0 < sum(len(run.data) for run in runs.known.values()) <= MAX_BYTES
