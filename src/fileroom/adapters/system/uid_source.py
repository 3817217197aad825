"""UIDs from random numbers."""

import uuid

from fileroom.application.ports.uid_source import UidSource
from fileroom.domain.uid import uid_from_random


class RandomUidSource(UidSource):
    """Makes UIDs from random UUIDs; safe to use from any thread and process."""

    def new(self) -> str:
        """Return a fresh UID (PS3.5 B.2), valid by PS3.5 9.1."""
        return uid_from_random(uuid.uuid4().int)
