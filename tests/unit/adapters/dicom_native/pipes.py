"""A pipe of bytes with faults: what is written comes out changed, late, in pieces or not at all, as it was told."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One byte becomes another one."""

    at: int
    value: int


@dataclass(frozen=True)
class Lose:
    """Bytes do not arrive."""

    at: int
    count: int


@dataclass(frozen=True)
class Insert:
    """Bytes arrive that nobody sent, before the one at a position."""

    at: int
    data: bytes


@dataclass(frozen=True)
class Repeat:
    """Bytes arrive twice in a row."""

    at: int
    count: int


@dataclass(frozen=True)
class Delay:
    """Bytes from a position on are under way for some time."""

    at: int
    seconds: float


@dataclass(frozen=True)
class Cut:
    """The connection breaks, in both directions."""

    at: int


@dataclass(frozen=True)
class HalfClose:
    """Nothing more is sent, and the receiver is told so."""

    at: int


@dataclass(frozen=True)
class Silence:
    """Nothing more arrives, and nobody is told."""

    at: int


Fault = Change | Lose | Insert | Repeat | Delay | Cut | HalfClose | Silence
Ending = Cut | HalfClose | Silence


class Pipe:
    """One direction of a connection. Faults are at positions of what is written."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        self.written = bytearray()
        """All that was written."""
        self.arrived = bytearray()
        """All that was read."""
        self._faults = faults
        self._ending = min(
            (one for one in faults if isinstance(one, Ending)), key=lambda one: one.at, default=None
        )
        self._touched = [
            (fault.at, fault.at + getattr(fault, "count", 1))
            for fault in faults
            if not isinstance(fault, Ending)
        ]
        self._ready = bytearray()
        self._held: list[tuple[int, float]] = []
        """From which byte on, counted as they arrive, up to what time."""
        self._is_closed = False

    def write(self, data: bytes, now: float) -> None:
        """Take bytes."""
        first = len(self.written)
        self.written += data
        if self._ending:
            data = data[: max(self._ending.at - first, 0)]
        if any(start < first + len(data) and first < stop for start, stop in self._touched):
            for at, byte in enumerate(data, start=first):
                self._deliver(at, byte, now)
        else:
            self._ready += data

    def close(self) -> None:
        """Note that nothing more will be written."""
        self._is_closed = True

    def read(self, size: int, now: float) -> bytes:
        """Return what has arrived, at most some bytes."""
        held = [at for at, until in self._held if now < until]
        room = min([size, len(self._ready), *(at - len(self.arrived) for at in held)])
        piece = bytes(self._ready[: max(room, 0)])
        del self._ready[: len(piece)]
        self.arrived += piece
        return piece

    @property
    def is_cut(self) -> bool:
        """Whether the connection broke here, and all before that has arrived."""
        return isinstance(self._ending, Cut) and self._is_past_ending and not self._ready

    @property
    def is_at_end(self) -> bool:
        """Whether the reader has reached the end."""
        if isinstance(self._ending, Silence) and self._is_past_ending:
            return False
        is_closed = self._is_closed or (isinstance(self._ending, HalfClose) and self._is_past_ending)
        return is_closed and not self._ready

    @property
    def _is_past_ending(self) -> bool:
        return self._ending is not None and len(self.written) >= self._ending.at

    def _deliver(self, at: int, byte: int, now: float) -> None:
        is_lost = False
        for fault in self._faults:
            match fault:
                case Change(position, value) if position == at:
                    byte = value
                case Lose(start, count) if start <= at < start + count:
                    is_lost = True
                case Insert(position, data) if position == at:
                    self._ready += data
                case Delay(position, seconds) if position == at:
                    self._held.append((len(self.arrived) + len(self._ready), now + seconds))
        if not is_lost:
            self._ready.append(byte)
        for fault in self._faults:
            if isinstance(fault, Repeat) and fault.at + fault.count - 1 == at:
                self._ready += self.written[fault.at : at + 1]
