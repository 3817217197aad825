# ruff: noqa: INP001 - the documentation is no package
"""Writes `docs/reference/` from the code: commands, settings, exit codes, JSON keys, and what the wire carries.

Run it after a change to any of these: `.venv/bin/python docs/make_reference.py`. A test compares what is committed with
what this would write, and the JSON keys with what the program prints.
"""

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo, CommandInfo, ParameterInfo

from fileroom.domain import errors
from fileroom.domain.attributes import ATTRIBUTES
from fileroom.domain.file_facts import FACTS
from fileroom.domain.pixel_values import PERCENTILES, ModalityLut
from fileroom.domain.rendering import Contrast
from fileroom.domain.sop_classes import STORAGE_SOP_CLASSES
from fileroom.domain.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES, TRANSFER_SYNTAXES
from fileroom.entrypoints.cli import failures
from fileroom.entrypoints.cli.help_text import apart
from fileroom.entrypoints.cli.main import make_app
from fileroom.entrypoints.configuration import template
from fileroom.entrypoints.settings import SECTIONS, Settings, environment_name
from fileroom.entrypoints.tui.actions import ACTIONS, Group, key_text
from fileroom.entrypoints.tui.command_table import COMMANDS
from fileroom.entrypoints.tui.language import Key, Kind

FOLDER: Final = Path(__file__).parent / "reference"
MADE: Final = "<!-- Made by docs/make_reference.py from the code: change the code, then run it. -->\n"


def pages() -> dict[str, str]:
    """Return every page by its file name."""
    return {
        "cli.md": _cli_page(),
        "configuration.md": _configuration_page(),
        "dicom.md": _dicom_page(),
        "exit-codes-and-json.md": _exit_codes_and_json_page(),
        "tui.md": _tui_page(),
    }


# Terminal UI ---------------------------------------------------------------------------------------------------------

_TUI: Final = """
# Keys and commands of the terminal UI

`?` shows the same within `fileroom tui`. How lines are written is told in
[the command line of the terminal UI](../guide/tui-commands.md).

## Keys
"""


