"""The tools for files beside DCMTK and GDCM, one file and a folder: `python -m bench files`.

Slices of a phantom with the noise of a scanner, since codecs and compressors are slow on pure noise. Others work file
by file in a shell loop, as people use them. Wall clock of whole processes, in turn.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import _data, _fileroom
from bench._processes import Command, MeasurementFailed, environment, program, running
from bench._report import Measure, Table
from bench._rounds import Case, Workbench, alternate, options, run_parts, tell

ONE = (Measure(key="ms", heading="ms"),)
MANY = (
    Measure(key="rate", heading="files/s", digits=1),
    Measure(key="seconds", heading="s", digits=2, compared=False),
)
LEAST_ROUNDS = 7
JPEG2000 = "jpeg2000-lossless"


def files(bench: Workbench) -> Iterator[Table]:
    """Measure one file, then a folder."""
    slices = write_slices(bench.folder / "slices", bench.chosen.ct)
    yield one_file(bench, slices[0])
    room = bench.folder / "room"
    for title, loops, ours in (
        ("to PNG, 8 bits, the file's window", {"dcmj2pnm": _dcmj2pnm}, ("to-image", "--format", "png")),
        (
            "to JPEG 2000, lossless",
            {"gdcmconv --j2k": _gdcmconv},
            ("transcode", "--transfer-syntax", JPEG2000),
        ),
        (
            "de-identified",
            {"gdcmanon --dumb, four elements": _gdcmanon, "cp and dcmodify, four elements": _dcmodify},
            ("anonymize",),
        ),
    ):
        table = Table(
            title=f"{len(slices)} CT {title}",
            explained="A shell loop over one program for each file is the first row; fileroom does a folder. More is "
            "better. Median (least - most).",
            measures=MANY,
        )
        cases = [
            Case(name=f"{name}, in a loop", measure=_Loop(bench, slices, line).once)
            for name, line in loops.items()
        ]
        cases += [
            Case(
                name=f"fileroom {ours[0]}{f', {jobs} process' if jobs else ''}",
                measure=_Folder(bench, room, slices, (*ours, *(("--jobs", str(jobs)) if jobs else ()))).once,
            )
            for jobs in (None, 1)
        ]
        alternate(table, cases, bench)
        yield table


def one_file(bench: Workbench, path: Path) -> Table:
    """Measure each tool on one file."""
    table = Table(
        title="One file, from the start of a process",
        explained="Wall clock of the process; less is better; ratios are to the first row. Median (least - most).",
        measures=ONE,
    )
    room, out = bench.folder / "room", bench.folder / "one"
    out.mkdir(exist_ok=True)

    def ours(*arguments: str | Path) -> Case:
        command = _fileroom.command(room, *arguments)
        return Case(name=f"fileroom {arguments[0]}", measure=_One(bench, lambda: command).once)

    def theirs(name: str, *arguments: str | Path) -> Case:
        return Case(name=name, measure=_One(bench, lambda: [program(name), *arguments]).once)

    cases = [
        Case(
            name='python -c "import pydicom"',
            measure=_One(bench, lambda: [sys.executable, "-c", "import pydicom"]).once,
        ),
        ours("info", path),
        ours("dump", path),
        theirs("dcmdump", path),
        ours("validate", path),
        ours("to-json", path, "--output", out / "a.json"),
        theirs("dcm2json", path, out / "b.json"),
        ours("stats", path),
        ours("histogram", path),
        ours("to-image", path, "--output", out / "a.png"),
        theirs("dcmj2pnm", "--write-png", "+Wi", "1", path, out / "b.png"),
        ours("transcode", path, "--transfer-syntax", JPEG2000, "--output", out / "a.dcm"),
        theirs("gdcmconv", "--j2k", path, out / "b.dcm"),
        ours("anonymize", path, "--output", out / "c.dcm"),
    ]
    rounds = bench.chosen.rounds if bench.chosen.quick else max(bench.chosen.rounds, LEAST_ROUNDS)
    alternate(table, cases, bench, rounds=rounds)
    return table


# ----------------------------------------------------------------------------------------------------- what is measured


@dataclass(frozen=True, slots=True)
class _One:
    bench: Workbench
    make: Callable[[], Command]

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Run it to its end."""
        del warming
        command = self.make()
        started = time.perf_counter()
        # Ours end with 3 where a file is not what it should be, which is a result.
        with running(command, self.bench.folder / "run", environment(nodelay=False)) as process:
            process.ended(codes=(0, 3) if "validate" in command else (0,))
            return {"ms": (time.perf_counter() - started) * 1000}


