"""The two kinds of mistakes: the peer's, which end in an A-ABORT, and ours, which are bugs of the caller."""

from enum import IntEnum


class AbortSource(IntEnum):
    """Who aborts (PS3.8 9.3.8)."""

    SERVICE_USER = 0
    SERVICE_PROVIDER = 2


class AbortReason(IntEnum):
    """Why the service provider aborts (PS3.8 9.3.8); 0 where the service user does."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


class ProtocolError(Exception):
    """The peer sent what PS3.7 or PS3.8 does not allow; the text completes "it sent …"."""

    def __init__(
        self,
        message: str,
        reason: AbortReason = AbortReason.INVALID_PARAMETER,
        source: AbortSource = AbortSource.SERVICE_PROVIDER,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        """Of the A-ABORT that answers it."""
        self.source = source
        """Of the A-ABORT that answers it."""


class MessageError(ProtocolError):
    """The peer's PDUs are right, but not the DIMSE messages in them: the user of the upper layer aborts."""

    def __init__(self, message: str) -> None:
        super().__init__(message, AbortReason.NOT_SPECIFIED, AbortSource.SERVICE_USER)


class LocalError(Exception):
    """Our side asked for what cannot be sent, or not now."""