def _tui_page() -> str:
    lines = [MADE, _TUI.strip(), ""]
    for group in Group:
        rows: dict[str, tuple[list[str], str, str]] = {}
        for action in ACTIONS:
            if action.group is group:
                keys, *_ = rows.setdefault(action.name, ([], action.says, action.command))
                keys += [f"`{key_text(key)}`" for key in action.keys]
        lines += [f"### {group.value}", "", "| key | what it does | command |", "| --- | --- | --- |"]
        lines += [
            f"| {' '.join(keys)} | {says} | {f'`{command}`' if command else ''} |"
            for keys, says, command in rows.values()
        ]
        lines.append("")
    lines += ["## Commands", ""]
    for command in COMMANDS:
        lines += [f"### {command.name}", "", command.says, "", "```", command.usage, "```", ""]
        if command.keys:
            lines += ["| key | what it is | also |", "| --- | --- | --- |", *map(_tui_key, command.keys), ""]
        if command.example:
            lines += [f"For instance `{command.example}`.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _tui_key(key: Key) -> str:
    name = key.name if key.kind is Kind.BOOLEAN else f"{key.name}="
    said = key.says + (f" One of {', '.join(key.choices)}." if key.choices else "")
    said += " Needed." if key.required else ""
    said += " May be given several times." if key.repeats else ""
    return f"| `{name}` | {said} | {' '.join(f'`{alias}=`' for alias in key.aliases)} |"


# Commands ------------------------------------------------------------------------------------------------------------

_CLI: Final = """
# Commands

`fileroom [GLOBAL OPTIONS] COMMAND [OPTIONS]`. The names below, and the meaning of each, are stable. stdout carries
data, stderr everything else. `fileroom COMMAND --help` shows the same.
[Exit codes and JSON](exit-codes-and-json.md) have a page of their own.

## Global options

They stand before the command.
"""


def _cli_page() -> str:
    app = make_app()
    assert app.registered_callback is not None  # noqa: S101 - it carries the global options
    lines = [MADE, _CLI.strip(), "", *_parameters(app.registered_callback.callback), ""]
    for path, command in sorted(_commands(app), key=lambda found: found[0]):
        said, examples = apart(str(command.help or ""))
        lines += [f"## {path}", "", said, "", "```", *examples, "```", "", *_parameters(command.callback), ""]
    return "\n".join(lines).rstrip() + "\n"


def _commands(app: typer.Typer, path: str = "fileroom") -> Iterator[tuple[str, CommandInfo]]:
    for command in app.registered_commands:
        yield f"{path} {command.name}", command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            yield from _commands(group.typer_instance, f"{path} {group.name}")


def _parameters(function: object) -> list[str]:
    if not callable(function):
        return []
    hints = get_type_hints(function, include_extras=True)
    rows = []
    for name, parameter in inspect.signature(function).parameters.items():
        info = next((each for each in get_args(hints[name]) if isinstance(each, ParameterInfo)), None)
        if info is not None:
            kind = get_args(hints[name])[0]
            rows.append((_spelling(name, info, kind), _meaning(info, parameter.default)))
    return _table(("option", "meaning"), rows)


def _spelling(name: str, info: ParameterInfo, kind: object) -> str:
    if isinstance(info, ArgumentInfo):
        return f"`{info.metavar or name.upper()}`"
    # Where the option stands in an annotation, Typer keeps its first name as the default.
    declared = [each for each in (info.default, *(info.param_decls or ())) if str(each).startswith("-")]
    names = ", ".join(f"`{each}`" for each in declared)
    return names if kind is bool else f"{names} `{_metavar(info, kind)}`"


def _metavar(info: ParameterInfo, kind: object) -> str:
    if info.metavar:
        return str(info.metavar)
    options = [each for each in get_args(kind) if each is not type(None)] or [kind]
    wanted = options[0]
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return "|".join(member.value for member in wanted)
    return _METAVARS.get(wanted, "TEXT")


_METAVARS: Final[Mapping[object, str]] = {Path: "PATH", int: "INTEGER", float: "NUMBER"}


def _meaning(info: ParameterInfo, default: object) -> str:
    parts = [str(info.help or "").strip()]
    if default is inspect.Parameter.empty:
        parts.append("Required.")
    if isinstance(default, StrEnum):
        parts.append(f"Default: `{default.value}`.")
    if info.envvar:
        parts.append(f"Environment: `{info.envvar}`.")
    return _cell(" ".join(part for part in parts if part))


# Settings ------------------------------------------------------------------------------------------------------------


_CONFIGURATION: Final = """
# Configuration

`fileroom config path` tells which file is read, `fileroom config show` what is in force, `fileroom config init` writes
a file with every setting as a comment. `--config FILE` reads another file.

From weak to strong: the default, the file, the environment, an option of the command. An unknown key or a wrong value
is an error (exit code 2) that names the file, the key and the nearest valid one. Besides the settings there are three
variables: `FILEROOM_DATA_DIR` names the data directory, `FILEROOM_CONFIG` the file, and `FILEROOM_QUIET` silences
progress and summaries.

In the environment a list is written with commas, and `none` lifts a limit.
"""


def _configuration_page() -> str:
    lines = [MADE, _CONFIGURATION.strip(), ""]
    defaults = Settings().items()
    for section, kind in SECTIONS.items():
        hints = get_type_hints(kind)
        rows = [
            (
                f"`{each.name}`",
                _kind_of(hints[each.name]),
                f"`{_shown(defaults[section][each.name])}`",
                f"`{environment_name(section, each.name)}`",
                _cell(str(each.metadata["meaning"])),
            )
            for each in fields(kind)
        ]
        lines += [f"## [{section}]", "", (kind.__doc__ or "").strip(), ""]
        lines += [*_table(("key", "type", "default", "environment", "meaning"), rows), ""]
    lines += ["## A file with every setting", "", "```toml", template().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def _kind_of(hint: object) -> str:
    if get_origin(hint) is tuple:
        return "list of text"
    options = get_args(hint)
    if type(None) in options:
        return _kind_of(next(option for option in options if option is not type(None))) + ' or `"none"`'
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " or ".join(f"`{member.value}`" for member in hint)
    return _KINDS[hint]


_KINDS: Final[Mapping[object, str]] = {str: "text", int: "integer", float: "number", bool: "true or false"}


def _shown(value: object) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


# Exit codes and JSON -------------------------------------------------------------------------------------------------

EXIT_CODES: Final = (
    (failures.SUCCESS, "done, all of it"),
    (failures.BUG, "a bug in fileroom; the traceback is in the log"),
    (
        failures.USAGE,
        "usage or configuration: a wrong option, setting or path, or a data directory that cannot be used",
    ),
    (failures.PARTIAL, "partly done: some items failed or are missing, each is named"),
    (failures.REFUSED, "the peer refused the association or failed the request"),
    (failures.UNREACHABLE, "the peer could not be reached, stayed silent, or dropped the connection"),
    (failures.NOTHING_HERE, "nothing by that name, path or UID, here or at the peer"),
    (
        failures.CANCELLED,
        "cancelled (Ctrl-C or SIGTERM): stopped at a safe point, partial counts are reported",
    ),
)

COMMON_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "schema_version": "integer; 1",
        "operation": "the command, lower_snake",
        "status": "`success`, `partial`, `failed` or `cancelled`",
        "started_at": "moment in ISO 8601, with its offset",
        "finished_at": "moment in ISO 8601, with its offset",
        "duration_seconds": "number",
        "failures": "list of items that failed: `what`, `why`, and where known `hint` and `kind`",
        "log": "path of the log",
        "error": "only where the command itself failed: `kind`, `message`, and where known `hint`",
    }
)

