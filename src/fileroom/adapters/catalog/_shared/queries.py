"""What a C-FIND query asks of a catalog: the conditions that restrict, and the keywords of each answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fileroom.adapters.catalog._shared.cleaning import clean_keys
from fileroom.domain.attributes import BY_KEYWORD, Attribute
from fileroom.domain.matching import Condition, compile_keys, parse_key
from fileroom.domain.query import Query, QueryLevel, QueryModel

COMPUTED: Final[Mapping[str, QueryLevel]] = {
    "NumberOfPatientRelatedStudies": QueryLevel.PATIENT,
    "NumberOfPatientRelatedSeries": QueryLevel.PATIENT,
    "NumberOfPatientRelatedInstances": QueryLevel.PATIENT,
    "ModalitiesInStudy": QueryLevel.STUDY,
    "SOPClassesInStudy": QueryLevel.STUDY,
    "NumberOfStudyRelatedSeries": QueryLevel.STUDY,
    "NumberOfStudyRelatedInstances": QueryLevel.STUDY,
    "NumberOfSeriesRelatedInstances": QueryLevel.SERIES,
}
"""Keywords that are computed (PS3.4 C.3.4), and the level of the entity that they describe."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the catalogs answer it."""

    level: QueryLevel
    """What one answer describes."""
    conditions: tuple[tuple[Attribute, Condition], ...]
    """Conditions on catalogued attributes of the level and of those above."""
    modalities: Condition | None
    """Condition that at least one series of the study meets with its modality."""
    catalogued: tuple[Attribute, ...]
    """Attributes with a value in the answers."""
    computed: tuple[str, ...]
    """Computed keywords with a value in the answers."""
    blank: dict[str, str]
    """An answer without values: every keyword that belongs into it."""


def read_query(query: Query) -> Question:
    """Tell conditions from return keys.

    Raises:
        InvalidInput: a matching key is not possible for its attribute.
    """
    depth = query.level.depth
    top = QueryLevel.PATIENT if query.model is QueryModel.PATIENT_ROOT else QueryLevel.STUDY
    keys = clean_keys(query.keys)
    unique = [level.unique_key for level in QueryLevel if top.depth <= level.depth <= depth]
    blank = dict.fromkeys([*unique, *keys], "")
    catalogued = [
        attribute
        for keyword in blank
        if (attribute := BY_KEYWORD.get(keyword)) is not None and attribute.level.depth <= depth
    ]
    computed = [key for key in blank if (level := COMPUTED.get(key)) is not None and level.depth <= depth]
    restricting = ((attribute, keys.get(attribute.keyword, "")) for attribute in catalogued)
    in_study = keys["ModalitiesInStudy"] if "ModalitiesInStudy" in computed else ""
    return Question(
        level=query.level,
        conditions=tuple(compile_keys(restricting)),
        modalities=parse_key(BY_KEYWORD["Modality"], in_study),
        catalogued=tuple(catalogued),
        computed=tuple(computed),
        blank=blank,
    )
