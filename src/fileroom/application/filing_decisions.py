"""What an object becomes beside the one that is here, decided for all who file."""

from dataclasses import dataclass

from fileroom.application.ports.object_store import ObjectStore
from fileroom.domain.errors import FileroomError, NotFound, StorageError, Unreadable
from fileroom.domain.filing import DuplicatePolicy, FilingOutcome, resolve_conflict
from fileroom.domain.records import CatalogEntry, InstanceRecord, StoredObject

LOOKS = 20
"""How often an instance is looked at again that others change meanwhile."""
KEEPS_OLD = frozenset({FilingOutcome.DUPLICATE, FilingOutcome.IGNORED, FilingOutcome.REJECTED})
"""Outcomes of which the new bytes do not stay."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """What became of one object."""

    outcome: FilingOutcome
    entry: CatalogEntry
    """The entry that stands in the catalog (or is on its way there): the new one, or the one that was kept."""


def compare(
    existing: CatalogEntry | None, record: InstanceRecord, digest: str, policy: DuplicatePolicy
) -> FilingOutcome:
    """Decide what an object becomes beside the one that is here."""
    if existing is None:
        return FilingOutcome.STORED
    same_syntax = existing.record.transfer_syntax_uid == record.transfer_syntax_uid
    if existing.stored.digest == digest and same_syntax:
        return FilingOutcome.DUPLICATE
    return resolve_conflict(policy)


def is_whole(store: ObjectStore, entry: CatalogEntry) -> bool:
    """Tell whether the bytes of an entry are there, as far as their number tells.

    Raises:
        StorageError: there are bytes of ours, which cannot be read.
    """
    try:
        content = store.content(entry.stored.location)
        content.open().close()
        return content.size == entry.stored.size
    except NotFound:
        return False
    except Unreadable as error:
        if entry.stored.in_place:
            return False
        raise StorageError(error.message, hint=error.hint) from error


def look_again(store: ObjectStore, policy: DuplicatePolicy, mine: Filed, known: CatalogEntry | None) -> Filed:
    """Return what an object of ours becomes beside the entry that others have made since; `known` where that stays.

    Raises:
        StorageError: there are bytes, which cannot be read.
    """
    entry = mine.entry
    if known is None or not is_whole(store, known):
        return Filed(outcome=FilingOutcome.STORED, entry=entry)
    if known.stored.location == entry.stored.location:
        # Another found these bytes and has taken them in. A file in place may have changed since.
        if _is_same(store, known.stored, entry.stored):
            return Filed(outcome=mine.outcome, entry=known)
        return Filed(outcome=FilingOutcome.REPLACED, entry=entry)
    if not is_whole(store, entry):
        # Another has taken these bytes in, and then replaced them.
        return Filed(outcome=mine.outcome, entry=known)
    outcome = compare(known, entry.record, entry.stored.digest, policy)
    return Filed(outcome=outcome, entry=known if outcome in KEEPS_OLD else entry)


def _is_same(store: ObjectStore, known: StoredObject, mine: StoredObject) -> bool:
    if known.digest == mine.digest:
        return True
    try:
        return store.describe(known.location) == known
    except FileroomError:
        return False
