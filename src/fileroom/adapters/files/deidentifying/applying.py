"""Applies the actions of the profile to an object, attribute by attribute, on all levels."""

from collections import Counter
from enum import Enum, auto
from typing import Final

from fileroom.adapters.files.deidentifying.patient import PATIENT_ID, PATIENT_NAME, Pseudonymity
from fileroom.adapters.files.deidentifying.private import SafePrivate, without_empty_blocks
from fileroom.adapters.files.deidentifying.values import (
    TEXT_VRS,
    encoded,
    open_hidden_items,
    set_bytes,
    text_bytes,
    true_vr,
    value_of_rule,
)
from fileroom.adapters.files.dictionary import entry_of, is_private, is_private_creator
from fileroom.adapters.files.text import decode
from fileroom.adapters.files.tree import Element, Item, Tree, character_sets
from fileroom.domain.confidentiality.dates import shifted_date_times, shifted_dates
from fileroom.domain.confidentiality.descriptors import cleaned_descriptor
from fileroom.domain.confidentiality.dummies import dummy_bytes
from fileroom.domain.confidentiality.identifiers import Identifiers
from fileroom.domain.confidentiality.options import Action, Temporal, action_for, basic_action
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.pseudonyms import title_pseudonym, uid_pseudonym
from fileroom.domain.confidentiality.rules import Rule, RuleAction
from fileroom.domain.confidentiality.structured import tells_of_somebody
from fileroom.domain.confidentiality.tables import profile_row
from fileroom.domain.confidentiality.unlisted import unlisted_action

OVERLAY_DATA: Final = 0x60003000
ENCAPSULATED_DOCUMENT: Final = 0x00420011
_ENCAPSULATED_LENGTH: Final = 0x00420015
_TIMEZONE: Final = 0x00080201
_CONCEPT_NAME: Final = 0x0040A043
_CODE_VALUE: Final = 0x00080100
_SCHEME: Final = 0x00080102
_TEXT_VALUE: Final = 0x0040A160
_CONCEPT_CODE: Final = 0x0040A168
_DUMMY_SCHEME: Final = b"99REMOVED"
# Parts of a code (PS3.3 table 8.8-1) besides its meaning: they are no descriptions.
_PARTS_OF_CODES: Final = frozenset({
    0x00080100, 0x00080102, 0x00080103, 0x00080119, 0x00080120, 0x0008010F, 0x00080105, 0x0040DB00,
})  # fmt: skip
_NUMBERS_KEPT: Final = frozenset({b"AT", b"CS", b"IS", b"SL", b"SS", b"SV", b"UL", b"US", b"UV"})
_PIXELS: Final = 0x7FE00000


class Manner(Enum):
    """How attributes are handled that the profile keeps."""

    PLAIN = auto()
    CLEAN = auto()
    """Within a sequence that an option keeps if it is cleaned: text is."""
    DUMMY = auto()
    """Within a sequence that becomes a dummy: so does everything but its structure."""


