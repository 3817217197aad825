"""The comparison of the shipped profile with another edition's."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from fileroom.domain.confidentiality.tables import PRIVATE
from tools.compare_profile import Actions, differences, main, ours


def rows(actions: Mapping[str, Actions], paragraph: str) -> str:
    lines = []
    for tag, codes in actions.items():
        written = "(gggg,eeee) where gggg is odd" if tag == PRIVATE else f"({tag[:4]},{tag[4:].lower()})"
        cells = ("Name", written, "N", "Y", *codes)
        lines.append(
            "<tr>" + "".join(f"<td><{paragraph}>{cell}</{paragraph}></td>" for cell in cells) + "</tr>"
        )
    return "\n".join(lines)


def as_docbook(actions: Mapping[str, Actions]) -> str:
    return f"""<table xml:id="table_E.1-1a"><tr><td>other</td></tr></table>
        <table xml:id="table_E.1-1"><caption>Profile</caption><tbody>{rows(actions, "para")}</tbody></table>
        <table xml:id="table_E.3"><tr><td>other</td></tr></table>"""


def as_html(actions: Mapping[str, Actions]) -> str:
    return f"""<p class="title"><strong>Table E.1-1. Application Level Confidentiality Profile</strong></p>
        <table><tbody>{rows(actions, "p")}</tbody></table><p>Table E.1-1a. follows</p>"""


@pytest.mark.parametrize("written", [as_docbook, as_html])
def test_same_table_gives_no_difference(written: object, tmp_path: Path) -> None:
    assert callable(written)
    document = written(ours())
    assert list(differences(document)) == []
    (tmp_path / "part15.xml").write_text(document, encoding="utf-8")
    assert main(tmp_path / "part15.xml") == 0


def test_differences_are_told_by_tag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = dict(ours())
    changed["00100040"] = ("X", *changed["00100040"][1:])
    del changed["00100020"]
    changed["00189999"] = changed["00100021"]
    (tmp_path / "part15.xml").write_text(as_docbook(changed), encoding="utf-8")

    assert main(tmp_path / "part15.xml") == 1

    told = capsys.readouterr().out.splitlines()
    assert [line[:8] for line in told] == ["00100020", "00100040", "00189999"]
    assert "theirs is missing" in told[0]
    assert "ours Z - - - - K" in told[1]


def test_document_without_the_table_is_told() -> None:
    assert list(differences("<html></html>")) == ["there is no Table E.1-1"]
