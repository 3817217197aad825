"""The table of SOP classes against the libraries' dictionaries, and what people type after `--accept`."""

import pynetdicom.sop_class as peer
import pytest
from pydicom._uid_dict import UID_dictionary

from fileroom.domain import sop_classes
from fileroom.domain.errors import InvalidInput
from fileroom.domain.sop_classes import (
    MODALITY_TOKENS,
    STORAGE_SOP_CLASSES,
    is_storage_sop_class,
    sop_class_name,
    storage_sop_classes_for,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
# "Storage" in the name, but nothing that C-STORE carries.
NOT_CARRIED = {
    "1.2.840.10008.1.3.10",  # DICOMDIR
    "1.2.840.10008.1.20.1",  # storage commitment, push
    "1.2.840.10008.1.20.2",  # storage commitment, pull
}
IN_PYDICOM = {
    uid: entry
    for uid, entry in UID_dictionary.items()
    if entry[1] == "SOP Class" and "Storage" in entry[0] and uid not in NOT_CARRIED
}
IN_PYNETDICOM = {str(uid) for uid in {**peer._STORAGE_CLASSES, **peer._NON_PATIENT_OBJECT_CLASSES}.values()}


def test_table_has_every_storage_class_of_the_libraries() -> None:
    assert set(IN_PYDICOM) | IN_PYNETDICOM <= set(STORAGE_SOP_CLASSES)


def test_table_has_nothing_that_the_libraries_do_not_know() -> None:
    assert set(STORAGE_SOP_CLASSES) <= set(IN_PYDICOM) | IN_PYNETDICOM


@pytest.mark.parametrize("uid", IN_PYDICOM)
def test_name_is_that_of_the_standard(uid: str) -> None:
    name, _, _, retired, _ = IN_PYDICOM[uid]
    expected = name.removesuffix(" SOP Class") + (" (Retired)" if retired else "")
    assert sop_class_name(uid) == expected


@pytest.mark.parametrize("uid", IN_PYDICOM)
def test_keyword_of_the_standard_resolves_in_any_case(uid: str) -> None:
    keyword = IN_PYDICOM[uid][4]
    assert storage_sop_classes_for(keyword) == (uid,)
    assert storage_sop_classes_for(keyword.lower()) == (uid,)


@pytest.mark.parametrize("uid", STORAGE_SOP_CLASSES)
def test_uid_resolves_to_itself(uid: str) -> None:
    assert storage_sop_classes_for(f" {uid} ") == (uid,)


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        (sop_classes.VERIFICATION, peer.Verification),  # type: ignore[attr-defined]
        (sop_classes.PATIENT_ROOT_FIND, peer.PatientRootQueryRetrieveInformationModelFind),  # type: ignore[attr-defined]
        (sop_classes.PATIENT_ROOT_MOVE, peer.PatientRootQueryRetrieveInformationModelMove),  # type: ignore[attr-defined]
        (sop_classes.PATIENT_ROOT_GET, peer.PatientRootQueryRetrieveInformationModelGet),  # type: ignore[attr-defined]
        (sop_classes.STUDY_ROOT_FIND, peer.StudyRootQueryRetrieveInformationModelFind),  # type: ignore[attr-defined]
        (sop_classes.STUDY_ROOT_MOVE, peer.StudyRootQueryRetrieveInformationModelMove),  # type: ignore[attr-defined]
        (sop_classes.STUDY_ROOT_GET, peer.StudyRootQueryRetrieveInformationModelGet),  # type: ignore[attr-defined]
    ],
)
def test_service_constants_are_those_of_the_standard(constant: str, expected: str) -> None:
    assert constant == expected
    assert not is_storage_sop_class(constant)
    assert sop_class_name(constant) != constant


def test_modality_gives_current_classes() -> None:
    assert storage_sop_classes_for("CT") == (CT, CT + ".1", CT + ".2")
    assert storage_sop_classes_for(" ct ") == storage_sop_classes_for("CT")


def test_modality_gives_retired_classes_last() -> None:
    names = [sop_class_name(uid) for uid in storage_sop_classes_for("US")]
    retired = ["(Retired)" in name for name in names]
    assert any(retired)
    assert retired == sorted(retired)


