"""Errors keep what they know, also across processes."""

import copy
import importlib
import pickle
import pkgutil
import re
from collections.abc import Iterator

import pytest

import fileroom.application
import fileroom.domain
from fileroom.application.ports.object_store import ObjectExists
from fileroom.domain.errors import (
    AssociationRejected,
    FileroomError,
    PeerFailed,
    StorageError,
    StorageFull,
    UnknownMoveDestination,
)
from fileroom.domain.records import StoredObject

STORED = StoredObject(location="store:1.dcm", size=1, data_offset=0, digest="blake3:00")


def all_kinds(root: type[FileroomError] = FileroomError) -> Iterator[type[FileroomError]]:
    yield root
    for child in root.__subclasses__():
        yield from all_kinds(child)


def every_error_class() -> list[type[FileroomError]]:
    """Those that the core knows; a private one, or an adapter's, goes by the kind of its public parent."""
    for package in (fileroom.domain, fileroom.application):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    core = ("fileroom.domain.", "fileroom.application.")
    return [
        kind
        for kind in dict.fromkeys(all_kinds())
        if kind.__module__.startswith(core) and not kind.__name__.startswith("_")
    ]


@pytest.mark.parametrize(
    "error",
    [
        FileroomError("what happened", hint="what to do"),
        StorageFull("full", hint="make room"),
        AssociationRejected("rejected", result=1, source=2, reason=3, hint="register us"),
        PeerFailed("failed", status=0xA700, hint="later"),
        UnknownMoveDestination("unknown", status=0xA801),
        ObjectExists("there", stored=STORED),
    ],
    ids=lambda error: type(error).__name__,
)
def test_error_survives_pickling_and_copying(error: FileroomError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(other) is type(error)
        assert str(other) == str(error) == error.message
        assert vars(other) == vars(error)
        assert other.args == error.args


@pytest.mark.parametrize("kind", every_error_class())
def test_error_kind_is_a_word_for_scripts_and_its_own(kind: type[FileroomError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.kind)
    assert "kind" in vars(kind)


def test_error_kinds_differ() -> None:
    kinds = [kind.kind for kind in every_error_class()]
    shared = {kind for kind in kinds if kinds.count(kind) > 1}
    assert shared == set()


def test_error_has_no_hint_unless_given_one() -> None:
    assert StorageError("what").hint == ""
