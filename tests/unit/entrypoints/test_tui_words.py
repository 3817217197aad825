"""A typed line in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.entrypoints.tui.words import as_keys, opened, quoted, split


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", []),
        (" \t ", []),
        ("echo  pacs", [(None, "echo"), (None, "pacs")]),
        ("key=PatientSex=F", [("key", "PatientSex=F")]),
        ("notes='new firewall'", [("notes", "new firewall")]),
        ('notes="new firewall" port=104', [("notes", "new firewall"), ("port", "104")]),
        ("patient_name=O'Brien^Pat", [("patient_name", "O'Brien^Pat")]),
        ('notes="say ""hi"" now"', [("notes", 'say "hi" now')]),
        (r'path="C:\My Scans\new"', [("path", r"C:\My Scans\new")]),
        ('path="C:\\scans\\"', [("path", "C:\\scans\\")]),
        (r"path=C:\scans\2026", [("path", r"C:\scans\2026")]),
        (r"\\server\share", [(None, r"\\server\share")]),
        ("/data/a=b", [(None, "/data/a=b")]),
        ("C:=x", [(None, "C:=x")]),
        ("'in_place'", [(None, "in_place")]),
        ("key=ReferringPhysicianName='Doe Jane'", [("key", "ReferringPhysicianName=Doe Jane")]),
        ("--patient-name=doe", [("patient-name", "doe")]),
        ("notes=", [("notes", "")]),
        ("notes=''", [("notes", "")]),
        ("=x", [(None, "=x")]),
        ("a==b", [("a", "=b")]),
    ],
)
def test_words_are_what_they_look_like(text: str, wanted: list[tuple[str | None, str]]) -> None:
    assert [(word.key, word.value) for word in split(text)] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("add --recursive to send what it holds", "add recursive to send what it holds"),
        ("give --output-dir instead", "give output_dir instead"),
        ("(address a:1), or use --via=get", "(address a:1), or use via=get"),
        ("see `fileroom query --node pacs`, or --via=get", "see `fileroom query --node pacs`, or via=get"),
        ("a--b and /data/--odd/x and --odd.dcm", "a--b and /data/--odd/x and --odd.dcm"),
        ("nothing -- at all", "nothing -- at all"),
    ],
)
def test_options_are_written_as_keys(text: str, wanted: str) -> None:
    assert as_keys(text) == wanted


def test_words_know_where_they_stand() -> None:
    text = "  query node='a b'  x"
    words = split(text)
    assert [text[word.start : word.end] for word in words] == ["query", "node='a b'", "x"]
    assert text[words[1].value_start : words[1].end] == "'a b'"


@pytest.mark.parametrize("text", ["notes='never closed", '"', "path=\"C:\\x 'y'"])
def test_quote_that_is_not_closed_is_told(text: str) -> None:
    assert split(text)[-1].is_open


def test_what_follows_a_closing_quote_is_told() -> None:
    text = "path='a b'c"
    (word,) = split(text)
    assert word.stray is not None
    assert text[word.stray :] == "c"
    assert split("path='a b' c")[0].stray is None


@given(text=st.text())
def test_any_text_has_words_that_cover_it(text: str) -> None:
    words = split(text)
    covered = [word.start for word in words], [word.end for word in words]
    assert all(start < end for start, end in zip(*covered, strict=True))
    outside = "".join(
        text[end:start] for start, end in zip([*covered[0], len(text)], [0, *covered[1]], strict=True)
    )
    assert not outside.strip() or outside.isspace()


@given(
    values=st.lists(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("'\"= \\\n"))), min_size=1)
)
def test_quoted_values_come_back(values: list[str]) -> None:
    words = split(" ".join(f"key={quoted(value)}" for value in values))
    assert [(word.key, word.value) for word in words] == [("key", value) for value in values]
    assert not any(word.is_open or word.stray is not None for word in words)


@given(value=st.text(alphabet=st.one_of(st.characters(), st.sampled_from("'\"= \\")), min_size=1))
def test_opened_value_is_its_beginning(value: str) -> None:
    word = split(f"key={opened(value)}")[-1]
    # The quote that closes it is left out, so that one may go on typing.
    assert word.value == value
    assert opened(value) == quoted(value) or word.is_open
