"""Validates a file: reads it as a tree and lets every family of rules look at it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fileroom.adapters.files.file_format import MEDIA_STORAGE_DIRECTORY
from fileroom.adapters.files.tree import Element, Tree, open_tree
from fileroom.adapters.files.validating.content_rules import content_findings
from fileroom.adapters.files.validating.dictionary_rules import DictionaryRules
from fileroom.adapters.files.validating.file_meta_rules import file_meta_findings, meta_place
from fileroom.adapters.files.validating.module_rules import module_findings, sop_class_of
from fileroom.adapters.files.validating.number_rules import number_findings
from fileroom.adapters.files.validating.pixel_rules import pixel_findings
from fileroom.adapters.files.validating.places import Place, places
from fileroom.adapters.files.validating.string_rules import STRING_VRS, string_findings
from fileroom.adapters.files.validating.structure_rules import (
    damage_findings,
    order_findings,
    structure_findings,
)
from fileroom.adapters.files.validating.text_rules import TEXT_VRS, character_set_findings, text_findings
from fileroom.adapters.files.value_counts import UNIT_BYTES
from fileroom.application.ports.object_validator import ObjectValidator
from fileroom.domain.validation import Finding, Validation, validation_of

_VALUE_RULES: Final = (
    dict.fromkeys(STRING_VRS, string_findings)
    | dict.fromkeys(TEXT_VRS, text_findings)
    | dict.fromkeys(UNIT_BYTES, number_findings)
)
"""By VR."""


class TreeValidator(ObjectValidator):
    """Validates with rules of our own over trees of elements."""

    def validate(self, path: Path) -> Validation:
        """Read and look."""
        with open_tree(path, keep_damaged=True) as tree:
            return validation_of(
                findings_in(tree),
                sop_class_uid=sop_class_of(tree),
                transfer_syntax_uid=tree.transfer_syntax_uid,
            )


def findings_in(tree: Tree) -> Iterator[Finding]:
    """Yield all findings of a file.

    Raises:
        Unreadable: a large value cannot be read any more.
    """
    yield from file_meta_findings(tree)
    meta = meta_place(tree)
    dictionary = DictionaryRules()
    yield from order_findings(meta)
    for element in meta.item.elements:
        yield from _value(meta, element, dictionary)
    is_directory = sop_class_of(tree) == MEDIA_STORAGE_DIRECTORY
    for place in places(tree):
        yield from structure_findings(place, is_directory=is_directory)
        yield from character_set_findings(place)
        for element in place.item.elements:
            yield from _value(place, element, dictionary)
        yield from pixel_findings(place, tree)
    if tree.damage is not None:
        # What is missing may have stood behind the damage.
        yield from damage_findings(tree)
        return
    yield from content_findings(tree)
    yield from module_findings(tree)


def _value(place: Place, element: Element, dictionary: DictionaryRules) -> Iterator[Finding]:
    yield from dictionary.findings(place, element)
    rule = _VALUE_RULES.get(element.vr)
    if rule is not None:
        yield from rule(place, element)
