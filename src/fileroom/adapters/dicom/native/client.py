"""The client port on our own upper layer."""

from typing import TYPE_CHECKING

from fileroom.adapters.dicom._services.client import AssociationClient
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer
from fileroom.domain.ae_title import AeTitle

if TYPE_CHECKING:
    import ssl


class NativeClient(AssociationClient):
    """Asks peers."""

    def __init__(
        self,
        calling_ae_title: AeTitle,
        *,
        connect_timeout: float,
        idle_timeout: float,
        max_pdu_length: int,
        tls: "ssl.SSLContext | None" = None,
    ) -> None:
        super().__init__(
            NativeUpperLayer(),
            calling_ae_title,
            connect_timeout=connect_timeout,
            idle_timeout=idle_timeout,
            max_pdu_length=max_pdu_length,
            tls=tls,
        )
