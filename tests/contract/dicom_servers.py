"""Server adapters, and users for them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest

from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.server import MemoryDicomServer
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.application.ports.dicom_server import DicomServer, ListenerOptions, Listening, Services
from fileroom.domain.ae_title import AeTitle
from tests.builders import CT_IMAGE_STORAGE
from tests.contract.dicom_handlers import (
    RecordingObserver,
    RecordingQueries,
    RecordingRetrievals,
    RecordingStore,
)
from tests.contract.dicom_peers import MR_IMAGE_STORAGE
from tests.contract.dicom_users import MemoryUser, User
from tests.contract.dicom_wire_user import WireUser
from tests.contract.suite import ContractSuite

OPTIONS = ListenerOptions(
    ae_title=AeTitle("FILEROOM"), idle_timeout=10.0, sop_class_uids=(CT_IMAGE_STORAGE, MR_IMAGE_STORAGE)
)


class Backend(ABC):
    """An adapter, and a user of what it listens for."""

    user: User

    @abstractmethod
    def server(self) -> DicomServer:
        """A server."""


class MemoryBackend(Backend):
    def __init__(self) -> None:
        self._network = MemoryNetwork()
        self.user = MemoryUser(self._network)

    def server(self) -> DicomServer:
        return MemoryDicomServer(self._network)


class PynetdicomBackend(Backend):
    def __init__(self) -> None:
        self.user = WireUser()

    def server(self) -> DicomServer:
        return AssociationServer(PynetdicomUpperLayer())


class NativeBackend(Backend):
    def __init__(self) -> None:
        self.user = WireUser()

    def server(self) -> DicomServer:
        return AssociationServer(NativeUpperLayer())


@dataclass
class Handlers:
    """All that a listener drives."""

    observer: RecordingObserver = field(default_factory=RecordingObserver)
    store: RecordingStore = field(default_factory=RecordingStore)
    query: RecordingQueries = field(default_factory=RecordingQueries)
    retrieve: RecordingRetrievals = field(default_factory=RecordingRetrievals)

    @property
    def services(self) -> Services:
        return Services(observer=self.observer, store=self.store, query=self.query, retrieve=self.retrieve)


Listen = Callable[..., Listening]


class ServerSuite(ContractSuite):
    """Fixtures of the suites."""

    @pytest.fixture
    def handlers(self) -> Handlers:
        return Handlers()

    @pytest.fixture
    def user(self, backend: Backend) -> Iterator[User]:
        yield backend.user
        backend.user.stop()

    @pytest.fixture
    def listen(self, backend: Backend, handlers: Handlers) -> Iterator[Listen]:
        """Start listeners that end with the test; takes options by name."""
        with ExitStack() as stack:

            def start(services: Services | None = None, **options: object) -> Listening:
                return stack.enter_context(
                    backend.server().listen(
                        replace(OPTIONS, **options),  # type: ignore[arg-type] # a test's options
                        services or handlers.services,
                    )
                )

            yield start

    @pytest.fixture
    def listening(self, listen: Listen) -> Listening:
        return listen()


class MemoryCases:
    """The server in memory."""

    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend()


class PynetdicomCases:
    """The server on pynetdicom."""

    @pytest.fixture
    def backend(self) -> Backend:
        return PynetdicomBackend()


class NativeCases:
    """The server on our own upper layer."""

    @pytest.fixture
    def backend(self) -> Backend:
        return NativeBackend()
