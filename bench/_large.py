"""One large object: how much memory a process takes for it, and how fast it goes.

The growth is the most that was resident (VmHWM) less what the same process, or one like it, needs for a small object.
"""

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import _data, _fileroom, _receivers, _senders
from bench._processes import LeftOut, MeasurementFailed, Running, running
from bench._receivers import Receiver
from bench._report import Measure, Table
from bench._rounds import Case, Workbench, alternate
from bench._senders import Sender

MOST_ROUNDS = 3
POLL_SECONDS = 0.02
MEASURES = (
    Measure(key="grown", heading="memory grown, MB", digits=1, compared=False),
    Measure(key="peak", heading="most memory, MB", digits=1, compared=False),
    Measure(key="rate", heading="MB/s, whole process"),
)


def peak_megabytes(pid: int) -> float:
    """Return the most memory that a process had resident so far (proc(5), VmHWM).

    Raises:
        LeftOut: the system does not tell.
        ProcessLookupError: the process has ended.
    """
    if not Path("/proc/self/status").exists():
        raise LeftOut("this system has no /proc/PID/status")
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        raise ProcessLookupError from None
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise ProcessLookupError  # a process that has ended and is not waited for has no memory


def large(bench: Workbench) -> Iterator[Table]:
    """Measure receiving and sending."""
    size = bench.chosen.large
    what = f"One object of {size / 1e9:.2g} GB."
    rounds = min(bench.chosen.rounds, MOST_ROUNDS)
    made = _Objects(bench=bench)
    how = "Memory in MB (10⁶ bytes), less is better; MB/s, more is better, with the start of the sender."
    receiving = Table(
        title="Receive one large object",
        explained=f"{what} storescu, tuned, sends it; grown is the receiver's peak after it, less that after a small"
        f" one. {how}",
        measures=MEASURES,
    )
    receivers = [_receivers.storescp(tuned=True), *_receivers.fileroom_listeners()]
    alternate(
        receiving,
        [Case(name=each.name, measure=_Receiving(objects=made, receiver=each).once) for each in receivers],
        bench,
        rounds=rounds,
    )
    yield receiving
    sending = Table(
        title="Send one large object",
        explained=f"{what} It goes to storescp, tuned; grown is the sender's peak, less that of sending a small one."
        f" {how}",
        measures=MEASURES,
    )
    senders = [_senders.storescu(tuned=True), *map(_senders.fileroom, _fileroom.BACKENDS)]
    alternate(
        sending,
        [Case(name=each.name, measure=_Sending(objects=made, sender=each).once) for each in senders],
        bench,
        rounds=rounds,
    )
    yield sending


@dataclass(frozen=True, kw_only=True, slots=True)
class _Objects:
    bench: Workbench

    def large(self) -> tuple[Path, int]:
        """Return the folder of the large object, and its size.

        Raises:
            LeftOut: there is no room for a second one.
        """
        folder = self.bench.folder / "objects" / "large"
        file = folder / "large.dcm"
        if not file.exists():
            folder.mkdir(parents=True)
            _data.write_large(file, self.bench.chosen.large)
        size = file.stat().st_size
        if shutil.disk_usage(folder).free < size * 1.2:
            raise LeftOut(f"less than {size * 1.2 / 1e9:.1f} GB are free in {self.bench.folder.parent}")
        return folder, size

    def small(self) -> Path:
        """Return the folder of a small object."""
        return self.bench.supply(_data.CT).first.folder

    def ready(self) -> None:
        """Raise LeftOut where there is nothing to measure."""
        peak_megabytes(os.getpid())
        self.large()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Receiving:
    objects: _Objects
    receiver: Receiver

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Receive a small object and a large one."""
        self.objects.ready()
        folder, size = self.objects.large()
        sender = _senders.storescu(tuned=True)
        with self.objects.bench.room() as room, self.receiver.open(room / "receiver") as listening:
            _senders.send(sender, room / "sender", self.objects.small(), listening.port)
            before = peak_megabytes(listening.server.pid)
            if warming:
                return {}
            took = _senders.send(sender, room / "sender", folder, listening.port).seconds
            peak = peak_megabytes(listening.server.pid)
            listening.check(2)
        return {"grown": peak - before, "peak": peak, "rate": size / 1e6 / took}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sending:
    objects: _Objects
    sender: Sender

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Send a small object and a large one, by a process each."""
        self.objects.ready()
        folder, size = self.objects.large()
        own = self.objects.bench.folder / "senders" / self.sender.name
        receiver = _receivers.storescp(tuned=True)
        with self.objects.bench.room() as room, receiver.open(room / "receiver") as listening:

            def sent(objects: Path) -> tuple[float, float]:
                command = self.sender.command(own, objects, listening.port)
                started = time.perf_counter()
                with running(command, own, self.sender.env) as process:
                    peak = _watched(process)
                    return peak, time.perf_counter() - started

            before, _ = sent(self.objects.small())
            if warming:
                return {}
            peak, took = sent(folder)
            listening.check(2)
        return {"grown": peak - before, "peak": peak, "rate": size / 1e6 / took}


def _watched(process: Running) -> float:
    """Wait for the end of a process and return the most memory that it was seen to have."""
    peak = 0.0
    while process.process.poll() is None:
        try:
            peak = max(peak, peak_megabytes(process.pid))
        except ProcessLookupError:
            continue
        time.sleep(POLL_SECONDS)
    process.ended()
    if not peak:
        raise MeasurementFailed("it ended before its memory was seen")
    return peak
