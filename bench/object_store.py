"""What it costs to file an object, in microseconds: `python -m bench.object_store [folder] [--objects N]`.

Objects of a CT slice's size and small ones, strict and relaxed, one thread and eight. Each object comes in slices of
128 KB, as from a network buffer. Times are wall-clock time by object, so eight threads that share the work show how
much they gain. The folder should be on the disk that is to be measured.
"""

import argparse
import shutil
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.domain.file_meta import encode_file_meta
from fileroom.domain.filing import Durability, InstanceKey

SIZES = {"525 KB": 525_000, "9 KB": 9_000}
SLICE_BYTES = 128 * 1024
HEADER = encode_file_meta(
    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
    sop_instance_uid="1.2.3",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
)


def file_objects(store: FilesystemObjectStore, slices: list[memoryview], thread: int, count: int) -> None:
    for number in range(count):
        writer = store.begin(HEADER)
        for piece in slices:
            writer.write([piece])
        writer.commit(
            InstanceKey(
                study_instance_uid="1.2",
                series_instance_uid=f"1.2.{thread}",
                sop_instance_uid=f"1.2.{thread}.{number}",
                filed_on=date(2026, 3, 1),
            )
        )


def measure(folder: Path, size: int, durability: Durability, threads: int, objects: int) -> float:
    """Return microseconds an object."""
    root = Path(tempfile.mkdtemp(dir=folder))
    store = FilesystemObjectStore(root, durability=durability)
    data = memoryview(bytes(range(256)) * (size // 256 + 1))[:size]
    slices = [data[start : start + SLICE_BYTES] for start in range(0, size, SLICE_BYTES)]
    try:
        file_objects(store, slices, threads, 3)  # folders, session and caches
        workers = [
            threading.Thread(target=file_objects, args=(store, slices, thread, objects // threads))
            for thread in range(threads)
        ]
        started = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        seconds = time.perf_counter() - started
    finally:
        store.close()
        shutil.rmtree(root)
    return seconds / (objects // threads * threads) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path.cwd())
    parser.add_argument("--objects", type=int, default=800)
    parser.add_argument("--rounds", type=int, default=3, help="the best of them counts")
    arguments = parser.parse_args()
    print(f"{'object':>8} {'durability':>10} {'threads':>7} {'µs/object':>10} {'objects/s':>10}")
    for name, size in SIZES.items():
        for durability in Durability:
            for threads in (1, 8):
                cost = min(
                    measure(arguments.folder, size, durability, threads, arguments.objects)
                    for _ in range(arguments.rounds)
                )
                print(f"{name:>8} {durability:>10} {threads:>7} {cost:>10.0f} {1e6 / cost:>10.0f}")


if __name__ == "__main__":
    main()