class Applier:
    """Changes one object; what it did is in the counters and lists afterwards."""

    def __init__(
        self, tree: Tree, plan: DeidentificationPlan, patient: Pseudonymity, identifiers: Identifiers
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.warnings: dict[str, None] = {}
        self.exceptions: dict[str, None] = {}
        """Names of attributes that rules kept against the profile."""
        self.ours: set[int] = set()
        """Identities of elements whose values are from us or from a rule: they are not searched again."""
        self.kept_by_rule: set[int] = set()
        self._tree = tree
        self._plan = plan
        self._options = plan.options
        self._columns = plan.options.columns()
        self._patient = patient
        self._identifiers = identifiers
        self._private = SafePrivate(tree) if plan.options.retain_safe_private else None

    def apply(self) -> None:
        """Apply the plan to the object.

        Raises:
            InvalidInput: a rule gives what cannot be written.
        """
        self._item(self._tree.root, (), (), Manner.PLAIN)

    def _item(self, item: Item, inherited: tuple[str, ...], around: tuple[int, ...], manner: Manner) -> None:
        codecs = character_sets(item, inherited)
        hides_value = manner is Manner.CLEAN and self._is_about_somebody(item, codecs)
        kept: list[Element] = []
        creators: list[Element] = []
        for element in item.elements:
            if is_private_creator(element.tag):
                creators.append(element)
                continue
            place = _Place(item, codecs, around, manner)
            if hides_value and element.tag in {_TEXT_VALUE, _CONCEPT_CODE}:
                self._dummy(element, _Place(item, codecs, around, Manner.DUMMY))
                kept.append(element)
            elif self._element(element, place):
                kept.append(element)
        self.counts["removed"] += len(item.elements) - len(kept) - len(creators)
        item.elements = without_empty_blocks(_without_broken_overlays(kept, item), creators)
        self._fit_document_length(item)

    def _is_about_somebody(self, item: Item, codecs: tuple[str, ...]) -> bool:
        name = item.find(_CONCEPT_NAME)
        for code in (name.items or ()) if name else ():
            value, scheme = code.find(_CODE_VALUE), code.find(_SCHEME)
            texts = [
                decode(text_bytes(part) or b"", codecs).strip(" \0") if part else ""
                for part in (scheme, value)
            ]
            if tells_of_somebody(texts[0], texts[1], self._options):
                return True
        return False

    # ------------------------------------------------------------------------------------------ one element

    def _element(self, element: Element, place: "_Place") -> bool:
        """Do what is to be done with an element; False where it goes."""
        if not open_hidden_items(element, place.item):
            self.warnings["a sequence that could not be read was removed"] = None
            return False
        action = self._action(element, place)
        rule = self._plan.rules.rule_for(element.tag, place.around) if self._plan.rules else None
        if rule is not None:
            return self._by_rule(element, rule, action, place)
        return self._do(action, element, place)

    def _action(self, element: Element, place: "_Place") -> Action:
        tag = element.tag
        if is_private(tag):
            return self._private_action(element, place)
        row = profile_row(tag)
        if row is not None:
            return action_for(row, self._columns)
        if entry_of(tag) is None:
            self.warnings["attributes that the data dictionary does not know were removed"] = None
            return Action.REMOVE
        return unlisted_action(tag, true_vr(element, place.item), self._options)

    def _private_action(self, element: Element, place: "_Place") -> Action:
        if self._private is None or place.manner is Manner.DUMMY:
            return Action.REMOVE
        action = self._private.action_for(place.item, element.tag)
        if action is not Action.KEEP:
            return action
        vr = true_vr(element, place.item)
        if vr == b"TM" and self._options.temporal is Temporal.REMOVED:
            return Action.EMPTY
        if vr in {b"UI", b"PN", b"DA", b"DT"}:
            return unlisted_action(element.tag, vr, self._options)
        return Action.KEEP

    def _do(self, action: Action, element: Element, place: "_Place") -> bool:
        match action:
            case Action.REMOVE:
                return False
            case Action.EMPTY:
                self._empty(element, place)
            case Action.DUMMY:
                self._dummy(element, place)
            case Action.UID:
                self._uid(element, place)
            case Action.SHIFT:
                return self._shift(element, place)
            case Action.CLEAN_TEXT:
                return self._clean(element, place)
            case Action.CLEAN_TITLE:
                return self._title(element, place)
            case Action.CLEAN_CONTENT:
                return self._within(element, place, Manner.CLEAN)
            case Action.CLEAN_GRAPHICS:
                # Nobody can tell what bits and curves show; annotations are text and shapes.
                return element.items is not None and self._within(element, place, Manner.CLEAN)
            case _:
                self._keep(element, place)
        return True

    def _within(self, element: Element, place: "_Place", manner: Manner) -> bool:
        for inner in element.items or ():
            self._item(inner, place.codecs, (*place.around, element.tag), manner)
        return True

    # -------------------------------------------------------------------------------------------- actions

    def _keep(self, element: Element, place: "_Place") -> None:
        if element.items is not None:
            self._within(element, place, place.manner)
        elif profile_row(element.tag) is not None:
            return  # an option keeps it as it is
        elif place.manner is Manner.DUMMY and element.fragments is None:
            self._dummy_of_unlisted(element, place)
        elif place.manner is Manner.CLEAN:
            vr = true_vr(element, place.item)
            if (
                vr in TEXT_VRS
                and element.tag not in _PARTS_OF_CODES
                and not self._cleaned(element, vr, place)
            ):
                self._dummy(element, place)

    def _dummy_of_unlisted(self, element: Element, place: "_Place") -> None:
        vr = true_vr(element, place.item)
        if element.tag == _SCHEME:
            self._put(element, _DUMMY_SCHEME, vr)
        elif vr not in _NUMBERS_KEPT and vr != b"UI":
            self._dummy(element, place)

    def _empty(self, element: Element, place: "_Place") -> None:
        if element.items is not None:
            self.counts["emptied"] += bool(element.items)
            element.items = []
        elif element.tag == PATIENT_NAME and self._plan.patient_name:
            self._put(element, self._given(self._plan.patient_name, b"PN", place), b"PN")
        elif element.size:
            self.counts["emptied"] += 1
            set_bytes(element, b"", true_vr(element, place.item))

    def _dummy(self, element: Element, place: "_Place") -> None:
        vr = true_vr(element, place.item)
        if element.tag == PATIENT_ID:
            self._put_patient_id(element, place)
        elif element.items is not None:
            self._within(element, place, Manner.DUMMY)
        elif vr == b"UI":
            self._uid(element, place)
        elif element.size:
            self._put(element, dummy_bytes(vr, element.size), vr)
            if element.tag == ENCAPSULATED_DOCUMENT:
                self.warnings["the encapsulated document was replaced by nothing"] = None

    def _put_patient_id(self, element: Element, place: "_Place") -> None:
        before = decode(text_bytes(element) or b"", place.codecs).strip(" \0")
        if before and before != self._patient.original_id and self._plan.patient_id is None:
            self._put(element, dummy_bytes(b"LO", 0), b"LO")  # somebody else, or another ID
        else:
            self._put(element, self._given(self._patient.patient_id, b"LO", place), b"LO")

    def _uid(self, element: Element, place: "_Place") -> None:
        if element.items is not None:
            self._within(element, place, place.manner)
            return
        value = text_bytes(element)
        if value is None:  # larger than UIDs can be
            self._empty(element, place)
            return
        if not value.strip(b"\0 "):
            return
        before = [part.strip("\0 ") for part in value.decode("ascii", "replace").split("\\")]
        after = [uid_pseudonym(self._plan.key, uid) for uid in before]
        self.counts["uids"] += sum(new != old for new, old in zip(after, before, strict=True))
        self.ours.add(id(element))
        set_bytes(element, "\\".join(after).encode("ascii", "replace"), b"UI")

    def _shift(self, element: Element, place: "_Place") -> bool:
        vr = true_vr(element, place.item)
        if vr == b"TM" or element.tag == _TIMEZONE or (element.items is None and not element.size):
            return True
        if vr in {b"DA", b"DT"} and (value := text_bytes(element)) is not None:
            shifted = (shifted_dates if vr == b"DA" else shifted_date_times)(
                value.decode("latin-1"), self._patient.days
            )
            if shifted is not None:
                self.counts["shifted"] += 1
                set_bytes(element, shifted.encode("latin-1"), vr)
                return True
        return self._do_basic(element, place)

    def _clean(self, element: Element, place: "_Place") -> bool:
        if element.items is not None:
            return self._within(element, place, Manner.CLEAN)
        vr = true_vr(element, place.item)
        if vr in TEXT_VRS and self._cleaned(element, vr, place):
            return True
        return self._do_basic(element, place)

    def _cleaned(self, element: Element, vr: bytes, place: "_Place") -> bool:
        """Clean a text; False where that cannot be vouched for."""
        before = text_bytes(element)
        if before is None:
            return False
        text = decode(before, place.codecs)
        cleaned = cleaned_descriptor(text, self._identifiers)
        if cleaned is None:
            return False
        if cleaned == text.strip(" \0"):
            return True
        after = encoded(cleaned, before, place.codecs)
        if after is None or (before.strip(b" \0") and not after):
            return False
        self.counts["cleaned"] += 1
        set_bytes(element, after, vr)
        return True

    def _title(self, element: Element, place: "_Place") -> bool:
        value = text_bytes(element)
        if value is None:
            return self._do_basic(element, place)
        titles = [part.strip(" \0") for part in decode(value, ()).split("\\")]
        after = "\\".join(title_pseudonym(self._plan.key, title) if title else "" for title in titles)
        if after.strip("\\"):
            self._put(element, after.encode("ascii"), true_vr(element, place.item))
        return True

    def _do_basic(self, element: Element, place: "_Place") -> bool:
        """Do what the Basic Profile says, where an option cannot be followed."""
        row = profile_row(element.tag)
        return self._do(basic_action(row) if row is not None else Action.EMPTY, element, place)

    def _put(self, element: Element, value: bytes, vr: bytes) -> None:
        self.counts["replaced"] += 1
        self.ours.add(id(element))
        set_bytes(element, value, vr)

    # ---------------------------------------------------------------------------------------------- rules

    def _by_rule(self, element: Element, rule: Rule, action: Action, place: "_Place") -> bool:
        if rule.weakens(action):
            self.exceptions[rule.name] = None
        match rule.action:
            case RuleAction.REMOVE:
                return False
            case RuleAction.EMPTY:
                self._empty(element, place)
            case RuleAction.UID:
                self._uid(element, place)
            case RuleAction.CLEAN:
                return self._clean(element, place)
            case RuleAction.REPLACE:
                vr = true_vr(element, place.item)
                self._put(element, self._given(rule.value, vr, place), vr)
            case RuleAction.KEEP:
                self.kept_by_rule.add(id(element))
                self._within(element, place, Manner.PLAIN)
        return True

    def _given(self, text: str, vr: bytes, place: "_Place") -> bytes:
        return value_of_rule(text, vr, place.codecs, is_little=place.item.encoding.is_little)

    # ---------------------------------------------------------------------------------------- consequences

    @staticmethod
    def _fit_document_length(item: Item) -> None:
        document, length = item.find(ENCAPSULATED_DOCUMENT), item.find(_ENCAPSULATED_LENGTH)
        if document is not None and length is not None and length.items is None:
            size = document.size.to_bytes(4, "little" if item.encoding.is_little else "big")
            set_bytes(length, size, b"UL")


class _Place:
    """Where an element is."""

    __slots__ = ("around", "codecs", "item", "manner")

    def __init__(self, item: Item, codecs: tuple[str, ...], around: tuple[int, ...], manner: Manner) -> None:
        self.item = item
        self.codecs = codecs
        self.around = around
        """Tags of the sequences around it, from the outside in."""
        self.manner = manner


def _without_broken_overlays(kept: list[Element], item: Item) -> list[Element]:
    """Drop what describes an overlay whose bits are gone (PS3.3 C.9.2): nothing can be shown of it."""
    had = {element.tag >> 16 for element in item.elements if element.tag & 0xFF00FFFF == OVERLAY_DATA}
    has = {element.tag >> 16 for element in kept if element.tag & 0xFF00FFFF == OVERLAY_DATA}
    gone = had - has
    return [element for element in kept if element.tag >> 16 not in gone] if gone else kept
