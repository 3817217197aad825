"""The pages that are made from the code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydicom.data import get_testdata_file

from fileroom.entrypoints.cli import failures
from tests.docs.pages import PAGES, ROOT, blocks
from tests.docs.reference import MAKE_REFERENCE
from tests.entrypoints.peer_room import SERIES_UID, STUDY_UID, peer_room, write_study
from tests.entrypoints.program import Program

OPERATIONS: Mapping[str, Mapping[str, str]] = MAKE_REFERENCE.OPERATIONS
FILE_OPERATIONS: Mapping[str, Mapping[str, str]] = MAKE_REFERENCE.FILE_OPERATIONS
COMMON: Mapping[str, str] = MAKE_REFERENCE.COMMON_KEYS
# Keys that a document has only in some cases, which the runs below need not meet.
SOMETIMES = frozenset({
    "error", "warned", "average_bytes", "average_seconds", "failed_by_peer", "stopped_by", "expected",
    "exported", "format", "out", "transcoded_to", "implementation_class_uid", "implementation_version",
})  # fmt: skip


@pytest.mark.parametrize("name", MAKE_REFERENCE.pages())
def test_reference_is_current(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == MAKE_REFERENCE.pages()[name], "run docs/make_reference.py"


def test_reference_has_every_exit_code() -> None:
    codes = {value for name, value in vars(failures).items() if name.isupper() and isinstance(value, int)}
    assert {code for code, _ in MAKE_REFERENCE.EXIT_CODES} == codes


@pytest.fixture
def program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Program:
    """The command line with a data directory of its own."""
    return Program(tmp_path / "room", capsys)


def _play(program: Program, folder: Path) -> dict[str, dict[str, Any]]:
    """Run one command of each operation, the demo excepted; return the documents by operation."""
    found = {}

    def run(*arguments: str | Path) -> None:
        document = program.json(*arguments)
        found[document["operation"]] = document

    with peer_room(folder / "peer") as peer:
        address = ("--host", "127.0.0.1", "--port", str(peer.listener.port))
        run("node", "add", "--name", "first", "--ae-title", "PEER", *address)
        run("node", "edit", "first", "--name", "pacs", "--notes", "ours")
        run("node", "show", "pacs")
        run("node", "list")
        run("echo", "pacs")
        run("query", "--node", "pacs")
        run("retrieve", "--node", "pacs", "--study-instance-uid", STUDY_UID, "--via", "get")
        run("import", peer.cli.data_dir.parent / "files")
        run("local", "studies")
        run("local", "series", STUDY_UID)
        run("local", "instances", SERIES_UID)
        instance = found["local_instances"]["instances"][0]["sop_instance_uid"]
        run("send", "study", "--study-instance-uid", STUDY_UID, "--destination-node", "pacs")
        run("send", "series", "--series-instance-uid", SERIES_UID, "--destination-node", "pacs")
        run("send", "instance", "--sop-instance-uid", instance, "--destination-node", "pacs")
        run("send", "files", peer.cli.data_dir.parent / "files", "--recursive", "--destination-node", "pacs")
        run("node", "delete", "pacs", "--yes")
        run("config", "path")
        run("config", "show")
        run("config", "init", "--force")
    found["storage_scp"] = peer.listener.summary
    return found


def test_documents_have_the_keys_of_the_reference(program: Program, tmp_path: Path) -> None:
    found = _play(program, tmp_path)
    assert found.keys() | {"demo"} == OPERATIONS.keys()
    for operation, document in found.items():
        promised = COMMON.keys() | OPERATIONS[operation].keys()
        assert document.keys() <= promised, operation
        assert promised - document.keys() <= SOMETIMES, operation
    for name, columns in MAKE_REFERENCE.ROWS.items():
        for row in found[f"local_{name}"][name]:
            assert row.keys() <= set(columns), name


FILE_RUNS: Mapping[str, tuple[str, ...]] = {
    "info": ("--verbose",),
    "dump": (),
    "validate": (),
    "stats": (),
    "histogram": (),
    "to_json": ("--output", "{folder}/made.json", "--bulk-dir", "{folder}/bulk"),
    "from_json": ("--output", "{folder}/made.dcm"),
    "to_image": ("--output", "{folder}/ct.png"),
    "transcode": ("--output", "{folder}/packed.dcm", "--transfer-syntax", "rle-lossless"),
    "anonymize": ("--output", "{folder}/anonymous.dcm"),
}
"""Options for one run of each tool for files."""


@pytest.mark.parametrize("operation", FILE_OPERATIONS)
def test_file_tools_have_the_keys_of_the_reference(program: Program, tmp_path: Path, operation: str) -> None:
    promised = COMMON.keys() | FILE_OPERATIONS[operation].keys() | {"file", "output"}
    command = operation.replace("_", "-")
    options = [each.format(folder=tmp_path) for each in FILE_RUNS[operation]]
    source = str(get_testdata_file("CT_small.dcm"))
    if operation == "from_json":
        program.run("to-json", source, "--output", tmp_path / "given.json")
        source = str(tmp_path / "given.json")

    document = program.json(command, source, *options)

    assert document["operation"] == operation
    assert document.keys() <= promised


def test_exports_have_the_columns_of_the_reference(program: Program, tmp_path: Path) -> None:
    write_study(tmp_path / "files")
    program.run("import", tmp_path / "files")
    for name, arguments in (("studies", ()), ("series", (STUDY_UID,)), ("instances", (SERIES_UID,))):
        said = program.run("local", name, *arguments, "--export", "csv").stdout
        assert said.splitlines()[0].split(",") == list(MAKE_REFERENCE.ROWS[name])


def test_json_examples_have_keys_that_the_program_prints() -> None:
    examples = [block.text for page in PAGES for block in blocks(page) if block.language == "json"]
    assert examples
    for text in examples:
        document = json.loads(text)
        operation = document["operation"]
        if operation in FILE_OPERATIONS:
            assert document.keys() <= COMMON.keys() | FILE_OPERATIONS[operation].keys() | {"file", "output"}
            continue
        assert document.keys() <= COMMON.keys() | OPERATIONS[operation].keys(), operation
        assert COMMON.keys() - {"error"} <= document.keys(), operation
        assert OPERATIONS[operation].keys() - SOMETIMES <= document.keys(), operation
