"""Rules from TOML."""

from pathlib import Path

import pytest

from fileroom.adapters.files.deidentifying.rules import TomlRules
from fileroom.domain.confidentiality.rules import Rule, RuleAction, Rules
from fileroom.domain.errors import InvalidInput, NotFound, Unreadable

SEX, REQUEST, STEP = 0x00100040, 0x00400275, 0x00400009


def read(folder: Path, text: str) -> Rules:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return TomlRules().read(path)


def test_rules_are_read_by_keyword_tag_and_path(tmp_path: Path) -> None:
    rules = read(
        tmp_path,
        """
        [elements]
        PatientSex = "keep"
        "0008,1030" = { action = "replace", value = "CT" }
        "(0018,1020)" = { value = 5 }
        "RequestAttributesSequence/ScheduledProcedureStepID" = "empty"
        """,
    )

    assert rules.rule_for(SEX) == Rule(path=(SEX,), name="PatientSex", action=RuleAction.KEEP)
    replaced = rules.rule_for(0x00081030)
    assert replaced is not None
    assert (replaced.action, replaced.value) == (RuleAction.REPLACE, "CT")
    number = rules.rule_for(0x00181020)
    assert number is not None
    assert number.value == "5"
    assert rules.rule_for(STEP) is None
    assert rules.rule_for(STEP, (REQUEST,)) is not None
    assert not read(tmp_path, "")


@pytest.mark.parametrize(
    ("text", "why", "hint"),
    [
        ("[element]\n", "'element'", "'elements'"),
        ("elements = 1", "no table", "[elements]"),
        ("[elements]\nPatientSecks = 'keep'", "PatientSecks", "PatientSex"),
        ("[elements]\n'0009,1001' = 'keep'", "not for rules", "group 0008"),
        ("[elements]\n'0002,0003' = 'keep'", "not for rules", "group 0008"),
        ("[elements]\n'0008,9999' = 'keep'", "does not know", ""),
        ("[elements]\nPatientSex = 'kep'", "'kep'", "'keep'"),
        ("[elements]\nPatientSex = 3", "no action", "keep"),
        ("[elements]\nPatientSex = {acton = 'keep'}", "'acton'", "'action'"),
        ("[elements]\nPatientSex = {action = 'replace'}", "does not say", "value"),
        ("[elements]\nPatientSex = {action = 'keep', value = 'M'}", "does not replace", "replace"),
        ("[elements]\nPatientSex = {value = [1]}", "neither text nor a number", ""),
        ("[elements", "no TOML", ""),
    ],
)
def test_mistakes_are_told_with_what_is_near(tmp_path: Path, text: str, why: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(tmp_path, text)
    assert why in caught.value.message
    assert hint in caught.value.hint


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        TomlRules().read(tmp_path / "none")
    with pytest.raises(Unreadable):
        TomlRules().read(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# \xff")
    with pytest.raises(InvalidInput):
        TomlRules().read(tmp_path / "latin.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(InvalidInput):
        TomlRules().read(tmp_path / "large.toml")
