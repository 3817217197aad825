"""What every DICOM server promises of listening, associations and storage."""

import contextlib
import threading

import pytest

from fileroom.application.ports.dicom_client import MoveOriginator
from fileroom.application.ports.dicom_server import Listening, RejectReason, Services, StoreReply
from fileroom.domain.errors import (
    AssociationRejected,
    ConfigurationError,
    Conflict,
    FileroomError,
    PeerUnreachable,
)
from fileroom.domain.sop_classes import STUDY_ROOT_FIND, STUDY_ROOT_GET, STUDY_ROOT_MOVE, VERIFICATION
from fileroom.domain.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from tests.builders import CT_IMAGE_STORAGE, a_uid
from tests.contract.dicom_clients import JPEG_LOSSLESS, PRIVATE_SYNTAX, bundled_objects
from tests.contract.dicom_handlers import eventually
from tests.contract.dicom_peers import MR_IMAGE_STORAGE
from tests.contract.dicom_servers import (
    OPTIONS,
    Backend,
    Handlers,
    Listen,
    MemoryCases,
    NativeCases,
    PynetdicomCases,
    ServerSuite,
)
from tests.contract.dicom_users import ALL, BOTH, User


class DicomServerContract(ServerSuite):
    """The promises of `DicomServer`, `Listening`, `AssociationObserver` and `StoreHandler`."""

    # listening

    def test_listener_tells_where_it_listens_and_answers(self, listening: Listening, user: User) -> None:
        host, port = listening.address
        assert host == "127.0.0.1"
        assert port > 0
        assert user.associate(listening.address).echo() == 0

    def test_address_in_use_is_a_conflict(self, listen: Listen) -> None:
        first = listen()
        with pytest.raises(Conflict, match=str(first.address[1])):
            listen(port=first.address[1])

    def test_address_of_another_machine_cannot_be_bound(self, listen: Listen) -> None:
        with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1"):
            listen(bind="192.0.2.1")

    def test_leaving_the_context_ends_the_listener(
        self, backend: Backend, handlers: Handlers, user: User
    ) -> None:
        with backend.server().listen(OPTIONS, handlers.services) as listening:
            address = listening.address
            association = user.associate(address)
        eventually(lambda: association.is_over)
        with pytest.raises(PeerUnreachable):
            user.associate(address)

    def test_listener_accepts_until_it_is_stopped(self, listening: Listening) -> None:
        assert listening.is_accepting()
        listening.stop(0.0)
        assert not listening.is_accepting()

    def test_stopping_twice_does_nothing(self, listening: Listening) -> None:
        listening.stop(1.0)
        listening.stop(1.0)

    def test_no_thread_is_left_after_stop(self, listening: Listening, user: User) -> None:
        before = set(threading.enumerate())
        user.associate(listening.address).echo()
        listening.stop(0.0)
        assert not [
            thread for thread in set(threading.enumerate()) - before if thread.name.startswith("dicom-")
        ]

    # associations

    def test_observer_is_asked_and_told_about_each_association(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address, calling="CALLER", called="ANYONE")
        (caller,) = handlers.observer.asked
        assert (caller.calling_ae_title, caller.called_ae_title) == ("CALLER", "ANYONE")
        assert caller.address == "127.0.0.1"
        assert caller.port > 0
        assert handlers.observer.ends == []
        association.release()
        eventually(lambda: handlers.observer.ends == [(caller, "released")])

    def test_handler_settles_before_a_release_is_answered(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address)
        association.store(b"data")
        assert handlers.store.settled_after == []
        association.release()
        assert handlers.store.settled_after == [1]

    def test_observer_hears_of_an_abort(self, listening: Listening, user: User, handlers: Handlers) -> None:
        user.associate(listening.address).abort()
        eventually(lambda: [why for _, why in handlers.observer.ends] == ["aborted by peer"])

    @pytest.mark.parametrize("reason", RejectReason)
    def test_observer_refuses_with_result_source_and_reason(
        self, listening: Listening, user: User, handlers: Handlers, reason: RejectReason
    ) -> None:
        handlers.observer.refuse_with = reason
        with pytest.raises(AssociationRejected) as told:
            user.associate(listening.address)
        assert (told.value.result, told.value.source, told.value.reason) == reason.value
        eventually(lambda: handlers.observer.refusals == [(handlers.observer.asked[0], reason)])
        assert handlers.observer.ends == []
        assert listening.active() == 0

    def test_address_that_may_not_call_is_refused_before_anything_is_asked(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.observer.admits = False
        with pytest.raises(AssociationRejected) as told:
            user.associate(listening.address)
        reason = RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED
        assert (told.value.result, told.value.source, told.value.reason) == reason.value
        caller, why = handlers.observer.refusals[-1]
        assert (caller.calling_ae_title, caller.called_ae_title, caller.address) == ("", "", "127.0.0.1")
        assert why is reason
        assert handlers.observer.asked == []
        handlers.observer.admits = True
        assert user.associate(listening.address).echo() == 0

    def test_one_association_too_many_is_refused_until_another_ends(
        self, listen: Listen, user: User, handlers: Handlers
    ) -> None:
        listening = listen(max_associations=2)
        first = user.associate(listening.address)
        second = user.associate(listening.address)
        assert listening.active() == 2
        with pytest.raises(AssociationRejected) as told:
            user.associate(listening.address)
        reason = RejectReason.LOCAL_LIMIT_EXCEEDED
        assert (told.value.result, told.value.source, told.value.reason) == reason.value
        eventually(lambda: [why for _, why in handlers.observer.refusals] == [reason])
        first.release()
        eventually(lambda: listening.active() == 1)
        assert user.associate(listening.address).echo() == 0
        assert second.echo() == 0

    def test_service_without_handler_is_not_negotiated(
        self, listen: Listen, user: User, handlers: Handlers
    ) -> None:
        listening = listen(Services(observer=handlers.observer))
        association = user.associate(listening.address)
        assert {sop_class for sop_class, _ in association.accepted} == {VERIFICATION}
        assert association.echo() == 0

    @pytest.mark.parametrize("missing", ["store", "query", "retrieve"])
    def test_service_with_handler_is_negotiated(
        self, listen: Listen, user: User, handlers: Handlers, missing: str
    ) -> None:
        listening = listen(
            Services(
                observer=handlers.observer,
                store=handlers.store if missing != "store" else None,
                query=handlers.query if missing != "query" else None,
                retrieve=handlers.retrieve if missing != "retrieve" else None,
            )
        )
        accepted = {sop_class for sop_class, _ in user.associate(listening.address).accepted}
        assert (CT_IMAGE_STORAGE in accepted) is (missing != "store")
        assert (STUDY_ROOT_FIND in accepted) is (missing != "query")
        assert (STUDY_ROOT_MOVE in accepted) is (missing != "retrieve")
        assert (STUDY_ROOT_GET in accepted) is (missing != "retrieve")

    def test_storage_classes_are_those_of_the_options(self, listen: Listen, user: User) -> None:
        listening = listen(sop_class_uids=(MR_IMAGE_STORAGE,))
        contexts = [(CT_IMAGE_STORAGE, BOTH), (MR_IMAGE_STORAGE, BOTH)]
        assert set(user.associate(listening.address, contexts).accepted) == {
            (MR_IMAGE_STORAGE, IMPLICIT_VR_LITTLE_ENDIAN)
        }

    @pytest.mark.parametrize(
        ("proposed", "accepted"),
        [
            ([IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN], IMPLICIT_VR_LITTLE_ENDIAN),
            ([EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN], EXPLICIT_VR_LITTLE_ENDIAN),
            ([EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN], EXPLICIT_VR_BIG_ENDIAN),
            ([JPEG_LOSSLESS, IMPLICIT_VR_LITTLE_ENDIAN], JPEG_LOSSLESS),
            ([PRIVATE_SYNTAX, JPEG_LOSSLESS, IMPLICIT_VR_LITTLE_ENDIAN], JPEG_LOSSLESS),
        ],
    )
    def test_first_transfer_syntax_that_is_known_is_accepted(
        self, listening: Listening, user: User, proposed: list[str], accepted: str
    ) -> None:
        association = user.associate(listening.address, [(CT_IMAGE_STORAGE, proposed)])
        assert set(association.accepted) == {(CT_IMAGE_STORAGE, accepted)}

    def test_each_context_is_answered_for_itself(self, listening: Listening, user: User) -> None:
        contexts = [
            (CT_IMAGE_STORAGE, (JPEG_LOSSLESS,)),
            (CT_IMAGE_STORAGE, (PRIVATE_SYNTAX,)),
            (CT_IMAGE_STORAGE, (EXPLICIT_VR_LITTLE_ENDIAN,)),
            (a_uid(7), (EXPLICIT_VR_LITTLE_ENDIAN,)),
        ]
        assert set(user.associate(listening.address, contexts).accepted) == {
            (CT_IMAGE_STORAGE, JPEG_LOSSLESS),
            (CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN),
        }

    # storage

    def test_store_hands_over_request_and_every_byte(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address)
        data = bytes(range(256)) * 1000 + b"odd"
        assert association.store(data, uid=a_uid(1, 2, 3)).status == 0
        (received,) = handlers.store.received
        assert bytes(received.data) == data
        assert received.ends == ["finished"]
        assert received.request.caller == handlers.observer.asked[0]
        assert received.request.sop_class_uid == CT_IMAGE_STORAGE
        assert received.request.sop_instance_uid == a_uid(1, 2, 3)
        assert received.request.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
        assert received.request.move_originator_ae_title == ""

    def test_store_tells_whose_move_it_belongs_to(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address)
        association.store(b"data", originator=MoveOriginator(ae_title="ASKER", message_id=5))
        assert handlers.store.received[0].request.move_originator_ae_title == "ASKER"

    @pytest.mark.parametrize("status", [0x0000, 0xA700, 0xB007, 0xC000, 0x0110])
    def test_store_answers_what_the_handler_says(
        self, listening: Listening, user: User, handlers: Handlers, status: int
    ) -> None:
        handlers.store.reply = StoreReply(status=status, error_comment="why " * 30)
        reply = user.associate(listening.address).store(b"data")
        assert reply.status == status
        assert reply.error_comment.strip() == ("why " * 30)[:64].strip()

    def test_store_answers_only_when_the_handler_has_finished(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.store.gate.clear()
        pending = user.associate(listening.address).begin_store(b"data" * 1000)
        replies: list[StoreReply] = []
        waiting = threading.Thread(target=lambda: replies.append(pending.finish()))
        waiting.start()
        assert handlers.store.finishing.wait(10)
        assert replies == []
        handlers.store.gate.set()
        waiting.join(10)
        assert [reply.status for reply in replies] == [0]

    def test_store_feeds_while_the_object_still_comes(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        pending = user.associate(listening.address).begin_store(b"data" * 10000)
        assert handlers.store.fed.wait(10)
        assert handlers.store.received[0].ends == []
        assert pending.finish().status == 0
        assert handlers.store.data == {a_uid(1, 1, 1): b"data" * 10000}

    def test_object_is_abandoned_once_when_the_association_is_aborted_in_the_middle(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address)
        association.begin_store(b"data" * 1000)
        assert handlers.store.fed.wait(10)
        association.abort()
        eventually(lambda: handlers.store.received[0].ends != [])
        eventually(lambda: [why for _, why in handlers.observer.ends] == ["aborted by peer"])
        assert len(handlers.store.received[0].ends) == 1
        assert not handlers.store.received[0].is_finished

    def test_large_object_comes_in_pieces(self, listening: Listening, user: User, handlers: Handlers) -> None:
        handlers.store.keeps_data = False
        assert user.associate(listening.address).store(bytes(50_000_000)).status == 0
        (received,) = handlers.store.received
        assert received.slices > 40
        assert received.largest_slice <= 1 << 20

    def test_bundled_files_come_byte_for_byte(self, listen: Listen, user: User, handlers: Handlers) -> None:
        objects = list(bundled_objects())
        pairs = sorted({(source.sop_class_uid, source.transfer_syntax_uid) for source in objects})
        listening = listen(sop_class_uids=tuple({sop_class for sop_class, _ in pairs}))
        association = user.associate(listening.address, [(uid, (syntax,)) for uid, syntax in pairs])
        for source in objects:
            if (source.sop_class_uid, source.transfer_syntax_uid) not in association.accepted:
                continue  # a private transfer syntax, of which nothing is known
            with source.content.open() as stream:
                stream.seek(source.data_offset)
                data = stream.read()
            reply = association.store(
                data,
                uid=source.sop_instance_uid,
                sop_class_uid=source.sop_class_uid,
                transfer_syntax_uid=source.transfer_syntax_uid,
            )
            assert reply.status == 0
            assert handlers.store.data[source.sop_instance_uid] == data, source.name
        assert len(handlers.store.data) > 50

    def test_associations_are_served_at_the_same_time(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        halves = [user.associate(listening.address).begin_store(b"slow" * 1000) for _ in range(2)]
        failures: list[BaseException] = []

        def work(number: int) -> None:
            try:
                association = user.associate(listening.address)
                for instance in range(20):
                    data = bytes([number, instance]) * 10000
                    assert association.store(data, uid=a_uid(5, number, instance)).status == 0
            except BaseException as error:  # noqa: BLE001 - told below
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        assert [half.finish().status for half in halves] == [0, 0]
        assert {uid: data for uid, data in handlers.store.data.items() if uid != a_uid(1, 1, 1)} == {
            a_uid(5, number, instance): bytes([number, instance]) * 10000
            for number in range(4)
            for instance in range(20)
        }

    # stopping

    def test_stop_waits_for_an_object_in_flight(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        idle = user.associate(listening.address)
        pending = user.associate(listening.address).begin_store(b"data" * 1000)
        assert handlers.store.fed.wait(10)
        stopping = threading.Thread(target=listening.stop, args=(30.0,))
        stopping.start()
        eventually(lambda: idle.is_over)
        assert pending.finish().status == 0
        stopping.join(10)
        assert not stopping.is_alive()
        assert handlers.store.received[0].is_finished
        assert listening.active() == 0

    def test_stop_cuts_no_object_of_a_sender_that_never_pauses(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        association = user.associate(listening.address)
        answered: list[int] = []

        def send_without_a_pause() -> None:
            with contextlib.suppress(FileroomError):
                while True:
                    answered.append(association.store(b"data" * 5000).status)

        sender = threading.Thread(target=send_without_a_pause)
        sender.start()
        eventually(lambda: len(answered) > 20)
        listening.stop(30.0)
        sender.join(30)
        assert not sender.is_alive()
        assert all(one.is_finished for one in handlers.store.received)
        assert len(handlers.store.received) == len(answered)

    def test_stop_aborts_what_does_not_end_within_the_grace(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        pending = user.associate(listening.address).begin_store(b"data" * 1000)
        assert handlers.store.fed.wait(10)
        listening.stop(0.0)
        with pytest.raises(FileroomError):
            pending.finish()
        eventually(lambda: handlers.store.all_ended_once)
        assert not handlers.store.received[0].is_finished
        assert len(handlers.observer.ends) == 1

    def test_nothing_is_accepted_after_stop(self, listening: Listening, user: User) -> None:
        listening.stop(0.0)
        with pytest.raises(PeerUnreachable):
            user.associate(listening.address, ALL)


class TestMemoryDicomServer(MemoryCases, DicomServerContract):
    pass


class TestNativeServer(NativeCases, DicomServerContract):
    pass


class TestPynetdicomServer(PynetdicomCases, DicomServerContract):
    pass
