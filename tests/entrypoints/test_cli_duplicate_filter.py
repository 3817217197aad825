"""`fileroom local … --duplicate true|false`."""

from pathlib import Path

from tests.entrypoints.peer_room import write_study
from tests.entrypoints.program import Program


def test_duplicate_filter_takes_true_and_false(program: Program, tmp_path: Path) -> None:
    write_study(tmp_path / "once", study=1)
    write_study(tmp_path / "twice", study=2)
    program.run("import", tmp_path / "once", tmp_path / "twice")
    program.run("import", tmp_path / "twice")
    everything = program.json("local", "studies")["studies"]
    again = program.json("local", "studies", "--duplicate", "true")["studies"]
    never = program.json("local", "studies", "--duplicate", "false")["studies"]
    assert len(again) == len(never) == 1
    assert sorted(map(str, [*again, *never])) == sorted(map(str, everything))


def test_duplicate_filter_refuses_another_word(program: Program) -> None:
    program.run("local", "studies", "--duplicate", "perhaps", code=2)
