"""One lock for each key in use, so that work on different keys never waits for each other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class KeyedLock:
    """Hands out a lock by key; a thread may hold a key twice, and a key that nobody holds takes no memory."""

    def __init__(self) -> None:
        """Start with no key held."""
        self._guard = threading.Lock()
        self._held: dict[str, tuple[threading.RLock, int]] = {}

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Be the only one with this key for as long as the context lasts."""
        with self._guard:
            lock, users = self._held.get(key, (None, 0))
            lock = lock or threading.RLock()
            self._held[key] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                _, users = self._held[key]
                if users == 1:
                    del self._held[key]
                else:
                    self._held[key] = (lock, users - 1)
