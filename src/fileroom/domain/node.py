"""Remote nodes: a name that people use for an AE title at a host and port."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

_NAME = re.compile(r"[^\s/\\:=\"'][^\s/\\:=\"']{0,63}\Z")
_HOST_FORBIDDEN = re.compile(r"[\s/\\@?#]")

DICOM_PORT: Final = 11112
"""The registered port for DICOM (PS3.8 9.1.1); 104 needs privileges."""


class RetrieveCapability(StrEnum):
    """How a node was seen to hand out objects."""

    UNKNOWN = "unknown"
    MOVE = "move"
    GET = "get"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A remote DICOM node.

    Raises:
        InvalidInput: a field cannot be used; the message names it.
    """

    name: str
    """What people type: 1 to 64 printable characters without blanks, slashes, colons, equal signs or quotes."""
    ae_title: AeTitle
    """Called AE title."""
    host: str
    """Host name or IP address (v4 or v6, without brackets)."""
    port: int
    """TCP port, 1 to 65535."""
    move_destination: AeTitle | None = None
    """The AE title under which this peer knows us, where it differs from our own."""
    notes: str = ""
    """Free text."""
    character_set: str = ""
    """Specific Character Set (0008,0005) to assume where this peer sends none, e.g. `ISO_IR 100`."""
    retrieve: RetrieveCapability = RetrieveCapability.UNKNOWN
    """What worked last; `retrieve --via auto` starts with it."""

    def __post_init__(self) -> None:
        """Check every field."""
        if not _NAME.match(self.name) or not self.name.isprintable():
            raise InvalidInput(
                f"{self.name!r} cannot be a node's name",
                hint="use 1 to 64 characters without blanks, slashes, colons, equal signs or quotes",
            )
        object.__setattr__(self, "ae_title", AeTitle(self.ae_title))
        if self.move_destination is not None:
            object.__setattr__(self, "move_destination", AeTitle(self.move_destination))
        object.__setattr__(self, "host", check_host(self.host))
        check_port(self.port)

    @property
    def key(self) -> str:
        """The name as it is compared: names are unique regardless of case."""
        return node_key(self.name)

    @property
    def address(self) -> str:
        """`host:port`, with brackets around an IPv6 address."""
        return format_address(self.host, self.port)


def node_key(name: str) -> str:
    """Return the form under which a node's name is compared."""
    return name.strip().casefold()


def check_host(text: str) -> str:
    """Return a host name or address, without the brackets of IPv6.

    Raises:
        InvalidInput: it is empty or cannot be a host.
    """
    host = text.strip()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    if not host or len(host) > 253 or _HOST_FORBIDDEN.search(host) or not host.isprintable():
        raise InvalidInput(f"{text!r} cannot be a host", hint="use a host name or an IP address")
    return host


def check_port(port: int, *, allow_any: bool = False) -> int:
    """Return `port` where it is a TCP port (`allow_any`: 0 too, which asks the system for a free one).

    Raises:
        InvalidInput: it is not.
    """
    if not (0 if allow_any else 1) <= port <= 65535:
        raise InvalidInput(f"{port} is not a TCP port", hint="use a number from 1 to 65535")
    return port


def format_address(host: str, port: int) -> str:
    """Write `host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_address(text: str) -> tuple[str, int]:
    """Read `host:port`, `[v6]:port`.

    Raises:
        InvalidInput: it has no port, or one of the two is unusable.
    """
    host, separator, port = text.strip().rpartition(":")
    bare_v6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not separator or not host or bare_v6 or not port.isascii() or not port.isdigit():
        raise InvalidInput(f"{text!r} is not an address", hint="use HOST:PORT, or [IPV6]:PORT")
    return check_host(host), check_port(int(port))
