"""The language of the command line: `command key=value …`, read by a table, with mistakes that point at the word.

Which commands there are is in `fileroom.entrypoints.tui.command_table`; what they do, in
`fileroom.entrypoints.tui.commands`. Nothing here touches the screen, the catalog or a file.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import Final

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput
from fileroom.domain.suggestions import nearest
from fileroom.domain.uid import parse_uid
from fileroom.entrypoints.tui.words import Word, quoted, split
from fileroom.entrypoints.values import date_range, dicom_date, moment_range

YES: Final = frozenset({"true", "yes", "on", "1"})
NO: Final = frozenset({"false", "no", "off", "0"})
HIDDEN: Final = "…"
"""Stands for what must not be written down."""


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    NODE = "node"
    PEER = "node or host:port"
    AE_TITLE = "AE title"
    STUDY_UID = "study UID"
    SERIES_UID = "series UID"
    INSTANCE_UID = "instance UID"
    PATH = "path"
    DATE = "date"
    DATE_RANGE = "date or range"
    MOMENT_RANGE = "moment or range"
    MODALITIES = "modalities"
    CHOICE = "choice"
    BOOLEAN = "yes or no"
    INTEGER = "number"
    DECIMAL = "number with a fraction"
    SYNTAX = "transfer syntax"
    TASK = "task"
    COMMAND = "command"


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of a command."""

    name: str
    """As the option of the command line, without dashes and with underscores."""
    kind: Kind
    says: str
    """A sentence for the help."""
    aliases: tuple[str, ...] = ()
    required: bool = False
    repeats: bool = False
    """It may be given several times."""
    choices: tuple[str, ...] = ()
    """Of the kind CHOICE."""
    least: int = 0
    most: int | None = None
    """Bounds of the kind INTEGER."""
    several: bool = False
    """Of the kinds of UIDs: several may stand between commas."""
    is_personal: bool = False
    """The value may name a patient, so that it is not written into the history of tasks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command that can be typed."""

    name: str
    says: str
    """A sentence for the help."""
    keys: tuple[Key, ...] = ()
    first: str = ""
    """Key that a value without a key belongs to."""
    example: str = ""
    use_case: str = ""
    """What it reaches, as the container names it; '' where it reaches none."""
    also: tuple[str, ...] = ()
    """Other names, which are not offered."""

    def key(self, name: str) -> Key | None:
        """Return a key by its name or an alias; case and dashes do not matter."""
        wanted = name.casefold().replace("-", "_")
        return next((key for key in self.keys if wanted == key.name or wanted in key.aliases), None)

    @property
    def usage(self) -> str:
        """The command with its keys, those that may be left away in brackets."""
        return " ".join([self.name, *(_usage(key, is_first=key.name == self.first) for key in self.keys)])


@dataclass(frozen=True, kw_only=True, slots=True)
class Typed:
    """A command as it was typed."""

    name: str
    values: tuple[tuple[str, str], ...] = ()
    """Names of keys, not aliases, and values, in the order in which they were typed."""
    rest: str = field(default="", compare=False)
    """All that stands behind the command's name, as it was typed."""

    def get(self, key: str) -> str | None:
        """Return the value of a key."""
        return next((value for name, value in self.values if name == key), None)

    def all(self, key: str) -> tuple[str, ...]:
        """Return the values of a key that may be given several times."""
        return tuple(value for name, value in self.values if name == key)

    def flag(self, key: str) -> bool:
        """Tell whether a key is set."""
        return (self.get(key) or "").casefold() in YES

    def number(self, key: str) -> int | None:
        """Return a number."""
        value = self.get(key)
        return None if value is None else int(value)

    def decimal(self, key: str) -> float | None:
        """Return a number that may have a fraction."""
        value = self.get(key)
        return None if value is None else float(value)

    def texts(self, *keys: str) -> dict[str, str | None]:
        """Return the values of several keys."""
        return {key: self.get(key) for key in keys}


