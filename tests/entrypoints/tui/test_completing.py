"""Candidates for fields: paths and nodes."""

from dataclasses import replace
from pathlib import Path

import pytest

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput, NotFound
from fileroom.domain.node import Node
from fileroom.entrypoints.tui.screens.completing import (
    check_node,
    complete_node,
    complete_path,
    path_in,
    paths_in,
)

NODES = [
    Node(name=name, ae_title=AeTitle(title), host=host, port=104)
    for name, title, host in (("archive", "OLD", "10.0.0.1"), ("pacs", "ORTHANC", "10.0.0.2"))
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    for name in ("scan.dcm", "study.zip", ".hidden"):
        (tmp_path / name).touch()
    return tmp_path


def offered(text: str) -> list[str]:
    return [candidate.text for candidate in complete_path(text)]


def test_folders_come_first_and_hidden_files_when_asked_for(tree: Path) -> None:
    assert offered(f"{tree}/") == [f"{tree}/scans/", f"{tree}/scan.dcm", f"{tree}/study.zip"]
    assert offered(f"{tree}/.") == [f"{tree}/.hidden"]


def test_last_of_several_paths_is_completed(tree: Path) -> None:
    assert offered(f"/a; {tree}/st") == [f"/a; {tree}/study.zip"]


def test_relative_paths_are_completed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert offered("sc") == ["scans/", "scan.dcm"]


def test_home_is_completed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tree))
    assert offered("~") == ["~/"]
    assert offered("~/st") == ["~/study.zip"]
    assert path_in("~/study.zip") == tree / "study.zip"


@pytest.mark.parametrize("text", ["/nothing/here/", "/dev/null/", "a\0b/", "~nobody-by-that-name/"])
def test_nothing_is_offered_where_nothing_can_be_read(text: str) -> None:
    assert offered(text) == []


def test_many_entries_are_cut(tmp_path: Path) -> None:
    for number in range(250):
        (tmp_path / f"{number:03}").touch()
    assert len(offered(f"{tmp_path}/")) == 200


@pytest.mark.parametrize("text", ["'/new scans/a'", '"/new scans/a"', " /new scans/a "])
def test_path_is_taken_out_of_its_quotes(text: str) -> None:
    assert path_in(text) == Path("/new scans/a")


@pytest.mark.parametrize("text", ["a\0b", "~nobody-by-that-name/x"])
def test_path_that_cannot_be_one_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        path_in(text)


def test_paths_are_parted_where_they_are_not_one(tree: Path) -> None:
    (tree / "a;b").mkdir()
    assert paths_in(f"{tree}/a;b") == (tree / "a;b",)
    assert paths_in(f"{tree}/scans ; {tree}/scan.dcm;") == (tree / "scans", tree / "scan.dcm")
    with pytest.raises(NotFound, match="nothing does not exist"):
        paths_in(f"{tree}/scans;{tree}/nothing")
    with pytest.raises(InvalidInput):
        paths_in(" ; ")


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["archive", "pacs"]),
        ("PA", ["pacs"]),
        ("orth", ["pacs"]),
        ("0.1", ["archive"]),
        ("x", []),
        ("Pacs", ["archive", "pacs"]),
    ],
)
def test_nodes_are_found_by_name_title_and_address(typed: str, names: list[str]) -> None:
    assert [candidate.text for candidate in complete_node(NODES)(typed)] == names


def test_name_that_begins_as_typed_comes_first() -> None:
    nodes = [replace(NODES[1], name="other", host="pacs.example.org"), *NODES]
    assert [candidate.text for candidate in complete_node(nodes)("pa")] == ["pacs", "other"]


def test_unknown_node_is_refused_with_the_nearest() -> None:
    check_node(NODES)(" PACS ")
    with pytest.raises(NotFound) as caught:
        check_node(NODES)("pasc")
    assert caught.value.hint == "did you mean 'pacs'?"


def test_names_that_would_steer_a_terminal_are_not_offered(tree: Path) -> None:
    try:
        (tree / "scan\x1b[31m.dcm").touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    assert offered(f"{tree}/scan.") == [f"{tree}/scan.dcm"]
    assert not any("\x1b" in text for text in offered(f"{tree}/scan"))
