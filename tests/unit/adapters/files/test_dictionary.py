"""The data dictionary says what pydicom's says, and loads nothing else."""

import subprocess
import sys

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import get_private_entry, keyword_for_tag

from fileroom.adapters.files.dictionary import (
    creator_tag,
    entry_of,
    is_private_creator,
    keyword_of,
    tag_of,
)


def test_standard_elements_are_those_of_pydicom() -> None:
    for tag, (vr, vm, name, retired, keyword) in DicomDictionary.items():
        if tag & 0xFFFF:
            assert entry_of(tag) == (vr, vm, name, keyword, bool(retired)), hex(tag)
    assert entry_of(0x00F80019) is None


def test_keywords_lead_to_tags_and_back() -> None:
    assert keyword_of(0x00100010) == "PatientName"
    assert tag_of("PatientName") == 0x00100010
    assert tag_of("NoSuchKeyword") is None


def test_repeating_groups_are_known() -> None:
    for tag in (0x60003000, 0x60023000, 0x50100005, 0x00203101):
        assert keyword_of(tag) == keyword_for_tag(tag)


def test_group_lengths_are_known() -> None:
    assert entry_of(0x00100000) == ("UL", "1", "Group Length", "GroupLength", True)


def test_private_elements_are_known_by_their_creator() -> None:
    found = entry_of(0x0019100C, "SIEMENS MR HEADER")

    assert found is not None
    assert (found.vr, found.vm, found.name) == get_private_entry(0x0019100C, "SIEMENS MR HEADER")[:3]
    assert entry_of(0x0019100C, "NOBODY") is None
    assert entry_of(0x00190010) is not None
    assert is_private_creator(0x00190010)
    assert creator_tag(0x0019100C) == 0x00190010


def test_pydicom_is_not_loaded() -> None:
    code = (
        "import sys; from fileroom.adapters.files.dictionary import entry_of; "
        "assert entry_of(0x00100010).keyword == 'PatientName'; "
        "assert not {'pydicom', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
