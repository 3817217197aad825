"""The network backends, each as a pair of client and server."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom._services.link import UpperLayer
from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer
from fileroom.application.ports.dicom_client import DicomClient
from fileroom.application.ports.dicom_server import DicomServer
from fileroom.domain.ae_title import AeTitle


@dataclass(frozen=True, slots=True)
class Backend:
    """One of them."""

    name: str
    upper_layer: Callable[[], UpperLayer]

    def server(self, *, tls: ssl.SSLContext | None = None) -> DicomServer:
        """A server."""
        return AssociationServer(self.upper_layer(), tls=tls)

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
        return AssociationClient(
            self.upper_layer(),
            AeTitle(ae_title),
            connect_timeout=connect_timeout,
            idle_timeout=idle_timeout,
            max_pdu_length=max_pdu_length,
            tls=tls,
        )


BACKENDS = (
    Backend("native", NativeUpperLayer),
    Backend("pynetdicom", PynetdicomUpperLayer),
)
