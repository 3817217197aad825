# ruff: noqa: E501 - a table, a line a key
"""What can be typed to work on files: on paths, or on objects that are here, by what Local has selected or by UIDs."""

from typing import Final

from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui.language import Command, Key, Kind
from fileroom.entrypoints.tui.levels import uid_key

OBJECTS: Final = (
    uid_key(QueryLevel.STUDY, "A study that is here, instead of a path.", several=True),
    uid_key(QueryLevel.SERIES, "A series that is here.", several=True),
    uid_key(QueryLevel.IMAGE, "An instance that is here.", several=True),
)
"""Keys of objects that are here."""


def _flag(name: str, says: str) -> Key:
    return Key(name=name, kind=Kind.BOOLEAN, says=says)


_PATH: Final = Key(
    name="path", kind=Kind.PATH, says="A file, or a folder with recursive; without it, what Local has selected.",
    aliases=("file",), repeats=True,
)  # fmt: skip
_RECURSIVE: Final = _flag("recursive", "Look into folders.")
_JOBS: Final = Key(name="jobs", kind=Kind.INTEGER, says="Files worked on at once.", least=1, most=64)
_FILES: Final = (_PATH, *OBJECTS, _RECURSIVE)
_OUTPUTS: Final = (
    Key(name="output", kind=Kind.PATH, says="Where the result of a single file goes."),
    Key(
        name="output_dir",
        kind=Kind.PATH,
        says="The folder where results go, one for each file.",
        aliases=("to",),
    ),
    _flag("force", "Let a result replace the file that it was made from."),
)

TRANSCODE: Final = Command(
    name="transcode", says="Write files in another transfer syntax.", first="path", use_case="transcode_files",
    example="transcode scan.dcm output=small.dcm transfer_syntax=jpeg2000-lossless",
    keys=(
        *_FILES,
        Key(name="transfer_syntax", kind=Kind.SYNTAX, says="What to write, by name or UID.", aliases=("syntax",), required=True),
        *_OUTPUTS,
        Key(name="ratio", kind=Kind.DECIMAL, says="For jpeg2000: pack to 1/ratio of the pixels' bytes."),
        Key(name="quality", kind=Kind.DECIMAL, says="For jpeg2000: peak signal-to-noise ratio in dB."),
        Key(name="near", kind=Kind.INTEGER, says="For jpeg-ls-near-lossless: by how much a value may differ.", most=255),
        _JOBS,
    ),
)  # fmt: skip

ANONYMIZE: Final = Command(
    name="anonymize", says="Copy files without what tells whose they are (PS3.15 annex E).", first="path", use_case="anonymize_files",
    example="anonymize /data/study recursive output_dir=/data/out retain_longitudinal=shifted",
    keys=(
        *_FILES,
        *_OUTPUTS,
        Key(name="retain_longitudinal", kind=Kind.CHOICE, says="Keep dates, or shift all of a patient by the same days.", choices=("full", "shifted")),
        _flag("retain_uids", "Keep UIDs as they are."),
        _flag("retain_device", "Keep what tells which device it was."),
        _flag("retain_institution", "Keep names and addresses of institutions."),
        _flag("retain_patient_characteristics", "Keep sex, age, size, weight and the like."),
        _flag("retain_safe_private", "Keep private attributes that are called safe."),
        _flag("clean_descriptors", "Keep short descriptions, cleaned."),
        _flag("clean_structured_content", "Keep the content of reports, cleaned."),
        _flag("clean_graphics", "Keep graphic annotations, cleaned."),
        Key(name="patient_id", kind=Kind.TEXT, says="Patient ID for all; by default a pseudonym for each.", is_personal=True),
        Key(name="patient_name", kind=Kind.TEXT, says="Patient's name for all; empty by default.", is_personal=True),
        Key(name="key", kind=Kind.PATH, says="File with the secret key; by default the one in the data directory."),
        Key(name="rules", kind=Kind.PATH, says="TOML file with exceptions for single attributes."),
        _JOBS,
    ),
)  # fmt: skip

