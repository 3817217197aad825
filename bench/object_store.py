"""What it costs to file an object, in microseconds: `python -m bench.object_store [folder] [--objects N]`.

Objects of a CT slice's size and small ones, strict and relaxed, one thread and eight; beside them what the system
itself takes to make such a file, with a name from the beginning and without a digest (`plain`). Each object comes in
slices of 128 KB, as from a network buffer, and is asked for its digest before it is committed, as when it is received.

Times by object: of the clock, so eight threads that share the work show how much they gain, and of the processor, which
tells more where others are at work too. All ways take turns, and the median of the rounds counts. The folder should be
on the disk that is to be measured. Nothing is removed before the end: ext4 does not use the inodes of files again that
were removed in the last minutes, and searching for others costs a millisecond an object.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import date
from itertools import product
from pathlib import Path

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import Durability, InstanceKey

SIZES = {"525 KB": 525_000, "9 KB": 9_000}
SLICE_BYTES = 128 * 1024
UID = "1.2.826.0.1.3680043.10.1.2026"
HEADER = encode_file_meta(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid="1.2.3",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
)

Worker = Callable[[int, int], None]
"""Files objects of a thread's number, as many as asked for."""


def filing(root: Path, slices: list[memoryview], durability: Durability) -> tuple[Worker, Callable[[], None]]:
    """Return how objects are filed by the store, and how to end that."""
    store = FilesystemObjectStore(root, durability=durability)

    def work(thread: int, count: int) -> None:
        for number in range(count):
            writer = store.begin(HEADER)
            for piece in slices:
                writer.write([piece])
            _ = writer.digest
            writer.commit(
                InstanceKey(
                    study_instance_uid=UID,
                    series_instance_uid=f"{UID}.{thread}",
                    sop_instance_uid=f"{UID}.{thread}.{number}.{time.perf_counter_ns()}",
                    filed_on=date(2026, 3, 1),
                )
            )

    return work, store.close


def plain(root: Path, slices: list[memoryview], durability: Durability) -> tuple[Worker, Callable[[], None]]:
    """Return how files are made by the system's calls alone."""

    def work(thread: int, count: int) -> None:
        folder = root / UID / f"{UID}.{thread}"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            path = f"{folder}/{UID}.{thread}.{number}.{time.perf_counter_ns()}.dcm"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            os.write(descriptor, HEADER)
            for piece in slices:
                os.write(descriptor, piece)
            if durability is Durability.STRICT:
                os.fsync(descriptor)
            os.close(descriptor)
            if durability is Durability.STRICT:
                above = os.open(folder, os.O_RDONLY)
                os.fsync(above)
                os.close(above)

    return work, lambda: None


WAYS = {"plain": plain, "store": filing}


def measure(
    root: Path, way: str, size: int, durability: Durability, *, threads: int, objects: int
) -> tuple[float, float]:
    """Return microseconds an object: of the clock and of the processor."""
    root.mkdir()
    data = memoryview(os.urandom(size))
    slices = [data[start : start + SLICE_BYTES] for start in range(0, size, SLICE_BYTES)]
    work, end = WAYS[way](root, slices, durability)
    for thread in range(threads):
        work(thread, 3)  # folders, session and caches
    workers = [threading.Thread(target=work, args=(thread, objects // threads)) for thread in range(threads)]
    started, used = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds, busy = time.perf_counter() - started, time.process_time() - used
    end()
    each = 1e6 / (objects // threads * threads)
    return seconds * each, busy * each


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path.cwd())
    parser.add_argument("--objects", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5, help="the median of them counts")
    arguments = parser.parse_args()
    everything = Path(tempfile.mkdtemp(dir=arguments.folder))
    print(
        f"{'object':>8} {'durability':>10} {'threads':>7} {'way':>6} {'µs/object':>10} {'of CPU':>7} {'objects/s':>10}"
    )
    try:
        for name, durability, threads in product(SIZES, Durability, (1, 8)):
            costs: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
            for number, way in product(range(arguments.rounds), WAYS):
                root = everything / f"{name}-{durability}-{threads}-{way}-{number}"
                costs[way].append(
                    measure(root, way, SIZES[name], durability, threads=threads, objects=arguments.objects)
                )
            for way in WAYS:
                cost, busy = (statistics.median(times) for times in zip(*costs[way], strict=True))
                print(
                    f"{name:>8} {durability:>10} {threads:>7} {way:>6} {cost:>10.0f} {busy:>7.0f} {1e6 / cost:>10.0f}"
                )
    finally:
        shutil.rmtree(everything)


if __name__ == "__main__":
    main()
