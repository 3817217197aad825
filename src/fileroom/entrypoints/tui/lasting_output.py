"""Output to a terminal that may be gone: what cannot be written any more is dropped, and nobody waits for it.

Textual writes in a thread, which ends on the first error; what is written after that fills its queue, and the program
waits for ever, with nobody to see it. That happens where the terminal is closed over it, as by its window or by tmux.
"""

from contextlib import suppress
from typing import Any

from textual.driver import Driver


class LastingOutput:
    """A stream whose writes do not fail; all else is the stream's own."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - whatever the driver writes to
        self._stream = stream

    def write(self, text: str) -> None:
        """Write as long as that is possible."""
        with suppress(OSError, ValueError):
            self._stream.write(text)

    def flush(self) -> None:
        """Flush as long as that is possible."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        """Return what else the stream has."""
        return getattr(self._stream, name)


def with_lasting_output(kind: type[Driver]) -> type[Driver]:
    """Return a kind of driver that bears with its terminal being gone."""

    class LastingDriver(kind):  # type: ignore[valid-type, misc]  # the platform decides which it is
        """Writes to what does not fail."""

        _file: Any

        def __init__(self, *arguments: object, **named: object) -> None:
            super().__init__(*arguments, **named)
            if "_file" in vars(self):
                self._file = LastingOutput(self._file)

    return LastingDriver
