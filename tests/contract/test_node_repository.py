"""What every register of remote nodes promises."""

import threading
from dataclasses import replace

import pytest

from fileroom.adapters.catalog._shared.deferred_node_repository import DeferredNodeRepository
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict, NotFound
from fileroom.domain.node import Node, RetrieveCapability
from tests.contract.catalogs import Backend, CatalogSuite, MemoryCases, PostgresqlCases, SqliteCases


def a_node(name: str = "pacs", ae_title: str = "PACS", port: int = 104) -> Node:
    return Node(name=name, ae_title=AeTitle(ae_title), host="pacs.example", port=port)


class NodeRepositoryContract(CatalogSuite):
    """The promises of `NodeRepository`."""

    def test_added_node_is_here(self, nodes: NodeRepository, backend: Backend) -> None:
        nodes.add(a_node())
        assert backend.column("nodes", "name") == ["pacs"]

    @pytest.mark.parametrize("move_destination", [None, AeTitle("FILEROOM2")])
    @pytest.mark.parametrize("retrieve", RetrieveCapability)
    def test_node_comes_back_whole(
        self, nodes: NodeRepository, move_destination: AeTitle | None, retrieve: RetrieveCapability
    ) -> None:
        node = Node(
            name="Röntgen",
            ae_title=AeTitle("Mixed Case"),
            host="2001:db8::1",
            port=65535,
            move_destination=move_destination,
            notes="first line\nsecond line with 世界, a NUL \0 and half a character \udcff",
            character_set="ISO 2022 IR 87",
            retrieve=retrieve,
        )
        nodes.add(node)
        assert nodes.get("Röntgen") == node
        assert list(nodes.list()) == [node]

    @pytest.mark.parametrize(
        ("name", "asked"), [("PACS", "pacs"), ("Straße", "STRASSE"), ("放射線", " 放射線 ")]
    )
    def test_node_is_found_by_its_name_in_any_case(
        self, nodes: NodeRepository, name: str, asked: str
    ) -> None:
        nodes.add(a_node(name))
        assert nodes.get(asked) == a_node(name)

    @pytest.mark.parametrize("name", ["", "pac", "pacs2", "p%", "p_cs", "pacs\0", "\ud800", "'"])
    def test_node_is_none_when_there_is_none_by_that_name(self, nodes: NodeRepository, name: str) -> None:
        nodes.add(a_node())
        assert nodes.get(name) is None

    @pytest.mark.parametrize("other", ["pacs", "PACS", "Pacs"])
    def test_name_that_is_taken_is_refused(self, nodes: NodeRepository, backend: Backend, other: str) -> None:
        nodes.add(a_node("pacs"))
        with pytest.raises(Conflict, match="pacs"):
            nodes.add(a_node(other, "OTHER"))
        assert backend.column("nodes", "name") == ["pacs"]
        assert nodes.get("pacs") == a_node("pacs")

    def test_two_names_may_have_the_same_address(self, nodes: NodeRepository) -> None:
        nodes.add(a_node("one"))
        nodes.add(a_node("two"))
        assert len(nodes.list()) == 2

    def test_replaced_node_is_the_new_one(self, nodes: NodeRepository) -> None:
        nodes.add(a_node())
        new = replace(a_node(port=11112), notes="moved", retrieve=RetrieveCapability.GET)
        nodes.replace("PACS", new)
        assert list(nodes.list()) == [new]

    def test_replaced_node_may_be_renamed(self, nodes: NodeRepository, backend: Backend) -> None:
        nodes.add(a_node("old"))
        nodes.replace("OLD", a_node("new"))
        assert backend.column("nodes", "name") == ["new"]
        assert nodes.get("old") is None
        nodes.add(a_node("old"))

    def test_replaced_node_may_change_the_case_of_its_name(self, nodes: NodeRepository) -> None:
        nodes.add(a_node("pacs"))
        nodes.replace("pacs", a_node("PACS"))
        assert [node.name for node in nodes.list()] == ["PACS"]

    def test_name_of_another_node_is_refused(self, nodes: NodeRepository) -> None:
        nodes.add(a_node("one"))
        nodes.add(a_node("two"))
        with pytest.raises(Conflict, match="two"):
            nodes.replace("one", a_node("TWO"))
        assert [node.name for node in nodes.list()] == ["one", "two"]

    def test_replacing_is_refused_when_there_is_none_by_that_name(
        self, nodes: NodeRepository, backend: Backend
    ) -> None:
        with pytest.raises(NotFound, match="pacs"):
            nodes.replace("pacs", a_node())
        assert backend.column("nodes", "name") == []

    def test_removed_node_has_gone(self, nodes: NodeRepository, backend: Backend) -> None:
        nodes.add(a_node("one"))
        nodes.add(a_node("two"))
        nodes.remove("ONE")
        assert backend.column("nodes", "name") == ["two"]
        nodes.add(a_node("one"))

    def test_removing_is_refused_when_there_is_none_by_that_name(self, nodes: NodeRepository) -> None:
        nodes.add(a_node("one"))
        with pytest.raises(NotFound, match="two"):
            nodes.remove("two")
        assert len(nodes.list()) == 1

    def test_nodes_are_ordered_by_name_regardless_of_case(self, nodes: NodeRepository) -> None:
        for name in ["b", "C", "a", "Ä", "1", "放射線", "B2"]:
            nodes.add(a_node(name))
        assert [node.name for node in nodes.list()] == ["1", "a", "b", "B2", "C", "Ä", "放射線"]

    def test_list_is_empty_when_there_are_none(self, nodes: NodeRepository) -> None:
        assert list(nodes.list()) == []

    def test_written_by_one_is_seen_by_another(self, nodes: NodeRepository, backend: Backend) -> None:
        other = backend.open_nodes()
        nodes.add(a_node())
        assert other.get("pacs") == a_node()
        other.remove("pacs")
        assert nodes.get("pacs") is None

    def test_one_of_many_threads_gets_the_name(self, nodes: NodeRepository) -> None:
        refused: list[int] = []
        start = threading.Barrier(8)

        def add(number: int) -> None:
            start.wait()
            try:
                nodes.add(a_node("PACS" if number % 2 else "pacs", port=number))
            except Conflict:
                refused.append(number)

        threads = [threading.Thread(target=add, args=(number,)) for number in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 7
        (node,) = nodes.list()
        assert {node.port, *refused} == set(range(1, 9))

    def test_nodes_and_catalog_share_a_place(self, nodes: NodeRepository, backend: Backend) -> None:
        catalog = backend.open()
        nodes.add(a_node())
        catalog.close()
        assert nodes.get("pacs") == a_node()


class TestSqlNodeRepositoryOnSqlite(SqliteCases, NodeRepositoryContract):
    pass


class TestSqlNodeRepositoryOnPostgresql(PostgresqlCases, NodeRepositoryContract):
    pass


class DeferredCases(SqliteCases):
    """A register in SQLite that is opened when it is first asked."""

    @pytest.fixture
    def nodes(self, backend: Backend) -> NodeRepository:
        return DeferredNodeRepository(backend.open_nodes)


class TestDeferredNodeRepository(DeferredCases, NodeRepositoryContract):
    pass


class TestMemoryNodeRepository(MemoryCases, NodeRepositoryContract):
    pass
