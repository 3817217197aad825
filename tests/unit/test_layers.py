"""The layer contracts cover what exists, and each of them can fail.

import-linter checks the contracts of ``pyproject.toml`` on the sources. A contract that matches nothing passes for
ever, so here one forbidden import is planted for each rule in a copy of the package, and the contract must break.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "fileroom"


class Planted(NamedTuple):
    """A forbidden import and the contract that it must break."""

    contract: str
    importer: str
    """The module, relative to the package, that gets the import."""
    statement: str


PLANTED = [
    Planted("layers", "domain/__init__.py", "import fileroom.application"),
    Planted("layers", "application/__init__.py", "import fileroom.adapters.system"),
    Planted("layers", "adapters/system/__init__.py", "import fileroom.entrypoints.cli"),
    Planted("layers", "stray.py", ""),
    Planted("pure-core", "domain/__init__.py", "import pydicom"),
    Planted("pure-core", "application/__init__.py", "from sqlalchemy.orm import Session"),
    Planted("pure-core", "application/__init__.py", "import asyncio"),
    Planted("pure-core", "domain/__init__.py", "import socket"),
    Planted("adapter-families", "adapters/objects/filesystem/__init__.py", "import fileroom.adapters.files"),
    Planted("adapter-families", "adapters/dicom/_shared.py", "import fileroom.adapters.catalog.sql"),
    Planted(
        "adapter-siblings", "adapters/dicom/memory/__init__.py", "import fileroom.adapters.dicom.pynetdicom"
    ),
    Planted(
        "adapter-siblings", "adapters/catalog/sql/__init__.py", "import fileroom.adapters.catalog.memory"
    ),
    Planted(
        "adapter-siblings", "adapters/dicom/_services/link.py", "import fileroom.adapters.dicom.native.link"
    ),
    Planted("adapter-siblings", "adapters/objects/_shared.py", "import fileroom.adapters.objects.memory"),
    Planted("file-tools", "adapters/files/pixels/__init__.py", "import fileroom.adapters.files.inspecting"),
    Planted("container", "entrypoints/cli/commands/planted.py", "import fileroom.adapters.system"),
    Planted("container", "entrypoints/settings.py", "from fileroom.adapters import objects"),
    Planted("doors", "entrypoints/tui/__init__.py", "import fileroom.entrypoints.cli"),
    Planted("doors", "entrypoints/container.py", "import fileroom.entrypoints.cli"),
    Planted("native-core", "adapters/dicom/native/core/pdu.py", "import socket"),
    Planted("native-core", "adapters/dicom/native/core/pdu.py", "import time"),
    Planted("native-core", "adapters/dicom/_shared/dimse.py", "import socket"),
]


def contracts() -> dict[str, dict[str, object]]:
    """The contracts of ``pyproject.toml`` by their id."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in configuration["tool"]["importlinter"]["contracts"]}


def lint(project: Path, contract: str) -> subprocess.CompletedProcess[str]:
    """Check one contract of the project in ``project``."""
    return subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            f"--config={project / 'pyproject.toml'}",
            f"--contract={contract}",
            "--no-cache",
        ],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src"), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def packages_of(folder: Path) -> set[str]:
    """The names of the packages directly inside ``folder``."""
    return {path.parent.name for path in folder.glob("*/__init__.py")}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the package with its configuration, to plant imports in."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(PACKAGE, tmp_path / "src" / "fileroom", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.contract}-{planted.importer}")
def test_contract_breaks_when_a_forbidden_import_is_planted(project: Path, planted: Planted) -> None:
    module = project / "src" / "fileroom" / planted.importer
    module.parent.mkdir(parents=True, exist_ok=True)
    for folder in module.relative_to(project / "src").parents:
        if folder.parts:
            (project / "src" / folder / "__init__.py").touch()
    with module.open("a", encoding="utf-8") as text:
        text.write(f"\n{planted.statement}\n")

    linted = lint(project, planted.contract)

    output = linted.stdout + linted.stderr
    assert f"{contracts()[planted.contract]['name']} BROKEN" in output
    assert linted.returncode == 1
    assert "1 broken" in output


def test_sources_keep_every_contract(project: Path) -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert f"{len(contracts())} kept, 0 broken" in linted.stdout


def test_planted_imports_try_every_contract() -> None:
    assert {planted.contract for planted in PLANTED} == contracts().keys()


def test_domain_and_application_import_the_standard_library_only() -> None:
    graph = grimp.build_graph("fileroom", include_external_packages=True, cache_dir=None)

    outside = {
        imported
        for module in graph.modules
        if module.startswith(("fileroom.domain", "fileroom.application"))
        for imported in graph.find_modules_directly_imported_by(module)
        if not imported.startswith("fileroom")
    }

    assert outside <= sys.stdlib_module_names


def test_every_implementation_of_a_family_is_named_in_a_sibling_contract() -> None:
    named: dict[str, set[str]] = {}
    for contract in (contracts()["adapter-siblings"], contracts()["file-tools"]):
        containers, layers = contract["containers"], contract["layers"]
        assert isinstance(containers, list)
        assert isinstance(layers, list)
        for container in containers:
            family = container.removeprefix("fileroom.adapters.")
            named[family] = {name.strip(" ()") for layer in layers for name in layer.split("|")}

    with_implementations = {
        family for family in packages_of(PACKAGE / "adapters") if packages_of(PACKAGE / "adapters" / family)
    }

    assert with_implementations == named.keys()
    for family, names in named.items():
        assert packages_of(PACKAGE / "adapters" / family) <= names


def test_native_backend_has_a_core_when_it_exists() -> None:
    native = PACKAGE / "adapters" / "dicom" / "native"

    assert native.exists() == (native / "core" / "__init__.py").exists(), (
        "the native-core contract watches fileroom.adapters.dicom.native.core"
    )
