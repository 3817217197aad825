"""Client adapters, peers for them, and objects to send."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from pydicom.data import get_testdata_files
from pydicom.errors import InvalidDicomError
from pydicom.filereader import _read_file_meta_info, read_preamble

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.script import BytesContent
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.application.ports.dicom_client import DicomClient, ProposedContext
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.query import Query, QueryLevel, Selection
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_uid
from tests.contract.dicom_peers import MemoryPeers, WirePeers
from tests.contract.suite import ContractSuite

IDLE_SECONDS = 0.5
JPEG_LOSSLESS = "1.2.840.10008.1.2.4.70"
PRIVATE_SYNTAX = "1.2.826.0.1.3680043.10.1.5.1"
CT_CONTEXT = ProposedContext(
    sop_class_uid=CT_IMAGE_STORAGE, transfer_syntax_uids=(EXPLICIT_VR_LITTLE_ENDIAN,)
)
ONE_STUDY = Selection(level=QueryLevel.STUDY, study_instance_uids=(a_uid(1),))
ALL_STUDIES = Query(level=QueryLevel.STUDY, keys={"PatientName": "", "StudyInstanceUID": ""})


class Backend(ABC):
    """An adapter, and peers to talk to."""

    peers: MemoryPeers

    @abstractmethod
    def client(self, idle_seconds: float = 10.0) -> DicomClient:
        """A client."""


class MemoryBackend(Backend):
    def __init__(self) -> None:
        self.peers = MemoryPeers()

    def client(self, idle_seconds: float = 10.0) -> DicomClient:
        return MemoryDicomClient(self.peers.network, AeTitle("TESTER"))


class PynetdicomBackend(Backend):
    def __init__(self) -> None:
        self.peers = WirePeers()

    def client(self, idle_seconds: float = 10.0) -> DicomClient:
        return AssociationClient(
            PynetdicomUpperLayer(),
            AeTitle("TESTER"),
            connect_timeout=5.0,
            idle_timeout=idle_seconds,
            max_pdu_length=65536,
        )


class NativeBackend(Backend):
    def __init__(self) -> None:
        self.peers = WirePeers()

    def client(self, idle_seconds: float = 10.0) -> DicomClient:
        return AssociationClient(
            NativeUpperLayer(),
            AeTitle("TESTER"),
            connect_timeout=5.0,
            idle_timeout=idle_seconds,
            max_pdu_length=65536,
        )


def an_object(
    instance: int = 1,
    data: bytes = b"some data set",
    *,
    sop_class_uid: str = CT_IMAGE_STORAGE,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    header: bytes = b"",
    content: ObjectContent | None = None,
    uid: str = "",
) -> OutgoingObject:
    return OutgoingObject(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=uid or a_uid(1, 1, instance),
        study_instance_uid=a_uid(1),
        transfer_syntax_uid=transfer_syntax_uid,
        data_offset=len(header),
        content=content or BytesContent(header + data),
        name=f"object {instance}",
    )


class Broken(ObjectContent):
    """Content that cannot be read, from some byte on."""

    def __init__(self, *, readable: int = 0, error: Exception | None = None) -> None:
        self._readable = readable
        self._error = error

    @property
    def path(self) -> Path | None:
        return None

    @property
    def size(self) -> int:
        return 10_000_000

    def open(self) -> BinaryIO:
        if self._error is not None:
            raise self._error
        return BytesIO(bytes(self._readable))


class Endless(ObjectContent):
    """Content that is made while it is read, and watches how."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.largest_read = 0

    @property
    def path(self) -> Path | None:
        return None

    @property
    def size(self) -> int:
        return self._size

    def open(self) -> BinaryIO:
        content = self

        class Stream(BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                wanted = content._size if size is None or size < 0 else size
                content.largest_read = max(content.largest_read, wanted)
                return bytes(wanted)

        return Stream()


def bundled_objects() -> Iterator[OutgoingObject]:
    """The files that come with pydicom and have file meta information with UIDs, one for each SOP instance."""
    seen: set[str] = set()
    for path in sorted(Path(get_testdata_files.__code__.co_filename).parent.rglob("*.dcm")):
        with path.open("rb") as stream:
            stream.seek(128)
            if stream.read(4) != b"DICM":
                continue
            stream.seek(0)
            read_preamble(stream, force=False)
            try:
                meta = _read_file_meta_info(stream)
            except (EOFError, InvalidDicomError, NotImplementedError):
                continue
            offset = stream.tell()
        uids = [
            str(meta.get(name, ""))
            for name in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
        ]
        if all(uids) and uids[1] not in seen:
            seen.add(uids[1])
            yield OutgoingObject(
                sop_class_uid=uids[0],
                sop_instance_uid=uids[1],
                study_instance_uid="",
                transfer_syntax_uid=uids[2],
                data_offset=offset,
                content=FileContent(path),
                name=path.name,
            )


class FileContent(ObjectContent):
    """Content of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def open(self) -> BinaryIO:
        return self._path.open("rb")


class ClientSuite(ContractSuite):
    """Fixtures of the suites."""

    @pytest.fixture
    def client(self, backend: Backend) -> DicomClient:
        return backend.client()

    @pytest.fixture
    def hasty(self, backend: Backend) -> DicomClient:
        """A client that does not wait long."""
        return backend.client(IDLE_SECONDS)

    @pytest.fixture
    def peers(self, backend: Backend) -> Iterator[MemoryPeers]:
        yield backend.peers
        backend.peers.stop()


class MemoryCases:
    """The client in memory."""

    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend()


class PynetdicomCases:
    """The client on pynetdicom."""

    @pytest.fixture
    def backend(self) -> Backend:
        return PynetdicomBackend()


class NativeCases:
    """The client on our own upper layer."""

    @pytest.fixture
    def backend(self) -> Backend:
        return NativeBackend()
