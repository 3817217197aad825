"""An import source whose files are in memory: what tests and demonstrations import from."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal
from fileroom.domain.errors import FileroomError, NotFound


class MemoryCandidate(Candidate):
    """Bytes under a name, or the failure that reading them meets."""

    def __init__(self, name: str, content: bytes | FileroomError, *, is_file: bool) -> None:
        self._name = name
        self._content = content
        self._is_file = is_file

    @property
    def name(self) -> str:
        """The name that it was given."""
        return self._name

    @property
    def path(self) -> Path | None:
        """The name as a path, unless it is an archive entry."""
        return Path(self._name) if self._is_file else None

    @property
    def size(self) -> int | None:
        """Bytes, where there are any."""
        return None if isinstance(self._content, FileroomError) else len(self._content)

    def open(self) -> BinaryIO:
        """Return a stream, or raise the failure that it was given."""
        if isinstance(self._content, FileroomError):
            raise self._content
        return io.BytesIO(self._content)


class MemorySource(ImportSource):
    """Yields what it was given by name, in that order: bytes, a failure met while reading, or a refusal.

    `a/b.dcm` lies below `a`, and an entry `a/b.zip!c.dcm` below `a/b.zip`. `files` may be changed between imports.
    """

    def __init__(self, files: Mapping[str, bytes | FileroomError | Refusal]) -> None:
        self.files = dict(files)

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield what is at or below `path`."""
        root = path.as_posix()
        prefixes = (root.rstrip("/") + "/", root + "!") if root != "." else ("",)
        found = [name for name in self.files if name == root or name.startswith(prefixes)]
        if not found:
            raise NotFound(f"{path} does not exist")
        return (self._candidate(name) for name in found)

    def _candidate(self, name: str) -> Candidate | Refusal:
        content = self.files[name]
        if isinstance(content, Refusal):
            return content
        return MemoryCandidate(name, content, is_file="!" not in name)
