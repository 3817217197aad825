"""Presentation contexts as both sides come to know them, and what an acceptor says it can do (PS3.8 7.1.1.13)."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

MAX_CONTEXTS: Final = 128
"""Identifiers are odd numbers from 1 to 255 (PS3.8 9.3.2.2)."""
USUAL_PDU_LENGTH: Final = 16384
"""What is sent at most to a peer that does not say what it takes, or says nonsense."""


IDENTIFIER_SYNTAXES: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)
"""Transfer syntaxes in which identifiers can be read and written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Support:
    """What an acceptor can do with a SOP class that is proposed."""

    transfer_syntaxes: Collection[str] = ()
    """In which it is taken; none means that the class is not served at all."""
    as_scp: bool = True
    """Whether we serve it, the requestor being the user, as is usual."""
    as_scu: bool = False
    """Whether we use it, the requestor being the provider, as C-GET needs for its sub-operations."""


Policy = Callable[[str], Support]
"""Tells for an abstract syntax what we can do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AgreedContext:
    """A presentation context on which messages may be sent."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool
    """Whether the requestor of the association may use the service, and its acceptor provides it."""
    requestor_is_scp: bool
    """Whether the requestor of the association may provide the service, and its acceptor uses it."""
