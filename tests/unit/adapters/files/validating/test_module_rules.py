"""What modules require, and the tables that say so."""

import time

import pytest

from fileroom.adapters.files.dictionary import tag_of
from fileroom.adapters.files.tree import Element
from fileroom.adapters.files.validating import module_tables
from fileroom.adapters.files.validating.content_rules import content_findings
from fileroom.adapters.files.validating.module_rules import module_findings
from fileroom.domain.sop_classes import STORAGE_SOP_CLASSES
from fileroom.domain.validation import Finding
from tests.builders import CT_IMAGE_STORAGE
from tests.unit.adapters.files.validating.trees import a_sequence, a_tree, an_element, an_item

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
BASIC_TEXT_SR = "1.2.840.10008.5.1.4.1.1.88.11"
MR_IMAGE = "1.2.840.10008.5.1.4.1.1.4"


def tag(keyword: str) -> int:
    """The tag of a keyword."""
    found = tag_of(keyword)
    assert found is not None
    return found


def findings(sop_class_uid: str, *elements: Element) -> dict[str, Finding]:
    """What is found, by path."""
    tree = a_tree(an_element(0x00080016, "UI", sop_class_uid), *elements)
    return {finding.path: finding for finding in module_findings(tree)}


def required(sop_class_uid: str) -> dict[str, int]:
    """Types that an IOD has for attributes of the top level, the strictest of its modules."""
    iod = module_tables.iod_of(sop_class_uid)
    assert iod is not None
    types: dict[int, int] = {}
    for module in iod.modules:
        for each in module_tables.definition(module.definition):
            if each.type:
                types[each.tag] = min(each.type, types.get(each.tag, 3))
    return {keyword: types.get(tag(keyword), 0) for keyword in KEYWORDS}


# PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.6.1, C.7.6.2, C.7.6.3, C.8.2.1, C.8.3.1
KEYWORDS = {
    "PatientName": (2, 2), "PatientID": (2, 2), "StudyInstanceUID": (1, 1), "StudyDate": (2, 2), "Modality": (1, 1),
    "SeriesNumber": (2, 2), "SeriesDescription": (0, 0), "InstanceNumber": (2, 2), "PixelSpacing": (1, 1),
    "SliceThickness": (2, 2), "Rows": (1, 1), "PlanarConfiguration": (0, 0), "ImageType": (1, 1), "KVP": (2, 0),
    "RescaleSlope": (1, 0), "ScanningSequence": (0, 1), "EchoTime": (0, 2), "RepetitionTime": (0, 0),
}  # fmt: skip


def test_tables_have_the_types_of_the_standard() -> None:
    ct, mr = required(CT_IMAGE_STORAGE), required(MR_IMAGE)

    assert {keyword: (ct[keyword], mr[keyword]) for keyword in KEYWORDS} == KEYWORDS


def test_tables_know_most_storage_classes_and_only_attributes_of_the_dictionary() -> None:
    current = [uid for uid, name in STORAGE_SOP_CLASSES.items() if not name.endswith("(Retired)")]
    unknown = [uid for uid in current if module_tables.iod_of(uid) is None]

    assert len(unknown) < 25  # DICOS, DICONDE and a few others, which PS3.3 does not define
    assert "highdicom" in module_tables.source()


def test_tables_load_at_once() -> None:
    module_tables._tables.cache_clear()
    started = time.perf_counter()
    module_tables.iod_of(CT_IMAGE_STORAGE)

    assert time.perf_counter() - started < 0.2


def test_what_is_missing_is_told_with_type_module_and_iod() -> None:
    found = findings(CT_IMAGE_STORAGE)

    patient = found["(0010,0010)"]
    assert patient.message == "missing, of type 2 in the Patient Module of the CT Image IOD"
    assert patient.clause == "PS3.5 7.4.3"
    rows = found["(0028,0010)"]
    assert rows.message == "missing, of type 1 in the Image Pixel Module of the CT Image IOD"
    assert rows.clause == "PS3.5 7.4.1"
    assert found["(0008,0008)"].message.endswith("in the CT Image Module of the CT Image IOD")