_NODE: Final = (
    "object: `name`, `ae_title`, `host`, `port`, `retrieve`, and where set `move_destination`, `notes` and "
    "`character_set`"
)
_SENT: Final[Mapping[str, str]] = {
    "destination": "the node's name or the address",
    "ae_title": "AE title that was called",
    "objects": "how many were to be sent",
    "sent": "accepted by the peer, warnings included",
    "warnings": "accepted with a warning status",
    "failed": "refused, or not delivered",
    "not_attempted": "their turn never came",
    "transcoded": "of those sent, converted to another transfer syntax",
    "transcoded_to": "object: transfer syntax to count, where any were converted",
    "passed_over": "files that are no DICOM or cannot be read",
    "associations": "associations that were opened",
    "bytes": "bytes that were sent",
    "seconds": "seconds that sending took",
    "objects_per_second": "rate",
    "bytes_per_second": "rate",
    "average_bytes": "bytes of an object, on average",
    "average_seconds": "seconds an object took, on average",
    "warned": "list of `what` and `why`, where there were warnings",
    "session_log": "file with a line for each object",
    "session_summary": "file with the counters, as JSON",
}
_EXPORTED: Final[Mapping[str, str]] = {
    "exported": "with `--export` and `--out`: how many rows were written",
    "format": "with `--export`: `json` or `csv`",
    "out": "with `--export`: the file",
}

OPERATIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "node_add": {"node": _NODE},
        "node_edit": {"node": _NODE},
        "node_delete": {"node": _NODE},
        "node_show": {"node": _NODE},
        "node_list": {"nodes": "list of such objects"},
        "echo": {
            "target": "as it was typed",
            "ae_title": "AE title that was called",
            "host": "host that was called",
            "port": "port that was called",
            "dimse_status": "four hexadecimal digits",
            "associate_seconds": "seconds until the association stood",
            "echo_seconds": "seconds until the answer came",
            "implementation_class_uid": "of the peer",
            "implementation_version": "of the peer",
            "max_pdu_length": "that the peer announced, in bytes",
        },
        "query": {"matches": "list of objects: DICOM keyword to value; empty values are left out"},
        "retrieve": {
            "node": "name",
            "via": "`move` or `get`",
            "expected": "instances that the node told of, by name or by count; absent where it does not tell",
            "arrived": "of these, here now",
            "already_here": "of these, here before",
            "missing": "of these, and of `failed_by_peer`, not here; `failures` names each",
            "received": "objects that came, doubles included",
            "refused": "objects that came and could not be filed here; `failures` names each",
            "bytes": "bytes of these",
            "sub_operations": "object: `completed`, `failed`, `warning`, as the node counted them",
            "dimse_status": "final status, four hexadecimal digits",
            "failed_by_peer": "SOP Instance UIDs that the node named as failed",
        },
        "send_study": _SENT,
        "send_series": _SENT,
        "send_instance": _SENT,
        "send_files": _SENT,
        "storage_scp": {
            "ae_title": "ours",
            "bind": "address",
            "port": "port",
            "associations_accepted": "count",
            "associations_refused": "count",
            "objects_stored": "filed anew, replaced ones included",
            "duplicates": "answered with success, here already",
            "objects_refused": "answered with a failure",
            "objects_abandoned": "did not arrive whole",
            "bytes": "bytes that were answered with success",
            "recovered": "objects that an earlier crash had left out of the catalog",
            "uptime_seconds": "number",
        },
        "import": {
            "scanned_files": "everything that was looked at",
            "accepted": "filed anew, replaced ones included",
            "duplicates": "offered again",
            "duplicates_by_cause": "object: `identical`, `conflict_rejected`, `conflict_replaced`, `conflict_ignored`",
            "invalid_dicom": "damaged objects, and files that are no DICOM",
            "not_dicom": "of these, no DICOM at all and found in a folder or an archive: no failure",
            "unreadable": "could not be read",
            "skipped": "over a limit, symbolic links, unsafe names",
            "failed": "could not be written",
            "failed_cleanup": "temporary files that could not be removed",
            "recovered": "objects that an earlier crash had left out of the catalog",
            "bytes": "bytes that were accepted",
            "stopped_by": "why the import ended early, where it did",
        },
        "local_studies": {"studies": "list of rows, see below", **_EXPORTED},
        "local_series": {"series": "list of rows, see below", **_EXPORTED},
        "local_instances": {"instances": "list of rows, see below", **_EXPORTED},
        "config_path": {"path": "of the configuration", "exists": "true or false"},
        "config_show": {"settings": "object: section to key to value"},
        "config_init": {"path": "of the file that was written"},
        "demo": {"folder": "of the demo", "steps": "commands that were run", "failed": "of these, failed"},
    }
)

