"""Receiving: DCMTK's storescu sends to each receiver, over one association and over eight at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench import _data, _receivers, _senders
from bench._processes import MeasurementFailed
from bench._receivers import Receiver
from bench._report import Measure, Table
from bench._rounds import Case, Supply, Workbench, alternate
from bench._senders import Sender

WHOLE = Measure(key="whole", heading="objects/s, whole process")
ALONE = Measure(key="alone", heading="objects/s, transfer alone")
TOTAL = Measure(key="total", heading="objects/s, total")
FAIRNESS = Measure(key="fairness", heading="slowest / fastest sender", digits=2, compared=False)
HOW = (
    "“Whole process” is the sender's wall clock; “transfer alone” is that less what the same sender takes for one"
    " object. More is better; ratios are to the first row. Median (least - most)."
)


def receive(bench: Workbench) -> Iterator[Table]:
    """Measure all of it."""
    for kind in (_data.CT, _data.SMALL):
        supply = bench.supply(kind)
        objects = f"objects of {supply.all.object_bytes / 1000:.0f} KB"
        tuned = _senders.storescu(tuned=True)
        one = Table(
            title=f"Receive {kind.name} over one association",
            explained=f"storescu, tuned, sends {supply.all.count} {objects}. {HOW}",
            measures=(WHOLE, ALONE),
        )
        alternate(one, [_case(bench, supply, tuned, each) for each in _competitors(fork=False)], bench)
        yield one
        eight = Table(
            title=f"Receive {kind.name} over eight associations",
            explained=f"Eight storescu at once, tuned, send {supply.all.count} {objects}, each its part. The total is"
            " from the first start to the last end. The slowest sender's rate, divided by the fastest one's, is 1 where"
            " all are served alike. storescp has --fork.",
            measures=(TOTAL, FAIRNESS),
        )
        alternate(
            eight,
            [_case(bench, supply, tuned, each, at_once=True) for each in _competitors(fork=True)],
            bench,
        )
        yield eight
        installed = Table(
            title=f"Receive {kind.name} from a sender as installed",
            explained=f"storescu as it is (Nagle's algorithm on, PDUs of 16 KB) sends {supply.all.count} {objects}."
            f" {HOW}",
            measures=(WHOLE, ALONE),
        )
        as_it_is = _senders.storescu(tuned=False)
        peers = [_receivers.storescp(tuned=False), *_receivers.fileroom_listeners()]
        alternate(
            installed,
            [_case(bench, supply, as_it_is, each, slow=not number) for number, each in enumerate(peers)],
            bench,
        )
        yield installed


def _competitors(*, fork: bool) -> list[Receiver]:
    return [
        _receivers.storescp(tuned=True, fork=fork),
        _receivers.orthanc(sync=False),
        _receivers.orthanc(sync=True),
        _receivers.pynetdicom(),
        *_receivers.fileroom_listeners(),
    ]


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
        with self.bench.room() as folder, self.receiver.open(folder / "receiver") as listening:
            seconds = [
                _senders.send(self.sender, folder / "sender", objects.folder, listening.port).seconds
                for objects in (self.supply.first, self.supply.one, batch)
            ]
            listening.check(batch.count + 2)
        if warming:
            return {}
        _, base, took = seconds
        return {"whole": batch.count / took, "alone": rate_alone(batch.count, took, base)}

    def at_once(self, *, warming: bool) -> Mapping[str, float]:
        """Send by a process for each part."""
        batch = self.supply.batch(slow=self.slow, warming=warming)
        counts = [sum(1 for _ in part.iterdir()) for part in batch.parts]
        with self.bench.room() as folder, self.receiver.open(folder / "receiver") as listening:
            own, port = folder / "sender", listening.port
            _senders.send(self.sender, own, self.supply.first.folder, port)
            seconds, each = _senders.send_at_once(self.sender, own, batch.parts, port)
            listening.check(batch.count + 1)
        rates = [count / took for count, took in zip(counts, each, strict=True)]
        return {"total": batch.count / seconds, "fairness": min(rates) / max(rates)}


def _case(
    bench: Workbench,
    supply: Supply,
    sender: Sender,
    receiver: Receiver,
    *,
    at_once: bool = False,
    slow: bool = False,
) -> Case:
    slow = slow or receiver.name.startswith("pynetdicom")
    pair = _Pair(bench=bench, supply=supply, sender=sender, receiver=receiver, slow=slow)
    count = supply.batch(slow=slow, warming=False).count
    return Case(
        name=receiver.name,
        measure=pair.at_once if at_once else pair.once,
        note=f"{count} objects" if count != supply.all.count else "",
    )


def rate_alone(count: int, seconds: float, base: float) -> float:
    """Return objects in a second without what one object takes with everything around it.

    Raises:
        MeasurementFailed: one took no less than all.
    """
    if seconds <= base:
        raise MeasurementFailed(
            f"{count} objects took {seconds:.3f} s, one took {base:.3f} s: too few to tell"
        )
    return (count - 1) / (seconds - base)
