"""Who may open an association with us."""

import ipaddress
from dataclasses import dataclass
from typing import Final

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput

_MAPPED_PREFIX: Final = 96
"""Bits before the IPv4 address in `::ffff:a.b.c.d` (RFC 4291 2.5.5.2)."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_network(text: str) -> Network:
    """Read an address or a CIDR network, v4 or v6; one of IPv4 mapped into IPv6 (`::ffff:192.0.2.0/120`) is IPv4.

    Raises:
        InvalidInput: it is neither.
    """
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
        mapped = getattr(network.network_address, "ipv4_mapped", None)
        if mapped is not None and network.prefixlen >= _MAPPED_PREFIX:
            return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_PREFIX))
        return network
    except ValueError:
        raise InvalidInput(
            f"{text!r} is neither an address nor a network",
            hint="use 192.0.2.7, 192.0.2.0/24, 2001:db8::/32 …",
        ) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessPolicy:
    """Allowlists; an empty one is skipped, and where both are set both must be met."""

    calling_ae_titles: frozenset[AeTitle] = frozenset()
    """AE titles that may call."""
    peers: tuple[Network, ...] = ()
    """Addresses that may call."""
    called_ae_title: AeTitle | None = None
    """The only title that may be called; None takes any."""

    @property
    def restricts_callers(self) -> bool:
        """Whether any allowlist is set."""
        return bool(self.calling_ae_titles or self.peers)

    def allows_address(self, address: str) -> bool:
        """Tell whether an IP address is on the list; an IPv4 address that arrives mapped into IPv6 is IPv4."""
        if not self.peers:
            return True
        try:
            found = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        return any(found.version == network.version and found in network for network in self.peers)

    def allows_calling(self, ae_title: str) -> bool:
        """Tell whether a calling AE title is on the list."""
        return not self.calling_ae_titles or ae_title.strip(" ") in self.calling_ae_titles

    def allows_called(self, ae_title: str) -> bool:
        """Tell whether we may be called by this title."""
        return self.called_ae_title is None or ae_title.strip(" ") == self.called_ae_title
