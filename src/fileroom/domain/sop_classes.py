"""SOP Classes: which ones carry objects to file, what they are called, and what a person means by "CT".

The tables follow the registry of PS3.6 annex A, the modalities follow PS3.3 C.7.3.1.1.1; a test compares them
with the libraries' dictionaries, so that a newer edition of the standard shows what is missing.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from fileroom.domain.errors import InvalidInput
from fileroom.domain.uid import clean_uid, is_valid_uid

VERIFICATION: Final = "1.2.840.10008.1.1"
"""C-ECHO (PS3.4 annex A)."""
PATIENT_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.1.1"
"""Patient Root Query/Retrieve, C-FIND (PS3.4 C.6.1)."""
PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
"""Patient Root Query/Retrieve, C-MOVE (PS3.4 C.6.1)."""
PATIENT_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.1.3"
"""Patient Root Query/Retrieve, C-GET (PS3.4 C.6.1)."""
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
"""Study Root Query/Retrieve, C-FIND (PS3.4 C.6.2)."""
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
"""Study Root Query/Retrieve, C-MOVE (PS3.4 C.6.2)."""
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
"""Study Root Query/Retrieve, C-GET (PS3.4 C.6.2)."""

_DICOM_ROOT = "1.2.840.10008."
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."

# UID (below the storage root unless it is whole), modality, name. "-" stands where no modality leads to the
# class. PMAP and RAW are everyday names: such objects carry the modality of what they were made from.
_CURRENT = """
1         CR          Computed Radiography Image Storage
1.1       DX          Digital X-Ray Image Storage - For Presentation
1.1.1     DX          Digital X-Ray Image Storage - For Processing
1.2       MG          Digital Mammography X-Ray Image Storage - For Presentation
1.2.1     MG          Digital Mammography X-Ray Image Storage - For Processing
1.3       IO          Digital Intra-Oral X-Ray Image Storage - For Presentation
1.3.1     IO          Digital Intra-Oral X-Ray Image Storage - For Processing
2         CT          CT Image Storage
2.1       CT          Enhanced CT Image Storage
2.2       CT          Legacy Converted Enhanced CT Image Storage
3.1       US          Ultrasound Multi-frame Image Storage
4         MR          MR Image Storage
4.1       MR          Enhanced MR Image Storage
4.2       MR          MR Spectroscopy Storage
4.3       MR          Enhanced MR Color Image Storage
4.4       MR          Legacy Converted Enhanced MR Image Storage
6.1       US          Ultrasound Image Storage
6.2       US          Enhanced US Volume Storage
6.3       PA          Photoacoustic Image Storage
7         OT          Secondary Capture Image Storage
7.1       OT          Multi-frame Single Bit Secondary Capture Image Storage
7.2       OT          Multi-frame Grayscale Byte Secondary Capture Image Storage
7.3       OT          Multi-frame Grayscale Word Secondary Capture Image Storage
7.4       OT          Multi-frame True Color Secondary Capture Image Storage
9.1.1     ECG         12-lead ECG Waveform Storage
9.1.2     ECG         General ECG Waveform Storage
9.1.3     ECG         Ambulatory ECG Waveform Storage
9.1.4     ECG         General 32-bit ECG Waveform Storage
9.2.1     HD          Hemodynamic Waveform Storage
9.3.1     EPS         Cardiac Electrophysiology Waveform Storage
9.4.1     AU          Basic Voice Audio Waveform Storage
9.4.2     AU          General Audio Waveform Storage
9.5.1     HD          Arterial Pulse Waveform Storage
9.6.1     RESP        Respiratory Waveform Storage
9.6.2     RESP        Multi-channel Respiratory Waveform Storage
9.7.1     EEG         Routine Scalp Electroencephalogram Waveform Storage
9.7.2     EMG         Electromyogram Waveform Storage
9.7.3     EOG         Electrooculogram Waveform Storage
9.7.4     EEG         Sleep Electroencephalogram Waveform Storage
9.8.1     POS         Body Position Waveform Storage
9.100.1   PR          Waveform Presentation State Storage
9.100.2   PR          Waveform Acquisition Presentation State Storage
11.1      PR          Grayscale Softcopy Presentation State Storage
11.2      PR          Color Softcopy Presentation State Storage
11.3      PR          Pseudo-Color Softcopy Presentation State Storage
11.4      PR          Blending Softcopy Presentation State Storage
11.5      PR          XA/XRF Grayscale Softcopy Presentation State Storage
11.6      PR          Grayscale Planar MPR Volumetric Presentation State Storage
11.7      PR          Compositing Planar MPR Volumetric Presentation State Storage
11.8      PR          Advanced Blending Presentation State Storage
11.9      PR          Volume Rendering Volumetric Presentation State Storage
11.10     PR          Segmented Volume Rendering Volumetric Presentation State Storage
11.11     PR          Multiple Volume Rendering Volumetric Presentation State Storage
11.12     PR          Variable Modality LUT Softcopy Presentation State Storage
12.1      XA          X-Ray Angiographic Image Storage
12.1.1    XA          Enhanced XA Image Storage
12.2      RF          X-Ray Radiofluoroscopic Image Storage
12.2.1    RF          Enhanced XRF Image Storage
13.1.1    XA          X-Ray 3D Angiographic Image Storage
13.1.2    DX          X-Ray 3D Craniofacial Image Storage
13.1.3    MG          Breast Tomosynthesis Image Storage
13.1.4    MG          Breast Projection X-Ray Image Storage - For Presentation
13.1.5    MG          Breast Projection X-Ray Image Storage - For Processing
14.1      IVOCT       Intravascular Optical Coherence Tomography Image Storage - For Presentation
14.2      IVOCT       Intravascular Optical Coherence Tomography Image Storage - For Processing
20        NM          Nuclear Medicine Image Storage
30        PMAP        Parametric Map Storage
66        RAW         Raw Data Storage
66.1      REG         Spatial Registration Storage
66.2      FID         Spatial Fiducials Storage
66.3      REG         Deformable Spatial Registration Storage
66.4      SEG         Segmentation Storage
66.5      SEG         Surface Segmentation Storage
66.6      MR          Tractography Results Storage
66.7      SEG         Label Map Segmentation Storage
66.8      SEG         Height Map Segmentation Storage
67        RWV         Real World Value Mapping Storage
68.1      OSS         Surface Scan Mesh Storage
68.2      OSS         Surface Scan Point Cloud Storage
77.1.1    ES          VL Endoscopic Image Storage
77.1.1.1  ES          Video Endoscopic Image Storage
77.1.2    GM          VL Microscopic Image Storage
77.1.2.1  GM          Video Microscopic Image Storage
77.1.3    SM          VL Slide-Coordinates Microscopic Image Storage
77.1.4    XC          VL Photographic Image Storage
77.1.4.1  XC          Video Photographic Image Storage
77.1.5.1  OP          Ophthalmic Photography 8 Bit Image Storage
77.1.5.2  OP          Ophthalmic Photography 16 Bit Image Storage
77.1.5.3  SMR         Stereometric Relationship Storage
77.1.5.4  OPT         Ophthalmic Tomography Image Storage
77.1.5.5  OP          Wide Field Ophthalmic Photography Stereographic Projection Image Storage
77.1.5.6  OP          Wide Field Ophthalmic Photography 3D Coordinates Image Storage
77.1.5.7  OPTENF      Ophthalmic Optical Coherence Tomography En Face Image Storage
77.1.5.8  OPTBSV      Ophthalmic Optical Coherence Tomography B-scan Volume Analysis Storage
77.1.6    SM          VL Whole Slide Microscopy Image Storage
77.1.7    DMS         Dermoscopic Photography Image Storage
77.1.8    CFM         Confocal Microscopy Image Storage
77.1.9    CFM         Confocal Microscopy Tiled Pyramidal Image Storage
78.1      LEN         Lensometry Measurements Storage
78.2      AR          Autorefraction Measurements Storage
78.3      KER         Keratometry Measurements Storage
78.4      SRF         Subjective Refraction Measurements Storage
78.5      VA          Visual Acuity Measurements Storage
78.6      SR          Spectacle Prescription Report Storage
78.7      OAM         Ophthalmic Axial Measurements Storage
78.8      IOL         Intraocular Lens Calculations Storage
79.1      SR          Macular Grid Thickness and Volume Report Storage
80.1      OPV         Ophthalmic Visual Field Static Perimetry Measurements Storage
81.1      OPM         Ophthalmic Thickness Map Storage
82.1      OPM         Corneal Topography Map Storage
88.11     SR          Basic Text SR Storage
88.22     SR          Enhanced SR Storage
88.33     SR          Comprehensive SR Storage
88.34     SR          Comprehensive 3D SR Storage
88.35     SR          Extensible SR Storage
88.40     SR          Procedure Log Storage
88.50     SR          Mammography CAD SR Storage
88.59     KO          Key Object Selection Document Storage
88.65     SR          Chest CAD SR Storage
88.67     SR          X-Ray Radiation Dose SR Storage
88.68     SR          Radiopharmaceutical Radiation Dose SR Storage
88.69     SR          Colon CAD SR Storage
88.70     SR          Implantation Plan SR Storage
88.71     SR          Acquisition Context SR Storage
88.72     SR          Simplified Adult Echo SR Storage
88.73     SR          Patient Radiation Dose SR Storage
88.74     SR          Planned Imaging Agent Administration SR Storage
88.75     SR          Performed Imaging Agent Administration SR Storage
88.76     SR          Enhanced X-Ray Radiation Dose SR Storage
88.77     SR          Waveform Annotation SR Storage
90.1      ASMT        Content Assessment Results Storage
91.1      ANN         Microscopy Bulk Simple Annotations Storage
104.1     DOC         Encapsulated PDF Storage
104.2     DOC         Encapsulated CDA Storage
104.3     M3D         Encapsulated STL Storage
104.4     M3D         Encapsulated OBJ Storage
104.5     M3D         Encapsulated MTL Storage
128       PT          Positron Emission Tomography Image Storage
128.1     PT          Legacy Converted Enhanced PET Image Storage
130       PT          Enhanced PET Image Storage
131       -           Basic Structured Display Storage
200.1     CTPROTOCOL  CT Defined Procedure Protocol Storage
200.2     CTPROTOCOL  CT Performed Procedure Protocol Storage
200.3     -           Protocol Approval Storage
200.7     XAPROTOCOL  XA Defined Procedure Protocol Storage
200.8     XAPROTOCOL  XA Performed Procedure Protocol Storage
201.1     -           Inventory Storage
481.1     RTIMAGE     RT Image Storage
481.2     RTDOSE      RT Dose Storage
481.3     RTSTRUCT    RT Structure Set Storage
481.4     RTRECORD    RT Beams Treatment Record Storage
481.5     RTPLAN      RT Plan Storage
481.6     RTRECORD    RT Brachy Treatment Record Storage
481.7     RTRECORD    RT Treatment Summary Record Storage
481.8     RTPLAN      RT Ion Plan Storage
481.9     RTRECORD    RT Ion Beams Treatment Record Storage
481.10    RTINTENT    RT Physician Intent Storage
481.11    RTSEGANN    RT Segment Annotation Storage
481.12    RTRAD       RT Radiation Set Storage
481.13    RTRAD       C-Arm Photon-Electron Radiation Storage
481.14    RTRAD       Tomotherapeutic Radiation Storage
481.15    RTRAD       Robotic-Arm Radiation Storage
481.16    RTRECORD    RT Radiation Record Set Storage
481.17    RTRECORD    RT Radiation Salvage Record Storage
481.18    RTRECORD    Tomotherapeutic Radiation Record Storage
481.19    RTRECORD    C-Arm Photon-Electron Radiation Record Storage
481.20    RTRECORD    Robotic Radiation Record Storage
481.21    PLAN        RT Radiation Set Delivery Instruction Storage
481.22    PLAN        RT Treatment Preparation Storage
481.23    RTIMAGE     Enhanced RT Image Storage
481.24    RTIMAGE     Enhanced Continuous RT Image Storage
481.25    PLAN        RT Patient Position Acquisition Instruction Storage
501.1     -           DICOS CT Image Storage
501.2.1   -           DICOS Digital X-Ray Image Storage - For Presentation
501.2.2   -           DICOS Digital X-Ray Image Storage - For Processing
501.3     -           DICOS Threat Detection Report Storage
501.4     -           DICOS 2D AIT Storage
501.5     -           DICOS 3D AIT Storage
501.6     -           DICOS Quadrupole Resonance (QR) Storage
601.1     -           Eddy Current Image Storage
601.2     -           Eddy Current Multi-frame Image Storage
1.2.840.10008.5.1.4.34.7  PLAN        RT Beams Delivery Instruction Storage
1.2.840.10008.5.1.4.34.10  PLAN        RT Brachy Application Setup Delivery Instruction Storage
1.2.840.10008.5.1.4.38.1  -           Hanging Protocol Storage
1.2.840.10008.5.1.4.39.1  -           Color Palette Storage
1.2.840.10008.5.1.4.43.1  -           Generic Implant Template Storage
1.2.840.10008.5.1.4.44.1  -           Implant Assembly Template Storage
1.2.840.10008.5.1.4.45.1  -           Implant Template Group Storage
"""

# Retired from the standard, but still lying in archives and sent by old equipment.
_RETIRED = """
3     US          Ultrasound Multi-frame Image Storage
5     NM          Nuclear Medicine Image Storage
6     US          Ultrasound Image Storage
8     -           Standalone Overlay Storage
9     -           Standalone Curve Storage
9.1   -           Waveform Storage - Trial
10    -           Standalone Modality LUT Storage
11    -           Standalone VOI LUT Storage
12.3  XA          X-Ray Angiographic Bi-Plane Image Storage
77.1  -           VL Image Storage - Trial
77.2  -           VL Multi-frame Image Storage - Trial
88.1  SR          Text SR Storage - Trial
88.2  SR          Audio SR Storage - Trial
88.3  SR          Detail SR Storage - Trial
88.4  SR          Comprehensive SR Storage - Trial
129   PT          Standalone PET Curve Storage
1.2.840.10008.5.1.1.27  -           Stored Print Storage
1.2.840.10008.5.1.1.29  HC          Hardcopy Grayscale Image Storage
1.2.840.10008.5.1.1.30  HC          Hardcopy Color Image Storage
1.2.840.10008.5.1.4.34.1  PLAN        RT Beams Delivery Instruction Storage - Trial
"""

# What people type besides the values of Modality (0008,0060), and modalities without classes of their own.
_OTHER_TOKENS: Mapping[str, tuple[str, ...]] = {
    "BDUS": ("US",),
    "IVUS": ("US",),
    "MAMMO": ("MG",),
    "PDF": ("DOC",),
    "PET": ("PT",),
    "PX": ("DX",),
    "RT": ("RTIMAGE", "RTDOSE", "RTSTRUCT", "RTPLAN", "RTRECORD", "RTINTENT", "RTSEGANN", "RTRAD", "PLAN"),
    "SC": ("OT",),
    "WSI": ("SM",),
}

_OTHER_NAMES: Mapping[str, str] = {
    VERIFICATION: "Verification",
    "1.2.840.10008.1.3.10": "Media Storage Directory Storage",
    PATIENT_ROOT_FIND: "Patient Root Query/Retrieve - FIND",
    PATIENT_ROOT_MOVE: "Patient Root Query/Retrieve - MOVE",
    PATIENT_ROOT_GET: "Patient Root Query/Retrieve - GET",
    STUDY_ROOT_FIND: "Study Root Query/Retrieve - FIND",
    STUDY_ROOT_MOVE: "Study Root Query/Retrieve - MOVE",
    STUDY_ROOT_GET: "Study Root Query/Retrieve - GET",
}


def _rows(table: str) -> list[tuple[str, str, str]]:
    rows = []
    for line in table.strip().splitlines():
        number, modality, name = line.split(maxsplit=2)
        rows.append((number if number.startswith(_DICOM_ROOT) else _STORAGE_ROOT + number, modality, name))
    return rows


def _keyword(name: str) -> str:
    """Form the keyword of PS3.6 from a name: the words of the name without their separators."""
    words = re.findall(r"[A-Za-z0-9]+", re.sub(r"\(.*?\)", "", name.replace("12-lead", "Twelve Lead")))
    return "".join(word[0].upper() + word[1:] for word in words)


def _compact(text: str) -> str:
    """Reduce a keyword or a name to what two spellings of it share."""
    return re.sub(r"[^a-z0-9]", "", text.casefold())


_CURRENT_ROWS = _rows(_CURRENT)
_RETIRED_ROWS = _rows(_RETIRED)

STORAGE_SOP_CLASSES: Mapping[str, str] = MappingProxyType(
    {uid: name for uid, _, name in _CURRENT_ROWS}
    | {uid: f"{name} (Retired)" for uid, _, name in _RETIRED_ROWS}
)
"""UID to name of every SOP Class that C-STORE carries (PS3.4 B.5, GG.3), the retired ones last.

