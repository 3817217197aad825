"""De-identified files: consistent, marked truthfully, and looked through."""

import pickle
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread

from fileroom.adapters.files.deidentifying.deidentifier import TreeDeidentifier
from fileroom.adapters.files.structure import IMPLICIT_LITTLE, PIXEL_DATA, UNDEFINED
from fileroom.adapters.files.tree import Element, Stored, open_tree
from fileroom.adapters.files.tree_writing import data_set_parts, new_element
from fileroom.application.ports.deidentifier import Deidentifier, Finding
from fileroom.domain.confidentiality.identifiers import Identifiers
from fileroom.domain.confidentiality.options import Temporal
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.pseudonyms import (
    STANDARD_ROOT,
    patient_pseudonym,
    title_pseudonym,
    uid_pseudonym,
)
from fileroom.domain.confidentiality.rules import Rule, RuleAction, Rules
from fileroom.domain.errors import FileroomError, InvalidInput, NotDicom, NotFound
from tests.objects_to_hide import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    KEY,
    a_plan,
    hidden,
    hide,
    item,
    sequence,
    text,
    value_in,
    write_object,
)
from tests.samples import BUNDLED, OBJECTS, damaged_files, name_of

SOP_INSTANCE, STUDY_DATE, SERIES_DATE, BIRTH_DATE = 0x00080018, 0x00080020, 0x00080021, 0x00100030
PATIENT_NAME, PATIENT_ID, ISSUER, SEX = 0x00100010, 0x00100020, 0x00100021, 0x00100040
STUDY_UID, STUDY_DESCRIPTION, MANUFACTURER = 0x0020000D, 0x00081030, 0x00080070
REFERENCED_IMAGES, REFERENCED_SERIES, REFERENCED_INSTANCE = 0x00081140, 0x00081115, 0x00081155
IDENTITY_REMOVED, METHOD, METHOD_CODES, LONGITUDINAL = 0x00120062, 0x00120063, 0x00120064, 0x00280303
CODE_VALUE, CODE_SCHEME, CODE_MEANING = 0x00080100, 0x00080102, 0x00080104
CONTENT, CONCEPT_NAME, VALUE_TYPE, TEXT_VALUE = 0x0040A730, 0x0040A043, 0x0040A040, 0x0040A160

SMITH = [
    text(PATIENT_NAME, "Smithers^Waylon"),
    text(PATIENT_ID, "MRN-778899"),
    text(SOP_INSTANCE, "1.2.3.4.5"),
]


def code(tag: int, value: str, scheme: str, meaning: str) -> Element:
    return sequence(tag, [text(CODE_VALUE, value), text(CODE_SCHEME, scheme), text(CODE_MEANING, meaning)])


# --------------------------------------------------------------------------------------------------- pseudonyms


def test_uids_are_the_same_in_references_and_in_other_files(tmp_path: Path) -> None:
    first = hidden(
        tmp_path,
        [
            text(SOP_INSTANCE, "1.2.3.4.5"),
            text(STUDY_UID, "1.2.3"),
            sequence(REFERENCED_IMAGES, [text(REFERENCED_INSTANCE, "1.2.3.4.6")]),
        ],
    )
    second = hidden(tmp_path, [text(SOP_INSTANCE, "1.2.3.4.6"), text(STUDY_UID, "1.2.3")])

    assert value_in(first, REFERENCED_IMAGES, REFERENCED_INSTANCE) == value_in(second, SOP_INSTANCE)
    assert value_in(first, STUDY_UID) == value_in(second, STUDY_UID) == uid_pseudonym(KEY, "1.2.3").encode()


def test_file_meta_information_tells_of_the_new_instance(tmp_path: Path) -> None:
    source = write_object(tmp_path / "in.dcm", SMITH)
    content = bytearray(source.read_bytes())
    content[:7] = b"Waylon!"
    source.write_bytes(content)

    _, done = hide(source)

    written = source.with_suffix(".out").read_bytes()
    assert written[:128] == bytes(128)
    assert dcmread(source.with_suffix(".out")).file_meta.MediaStorageSOPInstanceUID == done.sop_instance_uid
    assert done.sop_instance_uid == uid_pseudonym(KEY, "1.2.3.4.5")
    assert done.size == len(written)


