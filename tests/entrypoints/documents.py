"""What every JSON document of the command line keeps to."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_FREE_KEYS = frozenset({"matches", "file_meta", "data_set"})
"""What they hold has DICOM keywords or tags as keys."""
_WORDS_OF_OURS = frozenset({"status", "kind", "via", "retrieve", "origin", "format"})
"""Keys whose values are words of ours."""


def assert_document(document: Mapping[str, Any], *, operation: str, status: str) -> None:
    """It has what the promise says, and nothing in it is null."""
    assert document["schema_version"] == 1
    assert document["operation"] == operation
    assert document["status"] == status
    started, finished = (datetime.fromisoformat(document[key]) for key in ("started_at", "finished_at"))
    assert started.tzinfo is not None
    assert started <= finished
    assert document["duration_seconds"] >= 0
    assert Path(document["log"]).name == "app.log"
    for failure in document["failures"]:
        assert failure["what"]
        assert failure["why"]
        assert failure.keys() <= {"what", "why", "hint", "kind"}
    if "error" in document:
        assert document["error"]["kind"]
        assert document["error"]["message"]
        assert document["error"].keys() <= {"kind", "message", "hint"}
    _assert_words({key: value for key, value in document.items() if key not in _FREE_KEYS})


def _assert_words(value: object, key: str = "document") -> None:
    assert value is not None, f"{key} is null"
    if isinstance(value, dict):
        for name, inner in value.items():
            assert _WORD.match(name), f"{name} is no lower_snake key"
            _assert_words(inner, name)
    elif isinstance(value, list):
        for inner in value:
            _assert_words(inner, key)
    elif key in _WORDS_OF_OURS:
        assert _WORD.match(str(value)), f"{key}: {value} is no lower_snake word"
