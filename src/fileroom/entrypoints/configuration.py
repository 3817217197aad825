"""Reads and writes the configuration.

Precedence from low to high: built-in default, `config.toml`, `FILEROOM_<SECTION>_<KEY>`, command line.
"""

import json
import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from fileroom.domain.errors import ConfigurationError, InvalidInput
from fileroom.domain.suggestions import nearest
from fileroom.entrypoints.settings import (
    ENVIRONMENT_PREFIX,
    SECTIONS,
    Settings,
    attribute_of,
    environment_name,
)

_NONE_WORDS = frozenset({"none", "null", "unlimited"})


def load_settings(
    *,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Read the configuration; `overrides` are `section.key` to value, None meaning not given.

    Raises:
        ConfigurationError: the file cannot be read, or holds an unknown key or a wrong value; the message names
            file (or variable, or option), section and key, the hint the nearest valid one.
    """
    values: dict[str, dict[str, object]] = {name: {} for name in SECTIONS}
    if file is not None:
        _read_file(file, values)
    _read_environment(os.environ if environment is None else environment, values)
    for path, value in (overrides or {}).items():
        if value is not None:
            section, _, key = path.partition(".")
            values[section][key] = _checked(section, key, value, "the command line")
    made: dict[str, Any] = {attribute_of(name): kind(**values[name]) for name, kind in SECTIONS.items()}
    return Settings(**made)


def _read_file(file: Path, values: dict[str, dict[str, object]]) -> None:
    try:
        with file.open("rb") as stream:
            document = tomllib.load(stream)
    except FileNotFoundError:
        raise ConfigurationError(
            f"{file} does not exist", hint="write one with `fileroom config init`"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from None
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    for section, content in document.items():
        if section not in SECTIONS:
            raise ConfigurationError(
                f"{file}: [{section}] is no section", hint=_nearest_or_list(section, SECTIONS)
            )
        if not isinstance(content, dict):
            raise ConfigurationError(
                f"{file}: {section} must be a section", hint=f"write [{section}] above its keys"
            )
        for key, value in content.items():
            values[section][key] = _checked(section, key, value, str(file))


def _read_environment(environment: Mapping[str, str], values: dict[str, dict[str, object]]) -> None:
    known = {
        environment_name(section, each.name): (section, each.name)
        for section, kind in SECTIONS.items()
        for each in fields(kind)
    }
    prefixes = tuple(f"{ENVIRONMENT_PREFIX}{section}_".upper() for section in SECTIONS)
    for name, value in environment.items():
        if name in known:
            section, key = known[name]
            values[section][key] = _checked(section, key, value, f"environment variable {name}")
        elif name.startswith(prefixes):
            raise ConfigurationError(f"environment variable {name} is no setting", hint=nearest(name, known))


def _nearest_or_list(word: str, possible: Mapping[str, object] | Sequence[str]) -> str:
    return nearest(word, possible) or f"valid: {', '.join(possible)}"


def _checked(section: str, key: str, value: object, where: str) -> object:
    """Return a value as its field wants it.

    Raises:
        ConfigurationError: the key is unknown, or the value not possible.
    """
    kind = SECTIONS[section]
    names = [each.name for each in fields(kind)]
    if key not in names:
        raise ConfigurationError(
            f"{where}: [{section}] {key} is no setting", hint=_nearest_or_list(key, names)
        )
    wanted = get_type_hints(kind)[key]
    try:
        converted = _converted(value, wanted)
        check = next(each.metadata["check"] for each in fields(kind) if each.name == key)
        if check is not None:
            check(converted)
    except InvalidInput as error:
        raise ConfigurationError(f"{where}: [{section}] {key}: {error.message}", hint=error.hint) from None
    return converted


def _converted(value: object, wanted: Any) -> object:
    if get_origin(wanted) is tuple:
        return _as_texts(value)
    options = get_args(wanted)
    if type(None) in options:
        if value is None or (isinstance(value, str) and value.strip().lower() in _NONE_WORDS):
            return None
        wanted = next(option for option in options if option is not type(None))
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return _as_enum(value, wanted)
    return _SIMPLE[wanted](value)


def _as_texts(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, (list, tuple)) or not all(isinstance(part, str) for part in parts):
        raise InvalidInput(f"{value!r} is not a list of words", hint='write ["ONE", "TWO"]')
    return tuple(part.strip() for part in parts if part.strip())


def _as_enum(value: object, kind: type[StrEnum]) -> StrEnum:
    words = [each.value for each in kind]
    if isinstance(value, str) and value.strip().lower() in words:
        return kind(value.strip().lower())
    raise InvalidInput(f"{value!r} is not possible", hint=_nearest_or_list(str(value), words))


def _as_text(value: object) -> str:
    if isinstance(value, (str, Path)):
        return str(value).strip()
    raise InvalidInput(f"{value!r} is not a text", hint="write it in quotes")


def _as_int(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        try:
            return int(value.replace("_", ""))
        except ValueError:
            pass
    raise InvalidInput(f"{value!r} is not a whole number")


def _as_float(value: object) -> float:
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            pass
        else:
            if isfinite(number):
                return number
    raise InvalidInput(f"{value!r} is not a number")


_TRUTH = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def _as_bool(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUTH:
        return _TRUTH[value.strip().lower()]
    raise InvalidInput(f"{value!r} is neither true nor false")


_SIMPLE: Mapping[Any, Callable[[object], object]] = {
    str: _as_text,
    int: _as_int,
    float: _as_float,
    bool: _as_bool,
}


def template() -> str:
    """Return a `config.toml` in which every setting stands as a comment with its meaning and default."""
    lines = [
        "# fileroom's configuration. Take away a # to change a setting.",
        "# Each can also come from the environment, e.g. " + environment_name("storage_scp", "port") + ".",
    ]
    defaults = Settings().items()
    for section, kind in SECTIONS.items():
        lines += ["", f"[{section}]", f"# {(kind.__doc__ or '').strip()}"]
        for each in fields(kind):
            lines += [
                f"# {each.metadata['meaning']}",
                f"#{each.name} = {_toml(defaults[section][each.name])}",
            ]
    return "\n".join(lines) + "\n"


def write_template(file: Path, *, replace: bool = False) -> None:
    """Write the template for this account alone: a database URL may hold a password.

    Raises:
        FileExistsError: there is a file, and it is not to be replaced.
        OSError: it cannot be written.
    """
    with open(file, "w" if replace else "x", encoding="utf-8", opener=_open_private) as stream:
        stream.write(template())


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def written(settings: Settings) -> str:
    """Return the settings as they are in force, as TOML."""
    blocks = [
        "\n".join([f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items())])
        for section, values in settings.items().items()
    ]
    return "\n\n".join(blocks) + "\n"


def _toml(value: object) -> str:
    if value is None:
        return '"none"'
    if isinstance(value, float):
        return repr(value)
    # JSON's strings, numbers, booleans and lists of strings are TOML's.
    return json.dumps(value, ensure_ascii=False)