@dataclass(frozen=True, slots=True)
class _Loop:
    """One program for each file."""

    bench: Workbench
    slices: Sequence[Path]
    line: Callable[[], str]

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Loop over the files, a few to warm up."""
        slices = self.slices[:4] if warming else self.slices
        with self.bench.room() as folder:
            loop = f'for f in "$@"; do o={folder}/$(basename "$f"); {self.line()}; done'
            return _timed(self.bench, ["sh", "-e", "-c", loop, "sh", *slices], folder, len(slices))


@dataclass(frozen=True, slots=True)
class _Folder:
    """fileroom on all files at once."""

    bench: Workbench
    data_dir: Path
    slices: Sequence[Path]
    arguments: Sequence[str]

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Work on the files, a few to warm up."""
        slices = self.slices[:4] if warming else self.slices
        tool, *more = self.arguments
        with self.bench.room() as folder:
            command = _fileroom.command(
                self.data_dir, "--quiet", tool, *slices, "--output-dir", folder, *more
            )
            return _timed(self.bench, command, folder, len(slices))


def _timed(bench: Workbench, command: Command, outputs: Path, count: int) -> Mapping[str, float]:
    started = time.perf_counter()
    with running(command, bench.folder / "run", environment(nodelay=False)) as process:
        process.ended()
        seconds = time.perf_counter() - started
    made = sum(1 for path in outputs.rglob("*") if path.is_file() and path.stat().st_size)
    if made < count:
        raise MeasurementFailed(f"{made} of {count} results are there")
    return {"rate": count / seconds, "seconds": seconds}


def _dcmj2pnm() -> str:
    return f'{program("dcmj2pnm")} --write-png +Wi 1 "$f" "$o"'


def _gdcmconv() -> str:
    return f'{program("gdcmconv")} --j2k "$f" "$o"'


def _gdcmanon() -> str:
    tags = "--empty 10,10 --empty 10,20 --empty 10,30 --remove 8,80"
    return f'{program("gdcmanon")} --dumb {tags} -i "$f" -o "$o"'


def _dcmodify() -> str:
    tags = "-m '(0010,0010)=' -m '(0010,0020)=' -m '(0010,0030)=' -ea '(0008,0080)'"
    return f'cp "$f" "$o"; {program("dcmodify")} -nb {tags} "$o"'


# ----------------------------------------------------------------------------------------------------------- the slices


def write_slices(folder: Path, count: int) -> Sequence[Path]:
    """Write slices of a phantom: water with inserts of other densities in air, and noise, in 12 of 16 bits."""
    import numpy as np

    tell("making slices")
    folder.mkdir(parents=True)
    edge = _data.CT.edge
    noise = np.random.default_rng(1)
    y, x = np.mgrid[:edge, :edge] - edge / 2
    series = [_data.encoded(_data.data_set(_data.CT, number + 1)) for number in range(_data.SERIES)]
    paths = []
    for number in range(count):
        image = np.zeros((edge, edge))
        image[x**2 + y**2 < (0.4 * edge) ** 2] = 1024
        for insert in range(8):
            angle = insert * 0.785 + number * 0.01
            inside = (x - 120 * np.cos(angle)) ** 2 + (y - 120 * np.sin(angle)) ** 2 < (14 + 3 * insert) ** 2
            image[inside] = 1024 + 120 * (insert - 3)
        image += noise.normal(0, 12, image.shape)
        pixels = np.clip(image, 0, 4095).astype("<u2").tobytes()
        first, own = b"%d" % _data.FIRST_NUMBER, b"%d" % (_data.FIRST_NUMBER + number)
        header = series[number % _data.SERIES].replace(first, own)
        path = folder / f"{number:05}.dcm"
        path.write_bytes(header + _data.pixel_element(len(pixels)) + pixels)
        paths.append(path)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    options(parser)
    sys.exit(run_parts({"files": files}, parser.parse_args()))


if __name__ == "__main__":
    main()
