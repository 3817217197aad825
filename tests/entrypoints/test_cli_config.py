"""The data directory and the configuration, from the first use on."""

import os
import stat
import tomllib
from pathlib import Path

import pytest

from tests.entrypoints.peer_room import write_study
from tests.entrypoints.program import Program


def configure(program: Program, text: str) -> Path:
    program.data_dir.mkdir(parents=True, exist_ok=True)
    file = program.data_dir / "config.toml"
    file.write_text(text, encoding="utf-8")
    return file


def setting(program: Program, section: str, key: str, *options: str) -> object:
    found: object = program.json(*options, "config", "show")["settings"][section][key]
    return found


@pytest.mark.parametrize("command", ["local studies", "node list", "import {files}"])
def test_first_use_makes_all_of_the_data_directory(program: Program, tmp_path: Path, command: str) -> None:
    write_study(tmp_path / "files")

    program.run(*command.format(files=tmp_path / "files").split())

    made = program.data_dir
    assert (made / "config.toml").read_text(encoding="utf-8").startswith("# fileroom's configuration")
    assert (made / "fileroom.sqlite3").is_file()
    assert (made / "store").is_dir()
    assert (made / "logs" / "app.log").is_file()


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX knows them")
def test_data_directory_is_private(program: Program) -> None:
    program.run("local", "studies")

    for path in (program.data_dir, *program.data_dir.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_looking_at_the_configuration_makes_nothing(program: Program) -> None:
    assert program.run("config", "path").stdout == f"{program.data_dir / 'config.toml'}\n"
    program.run("config", "show")

    assert not program.data_dir.exists()


def test_data_directory_of_the_platform_serves_where_none_is_named(program: Program) -> None:
    path = Path(program.bare("config", "path").stdout.strip())

    assert path.is_relative_to(Path.home())
    assert path.name == "config.toml"
    assert "fileroom" in path.parent.parts


def test_data_directory_comes_from_the_environment(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_DATA_DIR", str(tmp_path / "there"))

    program.bare("node", "list")

    assert (tmp_path / "there" / "fileroom.sqlite3").is_file()


def test_init_writes_a_template_that_changes_nothing(program: Program) -> None:
    before = program.run("config", "show").stdout

    told = program.run("config", "init")

    assert str(program.data_dir / "config.toml") in told.stderr
    assert program.run("config", "show").stdout == before
    template = (program.data_dir / "config.toml").read_text(encoding="utf-8")
    assert all(values == {} for values in tomllib.loads(template).values())
    for section, values in tomllib.loads(before).items():
        assert f"[{section}]" in template
        assert [key for key in values if f"\n#{key} = " not in template] == []


def test_init_keeps_a_file_unless_it_is_told_to_replace_it(program: Program) -> None:
    file = configure(program, '[local]\nae_title = "MINE"\n')

    refused = program.run("config", "init", code=2)
    assert "--force" in refused.stderr
    assert "MINE" in file.read_text(encoding="utf-8")

    program.run("config", "init", "--force")
    assert "MINE" not in file.read_text(encoding="utf-8")


def test_shown_settings_can_be_used_as_a_file(program: Program, tmp_path: Path) -> None:
    configure(program, '[import]\nmax_zip_entry_count = "none"\n[storage_scp]\naccept = ["CT", "MR"]\n')
    shown = program.run("config", "show").stdout
    (tmp_path / "again.toml").write_text(shown, encoding="utf-8")

    assert program.run("--config", tmp_path / "again.toml", "config", "show").stdout == shown


def test_command_line_goes_before_environment_before_file_before_default(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setting(program, "log", "level") == "info"
    configure(program, '[log]\nlevel = "warning"\n')
    assert setting(program, "log", "level") == "warning"
    monkeypatch.setenv("FILEROOM_LOG_LEVEL", "error")
    assert setting(program, "log", "level") == "error"
    assert setting(program, "log", "level", "--log-level", "debug") == "debug"


def test_settings_of_a_command_go_the_same_way(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(program, "[storage_scp]\nport = 70000\n")
    assert "config.toml: [storage_scp] port: 70000" in program.run("storage-scp", code=2).stderr

    configure(program, "")
    monkeypatch.setenv("FILEROOM_STORAGE_SCP_PORT", "70001")
    assert "FILEROOM_STORAGE_SCP_PORT: [storage_scp] port: 70001" in program.run("storage-scp", code=2).stderr
    monkeypatch.delenv("FILEROOM_STORAGE_SCP_PORT")

    assert (
        "the command line: [storage_scp] port: 70002"
        in program.run("storage-scp", "--port", "70002", code=2).stderr
    )


MISTAKES = [
    ("[storage_spc]\nport = 104\n", "[storage_spc]", "storage_scp"),
    ("[storage_scp]\nprot = 104\n", "prot", "port"),
    ('[storage_scp]\nport = "many"\n', "port", "whole number"),
    ("[storage_scp]\nport = 70000\n", "port", "use 0 to 65535"),
    ("[storage_scp]\nmax_associations = 0\n", "max_associations", "use 1 to 10000"),
    ("[storage_scp]\ntimeout = -1\n", "timeout", "use 0.1 or more"),
    ('[storage_scp]\naccept = ["CX"]\n', "accept", "hint"),
    ('[storage_scp]\nallowed_peers = ["example"]\n', "allowed_peers", "192.0.2.7"),
    ('[local]\nae_title = "SEVENTEEN_LETTERS"\n', "ae_title", "16"),
    ('[objects]\nnaming = "flot"\n', "naming", "flat"),
    ('[objects]\nduplicates = "rejekt"\n', "duplicates", "reject"),
    ('[network]\nbackend = "pynetdcom"\n', "backend", "pynetdicom"),
    ('[log]\nlevel = "noisy"\n', "level", "debug"),
    ('[send]\npreferred_transfer_syntax = "JPEG 3000"\n', "preferred_transfer_syntax", "JPEG"),
    ("storage_scp = 5\n", "storage_scp", "section"),
    ("[storage_scp\nport = 104\n", "config.toml", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "key", "nearest"), MISTAKES, ids=[key for _, key, _ in MISTAKES])
def test_mistake_in_the_file_names_file_key_and_what_is_valid(
    program: Program, text: str, key: str, nearest: str
) -> None:
    file = configure(program, text)

    said = program.run("node", "list", code=2).stderr

    assert str(file) in said
    assert key in said
    assert nearest in said


def test_file_that_is_no_text_is_named(program: Program) -> None:
    file = configure(program, "")
    file.write_bytes(b"\xff\xfe\x00garbage")

    assert f"{file} is not valid TOML" in program.run("node", "list", code=2).stderr


def test_named_file_that_is_missing_is_an_error(program: Program, tmp_path: Path) -> None:
    said = program.run("--config", tmp_path / "none.toml", "node", "list", code=2).stderr

    assert f"{tmp_path / 'none.toml'} does not exist" in said
    assert "config init" in said


def test_mistake_in_the_environment_names_the_variable_and_the_nearest(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FILEROOM_STORAGE_SCP_PROT", "104")

    said = program.run("node", "list", code=2).stderr

    assert "FILEROOM_STORAGE_SCP_PROT" in said
    assert "FILEROOM_STORAGE_SCP_PORT" in said


def test_mistake_in_the_file_does_not_keep_it_from_being_replaced(program: Program) -> None:
    configure(program, "[nonsense\n")

    assert program.run("config", "path").stdout
    program.run("config", "init", "--force")
    program.run("node", "list")
