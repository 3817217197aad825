"""The server port on pynetdicom."""

from fileroom.adapters.dicom._services.server import AssociationServer
from fileroom.adapters.dicom.pynetdicom.upper_layer import PynetdicomUpperLayer


class PynetdicomServer(AssociationServer):
    """Listens for peers."""

    def __init__(self) -> None:
        super().__init__(PynetdicomUpperLayer())
