"""How to fetch from a node."""

from enum import StrEnum


class Via(StrEnum):
    """By which service to retrieve."""

    AUTO = "auto"
    """What worked with this node before; else C-MOVE, and C-GET where the node cannot."""
    MOVE = "move"
    GET = "get"
