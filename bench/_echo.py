"""Echoes: how many servers answer and clients ask, on one association and with a new association for each."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import _fileroom, _raw_client, _receivers
from bench._processes import LOOPBACK, Command, MeasurementFailed, environment, program, running
from bench._receivers import AE_TITLE, Receiver
from bench._report import Measure, Table
from bench._rounds import Case, Workbench, alternate

MEASURES = (
    Measure(key="one", heading="echoes/s on one association"),
    Measure(key="new", heading="associations/s, one echo each"),
)
LOOP = Path(__file__).with_name("_echo_loop.py")
HOW = "More is better; ratios are to the first row. Median (least - most)."


def echo(bench: Workbench) -> Iterator[Table]:
    """Measure servers, then clients."""
    answering = Table(
        title="Answer echoes",
        explained=f"A client of bare sockets, the same for all, asks for {bench.chosen.seconds:g} s each. {HOW}",
        measures=MEASURES,
    )
    servers = [
        _receivers.storescp(tuned=True),
        _receivers.orthanc(sync=False),
        _receivers.pynetdicom(),
        *(_receivers.fileroom(backend, "strict") for backend in _fileroom.BACKENDS),
    ]
    alternate(
        answering,
        [Case(name=each.name, measure=_Answering(bench=bench, server=each).once) for each in servers],
        bench,
    )
    yield answering
    asking = Table(
        title="Ask for echoes",
        explained=f"Clients ask storescp, tuned, for {bench.chosen.seconds:g} s each, without their start. fileroom's"
        " client opens an association for each echo. echoscu, which repeats on one, is measured by its wall clock less"
        f" that of one echo. {HOW}",
        measures=MEASURES,
    )
    clients = [
        Case(name="bare sockets", measure=_Asking(bench=bench, who="").once),
        Case(name="echoscu tuned", measure=_Repeating(bench=bench).once),
        Case(name="pynetdicom", measure=_Asking(bench=bench, who="pynetdicom").once),
    ]
    clients += [
        Case(name=f"fileroom {backend}", measure=_Asking(bench=bench, who=f"fileroom:{backend}").once)
        for backend in _fileroom.BACKENDS
    ]
    alternate(asking, clients, bench)
    yield asking


def _with_sockets(port: int, seconds: float) -> Mapping[str, float]:
    return {
        "one": _raw_client.echoes(port, AE_TITLE, seconds),
        "new": _raw_client.associations(port, AE_TITLE, seconds),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Answering:
    bench: Workbench
    server: Receiver

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Ask a server."""
        seconds: float = 0.1 if warming else self.bench.chosen.seconds
        with self.bench.room() as folder, self.server.open(folder) as listening:
            return _with_sockets(listening.port, seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asking:
    bench: Workbench
    who: str

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Have a client ask storescp."""
        seconds: float = 0.1 if warming else self.bench.chosen.seconds
        if self.who.startswith("fileroom:"):
            _fileroom.needs_backend(self.who.partition(":")[2])
        with (
            self.bench.room() as folder,
            _receivers.storescp(tuned=True).open(folder / "server") as listening,
        ):
            if not self.who:
                return _with_sockets(listening.port, seconds)
            command: Command = [
                sys.executable,
                "-P",
                LOOP,
                self.who,
                str(listening.port),
                AE_TITLE,
                str(seconds),
            ]
            with running(command, folder / "client", environment(nodelay=False)) as client:
                client.ended()
                figures: dict[str, float] = json.loads(client.stdout())
        return figures


@dataclass(frozen=True, kw_only=True, slots=True)
class _Repeating:
    bench: Workbench
    count: int = 2000

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Have echoscu ask storescp."""
        executable = program("echoscu")
        count = 20 if warming else self.count
        with (
            self.bench.room() as folder,
            _receivers.storescp(tuned=True).open(folder / "server") as listening,
        ):

            def took(times: int) -> float:
                options = ["--call", AE_TITLE, "--repeat", str(times), LOOPBACK, str(listening.port)]
                started = time.perf_counter()
                with running([executable, *options], folder / "client", environment(nodelay=True)) as client:
                    client.ended()
                    return time.perf_counter() - started

            one, many = took(1), took(count)
        if many <= one:
            raise MeasurementFailed(f"{count} echoes took {many:.3f} s, one took {one:.3f} s")
        return {"one": (count - 1) / (many - one)}
