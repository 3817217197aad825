"""Query levels, and identifiers of queries and retrievals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.errors import InvalidInput
from fileroom.domain.query import DEFAULT_KEYS, UNIQUE_KEYS, Query, QueryLevel, QueryModel, Selection

UIDS = st.lists(st.text("0123456789.", min_size=1, max_size=20), max_size=3).map(tuple)
ALL_UNIQUE_KEYS = {
    "PatientID": "P",
    "StudyInstanceUID": "1",
    "SeriesInstanceUID": "2\\3",
    "SOPInstanceUID": "4",
}


def test_levels_go_from_patient_to_image() -> None:
    assert [level.depth for level in QueryLevel] == [0, 1, 2, 3]
    assert [level.dicom for level in QueryLevel] == ["PATIENT", "STUDY", "SERIES", "IMAGE"]


@pytest.mark.parametrize("level", QueryLevel)
@pytest.mark.parametrize("padding", ["", " ", "\0"])
def test_level_is_read_from_the_wire(level: QueryLevel, padding: str) -> None:
    assert QueryLevel.from_dicom(level.dicom + padding) is level


@pytest.mark.parametrize("text", ["", "WORKLIST", "STUDY\\SERIES"])
def test_level_is_refused_when_it_is_none(text: str) -> None:
    with pytest.raises(InvalidInput, match="query/retrieve level"):
        QueryLevel.from_dicom(text)


def test_default_keys_hold_the_unique_key_of_their_level() -> None:
    for level, keys in DEFAULT_KEYS.items():
        assert level.unique_key in keys
        assert len(keys) == len(set(keys))


def test_query_is_refused_when_study_root_is_asked_for_patients() -> None:
    with pytest.raises(InvalidInput, match="no patient level"):
        Query(level=QueryLevel.PATIENT)
    assert Query(level=QueryLevel.PATIENT, model=QueryModel.PATIENT_ROOT).level is QueryLevel.PATIENT


@given(st.text("PQ1", min_size=1, max_size=8), UIDS, UIDS, UIDS)
def test_selection_survives_the_way_over_the_wire(
    patient_id: str, studies: tuple[str, ...], series: tuple[str, ...], instances: tuple[str, ...]
) -> None:
    selection = Selection(
        level=QueryLevel.IMAGE,
        model=QueryModel.PATIENT_ROOT,
        patient_id=patient_id,
        study_instance_uids=studies,
        series_instance_uids=series,
        sop_instance_uids=(*instances, "1"),
    )
    assert Selection.from_keys(selection.level, selection.model, selection.keys()) == selection


@pytest.mark.parametrize("level", QueryLevel)
def test_selection_ignores_keys_below_its_level(level: QueryLevel) -> None:
    selection = Selection.from_keys(level, QueryModel.PATIENT_ROOT, ALL_UNIQUE_KEYS)
    assert set(selection.keys()) == {UNIQUE_KEYS[one] for one in QueryLevel if one.depth <= level.depth}


@pytest.mark.parametrize("level", QueryLevel)
@pytest.mark.parametrize("value", ["", " ", "\0", "\\", " \\ "])
def test_selection_is_refused_when_it_would_mean_everything(level: QueryLevel, value: str) -> None:
    if level is QueryLevel.PATIENT and "\\" in value:
        return  # a patient ID may hold anything
    with pytest.raises(InvalidInput, match=level.unique_key):
        Selection.from_keys(level, QueryModel.PATIENT_ROOT, ALL_UNIQUE_KEYS | {level.unique_key: value})


def test_selection_names_several_uids_without_their_padding() -> None:
    keys = {"StudyInstanceUID": "1.2\0", "SeriesInstanceUID": "1.3 \\ 1.4\\"}
    selection = Selection.from_keys(QueryLevel.SERIES, QueryModel.STUDY_ROOT, keys)
    assert selection.study_instance_uids == ("1.2",)
    assert selection.series_instance_uids == ("1.3", "1.4")
