"""Links on pynetdicom."""

from pynetdicom._globals import MODE_ACCEPTOR, MODE_REQUESTOR

from fileroom.adapters.dicom._services.connection import Connection
from fileroom.adapters.dicom._services.link import UpperLayer
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.adapters.dicom.pynetdicom.link import PynetdicomLink


class PynetdicomUpperLayer(UpperLayer):
    """Makes `PynetdicomLink`s."""

    def requestor(self, connection: Connection, *, store: Sink | None) -> PynetdicomLink:
        """Return our end of a connection that we made."""
        return PynetdicomLink(connection, MODE_REQUESTOR, store=store, ae_title="FILEROOM")

    def acceptor(
        self, connection: Connection, *, ae_title: str, max_pdu_length: int, store: Sink | None
    ) -> PynetdicomLink:
        """Return our end of a connection that came in."""
        return PynetdicomLink(
            connection, MODE_ACCEPTOR, store=store, ae_title=ae_title, max_pdu_length=max_pdu_length
        )