They are more than one association has presentation contexts for (128, PS3.8 9.3.2.2). The class of DICOMDIR is
missing on purpose: it never travels.
"""

_BY_MODALITY: dict[str, tuple[str, ...]] = {}
_BY_KEYWORD: dict[str, str] = {}
_KEYWORDS: dict[str, str] = {}
for _uid, _modality, _name in _CURRENT_ROWS + _RETIRED_ROWS:
    if _modality != "-":
        _BY_MODALITY[_modality] = (*_BY_MODALITY.get(_modality, ()), _uid)
    # Some retired classes share the name of their successor; their keywords in PS3.6 end in "Retired".
    _spelling = _keyword(_name)
    if _compact(_spelling) in _BY_KEYWORD:
        _spelling += "Retired"
    _KEYWORDS[_compact(_spelling)] = _spelling
    _BY_KEYWORD[_compact(_spelling)] = _uid
    _BY_KEYWORD.setdefault(_compact(_name), _uid)
for _token, _modalities in _OTHER_TOKENS.items():
    _BY_MODALITY[_token] = tuple(uid for modality in _modalities for uid in _BY_MODALITY[modality])

MODALITY_TOKENS: tuple[str, ...] = tuple(sorted(_BY_MODALITY))
"""The short names that `storage_sop_classes_for` knows, for help texts and completion."""


def is_storage_sop_class(uid: str) -> bool:
    """Tell whether the standard knows `uid` as the class of objects that C-STORE carries; ignores padding."""
    return clean_uid(uid) in STORAGE_SOP_CLASSES


def sop_class_name(uid: str) -> str:
    """Return the name of a SOP Class for people, or the UID itself without padding where it is not known."""
    cleaned = clean_uid(uid)
    return STORAGE_SOP_CLASSES.get(cleaned) or _OTHER_NAMES.get(cleaned, cleaned)


def storage_sop_classes_for(token: str) -> tuple[str, ...]:
    """Return the UIDs that a person means by a modality, a UID, a keyword or a name; case does not matter.

    A modality gives all classes whose objects carry it, the retired ones last: `CT` gives CT Image, Enhanced
    CT and Legacy Converted Enhanced CT. A keyword works with and without its final `Storage`. A UID outside the
    standard's own root is taken as a private storage class and returned as it is.

    Raises:
        InvalidInput: `token` is none of these; the hint names the nearest ones.
    """
    text = token.strip()
    if text.upper() in _BY_MODALITY:
        return _BY_MODALITY[text.upper()]
    if is_valid_uid(text) and "." in text:
        if text in STORAGE_SOP_CLASSES or not text.startswith(_DICOM_ROOT):
            return (text,)
        near = [
            f"{uid} ({STORAGE_SOP_CLASSES[uid]})" for uid in _nearest(text, STORAGE_SOP_CLASSES, cutoff=0.9)
        ]
        raise InvalidInput(f"{sop_class_name(text)} is not a storage SOP class", hint=_hint(near))
    compact = _compact(text)
    uid = _BY_KEYWORD.get(compact) or _BY_KEYWORD.get(compact + "storage")
    if uid is not None:
        return (uid,)
    near = _nearest(text.upper(), MODALITY_TOKENS, cutoff=0.6)
    near += [_KEYWORDS[key] for key in _nearest(compact, _KEYWORDS, cutoff=0.7)]
    raise InvalidInput(f"no storage SOP class is called {token!r}", hint=_hint(near))


def common_storage_sop_classes(limit: int = 100, *, modalities: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the storage SOP classes that are met most, most common modality first, current ones before retired ones.

    For a C-GET to a peer that does not say what it has: an association holds 128 contexts (PS3.8 9.3.2.2). The classes
    of `modalities`, as far as these are known, come before all others.
    """
    common = (
        *(modality.upper() for modality in modalities if modality.upper() in _BY_MODALITY),
        "CT",
        "MR",
        "CR",
        "DX",
        "US",
        "MG",
        "XA",
        "RF",
        "NM",
        "PT",
        "OT",
        "SR",
        "KO",
        "PR",
        "SEG",
        "RTSTRUCT",
        "RTPLAN",
        "RTDOSE",
    )
    by_modality = (uid for token in common for uid in storage_sop_classes_for(token))
    return tuple(dict.fromkeys((*by_modality, *STORAGE_SOP_CLASSES)))[:limit]


def _nearest(text: str, candidates: Iterable[str], *, cutoff: float) -> list[str]:
    import difflib

    return difflib.get_close_matches(text, list(candidates), n=3, cutoff=cutoff)


def _hint(near: list[str]) -> str:
    expected = "give a modality such as CT, a UID, or a keyword such as CTImageStorage"
    return f"did you mean {' or '.join(near)}? Otherwise {expected}" if near else expected
