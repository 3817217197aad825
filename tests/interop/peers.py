"""Real peers for tests: DCMTK's programs and Orthanc, on free loopback ports, in folders that the test gives.

`program` finds the converters of DCMTK and GDCM too, by the same rule.
Servers are context managers that return when the peer answers and stop it with everything it started. Clients are
functions that run one DCMTK program to its end. A missing program skips the test, or fails it where the environment
says ``FILEROOM_REQUIRE_PEERS=1``.

DCMTK sends with Nagle's algorithm on unless ``TCP_NODELAY=1`` is in its environment; with it (the default here) tests
are fast, without it they meet the peer as people install it.
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = "127.0.0.1"
START_SECONDS = 20.0
STOP_SECONDS = 5.0
CLIENT_SECONDS = 60.0
POLL_SECONDS = 0.02

SYNTAX_LETTERS = {
    "1.2.840.10008.1.2": "i",
    "1.2.840.10008.1.2.1": "e",
    "1.2.840.10008.1.2.1.99": "d",
    "1.2.840.10008.1.2.2": "b",
    "1.2.840.10008.1.2.4.50": "y",
    "1.2.840.10008.1.2.4.51": "x",
    "1.2.840.10008.1.2.4.70": "s",
    "1.2.840.10008.1.2.4.80": "t",
    "1.2.840.10008.1.2.4.81": "u",
    "1.2.840.10008.1.2.4.90": "v",
    "1.2.840.10008.1.2.4.91": "w",
    "1.2.840.10008.1.2.5": "r",
}
"""What DCMTK calls a transfer syntax: ``-xe`` proposes explicit VR little endian, ``+xe`` prefers it."""

FIRST_PORT, LAST_PORT = 12000, 32000
"""Below the range that the system hands out to outgoing connections, so that none of these takes a chosen port."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Where a DICOM application entity listens."""

    ae_title: str
    port: int
    host: str = LOOPBACK


@dataclass(frozen=True, kw_only=True)
class StoringPeer(Peer):
    """A peer that keeps what it receives in a folder."""

    folder: Path

    def files(self) -> list[Path]:
        """The stored objects, in no particular order; the index of dcmqrscp is not one of them."""
        return [path for path in self.folder.rglob("*") if path.is_file() and path.name != "index.dat"]


