"""Rules from a TOML file: attributes by keyword or tag, with what is done with them."""

import re
import tomllib
from pathlib import Path
from typing import Final

from fileroom.adapters.files.dictionary import entry_of, keywords, tag_of
from fileroom.application.ports.deidentification_rules import DeidentificationRules
from fileroom.domain.confidentiality.rules import Rule, RuleAction, Rules
from fileroom.domain.errors import InvalidInput, NotFound, Unreadable
from fileroom.domain.suggestions import nearest

TABLE: Final = "elements"
_MAX_BYTES: Final = 1 << 20
_TAG = re.compile(r"\(?([0-9A-Fa-f]{4}),?\s?([0-9A-Fa-f]{4})\)?\Z")
_ACTIONS: Final = tuple(action.value for action in RuleAction)


class TomlRules(DeidentificationRules):
    """Reads a table `elements`, whose keys are attributes and whose values are actions.

    A key is a keyword or a tag, or several with slashes between them: sequences from the outside in, and the attribute
    that is meant. A value is an action, or a table of `action` and, for `replace`, `value`.
    """

    def read(self, path: Path) -> Rules:
        """Return the rules of a file.

        Raises:
            NotFound: there is no such file.
            Unreadable: it cannot be read.
            InvalidInput: it says what is not known; the hint names the nearest that is.
        """
        try:
            with path.open("rb") as stream:
                content = stream.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise NotFound(f"there is no file {path}") from None
        except OSError as error:
            raise Unreadable(f"{path} cannot be read: {error.strerror or error}") from None
        if len(content) > _MAX_BYTES:
            raise InvalidInput(f"{path} is larger than rules are")
        try:
            tables = tomllib.loads(content.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
            raise InvalidInput(f"{path} is no TOML: {error}") from None
        for name in tables:
            if name != TABLE:
                raise InvalidInput(
                    f"{path} has {name!r}, which is not known",
                    hint=nearest(name, (TABLE,)) or f"rules stand in one table: [{TABLE}]",
                )
        elements = tables.get(TABLE, {})
        if not isinstance(elements, dict):
            raise InvalidInput(f"{TABLE!r} in {path} is no table", hint=f"begin with [{TABLE}]")
        return Rules(_rule(name, said) for name, said in elements.items())


def _rule(name: str, said: object) -> Rule:
    path = tuple(_tag(part.strip()) for part in name.split("/"))
    fields = {"action": said} if isinstance(said, str) else said
    if not isinstance(fields, dict):
        raise InvalidInput(f"the rule for {name} says no action", hint=f"use one of {', '.join(_ACTIONS)}")
    for field in fields:
        if field not in {"action", "value"}:
            raise InvalidInput(
                f"the rule for {name} has {field!r}, which is not known",
                hint=_hint(field, ("action", "value")),
            )
    action = fields.get("action", "replace" if "value" in fields else "")
    if action not in _ACTIONS:
        raise InvalidInput(f"{action!r} is no action, for {name}", hint=_hint(str(action), _ACTIONS))
    value = fields.get("value", "")
    if (action == RuleAction.REPLACE) != ("value" in fields):
        raise InvalidInput(
            f"the rule for {name} has a value and does not replace"
            if "value" in fields
            else f"the rule for {name} replaces by what it does not say",
            hint='say so: { action = "replace", value = "…" }',
        )
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise InvalidInput(f"the value for {name} is neither text nor a number")
    return Rule(path=path, name=name, action=RuleAction(action), value=str(value))


def _tag(text: str) -> int:
    found = _TAG.match(text)
    tag = int(found[1] + found[2], 16) if found else tag_of(text)
    if tag is None:
        raise InvalidInput(
            f"no attribute is called {text!r}",
            hint=nearest(text, keywords()) or "use a keyword or a tag of PS3.6",
        )
    if tag >> 16 & 1 or tag >> 16 < 8:
        raise InvalidInput(
            f"{text} is not for rules",
            hint="rules are for standard attributes of objects, from group 0008 on",
        )
    if entry_of(tag) is None:
        raise InvalidInput(f"the data dictionary does not know {text}")
    return tag


def _hint(word: str, possible: tuple[str, ...]) -> str:
    return nearest(word, possible) or f"use {' or '.join(possible)}"
