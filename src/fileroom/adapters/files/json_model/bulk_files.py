"""Bulk data in files of their own, beside a JSON document that refers to them (PS3.18 F.2.6)."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from fileroom.adapters.files.json_model.writing import BulkSink
from fileroom.adapters.files.whole_file import write_whole


class BulkFiles(BulkSink):
    """Writes the large values of one document into a folder below the one for bulk data.

    That folder is named for the document, so that no two documents share it. URIs are relative to the document's folder
    where bulk data lies below that, and to the folder for bulk data otherwise.
    """

    def __init__(self, document: Path, bulk_dir: Path, threshold: int) -> None:
        """Take values of `threshold` bytes and more."""
        self.threshold = threshold
        self.files: list[Path] = []
        """Written so far."""
        self.size = 0
        """Of all of them, in bytes."""
        place = hashlib.sha256(str(document.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        self._folder = bulk_dir / f"{document.stem[:100]}-{place}"
        beside = bulk_dir.resolve().is_relative_to(document.parent.resolve())
        self._base = document.parent.resolve() if beside else bulk_dir.resolve()

    def take(self, tag: int, parts: Iterable[bytes]) -> str:
        """Write one value as it is in a file, in little endian."""
        path = self._folder / f"{tag:08X}-{len(self.files) + 1}.bin"
        size = write_whole(path, parts)
        self.files.append(path)
        self.size += size
        return quote(path.resolve().relative_to(self._base).as_posix())

    def discard(self) -> None:
        """Remove what was written: the document did not come to be."""
        for path in self.files:
            path.unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()