_FILES_KEYS: Final[Mapping[str, str]] = {
    "files": "list of what is told of each, for those that did not fail",
    "processed": "how many did not fail",
    "failed": "how many failed; `failures` names each",
    "not_dicom": "files in folders that are no DICOM at all: no failure",
}
_MEASURED_KEYS: Final[Mapping[str, str]] = {
    "rows": "of a frame",
    "columns": "of a frame",
    "frames": "how many",
    "modality_lut": f"what made values of stored ones: {', '.join(f'`{each.value}`' for each in ModalityLut)}",
    "unit": "Rescale Type, or what takes its place (`HU`)",
    "ignored": "values left out: pixel padding, and what is no number",
}
FILE_OPERATIONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "info": {
            fact.key: f"{fact.section.value}: {fact.label}{'; with `--verbose`' if fact.verbose else ''}"
            for fact in FACTS
        },
        "dump": {
            "transfer_syntax_uid": "of the data set",
            "file_meta": "file meta information, in the DICOM JSON Model (PS3.18 annex F), without its group length",
            "data_set": "the data set, in the DICOM JSON Model, without group lengths; empty values are null there",
            "left_out": "what is too large or too deep: `path`, `keyword`, `bytes` of a value or `elements` of items",
            "damage": "what is wrong with a data set that could not be read to its end",
            "damaged_files": "files with `damage`; the status is `partial` where there are any",
        },
        "validate": {
            "sop_class_uid": "of the object",
            "transfer_syntax_uid": "of the data set",
            "valid": "true where there are no errors",
            "errors": "findings of severity `error`",
            "warnings": "findings of severity `warning`",
            "notes": "findings of severity `note`",
            "findings": "list: `severity`, `rule`, `path`, `keyword`, `message`, `clause`; at most 1000",
            "findings_left_out": "findings beyond those listed, which are the least serious",
            "valid_files": "files without errors",
            "invalid_files": "files with errors; the status is `partial` where there are any",
        },
        "stats": {
            **_MEASURED_KEYS,
            "overall": "over all frames, by channel (`gray`, or `red`, `green`, `blue`): `count`, `min`, `max`, "
            "`mean`, `std`, and percentiles "
            + ", ".join(f"`p{per_cent}`" for per_cent in PERCENTILES)
            + "; only `count` where it is 0",
            "percentiles_exact": "false where those over all frames are right to a millionth of the range only",
            "by_frame": "list of the same for each, with `frame`, which counts from 1",
        },
        "histogram": {
            **_MEASURED_KEYS,
            "bins": "how many",
            "bin_edges": "list of one more: a bin goes from its edge up to the next, the last one includes it",
            "counts": "lists of counts by channel",
        },
        "to_json": {
            "elements": "of the file, on all levels",
            "size_bytes": "of the document",
            "bulk_files": "files of bulk data, where there are any",
            "bulk_bytes": "bytes of all of them",
            "notes": "list: what could not be told in the document",
        },
        "from_json": {
            "sop_class_uid": "of the object",
            "sop_instance_uid": "of the object; a new one where the document had none",
            "transfer_syntax_uid": "of the file",
            "elements": "of the file, on all levels",
            "bulk_values": "values that came from files of bulk data",
            "size_bytes": "of the file",
            "notes": "list: what was decided for the document",
        },
        "to_image": {
            "format": "`png` or `jpeg`",
            "photometric_interpretation": "of the object",
            "frames": "that the object has",
            "images": "list of what was written: `output`, `frame` (counts from 1), `width`, `height`, `bits`, "
            f"`contrast` ({', '.join(f'`{each.value}`' for each in Contrast)}), and where there is one, "
            "`window_center`, `window_width` and `explanation`; `output` beside it is the first of them",
        },
        "transcode": {
            "source_transfer_syntax": "name, of the source",
            "source_transfer_syntax_uid": "of the source",
            "transfer_syntax": "name, of the result",
            "transfer_syntax_uid": "of the result",
            "source_sop_instance_uid": "of the source",
            "sop_instance_uid": "of the result: another one where pixels were packed with loss",
            "frames": "that were packed or unpacked; absent where pixels were copied as they are",
            "lossless": "nothing was lost on this way, whatever was lost before: true or false",
            "pixels_identical": "every pixel has the value that it had: true or false; absent where there are none",
            "max_difference": "largest difference of a pixel value, where pixels were packed with loss",
            "compression_ratio": "bytes of pixels to bytes that they were packed in",
            "source_bytes": "of the source; with several files also of all together",
            "output_bytes": "of the result; with several files also of all together",
        },
        "anonymize": {
            "sop_instance_uid": "of the new object",
            "size_bytes": "of the new file",
            "removed": "attributes that went, on all levels",
            "emptied": "attributes that became empty",
            "replaced": "attributes that got a dummy, a pseudonym or a value of a rule",
            "uids": "UIDs that became others",
            "shifted": "attributes whose dates moved",
            "cleaned": "texts that were cleaned, as an option or a rule says",
            "claims_profile": "true or false: whether the object says that it conforms to the profile",
            "residues": "list of attributes that stay and held something identifying: `path`, and `finding`, one of "
            "`cut`, `replaced`, `left`",
            "warnings": "list: what a person should look at",
        },
    }
)

