"""One lock for each key in use, so that work on different keys never waits for each other."""

import threading
from types import TracebackType


class KeyedLock:
    """Hands out a lock by key; a thread may hold a key twice, and a key that nobody holds takes no memory."""

    def __init__(self) -> None:
        """Start with no key held."""
        self._guard = threading.Lock()
        self._held: dict[str, _Held] = {}

    def hold(self, key: str) -> "_Holding":
        """Be the only one with this key for as long as the context lasts."""
        return _Holding(self._guard, self._held, key)


class _Held:
    """The lock of one key, and how many have it or wait for it."""

    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.users = 0


class _Holding:
    """A context; a class and no generator, since every object that is filed passes through it."""

    __slots__ = ("_guard", "_held", "_key", "_mine")

    def __init__(self, guard: threading.Lock, held: dict[str, _Held], key: str) -> None:
        self._guard = guard
        self._held = held
        self._key = key

    def __enter__(self) -> None:
        with self._guard:
            mine = self._held.get(self._key)
            if mine is None:
                mine = self._held[self._key] = _Held()
            mine.users += 1
        self._mine = mine
        try:
            mine.lock.acquire()
        except BaseException:  # interrupted while it waited
            self._leave()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._mine.lock.release()
        self._leave()

    def _leave(self) -> None:
        with self._guard:
            self._mine.users -= 1
            if not self._mine.users:
                del self._held[self._key]
