"""fileroom within the test's own process, where a test makes dozens of requests and a process for each is too slow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fileroom.adapters.system.progress import NullProgress
from fileroom.application.use_cases.retrieve_objects import RetrieveRequest, RetrieveResult, Via
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.node import Node
from fileroom.entrypoints.configuration import load_settings
from fileroom.entrypoints.container import Container, close_container, open_container
from tests.interop.holdings import Held, held_in
from tests.interop.peers import Peer

NODE = "peer"


class Room:
    """The use cases over one data directory."""

    def __init__(self, container: Container, data_dir: Path) -> None:
        """Work with this container."""
        self._container = container
        self._data_dir = data_dir

    def know(self, peer: Peer) -> None:
        """Register a peer as the node `NODE`, or change where that is."""
        nodes = self._container.manage_nodes()
        if any(node.name == NODE for node in nodes.list()):
            nodes.delete(NODE)
        nodes.add(Node(name=NODE, ae_title=AeTitle(peer.ae_title), host=peer.host, port=peer.port))

    def retrieve(self, study_instance_uid: str, via: Via) -> RetrieveResult:
        """Fetch a study from the node."""
        request = RetrieveRequest(node=NODE, study_instance_uid=study_instance_uid, via=via)
        return self._container.retrieve_objects().execute(
            request, progress=NullProgress(), cancel=self._container.cancel_token()
        )

    def held(self) -> dict[str, Held]:
        """What is filed here."""
        return held_in((self._data_dir / "store").rglob("*.dcm"))


@contextmanager
def open_room(data_dir: Path, *, port: int) -> Iterator[Room]:
    """Open a data directory.

    Args:
        data_dir: Where everything is.
        port: Where its listener is, for what C-MOVE sends.
    """
    overrides = {
        "storage_scp.port": port,
        "objects.durability": "relaxed",
        "network.settle_timeout": 5.0,
    }
    settings = load_settings(environment={}, overrides=overrides)
    container = open_container(settings, data_dir)
    try:
        yield Room(container, data_dir)
    finally:
        close_container(container)
