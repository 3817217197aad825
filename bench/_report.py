"""What was measured: samples by round, their medians, ratios against a baseline of the same round, and tables of them.

Nothing here knows what the figures are about. A row whose rounds failed says so; a failed round has no figure.
"""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MARKER = "<!-- results -->"
"""Stands before and after the results in a page of the documentation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One thing that is measured for every row of a table."""

    key: str
    heading: str
    digits: int = 0
    """Of the fraction, as shown."""
    compared: bool = True
    """Whether a ratio against the baseline is shown."""


@dataclass(kw_only=True, slots=True)
class Row:
    """One competitor."""

    name: str
    note: str = ""
    """What is particular about it, such as how many objects it was given."""
    samples: dict[int, dict[str, float]] = field(default_factory=dict)
    """By round, then by the key of the measure."""
    errors: list[str] = field(default_factory=list)
    """What went wrong, a line a round."""
    left_out: str = ""
    """Why there is nothing to measure, '' where there is."""

    def values(self, key: str) -> list[float]:
        """Return the samples of a measure, in the order of the rounds."""
        return [self.samples[number][key] for number in sorted(self.samples) if key in self.samples[number]]

    def median(self, key: str) -> float | None:
        """Return the median of a measure, None where there is no sample."""
        values = self.values(key)
        return statistics.median(values) if values else None


@dataclass(kw_only=True, slots=True)
class Table:
    """Competitors side by side; the first is the baseline."""

    title: str
    explained: str
    """What was done, in which units, and whether more is better."""
    measures: Sequence[Measure]
    rows: list[Row] = field(default_factory=list)

    def ratio(self, row: Row, key: str) -> float | None:
        """Return the median of the ratios to the baseline, round by round; None where no round has both.

        Rounds alternate, so what slows the machine for a while slows both sides of a ratio.
        """
        base = self.rows[0].samples
        ratios = [
            figures[key] / base[number][key]
            for number, figures in row.samples.items()
            if key in figures and base.get(number, {}).get(key)
        ]
        return statistics.median(ratios) if ratios else None

    @property
    def failed(self) -> bool:
        """Whether a round of a row failed."""
        return any(row.errors for row in self.rows)


def markdown(table: Table) -> str:
    """Return a table as Markdown: a heading, what it shows, medians with the least and the most, ratios."""
    shown = [row for row in table.rows if row.samples]
    parts = [f"### {table.title}", table.explained]
    if shown:
        heads = ["", *(head for measure in table.measures for head in _heads(measure))]
        lines = [heads, ["---", *("---:" for _ in heads[1:])], *(_cells(table, row) for row in shown)]
        parts.append("\n".join("| " + " | ".join(line) + " |" for line in lines))
    reasons = dict.fromkeys(row.left_out for row in table.rows if row.left_out)
    told = [
        f"- left out: {', '.join(row.name for row in table.rows if row.left_out == reason)}: {reason}"
        for reason in reasons
    ]
    told += [f"- {row.name}: **failed**, {error}" for row in table.rows for error in row.errors]
    if told:
        parts.append("\n".join(told))
    return "\n\n".join(parts)


def _heads(measure: Measure) -> Iterable[str]:
    yield measure.heading
    if measure.compared:
        yield "ratio"


def _cells(table: Table, row: Row) -> list[str]:
    cells = [f"{row.name} ({row.note})" if row.note else row.name]
    for measure in table.measures:
        median, values = row.median(measure.key), row.values(measure.key)
        if median is None:
            cells.append("")
        elif len(values) == 1:
            cells.append(_number(median, measure))
        else:
            cells.append(
                f"{_number(median, measure)} ({_number(min(values), measure)} - {_number(max(values), measure)})"
            )
        if measure.compared:
            ratio = table.ratio(row, measure.key)
            cells.append("" if ratio is None else f"{ratio:.2f}")
    return cells


def _number(value: float, measure: Measure) -> str:
    return f"{value:.{measure.digits}f}"


# ----------------------------------------------------------------------------------------------------------- documents


def document(part: str, tables: Sequence[Table], circumstances: Mapping[str, object]) -> dict[str, Any]:
    """Return what a part has measured, for programs: samples, and medians and ratios besides."""
    return {
        "part": part,
        "circumstances": dict(circumstances),
        "tables": [_as_document(one) for one in tables],
    }


def _as_document(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "explained": table.explained,
        "measures": [
            {"key": one.key, "heading": one.heading, "digits": one.digits, "compared": one.compared}
            for one in table.measures
        ],
        "rows": [
            {
                "name": row.name,
                "note": row.note,
                "samples": {str(number): figures for number, figures in sorted(row.samples.items())},
                "medians": {one.key: row.median(one.key) for one in table.measures},
                "ratios": {one.key: table.ratio(row, one.key) for one in table.measures if one.compared},
                "errors": row.errors,
                "left_out": row.left_out,
            }
            for row in table.rows
        ],
    }


def tables_of(found: Mapping[str, Any]) -> list[Table]:
    """Return the tables of a document."""
    return [
        Table(
            title=table["title"],
            explained=table["explained"],
            measures=[Measure(**one) for one in table["measures"]],
            rows=[
                Row(
                    name=row["name"],
                    note=row["note"],
                    samples={int(number): dict(figures) for number, figures in row["samples"].items()},
                    errors=list(row["errors"]),
                    left_out=row["left_out"],
                )
                for row in table["rows"]
            ],
        )
        for table in found["tables"]
    ]


def page(documents: Sequence[Mapping[str, Any]]) -> str:
    """Return everything that was measured as Markdown, to stand between the markers."""
    parts: list[str] = []
    told = ""
    for found in documents:
        circumstances = "; ".join(f"{name} {value}" for name, value in found["circumstances"].items())
        if circumstances != told:  # parts that were measured together need it once
            parts.append(circumstances + ".")
            told = circumstances
        parts += [markdown(table) for table in tables_of(found)]
    return "\n\n".join(parts) + "\n"


def save(folder: Path, found: Mapping[str, Any]) -> None:
    """Write a part's document, and make `report.md` of all parts that are in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{found['part']}.json"
    target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(page(load(folder)), encoding="utf-8")


def load(folder: Path) -> list[dict[str, Any]]:
    """Return the documents of all parts that are in the folder, in the order of a whole run."""
    files = [folder / f"{part}.json" for part in PARTS]
    return [json.loads(file.read_text("utf-8")) for file in files if file.exists()]


PARTS = ("receive", "send", "large", "echo", "startup", "files")
"""The parts, in the order of the page."""