@dataclass(frozen=True, kw_only=True)
class OrthancPeer(Peer):
    """A running Orthanc and its REST interface."""

    http_port: int

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """Send one REST request and return the answer's body; ``body`` is sent as it is or as JSON.

        Raises:
            urllib.error.HTTPError: Orthanc answered with an error.
        """
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(
            f"http://{LOOPBACK}:{self.http_port}{path}", data=data, method=method
        )
        with opener.open(request, timeout=CLIENT_SECONDS) as response:
            answer: bytes = response.read()
        return answer

    def json(self, method: str, path: str, body: object = None) -> Any:
        """The same, with the answer read as JSON."""
        return json.loads(self.request(method, path, body))

    def instances(self) -> list[str]:
        """Orthanc's own identifiers of the instances it holds."""
        return list(self.json("GET", "/instances"))

    def sop_instance_uids(self) -> set[str]:
        """The SOP Instance UIDs of the instances it holds."""
        return {one["MainDicomTags"]["SOPInstanceUID"] for one in self.json("GET", "/instances?expand")}

    def file(self, instance: str) -> bytes:
        """The stored object as a DICOM file."""
        return self.request("GET", f"/instances/{instance}/file")

    def upload(self, content: bytes) -> str:
        """Store a DICOM file over HTTP and return its identifier."""
        return str(self.json("POST", "/instances", content)["ID"])

    def delete(self, instance: str) -> None:
        """Forget an instance."""
        self.request("DELETE", f"/instances/{instance}")

    def echo(self, modality: str) -> None:
        """Send C-ECHO to a registered modality.

        Raises:
            urllib.error.HTTPError: It did not answer with success.
        """
        self.request("POST", f"/modalities/{modality}/echo", {})

    def store(self, modality: str, instances: Sequence[str]) -> dict[str, Any]:
        """Send instances to a registered modality by C-STORE and return Orthanc's counts.

        Raises:
            urllib.error.HTTPError: The peer refused, failed or stayed silent.
        """
        outcome: dict[str, Any] = self.json(
            "POST", f"/modalities/{modality}/store", {"Resources": list(instances), "Synchronous": True}
        )
        return outcome

    def query(self, modality: str, level: str, keys: Mapping[str, str]) -> str:
        """Send C-FIND to a registered modality and return the identifier of the query.

        Args:
            modality: The name under which the modality is registered.
            level: ``Patient``, ``Study``, ``Series`` or ``Instance``.
            keys: Keywords and the values to match.
        """
        answer = self.json("POST", f"/modalities/{modality}/query", {"Level": level, "Query": dict(keys)})
        return str(answer["ID"])

    def answers(self, query: str) -> list[dict[str, Any]]:
        """The matches of a query, by keyword."""
        return list(self.json("GET", f"/queries/{query}/answers?expand&simplify"))

    def retrieve(self, query: str, target_ae: str | None = None) -> dict[str, Any]:
        """Send C-MOVE for every match of a query, to ``target_ae`` or to Orthanc itself.

        Raises:
            urllib.error.HTTPError: The peer refused, failed or stayed silent.
        """
        body = {"TargetAet": target_ae or self.ae_title, "Synchronous": True}
        outcome: dict[str, Any] = self.json("POST", f"/queries/{query}/retrieve", body)
        return outcome


# ------------------------------------------------------------------------------------------------- programs, ports


