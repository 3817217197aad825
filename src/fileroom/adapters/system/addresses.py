"""Finds the addresses of hosts."""

import socket


def addresses_of(host: str) -> tuple[str, ...]:
    """Return all IP addresses of a host, without zones; none where the name does not resolve."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))
