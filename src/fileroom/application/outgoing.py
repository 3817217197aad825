"""From what is here to what can be sent, and which presentation contexts that takes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.dicom_client import ProposedContext
from fileroom.application.ports.object_store import ObjectContent, ObjectStore, OutgoingObject
from fileroom.application.ports.transcoder import Transcoder
from fileroom.domain.errors import NotFound
from fileroom.domain.query import Selection
from fileroom.domain.records import CatalogEntry
from fileroom.domain.transfer import Transcoding
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    transfer_syntax,
)

MAX_CONTEXTS = 128
"""Presentation contexts that one association holds: odd IDs from 1 to 255 (PS3.8 9.3.2.2)."""


class _Gone(ObjectContent):
    """An object whose location leads nowhere: it fails when its turn comes, and the others go on."""

    path = None

    def __init__(self, error: NotFound, size: int) -> None:
        self._error = error
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def open(self) -> BinaryIO:
        raise NotFound(self._error.message, hint=self._error.hint)


def outgoing(entry: CatalogEntry, store: ObjectStore) -> OutgoingObject:
    """Return a catalogued instance as something to send; that it is gone shows when it is opened."""
    content: ObjectContent
    try:
        content = store.content(entry.stored.location)
    except NotFound as error:
        content = _Gone(error, entry.stored.size)
    return OutgoingObject(
        sop_class_uid=entry.record.sop_class_uid,
        sop_instance_uid=entry.record.sop_instance_uid,
        study_instance_uid=entry.record.study_instance_uid,
        transfer_syntax_uid=entry.record.transfer_syntax_uid,
        data_offset=entry.stored.data_offset,
        content=content,
        name=entry.stored.location,
    )


class Holdings:
    """What is here, as something to send; catalog and store are opened when something of it is asked for."""

    def __init__(self, *, catalog: Callable[[], Catalog], store: Callable[[], ObjectStore]) -> None:
        """Use what these return."""
        self._catalog = catalog
        self._store = store

    def select(self, selection: Selection) -> Iterator[OutgoingObject]:
        """Yield what a selection means, in the catalog's order."""
        store = self._store()
        for entry in self._catalog().select(selection):
            yield outgoing(entry, store)


@dataclass(frozen=True, kw_only=True, slots=True)
class SyntaxChoice:
    """In which transfer syntaxes an object may go, best first.

    Its own, unless one is preferred; then what every peer takes, to which it is converted when the peer takes nothing
    else. Where objects are never to be converted, its own alone.
    """

    transcoder: Transcoder
    preferred: str = ""
    """UID of the transfer syntax to convert to where the peer takes it; '' sends objects as they are."""
    transcoding: Transcoding = Transcoding.FALLBACK

    def candidates(self, own: str) -> tuple[str, ...]:
        """Return the transfer syntaxes for an object that has this one.

        Whether a compressed object can be unpacked shows when it must be: codecs are not looked for before.
        """
        if self.transcoding is Transcoding.NEVER:
            return (own,)
        wanted = [own]
        if self.preferred and self.preferred != own and self.transcoder.can_convert(own, self.preferred):
            wanted.insert(0, self.preferred)
        if transfer_syntax(own).is_known:
            # Every peer must take implicit VR little endian (PS3.5 10.1).
            wanted += [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN]
        return tuple(dict.fromkeys(wanted))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipment:
    """Objects that one association can carry."""

    contexts: tuple[ProposedContext, ...]
    objects: tuple[OutgoingObject, ...]


def plan_shipments(objects: Iterable[OutgoingObject], syntaxes: SyntaxChoice) -> list[Shipment]:
    """Group objects by study, and split where more than 128 contexts are needed.

    Each pair of SOP class and transfer syntax gets a context of its own, so that the peer accepts or refuses each by
    itself.
    """
    by_study: dict[str, list[OutgoingObject]] = {}
    for each in objects:
        by_study.setdefault(each.study_instance_uid, []).append(each)
    shipments: list[Shipment] = []
    contexts: dict[ProposedContext, None] = {}
    loaded: list[OutgoingObject] = []
    for each in (each for study in by_study.values() for each in study):
        needed = [
            ProposedContext(sop_class_uid=each.sop_class_uid, transfer_syntax_uids=(syntax,))
            for syntax in syntaxes.candidates(each.transfer_syntax_uid)
        ]
        if len(contexts.keys() | set(needed)) > MAX_CONTEXTS:
            shipments.append(_shipment(contexts, loaded))
            contexts, loaded = {}, []
        contexts.update(dict.fromkeys(needed))
        loaded.append(each)
    if loaded:
        shipments.append(_shipment(contexts, loaded))
    return shipments


def _shipment(contexts: dict[ProposedContext, None], objects: Sequence[OutgoingObject]) -> Shipment:
    return Shipment(contexts=tuple(contexts), objects=tuple(objects))
