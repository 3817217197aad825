"""Whose listener takes what a C-MOVE sends."""

from contextlib import AbstractContextManager

import pytest

from fileroom.adapters.dicom.memory.client import MemoryDicomClient
from fileroom.adapters.dicom.memory.network import MemoryNetwork
from fileroom.adapters.dicom.memory.server import MemoryDicomServer
from fileroom.adapters.system.listener_presence import MemoryListenerPresence
from fileroom.adapters.system.progress import RecordingProgress
from fileroom.application.ports.dicom_client import Peer
from fileroom.application.ports.dicom_server import ListenerOptions
from fileroom.application.ports.listener_presence import ListenerInfo, ListenerPresence
from fileroom.application.receiver import OpenReceiver, Receiver, ReceiverObserver
from fileroom.domain.access import AccessPolicy
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import Conflict, PeerUnreachable
from tests.builders import CT_IMAGE_STORAGE
from tests.unit.application.rooms import PatientToken, Room

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a network in memory
US = AeTitle("FILEROOM")
PEER = Peer(ae_title=AeTitle("PEER"), host="peer", port=104)
OTHER = ListenerInfo(ae_title="OTHER", bind="127.0.0.1", port=104, process=2)


def a_receiver(
    network: MemoryNetwork,
    presence: ListenerPresence,
    *,
    bind: str = EVERYWHERE,
    towards_peer: bool = False,
    room: Room | None = None,
) -> OpenReceiver:
    return OpenReceiver(
        server=MemoryDicomServer(network),
        presence=presence,
        client=MemoryDicomClient(network, US),
        receive=(room or Room()).receive,
        access=AccessPolicy(),
        options=ListenerOptions(ae_title=US, bind=bind, port=11112, sop_class_uids=(CT_IMAGE_STORAGE,)),
        bind_towards_peer=towards_peer,
        addresses_of=lambda _: (),
        files_into="here",
        wait_seconds=1.0,
        process=1,
    )


@pytest.mark.parametrize(("towards_peer", "bind"), [(False, EVERYWHERE), (True, "127.0.0.1")])
def test_listener_is_started_at_the_address_that_leads_to_the_peer_when_it_is_to_be(
    towards_peer: bool, bind: str
) -> None:
    presence = MemoryListenerPresence()
    receiver = a_receiver(MemoryNetwork(), presence, towards_peer=towards_peer)
    with receiver.open(
        PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken()
    ) as found:
        assert found == Receiver(ae_title="FILEROOM", port=11112, is_ours=True)
        assert presence.current() == ListenerInfo(
            ae_title="FILEROOM", bind=bind, port=11112, process=1, files_into="here", temporary=True
        )
    assert presence.current() is None


def test_listener_stays_until_the_last_one_leaves_in_whatever_order() -> None:
    network, presence = MemoryNetwork(), MemoryListenerPresence()
    receiver = a_receiver(network, presence)
    first = receiver.open(PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken())
    second = receiver.open(PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken())
    assert first.__enter__() == second.__enter__()
    first.__exit__(None, None, None)
    network.connect("127.0.0.1", 11112)
    second.__exit__(None, None, None)
    with pytest.raises(PeerUnreachable):
        network.connect("127.0.0.1", 11112)
    with receiver.open(
        PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken()
    ) as again:
        assert again.is_ours


def test_catalog_has_all_that_came_when_the_listener_is_left() -> None:
    room = Room()
    receiver = a_receiver(MemoryNetwork(), MemoryListenerPresence(), room=room)
    with receiver.open(PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken()):
        room.send_in(releases=False)
        assert room.catalog.totals().instances == 0
    assert room.catalog.totals().instances == 1


class _Quicker(ListenerPresence):
    """Another process announces its listener between our look and our own announcement."""

    def __init__(self, *, stays: bool) -> None:
        self.stays = stays
        self.current_one: ListenerInfo | None = None

    def current(self) -> ListenerInfo | None:
        return self.current_one

    def announce(self, info: ListenerInfo) -> AbstractContextManager[None]:
        self.current_one = OTHER if self.stays else None
        raise Conflict("another listener is running")


def test_listener_of_another_process_is_used_when_it_was_quicker() -> None:
    network = MemoryNetwork()
    with a_receiver(network, _Quicker(stays=True)).open(
        PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken()
    ) as found:
        assert found == Receiver(ae_title="OTHER", port=104, is_ours=False)
        with pytest.raises(PeerUnreachable):
            network.connect("127.0.0.1", 11112)


def test_conflict_is_told_when_nobody_else_listens_for_this_data() -> None:
    with (
        pytest.raises(Conflict),
        a_receiver(MemoryNetwork(), _Quicker(stays=False)).open(
            PEER, US, ReceiverObserver(), progress=RecordingProgress(), cancel=PatientToken()
        ),
    ):
        pytest.fail("there is no receiver")
