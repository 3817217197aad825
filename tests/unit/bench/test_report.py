"""Medians, ratios, and what a report says of rounds that failed."""

import json
from pathlib import Path

from bench._report import Measure, Row, Table, document, load, markdown, page, save, tables_of

RATE = Measure(key="rate", heading="objects/s")
SHARE = Measure(key="share", heading="share", digits=2, compared=False)


def a_row(name: str, *rates: float | None, note: str = "", left_out: str = "") -> Row:
    samples = {number: {"rate": rate} for number, rate in enumerate(rates, 1) if rate is not None}
    return Row(name=name, samples=samples, note=note, left_out=left_out)


def a_table(*rows: Row) -> Table:
    return Table(title="Receive", explained="More is better.", measures=(RATE, SHARE), rows=list(rows))


def test_ratio_is_the_median_of_the_ratios_round_by_round() -> None:
    base, other = a_row("base", 100, 10, 50), a_row("other", 200, 30, 50)
    table = a_table(base, other)
    assert other.median("rate") == 50
    assert table.ratio(other, "rate") == 2.0  # of 2, 3 and 1; the medians alone would say 1
    assert table.ratio(base, "rate") == 1.0


def test_ratio_takes_only_rounds_that_both_have() -> None:
    base, other = a_row("base", 100, None, 50), a_row("other", None, 30, 100)
    assert a_table(base, other).ratio(other, "rate") == 2.0
    assert a_table(a_row("base", 100), a_row("other")).ratio(a_row("other", None, 5), "rate") is None


def test_failed_round_is_told_and_gives_no_figure() -> None:
    failing = a_row("failing", None, 7)
    failing.errors.append("round 1: 3 objects arrived, 4 were sent")
    lost = a_row("lost")
    lost.errors.append("warming up: ended with 1")
    table = a_table(a_row("base", 10, 14), failing, lost)
    text = markdown(table)
    assert table.failed
    assert "| base | 12 (10 - 14) | 1.00 |  |" in text
    assert "| failing | 7 | 0.50 |  |" in text
    assert "- failing: **failed**, round 1: 3 objects arrived, 4 were sent" in text
    assert "| lost" not in text
    assert "- lost: **failed**, warming up: ended with 1" in text


def test_peers_that_were_left_out_are_named_with_the_reason() -> None:
    missing = [a_row(name, left_out="Orthanc is not installed") for name in ("Orthanc off", "Orthanc on")]
    table = a_table(a_row("base", 10), *missing)
    assert "- left out: Orthanc off, Orthanc on: Orthanc is not installed" in markdown(table)
    assert not table.failed


def test_document_gives_the_table_back(tmp_path: Path) -> None:
    table = a_table(a_row("base", 10, 12), a_row("other", 20, None, note="100 objects"))
    save(tmp_path, document("send", [table], {"cores": 2}))
    save(tmp_path, document("receive", [table], {"cores": 2}))
    (tmp_path / "another.json").write_text("{}", encoding="utf-8")
    found = load(tmp_path)
    assert [one["part"] for one in found] == ["receive", "send"]
    assert markdown(tables_of(json.loads(json.dumps(found[0])))[0]) == markdown(table)
    assert found[0]["tables"][0]["rows"][1]["medians"]["rate"] == 20
    assert found[0]["tables"][0]["rows"][1]["ratios"]["rate"] == 2.0
    assert (tmp_path / "report.md").read_text(encoding="utf-8") == page(found)
    assert page(found).count("cores 2.") == 1
