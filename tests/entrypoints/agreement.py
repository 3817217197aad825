"""Whether store and catalog tell the same, looked at from behind: with SQLite and the file system alone."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from blake3 import blake3

_ROWS = "SELECT sop_instance_uid, location, size, data_offset, digest FROM instances"


def assert_agreement(
    data_dir: Path, *, store: Path | None = None, running: bool = False
) -> Mapping[str, Path]:
    """Every file is catalogued, every entry's file is there with its content, and nothing is left on the way.

    Args:
        data_dir: The data directory, or a folder with a `fileroom.sqlite3`.
        store: The folder of the store, where it is not in the data directory.
        running: A listener is at work here, so its (empty) session may be there.

    Returns:
        SOP Instance UID to file, of everything that is here.
    """
    root = store or data_dir / "store"
    catalogued = _catalogued(data_dir / "fileroom.sqlite3", root)
    visible = {path for path in root.rglob("*") if path.is_file() and ".incoming" not in path.parts}
    ours = {path for path in catalogued.values() if path.is_relative_to(root)}
    assert visible == ours, f"not catalogued: {visible - ours}; not stored: {ours - visible}"
    incoming = root / ".incoming"
    assert not list(incoming.rglob("*.part"))
    if not running:
        assert not [entry for entry in incoming.glob("*") if entry.is_dir()], "a session was left behind"
    return catalogued


def _catalogued(database: Path, root: Path) -> dict[str, Path]:
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute(_ROWS).fetchall()
    found = {}
    for uid, location, size, offset, digest in rows:
        scheme, _, place = location.partition(":")
        path = root / place if scheme == "store" else Path(place)
        content = path.read_bytes()
        assert len(content) == size, f"{path} has {len(content)} bytes, the catalog says {size}"
        assert digest == f"blake3:{blake3(content[offset:]).hexdigest()}", f"{path} has other content"
        found[uid] = path
    return found
