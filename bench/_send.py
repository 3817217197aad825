"""Sending: each sender to DCMTK's storescp, tuned and as installed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench import _data, _fileroom, _receivers, _senders
from bench._receive import ALONE, WHOLE, rate_alone
from bench._receivers import Receiver
from bench._report import Measure, Table
from bench._rounds import Case, Supply, Workbench, alternate
from bench._senders import Sender

JOBS = 4
TOLD = Measure(key="told", heading="objects/s, as it tells", compared=False)
HOW = (
    "“Whole process” is the sender's wall clock, with its start; “transfer alone” is that less what the same sender"
    " takes for one object; fileroom tells besides, in its JSON document, what sending took after it had looked at the"
    " files. More is better; ratios are to the first row. Median (least - most)."
)


def send(bench: Workbench) -> Iterator[Table]:
    """Measure all of it."""
    for kind in (_data.CT, _data.SMALL):
        supply = bench.supply(kind)
        objects = f"{supply.all.count} objects of {supply.all.object_bytes / 1000:.0f} KB"
        ours = [_senders.fileroom(backend) for backend in _fileroom.BACKENDS]
        parallel = [_senders.fileroom(backend, jobs=JOBS) for backend in _fileroom.BACKENDS]
        quick_ones = [_senders.storescu(tuned=True), _senders.dcmsend(tuned=True)]
        slow_ones = [_senders.pynetdicom()]
        for receiver, quick, slow in (
            (_receivers.storescp(tuned=True, fork=True), [*quick_ones, *ours, *parallel], slow_ones),
            (
                _receivers.storescp(tuned=False, fork=True),
                ours,
                [_senders.storescu(tuned=False), _senders.dcmsend(tuned=False), *slow_ones],
            ),
        ):
            table = Table(
                title=f"Send {kind.name} to {receiver.name}",
                explained=f"Each sends {objects} to DCMTK's storescp (--fork). {HOW}",
                measures=(WHOLE, ALONE, TOLD),
            )
            cases = [_case(bench, supply, each, receiver, slow=False) for each in quick]
            cases += [_case(bench, supply, each, receiver, slow=True) for each in slow]
            cases.sort(key=lambda case: not case.name.startswith("storescu"))  # the baseline stands first
            alternate(table, cases, bench)
            yield table


@dataclass(frozen=True, kw_only=True, slots=True)
class _Pair:
    """A sender and a receiver."""

    bench: Workbench
    supply: Supply
    sender: Sender
    receiver: Receiver
    slow: bool

    def once(self, *, warming: bool) -> Mapping[str, float]:
        """Send by one process."""
        batch = self.supply.batch(slow=self.slow, warming=warming)
        # The sender's folder stays from round to round: making a data directory is no part of sending.
        own = self.bench.folder / "senders" / self.sender.name
        with self.bench.room() as folder, self.receiver.open(folder / "receiver") as listening:
            sent = [
                _senders.send(self.sender, own, objects.folder, listening.port)
                for objects in (self.supply.first, self.supply.one, batch)
            ]
            listening.check(batch.count + 2)
        if warming:
            return {}
        _, one, every = sent
        figures = {"whole": batch.count / every.seconds}
        figures["alone"] = rate_alone(batch.count, every.seconds, one.seconds)
        if every.told:
            figures["told"] = batch.count / every.told
        return figures


def _case(bench: Workbench, supply: Supply, sender: Sender, receiver: Receiver, *, slow: bool) -> Case:
    count = supply.batch(slow=slow, warming=False).count
    return Case(
        name=sender.name,
        measure=_Pair(bench=bench, supply=supply, sender=sender, receiver=receiver, slow=slow).once,
        note=f"{count} objects" if count != supply.all.count else "",
    )