def test_patients_get_a_pseudonym_each(tmp_path: Path) -> None:
    def pseudonym(*elements: Element) -> bytes | None:
        return value_in(hidden(tmp_path, elements), PATIENT_ID)

    smith = pseudonym(text(PATIENT_ID, "77"), text(ISSUER, "A"))
    assert smith == pseudonym(text(PATIENT_ID, "77 "), text(ISSUER, "A"), text(STUDY_UID, "1.2"))
    assert smith == patient_pseudonym(KEY, "id\x0077\x00A").encode()
    others = {
        pseudonym(text(PATIENT_ID, "77"), text(ISSUER, "B")),
        pseudonym(text(PATIENT_ID, "78"), text(ISSUER, "A")),
        pseudonym(text(PATIENT_ID, ""), text(PATIENT_NAME, "Doe")),
        pseudonym(text(PATIENT_ID, ""), text(STUDY_UID, "1.2")),
    }
    assert len(others | {smith}) == 5
    assert pseudonym(text(PATIENT_NAME, "Doe")) is None


def test_patient_can_be_given_a_name_and_an_id(tmp_path: Path) -> None:
    plan = DeidentificationPlan(key=KEY, patient_id="P1", patient_name="Anon^One")
    root = hidden(tmp_path, SMITH, plan)
    assert value_in(root, PATIENT_ID) == b"P1"
    assert value_in(root, PATIENT_NAME) == b"Anon^One"


def test_somebody_elses_id_within_sequences_is_no_pseudonym_of_this_patient(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [
            *SMITH,
            sequence(REFERENCED_SERIES, [text(PATIENT_ID, "MRN-778899")]),
            sequence(REFERENCED_IMAGES, [text(PATIENT_ID, "other")]),
        ],
    )
    assert value_in(root, REFERENCED_SERIES, PATIENT_ID) == value_in(root, PATIENT_ID)
    assert value_in(root, REFERENCED_IMAGES, PATIENT_ID) == b"REMOVED"


def test_same_key_gives_the_same_bytes_and_another_key_others(tmp_path: Path) -> None:
    source = next(path for path in OBJECTS if path.name == "CT_small.dcm")
    outputs = [tmp_path / name for name in "abc"]
    for output, key in zip(outputs, (KEY, KEY, b"another key, as long"), strict=True):
        TreeDeidentifier().deidentify(source, output, DeidentificationPlan(key=key))
    first, second, third = (output.read_bytes() for output in outputs)
    assert first == second != third


# -------------------------------------------------------------------------------------------------------- dates


def test_dates_of_a_patient_move_together(tmp_path: Path) -> None:
    plan = a_plan(temporal=Temporal.SHIFTED)

    def dates(day: str, patient: str) -> tuple[bytes | None, bytes | None, bytes | None]:
        root = hidden(
            tmp_path,
            [
                text(PATIENT_ID, patient),
                text(STUDY_DATE, day),
                text(0x00080030, "101112"),
                text(0x0008002A, f"{day}101112.5"),
                text(BIRTH_DATE, "19700101"),
            ],
            plan,
        )
        assert value_in(root, 0x00080030) == b"101112"
        assert value_in(root, BIRTH_DATE) == b""
        return value_in(root, STUDY_DATE), value_in(root, 0x0008002A), value_in(root, LONGITUDINAL)

    first, instant, marker = dates("20240301", "a")
    assert first is not None
    assert instant == first + b"101112.5"
    assert marker == b"MODIFIED"
    assert dates("20240301", "a") == (first, instant, marker)
    assert dates("20240301", "b")[0] != first
    later = dates("20240311", "a")[0]
    assert later is not None
    assert dcm_days(later) - dcm_days(first) == 10


def dcm_days(value: bytes) -> int:
    return date.fromisoformat(value.decode()).toordinal()


def test_dates_that_cannot_move_are_treated_as_without_the_option(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [text(STUDY_DATE, "spring"), text(SERIES_DATE, "2024"), text(0x0040A120, "2024")],
        a_plan(temporal=Temporal.SHIFTED),
    )
    assert value_in(root, STUDY_DATE) == b""
    assert value_in(root, SERIES_DATE) == b"19000101"
    assert value_in(root, 0x0040A120) == b"19000101000000"


def test_full_dates_stay_and_the_date_of_birth_goes(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [
            text(STUDY_DATE, "20240301"),
            text(BIRTH_DATE, "19700101"),
            text(MANUFACTURER, "20240301 1970-01-01"),
        ],
        a_plan(temporal=Temporal.FULL),
    )
    assert value_in(root, STUDY_DATE) == b"20240301"
    assert value_in(root, MANUFACTURER) == b"20240301"
    assert value_in(root, BIRTH_DATE) == b""
    assert value_in(root, LONGITUDINAL) == b"UNMODIFIED"


