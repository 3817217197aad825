"""What the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.backends import BACKENDS, Backend
from tests.postgresql import running_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Path]:
    """The folder of the socket of a PostgreSQL server."""
    with running_server() as folder:
        yield folder


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each network backend in turn."""
    chosen = request.param
    assert isinstance(chosen, Backend)
    return chosen