def test_value_of_type_1_must_not_be_empty_and_of_type_2_may() -> None:
    elements = (an_element(0x00080060, "CS", ""), an_element(0x00100010, "PN", ""))
    found = findings(CT_IMAGE_STORAGE, *elements)

    assert found["(0008,0060)"].message.startswith("empty, of type 1")
    assert "(0010,0010)" not in found
    assert "(0008,0060)" in findings(CT_IMAGE_STORAGE, an_element(0x00080060, "CS", "  "))
    assert "(0008,0060)" not in findings(CT_IMAGE_STORAGE, an_element(0x00080060, "CS", "CT"))


def test_items_are_looked_into() -> None:
    procedure = a_sequence(0x00081032, an_item(an_element(0x00080100, "SH", "1")), an_item())

    found = findings(CT_IMAGE_STORAGE, procedure)

    assert found["(0008,1032)[1].(0008,0104)"].keyword == "CodeMeaning"
    assert "(0008,1032)[2].(0008,0104)" in found


def test_image_needs_pixels() -> None:
    pixels = "(7FE0,0010)"
    assert findings(SECONDARY_CAPTURE)[pixels].message == "an image without pixels"
    assert pixels not in findings(SECONDARY_CAPTURE, an_element(0x7FE00010, "OW", b"\0\0"))
    assert pixels not in findings(BASIC_TEXT_SR)


def test_class_that_is_not_known_or_missing_is_told() -> None:
    (unknown,) = findings("1.2.3.4").values()
    assert (unknown.severity.value, unknown.rule) == ("note", "sop_class")
    (missing,) = module_findings(a_tree())
    assert (missing.severity.value, missing.path) == ("error", "(0008,0016)")


# ------------------------------------------------------------------------------------------------- SR


def content(kind: str, *elements: Element) -> Element:
    """A root container with one content item."""
    item = an_item(an_element(0x0040A010, "CS", "CONTAINS"), an_element(0x0040A040, "CS", kind), *elements)
    return a_sequence(0x0040A730, item)


ROOT = (an_element(0x0040A040, "CS", "CONTAINER"), an_element(0x0040A050, "CS", "SEPARATE"))


def test_content_items_have_what_their_value_type_needs() -> None:
    def said(item: Element) -> list[str]:
        return [
            f"{each.keyword} {each.message.split(',')[0]}" for each in content_findings(a_tree(*ROOT, item))
        ]

    assert said(content("TEXT", an_element(0x0040A160, "UT", "words"))) == []
    assert said(content("TEXT")) == ["TextValue missing"]
    assert said(content("TEXT", an_element(0x0040A160, "UT", ""))) == ["TextValue empty"]
    assert said(content("NUM", a_sequence(0x0040A300))) == []
    assert said(content("NUM")) == ["MeasuredValueSequence missing"]
    assert said(content("SCOORD")) == ["GraphicData missing", "GraphicType missing"]
    assert said(content("TXT")) == ["ValueType 'TXT' is no Value Type"]
    reference = a_sequence(0x0040A730, an_item(an_element(0x0040DB73, "UL", bytes(4))))
    assert said(reference) == []
    assert said(a_sequence(0x0040A730, an_item())) == [
        "ValueType a content item with neither a Value Type nor a reference"
    ]


def test_content_is_looked_into_to_any_depth() -> None:
    deepest = content("CODE")
    for _ in range(20):
        deepest = content("CONTAINER", an_element(0x0040A050, "CS", "SEPARATE"), deepest)

    (by_rule,) = content_findings(a_tree(*ROOT, deepest))
    by_module = findings(BASIC_TEXT_SR, *ROOT, content("CONTAINER", a_sequence(0x0040A730, an_item())))

    assert by_rule.path.count("(0040,A730)[1]") == 21
    assert "(0040,A730)[1].(0040,A730)[1].(0040,A010)" in by_module


@pytest.mark.parametrize("uid", ["1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.66.4"])
def test_functional_groups_may_stand_in_either_sequence(uid: str) -> None:
    groups = a_sequence(0x52009229, an_item())

    assert not [path for path in findings(uid, groups) if path.startswith("(5200,9229)[1]")]
