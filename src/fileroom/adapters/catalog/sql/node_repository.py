"""The register of remote nodes, in the database of the catalog."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from fileroom.adapters.catalog.sql.engine import open_catalog_engine, translated, writing
from fileroom.adapters.catalog.sql.rows import from_lossless, to_lossless
from fileroom.adapters.catalog.sql.schema import nodes
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict, NotFound
from fileroom.domain.node import Node, RetrieveCapability, node_key

_UNREAD: Final = "the register of nodes could not be read"
_UNWRITTEN: Final = "the register of nodes could not be written"


class SqlNodeRepository(NodeRepository):
    """A `NodeRepository` in SQLite or PostgreSQL."""

    def __init__(self, database: str | Engine) -> None:
        """Use an engine of `open_catalog_engine`, or open one for a URL.

        Raises:
            ConfigurationError: the URL cannot be used.
            StorageError: the database cannot be opened.
        """
        self._engine = open_catalog_engine(database) if isinstance(database, str) else database
        self._writer = writing(self._engine)

    def add(self, node: Node) -> None:
        """See `NodeRepository.add`."""
        with translated(_UNWRITTEN), self._writer.begin() as connection:
            _check_free(connection, node)
            connection.execute(insert(nodes).values(_values(node)))

    def replace(self, name: str, node: Node) -> None:
        """See `NodeRepository.replace`."""
        key = node_key(name)
        with translated(_UNWRITTEN), self._writer.begin() as connection:
            if _row(connection, key) is None:
                raise _unknown(name)
            if node.key != key:
                _check_free(connection, node)
            connection.execute(
                update(nodes).where(nodes.c.node_key == to_lossless(key)).values(_values(node))
            )

    def remove(self, name: str) -> None:
        """See `NodeRepository.remove`."""
        key = to_lossless(node_key(name))
        with translated(_UNWRITTEN), self._writer.begin() as connection:
            if not connection.execute(delete(nodes).where(nodes.c.node_key == key)).rowcount:
                raise _unknown(name)

    def get(self, name: str) -> Node | None:
        """See `NodeRepository.get`."""
        with translated(_UNREAD), self._engine.connect() as connection:
            row = _row(connection, node_key(name))
        return _node(row) if row else None

    def list(self) -> Sequence[Node]:
        """See `NodeRepository.list`."""
        with translated(_UNREAD), self._engine.connect() as connection:
            return [
                _node(row) for row in connection.execute(select(nodes).order_by(nodes.c.node_key)).mappings()
            ]

    def close(self) -> None:
        """Give back connections; an engine that was given opens new ones if it is used."""
        self._engine.dispose()


def _row(connection: Connection, key: str) -> RowMapping | None:
    return (
        connection.execute(select(nodes).where(nodes.c.node_key == to_lossless(key))).mappings().one_or_none()
    )


def _check_free(connection: Connection, node: Node) -> None:
    taken = _row(connection, node.key)
    if taken is not None:
        raise Conflict(f"there is a node called {_node(taken).name!r} already", hint="choose another name")


def _unknown(name: str) -> NotFound:
    return NotFound(f"there is no node called {name!r}")


def _values(node: Node) -> dict[str, Any]:
    texts = {
        "node_key": node.key,
        "name": node.name,
        "ae_title": node.ae_title,
        "host": node.host,
        "move_destination": node.move_destination or "",
        "notes": node.notes,
        "character_set": node.character_set,
        "retrieve": node.retrieve.value,
    }
    return {"port": node.port} | {name: to_lossless(str(text)) for name, text in texts.items()}


def _node(row: RowMapping) -> Node:
    move_destination = row["move_destination"]
    return Node(
        name=from_lossless(row["name"]),
        ae_title=AeTitle(row["ae_title"]),
        host=from_lossless(row["host"]),
        port=row["port"],
        move_destination=AeTitle(move_destination) if move_destination else None,
        notes=from_lossless(row["notes"]),
        character_set=from_lossless(row["character_set"]),
        retrieve=RetrieveCapability(row["retrieve"]),
    )
