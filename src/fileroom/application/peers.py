"""From what a person names to a peer on the wire."""

from dataclasses import replace

from fileroom.application.ports.dicom_client import Peer
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import FileroomError, NotFound
from fileroom.domain.node import Node, parse_address
from fileroom.domain.suggestions import nearest

ANY_SCP = AeTitle("ANY-SCP")
"""Called AE title for an address that was given without one."""


def require_node(nodes: NodeRepository, name: str) -> Node:
    """Return the node by that name.

    Raises:
        NotFound: there is none; the nearest names are told.
    """
    node = nodes.get(name)
    if node is None:
        names = [each.name for each in nodes.list()]
        hint = nearest(name, names) or (
            "see `fileroom node list`" if names else "register it with `fileroom node add`"
        )
        if "." in name:
            hint += "; an address needs its port: HOST:PORT"
        raise NotFound(f"there is no node called {name!r}", hint=hint)
    return node


def peer_of(node: Node) -> Peer:
    """Return a node as the wire needs it."""
    return Peer(ae_title=node.ae_title, host=node.host, port=node.port, character_set=node.character_set)


def find_peer(nodes: NodeRepository, target: str, called_ae_title: AeTitle | None) -> tuple[Peer, str]:
    """Return the peer that `target` (a node's name or HOST:PORT) means, and how to call it before people.

    Raises:
        NotFound: it is neither.
    """
    if ":" in target:  # which no node's name holds
        try:
            host, port = parse_address(target)
        except FileroomError as error:
            raise NotFound(f"{target!r} is neither a node nor HOST:PORT", hint=error.hint) from None
        return Peer(ae_title=called_ae_title or ANY_SCP, host=host, port=port), target
    node = require_node(nodes, target)
    peer = peer_of(node)
    return replace(peer, ae_title=called_ae_title or peer.ae_title), node.name
