"""How long commands take that do little, beside those of DCMTK and pynetdicom: `python -m bench startup`.

Wall clock of whole processes, in turn. fileroom is called as `python -m fileroom`, which is what its script does.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import _fileroom, _receivers
from bench._processes import LOOPBACK, Command, environment, program, running
from bench._receivers import AE_TITLE
from bench._report import Measure, Table
from bench._rounds import Case, Workbench, alternate, options, run_parts

LEAST_ROUNDS = 11
MEASURES = (Measure(key="ms", heading="ms"),)
HOW = "Wall clock of the process; less is better; ratios are to the first row. Median (least - most)."


def startup(bench: Workbench) -> Iterator[Table]:
    """Measure what is done without a network, then one echo."""
    rounds = bench.chosen.rounds if bench.chosen.quick else max(bench.chosen.rounds, LEAST_ROUNDS)
    alone = Table(
        title="Start", explained=f"Commands without a network; the catalog is empty. {HOW}", measures=MEASURES
    )
    room = bench.folder / "room"

    def ours(*arguments: str) -> WholeRun:
        return WholeRun(bench=bench, make=lambda: _fileroom.command(room, *arguments))

    def python(code: str) -> WholeRun:
        return WholeRun(bench=bench, make=lambda: [sys.executable, "-c", code])

    cases = [
        Case(name='python -c "import pynetdicom"', measure=python("import pynetdicom").once),
        Case(name='python -c "pass"', measure=python("pass").once),
        Case(name="fileroom --version", measure=ours("--version").once),
        Case(name="fileroom --help", measure=ours("--help").once),
        Case(name="fileroom local studies", measure=ours("local", "studies").once),
    ]
    alternate(alone, cases, bench, rounds=rounds)
    yield alone
    echo = Table(
        title="One echo", explained=f"Commands that ask DCMTK's storescp, tuned. {HOW}", measures=MEASURES
    )
    with bench.room() as folder, _receivers.storescp(tuned=True).open(folder) as listening:
        port = str(listening.port)

        def echoscu() -> Command:
            return [program("echoscu"), "--call", AE_TITLE, LOOPBACK, port]

        def pynetdicom() -> Command:
            return [sys.executable, "-m", "pynetdicom", "echoscu", "-aec", AE_TITLE, LOOPBACK, port]

        def fileroom(backend: str) -> Command:
            _fileroom.needs_backend(backend)
            return _fileroom.command(room, "echo", f"{LOOPBACK}:{port}", "--called-ae-title", AE_TITLE)

        cases = [
            Case(name="pynetdicom echoscu", measure=WholeRun(bench=bench, make=pynetdicom).once),
            Case(name="DCMTK echoscu", measure=WholeRun(bench=bench, make=echoscu).once),
        ]
        cases += [
            Case(
                name=f"fileroom echo, {backend}",
                measure=WholeRun(
                    bench=bench, make=partial(fileroom, backend), env=_fileroom.settings(backend)
                ).once,
            )
            for backend in _fileroom.BACKENDS
        ]
        alternate(echo, cases, bench, rounds=rounds)
    yield echo


@dataclass(frozen=True, kw_only=True, slots=True)
class WholeRun:
    """A program from its start to its end."""

    bench: Workbench
    make: Callable[[], Command]
    env: Mapping[str, str] = field(default_factory=partial(environment, nodelay=False))

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Run it to its end."""
        del warming
        command, folder = self.make(), Path(self.bench.folder, "run")
        started = time.perf_counter()
        with running(command, folder, self.env) as process:
            process.ended()
            return {"ms": (time.perf_counter() - started) * 1000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    options(parser)
    sys.exit(run_parts({"startup": startup}, parser.parse_args()))


if __name__ == "__main__":
    main()
