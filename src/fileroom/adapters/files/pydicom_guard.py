"""pydicom and the codecs behind it, kept in their place: one at a time, quietly, failing with errors of ours.

pydicom reports through the warnings filter and the logging of the whole process, and codecs raise anything on damaged
streams. Whoever calls them does it within one of these.
"""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fileroom.domain.errors import ConfigurationError, FileroomError, InvalidDicom, LimitExceeded

if TYPE_CHECKING:
    from pydicom.pixels.decoders.base import Decoder

INSTALL_CODECS: Final = 'pip install "fileroom[codecs]" installs them'

# pydicom's plugins, the best first. GDCM is not among them: it ends the whole process on some damaged streams.
_PREFERENCE: Final = ("pillow", "pyjpegls", "pylibjpeg", "pydicom")
_PREFERENCE_JPEG2000: Final = ("pylibjpeg", "pillow")
_JPEG2000: Final = ("1.2.840.10008.1.2.4.9", "1.2.840.10008.1.2.4.20")
"""How the UIDs of JPEG 2000 and HTJ2K begin."""

_LOCK: Final = threading.RLock()
_MAX_REASON: Final = 500
_STDERR: Final = 2
_PANIC: Final = "PanicException"
"""How codecs written in Rust fail: no subclass of Exception, and not to be imported."""


@contextmanager
def quiet() -> Iterator[None]:
    """Let one thread use pydicom, with its warnings and its log unheard."""
    log = logging.getLogger("pydicom")
    with _LOCK, warnings.catch_warnings():
        level = log.level
        log.setLevel(logging.CRITICAL + 1)
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            log.setLevel(level)


@contextmanager
def codecs(what: str) -> Iterator[None]:
    """Let one thread use codecs, quietly; `what` says what fails when they do.

    Raises:
        InvalidDicom: they raised something; errors of ours pass.
        LimitExceeded: there was not enough memory.
    """
    with quiet():
        try:
            yield
        except FileroomError:
            raise
        except MemoryError as error:
            raise LimitExceeded(f"{what}: there is not enough memory") from error
        except Exception as error:  # what codecs raise on damage is anything
            raise InvalidDicom(f"{what}: {_reason(error)}") from error
        except BaseException as error:
            if type(error).__name__ != _PANIC:
                raise
            raise InvalidDicom(f"{what}: {_reason(error)}") from error


@contextmanager
def unheard() -> Iterator[None]:
    """Keep what a C library writes to stderr by itself from the terminal; for a moment within `codecs` only."""
    try:
        kept = os.dup(_STDERR)
    except OSError:  # there is no stderr
        yield
        return
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)


def plugins_of(decoder: "Decoder") -> list[str]:
    """Return the installed plugins of a decoder of pydicom's, the one to be tried first at the head."""
    order = _PREFERENCE_JPEG2000 if decoder.UID.startswith(_JPEG2000) else _PREFERENCE
    return [plugin for plugin in order if plugin in decoder.available_plugins]


def require_numpy() -> None:
    """Make sure that pixels can be worked on at all.

    Raises:
        ConfigurationError: NumPy is not installed.
    """
    if find_spec("numpy") is None:
        raise ConfigurationError("working on pixels needs NumPy, which is not installed", hint=INSTALL_CODECS)


def _reason(error: BaseException) -> str:
    """Return what an exception says in one line, without the words that say only that it is one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Unable to decode as exceptions"):
        del lines[0]
    return " ".join(lines)[:_MAX_REASON] or type(error).__name__