ROWS: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "studies": (
            "study_instance_uid", "patient_name", "patient_id", "accession_number", "study_date_max",
            "study_description", "modalities", "series_count", "instance_count",
        ),
        "series": (
            "study_instance_uid", "series_instance_uid", "series_number", "series_description", "modality",
            "instance_count", "imported_at_max",
        ),
        "instances": (
            "study_instance_uid", "series_instance_uid", "sop_instance_uid", "sop_class_uid", "transfer_syntax_uid",
            "instance_number", "number_of_frames", "rows", "columns", "size", "location", "digest", "origin", "source",
            "imported_at", "duplicates",
        ),
    }
)  # fmt: skip


_CODES: Final = """
# Exit codes and JSON

Both are promises to scripts: codes and keys do not change their meaning within one `schema_version`; keys may be added.

## Exit codes
"""
_AFTER_CODES: Final = """
A query that finds nothing is a success: the node answered, and `matches` is empty. A retrieve that brings some
instances but not all of them ends with 3. A send of which nothing was accepted ends with the code of the first object's
failure.

## Kinds of errors

`error.kind`, and the exit code that goes with it. `usage` (a wrong option or a missing argument, code 2) and `bug`
(code 1) come from the command line itself.
"""
_DOCUMENT: Final = """
## The document

`--json` prints exactly one JSON document on stdout, also where the command fails. Absent means not applicable; no value
is null. Enumerations are lower_snake words. These keys are in every document, `error` excepted:
"""
_FILE_TOOLS: Final = """
## Tools for files

The document of a single file is flat: what a tool tells stands beside the common keys, with `file`, its path, and
`output`, the path of the result where there is one. With several files, or folders, the same stands in a list, `files`:
"""
_ROWS: Final = """
## Rows of `local`

The columns of `--export csv`, and the keys of `--export json`, in this order. In the document of `--json` empty values
are left out. `modalities` is a list in JSON, and joined by a backslash in CSV.
"""


