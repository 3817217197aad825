"""What a person waits for before the program answers: nothing heavy loads to print help or the version."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fileroom
from tests.builders import a_dicom_file
from tests.fileroom_cli import FileroomCli
from tests.samples import BUNDLED

HEAVY = {
    "asyncio",
    "dependency_injector",
    "logging",
    "markdown_it",
    "numpy",
    "pydantic",
    "pydicom",
    "pygments",
    "pynetdicom",
    "rich",
    "sqlalchemy",
    "textual",
}
FOR_NO_ECHO = {"numpy", "pydicom", "pynetdicom", "rich", "sqlalchemy", "textual", "typer._adapters"}
"""Typer's adapters read arguments with pydantic, which takes as long as the echo."""
CT = next(path for path in BUNDLED if path.name == "CT_small.dcm")
SOURCES = Path(fileroom.__file__).parents[1]

RUN_MAIN_AND_LIST_MODULES = """
import json, sys
from fileroom.entrypoints.cli.main import main
sys.argv[0] = "fileroom"
code = None
try:
    main()
except SystemExit as stop:
    code = stop.code
json.dump({"code": code or 0, "modules": sorted(sys.modules)}, sys.stderr)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter on the package under test."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=False,
    )


def loaded(*arguments: str, code: int = 0) -> set[str]:
    """Run a command, which must end with `code`, and return the modules that it loaded."""
    ran = run("-c", RUN_MAIN_AND_LIST_MODULES, *arguments)
    report = json.loads(ran.stderr.splitlines()[-1])
    assert report["code"] == code, ran.stderr
    return set(report["modules"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("send", "files", "--help"), 0),
        (("retrieve", "--help"), 0),
        (("storage-scp", "--help"), 0),
        (("no-such-command",), 2),
        (("echo",), 2),
        (("query", "--node", "n", "--model", "none"), 2),
        (("send", "files", "x", "--to", "h:1", "--jobs", "0"), 2),
    ],
)
def test_help_and_usage_errors_load_no_heavy_library_and_no_use_case(
    arguments: tuple[str, ...], code: int
) -> None:
    modules = loaded(*arguments, code=code)

    assert not HEAVY & modules
    ours = {name for name in modules if name.startswith("fileroom.")}
    assert not {name for name in ours if name.startswith(("fileroom.adapters", "fileroom.application"))}
    assert not ours & {
        "fileroom.domain.dimse_status",
        "fileroom.domain.sop_classes",
        "fileroom.domain.transfer_syntaxes",
        "fileroom.entrypoints.configuration",
        "fileroom.entrypoints.container",
        "fileroom.entrypoints.settings",
    }


def test_list_of_commands_loads_none_of_them() -> None:
    assert not {name for name in loaded("--help") if name.startswith("fileroom.entrypoints.cli.commands.")}


def test_echo_loads_only_what_talks_to_the_peer(tmp_path: Path) -> None:
    with FileroomCli(tmp_path / "peer").storage_scp() as peer:
        modules = loaded("--data-dir", str(tmp_path / "room"), "echo", f"127.0.0.1:{peer.port}")

    assert not FOR_NO_ECHO & modules
    used = {name for name in modules if name.startswith("fileroom.application.use_cases.")}
    assert used == {"fileroom.application.use_cases.echo_node"}


def test_list_of_studies_loads_one_database_dialect(tmp_path: Path) -> None:
    modules = loaded("--data-dir", str(tmp_path), "local", "studies")

    assert "sqlalchemy.dialects.sqlite" in modules
    assert "sqlalchemy.dialects.postgresql" not in modules
    assert not {"pydicom", "pynetdicom", "rich"} & modules


def test_package_loads_nothing_but_itself() -> None:
    ran = run(
        "-c", "import sys; before = set(sys.modules); import fileroom; print(*set(sys.modules) - before)"
    )

    assert ran.stdout.split() == ["fileroom"]


def test_module_run_answers_like_the_script() -> None:
    ran = run("-m", "fileroom", "--version")

    assert ran.returncode == 0, ran.stderr
    assert fileroom.__version__ in ran.stdout


@pytest.mark.parametrize("command", ["dump", "validate"])
def test_looking_at_a_file_loads_no_heavy_library(tmp_path: Path, command: str) -> None:
    modules = loaded("--data-dir", str(tmp_path), command, str(CT))

    assert not {"numpy", "pydicom", "pynetdicom", "rich", "sqlalchemy", "multiprocessing"} & modules
    assert not {name for name in modules if name.startswith("fileroom.adapters.catalog")}


def test_files_between_uncompressed_syntaxes_need_no_codecs(tmp_path: Path) -> None:
    source, output = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(a_dicom_file())
    arguments = (
        "transcode",
        str(source),
        "--output",
        str(output),
        "--transfer-syntax",
        "implicit-vr-little-endian",
    )
    modules = loaded("--data-dir", str(tmp_path / "room"), *arguments)
    assert output.exists()
    assert not {"numpy", "pydicom", "PIL", "pylibjpeg"} & modules
