"""The server port on our own upper layer."""

from typing import TYPE_CHECKING

from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer

if TYPE_CHECKING:
    import ssl


class NativeServer(AssociationServer):
    """Listens for peers."""

    def __init__(self, *, tls: "ssl.SSLContext | None" = None) -> None:
        super().__init__(NativeUpperLayer(), tls=tls)