class Mistake(InvalidInput):
    """What was typed cannot be understood; it points at the word."""

    def __init__(self, message: str, start: int, end: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.start = start
        """Where the word begins."""
        self.end = end
        """Where it is over."""


# Reading -------------------------------------------------------------------------------------------------------------


def parse(text: str, commands: Sequence[Command]) -> Typed:
    """Read a line.

    Raises:
        Mistake: it is none; nothing else is raised, whatever the text.
    """
    words = split(text)
    if not words:
        raise Mistake("nothing was typed", 0, len(text), hint="for instance: help")
    command, used = find_command(words, commands)
    if command is None:
        raise _unknown_command(words[0], commands)
    first = words[used - 1]
    values = read_values(words[used:], command)
    missing = [key for key in command.keys if key.required and all(key.name != name for name, _ in values)]
    if missing:
        names = " and ".join(f"{key.name}=" for key in missing)
        hint = f"for instance: {command.example}" if command.example else ""
        raise Mistake(f"{command.name} needs {names}", words[0].start, first.end, hint=hint)
    return Typed(name=command.name, values=values, rest=text[first.end :].strip())


def find_command(words: Sequence[Word], commands: Sequence[Command]) -> tuple[Command | None, int]:
    """Return the command that a line begins with, and how many words name it: `node add` is `node-add`."""
    by_name = {name: command for command in commands for name in (command.name, *command.also)}
    first = _plain(words[0])
    if first in by_name:
        return by_name[first], 1
    if len(words) > 1 and (both := f"{first}-{_plain(words[1])}") in by_name:
        return by_name[both], 2
    return None, 1


def read_values(words: Iterable[Word], command: Command) -> tuple[tuple[str, str], ...]:
    """Read what follows the name of a command.

    Raises:
        Mistake: a word has no meaning there.
    """
    found: list[tuple[str, str]] = []
    for word in words:
        _check_quotes(word)
        key, value = _key_and_value(word, command, {name for name, _ in found})
        try:
            check_value(key, value)
        except InvalidInput as error:
            at = word.value_start if word.value_start < word.end else word.start
            raise Mistake(f"{key.name}: {error.message}", at, word.end, hint=error.hint) from None
        found.append((key.name, value))
    return tuple(found)


def _plain(word: Word) -> str:
    is_name = word.key is None and not word.is_quoted
    return word.value.casefold().replace("_", "-") if is_name else ""


def _unknown_command(word: Word, commands: Iterable[Command]) -> Mistake:
    if word.key is not None:
        return Mistake(
            "a command comes first", word.start, word.end, hint=f"for instance: query {word.key}=…"
        )
    names = [command.name for command in commands]
    hint = _with_beginning(word.value, names) or nearest(word.value, names) or "help lists all commands"
    return Mistake(f"there is no command {word.value!r}", word.start, word.end, hint=hint)


def _with_beginning(text: str, names: Iterable[str]) -> str:
    like = [name for name in names if text and name.startswith(f"{text.casefold()}-")]
    return f"did you mean {' or '.join(map(repr, like))}?" if like else ""


def _check_quotes(word: Word) -> None:
    if word.is_open:
        raise Mistake("the closing quote is missing", word.value_start, word.end)
    if word.stray is not None:
        raise Mistake(
            "after a closing quote comes a blank",
            word.stray,
            word.end,
            hint="put the whole value into quotes; the same quote twice means itself",
        )


def _key_and_value(word: Word, command: Command, given: set[str]) -> tuple[Key, str]:
    if word.key is not None:
        return _named_key(word, word.key, command, given), word.value
    key = None if word.is_quoted else command.key(word.value.lstrip("-"))
    if key is not None and key.kind is Kind.BOOLEAN and key.name not in given:
        return key, "true"
    if word.value.startswith("--") and not word.is_quoted:
        name = key.name if key is not None else "key"
        raise Mistake(
            f"keys are written without dashes: {word.value!r}", word.start, word.end, hint=f"use {name}=value"
        )
    first = command.key(command.first) if command.first else None
    if first is None or (first.name in given and not first.repeats):
        raise Mistake(f"{word.value!r} belongs to no key", word.start, word.end, hint=_keys_hint(command))
    return first, word.value


def _named_key(word: Word, name: str, command: Command, given: set[str]) -> Key:
    key = command.key(name)
    end = word.value_start - 1
    if key is None:
        names = [each for key in command.keys for each in (key.name, *key.aliases)]
        hint = nearest(name, names) or _keys_hint(command)
        raise Mistake(f"{command.name} has no key {name!r}", word.start, end, hint=hint)
    if key.name in given and not key.repeats:
        raise Mistake(f"{key.name} is given twice", word.start, word.end)
    return key


def _keys_hint(command: Command) -> str:
    if not command.keys:
        return f"{command.name} stands alone"
    return "it has " + ", ".join(f"{key.name}=" for key in command.keys)


# Values --------------------------------------------------------------------------------------------------------------


def check_value(key: Key, value: str) -> None:
    """Look whether a value can be what its key wants; an empty text takes a setting away.

    Raises:
        InvalidInput: it cannot.
    """
    check = _CHECKS.get(key.kind)
    if check is not None:
        check(key, value)
    elif not value.strip() and (key.required or key.kind in (Kind.PATH, Kind.TASK)):
        raise InvalidInput("a value is missing")


def _check_choice(key: Key, value: str) -> None:
    if value not in key.choices:
        hint = nearest(value, key.choices) or f"use {', '.join(key.choices)}"
        raise InvalidInput(f"{value!r} is none of its values", hint=hint)


def _check_boolean(key: Key, value: str) -> None:
    del key
    if value.casefold() not in YES | NO:
        raise InvalidInput(f"{value!r} is neither true nor false", hint="use true or false")


def _check_integer(key: Key, value: str) -> None:
    is_number = value.isascii() and value.isdigit() and len(value) < 10
    if not is_number or int(value) < key.least or (key.most is not None and int(value) > key.most):
        bounds = f"{key.least} to {key.most}" if key.most is not None else f"{key.least} or more"
        raise InvalidInput(f"{value!r} cannot be that number", hint=f"use a number, {bounds}")


def _check_decimal(key: Key, value: str) -> None:
    del key
    try:
        is_number = isfinite(float(value))
    except ValueError:
        is_number = False
    if not is_number:
        raise InvalidInput(f"{value!r} is no number", hint="use a number such as 40 or 0.5")


def _check_uids(key: Key, value: str) -> None:
    for uid in value.split(",") if key.several else (value,):
        parse_uid(uid)


def _transfer_syntax(text: str) -> object:
    from fileroom.domain.transfer_syntaxes import parse_transfer_syntax  # a long table

    return parse_transfer_syntax(text)


def _check_text(check: Callable[[str], object]) -> Callable[[Key, str], None]:
    """Return a check of what may be empty."""

    def checked(key: Key, value: str) -> None:
        if value or key.required:
            check(value)

    return checked


_CHECKS: Final[dict[Kind, Callable[[Key, str], None]]] = {
    Kind.CHOICE: _check_choice,
    Kind.BOOLEAN: _check_boolean,
    Kind.INTEGER: _check_integer,
    Kind.TASK: _check_integer,
    Kind.DECIMAL: _check_decimal,
    Kind.SYNTAX: _check_text(_transfer_syntax),
    Kind.STUDY_UID: _check_uids,
    Kind.SERIES_UID: _check_uids,
    Kind.INSTANCE_UID: _check_uids,
    Kind.AE_TITLE: _check_text(AeTitle),
    Kind.DATE: _check_text(dicom_date),
    Kind.DATE_RANGE: _check_text(date_range),
    Kind.MOMENT_RANGE: _check_text(moment_range),
}


# Writing -------------------------------------------------------------------------------------------------------------


def write(typed: Typed) -> str:
    """Return the line that reads as this command."""
    return " ".join([typed.name, *(f"{key}={quoted(value)}" for key, value in typed.values)])


def write_without_patients(typed: Typed, command: Command) -> str:
    """Return the line with an ellipsis in the place of what may name a patient."""
    personal = {key.name for key in command.keys if key.is_personal}
    shown = [(key, HIDDEN if key in personal and value else value) for key, value in typed.values]
    return write(Typed(name=typed.name, values=tuple(shown)))


def _usage(key: Key, *, is_first: bool) -> str:
    what = "|".join(key.choices) or ("" if key.kind is Kind.BOOLEAN else "…")
    if is_first:
        text = "|".join(key.choices) or key.name.upper()
        text += " …" if key.repeats else ""
    else:
        text = f"{key.name}={what}" if what else key.name
    return text if key.required else f"[{text}]"
