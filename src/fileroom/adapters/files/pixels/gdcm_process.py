"""GDCM in a process of its own: it decodes what no other free codec does, and ends its process on some damaged streams.

JPEG Lossless and JPEG of 12 bits come here. The process is started when it is first needed and kept; when it dies of a
stream, that frame is damaged and the next one gets a new process. It ends with this process, whose pipe it reads.
"""

import atexit
import subprocess
import sys
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from fileroom.adapters.files.pixels.description import ImageDescription
from fileroom.adapters.files.pixels.gdcm_worker import ANSWER, REQUEST
from fileroom.adapters.files.pixels.native import Pixels
from fileroom.domain.errors import InvalidDicom, LimitExceeded

SYNTAXES: Final = (
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
)
"""What it decodes, in the order of the other end's names."""
MAX_SECONDS: Final = 120.0
"""For one frame."""
_SCRIPT: Final = Path(__file__).with_name("gdcm_worker.py")


def is_gdcm_there() -> bool:
    """Tell whether GDCM is installed."""
    return find_spec("gdcm") is not None


class GdcmProcess:
    """The process, running or not."""

    def __init__(self, *, max_seconds: float = MAX_SECONDS) -> None:
        """End it when a frame takes longer than that."""
        self._max_seconds = max_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def decode(self, stream: bytes, description: ImageDescription, precision: int, syntax_uid: str) -> Pixels:
        """Decode a stream whose dimensions have been checked; the samples are as they are in the stream.

        Raises:
            InvalidDicom: it is damaged.
            LimitExceeded: it took too long.
        """
        cell = 8 if precision <= 8 else 16
        head = REQUEST.pack(
            description.rows,
            description.columns,
            description.samples,
            cell,
            precision,
            description.is_signed,
            SYNTAXES.index(syntax_uid),
            len(stream),
        )
        with self._lock:
            content = self._answer(head + stream, description.frame_samples * cell // 8)
        kind = "i" if description.is_signed else "u"
        shape = (description.rows, description.columns)
        return np.frombuffer(content, f"{kind}{cell // 8}").reshape(
            (*shape, description.samples) if description.is_colour else shape
        )

    def close(self) -> None:
        """End it."""
        with self._lock:
            self._end()

    def _answer(self, request: bytes, size: int) -> bytes:
        process = self._running()
        assert process.stdin is not None  # noqa: S101 - pipes, both of them
        assert process.stdout is not None  # noqa: S101
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._max_seconds, stop)
        timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            (found,) = ANSWER.unpack(process.stdout.read(ANSWER.size).ljust(ANSWER.size, b"\xff"))
            content = process.stdout.read(found) if found <= size else b""
        except OSError:
            found, content = -1, b""
        finally:
            timer.cancel()
            timer.join()
        if late.is_set():
            self._end()
            raise LimitExceeded(f"decoding a frame took more than {self._max_seconds:g} s")
        if len(content) != found:
            self._end()
            raise InvalidDicom("the codec broke down on a compressed frame")
        if found != size:
            raise InvalidDicom(f"a compressed frame cannot be decoded: it has {found} bytes of {size}")
        return content

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(  # noqa: S603 - our own script, with our own interpreter
                [sys.executable, "-P", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()


GDCM: Final = GdcmProcess()
"""The one of this process."""
atexit.register(GDCM.close)
