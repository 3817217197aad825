"""TLS around associations: the handshake keeps nobody waiting, and what is above it works as without."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.ports.dicom_server import Listening
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import PeerUnreachable
from tests.contract.dicom_clients import CT_CONTEXT, an_object
from tests.contract.dicom_handlers import eventually
from tests.contract.dicom_servers import OPTIONS, Handlers
from tests.integration.backends import Backend
from tests.integration.dicom_wire import connected, is_closed


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for the loopback address, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, signed, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(key), "-out", str(signed), "-days", "2", "-subj", "/CN=fileroom test"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    both.write_bytes(key.read_bytes() + signed.read_bytes())
    return both


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client(backend: Backend, certificate: Path) -> DicomClient:
    return backend.client(tls=ssl.create_default_context(cafile=str(certificate)))


@contextmanager
def listening(backend: Backend, handlers: Handlers, tls: ssl.SSLContext | None) -> Iterator[Listening]:
    with backend.server(tls=tls).listen(OPTIONS, handlers.services) as running:
        yield running


def peer_at(running: Listening) -> Peer:
    host, port = running.address
    return Peer(ae_title=AeTitle("FILEROOM"), host=host, port=port)


def test_objects_cross_tls_byte_for_byte(
    backend: Backend, client: DicomClient, server_tls: ssl.SSLContext
) -> None:
    handlers = Handlers()
    large = bytes(range(256)) * 20_000
    with (
        listening(backend, handlers, server_tls) as running,
        client.open_store(peer_at(running), [CT_CONTEXT]) as session,
    ):
        assert session.send(an_object(1, large)).status == 0
        assert session.send(an_object(2, b"small")).status == 0
    assert sorted(handlers.store.data.values(), key=len) == [b"small", large]
    assert [why for _, why in handlers.observer.ends] == ["released"]


def test_caller_that_stalls_in_the_handshake_keeps_nobody_waiting(
    backend: Backend, client: DicomClient, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fileroom.adapters.dicom._services.acceptor.ASSOCIATION_SECONDS", 1.0)
    with listening(backend, Handlers(), server_tls) as running, connected(running.address) as stalled:
        stalled.sendall(b"\x16\x03\x01")
        assert client.echo(peer_at(running)).status == 0
        assert is_closed(stalled)


def test_stop_does_not_wait_for_a_handshake(backend: Backend, server_tls: ssl.SSLContext) -> None:
    with listening(backend, Handlers(), server_tls) as running, connected(running.address):
        started = time.monotonic()
        running.stop(5.0)
        assert time.monotonic() - started < 3.0


def test_caller_without_tls_is_closed_and_the_others_are_served(
    backend: Backend, client: DicomClient, server_tls: ssl.SSLContext
) -> None:
    with listening(backend, Handlers(), server_tls) as running:
        with connected(running.address) as plain:
            plain.sendall(b"\x01\0\0\0\0\x46" + bytes(70))
            assert is_closed(plain)
        assert client.echo(peer_at(running)).status == 0
        eventually(lambda: running.active() == 0)


def test_peer_without_tls_is_told(backend: Backend, client: DicomClient) -> None:
    with (
        listening(backend, Handlers(), None) as running,
        pytest.raises(PeerUnreachable, match="TLS could not be negotiated") as told,
    ):
        client.echo(peer_at(running))
    assert "expects TLS" in told.value.hint


def test_certificate_that_is_not_trusted_is_told(backend: Backend, server_tls: ssl.SSLContext) -> None:
    doubtful = backend.client(tls=ssl.create_default_context())
    with (
        listening(backend, Handlers(), server_tls) as running,
        pytest.raises(PeerUnreachable, match="certificate verify failed"),
    ):
        doubtful.echo(peer_at(running))


def test_refused_address_is_closed_without_a_word(backend: Backend, server_tls: ssl.SSLContext) -> None:
    handlers = Handlers()
    handlers.observer.admits = False
    with listening(backend, handlers, server_tls) as running:
        with socket.create_connection(running.address, timeout=5) as sock:
            assert sock.recv(100) == b""
        eventually(lambda: len(handlers.observer.refusals) == 1)
