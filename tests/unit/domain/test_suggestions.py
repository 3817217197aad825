"""The nearest valid word."""

import pytest

from fileroom.domain.suggestions import nearest


@pytest.mark.parametrize(
    ("word", "possible", "hint"),
    [
        ("pcas", ["pacs", "modality"], "did you mean 'pacs'?"),
        ("PACS1", ["pacs"], "did you mean 'pacs'?"),
        ("paks", ["PACS", "pack"], "did you mean 'PACS' or 'pack'?"),
        ("zzz", ["pacs"], ""),
        ("", ["pacs"], ""),
        ("pacs", [], ""),
    ],
)
def test_hint_names_what_is_near(word: str, possible: list[str], hint: str) -> None:
    found = nearest(word, possible)
    assert sorted(found.replace("?", "").split()) == sorted(hint.replace("?", "").split())


def test_hint_names_three_at_most() -> None:
    assert nearest("pacs", [f"pacs{number}" for number in range(9)]).count(" or ") == 2
