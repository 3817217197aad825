"""Elements against the data dictionary."""

import pytest

from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.dictionary_rules import DictionaryRules, vm_allows
from fileroom.domain.validation import Finding, Severity
from tests.unit.adapters.files.validating.trees import a_place, a_sequence, an_element, an_item


def findings(*elements: Element) -> list[Finding]:
    """What is found in a data set."""
    rules, place = DictionaryRules(), a_place(*elements)
    return [finding for element in elements for finding in rules.findings(place, element)]


def told(*elements: Element) -> list[tuple[str, str]]:
    """Rules and severities."""
    return [(finding.rule, finding.severity.value) for finding in findings(*elements)]


def test_element_as_the_dictionary_has_it_is_no_finding() -> None:
    assert told(an_element(0x00100010, "PN", "A"), an_element(0x00280106, "SS", b"\0\0")) == []
    assert told(an_element(0x7FE00010, "OB", b"\0\0"), an_element(0x60003000, "OW", b"\0\0")) == []


def test_other_vr_than_the_dictionarys_is_an_error() -> None:
    assert told(an_element(0x00100010, "LO", "A")) == [("vr", "error")]
    assert "written as LO, and is PN" in findings(an_element(0x00100010, "LO", "A"))[0].message


def test_known_element_written_as_un_is_a_note_once() -> None:
    assert told(an_element(0x00100010, "UN", b"A"), an_element(0x00100010, "UN", b"B")) == [
        ("unknown_vr", "note")
    ]


def test_retired_and_unknown_elements_are_told_once() -> None:
    assert told(*(an_element(0x00080001, "UL", b"\0\0\0\0") for _ in range(2))) == [("retired", "note")]
    assert told(*(an_element(0x00080003, "LO") for _ in range(2))) == [("unknown_element", "warning")]


@pytest.mark.parametrize(
    ("tag", "vr", "value", "allowed"),
    [
        (0x00080060, "CS", "CT\\MR", False),
        (0x00080008, "CS", "A\\B\\C", True),
        (0x00080008, "CS", "A", False),  # Image Type has two values at least
        (0x00280030, "DS", "1\\1", True),
        (0x00280030, "DS", "1", False),
        (0x00200037, "DS", "1\\0\\0\\0\\1\\0", True),
        (0x00281101, "US", bytes(6), True),
        (0x00281101, "US", bytes(4), False),
        (0x00204000, "LT", "a\\b", True),
        (0x7FE00010, "OW", bytes(100), True),
        (0x00080060, "CS", "", True),
    ],
)
def test_values_are_counted(tag: int, vr: str, value: bytes | str, allowed: bool) -> None:
    rules = [finding.rule for finding in findings(an_element(tag, vr, value))]
    assert rules == ([] if allowed else ["vm"])


@pytest.mark.parametrize(
    ("vm", "allowed", "refused"),
    [
        ("1", {1}, {0, 2}),
        ("1-3", {1, 3}, {4}),
        ("1-n", {1, 100}, {0}),
        ("2-2n", {2, 4, 100}, {1, 3}),
        ("3-3n", {3, 6}, {4}),
        ("1-n or 1", {1, 7}, {0}),
        ("0-1", {0, 1}, {2}),
    ],
)
def test_multiplicities_of_the_dictionary_are_understood(
    vm: str, allowed: set[int], refused: set[int]
) -> None:
    assert all(vm_allows(vm, count) for count in allowed)
    assert not any(vm_allows(vm, count) for count in refused)


def test_private_blocks_must_be_reserved() -> None:
    creator = an_element(0x00090010, "LO", "ACME 1.0")
    assert told(creator, an_element(0x00091001, "LO", "x")) == []
    assert told(an_element(0x00091001, "LO", "x")) == [("private_creator", "error")]
    assert told(creator, an_element(0x00091101, "LO", "x")) == [("private_creator", "error")]
    assert told(an_element(0x00090010, "LO", "")) == [("private_creator", "error")]
    assert told(an_element(0x00090005, "LO", "x")) == [("private_creator", "error")]


def test_reservation_does_not_hold_within_items() -> None:
    creator = an_element(0x00090010, "LO", "ACME 1.0")
    inner = an_element(0x00091001, "LO", "x")
    item = an_item(inner)
    rules, place = DictionaryRules(), a_place(creator, a_sequence(0x00091002, item))
    (within,) = place.within(place.item.elements[1])

    (finding,) = rules.findings(within, inner)

    assert finding.path == "(0009,1002)[1].(0009,1001)"
    assert finding.severity is Severity.ERROR


def test_known_private_elements_with_another_vr_are_notes() -> None:
    creator = an_element(0x00090010, "LO", "GEMS_IDEN_01")
    assert told(creator, an_element(0x00091001, "SH", "x")) == [("private_vr", "note")]