TO_IMAGE: Final = Command(
    name="to-image", says="Make PNG or JPEG images of frames.", first="path", use_case="render_images",
    example="to-image scan.dcm output=scan.png window_center=40 window_width=400",
    keys=(
        *_FILES,
        *_OUTPUTS,
        Key(name="format", kind=Kind.CHOICE, says="By default as output ends, else png.", choices=("png", "jpeg")),
        Key(name="frame", kind=Kind.INTEGER, says="The frame, from 1 on; by default the first.", least=1),
        _flag("all_frames", "All frames, each in an image of its own."),
        Key(name="window_center", kind=Kind.DECIMAL, says="Window in the place of the file's."),
        Key(name="window_width", kind=Kind.DECIMAL, says="Goes with window_center."),
        _flag("normalize", "Stretch each frame from its least to its greatest value."),
        _flag("disable_modality_lut", "Take stored values as they are."),
        _flag("disable_voi_lut", "Pass over windows and VOI LUTs of the file."),
        _flag("force_8bit", "8 bits a sample, as without it."),
        _flag("force_16bit", "16 bits, for gray PNG."),
        Key(name="quality", kind=Kind.INTEGER, says="Of JPEG.", least=1, most=100),
        _JOBS,
    ),
)  # fmt: skip

TO_JSON: Final = Command(
    name="to-json", says="Write files as documents in the DICOM JSON Model.", first="path", use_case="convert_to_json",
    example="to-json scan.dcm output=scan.json pretty",
    keys=(
        *_FILES,
        *_OUTPUTS,
        Key(name="bulk_dir", kind=Kind.PATH, says="Folder for pixels and large values; by default they are in the document."),
        Key(name="bulk_threshold", kind=Kind.INTEGER, says="Bytes from which on a value goes there; pixels always do.", least=1),
        _flag("pretty", "Give every attribute a line of its own."),
        _JOBS,
    ),
)  # fmt: skip

FROM_JSON: Final = Command(
    name="from-json", says="Write documents in the DICOM JSON Model as files.", first="path", use_case="convert_from_json",
    example="from-json scan.json output=scan.dcm",
    keys=(
        Key(name="path", kind=Kind.PATH, says="A document, or a folder with recursive.", aliases=("file",), repeats=True, required=True),
        _RECURSIVE,
        *_OUTPUTS,
        Key(name="bulk_dir", kind=Kind.PATH, says="Folder with what documents refer to; by default that of the document."),
        _JOBS,
    ),
)  # fmt: skip

INFO: Final = Command(
    name="info", says="Tell what DICOM files are: patient, study, series, image and encoding.", first="path",
    use_case="describe_files", example="info scan.dcm",
    keys=(*_FILES, _flag("verbose", "Tell more."), _JOBS),
)  # fmt: skip

DUMP: Final = Command(
    name="dump", says="Show all that is in files, element by element.", first="path", use_case="dump_files", example="dump scan.dcm max_depth=1",
    keys=(
        *_FILES,
        Key(name="max_depth", kind=Kind.INTEGER, says="Levels of items that are shown below the data set."),
        Key(name="max_value_len", kind=Kind.INTEGER, says="Characters of a value; 0 shows values whole."),
    ),
)  # fmt: skip

VALIDATE: Final = Command(
    name="validate", says="Hold files against the standard.", first="path", use_case="validate_files", example="validate scan.dcm",
    keys=(*_FILES, _JOBS),
)  # fmt: skip

STATS: Final = Command(
    name="stats", says="Tell how the values of images are distributed.", first="path", use_case="measure_pixels", example="stats scan.dcm",
    keys=(*_FILES, _JOBS),
)  # fmt: skip

HISTOGRAM: Final = Command(
    name="histogram", says="Count the values of images in bins.", first="path", use_case="measure_pixels", example="histogram scan.dcm bins=32",
    keys=(*_FILES, Key(name="bins", kind=Kind.INTEGER, says="How many.", least=1, most=65_536), _JOBS),
)  # fmt: skip

FILE_COMMANDS: Final = (
    INFO,
    DUMP,
    VALIDATE,
    STATS,
    HISTOGRAM,
    TO_IMAGE,
    TO_JSON,
    FROM_JSON,
    TRANSCODE,
    ANONYMIZE,
)

SHOWING: Final = frozenset({INFO.name, DUMP.name, VALIDATE.name, STATS.name, HISTOGRAM.name})
"""Those that write nothing, and show what they find."""
