"""Limits on what may come in; None means no limit. Sizes are bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportLimits:
    """What the sources of an import keep to."""

    max_file_import_bytes: int | None = 4 << 30
    """Largest single file."""
    max_import_directory_depth: int | None = 64
    """Folders below the one that was named."""
    max_import_path_length: int | None = 4096
    """Characters of a path, or of a name inside an archive."""
    max_zip_entry_count: int | None = 1_000_000
    """Entries of one archive."""
    max_zip_entry_bytes: int | None = 4 << 30
    """Bytes that one entry may unpack to."""
    max_zip_total_bytes: int | None = 64 << 30
    """Bytes that one archive may unpack to."""
