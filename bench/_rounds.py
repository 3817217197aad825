"""How things are measured: one after the other, round after round, so that the quiet minutes are for all."""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from bench import _data, _report
from bench._processes import LeftOut, MeasurementFailed, program, raise_on_signals
from fileroom import __version__

QUICK = {"rounds": 2, "ct": 48, "small": 96, "slow": 16, "large": 100_000_000, "seconds": 0.3}
"""What `--quick` measures: whether everything works, not how fast it is."""

WENT_WRONG = (MeasurementFailed, OSError, ValueError)
"""What makes a round fail: told, and the others go on."""


def options(parser: argparse.ArgumentParser) -> None:
    """Add what all parts have in common."""
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often each is measured (start-up: 11 at least)"
    )
    parser.add_argument("--ct", type=int, default=500, metavar="N", help="CT objects, of 525 KB")
    parser.add_argument("--small", type=int, default=2000, metavar="N", help="small objects, of 9 KB")
    parser.add_argument("--slow", type=int, default=100, metavar="N", help="objects for those who take long")
    parser.add_argument(
        "--large", type=int, default=2_000_000_000, metavar="BYTES", help="size of the large object"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="how long one measurement of echoes goes on"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="leave out whose name does not have it; a,b: any"
    )
    parser.add_argument("--quick", action="store_true", help="few objects: to see whether it works")
    parser.add_argument("--out", type=Path, default=Path("bench/results"), help="folder of the results")
    parser.add_argument(
        "--work", type=Path, help="folder for objects and peers: on the disk that is to be measured"
    )
    if "--quick" in sys.argv:
        parser.set_defaults(**QUICK)


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """Objects of one kind, by purpose; no two batches share an object, but for the first three."""

    all: _data.Batch
    slow: _data.Batch
    """For those who take long: some of them."""
    few: _data.Batch
    """For the round that warms up."""
    first: _data.Batch
    """One object, which every receiver gets first."""
    one: _data.Batch
    """One object, to learn what a process costs besides sending."""

    def batch(self, *, slow: bool, warming: bool) -> _data.Batch:
        """Return what a measurement sends."""
        return self.few if warming else self.slow if slow else self.all


@dataclass(kw_only=True)
class Workbench:
    """The place and the options of a run."""

    folder: Path
    chosen: argparse.Namespace
    began: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M"))
    load: str = field(default_factory=lambda: f"{os.getloadavg()[0]:.1f}")
    """Of others, where it is a quiet machine that is wanted."""
    _supplies: dict[str, Supply] = field(default_factory=dict)
    _rooms: int = 0

    def supply(self, kind: _data.Kind) -> Supply:
        """Return the objects of a kind; they are made when they are first wanted."""
        if kind.name not in self._supplies:
            tell(f"making {kind.name} objects")
            count: int = self.chosen.ct if kind is _data.CT else self.chosen.small
            root = self.folder / "objects" / kind.name
            everything = _data.write_objects(root / "all", kind, count)
            self._supplies[kind.name] = Supply(
                all=everything,
                slow=_data.some_of(everything, root / "slow", self.chosen.slow),
                few=_data.some_of(everything, root / "few", 2 * _data.SERIES),
                first=_data.write_objects(root / "first", kind, 1, first=count),
                one=_data.write_objects(root / "one", kind, 1, first=count + 1),
            )
        return self._supplies[kind.name]

    @contextmanager
    def room(self) -> Iterator[Path]:
        """Yield a new folder whose files are empty afterwards; the system has nothing to write for it any more.

        They are removed at the end only: ext4 looks long for a new inode where many were freed a moment ago.
        """
        self._rooms += 1
        folder = self.folder / f"room-{self._rooms}"
        folder.mkdir()
        try:
            yield folder
        finally:
            for file in folder.rglob("*"):
                with suppress(OSError):
                    if file.is_file() and not file.is_symlink():
                        os.truncate(file, 0)
            os.sync()

    def circumstances(self) -> dict[str, object]:
        """Return what a reader must know to compare."""
        return {
            "measured": self.began,
            "cores": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "Python": platform.python_version(),
            "fileroom": __version__,
            "pynetdicom": version("pynetdicom"),
            "DCMTK": _version("storescp"),
            "Orthanc": _version("Orthanc"),
            "rounds": self.chosen.rounds,
            "load at the start": self.load,
        } | ({"quick": "so the figures mean nothing"} if self.chosen.quick else {})


