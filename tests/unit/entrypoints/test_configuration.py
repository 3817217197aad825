"""Settings from defaults, file, environment and command line."""

from dataclasses import fields
from pathlib import Path

import pytest

from fileroom.domain.errors import ConfigurationError
from fileroom.domain.filing import NamingScheme
from fileroom.entrypoints.configuration import load_settings, template, write_template, written
from fileroom.entrypoints.settings import SECTIONS, Settings, environment_name

EVERY_SETTING = [(section, each.name) for section, kind in SECTIONS.items() for each in fields(kind)]


def test_defaults_are_in_force_when_nothing_is_given() -> None:
    assert load_settings(environment={}) == Settings()


def test_each_source_goes_before_the_one_below(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[storage_scp]\nport = 1\nmax_associations = 1\nbind = "192.0.2.1"\n')
    environment = {"FILEROOM_STORAGE_SCP_PORT": "2", "FILEROOM_STORAGE_SCP_MAX_ASSOCIATIONS": "2"}

    found = load_settings(
        file=file, environment=environment, overrides={"storage_scp.port": 3, "storage_scp.timeout": None}
    ).storage_scp

    assert (found.port, found.max_associations, found.bind, found.timeout) == (3, 2, "192.0.2.1", 60.0)


@pytest.mark.parametrize(("section", "key"), EVERY_SETTING)
def test_every_setting_can_come_from_the_environment(section: str, key: str) -> None:
    default = Settings().items()[section][key]
    text = ",".join(default) if isinstance(default, list) else "none" if default is None else str(default)

    assert load_settings(environment={environment_name(section, key): text}) == Settings()


@pytest.mark.parametrize(("section", "key"), EVERY_SETTING)
def test_every_setting_stands_in_the_template_with_its_meaning(section: str, key: str) -> None:
    block = template().partition(f"[{section}]")[2].partition("\n\n")[0]

    before, found, _ = block.partition(f"\n#{key} = ")
    assert found
    assert before.splitlines()[-1].startswith("# ")


def test_written_settings_read_the_same(tmp_path: Path) -> None:
    settings = load_settings(
        environment={
            "FILEROOM_STORAGE_SCP_ACCEPT": "CT, MR",
            "FILEROOM_STORAGE_SCP_TIMEOUT": "0.5",
            "FILEROOM_IMPORT_MAX_ZIP_TOTAL_BYTES": "unlimited",
            "FILEROOM_OBJECTS_NAMING": "Flat",
            "FILEROOM_OBJECTS_ROOT": '/a "quoted" ünïcode\\path',
            "FILEROOM_STORAGE_SCP_QUERY_RETRIEVE": "no",
        }
    )
    assert settings.storage_scp.accept == ("CT", "MR")
    assert settings.import_.max_zip_total_bytes is None
    assert settings.objects.naming is NamingScheme.FLAT
    (tmp_path / "config.toml").write_text(written(settings), encoding="utf-8")

    assert load_settings(file=tmp_path / "config.toml", environment={}) == settings


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("network", "idle_timeout", "nan"),
        ("network", "idle_timeout", "inf"),
        ("network", "idle_timeout", "-5"),
        ("network", "max_pdu_length", "4294967296"),
        ("network", "max_pdu_length", "-1"),
        ("network", "settle_timeout", "1e999"),
        ("storage_scp", "port", "1.5"),
        ("storage_scp", "port", "99999999999999999999"),
        ("storage_scp", "query_retrieve", "perhaps"),
        ("storage_scp", "bind", "two words"),
        ("send", "jobs", "0"),
        ("send", "retries", "-1"),
        ("import", "max_zip_entry_count", "0"),
        ("local", "ae_title", ""),
        ("local", "ae_title", "TAB\tTITLE"),
    ],
)
def test_impossible_value_is_refused_by_name(section: str, key: str, value: str) -> None:
    name = environment_name(section, key)

    with pytest.raises(ConfigurationError) as caught:
        load_settings(environment={name: value})

    assert caught.value.message.startswith(f"environment variable {name}: [{section}] {key}: ")


@pytest.mark.parametrize("value", [True, 1.0, ["1"], "x", {}])
def test_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError):
        load_settings(environment={}, overrides={"storage_scp.port": value})


@pytest.mark.parametrize("text", ["inf", "nan", "-inf", "1e999", "true", '"ten"'])
def test_number_that_is_none_is_refused_in_the_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f"[network]\nidle_timeout = {text}\n")

    with pytest.raises(ConfigurationError, match="idle_timeout"):
        load_settings(file=file, environment={})


def test_variables_of_nobody_are_left_alone() -> None:
    assert load_settings(environment={"FILEROOM_DATA_DIR": "x", "FILEROOM_REQUIRE_PEERS": "1"}) == Settings()


def test_template_is_kept_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("mine")

    with pytest.raises(FileExistsError):
        write_template(file)
    assert file.read_text() == "mine"

    write_template(file, replace=True)
    assert file.read_text(encoding="utf-8") == template()