def _exit_codes_and_json_page() -> str:
    codes = [(str(code), meaning) for code, meaning in EXIT_CODES]
    lines = [MADE, _CODES.strip(), "", *_table(("code", "meaning"), codes), "", _AFTER_CODES.strip(), ""]
    lines += [
        *_table(("kind", "code", "meaning"), _kinds()),
        "",
        _DOCUMENT.strip(),
        "",
        *_keys(COMMON_KEYS),
        "",
    ]
    for operation, keys in OPERATIONS.items():
        lines += [f"### {operation}", "", *_keys(keys), ""]
    lines += [_FILE_TOOLS.strip(), "", *_keys(_FILES_KEYS), ""]
    for operation, keys in FILE_OPERATIONS.items():
        lines += [f"### {operation}", "", *_keys(keys), ""]
    rows = [(f"`{name}`", ", ".join(f"`{key}`" for key in keys)) for name, keys in ROWS.items()]
    lines += [_ROWS.strip(), "", *_table(("list", "columns"), rows)]
    return "\n".join(lines) + "\n"


def _keys(keys: Mapping[str, str]) -> list[str]:
    return _table(("key", "value"), [(f"`{key}`", _cell(meaning)) for key, meaning in keys.items()])


def _kinds() -> list[tuple[str, str, str]]:
    found = {}
    for each in _descendants(errors.FileroomError):
        if each.__module__ == errors.__name__:
            said = (each.__doc__ or "").strip().splitlines()[0]
            found[each.kind] = (f"`{each.kind}`", str(failures.exit_code_of_class(each)), _cell(said))
    found.pop("peer", None)
    return [found[kind] for kind in sorted(found)]


def _descendants(kind: type[errors.FileroomError]) -> Iterator[type[errors.FileroomError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _descendants(each)


# DICOM ---------------------------------------------------------------------------------------------------------------

_DICOM: Final = """
# SOP classes, transfer syntaxes and keys

What the [conformance statement](../conformance.md) refers to.

## Matching and return keys

The attributes that fileroom catalogues. Each may be a matching key of a C-FIND at its own level and at those below, and
its kind decides how it is compared ([how values match](../guide/query.md#how-values-match)).
"""
_COMPUTED_KEYS: Final = """
Computed for each answer, as return keys: `NumberOfPatientRelatedStudies`, `NumberOfPatientRelatedSeries`,
`NumberOfPatientRelatedInstances`, `NumberOfStudyRelatedSeries`, `NumberOfStudyRelatedInstances`,
`NumberOfSeriesRelatedInstances`, `ModalitiesInStudy` (a matching key as well) and `SOPClassesInStudy`. Every answer
carries `RetrieveAETitle` and `InstanceAvailability` (ONLINE). A key that is not catalogued comes back without a value.
"""
_SYNTAXES: Final = """
## Transfer syntaxes

All are taken as they come and kept; none is decoded. The short name is what options such as
`--preferred-transfer-syntax` take, besides the UID and the standard's name and keyword.
"""
_CLASSES: Final = """
## Storage SOP classes

What the listener takes, unless `[storage_scp] accept` restricts it: every class of the standard's registry. A private
class is taken where `accept` names its UID.
"""


def _dicom_page() -> str:
    keys = [
        (f"`{each.keyword}`", _tag(each.tag), each.vr, each.level.dicom, each.matching.value)
        for each in ATTRIBUTES
    ]
    syntaxes = [
        (syntax.name + (" (retired)" if syntax.is_retired else ""), f"`{uid}`", f"`{syntax.short_name}`")
        for uid, syntax in ((uid, TRANSFER_SYNTAXES[uid]) for uid in STORAGE_TRANSFER_SYNTAXES)
    ]
    classes = [(name, f"`{uid}`") for uid, name in STORAGE_SOP_CLASSES.items()]
    lines = [MADE, _DICOM.strip(), "", *_table(("keyword", "tag", "VR", "level", "compared as"), keys)]
    lines += ["", _COMPUTED_KEYS.strip(), "", _SYNTAXES.strip(), ""]
    lines += [*_table(("name", "UID", "short name"), syntaxes), "", _CLASSES.strip(), ""]
    return "\n".join([*lines, *_table(("name", "UID"), classes)]) + "\n"


def _tag(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


# Tables --------------------------------------------------------------------------------------------------------------


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(heads)} |", "|" + " --- |" * len(heads)]
    return lines + [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]


def _cell(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {FOLDER / name}\n")


if __name__ == "__main__":
    main()
