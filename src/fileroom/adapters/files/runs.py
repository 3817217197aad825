"""Runs of elements that recur from one object to the next, so that a series is not walked element by element.

What belongs here: bytes that were walked before, found again by how they begin and compared whole. The objects of a
series differ in few elements, between which lie runs that are the same in all. What two objects have in common is a
run from then on, until an object comes that begins like it and then differs.

What a run holds depends on its bytes alone: where the same bytes stand at the beginning of an element, the same
elements are there. Runs stay in memory with what they hold of patients' data: at most `MAX_BYTES`, and for
`MAX_OBJECTS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from fileroom.adapters.files.structure import UNDEFINED, Encoding, Walker
from fileroom.adapters.files.values import MAX_VALUE_BYTES, WANTED, Values
from fileroom.adapters.files.window import BytesSource, Window

KEY_BYTES: Final = 32
"""By that many a run is found; shorter ones are not worth while."""
MIN_ELEMENTS: Final = 4
"""To be compared; fewer are those that are different in each object."""
_MAX_STRETCH_BYTES: Final = 16384
MAX_BYTES: Final = 1 << 20
MAX_OBJECTS: Final = 1000
"""Then all is forgotten: what was in pieces for one series may be whole for the next."""


@dataclass(frozen=True, slots=True)
class Run:
    """Elements of the top level, one after the other, none of them after the last that is catalogued."""

    data: bytes
    """Their bytes."""
    bounds: Sequence[int]
    """Where each of them begins, and where the last one ends."""
    values: Values
    """The catalogued ones."""


class Runs:
    """The runs that were met in one encoding; for any number of threads, which learn from each other."""

    def __init__(self, encoding: Encoding, *, deep: bool) -> None:
        """With `deep`, sequences of defined length are looked into (as by `Walker`)."""
        self._encoding = encoding
        self._deep = deep
        self._left_bytes = MAX_BYTES
        self._left_objects = MAX_OBJECTS
        self._met_once: dict[bytes, tuple[bytes, Sequence[int]]] = {}
        """Bytes and bounds of elements by the tag of the first one, to be compared with the next that begin so."""
        self.known: dict[bytes, Run] = {}
        """By the first `KEY_BYTES`."""

    def begin_object(self) -> None:
        """Count objects, and forget what is old."""
        self._left_objects -= 1
        if self._left_objects < 0 or self._left_bytes < 0:
            self.known.clear()
            self._met_once.clear()
            self._left_bytes, self._left_objects = MAX_BYTES, MAX_OBJECTS

    def unlearn(self, run: Run) -> None:
        """Take a run apart that does not recur whole: what is left of it shows when the next object is learnt from."""
        self.known.pop(run.data[:KEY_BYTES], None)
        self._met_once[run.data[:4]] = run.data, run.bounds

    def learn(self, data: bytes, bounds: Sequence[int]) -> None:
        """Compare elements, which were walked without a finding, with those of another object.

        `bounds` may count from anywhere.
        """
        if len(data) > _MAX_STRETCH_BYTES or self._left_bytes < 0:
            return
        others = self._met_once.get(data[:4])
        self._met_once[data[:4]] = data, bounds
        self._left_bytes -= len(data)
        if others is None:
            return
        met = set(_elements(*others))
        common: list[bytes] = []
        for element in _elements(data, bounds):
            if element in met:
                common.append(element)
            elif common:
                self._keep(common)
                common = []
        self._keep(common)

    def _keep(self, elements: Sequence[bytes]) -> None:
        """Make a run of elements."""
        data = b"".join(elements)
        if len(data) < KEY_BYTES:
            return
        walker = Walker(Window(BytesSource(data)), deep=self._deep)
        values: Values = {}
        bounds = [0, *accumulate(map(len, elements))]
        for start in bounds[:-1]:
            tag, vr, length, value = walker.head(start, self._encoding)
            if tag in WANTED and length != UNDEFINED:
                values[tag] = tag, vr, data[value : value + min(length, MAX_VALUE_BYTES)]
        self.known[data[:KEY_BYTES]] = Run(data, bounds, values)
        self._left_bytes -= len(data)


def _elements(data: bytes, bounds: Sequence[int]) -> list[bytes]:
    """Cut elements apart."""
    first = bounds[0]
    return [data[start - first : end - first] for start, end in pairwise(bounds)]
