"""What it costs to file what a peer sends, in microseconds: `python -m bench.filing [folder] [--objects N]`.

Objects go through `ReceiveInstance` and the SQL catalog, without a wire: small ones and those of the size of a CT
slice, into the store in memory and the one on disk. One thread sends one object after the other, as an association
does. Columns:

wall      until the last answer, by object
settled   the same, with the catalog, which may follow the answers
cpu       of all threads of the process, until all is settled
store     within begin, write, digest and commit of the store
header    within the header reader
known     within the catalog's look for an instance
rest      what is left of `wall`: the application itself, and what it waits for the thread that writes the catalog
catalog   within the catalog's writes, in whatever thread

A last line has the application alone, between a store, a reader and a catalog that do nothing: the least of many short
rounds, which is steadier on a machine that does other things as well. The folder should be on the disk that is to be
measured.
"""

import argparse
import logging
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.adapters.objects.memory.object_store import MemoryObjectStore
from fileroom.adapters.system.clock import SystemClock
from fileroom.adapters.system.logging import open_log
from fileroom.application.filing import InstanceFiler
from fileroom.application.filing_queue import FilingQueue
from fileroom.application.listener_activity import ListenerActivity
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.dicom_server import Caller, StoreRequest
from fileroom.application.ports.header_reader import Header, HeaderReader
from fileroom.application.ports.object_store import ObjectStore
from fileroom.application.use_cases.receive_instance import ReceiveInstance
from fileroom.domain.access import AccessPolicy
from fileroom.domain.filing import DuplicatePolicy, Durability
from fileroom.domain.records import StoredObject
from tests.builders import a_data_set, a_record, encoded

SIZES = {"9 KB": 8_000, "525 KB": 524_000}
SLICE_BYTES = 128 * 1024
SERIES_OF = 100
CALLER = Caller(calling_ae_title="CT1", called_ae_title="FILEROOM", address="192.0.2.7", port=50000)


