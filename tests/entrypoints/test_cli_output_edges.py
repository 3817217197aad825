"""Output that nobody reads to its end, that finds no room, or that would steer a terminal."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fileroom.entrypoints.cli.output import Output
from fileroom.entrypoints.export import ExportFormat, Row, write_rows
from fileroom.entrypoints.wording import escape_json

STEERING = "\x1b[31m \x9b31m \u202egnp.exe \u3000 \ud800 山田"


def command(data_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "fileroom", "--data-dir", str(data_dir), *arguments]


def test_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(
        command(tmp_path, "config", "show"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert (process.returncode, told) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("node", "list", "--json"), ("local", "studies", "--export", "csv")])
def test_output_that_finds_no_room_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(tmp_path, *arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "error: the output could not be written" in done.stderr
    assert "bug" not in done.stderr


def test_json_escapes_what_steers_a_terminal_and_keeps_the_value() -> None:
    text = escape_json(json.dumps({"name": STEERING}, ensure_ascii=False, indent=2))
    assert json.loads(text) == {"name": STEERING}
    assert "山田" in text
    assert all(char.isprintable() or char == "\n" for char in text)


def test_document_holds_no_raw_control_character() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Output(out=out).document({"name": STEERING})
    out.seek(0)
    assert all(char.isprintable() or char == "\n" for char in out.read())


@pytest.mark.parametrize("plain", [False, True])
def test_csv_is_exact_in_a_file_and_escaped_on_a_terminal(*, plain: bool) -> None:
    parts: list[str] = []
    rows: list[Row] = [{"patient_name": "Doe\x1b[31m"}]
    assert write_rows(ExportFormat.CSV, ("patient_name",), rows, parts.append, plain=plain) == 1
    assert ("\x1b" in "".join(parts)) is not plain


def test_lines_before_an_error_are_printed() -> None:
    def texts() -> Iterator[str]:
        yield from (f"line {number}" for number in range(700))
        raise ZeroDivisionError

    out = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        Output(out=out).lines(texts())

    assert out.getvalue().splitlines() == [f"line {number}" for number in range(700)]
