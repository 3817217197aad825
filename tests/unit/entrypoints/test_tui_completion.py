"""What may come next in a line."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.entrypoints.tui.command_table import BY_NAME, COMMANDS
from fileroom.entrypoints.tui.completion import (
    Option,
    Place,
    common_beginning,
    fitting,
    inserted,
    paths_like,
    place_of,
)
from fileroom.entrypoints.tui.language import Kind
from fileroom.entrypoints.tui.words import split

NODES = (Option("pacs", "ORTHANC at host:4242"), Option("archive", "ARCHIVE at host:104"))


def place(text: str) -> Place:
    return place_of(text, COMMANDS)


def offered(text: str, *others: Option) -> list[str]:
    where = place(text)
    return [option.value for option in fitting(where, [*others, *where.options])]


def completed(text: str, *others: Option) -> str:
    """The line with the first option taken."""
    where = place(text)
    return text[: where.start] + inserted(where, fitting(where, [*others, *where.options])[0])


def test_commands_come_first() -> None:
    assert offered("") == list(BY_NAME)
    assert offered("ec") == ["echo"]
    assert offered("node") == ["node-add", "node-edit", "node-delete", "node-list"]
    assert offered("  qu") == ["query", "quit"]
    assert completed("ec") == "echo "


def test_what_holds_the_word_comes_after_what_begins_with_it() -> None:
    assert offered("list") == ["listen", "node-list"]


@pytest.mark.parametrize(("text", "kind"), [
    ("echo ", Kind.PEER), ("echo pa", Kind.PEER), ("query node=", Kind.NODE), ("retrieve pacs study=", Kind.STUDY_UID),
    ("import ", Kind.PATH), ("import a b", Kind.PATH), ("import 'my da", Kind.PATH), ("cancel ", Kind.TASK),
    ("send study 1.2 node=", Kind.NODE),
    ("query pacs ", None), ("quit ", None), ("quti ", None), ("", None),
])  # fmt: skip
def test_kind_of_value_is_told(text: str, kind: Kind | None) -> None:
    assert place(text).kind == kind


def test_keys_are_offered_that_were_not_given() -> None:
    keys = offered("retrieve pacs study=1.2 ")
    assert "via" in keys
    assert "study_instance_uid" not in keys
    assert "node" not in keys
    assert offered("retrieve pacs v") == ["via", "move_destination"]
    assert completed("retrieve pacs v") == "retrieve pacs via="
    assert completed("import /data in") == "import /data in_place "
    assert "key" in offered("query pacs key=PatientSex ")


def test_needed_keys_come_first() -> None:
    assert offered("node-add pacs ")[:3] == ["ae_title", "host", "port"]


def test_choices_are_offered() -> None:
    assert offered("retrieve pacs via=") == ["auto", "move", "get"]
    assert completed("retrieve pacs via=m") == "retrieve pacs via=move "
    assert offered("listen st") == ["start", "stop"]
    assert offered("help reg") == ["node-add"]


def test_several_values_are_completed_behind_commas() -> None:
    assert completed("filter modality=C") == "filter modality=CT"
    assert completed("filter modality=CT,m") == "filter modality=CT,MR"


def test_nodes_are_found_by_what_is_said_of_them() -> None:
    assert offered("echo orth", *NODES)[0] == "pacs"
    assert completed("echo arch", *NODES) == "echo archive "
    assert completed("echo ", Option("Zoë's")) == "echo Zoë's "


def test_value_that_looks_like_a_key_stands_in_quotes() -> None:
    assert completed("node-delete y", Option("yes")) == 'node-delete "yes" '
    assert completed("node-delete node=y", Option("yes")) == "node-delete node=yes "
    assert completed("import a", Option("a=b.dcm")) == 'import "a=b.dcm" '
    assert completed("import -", Option("--x", then="")) == 'import "--x'
    assert completed("import in") == "import in_place "


def test_common_beginning_is_completed_first() -> None:
    where = place("retrieve pacs study=1.2")
    uids = [Option("1.2.840.1"), Option("1.2.840.2")]
    assert common_beginning(where, fitting(where, uids)) == "1.2.840."
    assert common_beginning(place("retrieve pacs study=1.2.840."), uids) == ""
    assert common_beginning(where, []) == ""


def test_paths_are_read_from_their_folder(tmp_path: Path) -> None:
    (tmp_path / "scan one.dcm").touch()
    (tmp_path / "Scans").mkdir()
    (tmp_path / ".hidden").touch()
    (tmp_path / "other").touch()
    begun = f"{tmp_path}{os.sep}sc"
    found = paths_like(begun)
    assert [option.value for option in found] == [
        f"{tmp_path}{os.sep}Scans{os.sep}",
        f"{tmp_path}{os.sep}scan one.dcm",
    ]
    assert completed(f"import {begun}", *found) == f"import {tmp_path}{os.sep}Scans{os.sep}"
    assert completed(f"import {begun}an", *found[1:]) == f'import "{tmp_path}{os.sep}scan one.dcm" '
    assert [option.value for option in paths_like(f"{tmp_path}{os.sep}.h")] == [f"{tmp_path}{os.sep}.hidden"]
    assert paths_like(f"{tmp_path}{os.sep}nowhere{os.sep}") == []
    assert paths_like("\0") == []


def test_folder_with_blanks_is_gone_into_within_its_quotes(tmp_path: Path) -> None:
    (tmp_path / "my scans" / "deep").mkdir(parents=True)
    line = completed(f"import {tmp_path}{os.sep}my", *paths_like(f"{tmp_path}{os.sep}my"))
    assert line == f'import "{tmp_path}{os.sep}my scans{os.sep}'
    assert place(line).typed == f"{tmp_path}{os.sep}my scans{os.sep}"
    assert completed(line, *paths_like(place(line).typed)) == f"{line}deep{os.sep}"


def test_home_is_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "scans").mkdir()
    assert [option.value for option in paths_like(f"~{os.sep}s")] == [f"~{os.sep}scans{os.sep}"]


@given(
    text=st.text()
    | st.lists(st.sampled_from([*BY_NAME, "=", " ", "'", '"', "path", "node", ","])).map("".join)
)
def test_any_text_can_be_completed(text: str) -> None:
    where = place(text)
    assert 0 <= where.start <= len(text)
    for option in fitting(where, where.options):
        line = text[: where.start] + inserted(where, option)
        assert split(line)