# ------------------------------------------------------------------------------------------------------ private


PRIVATE = [
    text(0x00190010, "SIEMENS MR HEADER", "LO"),
    text(0x0019100C, "1000", "IS"),
    text(0x00191008, "secret", "CS"),
    text(0x00191123, "no creator", "LO"),
    text(0x00290010, "ACME 1.0", "LO"),
    text(0x00291001, "harmless", "LO"),
    text(0x00291002, "1.2.3.77", "UI"),
    text(0x00291003, "20240301", "DA"),
    text(0x00291004, "Jones^Indiana", "PN"),
    text(0x00291005, "who", "LO"),
]


def characteristics(status: str) -> Element:
    return sequence(
        0x00080300,
        [
            new_element(0x00080301, b"\x29\x00", b"US"),
            text(0x00080302, "ACME 1.0"),
            text(0x00080303, status),
            new_element(0x00080304, b"\x01\x00\x02\x00", b"US"),
            sequence(0x00080305, [new_element(0x00080306, b"\x05\x00", b"US"), text(0x00080307, "D")]),
        ],
    )


def test_private_attributes_go_with_their_creators(tmp_path: Path) -> None:
    root = hidden(tmp_path, [*PRIVATE, characteristics("SAFE")])
    assert [element.tag for element in root.elements if element.tag >> 16 & 1] == []
    assert root.find(0x00080300) is None


def test_private_attributes_that_the_standard_calls_safe_stay(tmp_path: Path) -> None:
    root = hidden(tmp_path, PRIVATE, a_plan(retain_safe_private=True))
    assert [element.tag for element in root.elements if element.tag >> 16 & 1] == [0x00190010, 0x0019100C]


def test_private_blocks_that_the_object_calls_safe_stay_cleaned(tmp_path: Path) -> None:
    root = hidden(tmp_path, [*PRIVATE, characteristics("SAFE")], a_plan(retain_safe_private=True))
    assert value_in(root, 0x00290010) == b"ACME 1.0"
    assert value_in(root, 0x00291001) == b"harmless"
    assert value_in(root, 0x00291002) == uid_pseudonym(KEY, "1.2.3.77").encode()
    assert value_in(root, 0x00291003) == b""
    assert value_in(root, 0x00291004) == b"REMOVED"
    assert value_in(root, 0x00291005) == b"REMOVED"
    assert value_in(root, 0x0019100C) == b"1000"


def test_mixed_private_blocks_lose_what_is_not_called_safe(tmp_path: Path) -> None:
    root = hidden(tmp_path, [*PRIVATE, characteristics("MIXED")], a_plan(retain_safe_private=True))
    kept = [element.tag for element in root.elements if element.tag >> 16 == 0x29]
    assert kept == [0x00290010, 0x00291001, 0x00291002, 0x00291005]


def test_unsafe_private_blocks_go(tmp_path: Path) -> None:
    root = hidden(tmp_path, [*PRIVATE, characteristics("UNSAFE")], a_plan(retain_safe_private=True))
    assert value_in(root, 0x00291001) is None


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
def test_sequences_that_are_hidden_in_unknown_bytes_are_opened(tmp_path: Path, syntax: str) -> None:
    inner = item([text(PATIENT_NAME, "Smithers^Waylon"), text(REFERENCED_INSTANCE, "1.2.3.4.9")])
    content = b"".join(data_set_parts(inner, IMPLICIT_LITTLE))
    bytes_of_items = b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content
    elements = [*SMITH, new_element(REFERENCED_SERIES, bytes_of_items, b"UN")]

    root = hidden(tmp_path, elements, syntax=syntax)

    assert value_in(root, REFERENCED_SERIES, PATIENT_NAME) == b""
    assert value_in(root, REFERENCED_SERIES, REFERENCED_INSTANCE) == uid_pseudonym(KEY, "1.2.3.4.9").encode()
    assert b"Waylon" not in (tmp_path / "in.out").read_bytes()


def test_damaged_hidden_sequences_go(tmp_path: Path) -> None:
    damaged = new_element(
        REFERENCED_SERIES, b"\xfe\xff\x00\xe0\x10\x00\x00\x00\x10\x00\x10\x00\xff\xff\xff\x0fWaylon", b"UN"
    )
    root, done = hide(write_object(tmp_path / "in.dcm", [damaged]))
    assert root.find(REFERENCED_SERIES) is None
    assert any("could not be read" in warning for warning in done.warnings)


