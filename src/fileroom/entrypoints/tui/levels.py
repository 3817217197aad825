"""What each level of the hierarchy is called: in sentences, and as a key of the language."""

from collections.abc import Mapping
from typing import Final

from fileroom.domain.query import QueryLevel
from fileroom.entrypoints.tui.language import Key, Kind

NOUNS: Final = {
    QueryLevel.PATIENT: ("patient", "patients"),
    QueryLevel.STUDY: ("study", "studies"),
    QueryLevel.SERIES: ("series", "series"),
    QueryLevel.IMAGE: ("instance", "instances"),
}
UID_KEYS: Final = {
    QueryLevel.STUDY: "study_instance_uid",
    QueryLevel.SERIES: "series_instance_uid",
    QueryLevel.IMAGE: "sop_instance_uid",
}
"""Keys of UIDs, and fields of summaries of what is here."""
UID_KINDS: Final = {
    QueryLevel.STUDY: Kind.STUDY_UID,
    QueryLevel.SERIES: Kind.SERIES_UID,
    QueryLevel.IMAGE: Kind.INSTANCE_UID,
}


def uid_key(level: QueryLevel, says: str, *, required: bool = False, several: bool = False) -> Key:
    """Return the key that takes the UID of a study, series or instance."""
    return Key(
        name=UID_KEYS[level],
        kind=UID_KINDS[level],
        says=says,
        aliases=(level.entity, f"{level.entity}_uid"),
        required=required,
        several=several,
    )


def uids_of(value: object) -> dict[QueryLevel, str]:
    """Return the UIDs of a match (attributes) or of a summary of what is here, as far as it has them."""
    found: dict[QueryLevel, str] = {}
    for level, key in UID_KEYS.items():
        uid = value.get(level.unique_key) if isinstance(value, Mapping) else getattr(value, key, None)
        if isinstance(uid, str) and uid:
            found[level] = uid
    return found
