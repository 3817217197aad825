"""Every failure that a caller can act on; adapters translate their libraries' exceptions into these.

What is not here is a bug and keeps its traceback. Messages say what happened and to what; `hint` says what
to do next. `kind` is a stable lower_snake word for scripts.
"""

from typing import ClassVar


class FileroomError(Exception):
    """Root of all failures that fileroom itself describes."""

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by state, so that keyword-only details survive a process boundary."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(cls: type[FileroomError], args: tuple[object, ...], state: dict[str, object]) -> FileroomError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInput(FileroomError):
    """What the caller typed or passed cannot be used as it is."""

    kind = "invalid_input"


class ConfigurationError(FileroomError):
    """The configuration file, an environment variable or an option holds something unusable."""

    kind = "configuration"


class NotFound(FileroomError):
    """Nothing here (or at the peer) by that name or UID."""

    kind = "not_found"


class Conflict(FileroomError):
    """It clashes with what is already there."""

    kind = "conflict"


class InvalidDicom(FileroomError):
    """These bytes are not a DICOM object that can be filed."""

    kind = "invalid_dicom"


class NotDicom(InvalidDicom):
    """These bytes never were a DICOM object (a text, a picture, a DICOMDIR), rather than a damaged one."""

    kind = "not_dicom"


class InvalidJson(InvalidDicom):
    """This document is not in the DICOM JSON Model (PS3.18 annex F), or no file can be made of it."""

    kind = "invalid_json"


class Unreadable(FileroomError):
    """A file or an archive entry could not be read (permission, I/O, encryption, damage)."""

    kind = "unreadable"


class StorageError(FileroomError):
    """The object store or the catalog could not write."""

    kind = "storage"


class StorageFull(StorageError):
    """The disk or the quota is full."""

    kind = "storage_full"


class LimitExceeded(FileroomError):
    """A configured limit was reached before the work was done."""

    kind = "limit_exceeded"


class Cancelled(FileroomError):
    """The user asked to stop; the work stopped at a safe point."""

    kind = "cancelled"


class PeerError(FileroomError):
    """Root of what goes wrong between us and a remote node."""

    kind = "peer"


class PeerUnreachable(PeerError):
    """No connection could be made: refused, no route, unknown host, or TLS failed."""

    kind = "peer_unreachable"


class PeerSilent(PeerError):
    """The peer stayed silent longer than the time-out for silence."""

    kind = "peer_silent"


class PeerDropped(PeerError):
    """The peer closed or aborted the association in the middle."""

    kind = "peer_dropped"


class PeerBrokeProtocol(PeerError):
    """The peer sent something that PS3.7 or PS3.8 does not allow here."""

    kind = "protocol_violation"


class AssociationRejected(PeerError):
    """The peer answered A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    kind = "association_rejected"

    def __init__(self, message: str, *, result: int, source: int, reason: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.result = result
        self.source = source
        self.reason = reason


class NoAcceptedContext(PeerError):
    """The peer accepted the association but not the presentation context that is needed (PS3.8 9.3.3.2)."""

    kind = "no_accepted_context"


class PeerFailed(PeerError):
    """The peer answered a DIMSE request with a failure status (PS3.7 Annex C)."""

    kind = "peer_failed"

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class QueryCutShort(PeerFailed):
    """The peer ended a query with a warning (B001H: it limits its answers); the matches before are good."""

    kind = "query_cut_short"


class UnknownMoveDestination(PeerFailed):
    """The peer does not know the AE title that it should send to (status A801H, PS3.4 C.4.2.1.5)."""

    kind = "unknown_move_destination"
