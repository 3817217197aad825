"""From an error to an exit code: the one map of the command line."""

from collections.abc import Iterator
from typing import Final

from fileroom.domain.errors import (
    AssociationRejected,
    Cancelled,
    ConfigurationError,
    Conflict,
    FileroomError,
    InvalidDicom,
    InvalidInput,
    LimitExceeded,
    NoAcceptedContext,
    NotFound,
    PeerError,
    PeerFailed,
    StorageError,
    Unreadable,
)

SUCCESS: Final = 0
BUG: Final = 1
USAGE: Final = 2
PARTIAL: Final = 3
REFUSED: Final = 4
UNREACHABLE: Final = 5
NOTHING_HERE: Final = 6
CANCELLED: Final = 130

_CODES: Final[tuple[tuple[type[FileroomError], int], ...]] = (
    (Cancelled, CANCELLED),
    (NotFound, NOTHING_HERE),
    (AssociationRejected, REFUSED),
    (NoAcceptedContext, REFUSED),
    (PeerFailed, REFUSED),
    (PeerError, UNREACHABLE),
    (InvalidInput, USAGE),
    (ConfigurationError, USAGE),
    (Conflict, USAGE),
    (StorageError, USAGE),
    (InvalidDicom, PARTIAL),
    (Unreadable, PARTIAL),
    (LimitExceeded, PARTIAL),
)

EXIT_STATUS: Final = """0 done; 1 a bug (traceback in the log); 2 usage or configuration; 3 partly done, what failed \
is named; 4 the peer refused; 5 the peer could not be reached or went silent; 6 nothing here by that name or UID; \
130 cancelled"""


def exit_code(error: FileroomError) -> int:
    """Return the exit code for an error that ended an operation."""
    return exit_code_of_class(type(error))


def exit_code_of_kind(kind: str, default: int) -> int:
    """Return the exit code for an error of which only the kind is known."""
    return next(
        (exit_code_of_class(error) for error in _descendants(FileroomError) if error.kind == kind), default
    )


def exit_code_of_class(error: type[FileroomError]) -> int:
    """Return the exit code for a class of errors."""
    return next((code for kind, code in _CODES if issubclass(error, kind)), BUG)


def _descendants(kind: type[FileroomError]) -> Iterator[type[FileroomError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _descendants(each)
