"""Conditions of attribute matching (`fileroom.domain.matching`) in SQL, so that they mean the same as in Python."""

import json
import re
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Dialect,
    FromClause,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union,
)

from fileroom.adapters.catalog._shared.cleaning import MAX_VALUE_LENGTH
from fileroom.adapters.catalog.sql.schema import search_columns
from fileroom.domain.attributes import Attribute
from fileroom.domain.matching import AnyOf, Between, Condition, Like, NameGroups, Number

_FEW = 4
_SCANNED = frozenset({"PatientName", "StudyDescription"})
"""Attributes that people search by a part, each of whose columns has an index of its own."""
_FIRST_SURROGATE, _AFTER_SURROGATES, _LAST_CODE = 0xD800, 0xE000, 0x10FFFF


def clause(
    dialect: Dialect, table: FromClause, attribute: Attribute, condition: Condition
) -> ColumnElement[bool]:
    """Return SQL for a condition on an attribute whose columns are in `table`."""
    columns = search_columns(attribute)
    match condition:
        case Number(value=value):
            return table.c[columns[0]] == value
        case NameGroups(conditions=conditions, anywhere=True) if attribute.keyword in _SCANNED:
            return _through_index(dialect, table, columns, conditions[0])
        case NameGroups(conditions=conditions, anywhere=True):
            return or_(*(meets(dialect, table.c[name], conditions[0]) for name in columns))
        case NameGroups(conditions=conditions):
            return and_(
                *(meets(dialect, table.c[name], one) for name, one in zip(columns, conditions, strict=True))
            )
        case Like(pattern=pattern) if pattern[0] in "*?" and attribute.keyword in _SCANNED:
            return _through_index(dialect, table, columns, condition)
        case _:
            return meets(dialect, table.c[columns[0]], condition)


def _through_index(
    dialect: Dialect, table: FromClause, columns: Iterable[str], condition: Condition | None
) -> ColumnElement[bool]:
    """Return SQL for a condition that any of some columns meets, each looked at in its own index.

    Part of a name is found nowhere quickly, but an index is scanned in a fraction of the time that its table takes;
    and the keys that are found lead from there to series and instances, never the other way round.
    """
    inner = table.alias()
    return table.c.pk.in_(
        union(*(select(inner.c.pk).where(meets(dialect, inner.c[name], condition)) for name in columns))
    )


def meets(dialect: Dialect, column: ColumnElement[Any], condition: Condition | None) -> ColumnElement[bool]:
    """Return SQL for a condition on the one column that holds what it compares.

    Raises:
        TypeError: conditions on names and numbers need the columns of their attribute.
    """
    match condition:
        case None:
            return true()
        case AnyOf(values=values):
            # Search columns are cut to what an index takes.
            return among(dialect, column, [value[:MAX_VALUE_LENGTH] for value in values])
        case Like(pattern=pattern):
            return _fits(dialect, column, pattern)
        case Between(low=low, high=high):
            bounds = [column >= low if low else column != ""]
            if high:
                bounds.append(column <= high)
            return and_(*bounds)
        case Number() | NameGroups():
            raise TypeError(condition)


def among(
    dialect: Dialect, column: ColumnElement[Any], values: Collection[str] | Collection[int]
) -> ColumnElement[bool]:
    """Return SQL for a column that equals one of any number of values.

    Many values travel as one parameter: databases limit the number of parameters, and the statement stays the same.
    """
    if not values:
        return false()
    if len(values) <= _FEW:
        return or_(*(column == value for value in values))
    return column.in_(_items(dialect, column, literal(json.dumps(list(values)), Text)))


def listed(dialect: Dialect, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return SQL for a column that equals one of a JSON list, which is the parameter of that name."""
    return column.in_(_items(dialect, column, bindparam(name, type_=Text)))


def _items(dialect: Dialect, column: ColumnElement[Any], values: ColumnElement[str]) -> Select[Any]:
    if dialect.name == "sqlite":
        return select(func.json_each(values).table_valued("value").c.value)
    item = func.json_array_elements_text(cast(values, JSON)).column_valued("item")
    return select(cast(item, BigInteger) if isinstance(column.type, BigInteger) else item)


def _fits(dialect: Dialect, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    """Return SQL for a pattern of `*` and `?`: a range that an index serves, and the pattern where it says more."""
    prefix = re.split("[*?]", pattern, maxsplit=1)[0]
    parts: list[ColumnElement[bool]] = []
    if prefix:
        parts.append(column >= prefix)
        if (beyond := _after_prefix(prefix)) is not None:
            parts.append(column < beyond)
    if pattern != prefix + "*":
        if dialect.name == "sqlite":
            # LIKE would ignore the case of ASCII letters here; GLOB has the wildcards of DICOM, and brackets besides.
            parts.append(column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]")))
        else:
            parts.append(column.like(_like_pattern(pattern), escape="\\"))
    return and_(*parts)


def _like_pattern(pattern: str) -> str:
    for special in "\\%_":
        pattern = pattern.replace(special, "\\" + special)
    return pattern.replace("*", "%").replace("?", "_")


def _after_prefix(prefix: str) -> str | None:
    """Return the first string, by code points, after all that begin with `prefix`; None where there is none."""
    rest = prefix.rstrip(chr(_LAST_CODE))
    if not rest:
        return None
    code = ord(rest[-1]) + 1
    return rest[:-1] + chr(_AFTER_SURROGATES if code == _FIRST_SURROGATE else code)