class Costs:
    """Seconds by part, over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._guard = threading.Lock()

    def time(self, part: str, owner: object, *names: str) -> None:
        """Count what these methods take."""
        for name in names:
            setattr(owner, name, self._timed(part, getattr(owner, name)))

    def _timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def timed(*args: object, **kwargs: object) -> object:
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                took = time.perf_counter() - started
                with self._guard:
                    self.seconds[part] += took

        return timed


class _TimedStore:
    """A store whose time is counted."""

    def __init__(self, store: ObjectStore, costs: Costs) -> None:
        self._store = store
        self._costs = costs

    def begin(self, header: bytes) -> "_TimedWriter":
        started = time.perf_counter()
        writer = self._store.begin(header)
        self._costs.seconds["store"] += time.perf_counter() - started
        return _TimedWriter(writer, self._costs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class _TimedWriter:
    """A writer whose time is counted."""

    def __init__(self, writer: Any, costs: Costs) -> None:  # noqa: ANN401 - of any store
        self._writer = writer
        self._costs = costs

    def write(self, parts: Any) -> None:  # noqa: ANN401 - passed on
        started = time.perf_counter()
        self._writer.write(parts)
        self._costs.seconds["store"] += time.perf_counter() - started

    def commit(self, key: Any, **options: Any) -> Any:  # noqa: ANN401 - passed on
        started = time.perf_counter()
        stored = self._writer.commit(key, **options)
        self._costs.seconds["store"] += time.perf_counter() - started
        return stored

    @property
    def digest(self) -> str:
        started = time.perf_counter()
        digest = self._writer.digest
        self._costs.seconds["store"] += time.perf_counter() - started
        return str(digest)

    def __getattr__(self, name: str) -> object:
        return getattr(self._writer, name)


def a_request(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> StoreRequest:
    return StoreRequest(
        caller=CALLER,
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=transfer_syntax_uid,
    )


def objects(count: int, pixel_bytes: int) -> list[tuple[StoreRequest, list[memoryview]]]:
    """Return requests and the slices of their data sets."""
    made = []
    template = a_record(1000000, series=1000)
    data = encoded(
        a_data_set(
            template,
            pixel_bytes=pixel_bytes,
            StudyDescription="CT Thorax mit KM",
            SeriesDescription="Thorax 1.0 B30f",
            StudyTime="101500",
            AccessionNumber="A123456",
            BodyPartExamined="CHEST",
        )
    )
    for number in range(count):
        record = a_record(1000000 + number, series=1000 + number // SERIES_OF)
        content = data.replace(template.sop_instance_uid.encode(), record.sop_instance_uid.encode())
        content = content.replace(
            template.series_instance_uid.encode() + b"\0", record.series_instance_uid.encode() + b"\0"
        )
        view = memoryview(content)
        request = a_request(record.sop_class_uid, record.sop_instance_uid, record.transfer_syntax_uid)
        made.append(
            (request, [view[start : start + SLICE_BYTES] for start in range(0, len(view), SLICE_BYTES)])
        )
    return made


def measure(
    folder: Path, kind: str, pixel_bytes: int, count: int, durability: Durability
) -> dict[str, float]:
    """Return microseconds an object by part."""
    root = Path(tempfile.mkdtemp(dir=folder))
    costs = Costs()
    catalog = SqlCatalog(open_catalog_engine(f"sqlite:///{root / 'catalog.sqlite3'}", durability=durability))
    costs.time("known", catalog, "instance")
    costs.time("catalog", catalog, "exchange", "count_duplicates")
    inner: ObjectStore = (
        MemoryObjectStore()
        if kind == "memory"
        else FilesystemObjectStore(root / "store", durability=durability)
    )
    store: Any = _TimedStore(inner, costs)
    reader = ScannerHeaderReader()
    costs.time("header", reader, "read_data_set")
    queue = FilingQueue(catalog=catalog, store=store, policy=DuplicatePolicy.REJECT)
    receive = receiving(catalog, store, reader, queue)
    work = objects(count, pixel_bytes)
    with open_log(root / "logs"):
        try:
            for request, slices in work[:20]:
                send(receive, request, slices)
            receive.settle()
            costs.seconds.clear()
            started, cpu = time.perf_counter(), time.process_time()
            for request, slices in work[20:]:
                send(receive, request, slices)
            wall = time.perf_counter() - started
            receive.settle()
            settled, cpu = time.perf_counter() - started, time.process_time() - cpu
            assert catalog.totals().instances == count
        finally:
            queue.close()
            inner.close()
            catalog.close()
            shutil.rmtree(root)
    parts = dict(costs.seconds)
    inside = sum(parts.get(part, 0.0) for part in ("store", "header", "known"))
    parts |= {"wall": wall, "settled": settled, "cpu": cpu, "rest": wall - inside}
    return {part: seconds / (count - 20) * 1e6 for part, seconds in parts.items()}


class _Nothing:
    """A store, its writer, a reader and a catalog that do nothing."""

    digest = "blake3:" + "0" * 64
    stored = StoredObject(location="store:1.dcm", size=1, data_offset=0, digest=digest)
    header: Header

    def begin(self, _: bytes) -> "_Nothing":
        return self

    def write(self, parts: object) -> None:
        pass

    def commit(self, _: object) -> StoredObject:
        return self.stored

    def read_data_set(self, *_: object, **__: object) -> Header:
        return self.header

    def instance(self, _: str) -> None:
        return None


def measure_application(rounds: int = 120, objects_each: int = 50) -> float:
    """Return microseconds an object."""
    nothing: Any = _Nothing()
    queue = FilingQueue(
        catalog=nothing,
        store=nothing,
        policy=DuplicatePolicy.REJECT,
        gather_seconds=3600,
        most_together=1 << 30,
        most_waiting=1 << 30,
    )
    receive = receiving(nothing, nothing, nothing, queue)
    slices = [memoryview(bytes(9000))]
    best = float("inf")
    for start in range(0, rounds * objects_each, objects_each):
        work = []
        for number in range(start, start + objects_each):
            record = a_record(number)
            request = a_request(record.sop_class_uid, record.sop_instance_uid, record.transfer_syntax_uid)
            work.append((request, Header(record=record, data_offset=0, has_file_meta=False)))
        started = time.perf_counter()
        for request, header in work:
            nothing.header = header
            send(receive, request, slices)
        best = min(best, time.perf_counter() - started)
    return best / objects_each * 1e6


def receiving(
    catalog: Catalog, store: ObjectStore, reader: HeaderReader, queue: FilingQueue
) -> ReceiveInstance:
    filer = InstanceFiler(
        catalog=catalog,
        store=store,
        reader=reader,
        clock=SystemClock(),
        policy=DuplicatePolicy.REJECT,
        queue=queue,
    )
    receive = ReceiveInstance(store=store, reader=reader, filer=filer, max_object_bytes=None)
    return receive.observed_by(ListenerActivity(AccessPolicy()))


def send(receive: ReceiveInstance, request: StoreRequest, slices: list[memoryview]) -> None:
    reception = receive.begin(request)
    for piece in slices:
        reception.feed([piece])
    reply = reception.finish()
    assert reply.status == 0, reply


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path.cwd())
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3, help="the one with the least wall time counts")
    parser.add_argument("--durability", type=Durability, default=Durability.STRICT, choices=list(Durability))
    parser.add_argument("--size", choices=list(SIZES), help="one size only")
    parser.add_argument("--log-level", default="INFO")
    arguments = parser.parse_args()
    logging.getLogger("fileroom").setLevel(arguments.log_level)
    columns = ("wall", "settled", "cpu", "store", "header", "known", "rest", "catalog")
    print(f"{'object':>8} {'store':>10} " + " ".join(f"{name:>8}" for name in columns))
    for name, pixel_bytes in SIZES.items():
        if arguments.size not in (None, name):
            continue
        for kind in ("memory", "filesystem"):
            rounds = [
                measure(arguments.folder, kind, pixel_bytes, arguments.objects, arguments.durability)
                for _ in range(arguments.rounds)
            ]
            best = min(rounds, key=lambda parts: parts["wall"])
            print(f"{name:>8} {kind:>10} " + " ".join(f"{best.get(column, 0.0):>8.0f}" for column in columns))


if __name__ == "__main__":
    main()
