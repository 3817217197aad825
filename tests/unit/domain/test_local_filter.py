"""What the fields of a local filter mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.errors import InvalidInput
from fileroom.domain.local_filter import LocalFilter
from fileroom.domain.matching import accepts

SHOWN = {
    "PatientName": "Müller^Änne",
    "PatientID": "P-1",
    "AccessionNumber": "A1",
    "Modality": "CT",
    "StudyDate": "20240131",
    "StudyDescription": "CT Thorax mit KM",
}


def shows(criteria: LocalFilter) -> bool:
    return all(accepts(wanted, one, SHOWN[one.keyword]) for one, wanted in criteria.conditions())


def test_filter_without_fields_restricts_nothing() -> None:
    assert LocalFilter().conditions() == []


@pytest.mark.parametrize(
    "criteria",
    [
        LocalFilter(patient_name="mull"),
        LocalFilter(patient_name="ANNE"),
        LocalFilter(patient_name="m?ller^a*"),
        LocalFilter(patient_id="P-1"),
        LocalFilter(patient_id="P*"),
        LocalFilter(accession_number="A?"),
        LocalFilter(modalities=("MR", "CT")),
        LocalFilter(modalities=("", "CT")),
        LocalFilter(modalities=("", "")),
        LocalFilter(study_date="20240131"),
        LocalFilter(study_date="20240101-20240201"),
        LocalFilter(study_description="thorax"),
        LocalFilter(study_description="ct*km"),
        LocalFilter(patient_name=" ", study_description=" "),
    ],
)
def test_filter_shows_what_fits(criteria: LocalFilter) -> None:
    assert shows(criteria)


@pytest.mark.parametrize(
    "criteria",
    [
        LocalFilter(patient_name="anne*"),
        LocalFilter(patient_name="müller^x"),
        LocalFilter(patient_id="P"),
        LocalFilter(patient_id="p-1"),
        LocalFilter(accession_number="A"),
        LocalFilter(modalities=("MR", "PT")),
        LocalFilter(study_date="-20240101"),
        LocalFilter(study_description="km*"),
        LocalFilter(patient_name="müller", patient_id="P-2"),
    ],
)
def test_filter_hides_what_does_not_fit(criteria: LocalFilter) -> None:
    assert not shows(criteria)


def test_filter_is_refused_when_its_date_is_none() -> None:
    with pytest.raises(InvalidInput, match="StudyDate"):
        LocalFilter(study_date="last week").conditions()


@given(st.text(st.characters(exclude_characters="*?=\uff1d", exclude_categories=["Cs"])))
def test_part_of_a_text_is_found_whatever_it_holds(part: str) -> None:
    criteria = LocalFilter(study_description=part)
    value = f"before {part} after"
    assert all(accepts(wanted, one, value) for one, wanted in criteria.conditions())