def test_attributes_that_no_dictionary_knows_go(tmp_path: Path) -> None:
    root, done = hide(
        write_object(tmp_path / "in.dcm", [text(0x00090010, "x", "LO"), text(0x00089999, "x", "LO")])
    )
    assert root.find(0x00089999) is None
    assert any("does not know" in warning for warning in done.warnings)


def test_attributes_of_unknown_vr_are_handled_as_the_dictionary_says(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [
            new_element(PATIENT_ID, b"MRN-778899", b"UN"),
            new_element(SOP_INSTANCE, b"1.2.3.4.5", b"UN"),
            new_element(STUDY_DATE, b"20240301", b"UN"),
        ],
        a_plan(temporal=Temporal.SHIFTED),
    )
    assert (value_in(root, PATIENT_ID) or b"").startswith(b"ANON-")
    assert value_in(root, SOP_INSTANCE) == uid_pseudonym(KEY, "1.2.3.4.5").encode()
    assert len(value_in(root, STUDY_DATE) or b"") == 8
    assert {element.vr for element in root.elements if element.tag in {PATIENT_ID, SOP_INSTANCE}} == {
        b"LO",
        b"UI",
    }


# ----------------------------------------------------------------------------------------------- special cases


def test_overlay_goes_whole(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [
            new_element(0x60000010, b"\1\0", b"US"),
            text(0x60001500, "label", "LO"),
            new_element(0x60003000, b"\1\1", b"OW"),
            new_element(0x60020010, b"\1\0", b"US"),
        ],
    )
    assert [element.tag for element in root.elements if element.tag >> 24 == 0x60] == [0x60020010]


def test_encapsulated_document_is_replaced_and_its_length_fits(tmp_path: Path) -> None:
    source = write_object(
        tmp_path / "in.dcm",
        [
            new_element(0x00420011, b"%PDF of Waylon" * 9000, b"OB"),
            new_element(0x00420015, b"\1\2\3\0", b"UL"),
        ],
    )
    root, done = hide(source)
    assert value_in(root, 0x00420011) == b""
    assert root.find(0x00420011).size == 2  # type: ignore[union-attr] # it is there
    assert root.find(0x00420015).value == b"\2\0\0\0"  # type: ignore[union-attr] # it is there
    assert any("document" in warning for warning in done.warnings)


def test_titles_of_devices_become_pseudonyms_with_the_option(tmp_path: Path) -> None:
    root = hidden(tmp_path, [text(0x00080054, "HOSPITAL_CT\\B")], a_plan(retain_device=True))
    assert value_in(root, 0x00080054) == (
        f"{title_pseudonym(KEY, 'HOSPITAL_CT')}\\{title_pseudonym(KEY, 'B')}".encode()
    )


def test_descriptions_stay_cleaned_with_the_option_or_go(tmp_path: Path) -> None:
    root = hidden(
        tmp_path,
        [
            *SMITH,
            text(STUDY_DESCRIPTION, "Knee of Smithers"),
            text(0x0008103E, "line\nline"),
            text(0x00181030, "a^b"),
        ],
        a_plan(clean_descriptors=True),
    )
    assert value_in(root, STUDY_DESCRIPTION) == b"Knee of"
    assert value_in(root, 0x0008103E) is None
    assert value_in(root, 0x00181030) == b"REMOVED"


def test_structured_content_stays_without_persons_and_narrative(tmp_path: Path) -> None:
    def content(*elements: Element) -> list[Element]:
        return list(elements)

    report = sequence(
        CONTENT,
        content(
            text(VALUE_TYPE, "TEXT"),
            code(CONCEPT_NAME, "121071", "DCM", "Finding"),
            text(TEXT_VALUE, "Mass in Smithers"),
        ),
        content(
            text(VALUE_TYPE, "TEXT"),
            code(CONCEPT_NAME, "121030", "DCM", "Subject ID"),
            text(TEXT_VALUE, "Q7"),
        ),
        content(
            text(VALUE_TYPE, "PNAME"),
            code(CONCEPT_NAME, "121008", "DCM", "Observer"),
            text(0x0040A123, "House^Gregory"),
        ),
        content(text(VALUE_TYPE, "TEXT"), text(TEXT_VALUE, "word " * 30)),
        content(text(VALUE_TYPE, "UIDREF"), text(0x0040A124, "1.2.9")),
        content(text(VALUE_TYPE, "DATE"), text(0x0040A121, "20240301")),
    )
    root = hidden(tmp_path, [*SMITH, report], a_plan(clean_structured_content=True))

    found = root.find(CONTENT)
    assert found is not None
    assert found.items is not None
    told = [
        next(
            value
            for tag in (TEXT_VALUE, 0x0040A123, 0x0040A124, 0x0040A121)
            if (value := value_in(each, tag)) is not None
        )
        for each in found.items
    ]
    assert told == [
        b"Mass in",
        b"REMOVED",
        b"REMOVED",
        b"REMOVED",
        uid_pseudonym(KEY, "1.2.9").encode(),
        b"19000101",
    ]
    assert value_in(found.items[0], CONCEPT_NAME, CODE_VALUE) == b"121071"
    assert value_in(found.items[0], CONCEPT_NAME, CODE_MEANING) == b"Finding"


