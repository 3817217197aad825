"""The server port on our own upper layer."""

from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.native.upper_layer import NativeUpperLayer


class NativeServer(AssociationServer):
    """Listens for peers."""

    def __init__(self) -> None:
        super().__init__(NativeUpperLayer())
