"""What counts as the same text in a search, and what a terminal may be given."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.text import fold, fold_name, for_terminal

# Letters of Latin, Greek and Cyrillic, their extended blocks included.
_BLOCKS = ((0x41, 0x24F), (0x370, 0x52F), (0x1E00, 0x1FFF))
_LETTERS = [chr(code) for first, last in _BLOCKS for code in range(first, last + 1) if chr(code).isalpha()]
# Python capitalises the iota subscript of classical Greek to a full iota, which is another spelling, not a case.
_IOTA_SUBSCRIPT = "\u0345"
letters = st.sampled_from(
    [letter for letter in _LETTERS if _IOTA_SUBSCRIPT not in unicodedata.normalize("NFD", letter)]
)
accents = st.characters(min_codepoint=0x300, max_codepoint=0x36F, categories=["Mn"])
plain_letters = st.sampled_from(
    [letter for letter in _LETTERS if unicodedata.normalize("NFKD", letter) == letter]
)
# The planes in which Unicode has characters; what lies between and beyond is unassigned or for private use.
_ASSIGNED = (*range(0x33500), *range(0xE0000, 0xE0200))
anything = st.text(st.characters(exclude_categories=[]))


@given(anything)
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_fold_is_idempotent_for_every_character() -> None:
    for code in _ASSIGNED:
        once = fold(chr(code))
        assert fold(once) == once, hex(code)


@given(st.text(letters))
def test_fold_ignores_case(text: str) -> None:
    assert fold(text) == fold(text.upper()) == fold(text.lower()) == fold(text.swapcase())


@given(st.lists(st.tuples(plain_letters, st.lists(accents, max_size=3))))
def test_fold_ignores_accents_of_latin_greek_and_cyrillic(pairs: list[tuple[str, list[str]]]) -> None:
    bare = "".join(letter for letter, _ in pairs)
    accented = "".join(letter + "".join(marks) for letter, marks in pairs)
    assert fold(accented) == fold(bare)
    assert fold(unicodedata.normalize("NFC", accented)) == fold(bare)


@given(anything)
def test_fold_does_not_see_the_normalization_form(text: str) -> None:
    assert fold(unicodedata.normalize("NFC", text)) == fold(text)
    assert fold(unicodedata.normalize("NFD", text)) == fold(text)


@given(anything)
def test_fold_leaves_neither_control_characters_nor_outer_blanks(text: str) -> None:
    folded = fold(text)
    assert not any(unicodedata.category(char) == "Cc" for char in folded)
    assert folded == " ".join(folded.split())


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("muller", "MÜLLER"),
        ("strasse", "Straße"),
        ("lukasz", "Łukasz"),
        ("ostergard", "Østergård"),
        ("aeroe", "ÆRŒ"),
        ("istanbul", "İSTANBUL"),
        ("ispartali", "ISPARTALI"),
        ("ispartali", "\u0131spartal\u0131"),
        ("nguyen van", "Nguyễn  Văn"),
        ("παπαδοπουλος", "ΠΑΠΑΔΌΠΟΥΛΟΣ"),
        ("αδης", "ᾍδης"),
        ("соловьев", "Соловьёв"),
        ("сергеи", "Сергей"),
        ("ᄒᆞᆫ글", "ᄒᆞᆫ글"),
        ("김", unicodedata.normalize("NFD", "김")),
        ("ヤマダ", "やまだ"),
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("abc \uff11\uff12", "\uff21\uff22\uff23\u300012"),
        ("שלום", "שָׁלוֹם"),
        ("احمد", "أَحْمَد"),
        ("محمد", "محـــمد"),
        ("葛", "葛\U000e0100"),
        ("神", "\ufa19"),
        ("doe jane", " Doe\t\n Jane \0"),
        ("doe", "d\u200boe\ufeff"),
        ("d?e*", "D?E*"),
    ],
)
def test_fold_finds_what_a_person_types(typed: str, stored: str) -> None:
    assert fold(typed) == fold(stored)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("か", "が"),
        ("は", "ぱ"),
        ("हिन्दी", "हनद"),
        ("ที่", "ท"),
        ("क", "क़"),
        ("mueller", "müller"),
        ("山田", "山由"),
        ("a b", "ab"),
        ("بيت", "بنت"),
    ],
)
def test_fold_keeps_what_are_different_letters(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("", ("", "", "")),
        ("Doe^Jane", ("doe^jane", "", "")),
        ("DOE ^ jane ^^^ ", ("doe^jane", "", "")),
        ("Doe^^Marie", ("doe^^marie", "", "")),
        ("^Jane", ("^jane", "", "")),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ("yamada^tarou", "山田^太郎", "やまだ^たろう")),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=ヤマダ^タロウ", ("やまだ^たろう", "山田^太郎", "やまだ^たろう")),
        ("=山田\uff3e太郎", ("", "山田^太郎", "")),
        ("Yamada\uff1d山田", ("yamada", "山田", "")),
        ("a=b=c=d=e", ("a", "b", "c")),
        ("===", ("", "", "")),
        ("Hong^Gildong\0", ("hong^gildong", "", "")),
        ("do*^j?ne", ("do*^j?ne", "", "")),
        ("a\u2260b\ufe66c", ("a b c", "", "")),
    ],
)
def test_fold_name_splits_groups_and_drops_padding(name: str, groups: tuple[str, str, str]) -> None:
    assert fold_name(name) == groups


@given(st.text(st.one_of(st.sampled_from("=^ \0\uff1d\uff3e≠"), st.characters(exclude_categories=[]))))
def test_fold_name_is_idempotent(text: str) -> None:
    groups = fold_name(text)
    assert fold_name("=".join(groups)) == groups


@given(st.text(st.one_of(st.sampled_from("=^ "), letters)))
def test_fold_name_ignores_case(text: str) -> None:
    assert fold_name(text) == fold_name(text.upper()) == fold_name(text.lower())


@given(st.lists(st.text(letters), min_size=1, max_size=5), st.integers(0, 4))
def test_fold_name_ignores_empty_components_at_the_end(components: list[str], more: int) -> None:
    name = "^".join(components)
    assert fold_name(name + "^" * more + " ") == fold_name(name)


def _is_dangerous(char: str) -> bool:
    return (
        unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}
        or "\u202a" <= char <= "\u202e"
        or ("\u2066" <= char <= "\u2069")
    )


@given(anything)
def test_no_control_character_survives_for_terminal(text: str) -> None:
    shown = for_terminal(text)
    assert not any(map(_is_dangerous, shown))
    shown.encode("utf-8")


def test_every_character_is_escaped_or_kept_whole() -> None:
    for code in _ASSIGNED:
        char = chr(code)
        shown = for_terminal(char)
        assert (shown == char) != _is_dangerous(char) or unicodedata.category(char) == "Cf", hex(code)
        if shown != char:
            assert shown.encode("ascii").decode("unicode_escape") == char


@given(anything)
def test_for_terminal_is_idempotent(text: str) -> None:
    assert for_terminal(for_terminal(text)) == for_terminal(text)


@given(anything.map(lambda text: "".join(filter(str.isprintable, text))))
def test_for_terminal_keeps_printable_text(text: str) -> None:
    assert for_terminal(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("title\x1b]0;owned\x07", "title\\x1b]0;owned\\x07"),
        ("c1 \x9b31m", "c1 \\x9b31m"),
        ("a\r\nb\tc\0", "a\\r\\nb\\tc\\x00"),
        ("del\x7f", "del\\x7f"),
        ("exe\u202egpj", "exe\\u202egpj"),
        ("\u2066isolate\u2069", "\\u2066isolate\\u2069"),
        ("line\u2028separator", "line\\u2028separator"),
        ("lone \ud800", "lone \\ud800"),
        ("tag \U000e0041", "tag \\U000e0041"),
    ],
)
def test_for_terminal_escapes_what_steers_a_terminal(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Müller^Jürgen",
        "山田^太郎\u3000様",
        "שָׁלוֹם",
        "العربية \u200f(CT)",
        "می\u200cخواهم",  # noqa: RUF001 - Persian is meant
        "क्\u200dष",
        "a\xa0b",
        "\U0001f600",
        "gaiji \ue000",
        "C:\\path",
        "",
    ],
)
def test_for_terminal_keeps_every_script(text: str) -> None:
    assert for_terminal(text) == text
