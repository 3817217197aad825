"""Verifies that a node answers (C-ECHO)."""

from dataclasses import dataclass

from fileroom.application.peers import find_peer
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_client import DicomClient, EchoAnswer, Peer
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.progress import ProgressSink
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Category, Service, describe
from fileroom.domain.errors import PeerFailed


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoRequest:
    """Whom to ask."""

    target: str
    """A node's name, or HOST:PORT."""
    called_ae_title: AeTitle | None = None
    """Instead of the node's; for HOST:PORT the default is ANY-SCP."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoResult:
    """The answer."""

    name: str
    """What was asked for."""
    peer: Peer
    answer: EchoAnswer


class EchoNode:
    """Sends a C-ECHO."""

    def __init__(self, *, nodes: NodeRepository, client: DicomClient) -> None:
        """Use these."""
        self._nodes = nodes
        self._client = client

    def execute(self, request: EchoRequest, *, progress: ProgressSink, cancel: CancelToken) -> EchoResult:
        """Ask once.

        Raises:
            NotFound: the target is neither a node nor an address.
            PeerError: no success was answered.
            Cancelled: `cancel` was raised before the answer.
        """
        del progress  # one short exchange
        peer, name = find_peer(self._nodes, request.target, request.called_ae_title)
        answer = self._client.echo(peer, cancel)
        status = describe(answer.status, Service.ECHO)
        if status.category is not Category.SUCCESS:
            raise PeerFailed(
                f"{name} answered the echo with {status}", status=answer.status, hint=status.hint
            )
        return EchoResult(name=name, peer=peer, answer=answer)
