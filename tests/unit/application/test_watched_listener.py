"""What somebody who watches a listener sees: associations that are open, and what went wrong last."""

from datetime import timedelta

from fileroom.adapters.system.memory import FixedClock
from fileroom.application.listener_activity import EVENTS, EventKind, WatchedListener
from fileroom.application.ports.dicom_server import Caller, RejectReason, StoreReply, StoreRequest
from fileroom.application.use_cases.receive_instance import SUCCESS, Received
from fileroom.domain.access import AccessPolicy
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.filing import FilingOutcome
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, SOME_TIME, a_uid
from tests.contract.object_stores import run_together


def a_caller(port: int = 1, title: str = "CT1") -> Caller:
    return Caller(calling_ae_title=title, called_ae_title="FILEROOM", address="192.0.2.7", port=port)


def a_request(caller: Caller) -> StoreRequest:
    return StoreRequest(
        caller=caller,
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid=a_uid(1, 1, 1),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
    )


def received(caller: Caller, status: int = SUCCESS, comment: str = "") -> Received:
    return Received(
        request=a_request(caller),
        reply=StoreReply(status=status, error_comment=comment),
        outcome=FilingOutcome.STORED if status == SUCCESS else None,
        size=10,
    )


def a_listener(*titles: str) -> tuple[WatchedListener, FixedClock]:
    clock = FixedClock(SOME_TIME)
    access = AccessPolicy(calling_ae_titles=frozenset(map(AeTitle, titles)))
    return WatchedListener(access, clock), clock


def test_association_is_seen_from_its_beginning_to_its_end() -> None:
    listener, clock = a_listener()
    listener.requested(a_caller(1))
    clock.advance(5)
    listener.requested(a_caller(2))
    listener.received(received(a_caller(2)))
    listener.received(received(a_caller(2)))
    first, second = listener.associations()
    assert (first.caller.port, first.since, first.objects) == (1, SOME_TIME, 0)
    assert (second.caller.port, second.since, second.objects) == (2, SOME_TIME + timedelta(seconds=5), 2)
    listener.ended(a_caller(1), "released")
    listener.ended(a_caller(2), "aborted")
    assert listener.associations() == []
    assert listener.events() == ()


def test_caller_who_is_not_let_in_is_told_with_the_reason() -> None:
    listener, _ = a_listener("CT2")
    reason = listener.requested(a_caller())
    assert reason is not None
    listener.refused(a_caller(), reason)
    assert listener.associations() == []
    (event,) = listener.events()
    assert (event.kind, event.caller, event.at) == (EventKind.ASSOCIATION_REFUSED, a_caller(), SOME_TIME)
    assert event.why == "its AE title is not in allowed_calling_ae_titles"


def test_caller_who_is_turned_away_after_being_let_in_is_not_open() -> None:
    listener, _ = a_listener()
    listener.requested(a_caller())
    listener.refused(a_caller(), RejectReason.LOCAL_LIMIT_EXCEEDED)
    assert listener.associations() == []
    assert [event.why for event in listener.events()] == ["local limit exceeded"]
    assert listener.counts().associations_accepted == 0


def test_objects_that_were_refused_or_lost_are_told_latest_first() -> None:
    listener, _ = a_listener()
    listener.received(received(a_caller(), 0xA700, "no room"))
    listener.received(received(a_caller(), 0xC000))
    listener.abandoned(a_request(a_caller()), "the association was aborted")
    assert [(event.kind.value, event.why) for event in listener.events()] == [
        ("object did not arrive whole", "the association was aborted"),
        ("object refused", "status C000H"),
        ("object refused", "no room"),
    ]
    assert (listener.counts().objects_refused, listener.counts().objects_abandoned) == (2, 1)


def test_flood_of_trouble_is_bounded() -> None:
    listener, _ = a_listener()

    def flood(thread: int) -> None:
        for number in range(200):
            caller = a_caller(1000 * thread + number)
            listener.requested(caller)
            listener.received(received(caller, 0xA700))
            listener.associations()
            listener.events()
            listener.ended(caller, "released")

    run_together(flood, threads=4)
    assert len(listener.events()) == EVENTS
    assert listener.associations() == []
    assert listener.counts().objects_refused == 800
