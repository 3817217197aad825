"""Tables on a terminal of some width."""

import io

import pytest

from fileroom.entrypoints.cli.output import Output

COLUMNS = ("DATE", "DESCRIPTION", "STUDY INSTANCE UID")
ROW = (
    "20260301",
    "CT of the chest, abdomen and pelvis",
    "1.2.826.0.1.3680043.10.1.2.3.4.5.6.7.8.9.10.11.12.13.14",
)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _drawn(monkeypatch: pytest.MonkeyPatch, width: int) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    terminal = _Terminal()
    Output(out=terminal).table(COLUMNS, [ROW])
    return terminal.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_uid_is_drawn_in_one_piece_when_the_other_columns_fit(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    drawn = _drawn(monkeypatch, width)
    assert ROW[-1] in drawn
    assert ROW[1] in drawn


def test_narrow_terminal_gets_the_uid_below_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = _drawn(monkeypatch, 80).splitlines()
    assert [line.strip() for line in lines] == [
        "DATE      DESCRIPTION",
        "STUDY INSTANCE UID",
        f"{ROW[0]}  {ROW[1]}",
        ROW[2],
    ]
