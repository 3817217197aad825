"""Removing temporary files, and counting those that would not go."""

import os
import threading


class Cleanup:
    """Removes files without ever raising; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed = 0

    @property
    def failed(self) -> int:
        """How many files could not be removed so far."""
        return self._failed

    def remove(self, path: str | os.PathLike[str]) -> None:
        """Remove a file; one that is gone already counts as removed."""
        try:
            os.unlink(path)  # noqa: PTH108 - strings, for speed
        except FileNotFoundError:
            pass
        except OSError:
            with self._lock:
                self._failed += 1
