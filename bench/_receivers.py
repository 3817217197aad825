"""Who receives: each receiver is started anew, in an empty folder, for each measurement."""

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import _fileroom
from bench._processes import (
    LOOPBACK,
    Command,
    MeasurementFailed,
    Running,
    environment,
    free_port,
    program,
    serving,
)

AE_TITLE = "RECEIVER"
TUNED_PDU = 131072
"""The longest P-DATA PDU that DCMTK takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listening:
    """A receiver that runs."""

    port: int
    server: Running
    arrived: Callable[[], int]
    """Stops what has to be stopped for it, and returns how many objects are there."""

    def check(self, expected: int) -> None:
        """Return if what was sent is there, all of it and no more.

        Raises:
            MeasurementFailed: it is not.
        """
        found = self.arrived()
        if found != expected:
            raise MeasurementFailed(f"{found} objects arrived, {expected} were sent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """A program that can receive."""

    name: str
    open: Callable[[Path], AbstractContextManager[Listening]]
    """In a new folder; raises LeftOut where there is no such program."""


def _files(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


# ---------------------------------------------------------------------------------------------------------------- DCMTK


def storescp(*, tuned: bool, fork: bool = False) -> Receiver:
    """DCMTK's storage server, as a person would tune it or as it is; `fork` lets it serve several senders at once."""
    name = "storescp tuned" if tuned else "storescp as installed"
    return Receiver(name=name, open=partial(_open_storescp, tuned=tuned, fork=fork))


@contextmanager
def _open_storescp(folder: Path, *, tuned: bool, fork: bool) -> Iterator[Listening]:
    executable = program("storescp")
    received = folder / "received"
    received.mkdir(parents=True)
    options: list[str] = ["--fork"] if fork else []
    if tuned:
        options += ["--max-pdu", str(TUNED_PDU), "+uf"]

    def start(port: int) -> Command:
        return [executable, "--aetitle", AE_TITLE, "--output-directory", received, *options, str(port)]

    with serving(start, folder, environment(nodelay=tuned)) as (server, port):
        yield Listening(port=port, server=server, arrived=partial(_files, received))


# -------------------------------------------------------------------------------------------------------------- Orthanc


def orthanc(*, sync: bool) -> Receiver:
    """Orthanc without what costs and is not needed here; `sync` has it write to the disk before it answers."""
    name = f"Orthanc tuned, SyncStorageArea {'on' if sync else 'off'}"
    return Receiver(name=name, open=partial(_open_orthanc, sync=sync))


@contextmanager
def _open_orthanc(folder: Path, *, sync: bool) -> Iterator[Listening]:
    executable = program("Orthanc")
    database, configuration = folder / "database", folder / "orthanc.json"
    database.mkdir(parents=True)
    http_port = 0

    def start(port: int) -> Command:
        nonlocal http_port
        http_port = free_port()
        content = {
            "StorageDirectory": str(database),
            "IndexDirectory": str(database),
            "Plugins": [],
            "HttpPort": http_port,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "OrthancExplorerEnabled": False,
            "DicomAet": AE_TITLE,
            "DicomPort": port,
            "DicomCheckModalityHost": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomThreadsCount": 8,
            "MaximumPduLength": TUNED_PDU,
            "StorageCompression": False,
            "StoreMD5ForAttachments": False,
            "SyncStorageArea": sync,
            "SaveJobs": False,
        }
        configuration.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return [executable, configuration]

    with serving(start, folder, environment(nodelay=True)) as (server, port):
        yield Listening(port=port, server=server, arrived=partial(_orthanc_instances, http_port))


def _orthanc_instances(http_port: int) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{LOOPBACK}:{http_port}/statistics", timeout=60) as response:
            return int(json.load(response)["CountInstances"])
    except OSError as error:
        raise MeasurementFailed(f"Orthanc does not say what it has: {error}") from error


# ----------------------------------------------------------------------------------------------------------- pynetdicom


def pynetdicom() -> Receiver:
    """The storage server that comes with pynetdicom, as it is."""
    return Receiver(name="pynetdicom storescp", open=_open_pynetdicom)


@contextmanager
def _open_pynetdicom(folder: Path) -> Iterator[Listening]:
    received = folder / "received"
    received.mkdir(parents=True)

    def start(port: int) -> Command:
        app = [sys.executable, "-m", "pynetdicom", "storescp"]
        return [*app, "-aet", AE_TITLE, "-ba", LOOPBACK, "-od", received, str(port)]

    with serving(start, folder, environment(nodelay=False)) as (server, port):
        yield Listening(port=port, server=server, arrived=partial(_files, received))


# ------------------------------------------------------------------------------------------------------------- fileroom


def fileroom(backend: str, durability: str) -> Receiver:
    """Our listener, with a catalog of its own."""
    name = f"fileroom {backend}, {durability}"
    return Receiver(name=name, open=partial(_open_fileroom, backend=backend, durability=durability))


@contextmanager
def _open_fileroom(folder: Path, *, backend: str, durability: str) -> Iterator[Listening]:
    _fileroom.needs_backend(backend)
    data_dir = folder / "room"

    def start(port: int) -> Command:
        options = ("--bind", LOOPBACK, "--port", str(port), "--ae-title", AE_TITLE, "--json")
        return _fileroom.command(data_dir, "storage-scp", *options)

    with serving(start, folder, _fileroom.settings(backend, durability)) as (server, port):
        yield Listening(port=port, server=server, arrived=partial(_in_the_room, server, data_dir))


def _in_the_room(server: Running, data_dir: Path) -> int:
    """Return what the listener counted, which the disk and the catalog must agree with."""
    server.stop()
    told = _fileroom.document(server.stdout())
    stored = int(told["objects_stored"])
    on_disk = sum(1 for _ in (data_dir / "store").rglob("*.dcm"))
    catalogued = _fileroom.catalogued(data_dir)
    if not stored == on_disk == catalogued:
        raise MeasurementFailed(f"{stored} objects stored, {on_disk} on disk, {catalogued} in the catalog")
    return stored


def fileroom_listeners() -> list[Receiver]:
    """Our listener in every way."""
    return [
        fileroom(backend, durability)
        for backend in _fileroom.BACKENDS
        for durability in _fileroom.DURABILITIES
    ]
