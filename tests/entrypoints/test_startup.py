"""What a person waits for before the program answers: nothing heavy loads to print help or the version."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fileroom

HEAVY = {"dependency_injector", "numpy", "pydicom", "pynetdicom", "sqlalchemy", "textual"}
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


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_command_line_loads_no_heavy_library_when_asked_for(argument: str) -> None:
    ran = run("-c", RUN_MAIN_AND_LIST_MODULES, argument)

    report = json.loads(ran.stderr.splitlines()[-1])
    assert report["code"] == 0
    assert ran.stdout.strip()
    assert not HEAVY.intersection(report["modules"])


def test_package_loads_nothing_but_itself() -> None:
    ran = run(
        "-c", "import sys; before = set(sys.modules); import fileroom; print(*set(sys.modules) - before)"
    )

    assert ran.stdout.split() == ["fileroom"]


def test_module_run_answers_like_the_script() -> None:
    ran = run("-m", "fileroom", "--version")

    assert ran.returncode == 0, ran.stderr
    assert fileroom.__version__ in ran.stdout
