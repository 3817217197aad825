"""Links over our own protocol core."""

from fileroom.adapters.dicom._services.connection import Connection
from fileroom.adapters.dicom._services.link import UpperLayer
from fileroom.adapters.dicom._services.messages import Sink
from fileroom.adapters.dicom.native.core.association import Role
from fileroom.adapters.dicom.native.link import NativeLink


class NativeUpperLayer(UpperLayer):
    """Makes `NativeLink`s."""

    def requestor(self, connection: Connection, *, store: Sink | None) -> NativeLink:
        """Return our end of a connection that we made."""
        return NativeLink(connection, Role.REQUESTOR, store=store)

    def acceptor(
        self, connection: Connection, *, ae_title: str, max_pdu_length: int, store: Sink | None
    ) -> NativeLink:
        """Return our end of a connection that came in."""
        return NativeLink(connection, Role.ACCEPTOR, store=store, max_pdu_length=max_pdu_length)
