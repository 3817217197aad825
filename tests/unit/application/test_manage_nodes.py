"""The register of nodes as doors use it."""

from dataclasses import replace

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.application.peers import ANY_SCP, find_peer
from fileroom.application.use_cases.manage_nodes import ManageNodes, NodeChanges
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict, InvalidInput, NotFound
from fileroom.domain.node import Node, RetrieveCapability


def a_node(name: str = "pacs", **changes: object) -> Node:
    node = Node(
        name=name,
        ae_title=AeTitle("PEER"),
        host="192.0.2.1",
        port=104,
        move_destination=AeTitle("US"),
        notes="old",
        character_set="ISO_IR 100",
        retrieve=RetrieveCapability.GET,
    )
    return replace(node, **changes)  # type: ignore[arg-type]


def with_nodes(*nodes: Node) -> ManageNodes:
    repository = MemoryNodeRepository()
    for node in nodes:
        repository.add(node)
    return ManageNodes(nodes=repository)


def test_node_is_added_and_shown_in_any_case() -> None:
    use_case = with_nodes()
    assert use_case.add(a_node()) == a_node()
    assert use_case.show("PACS") == a_node()
    assert use_case.list() == [a_node()]


def test_node_is_not_added_when_its_name_is_taken_in_any_case() -> None:
    with pytest.raises(Conflict):
        with_nodes(a_node()).add(a_node("Pacs"))


def test_edit_changes_what_is_given_and_nothing_else() -> None:
    use_case = with_nodes(a_node())
    changed = use_case.edit("PACS", NodeChanges(notes="new", character_set="ISO_IR 192"))
    assert changed == a_node(notes="new", character_set="ISO_IR 192")
    assert use_case.show("pacs") == changed


def test_edit_without_changes_leaves_the_node() -> None:
    assert with_nodes(a_node()).edit("pacs", NodeChanges()) == a_node()


@pytest.mark.parametrize(
    ("changes", "field"), [(NodeChanges(notes=""), "notes"), (NodeChanges(character_set=""), "character_set")]
)
def test_edit_clears_what_is_given_empty(changes: NodeChanges, field: str) -> None:
    assert getattr(with_nodes(a_node()).edit("pacs", changes), field) == ""


def test_edit_clears_the_move_destination_when_it_is_given_empty() -> None:
    assert with_nodes(a_node()).edit("pacs", NodeChanges(move_destination="")).move_destination is None


def test_edit_renames_and_changes_the_case_of_a_name() -> None:
    use_case = with_nodes(a_node())
    assert use_case.edit("pacs", NodeChanges(name="PACS")).name == "PACS"
    assert use_case.edit("pacs", NodeChanges(name="archive")).name == "archive"
    assert [node.name for node in use_case.list()] == ["archive"]


@pytest.mark.parametrize(
    "changes", [NodeChanges(host="192.0.2.2"), NodeChanges(port=11112), NodeChanges(ae_title="OTHER")]
)
def test_edit_forgets_what_worked_when_it_is_another_system_now(changes: NodeChanges) -> None:
    assert with_nodes(a_node()).edit("pacs", changes).retrieve is RetrieveCapability.UNKNOWN


def test_edit_is_refused_when_the_new_name_belongs_to_another() -> None:
    use_case = with_nodes(a_node(), a_node("archive"))
    with pytest.raises(Conflict):
        use_case.edit("pacs", NodeChanges(name="ARCHIVE"))
    assert [node.name for node in use_case.list()] == ["archive", "pacs"]


@pytest.mark.parametrize(
    "changes",
    [NodeChanges(port=0), NodeChanges(host=" "), NodeChanges(ae_title=""), NodeChanges(name="a b")],
)
def test_edit_is_refused_when_a_value_cannot_be_used(changes: NodeChanges) -> None:
    use_case = with_nodes(a_node())
    with pytest.raises(InvalidInput):
        use_case.edit("pacs", changes)
    assert use_case.show("pacs") == a_node()


def test_deleted_node_is_returned_and_gone() -> None:
    use_case = with_nodes(a_node())
    assert use_case.delete("Pacs") == a_node()
    assert use_case.list() == []


def test_unknown_name_is_told_with_what_to_do() -> None:
    with pytest.raises(NotFound) as nothing_registered:
        with_nodes().show("pacs")
    assert "node add" in nothing_registered.value.hint
    with pytest.raises(NotFound) as near:
        with_nodes(a_node()).delete("pasc")
    assert near.value.hint == "did you mean 'pacs'?"
    with pytest.raises(NotFound) as far:
        with_nodes(a_node()).edit("zzz", NodeChanges())
    assert "node list" in far.value.hint


# From what a person names to a peer ----------------------------------------------------------------------------------


def test_peer_of_a_node_is_as_it_is_registered() -> None:
    nodes = MemoryNodeRepository()
    nodes.add(a_node())
    peer, name = find_peer(nodes, "PACS", None)
    assert (peer.ae_title, peer.host, peer.port, peer.character_set, name) == (
        "PEER",
        "192.0.2.1",
        104,
        "ISO_IR 100",
        "pacs",
    )
    assert find_peer(nodes, "pacs", AeTitle("ASKED"))[0].ae_title == "ASKED"


def test_peer_at_an_address_needs_no_node() -> None:
    peer, name = find_peer(MemoryNodeRepository(), "[2001:db8::1]:104", None)
    assert (peer.ae_title, peer.host, peer.port, name) == (ANY_SCP, "2001:db8::1", 104, "[2001:db8::1]:104")
    assert find_peer(MemoryNodeRepository(), "pacs.example:104", AeTitle("ASKED"))[0].ae_title == "ASKED"
