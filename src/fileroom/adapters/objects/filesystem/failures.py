"""From the system's errors to those of the domain."""

import errno
import os
from typing import Final

from fileroom.domain.errors import StorageError, StorageFull

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def storage_error(error: OSError, action: str, path: str | os.PathLike[str]) -> StorageError:
    """Make the error to raise when `action` (a verb) on `path` failed."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return StorageFull(
            f"no room to {action} {os.fspath(path)}: {reason}",
            hint="free space on the disk or raise the quota, then try again",
        )
    if error.errno in _REFUSED:
        hint = "give this account permission to write there, or configure another folder"
    else:
        hint = "check the disk and its file system; the system's log may say more"
    return StorageError(f"cannot {action} {os.fspath(path)}: {reason}", hint=hint)
