"""Bulk data behind the URIs of a document: files in the folder of the document, or in one that the user names.

A document is not trusted: what it refers to is a relative path, and what that leads to lies within those folders,
symbolic links resolved. Nothing is fetched from anywhere.
"""

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from fileroom.adapters.files.json_model.late_values import FileValue
from fileroom.domain.errors import InvalidJson, LimitExceeded, NotFound

_MAX_URI: Final = 4096
MAX_USES: Final = 64
"""Attributes that may have the bytes of one file: a short document does not become a file without end."""


class BulkSource:
    """Opens what a document refers to."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        """Look in these folders, in their order."""
        self._folders = folders
        self._uses: Counter[Path] = Counter()
        self.count = 0
        """Values that were found."""

    def open(self, uri: str) -> FileValue:
        """Return the value behind a URI.

        Raises:
            InvalidJson: the URI is none of a file below a folder.
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            LimitExceeded: it was used too often.
        """
        parts = _parts_of(uri)
        for folder in self._folders:
            try:
                root = folder.resolve()
                path = root.joinpath(*parts).resolve()
                is_file = path.is_file()
            except (OSError, RuntimeError, ValueError):
                continue
            if not path.is_relative_to(root):
                raise InvalidJson(f"the BulkDataURI {uri[:200]!r} leads out of {folder}")
            if is_file:
                self.count += 1
                self._uses[path] += 1
                if self._uses[path] > MAX_USES:
                    raise LimitExceeded(f"more than {MAX_USES} attributes have the BulkDataURI {uri[:200]!r}")
                return FileValue(path)
        raise NotFound(
            f"there is no file for the BulkDataURI {uri[:200]!r}",
            hint="--bulk-dir names the folder that holds the bulk data",
        )


def _parts_of(uri: str) -> tuple[str, ...]:
    """Return a relative URI (RFC 3986 4.2) as the parts of a path."""
    try:
        found = urlsplit(uri)
    except ValueError:
        raise InvalidJson(f"{uri[:200]!r} is no BulkDataURI") from None
    if found.scheme or found.netloc or found.query or found.fragment:
        raise InvalidJson(
            f"the BulkDataURI {uri[:200]!r} is not a file beside the document",
            hint="nothing is fetched: save the bulk data as files and refer to them by relative paths",
        )
    path = PurePosixPath(unquote(found.path))
    is_unsafe = any(part == ".." or set(part) & set("\\:\0") for part in path.parts)
    if len(uri) > _MAX_URI or path.is_absolute() or not path.parts or is_unsafe:
        raise InvalidJson(f"the BulkDataURI {uri[:200]!r} is not a relative path below the document")
    return path.parts
