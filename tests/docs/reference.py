"""The script that makes the reference, loaded from where it is."""

import importlib.util
from types import ModuleType

from tests.docs.pages import ROOT


def load() -> ModuleType:
    """Return `docs/make_reference.py` as a module."""
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKE_REFERENCE = load()
