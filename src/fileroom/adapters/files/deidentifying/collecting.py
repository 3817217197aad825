"""Collects what identifies somebody in an object, before any of it is changed."""

from typing import Final

from fileroom.adapters.files.deidentifying.values import TEXT_VRS, true_vr
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Element, Item, Stored, Tree, character_sets, vr_of
from fileroom.domain.confidentiality.identifiers import Identifiers
from fileroom.domain.confidentiality.options import Action, action_for
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.pseudonyms import STANDARD_ROOT
from fileroom.domain.confidentiality.rules import RuleAction
from fileroom.domain.confidentiality.tables import ProfileRow, profile_row
from fileroom.domain.confidentiality.unlisted import unlisted_action
from fileroom.domain.uid import clean_uid

_LOOKED_AT: Final = 4096
"""Bytes of a value: identifying ones are short."""
_DATES: Final = frozenset({b"DA", b"DT"})
_PHRASES: Final = TEXT_VRS | {b"AE", b"UR"}
# Rows whose values many share: they go, but are no evidence of anybody elsewhere.
_SHARED: Final = frozenset({
    "0016004E", "0016004F", "00160050", "00101080", "00101081", "00102150", "00102152", "001021F0", "0040A027",
    "00500020", "300A0216", "04000564", "00181400", "00080201",
})  # fmt: skip
_PLACES: Final = frozenset({"device", "institution"})
_DESCRIPTIVE: Final = frozenset({"clean_descriptors", "clean_structured", "clean_graphics", "patient"})
# Code sequences that name a person or an institution: their codes and meanings do.
_NAMING_SEQUENCES: Final = frozenset({0x00401101, 0x00080082, 0x0040A088})
_CODES: Final = frozenset({0x00080100, 0x00080104})


class Collector:
    """Goes over an object once."""

    def __init__(self, plan: DeidentificationPlan) -> None:
        self.identifiers = Identifiers()
        """All."""
        self.people = Identifiers()
        """Without institutions and devices, whose names stand in names of products as well."""
        self._plan = plan
        self._columns = plan.options.columns()

    def collect(self, tree: Tree) -> None:
        """Take what identifies somebody in an object."""
        self._item(tree.root, (), ())

    def _item(self, item: Item, inherited: tuple[str, ...], around: tuple[int, ...]) -> None:
        codecs = character_sets(item, inherited)
        for element in item.elements:
            if element.items is not None:
                for inner in element.items:
                    self._item(inner, codecs, (*around, element.tag))
            elif element.fragments is None and not isinstance(element.value, Stored) and element.value:
                self._element(element, item, codecs, around)

    def _element(
        self, element: Element, item: Item, codecs: tuple[str, ...], around: tuple[int, ...]
    ) -> None:
        vr = true_vr(element, item)
        is_name = vr == b"PN" or vr_of(element.tag, item) == b"PN"
        if not (is_name or vr == b"UI" or vr in _DATES or vr in _PHRASES):
            return
        rule = self._plan.rules.rule_for(element.tag, around) if self._plan.rules else None
        if rule is not None and rule.action is RuleAction.KEEP:
            return
        value = bytes(element.value[:_LOOKED_AT])  # type: ignore[index] # no `Stored` comes here
        if is_name:
            for found in (self.identifiers, self.people):
                found.add_name(decode(value, codecs))
            return
        row = profile_row(element.tag)
        is_code = element.tag in _CODES and bool(around) and self._names_somebody(around[-1])
        if is_code:
            self.identifiers.add_phrase(decode(value, codecs))
        elif (action := self._action(element.tag, vr, row)) is not Action.KEEP:
            self._take(value, vr, codecs, row, action)

    def _take(
        self, value: bytes, vr: bytes, codecs: tuple[str, ...], row: ProfileRow | None, action: Action
    ) -> None:
        """Take a value that will not stay as it is."""
        if vr == b"UI":
            if action is Action.UID:
                self._take_uids(value)
        elif vr in _DATES:
            for found in (self.identifiers, self.people):
                found.add_date(value.decode("ascii", "replace"))
        elif row is not None and _is_telling(row):
            self.identifiers.add_phrase(decode(value, codecs))
            if _PLACES.isdisjoint(row.options):
                self.people.add_phrase(decode(value, codecs))

    def _take_uids(self, value: bytes) -> None:
        for part in value.decode("ascii", "replace").split("\\"):
            uid = clean_uid(part)
            if uid and not uid.startswith(STANDARD_ROOT):
                for found in (self.identifiers, self.people):
                    found.add_uid(uid)

    def _names_somebody(self, sequence: int) -> bool:
        row = profile_row(sequence) if sequence in _NAMING_SEQUENCES else None
        return row is not None and action_for(row, self._columns) is not Action.KEEP

    def _action(self, tag: int, vr: bytes, row: ProfileRow | None) -> Action:
        if row is not None:
            action = action_for(row, self._columns)
            return Action.UID if vr == b"UI" and action is not Action.KEEP else action
        if tag >> 16 & 1:
            return Action.KEEP
        return unlisted_action(tag, vr, self._plan.options)


def _is_telling(row: ProfileRow) -> bool:
    return row.tag not in _SHARED and _DESCRIPTIVE.isdisjoint(row.options)
