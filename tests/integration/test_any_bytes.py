"""Both sides of the pynetdicom backend against bytes that are almost right."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fileroom.adapters.dicom._shared.dimse import DATA_SET, RESPONSE, CommandField, CommandSet
from fileroom.adapters.dicom._shared.identifiers import encode
from fileroom.application.ports.dicom_server import ListenerOptions, Listening
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import NoAcceptedContext, PeerError
from fileroom.domain.transfer_syntaxes import IMPLICIT_VR_LITTLE_ENDIAN
from tests.builders import CT_IMAGE_STORAGE
from tests.contract.dicom_clients import ALL_STUDIES
from tests.contract.dicom_handlers import Flag, eventually
from tests.contract.dicom_servers import Handlers
from tests.integration.backends import BACKENDS, Backend
from tests.integration.dicom_wire import (
    CT,
    ECHO,
    FIND,
    RELEASE_RP,
    RELEASE_RQ,
    acceptor,
    associate_ac,
    associate_rq,
    connected,
    is_closed,
    message,
    read_pdu,
)

STORE = CommandSet(
    field=CommandField.C_STORE,
    message_id=1,
    sop_class_uid=CT_IMAGE_STORAGE,
    sop_instance_uid="1.2.3",
    data_set_type=DATA_SET,
)
ECHO_RQ = CommandSet(field=CommandField.C_ECHO, message_id=2, sop_class_uid="1.2.840.10008.1.1")
FIND_RQ = CommandSet(
    field=CommandField.C_FIND,
    message_id=3,
    sop_class_uid="1.2.840.10008.5.1.4.1.2.2.1",
    data_set_type=DATA_SET,
)
KEYS = encode({"QueryRetrieveLevel": "STUDY", "PatientName": "Doe"}, IMPLICIT_VR_LITTLE_ENDIAN)
REQUESTS = (
    associate_rq()
    + message(CT, STORE, b"data" * 30)
    + message(ECHO, ECHO_RQ)
    + message(FIND, FIND_RQ, KEYS)
    + RELEASE_RQ
)
PENDING = CommandSet(
    field=CommandField.C_FIND | RESPONSE, responding_to=1, status=0xFF00, data_set_type=DATA_SET
)
FINAL = CommandSet(field=CommandField.C_FIND | RESPONSE, responding_to=1, status=0)

Spoiled = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "drop"]), st.integers(0, 1 << 16), st.binary(max_size=6)
    ),
    min_size=1,
    max_size=4,
)


def spoil(data: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    """Change bytes, leave some out, put some in, or cut the rest off."""
    for how, where, what in changes:
        at = where % max(len(data), 1)
        match how:
            case "set":
                data = data[:at] + what + data[at + len(what) :]
            case "insert":
                data = data[:at] + what + data[at:]
            case "drop":
                data = data[:at] + data[at + len(what) :]
            case _:
                data = data[:at]
    return data


@contextmanager
def listening(backend: Backend, handlers: Handlers) -> Iterator[Listening]:
    options = ListenerOptions(
        ae_title=AeTitle("FILEROOM"), idle_timeout=5.0, sop_class_uids=(CT_IMAGE_STORAGE,)
    )
    with backend.server().listen(options, handlers.services) as running:
        yield running


@pytest.fixture(scope="module", params=BACKENDS, ids=lambda backend: backend.name)
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Handlers, Listening]]:
    handlers = Handlers()
    with listening(request.param, handlers) as running:
        yield handlers, running


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(Spoiled)
def test_server_survives_any_bytes(
    served: tuple[Handlers, Listening],
    caplog: pytest.LogCaptureFixture,
    changes: list[tuple[str, int, bytes]],
) -> None:
    handlers, running = served
    with connected(running.address) as sock, suppress(ConnectionError):
        sock.sendall(spoil(REQUESTS, changes))
        sock.shutdown(socket.SHUT_WR)
        assert is_closed(sock)
    eventually(lambda: running.active() == 0)
    assert handlers.store.all_ended_once
    assert len(handlers.observer.asked) == len(handlers.observer.ends)
    ours = [record for record in caplog.records if record.name.startswith("fileroom")]
    assert [record for record in ours if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@settings(max_examples=100)
@given(Spoiled)
def test_client_tells_any_bytes_as_its_own_errors(
    backend: Backend, changes: list[tuple[str, int, bytes]]
) -> None:
    client = backend.client()

    def serve(sock: socket.socket) -> None:
        _, request = read_pdu(sock)
        answers = associate_ac(request) + message(1, PENDING, KEYS) + message(1, FINAL) + RELEASE_RP
        sock.sendall(spoil(answers, changes))
        sock.shutdown(socket.SHUT_WR)
        is_closed(sock)

    with acceptor(serve) as peer, suppress(PeerError, NoAcceptedContext):
        assert len(list(client.find(peer, ALL_STUDIES, Flag()))) <= 1
