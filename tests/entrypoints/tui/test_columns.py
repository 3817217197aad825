"""Texts in columns of cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fileroom.entrypoints.tui.records import Column
from fileroom.entrypoints.tui.widgets.columns import GAP, fitted, widths_of, wrapped

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 5, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("1.2.840.10008.1.2", 6, ["1.2.84", "0.1000", "8.1.2"]),
        ("a 1.2.840.10008", 6, ["a", "1.2.84", "0.1000", "8"]),
        ("two\nlines", 9, ["two", "lines"]),
        ("太郎太郎", 4, ["太郎", "太郎"]),
        ("  indented", 20, ["  indented"]),
    ],
)
def test_text_is_broken_between_words_where_that_is_possible(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


@given(TEXT, st.integers(2, 30))
def test_no_line_is_too_wide_and_no_word_is_lost(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(TEXT, st.integers(0, 30), st.booleans())
def test_fitted_text_takes_its_cells_exactly(text: str, width: int, is_right: bool) -> None:
    assert cell_len(fitted(text, width, is_right=is_right)) == width


@given(
    st.lists(st.builds(Column, st.just("X"), st.integers(1, 12), st.integers(0, 4)), max_size=8),
    st.integers(0, 90),
)
def test_columns_share_the_width_and_never_take_more(columns: list[Column], width: int) -> None:
    widths = widths_of(columns, width)
    assert len(widths) == len(columns)
    shown = [wide for wide in widths if wide]
    assert widths[: len(shown)] == tuple(shown)
    assert sum(shown) + GAP * max(len(shown) - 1, 0) <= max(width - 1, 0)
