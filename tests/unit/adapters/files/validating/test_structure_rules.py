"""How data sets are put together."""

from fileroom.adapters.files.structure import IMPLICIT_LITTLE
from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating.structure_rules import structure_findings
from tests.unit.adapters.files.validating.trees import (
    a_place,
    a_sequence,
    an_element,
    an_item,
    messages_of,
    rules_of,
)


def findings(*elements: Element, is_directory: bool = False) -> list[str]:
    """The rules that a data set breaks."""
    return rules_of(structure_findings(a_place(*elements), is_directory=is_directory))


def test_ascending_tags_are_no_finding() -> None:
    assert findings(an_element(0x00080020, "DA"), an_element(0x00100010, "PN")) == []


def test_tags_must_ascend() -> None:
    assert findings(an_element(0x00100010, "PN"), an_element(0x00080020, "DA")) == ["order"]
    assert findings(an_element(0x00100010, "PN"), an_element(0x00100010, "PN")) == ["duplicate"]


def test_lengths_must_be_even() -> None:
    assert findings(an_element(0x00100010, "PN", "abc", pad=False)) == ["odd_length"]
    item = an_item(an_element(0x00080100, "SH", "A "))
    item.length = 9
    assert findings(a_sequence(0x00081140, item)) == ["odd_length"]


def test_elements_need_a_vr_that_exists() -> None:
    nameless = an_element(0x00100010, "PN")
    nameless.written_vr = b""
    assert findings(nameless) == ["no_vr"]
    assert findings(an_element(0x00100010, "XX")) == ["no_vr"]


def test_items_are_written_like_what_is_around_them() -> None:
    item = an_item(an_element(0x00080100, "SH"), encoding=IMPLICIT_LITTLE)
    assert findings(a_sequence(0x00081140, item)) == ["no_vr"]
    unknown = a_sequence(0x00091140, item)
    unknown.vr = unknown.written_vr = b"UN"  # PS3.5 6.2.2: always without VRs
    assert findings(unknown) == []


def test_some_groups_have_no_place_in_a_data_set() -> None:
    assert findings(an_element(0x00010010, "LO")) == ["group"]
    assert findings(an_element(0x00020010, "UI")) == ["group"]
    assert findings(an_element(0x00041130, "CS")) == ["group"]
    assert findings(an_element(0x00041130, "CS"), is_directory=True) == []


def test_group_lengths_must_be_true() -> None:
    date, name = an_element(0x00080020, "DA", "20240229"), an_element(0x00100010, "PN", "A ")
    right = an_element(0x00080000, "UL", (16).to_bytes(4, "little"))
    assert findings(right, date, name) == []
    wrong = an_element(0x00080000, "UL", (18).to_bytes(4, "little"))
    assert findings(wrong, date, name) == ["group_length"]
    assert findings(wrong, date) == ["group_length"]
    assert "and there are 16" in messages_of(structure_findings(a_place(wrong, date), is_directory=False))
