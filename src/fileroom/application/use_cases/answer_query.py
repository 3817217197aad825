"""Answers C-FIND from the local catalog."""

from collections.abc import Callable, Iterator

from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.dicom_server import Caller, QueryHandler
from fileroom.domain.query import Attributes, Query


class AnswerQuery(QueryHandler):
    """The Query SCP over the catalog."""

    def __init__(self, *, catalog: Catalog, settle: Callable[[], object]) -> None:
        """Answer from this catalog, when `settle` has brought into it what was received before."""
        self._catalog = catalog
        self._settle = settle

    def find(self, caller: Caller, query: Query) -> Iterator[Attributes]:
        """Yield the matches; who asks makes no difference."""
        del caller
        self._settle()
        return self._catalog.find(query)
