"""The network backends, each as a pair of client and server."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from fileroom.adapters.dicom.native.client import NativeClient
from fileroom.adapters.dicom.native.server import NativeServer
from fileroom.adapters.dicom.pynetdicom.client import PynetdicomClient
from fileroom.adapters.dicom.pynetdicom.server import PynetdicomServer
from fileroom.application.ports.dicom_client import DicomClient
from fileroom.application.ports.dicom_server import DicomServer
from fileroom.domain.ae_title import AeTitle


@dataclass(frozen=True, slots=True)
class Backend:
    """One of them."""

    name: str
    server: Callable[..., DicomServer]
    make_client: Callable[..., DicomClient]

    def client(
        self,
        *,
        ae_title: str = "TESTER",
        connect_timeout: float = 5.0,
        idle_timeout: float = 5.0,
        max_pdu_length: int = 65536,
        tls: ssl.SSLContext | None = None,
    ) -> DicomClient:
        """A client."""
        return self.make_client(
            AeTitle(ae_title),
            connect_timeout=connect_timeout,
            idle_timeout=idle_timeout,
            max_pdu_length=max_pdu_length,
            tls=tls,
        )


BACKENDS = (
    Backend("native", NativeServer, NativeClient),
    Backend("pynetdicom", PynetdicomServer, PynetdicomClient),
)
