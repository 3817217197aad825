"""The catalogued values of a data set: the top level up to the last of them, as quickly as can be.

What belongs here: going over what needs no thought, by whole runs where they are known and element by element where
not, and leaving the rest to the walk over the structure. What is found is the same as if all were left to it.
"""

from typing import Final

from fileroom.adapters.files.runs import KEY_BYTES, MIN_ELEMENTS, Runs
from fileroom.adapters.files.structure import (
    BULK_VRS,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    ITEM_LITTLE,
    LONG_VRS,
    SHORT_VRS,
    TAG_LENGTH,
    TAG_VR_LENGTH,
    UNDEFINED,
    Encoding,
    Walker,
    swapped,
)
from fileroom.adapters.files.values import IDENTITY, LAST, MAX_VALUE_BYTES, WANTED, Values
from fileroom.domain.errors import NotDicom

_DIRECTORY_GROUP: Final = 0x0004
_WANTED: Final = {swapped(tag): tag for tag in WANTED}
_LAST_GROUP: Final = LAST >> 16
_LAST: Final = swapped(LAST)


class Collector:
    """Collects the catalogued values of one data set."""

    def __init__(self, walker: Walker, encoding: Encoding, runs: Runs) -> None:
        """Use, and extend, what is known of runs in this encoding."""
        self._walker = walker
        self._encoding = encoding
        self._runs = runs
        self._stretch = [-1]
        """Where elements that are walked one by one begin, one after the other, and where the last of them ends."""
        self.values: Values = {}
        runs.begin_object()

    def collect(self, position: int) -> int | None:
        """Go from an element to the first one after the last catalogued tag, and return where that is.

        Where tags do not ascend, and a UID is yet to come, collecting goes on. None says that the bytes end before.

        Raises:
            Truncated: the bytes end within an element.
            InvalidDicom: the structure cannot be.
            NotDicom: this is a DICOMDIR.
        """
        walker, encoding, values = self._walker, self._encoding, self.values
        while True:
            position = self._skim(position)
            found = walker.next(position, encoding)
            if found is None:
                return None
            tag, vr, length, value = found
            if tag > LAST:
                self._learn()
                if values.keys() >= IDENTITY.keys():
                    return position
            elif tag >> 16 == _DIRECTORY_GROUP:
                raise NotDicom("a DICOMDIR, not an object")
            elif tag in WANTED and length != UNDEFINED:
                values[tag] = tag, vr, walker.window.take(value, min(length, MAX_VALUE_BYTES))
            position = walker.skip(found, encoding)
            if tag <= LAST:
                self._stretch.append(position)

    def _skim(self, position: int) -> int:  # noqa: C901, PLR0912 - a call for each element would cost too much
        """Go over known runs and elements that need no thought, and return the position of the first that does.

        No thought need those of defined length, wholly in the buffer, that are not looked into.
        """
        walker, runs, encoding, values = self._walker, self._runs, self._encoding, self.values
        deep, known = walker.deep, runs.known.get
        buffer, base = walker.window.buffer, walker.window.base
        first = index = position - base
        stretch = self._stretch
        if stretch[-1] != position or stretch[0] < base:
            stretch = self._stretch = [position]
        stop = len(buffer)
        last_head = stop - 12
        long_vrs = BULK_VRS if deep else LONG_VRS
        while index <= last_head:
            run = known(buffer[index : index + KEY_BYTES])
            if run is not None:
                recurs = buffer.startswith(run.data, index)
                if recurs:
                    values.update(run.values)
                    index += len(run.data)
                else:
                    runs.unlearn(run)
                self._learn()
                stretch = self._stretch = [base + index]
                if recurs:
                    continue
            if encoding is EXPLICIT_LITTLE:
                tag, vr, length = TAG_VR_LENGTH.unpack_from(buffer, index)
                if vr in SHORT_VRS:
                    value = index + 8
                elif vr in long_vrs:
                    (length,) = encoding.long.unpack_from(buffer, index + 8)
                    value = index + 12
                else:
                    break
            elif encoding is IMPLICIT_LITTLE:
                tag, length = TAG_LENGTH.unpack_from(buffer, index)
                vr, value = b"", index + 8
                if deep and buffer.startswith(ITEM_LITTLE, value):
                    break
            else:
                break
            after, group = value + length, tag & 0xFFFF
            if after > stop or not 8 <= group <= _LAST_GROUP or (group == _LAST_GROUP and tag > _LAST):
                break
            if tag in _WANTED:
                wanted = _WANTED[tag]
                values[wanted] = wanted, vr, buffer[value : min(after, value + MAX_VALUE_BYTES)]
            index = after
            stretch.append(base + index)
        walker.spend((index - first) >> 4)
        return base + index

    def _learn(self) -> None:
        """Remember what was walked one by one, if all of it is still in the buffer."""
        stretch, window = self._stretch, self._walker.window
        start = stretch[0]
        if len(stretch) > MIN_ELEMENTS and start >= window.base:
            data = window.buffer[start - window.base : stretch[-1] - window.base]
            self._runs.learn(data, stretch)