def program(name: str) -> str:
    """The path of an installed program; skips or fails the test where there is none."""
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    found = shutil.which(name, path=folders)
    if found is None:
        why = f"{name} is not installed"
        if os.environ.get("FILEROOM_REQUIRE_PEERS") == "1":
            pytest.fail(why)
        pytest.skip(why)
    return found


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    while True:
        port = random.SystemRandom().randint(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
        return port


def wait_until(condition: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    """Poll until the condition holds.

    Raises:
        AssertionError: It did not hold within ``seconds``.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(POLL_SECONDS)


def accepts(port: int) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True


def environment(*, nodelay: bool) -> dict[str, str]:
    """The environment for a peer, with or without Nagle's algorithm."""
    inherited = {name: value for name, value in os.environ.items() if name != "TCP_NODELAY"}
    return {**inherited, "TCP_NODELAY": "1"} if nodelay else inherited


@contextmanager
def _running(
    start: Callable[[int], Sequence[str | Path]],
    folder: Path,
    *,
    wanted: int | None,
    nodelay: bool,
    ready: Callable[[int], bool] = accepts,
) -> Iterator[int]:
    """Run a server until the block ends, and yield the port on which it answers.

    Args:
        start: From a port to the command that listens there. Another process may take the port in between; then the
            server ends at once, and the next port is tried.
        folder: Where the server runs and logs.
        wanted: The port to listen on, or None for any.
        nodelay: Whether the server sends without Nagle's algorithm.
        ready: Whether the server on the port answers.
    """
    log = folder / "peer.log"
    failure = ""
    for port in [wanted] if wanted else [free_port() for _ in range(5)]:
        command = start(port)
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment(nodelay=nodelay),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(partial(_ended_or_ready, process, port, ready), f"{command[0]} answers")
            if process.poll() is None:
                yield port
                return
        finally:
            _stop(process)
        failure = f"{command[0]} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}"
    pytest.fail(failure)


def _ended_or_ready(process: subprocess.Popen[bytes], port: int, ready: Callable[[int], bool]) -> bool:
    return process.poll() is not None or ready(port)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and the processes that it forked."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


# --------------------------------------------------------------------------------------------------------- servers


@contextmanager
def storescp(
    folder: Path,
    *,
    ae_title: str = "STORESCP",
    arguments: Sequence[str] = ("--accept-all",),
    port: int | None = None,
    nodelay: bool = True,
) -> Iterator[StoringPeer]:
    """DCMTK's storage server; what it receives stands in ``folder/received``."""
    executable = program("storescp")
    received = folder / "received"
    received.mkdir(parents=True)

    def command(port: int) -> list[str | Path]:
        return [executable, "--aetitle", ae_title, "--output-directory", received, *arguments, str(port)]

    with _running(command, folder, wanted=port, nodelay=nodelay) as chosen:
        yield StoringPeer(ae_title=ae_title, port=chosen, folder=received)


@contextmanager
def dcmqrscp(
    folder: Path,
    *,
    ae_title: str = "DCMQRSCP",
    clients: Sequence[Peer] = (),
    arguments: Sequence[str] = (),
    port: int | None = None,
    nodelay: bool = True,
) -> Iterator[StoringPeer]:
    """DCMTK's archive: stores, answers C-FIND, C-GET and C-MOVE.

    Args:
        folder: For its configuration and storage area.
        ae_title: The AE title of its storage area.
        clients: The destinations that C-MOVE may name.
        arguments: Further options of the program.
        port: Where it listens: given where another peer must know it first, else any free one.
        nodelay: Whether it sends without Nagle's algorithm.
    """
    executable = program("dcmqrscp")
    storage = folder / "storage"
    storage.mkdir(parents=True)
    configuration = folder / "dcmqrscp.cfg"

    def command(port: int) -> list[str | Path]:
        hosts = [f"client{n} = ({one.ae_title}, {one.host}, {one.port})" for n, one in enumerate(clients)]
        configuration.write_text(
            "\n".join(
                [
                    f"NetworkTCPPort = {port}",
                    "MaxPDUSize = 131072",
                    "MaxAssociations = 16",
                    "HostTable BEGIN",
                    *hosts,
                    "HostTable END",
                    "VendorTable BEGIN",
                    "VendorTable END",
                    "AETable BEGIN",
                    f"{ae_title} {storage} RW (1000, 4gb) ANY",
                    "AETable END",
                    "",
                ]
            ),
            encoding="ascii",
        )
        return [executable, "--config", configuration, *arguments]

    with _running(command, folder, wanted=port, nodelay=nodelay) as chosen:
        yield StoringPeer(ae_title=ae_title, port=chosen, folder=storage)


@contextmanager
def orthanc(
    folder: Path,
    *,
    ae_title: str = "ORTHANC",
    modalities: Mapping[str, Peer] | None = None,
    settings: Mapping[str, object] | None = None,
    port: int | None = None,
) -> Iterator[OrthancPeer]:
    """Orthanc with an empty database.

    Args:
        folder: For its configuration, index and storage.
        ae_title: Its AE title.
        modalities: The nodes that it knows, by name: C-MOVE destinations, and targets of its own requests.
        settings: Further settings, in the words of its configuration file.
        port: Where it listens for DICOM: given where another peer must know it first, else any free one.
    """
    executable = program("Orthanc")
    database = folder / "database"
    database.mkdir(parents=True)
    configuration = folder / "orthanc.json"
    http_port = 0

    def command(port: int) -> list[str | Path]:
        nonlocal http_port
        http_port = free_port()
        content = {
            "Name": ae_title,
            "StorageDirectory": str(database),
            "IndexDirectory": str(database),
            "Plugins": [],
            "HttpPort": http_port,
            "HttpDescribeErrors": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "OrthancExplorerEnabled": False,
            "DicomAet": ae_title,
            "DicomPort": port,
            "DicomCheckCalledAet": False,
            "DicomCheckModalityHost": False,
            "DicomAlwaysAllowEcho": True,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "DicomAlwaysAllowMove": True,
            "UnknownSopClassAccepted": True,
            "OverwriteInstances": False,
            "DicomScpTimeout": 10,
            "DicomScuTimeout": 10,
            "DicomAssociationCloseDelay": 0,
            "SynchronousCMove": True,
            "SaveJobs": False,
            "SyncStorageArea": False,
            "StableAge": 1,
            "MaximumPduLength": 131072,
            "DicomModalities": {
                name: [one.ae_title, one.host, one.port] for name, one in (modalities or {}).items()
            },
            **(settings or {}),
        }
        configuration.write_text(json.dumps(content, indent=2), encoding="utf-8")
        return [executable, configuration]

    def ready(port: int) -> bool:
        return accepts(http_port) and accepts(port)

    with _running(command, folder, wanted=port, nodelay=True, ready=ready) as chosen:
        yield OrthancPeer(ae_title=ae_title, port=chosen, http_port=http_port)


# --------------------------------------------------------------------------------------------------------- clients


def _run(
    name: str,
    peer: Peer,
    options: Sequence[str | Path],
    last: Sequence[str | Path] = (),
    *,
    calling: str,
    nodelay: bool,
) -> subprocess.CompletedProcess[str]:
    """Run a DCMTK client to its end; both output streams stand in ``stdout``."""
    titles = ["--aetitle", calling, "--call", peer.ae_title]
    return subprocess.run(
        [program(name), *titles, *options, peer.host, str(peer.port), *last],
        env=environment(nodelay=nodelay),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=CLIENT_SECONDS,
        check=False,
    )


def _as_options(keys: Mapping[str, str]) -> list[str]:
    return [part for keyword, value in keys.items() for part in ("--key", f"{keyword}={value}")]


def echoscu(
    peer: Peer, *, calling: str = "CLIENT", arguments: Sequence[str] = (), nodelay: bool = True
) -> subprocess.CompletedProcess[str]:
    """Send C-ECHO."""
    return _run("echoscu", peer, arguments, calling=calling, nodelay=nodelay)


def storescu(
    peer: Peer, *paths: Path, calling: str = "CLIENT", arguments: Sequence[str] = (), nodelay: bool = True
) -> subprocess.CompletedProcess[str]:
    """Send files by C-STORE; ``arguments`` choose the transfer syntaxes to propose and whether folders are walked."""
    return _run("storescu", peer, arguments, paths, calling=calling, nodelay=nodelay)


def findscu(
    peer: Peer,
    keys: Mapping[str, str],
    *,
    folder: Path | None = None,
    model: str = "--study",
    calling: str = "CLIENT",
    arguments: Sequence[str] = (),
    nodelay: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Send C-FIND; with ``folder``, each match is written there as ``rsp0001.dcm`` and so on."""
    extract: list[str | Path] = ["--extract", "--output-directory", folder] if folder else []
    options = [model, *_as_options(keys), *extract, *arguments]
    return _run("findscu", peer, options, calling=calling, nodelay=nodelay)


def movescu(
    peer: Peer,
    keys: Mapping[str, str],
    *,
    destination: str,
    model: str = "--study",
    calling: str = "CLIENT",
    arguments: Sequence[str] = (),
    nodelay: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Send C-MOVE to the AE title ``destination``; ``("--port", "…")`` in ``arguments`` makes movescu listen itself."""
    options = [model, "--move", destination, *_as_options(keys), *arguments]
    return _run("movescu", peer, options, calling=calling, nodelay=nodelay)


def getscu(
    peer: Peer,
    keys: Mapping[str, str],
    *,
    folder: Path,
    model: str = "--study",
    calling: str = "CLIENT",
    arguments: Sequence[str] = (),
    nodelay: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Send C-GET and write what arrives to ``folder``."""
    options: list[str | Path] = [model, "--output-directory", folder, *_as_options(keys), *arguments]
    return _run("getscu", peer, options, calling=calling, nodelay=nodelay)