def test_structured_content_is_all_dummies_without_the_option(tmp_path: Path) -> None:
    report = sequence(
        CONTENT,
        [
            text(VALUE_TYPE, "TEXT"),
            code(CONCEPT_NAME, "121071", "DCM", "Finding"),
            text(TEXT_VALUE, "Mass"),
            text(0x00090010, "ACME", "LO"),
            text(0x00091001, "private", "LO"),
        ],
    )
    root = hidden(tmp_path, [report], a_plan(retain_safe_private=True))
    assert value_in(root, CONTENT, VALUE_TYPE) == b"TEXT"
    assert value_in(root, CONTENT, TEXT_VALUE) == b"REMOVED"
    assert value_in(root, CONTENT, CONCEPT_NAME, CODE_VALUE) == b"REMOVED"
    assert value_in(root, CONTENT, CONCEPT_NAME, CODE_SCHEME) == b"99REMOVED"
    assert value_in(root, CONTENT, 0x00091001) is None


def test_large_values_are_copied_and_not_held(tmp_path: Path) -> None:
    pixels = bytes(range(256)) * 1024
    source = write_object(tmp_path / "in.dcm", [*SMITH, new_element(PIXEL_DATA, pixels, b"OW")])
    hide(source)
    with open_tree(source.with_suffix(".out")) as tree:
        element = tree.root.find(PIXEL_DATA)
        assert element is not None
        assert isinstance(element.value, Stored)
        assert element.value.read() == pixels


# ------------------------------------------------------------------------------------------------------ markers


def test_object_says_what_was_done_to_it(tmp_path: Path) -> None:
    root = hidden(tmp_path, SMITH, a_plan(retain_device=True))
    assert value_in(root, IDENTITY_REMOVED) == b"YES"
    assert value_in(root, LONGITUDINAL) == b"REMOVED"
    assert b"PS3.15" in (value_in(root, METHOD) or b"")
    codes = root.find(METHOD_CODES)
    assert codes is not None
    assert [value_in(each, CODE_VALUE) for each in codes.items or ()] == [b"113100", b"113109"]


def test_what_earlier_steps_said_stays(tmp_path: Path) -> None:
    earlier = [
        text(METHOD, "by hand"),
        code(METHOD_CODES, "113101", "DCM", "Clean Pixel Data Option"),
        text(LONGITUDINAL, "MODIFIED"),
        text(0x00280301, "NO"),
    ]
    root = hidden(tmp_path, [*SMITH, *earlier], a_plan(temporal=Temporal.FULL))
    assert (value_in(root, METHOD) or b"").startswith(b"by hand\\fileroom")
    codes = root.find(METHOD_CODES)
    assert codes is not None
    assert [value_in(each, CODE_VALUE) for each in codes.items or ()] == [b"113101", b"113100", b"113106"]
    assert value_in(root, LONGITUDINAL) == b"MODIFIED"
    assert value_in(root, 0x00280301) == b"NO"


def test_doing_it_again_does_not_repeat_the_markers(tmp_path: Path) -> None:
    source = write_object(tmp_path / "in.dcm", SMITH)
    hide(source)
    again, _ = hide(source.with_suffix(".out").rename(tmp_path / "again.dcm"))
    assert (value_in(again, METHOD) or b"").count(b"fileroom") == 1
    codes = again.find(METHOD_CODES)
    assert codes is not None
    assert len(codes.items or ()) == 1


# -------------------------------------------------------------------------------------------------------- rules


def rules(*each: tuple[tuple[int, ...], RuleAction, str]) -> Rules:
    return Rules(
        Rule(path=path, name=f"rule {path[-1]:08X}", action=action, value=value)
        for path, action, value in each
    )


