"""Rules of one's own: what is done with single attributes, whatever the profile says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fileroom.domain.confidentiality.options import Action


class RuleAction(StrEnum):
    """What a rule can say."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    REPLACE = "replace"
    UID = "uid"
    CLEAN = "clean"


_WEAK = frozenset({RuleAction.KEEP, RuleAction.CLEAN})
_STRONG = frozenset({Action.REMOVE, Action.EMPTY, Action.DUMMY, Action.UID, Action.SHIFT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What is done with an attribute."""

    path: tuple[int, ...]
    """Its tag, and before it the tags of the sequences that it must be in, from the outside in; one tag alone is
    meant on every level."""
    name: str
    """As it was written, for messages."""
    action: RuleAction
    value: str = ""
    """Of `replace`."""

    def weakens(self, action: Action) -> bool:
        """Tell whether less is taken away than an action of the profile would."""
        if self.action is RuleAction.CLEAN:
            return action in _STRONG
        return self.action in _WEAK and action is not Action.KEEP


class Rules:
    """Rules, to be asked for each attribute; they pickle."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._by_tag: dict[int, list[Rule]] = {}
        for rule in rules:
            self._by_tag.setdefault(rule.path[-1], []).append(rule)
        for same in self._by_tag.values():
            same.sort(key=lambda rule: len(rule.path), reverse=True)

    def __bool__(self) -> bool:
        return bool(self._by_tag)

    def rule_for(self, tag: int, around: Sequence[int] = ()) -> Rule | None:
        """Return the rule for an attribute within sequences, the one with the longest path where there are several."""
        for rule in self._by_tag.get(tag, ()):
            parents = rule.path[:-1]
            if not parents or tuple(around[-len(parents) :]) == parents:
                return rule
        return None
