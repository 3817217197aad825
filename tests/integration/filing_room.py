"""Catalog and store on disk, and what files into them: for tests in which several processes do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.adapters.files.header_reader import ScannerHeaderReader
from fileroom.adapters.objects.filesystem.object_store import FilesystemObjectStore
from fileroom.adapters.system.clock import SystemClock
from fileroom.application.filing import InstanceFiler
from fileroom.application.filing_queue import FilingQueue
from fileroom.application.use_cases.receive_instance import ReceiveInstance
from fileroom.domain.filing import DuplicatePolicy, Durability
from tests.builders import a_record
from tests.unit.application.rooms import a_request, data_of

OBJECTS = 40


@contextmanager
def writing_room(folder: Path, policy: DuplicatePolicy) -> Iterator[ReceiveInstance]:
    """Have what takes objects into `folder`, closed in good order at the end."""
    engine = open_catalog_engine(f"sqlite:///{folder / 'fileroom.sqlite3'}", durability=Durability.RELAXED)
    catalog, reader = SqlCatalog(engine), ScannerHeaderReader()
    store = FilesystemObjectStore(folder / "store", durability=Durability.RELAXED)
    queue = FilingQueue(catalog=catalog, store=store, policy=policy, gather_seconds=0.005, most_together=10)
    filer = InstanceFiler(
        catalog=catalog, store=store, reader=reader, clock=SystemClock(), policy=policy, queue=queue
    )
    yield ReceiveInstance(store=store, reader=reader, filer=filer, max_object_bytes=None)
    assert queue.close()
    store.close()
    engine.dispose()


def send_all(receive: ReceiveInstance, *, pixel_bytes: int) -> None:
    """Have a peer send every object."""
    for number in range(1, OBJECTS + 1):
        record = a_record(number)
        reception = receive.begin(a_request(record))
        reception.feed([memoryview(data_of(record, pixel_bytes=pixel_bytes))])
        assert reception.finish().status in {0x0000, 0x0111}
