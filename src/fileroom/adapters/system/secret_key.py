"""A secret key in a file that only its owner can read."""

import os
import secrets
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from fileroom.application.ports.secret_key import SecretKey
from fileroom.domain.confidentiality.pseudonyms import check_key
from fileroom.domain.errors import InvalidInput, NotFound, StorageError, Unreadable

KEY_FILE: Final = "deidentification.key"
_RANDOM_BYTES: Final = 32
_MAX_BYTES: Final = 4096
_GUARD_SECONDS: Final = 10.0
"""The guard is held for some milliseconds only."""


class FileSecretKey(SecretKey):
    """Keeps the key in the data directory, as hexadecimal text."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / KEY_FILE
        self._guard = data_dir / f"{KEY_FILE}.guard"

    def own(self) -> bytes:
        """Return the key of the data directory, which is made when it is first wanted.

        Raises:
            StorageError: it cannot be made or read.
        """
        try:
            found = self._found()
            if found is not None:
                return found
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileLock(self._guard, timeout=_GUARD_SECONDS, mode=0o600):
                return self._found() or self._made()
        except (OSError, Timeout) as error:
            raise StorageError(
                f"the key {self._path} cannot be kept: {getattr(error, 'strerror', None) or error}",
                hint="give this account permission to write there, or name a key of your own",
            ) from None

    def _found(self) -> bytes | None:
        try:
            return check_key(self._path.read_bytes().strip())
        except FileNotFoundError:
            return None
        except InvalidInput as error:
            raise StorageError(
                f"{self._path} is damaged: {error.message}",
                hint="bring back a copy of it; with another key, pseudonyms would be others",
            ) from None

    def _made(self) -> bytes:
        key = secrets.token_hex(_RANDOM_BYTES).encode("ascii")
        draft = self._path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}.part")
        try:
            with open(draft, "xb", opener=_open_private) as stream:
                stream.write(key + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._path)
        finally:
            draft.unlink(missing_ok=True)
        return key

    def read(self, path: Path) -> bytes:
        """Return the key in a file: its bytes without blanks and line ends around them.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidInput: it is too short or too long to be a key.
        """
        try:
            with path.open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise NotFound(
                f"there is no key {path}", hint="make one: head -c 32 /dev/urandom > FILE; then keep it safe"
            ) from None
        except OSError as error:
            raise Unreadable(f"the key {path} cannot be read: {error.strerror or error}") from None
        if len(content) > _MAX_BYTES:
            raise InvalidInput(f"{path} is no key: it has more than {_MAX_BYTES} bytes")
        return check_key(content.strip())


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
