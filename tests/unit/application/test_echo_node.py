"""C-ECHO."""

import pytest

from fileroom.adapters.catalog.memory.node_repository import MemoryNodeRepository
from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.scripted_peer import ScriptedPeer
from fileroom.adapters.system.progress import NullProgress
from fileroom.application.use_cases.echo_node import EchoNode, EchoRequest, EchoResult
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import NotFound, PeerFailed, PeerUnreachable
from fileroom.domain.node import Node
from tests.unit.application.rooms import PatientToken


def echo(peer: ScriptedPeer, target: str) -> EchoResult:
    nodes = MemoryNodeRepository()
    nodes.add(Node(name="pacs", ae_title=AeTitle("PEER"), host="peer", port=104))
    use_case = EchoNode(nodes=nodes, client=MemoryDicomClient(peer.network, AeTitle("FILEROOM")))
    return use_case.execute(EchoRequest(target=target), progress=NullProgress(), cancel=PatientToken())


@pytest.mark.parametrize(("target", "name"), [("PACS", "pacs"), ("peer:104", "peer:104")])
def test_node_or_address_answers(target: str, name: str) -> None:
    peer = ScriptedPeer(MemoryNetwork())
    result = echo(peer, target)
    assert (result.name, result.answer.status, result.answer.implementation_version) == (name, 0, "SCRIPTED")
    assert peer.requests == ["echo", "release"]


def test_failure_status_is_raised_in_words() -> None:
    peer = ScriptedPeer(MemoryNetwork())
    peer.script.final_statuses = {Service.ECHO: 0x0122}
    with pytest.raises(PeerFailed, match="pacs answered the echo with 0122H") as caught:
        echo(peer, "pacs")
    assert caught.value.status == 0x0122


def test_unreachable_node_is_told() -> None:
    peer = ScriptedPeer(MemoryNetwork())
    peer.script.unreachable = True
    with pytest.raises(PeerUnreachable):
        echo(peer, "pacs")


def test_unknown_node_is_told() -> None:
    with pytest.raises(NotFound):
        echo(ScriptedPeer(MemoryNetwork()), "nobody")
