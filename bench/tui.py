"""How soon the terminal UI is there, and answers keys: `python -m bench tui`.

The real program in a terminal of 140 by 44 cells, as a person sees it: from the start of the process, or from a key,
until the terminal has got the row that was waited for. The catalog is filled beforehand; its pages are in the system's
memory, as those of a room in use are.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import _data, _fileroom
from bench._processes import LOOPBACK, Command, environment, program, serving
from bench._report import Measure, Table
from bench._rounds import Case, Workbench, alternate, options, run_parts, tell
from bench._terminal import Terminal, in_terminal
from bench.catalog_growth import entries_of
from bench.startup import LEAST_ROUNDS, WholeRun
from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.domain.filing import Durability
from fileroom.domain.records import CatalogEntry

STUDIES, INSTANCES = 100_000, 1_000_000
QUICK_STUDIES, QUICK_INSTANCES = 2_000, 20_000
BATCH = 2_000
KEYS = 60
"""That are timed in each round."""
BETWEEN_KEYS = 0.05
SETTLE_SECONDS = 2.0
TRANSFERS = 4
DOWN, END, ENTER, ZOOM = b"\x1b[B", b"\x1b[F", b"\r", b"z"

PANES = b"3 Local"
LIBRARIES = "import textual.app, textual.widgets, sqlalchemy"
BETTER = "Less is better. Median (least - most)."
FIRST_PAINT = (Measure(key="ms", heading="ms"),)
LATENCY = (
    Measure(key="median", heading="ms, median", digits=1),
    Measure(key="p95", heading="ms, 95 of 100", digits=1, compared=False),
    Measure(key="most", heading="ms, most", digits=1, compared=False),
)

SENDING = """
import sys
from pathlib import Path
from fileroom.application.use_cases.send_objects import SendRequest
from fileroom.entrypoints.cli.main import main
from fileroom.entrypoints.operations.send import send
from fileroom.entrypoints.tui.app import FileroomApp
address, *folders = sys.argv[1].split("|")
def on_ready(self):
    for folder in folders:
        def work(progress, cancel, folder=Path(folder)):
            request = SendRequest(target=address, called_ae_title="RECEIVER", paths=(folder,), recursive=True)
            while True:
                report = send(
                    self.room.container, request, progress=progress, cancel=cancel, session_folder=self.room.logs
                )
                if cancel.is_cancelled():
                    return report
        self.submit("send", work, is_told=False)
FileroomApp.on_ready = on_ready
main(sys.argv[2:])
"""
LOOPING = """
import logging, sys
from fileroom.application.ports.progress import Progress
from fileroom.entrypoints.cli.main import main
from fileroom.entrypoints.report import Report
from fileroom.entrypoints.tui.app import FileroomApp
log = logging.getLogger("fileroom.bench")
def on_ready(self):
    def work(progress, cancel):
        done = 0
        while not cancel.is_cancelled():
            done += 1
            progress.report(Progress(task="working", done=done, total=10**9, item=str(done)))
            if done % 100 == 0:
                log.info("item %d", done)
        return Report()
    for _ in range(int(sys.argv[1])):
        self.submit("work", work, is_told=False)
