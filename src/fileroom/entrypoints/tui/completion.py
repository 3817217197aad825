"""What may come next in a line: commands, keys, and values of each kind.

Nothing here touches the screen. Names of nodes, UIDs and tasks are given by whoever knows them; paths are read by
`paths_like`, in another thread than the screen's.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from fileroom.domain.text import fold
from fileroom.entrypoints.tui.language import Command, Key, Kind, find_command
from fileroom.entrypoints.tui.words import Word, looks_like_key, opened, quoted, split

MOST: Final = 200
"""Options that are offered at once."""
_LOOKED_AT: Final = 20_000
"""Entries of a folder that are looked at."""
_MODALITIES: Final = ("CT", "MR", "US", "CR", "DX", "MG", "NM", "PT", "XA", "RF", "SR", "SEG", "SC", "OT")


@dataclass(frozen=True, slots=True)
class Option:
    """Something that may come next."""

    value: str
    """As it is meant, without quotes."""
    says: str = ""
    """What stands beside it."""
    then: str = " "
    """What is written behind it: an equal sign after a key, nothing after a folder, since more comes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a line the cursor is, and what is wanted there."""

    start: int
    """What an option takes the place of begins here, and is over at the cursor."""
    typed: str
    """What was typed of it already, without quotes."""
    command: Command | None = None
    key: Key | None = None
    """Whose value is wanted; None where a command or a key is."""
    is_named: bool = False
    """The key was typed."""
    options: tuple[Option, ...] = ()
    """What is known without asking anybody."""

    @property
    def kind(self) -> Kind | None:
        """The kind of value that is wanted."""
        return self.key.kind if self.key is not None else None


def place_of(text: str, commands: Sequence[Command]) -> Place:
    """Tell what is wanted at the end of a text."""
    words = split(text)
    is_new = not words or words[-1].end < len(text)
    before = words if is_new else words[:-1]
    current = Word(
        start=len(text), end=len(text), key=None, value="", value_start=len(text), is_quoted=False
    ) if is_new else words[-1]  # fmt: skip
    if not before:
        offered = tuple(Option(command.name, command.says) for command in commands)
        return Place(start=current.start, typed=current.value, options=offered)
    command, used = find_command(before, commands)
    if command is None:
        return Place(start=current.start, typed=current.value)
    given = _given(before[used:], command)
    if current.key is not None:
        return _value_place(current, command, command.key(current.key), commands)
    first = command.key(command.first)
    wants_first = first is not None and (first.repeats or first.name not in given)
    keys = () if current.is_quoted else _keys(command, given)
    if first is not None and wants_first:
        place = _value_place(current, command, first, commands)
        return Place(
            start=current.start,
            typed=current.value,
            command=command,
            key=first,
            options=(*place.options, *keys),
        )
    return Place(start=current.start, typed=current.value, command=command, options=keys)


def fitting(place: Place, offered: Iterable[Option]) -> list[Option]:
    """Return the options that fit what was typed: those that begin like it, then those that hold it somewhere."""
    typed = fold(place.typed.rpartition(",")[2] if _is_list(place) else place.typed)
    begin: list[Option] = []
    hold: list[Option] = []
    for option in offered:
        name = fold(option.value)
        if name.startswith(typed):
            begin.append(option)
        elif typed and (typed in name or (place.key is not None and typed in fold(option.says))):
            hold.append(option)
    return [*begin, *hold][:MOST]


def inserted(place: Place, option: Option) -> str:
    """Return what a line has in the place of what was typed when an option is taken."""
    value = option.value
    if _is_list(place):
        before, comma, _ = place.typed.rpartition(",")
        return quoted(before + comma + value)
    command = place.command
    is_alone = (
        command is not None and not place.is_named and option.then != "=" and not _is_flag(place, option)
    )
    needs_quotes = is_alone and (
        looks_like_key(value) or (command is not None and command.key(value) is not None)
    )
    write = quoted if option.then else opened
    return write(value, always=needs_quotes) + option.then


def _is_flag(place: Place, option: Option) -> bool:
    """Whether an option is a key that may stand alone, rather than a value."""
    return place.command is not None and option in _keys(place.command, set())


def common_beginning(place: Place, options: Sequence[Option]) -> str:
    """Return how all options begin, where that is more than what was typed; '' otherwise."""
    values = [option.value for option in options]
    same = takewhile(lambda chars: len(set(chars)) == 1, zip(*values, strict=False))
    common = "".join(chars[0] for chars in same)
    is_more = len(common) > len(place.typed) and common.casefold().startswith(place.typed.casefold())
    return opened(common) if is_more and not _is_list(place) else ""


def paths_like(typed: str) -> list[Option]:
    """Return what is in a folder and begins like what was typed; nothing where it cannot be read."""
    cut = max(typed.rfind(separator) for separator in (os.sep, os.altsep or os.sep)) + 1
    shown, name = typed[:cut], typed[cut:]
    found: list[Option] = []
    try:
        with os.scandir(Path(shown or ".").expanduser()) as entries:
            for entry in islice(entries, _LOOKED_AT):
                if _begins_like(entry.name, name):
                    is_folder = entry.is_dir()
                    value = f"{shown}{entry.name}{os.sep if is_folder else ''}"
                    if value.isprintable():
                        found.append(Option(value, then="" if is_folder else " "))
    except (OSError, ValueError, RuntimeError):
        return []
    return sorted(found, key=lambda option: (bool(option.then), option.value.casefold()))[:MOST]


def _begins_like(name: str, typed: str) -> bool:
    is_hidden = name.startswith(".") and not typed.startswith(".")
    return not is_hidden and name.casefold().startswith(typed.casefold())


def _given(words: Iterable[Word], command: Command) -> set[str]:
    keys = (command.key(word.key if word.key is not None else word.value) for word in words)
    names = {key.name for key in keys if key is not None}
    if any(word.key is None and command.key(word.value) is None for word in words):
        names.add(command.first)
    return names


def _value_place(word: Word, command: Command, key: Key | None, commands: Sequence[Command]) -> Place:
    if key is None:
        return Place(start=word.start, typed=word.value, command=command)
    return Place(
        start=word.value_start,
        typed=word.value,
        command=command,
        key=key,
        is_named=word.key is not None,
        options=tuple(_known_values(key, commands)),
    )


def _known_values(key: Key, commands: Sequence[Command]) -> Iterable[Option]:
    if key.kind is Kind.CHOICE:
        return map(Option, key.choices)
    if key.kind is Kind.BOOLEAN:
        return map(Option, ("true", "false"))
    if key.kind is Kind.SYNTAX:
        from fileroom.domain.pixel_target import writable_names

        return map(Option, writable_names())
    if key.kind is Kind.MODALITIES:
        return map(Option, _MODALITIES)
    if key.kind is Kind.COMMAND:
        return (Option(command.name, command.says) for command in commands)
    return ()


def _keys(command: Command, given: set[str]) -> tuple[Option, ...]:
    keys = sorted(command.keys, key=lambda key: not key.required)
    return tuple(
        Option(key.name, key.says, " " if key.kind is Kind.BOOLEAN else "=")
        for key in keys
        if (key.repeats or key.name not in given) and key.name != command.first
    )


def _is_list(place: Place) -> bool:
    return place.key is not None and (place.key.kind is Kind.MODALITIES or place.key.several)


Known = Mapping[Kind, Sequence[Option]]
"""Values of kinds that somebody has to be asked for."""
