"""The import source that people meet: whatever a path leads to."""

from collections.abc import Iterator
from pathlib import Path

from fileroom.adapters.sources.directory import DirectorySource
from fileroom.adapters.sources.single_file import check_exists
from fileroom.adapters.sources.zip_archive import file_finds
from fileroom.application.ports.import_source import Candidate, ImportSource, Refusal
from fileroom.domain.limits import ImportLimits


class AutoSource(ImportSource):
    """Takes a folder, an archive or a file for what it is, by content and not by name."""

    def __init__(self, limits: ImportLimits | None = None) -> None:
        self._limits = limits or ImportLimits()

    def candidates(self, path: Path) -> Iterator[Candidate | Refusal]:
        """Yield what is found at `path`; the path itself may be a symbolic link."""
        check_exists(path)
        try:
            is_folder = path.is_dir()
        except OSError:
            is_folder = False  # opening it tells what is wrong
        if is_folder:
            return DirectorySource(self._limits).candidates(path)
        return file_finds(path, self._limits, follow=True)