FileroomApp.on_ready = on_ready
main(sys.argv[2:])
"""


def tui(bench: Workbench) -> Iterator[Table]:
    """Measure the start, keys while it works, and long lists."""
    chosen = bench.chosen
    studies, instances = bench.folder / "studies", bench.folder / "instances"
    fill(studies, (replace_uid(next(entries_of(number)), number) for number in range(chosen.studies)))
    start = Table(
        title="First paint",
        explained=f"From the start of the process until that is on the screen. {BETTER}",
        measures=FIRST_PAINT,
    )
    first = partial(first_paint, bench)
    libraries = WholeRun(bench=bench, make=lambda: [sys.executable, "-c", LIBRARIES])
    cases = [
        Case(name="its libraries alone", measure=libraries.once, note=LIBRARIES),
        Case(
            name=f"panes of {chosen.studies} studies",
            measure=lambda *, warming: first(studies, PANES, warming=warming),
        ),
        Case(
            name=f"rows of {chosen.studies} studies",
            measure=lambda *, warming: first(studies, _counter(1, chosen.studies), warming=warming),
        ),
    ]
    rounds = chosen.rounds if chosen.quick else max(chosen.rounds, LEAST_ROUNDS)
    alternate(start, cases, bench, rounds=rounds)
    yield start
    yield keys_while_it_works(bench, studies)
    fill(instances, one_series(chosen.instances))
    yield long_list(bench, instances)


def keys_while_it_works(bench: Workbench, room: Path) -> Table:
    """Measure keys that mark the next study."""
    total: int = bench.chosen.studies
    table = Table(
        title="A key",
        explained=f"From a key that marks the next of {total} studies until it is shown, {KEYS} keys a round. {BETTER}",
        measures=LATENCY,
    )
    objects = bench.supply(_data.CT).all.parts[:TRANSFERS]

    def timed(
        command: Callable[[], AbstractContextManager[Command]], *, warming: bool
    ) -> Mapping[str, float]:
        with command() as called, in_terminal(called, bench.folder, _settings()) as terminal:
            terminal.wait_for(_counter(1, total))
            terminal.rest(SETTLE_SECONDS)
            return keys(terminal, DOWN, total, step=1, count=5 if warming else KEYS)

    cases = [
        Case(
            name="nothing runs", measure=partial(timed, lambda: nullcontext(_fileroom.command(room, "tui")))
        ),
        Case(name="four transfers run", measure=partial(timed, lambda: _sending(bench, room, objects))),
        Case(
            name="four tasks report as often as they can",
            measure=partial(timed, lambda: nullcontext(_driven(LOOPING, str(TRANSFERS), room))),
        ),
    ]
    alternate(table, cases, bench)
    return table


def long_list(bench: Workbench, room: Path) -> Table:
    """Measure keys in a series of very many instances."""
    total: int = bench.chosen.instances
    table = Table(
        title="A long list",
        explained=f"From a key until its row is on the screen, in a series of {total} instances. {BETTER}",
        measures=LATENCY,
    )

    def opened(measure: Callable[[Terminal], Mapping[str, float]], *, warming: bool) -> Mapping[str, float]:
        del warming
        command = _fileroom.command(room, "tui")
        with in_terminal(command, bench.folder, _settings()) as terminal:
            terminal.wait_for(_counter(1, 1))
            terminal.press(ENTER)
            terminal.wait_for(_counter(1, 1) + b" \xc2\xb7 studies / ")
            terminal.rest(0.5)
            terminal.press(ENTER)
            terminal.wait_for(_counter(1, total))
            terminal.press(ZOOM)  # so that the UIDs are in sight
            terminal.rest(0.5)
            return measure(terminal)

    def to_the_end(terminal: Terminal) -> Mapping[str, float]:
        began = terminal.press(END)
        seconds = terminal.wait_for(f"2\\.25\\.{total}\\b".encode()) - began
        return summary([seconds])

    cases = [
        Case(
            name="one row down", measure=partial(opened, lambda terminal: keys(terminal, DOWN, total, step=1))
        ),
        Case(name="to the last row, until it can be read", measure=partial(opened, to_the_end)),
    ]
    alternate(table, cases, bench)
    return table


# --------------------------------------------------------------------------------------------------------- measurements


def first_paint(bench: Workbench, room: Path, expected: bytes, *, warming: bool) -> Mapping[str, float]:
    """Start the program, and wait until something is on the screen."""
    del warming
    began = time.perf_counter()
    with in_terminal(_fileroom.command(room, "tui"), bench.folder, _settings()) as terminal:
        return {"ms": (terminal.wait_for(expected) - began) * 1000}


def keys(terminal: Terminal, key: bytes, total: int, *, step: int, count: int = KEYS) -> Mapping[str, float]:
    """Press a key again and again, each time when the one before was answered."""
    seconds = []
    for number in range(1, count + 1):
        began = terminal.press(key)
        seconds.append(terminal.wait_for(_counter(1 + number * step, total)) - began)
        terminal.rest(BETWEEN_KEYS)
    return summary(seconds)


def summary(seconds: Sequence[float]) -> Mapping[str, float]:
    """Return the median, the 95th percentile and the most, in milliseconds."""
    ordered = sorted(one * 1000 for one in seconds)
    return {
        "median": statistics.median(ordered),
        "p95": ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)],
        "most": ordered[-1],
    }


def _counter(index: int, total: int) -> bytes:
    return rf"\b{index}/{total}\b".encode()


def _settings() -> dict[str, str]:
    return environment(nodelay=False, FILEROOM_TUI_PARALLEL_TASKS=str(TRANSFERS))


def _driven(code: str, argument: str, room: Path) -> Command:
    return [sys.executable, "-c", code, argument, "--data-dir", room, "tui"]


@contextmanager
def _sending(bench: Workbench, room: Path, folders: Sequence[Path]) -> Iterator[Command]:
    """Run a receiver that keeps nothing, and the terminal UI that sends to it all the time."""
    executable = program("storescp")

    def start(port: int) -> Command:
        return [executable, "--aetitle", "RECEIVER", "--ignore", "--fork", "--max-pdu", "131072", str(port)]

    with bench.room() as folder, serving(start, folder, environment(nodelay=True)) as (_, port):
        argument = "|".join([f"{LOOPBACK}:{port}", *map(str, folders)])
        yield _driven(SENDING, argument, room)


# ------------------------------------------------------------------------------------------------------------- catalogs


def fill(room: Path, entries: Iterator[CatalogEntry]) -> None:
    """Make a room with these instances in its catalog; their objects are not there."""
    room.mkdir(parents=True)
    tell(f"filling {room.name}")
    catalog = SqlCatalog(
        open_catalog_engine(f"sqlite:///{room / 'fileroom.sqlite3'}", durability=Durability.RELAXED)
    )
    batch: list[CatalogEntry] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            catalog.record(batch)
            batch = []
    catalog.record(batch)
    catalog.close()


def replace_uid(entry: CatalogEntry, number: int) -> CatalogEntry:
    """Return the entry with a patient of its own, as most studies of an archive's list have."""
    attributes = {**entry.record.attributes, "PatientID": f"P{number:07}"}
    return replace(entry, record=replace(entry.record, attributes=attributes))


def one_series(instances: int) -> Iterator[CatalogEntry]:
    """Yield instances 1 to n of one series."""
    first = next(entries_of(1))
    for number in range(1, instances + 1):
        uid = f"2.25.{number}"  # as short as the column is narrow
        attributes = {**first.record.attributes, "InstanceNumber": str(number)}
        record = replace(first.record, sop_instance_uid=uid, attributes=attributes)
        stored = replace(first.stored, location=f"store:{uid}.dcm")
        yield replace(first, record=record, stored=stored)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options(parser)
    quick = "--quick" in sys.argv
    parser.add_argument("--studies", type=int, default=QUICK_STUDIES if quick else STUDIES)
    parser.add_argument("--instances", type=int, default=QUICK_INSTANCES if quick else INSTANCES)
    sys.exit(run_parts({"tui": tui}, parser.parse_args()))


if __name__ == "__main__":
    main()