def _version(name: str) -> str:
    try:
        command = [str(program(name)), "--version"]
    except LeftOut:
        return "none"
    ran = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = re.search(r"\d+\.\d+\.\d+", ran.stdout)
    return found[0] if found else "?"


@contextmanager
def workbench(chosen: argparse.Namespace) -> Iterator[Workbench]:
    """Yield a workbench; nothing of it stays behind, and a signal ends what is on it."""
    raise_on_signals()
    chosen.out = chosen.out.absolute()
    if chosen.work is not None:
        chosen.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        prefix="fileroom-bench-", dir=chosen.work, ignore_cleanup_errors=True
    ) as folder:
        yield Workbench(folder=Path(folder), chosen=chosen)


# --------------------------------------------------------------------------------------------------------------- rounds


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One competitor in a table."""

    name: str
    measure: Callable[..., Mapping[str, float]]
    """Measures once; `warming` tells whether only to warm up. Raises LeftOut or MeasurementFailed."""
    note: str = ""


def alternate(
    table: _report.Table, cases: Sequence[Case], bench: Workbench, *, rounds: int | None = None
) -> None:
    """Fill a table: a round to warm up, in which it turns out who is there, then A B A B ..."""
    chosen = bench.chosen
    wanted = [word.strip().lower() for word in chosen.only.split(",") if word.strip()]
    playing: list[tuple[Case, _report.Row]] = []
    for number, case in enumerate(cases):
        if number and wanted and not any(word in case.name.lower() for word in wanted):
            continue
        row = _report.Row(name=case.name, note=case.note)
        table.rows.append(row)
        try:
            case.measure(warming=True)
        except LeftOut as reason:
            row.left_out = str(reason)
            tell(f"{table.title}: {case.name}: left out, {reason}")
            continue
        except WENT_WRONG as failure:
            row.errors.append(f"warming up: {failure}")
            tell(f"{table.title}: {case.name}: FAILED while warming up: {failure}")
            continue
        playing.append((case, row))
    for number in range(1, (rounds or chosen.rounds) + 1):
        for case, row in playing:
            try:
                figures = dict(case.measure(warming=False))
            except (LeftOut, *WENT_WRONG) as failure:
                row.errors.append(f"round {number}: {failure}")
                tell(f"{table.title}: {number}: {case.name}: FAILED: {failure}")
                continue
            row.samples[number] = figures
            shown = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            tell(f"{table.title}: {number}: {case.name}: {shown}")


def run_parts(
    parts: Mapping[str, Callable[[Workbench], Iterator[_report.Table]]], chosen: argparse.Namespace
) -> int:
    """Run parts, save each table as soon as it is filled, print them; return the exit code."""
    failed = False
    try:
        with workbench(chosen) as bench:
            for name, part in parts.items():
                tables: list[_report.Table] = []
                for table in part(bench):
                    tables.append(table)
                    _report.save(chosen.out, _report.document(name, tables, bench.circumstances()))
                    print(_report.markdown(table), end="\n\n", flush=True)
                    failed = failed or table.failed
    except KeyboardInterrupt:
        tell("stopped; what was measured to the end is saved")
        return 130
    tell(f"results are in {chosen.out}")
    return 1 if failed else 0


def tell(text: str) -> None:
    """Tell people how far we are."""
    print(text, file=sys.stderr, flush=True)
