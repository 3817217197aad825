"""The searchable record of local instances."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.records import (
    CatalogEntry,
    CatalogTotals,
    InstanceSummary,
    SeriesSummary,
    StoredObject,
    StudySummary,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """An entry that was decided upon by what the catalog told then."""

    entry: CatalogEntry
    """What is to stand in the catalog."""
    seen: StoredObject | None
    """The bytes that the catalog told of, None where it did not know the instance."""

    def holds(self, now: StoredObject | None) -> bool:
        """Tell whether the catalog still tells of the bytes that were seen."""
        if now is None or self.seen is None:
            return now is self.seen
        return (now.location, now.digest) == (self.seen.location, self.seen.digest)


class Catalog(Protocol):
    """Patients, studies, series and instances that are here.

    Instances are unique by SOP Instance UID. What a patient, study or series shows for an attribute is the first
    value that is not empty, in the order of recording, kept until its last instance is removed; counts, modalities
    and times follow every write. The header of an entry that comes back shows, above its own level, what its study
    and series show. A patient is told by what a study shows: Patient ID and its issuer, or name and birth date where
    the ID is empty. A series is told by its UID within its study. What no database takes (NUL, lone surrogates, values
    of more than 512 characters) is cleaned away. Safe to use from several threads and beside other processes.
    """

    @abstractmethod
    def record(self, entries: Sequence[CatalogEntry]) -> None:
        """Add instances, or replace those whose SOP Instance UID is here, all or none.

        Durable when it returns (as the backend is configured): it survives the death of the process. A replaced
        instance keeps its count of duplicates, and moves where its study or series changed.

        Raises:
            StorageFull: no room.
            StorageError: it could not be written.
        """

    @abstractmethod
    def exchange(self, changes: Sequence[Change]) -> frozenset[str]:
        """Record the entries whose instance is still as it was seen, in one step; return the UIDs of the others.

        Others may have written between the look and the change, in this process or another: their word stands, and
        the caller looks again. Bytes are the same where location and digest are. Of several changes of one
        instance, each is held against what the one before it left. Otherwise as `record`.

        Raises:
            StorageFull: no room.
            StorageError: it could not be written; nothing was.
        """

    @abstractmethod
    def count_duplicates(self, sop_instance_uids: Iterable[str]) -> None:
        """Note that another copy of each instance was offered; a UID may occur more than once, unknown ones pass.

        Raises:
            StorageError: it could not be written.
        """

    @abstractmethod
    def remove(self, sop_instance_uids: Iterable[str]) -> int:
        """Forget instances, and the series, studies and patients that become empty; returns how many were here.

        Raises:
            StorageError: it could not be written.
        """

    @abstractmethod
    def instance(self, sop_instance_uid: str) -> CatalogEntry | None:
        """Return one instance, or None."""

    @abstractmethod
    def stored(self, sop_instance_uids: Iterable[str]) -> Mapping[str, StoredObject]:
        """Return where the bytes of these instances are, by the UIDs as they were asked for; unknown ones are left out.

        Any number of UIDs may be asked for.
        """

    @abstractmethod
    def present(self, sop_instance_uids: Iterable[str]) -> frozenset[str]:
        """Return which of these instances are here; any number of UIDs may be asked for."""

    @abstractmethod
    def select(self, selection: Selection) -> Iterator[CatalogEntry]:
        """Yield the instances that unique keys name, ordered by study, series and instance number.

        Keys are compared exactly; an empty key does not restrict. Rows are fetched in portions, so that a study of
        any size takes flat memory.
        """

    @abstractmethod
    def find(self, query: Query) -> Iterator[Attributes]:
        """Answer C-FIND keys (PS3.4 C.2.2.2), one mapping a match, streamed.

        Each answer holds every requested keyword, '' where there is no value or the attribute is not catalogued,
        and the computed ones: ModalitiesInStudy (also as a matching key), SOPClassesInStudy,
        NumberOfPatientRelatedStudies/Series/Instances, NumberOfStudyRelatedSeries/Instances,
        NumberOfSeriesRelatedInstances. The unique keys of the level and of those above are always in the answer.
        Keys of levels above the query's restrict too; keys of levels below, and keys that are not catalogued, do not.

        Raises:
            InvalidInput: a matching key is not possible for its attribute.
        """

    @abstractmethod
    def studies(self, criteria: LocalFilter, page: Page) -> Sequence[StudySummary]:
        """Return a page of studies, latest study date first, then by Study Instance UID.

        Raises:
            InvalidInput: a condition is not possible for its attribute.
        """

    @abstractmethod
    def count_studies(self, criteria: LocalFilter) -> int:
        """Count the studies that `studies` would page through."""

    @abstractmethod
    def series(self, study_instance_uid: str, criteria: LocalFilter, page: Page) -> Sequence[SeriesSummary]:
        """Return a page of a study's series, by series number (absent ones last), then by UID."""

    @abstractmethod
    def count_series(self, study_instance_uid: str, criteria: LocalFilter) -> int:
        """Count the series that `series` would page through."""

    @abstractmethod
    def instances(
        self, series_instance_uid: str, criteria: LocalFilter, page: Page
    ) -> Sequence[InstanceSummary]:
        """Return a page of a series' instances, by instance number (absent ones last), then by UID."""

    @abstractmethod
    def count_instances(self, series_instance_uid: str, criteria: LocalFilter) -> int:
        """Count the instances that `instances` would page through."""

    @abstractmethod
    def totals(self) -> CatalogTotals:
        """Return how much is here."""

    @abstractmethod
    def revision(self) -> str:
        """Return a word that is another one once something was recorded or removed, by this process or another.

        Quick, whatever the catalog holds. The word may change without that, and means nothing to another catalog.

        Raises:
            StorageError: the catalog cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back connections; the catalog is not used afterwards."""