def test_rules_override_the_profile(tmp_path: Path) -> None:
    plan = a_plan(
        rules(
            ((0x00080050,), RuleAction.REMOVE, ""),
            ((STUDY_DESCRIPTION,), RuleAction.REPLACE, "Knee"),
            ((0x00180050,), RuleAction.EMPTY, ""),
            ((0x00080016,), RuleAction.UID, ""),
            ((0x00280010,), RuleAction.REPLACE, "512"),
            ((REFERENCED_SERIES, 0x00080060), RuleAction.REMOVE, ""),
        )
    )
    root, done = hide(
        write_object(
            tmp_path / "in.dcm",
            [
                text(0x00080050, "A1"),
                text(STUDY_DESCRIPTION, "Hip"),
                text(0x00180050, "5"),
                text(0x00080060, "CT"),
                new_element(0x00280010, b"\0\1", b"US"),
                sequence(REFERENCED_SERIES, [text(0x00080060, "CT")]),
            ],
        ),
        plan,
    )
    assert value_in(root, 0x00080050) is None
    assert value_in(root, STUDY_DESCRIPTION) == b"Knee"
    assert value_in(root, 0x00180050) == b""
    assert root.find(0x00280010).value == b"\0\2"  # type: ignore[union-attr] # it is there
    assert value_in(root, 0x00080060) == b"CT"
    assert value_in(root, REFERENCED_SERIES, 0x00080060) is None
    assert done.claims_profile
    assert value_in(root, IDENTITY_REMOVED) == b"YES"


def test_rule_that_keeps_too_much_takes_the_claim_away(tmp_path: Path) -> None:
    plan = a_plan(rules(((PATIENT_NAME,), RuleAction.KEEP, "")))
    source = write_object(tmp_path / "in.dcm", [*SMITH, text(MANUFACTURER, "Smithers Inc")])

    root, done = hide(source, plan)

    assert value_in(root, PATIENT_NAME) == b"Smithers^Waylon"
    assert value_in(root, MANUFACTURER) == b"Smithers Inc"
    assert not done.claims_profile
    assert value_in(root, IDENTITY_REMOVED) == b"NO"
    assert root.find(METHOD_CODES) is None
    assert b"rule 00100010" in (value_in(root, METHOD) or b"")


def test_rule_that_does_not_come_to_bear_takes_nothing_away(tmp_path: Path) -> None:
    plan = a_plan(rules(((SEX,), RuleAction.KEEP, "")))
    _, done = hide(write_object(tmp_path / "in.dcm", SMITH), plan)
    assert done.claims_profile


def test_rule_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source = write_object(tmp_path / "in.dcm", [new_element(0x00280010, b"\0\1", b"US")])
    with pytest.raises(InvalidInput, match="many"):
        hide(source, a_plan(rules(((0x00280010,), RuleAction.REPLACE, "many"))))
    assert not source.with_suffix(".out").exists()


# ----------------------------------------------------------------------------------------------------- residues


def test_identifying_words_in_kept_text_are_cut_and_told(tmp_path: Path) -> None:
    root, done = hide(
        write_object(
            tmp_path / "in.dcm",
            [
                *SMITH,
                text(MANUFACTURER, "Owned by SMITHERS"),
                sequence(REFERENCED_SERIES, [text(0x00081090, "MRN-778899")]),
                text(0x00180015, "WAYLON"),
                text(0x0008010C, "1.2.3.4.5", "UI"),
            ],
        )
    )
    assert value_in(root, MANUFACTURER) == b"Owned by"
    assert value_in(root, REFERENCED_SERIES, 0x00081090) == b""
    assert value_in(root, 0x00180015) == b"WAYLON"
    assert {(each.path, each.finding) for each in done.residues} == {
        ("Manufacturer", Finding.CUT),
        ("ReferencedSeriesSequence[1].ManufacturerModelName", Finding.REPLACED),
        ("BodyPartExamined", Finding.LEFT),
        ("CodingSchemeUID", Finding.REPLACED),
    }


