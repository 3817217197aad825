"""Where a program of this platform keeps its user's data."""

from pathlib import Path

import platformdirs


def default_data_dir() -> Path:
    """Return the data directory for who sets none; it is not made here."""
    return platformdirs.user_data_path("fileroom", appauthor=False)
