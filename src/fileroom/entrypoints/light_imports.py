"""Importing a library without what it loads only to see whether it is there."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _NotInstalled(MetaPathFinder):
    """Says of some modules that they are not installed."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: object) -> None:
        """Leave all others to those who find them."""
        if fullname in self._names:
            raise ModuleNotFoundError(f"{fullname} is not wanted here", name=fullname)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let modules that are not loaded yet look as if they were not installed, for as long as the context lasts."""
    finder = _NotInstalled(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