def test_products_may_be_called_like_stations_and_institutions_but_not_like_people(tmp_path: Path) -> None:
    root, done = hide(
        write_object(
            tmp_path / "in.dcm",
            [
                *SMITH,
                text(0x00080080, "Siemens Clinic"),
                text(0x00081010, "SYMPHONY"),
                text(MANUFACTURER, "Siemens Clinic"),
                text(0x00081090, "Symphony of Smithers"),
                text(0x00181020, "Symphony 2"),
            ],
        )
    )
    assert value_in(root, MANUFACTURER) == b"Siemens Clinic"
    assert value_in(root, 0x00081090) == b"Symphony of"
    assert value_in(root, 0x00181020) == b"2"
    assert [each.finding for each in done.residues] == [Finding.LEFT, Finding.CUT, Finding.CUT]


def test_name_of_the_output_is_looked_at_too(tmp_path: Path) -> None:
    source = write_object(tmp_path / "smithers.dcm", SMITH)
    _, done = hide(source)
    assert any("name of the file" in warning for warning in done.warnings)


def test_private_creators_stay_as_they_are(tmp_path: Path) -> None:
    elements = [text(PATIENT_NAME, "Siemens^Werner"), *PRIVATE]
    root, done = hide(write_object(tmp_path / "in.dcm", elements), a_plan(retain_safe_private=True))
    assert value_in(root, 0x00190010) == b"SIEMENS MR HEADER"
    assert [(each.path, each.finding) for each in done.residues] == [("(0019,0010)", Finding.LEFT)]


def test_kept_bytes_are_searched(tmp_path: Path) -> None:
    source = write_object(
        tmp_path / "in.dcm", [*SMITH, new_element(0x00282000, b"ICC of Waylon Smithers", b"OB")]
    )
    _, done = hide(source)
    assert [(each.path, each.finding) for each in done.residues] == [("ICCProfile", Finding.LEFT)]


JPEG_COMMENT = b"\xff\xd8\xff\xe0\0\4JF\xff\xfe\0\x12Smithers, Waylon\xff\xda\0\2" + bytes(50)
JPEG_2000_COMMENT = b"\xff\x4f\xff\x51\0\4XX\xff\x64\0\x14\0\1Smithers, Waylon\xff\x90\0\2" + bytes(50)
JPEG_PIXELS = b"\xff\xd8\xff\xda\0\2Smithers, Waylon" + bytes(50)


@pytest.mark.parametrize(
    ("frame", "is_found"),
    [
        (JPEG_COMMENT, True),
        (JPEG_2000_COMMENT, True),
        (JPEG_PIXELS, False),
        (b"\xff\xd8\xff", False),
        (b"RLE", False),
    ],
)
def test_comments_in_compressed_pixels_are_searched(tmp_path: Path, frame: bytes, is_found: bool) -> None:
    pixels = new_element(PIXEL_DATA, b"", b"OB")
    pixels.fragments = [b"", frame]
    pixels.length = UNDEFINED
    _, done = hide(write_object(tmp_path / "in.dcm", [*SMITH, pixels], syntax="1.2.840.10008.1.2.4.90"))
    assert [each.path for each in done.residues] == (["PixelData"] if is_found else [])


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("path", [path for path in BUNDLED if "DICOMDIR" in path.name], ids=name_of)
def test_directories_of_media_are_refused(tmp_path: Path, path: Path) -> None:
    with pytest.raises(FileroomError) as caught:
        TreeDeidentifier().deidentify(path, tmp_path / "out", a_plan())
    assert not isinstance(caught.value, NotDicom) or "DICOMDIR" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        TreeDeidentifier().deidentify(tmp_path / "none", tmp_path / "out", a_plan())


def test_results_pickle(tmp_path: Path) -> None:
    _, done = hide(write_object(tmp_path / "in.dcm", [*SMITH, text(MANUFACTURER, "Smithers")]))
    assert done.residues
    assert pickle.loads(pickle.dumps(done)) == done  # noqa: S301 - our own


def test_adapter_and_plan_pickle_and_the_key_is_not_shown() -> None:
    plan = a_plan(rules(((SEX,), RuleAction.KEEP, "")), retain_uids=True)
    copied: Deidentifier
    copied, other = pickle.loads(pickle.dumps((TreeDeidentifier(), plan)))  # noqa: S301 - our own
    assert isinstance(copied, TreeDeidentifier)
    assert (other.key, other.options) == (plan.key, plan.options)
    assert other.rules.rule_for(SEX) == plan.rules.rule_for(SEX)
    assert KEY.decode() not in repr(plan)


# --------------------------------------------------------------------------------------------------- real files


