"""The server port on pynetdicom."""

from typing import TYPE_CHECKING

from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer

if TYPE_CHECKING:
    import ssl


class PynetdicomServer(AssociationServer):
    """Listens for peers."""

    def __init__(self, *, tls: "ssl.SSLContext | None" = None) -> None:
        super().__init__(PynetdicomUpperLayer(), tls=tls)
