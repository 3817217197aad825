"""AE titles (PS3.5 6.2)."""

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

allowed = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "\\")
titles = st.text(alphabet=allowed, min_size=1, max_size=16).filter(lambda text: bool(text.strip(" ")))


@given(text=titles, before=st.integers(0, 20), after=st.integers(0, 20))
def test_title_loses_its_padding_and_nothing_else(text: str, before: int, after: int) -> None:
    assert AeTitle(" " * before + text + " " * after) == text.strip(" ")


@given(text=st.text(max_size=20))
def test_title_is_printable_ascii_or_refused(text: str) -> None:
    try:
        title = AeTitle(text)
    except InvalidInput:
        return
    assert 1 <= len(title) <= 16
    assert set(title) <= set(allowed)
    assert AeTitle(title) == title


@pytest.mark.parametrize(
    "text", ["", " ", " " * 16, "A" * 17, "A\\B", "A\nB", "A\0", "A\x7f", "Ä", "A\tB", "\x1b[0m"]
)
def test_title_is_refused_when_it_breaks_the_rules(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        AeTitle(text)
    assert caught.value.hint


def test_title_is_case_significant() -> None:
    assert AeTitle("pacs") != AeTitle("PACS")


def test_title_survives_pickling_and_copying() -> None:
    title = AeTitle("PACS 1")
    for other in (pickle.loads(pickle.dumps(title)), copy.deepcopy(title)):  # noqa: S301 - our own bytes
        assert (type(other), other) == (AeTitle, title)