def identifying_values(path: Path) -> Identifiers:
    found = Identifiers()
    with open_tree(path) as tree:
        for _, element, _ in tree.walk():
            if element.tag in {PATIENT_ID, SOP_INSTANCE} and isinstance(element.value, bytes):
                value = element.value.decode("latin-1")
                if not value.startswith(STANDARD_ROOT):
                    found.add_phrase(value)
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", OBJECTS, ids=name_of)
def test_real_files_stay_readable_and_lose_what_identifies(tmp_path: Path, path: Path) -> None:
    output = tmp_path / "out.dcm"
    before, identifying = dcmread(path, force=True), identifying_values(path)

    done = TreeDeidentifier().deidentify(path, output, a_plan())

    after = dcmread(output)
    str(after)
    assert after.get("SOPClassUID") == before.get("SOPClassUID")
    assert after.get("PatientName", "") == ""
    assert after.get("SOPInstanceUID", "") == done.sop_instance_uid
    if "PixelData" in before:
        assert after.PixelData == before.PixelData
    with open_tree(output) as tree:
        tree.root.elements = [element for element in tree.root.elements if element.tag < PIXEL_DATA]
        rest = b"".join(data_set_parts(tree.root, tree.encoding))
    left = {each.path for each in done.residues if each.finding is Finding.LEFT}
    assert left or not identifying.bytes_found_in(rest)


@pytest.mark.filterwarnings("ignore")
@given(content=damaged_files())
def test_damaged_files_give_errors_of_ours_or_files(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "in").write_bytes(content)
    plan = a_plan(
        temporal=Temporal.SHIFTED,
        retain_safe_private=True,
        clean_descriptors=True,
        clean_structured_content=True,
        clean_graphics=True,
    )
    with suppress(FileroomError):
        TreeDeidentifier().deidentify(folder / "in", folder / "out", plan)
        with open_tree(folder / "out"):
            pass
        return
    assert [path.name for path in folder.iterdir()] == ["in"]


class Secrets(NamedTuple):
    family: str
    given: str
    patient_id: str
    uid: str
    operator: str


WORD = st.text("ABCDEFGHKLMNPQRSTUVWXYZ", min_size=6, max_size=12)
NUMBER = st.text("123456789", min_size=6, max_size=12)


SECRETS = st.builds(
    Secrets, family=WORD, given=WORD, patient_id=NUMBER, uid=NUMBER.map("1.2.826.{}".format), operator=WORD
)
FLAGS = (
    "retain_device",
    "retain_patient_characteristics",
    "retain_safe_private",
    "clean_descriptors",
    "clean_structured_content",
    "clean_graphics",
)
PLANS = st.fixed_dictionaries(
    {name: st.booleans() for name in FLAGS} | {"temporal": st.sampled_from(Temporal)}
)


@given(secrets=SECRETS, syntax=st.sampled_from([EXPLICIT, IMPLICIT, BIG_ENDIAN]), options=PLANS)
def test_no_name_id_or_uid_survives(
    tmp_path_factory: pytest.TempPathFactory, secrets: Secrets, syntax: str, options: dict[str, object]
) -> None:
    family, given_name, patient_id, uid, operator = secrets
    folder = tmp_path_factory.mktemp("survivors")
    sentence = f"{given_name} {family.title()}, {patient_id}: {operator}"
    inner = [
        text(PATIENT_NAME, f"{family}^{given_name}"),
        text(0x00081070, f"{operator}^X"),
        text(REFERENCED_INSTANCE, uid),
        text(0x00081090, sentence),
        text(TEXT_VALUE, f"see {uid} {sentence}"),
    ]
    elements = [
        text(SOP_INSTANCE, uid),
        text(PATIENT_NAME, f"{family}^{given_name}"),
        text(PATIENT_ID, patient_id),
        text(STUDY_DESCRIPTION, sentence),
        text(0x00081070, f"{operator}^X"),
        text(0x00104000, sentence * 3),
        text(MANUFACTURER, f"MRN{patient_id}"),
        text(0x00290010, family, "LO"),
        text(0x00291010, sentence, "LO"),
        text(0x20010010, "Philips Imaging DD 001", "LO"),
        text(0x20011050, sentence, "LO"),
        sequence(0x2001105F, inner),
        sequence(REFERENCED_SERIES, inner),
        sequence(CONTENT, [*inner, sequence(CONTENT, inner)]),
        sequence(0x00700001, [*inner, text(0x00700006, sentence)]),
        sequence(0x00400275, inner),
    ]

    hidden(folder, elements, a_plan(None, **options), syntax=syntax)

    written = (folder / "in.out").read_bytes().upper()
    for secret in secrets:
        assert secret.encode() not in written