@pytest.mark.parametrize(
    ("token", "keyword"),
    [
        ("CR", "ComputedRadiographyImageStorage"),
        ("DOC", "EncapsulatedPDFStorage"),
        ("DX", "DigitalXRayImageStorageForPresentation"),
        ("ECG", "TwelveLeadECGWaveformStorage"),
        ("ES", "VLEndoscopicImageStorage"),
        ("IVOCT", "IntravascularOpticalCoherenceTomographyImageStorageForPresentation"),
        ("KO", "KeyObjectSelectionDocumentStorage"),
        ("MG", "BreastTomosynthesisImageStorage"),
        ("MR", "MRSpectroscopyStorage"),
        ("NM", "NuclearMedicineImageStorage"),
        ("OP", "OphthalmicPhotography8BitImageStorage"),
        ("OPT", "OphthalmicTomographyImageStorage"),
        ("OT", "SecondaryCaptureImageStorage"),
        ("PDF", "EncapsulatedPDFStorage"),
        ("PET", "PositronEmissionTomographyImageStorage"),
        ("PR", "GrayscaleSoftcopyPresentationStateStorage"),
        ("PT", "EnhancedPETImageStorage"),
        ("RF", "XRayRadiofluoroscopicImageStorage"),
        ("RT", "RTPlanStorage"),
        ("RTDOSE", "RTDoseStorage"),
        ("RTIMAGE", "RTImageStorage"),
        ("RTPLAN", "RTIonPlanStorage"),
        ("RTSTRUCT", "RTStructureSetStorage"),
        ("SC", "SecondaryCaptureImageStorage"),
        ("SEG", "SegmentationStorage"),
        ("SM", "VLWholeSlideMicroscopyImageStorage"),
        ("SR", "XRayRadiationDoseSRStorage"),
        ("US", "UltrasoundMultiFrameImageStorage"),
        ("XA", "EnhancedXAImageStorage"),
    ],
)
def test_short_name_includes_what_a_person_expects(token: str, keyword: str) -> None:
    assert storage_sop_classes_for(keyword)[0] in storage_sop_classes_for(token)


@pytest.mark.parametrize("token", MODALITY_TOKENS)
def test_every_short_name_gives_distinct_storage_classes(token: str) -> None:
    uids = storage_sop_classes_for(token)
    assert uids
    assert len(set(uids)) == len(uids)
    assert all(is_storage_sop_class(uid) for uid in uids)


@pytest.mark.parametrize(
    "spelling", ["CTImageStorage", "ctimagestorage", "CTImage", "CT Image Storage", "ct-image"]
)
def test_keyword_resolves_in_several_spellings(spelling: str) -> None:
    assert storage_sop_classes_for(spelling) == (CT,)


def test_private_uid_is_taken_as_it_is() -> None:
    siemens_non_image = "1.3.12.2.1107.5.9.1"
    assert storage_sop_classes_for(siemens_non_image) == (siemens_non_image,)
    assert not is_storage_sop_class(siemens_non_image)


@pytest.mark.parametrize(
    ("token", "nearest"),
    [("CTT", "CT"), ("RTSTRUC", "RTSTRUCT"), ("CTImageStorag", "CTImageStorage"), (CT + ".9", CT + ".1")],
)
def test_unknown_token_is_refused_and_names_the_nearest(token: str, nearest: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        storage_sop_classes_for(token)
    assert nearest in failure.value.hint


@pytest.mark.parametrize(
    "token", ["", "   ", "zzzzzz", "5", sop_classes.VERIFICATION, "1.2.840.10008.1.3.10"]
)
def test_what_is_no_storage_class_is_refused(token: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        storage_sop_classes_for(token)
    assert failure.value.hint


def test_padding_does_not_hide_a_class() -> None:
    assert is_storage_sop_class(CT + "\0")
    assert sop_class_name(CT + "\0") == "CT Image Storage"


def test_unknown_class_is_called_by_its_uid() -> None:
    assert sop_class_name("1.2.3.4") == "1.2.3.4"
    assert not is_storage_sop_class("1.2.3.4")
    assert not is_storage_sop_class("")
