"""What a node says that it has, asked before a retrieve so that afterwards what is missing can be named."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import DicomClient, Peer
from fileroom.application.streams import closing_stream
from fileroom.domain.errors import NoAcceptedContext, NotFound, PeerFailed
from fileroom.domain.query import DEFAULT_KEYS, Attributes, Query, QueryLevel, QueryModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The unique keys of what is to be retrieved; '' below its level."""

    study_instance_uid: str
    series_instance_uid: str = ""
    sop_instance_uid: str = ""

    @property
    def level(self) -> QueryLevel:
        """The level of what is wanted."""
        if self.sop_instance_uid:
            return QueryLevel.IMAGE
        return QueryLevel.SERIES if self.series_instance_uid else QueryLevel.STUDY

    @property
    def uid(self) -> str:
        """The most specific UID."""
        return self.sop_instance_uid or self.series_instance_uid or self.study_instance_uid


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What should come."""

    sop_instance_uids: tuple[str, ...] | None
    """None: the node does not tell."""
    sop_class_uids: tuple[str, ...] = ()
    """All SOP classes among them; () where the node does not tell."""
    modalities: tuple[str, ...] = ()
    """Of the series, as far as the node tells: a hint at the SOP classes."""
    untold: int = 0
    """Instances at least that the node has too, by its counts, and that it did not name."""


NOT_TOLD = Expected(sop_instance_uids=None)


class Expectation:
    """Asks one node, level by level."""

    def __init__(self, client: DicomClient, peer: Peer, cancel: CancelToken, *, name: str) -> None:
        """Ask `peer`, which people call `name`."""
        self._name = name
        self._client = client
        self._peer = peer
        self._cancel = cancel

    def of(self, wanted: Wanted) -> Expected:
        """Ask for the series, then for the instances of each (PS3.4 C.4.1.2.1: unique keys from the top down).

        Raises:
            NotFound: the node has no such study or series.
            PeerError: the node could not be asked.
            Cancelled: `cancel` was raised.
        """
        try:
            series = self._series(wanted)
            found = self._instances(wanted, series)
        except (NoAcceptedContext, PeerFailed) as error:
            log.info("%s does not tell what to expect: %s", self._peer.ae_title, error.message)
            return NOT_TOLD
        if not series:
            raise NotFound(
                f"{self._name} has nothing by the UID {wanted.uid}",
                hint=f"see `fileroom query --node {self._name}`",
            )
        modalities = tuple(dict.fromkeys(match.get("Modality", "") for match in series.values()))
        classes = tuple(dict.fromkeys(one.sop_class_uid for one in found.values()))
        untold = 0 if wanted.sop_instance_uid else _untold(series, found.values())
        return Expected(
            sop_instance_uids=tuple(found) or None,
            # Of what is not named the classes are not known either.
            sop_class_uids=classes if all(classes) and not untold else (),
            modalities=tuple(filter(None, modalities)),
            untold=untold if found else 0,
        )

    def _series(self, wanted: Wanted) -> dict[str, Attributes]:
        """Return what the node tells of each series, by Series Instance UID."""
        keys = {
            "StudyInstanceUID": wanted.study_instance_uid,
            "SeriesInstanceUID": wanted.series_instance_uid,
        }
        matches = self._find(QueryLevel.SERIES, keys)
        return {uid: match for match in matches if (uid := match.get("SeriesInstanceUID", ""))}

    def _instances(self, wanted: Wanted, series: Iterable[str]) -> dict[str, "_Told"]:
        """Return what was told of each SOP Instance UID."""
        found: dict[str, _Told] = {}
        for series_uid in series:
            keys = {
                "StudyInstanceUID": wanted.study_instance_uid,
                "SeriesInstanceUID": series_uid,
                "SOPInstanceUID": wanted.sop_instance_uid,
            }
            for match in self._find(QueryLevel.IMAGE, keys):
                if uid := match.get("SOPInstanceUID", ""):
                    found[uid] = _Told(series_uid, match.get("SOPClassUID", ""))
            if wanted.sop_instance_uid in found:
                break
        return found

    def _find(self, level: QueryLevel, keys: dict[str, str]) -> Iterator[Attributes]:
        """Yield the matches that are what was asked for: some nodes ignore keys and tell of everything."""
        every = dict.fromkeys(DEFAULT_KEYS[level], "") | keys
        query = Query(level=level, model=QueryModel.STUDY_ROOT, keys=every)
        with closing_stream(self._client.find(self._peer, query, self._cancel)) as matches:
            for match in matches:
                if all(match.get(key, "") in {"", value} for key, value in keys.items() if value):
                    yield match


class _Told(NamedTuple):
    """What the node tells of an instance."""

    series_instance_uid: str
    sop_class_uid: str


def _untold(series: Mapping[str, Attributes], told: Iterable[_Told]) -> int:
    """Count the instances that the series must have beyond those that were named; none has no instance at all."""
    named = Counter(one.series_instance_uid for one in told)
    return sum(
        max(0, _count(match.get("NumberOfSeriesRelatedInstances", "")) - named[uid])
        for uid, match in series.items()
    )


def _count(text: str) -> int:
    """Read an IS; where it is none, or not told, a series has one instance at least."""
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() else 1
