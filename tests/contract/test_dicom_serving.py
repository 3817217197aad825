"""What every DICOM server promises of queries and retrievals."""

import logging

import pytest

from fileroom.application.ports.dicom_client import RetrieveStep
from fileroom.application.ports.dicom_server import Listening, ServedStep
from fileroom.domain.errors import (
    FileroomError,
    InvalidInput,
    NoAcceptedContext,
    NotFound,
    PeerUnreachable,
    StorageError,
)
from fileroom.domain.query import Query, QueryLevel, QueryModel, Selection
from fileroom.domain.transfer import SubOperations
from tests.builders import CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN, a_uid
from tests.contract.dicom_clients import ALL_STUDIES, JPEG_LOSSLESS, ONE_STUDY, Broken, an_object
from tests.contract.dicom_handlers import eventually
from tests.contract.dicom_servers import Handlers, MemoryCases, NativeCases, PynetdicomCases, ServerSuite
from tests.contract.dicom_users import ALL, User

TOLD = {"QueryRetrieveLevel": "STUDY", "RetrieveAETitle": "FILEROOM", "InstanceAvailability": "ONLINE"}
GET_CONTEXTS = (*ALL, (CT_IMAGE_STORAGE, (JPEG_LOSSLESS,)))


def a_step(number: int, of: int) -> ServedStep:
    """A pending step."""
    return ServedStep(
        status=0xFF00, counters=SubOperations(remaining=of - number, completed=number, failed=0, warning=0)
    )


class DicomServingContract(ServerSuite):
    """The promises of `QueryHandler`, `RetrieveHandler` and `SubOperationSender`."""

    # find

    def test_find_hands_over_level_model_and_keys(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        query = Query(
            level=QueryLevel.PATIENT,
            model=QueryModel.PATIENT_ROOT,
            keys={
                "PatientName": "Müller*",
                "PatientID": "",
                "StudyDate": "20260101-",
                "ModalitiesInStudy": "CT\\MR",
                "InstanceNumber": "7",
            },
        )
        user.associate(listening.address).find(query)
        assert handlers.query.asked == [(handlers.observer.asked[0], query)]

    def test_find_answers_each_match_and_success(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.query.matches = [
            {"PatientName": "Doe^Jane", "StudyInstanceUID": a_uid(1), "Rows": "512", "StudyDescription": ""},
            {"PatientName": "山田^太郎", "ModalitiesInStudy": "CT\\MR"},
        ]
        answers = user.associate(listening.address).find(ALL_STUDIES)
        assert [status for status, _ in answers] == [0xFF00, 0xFF00, 0x0000]
        told = [
            {name: value for name, value in (match or {}).items() if name != "SpecificCharacterSet"}
            for _, match in answers
        ]
        assert told == [{**TOLD, **handlers.query.matches[0]}, {**TOLD, **handlers.query.matches[1]}, {}]

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (InvalidInput("no such date"), 0xA900),
            (StorageError("the catalog is gone"), 0xC000),
            (PeerUnreachable("some other node"), 0xC000),
            (RuntimeError("a bug"), 0xC000),
        ],
    )
    def test_find_answers_a_failure_and_the_association_lives_on(
        self, listening: Listening, user: User, handlers: Handlers, error: Exception, status: int
    ) -> None:
        handlers.query.matches = [{"PatientName": "Doe"}]
        handlers.query.error = error
        association = user.associate(listening.address)
        assert [answer for answer, _ in association.find(ALL_STUDIES)] == [0xFF00, status]
        assert association.echo() == 0

    def test_find_logs_only_what_is_a_bug(
        self, listening: Listening, user: User, handlers: Handlers, caplog: pytest.LogCaptureFixture
    ) -> None:
        for error in (StorageError("the catalog is gone"), RuntimeError("a bug")):
            handlers.query.error = error
            user.associate(listening.address).find(ALL_STUDIES)
        logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert [record.exc_info and record.exc_info[0] for record in logged] == [RuntimeError]

    def test_find_closes_the_matches_when_cancelled(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.query.matches = [{"PatientName": "Doe"}]
        handlers.query.endless = True
        association = user.associate(listening.address)
        answers = association.find(ALL_STUDIES, cancel_after=2)
        assert answers[-1] == (0xFE00, None)
        assert handlers.query.closed.is_set()
        handlers.query.endless = False
        assert association.find(ALL_STUDIES)[-1][0] == 0

    # move

    def test_move_hands_over_selection_destination_and_message(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        selection = Selection(
            level=QueryLevel.SERIES,
            model=QueryModel.PATIENT_ROOT,
            patient_id="P1",
            study_instance_uids=(a_uid(1),),
            series_instance_uids=(a_uid(1, 1), a_uid(1, 2)),
        )
        handlers.retrieve.steps = [ServedStep(status=0, counters=SubOperations())]
        user.associate(listening.address).move(selection, "THERE", message_id=77)
        assert handlers.retrieve.asked == [(handlers.observer.asked[0], selection, "THERE", 77)]

    def test_move_answers_each_step_the_final_one_last(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.steps = [
            a_step(1, 2),
            a_step(2, 2),
            ServedStep(
                status=0xB000,
                counters=SubOperations(remaining=0, completed=1, failed=1, warning=0),
                failed_sop_instance_uids=(a_uid(1, 1, 1), a_uid(1, 1, 2)),
                error_comment="one was lost",
            ),
        ]
        assert user.associate(listening.address).move(ONE_STUDY, "THERE") == [
            RetrieveStep(
                status=0xFF00, counters=SubOperations(remaining=1, completed=1, failed=0, warning=0)
            ),
            RetrieveStep(
                status=0xFF00, counters=SubOperations(remaining=0, completed=2, failed=0, warning=0)
            ),
            RetrieveStep(
                status=0xB000,
                counters=SubOperations(completed=1, failed=1, warning=0),
                failed_sop_instance_uids=(a_uid(1, 1, 1), a_uid(1, 1, 2)),
                error_comment="one was lost",
            ),
        ]

    def test_move_answers_an_unknown_destination(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.steps = [ServedStep(status=0xA801, counters=SubOperations())]
        association = user.associate(listening.address)
        assert [step.status for step in association.move(ONE_STUDY, "NOBODY")] == [0xA801]
        assert association.echo() == 0

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (InvalidInput("nothing is meant"), 0xA900),
            (PeerUnreachable("the destination"), 0xC000),
            (RuntimeError("a bug"), 0xC000),
        ],
    )
    def test_move_answers_a_failure_and_the_association_lives_on(
        self, listening: Listening, user: User, handlers: Handlers, error: Exception, status: int
    ) -> None:
        handlers.retrieve.steps = [a_step(1, 2)]
        handlers.retrieve.error = error
        association = user.associate(listening.address)
        assert [step.status for step in association.move(ONE_STUDY, "THERE")] == [0xFF00, status]
        assert association.echo() == 0

    def test_move_refuses_what_would_mean_everything(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        everything = Selection(level=QueryLevel.STUDY)
        assert user.associate(listening.address).move(everything, "THERE")[-1].status == 0xA900
        assert handlers.retrieve.asked == []

    def test_move_closes_the_steps_when_cancelled(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.steps = [a_step(1, 1000)]
        handlers.retrieve.endless = True
        steps = user.associate(listening.address).move(ONE_STUDY, "THERE", cancel_after=2)
        assert steps[-1].status == 0xFE00
        assert steps[-1].counters.remaining == 999
        assert handlers.retrieve.closed.is_set()

    def test_retrieval_is_closed_when_the_association_ends(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(number, bytes(100_000)) for number in range(50)]
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY)
        assert len(got.objects) == 50
        association.abort()
        eventually(lambda: [why for _, why in handlers.observer.ends] == ["aborted by peer"])
        assert handlers.retrieve.closed.is_set()

    # get

    def test_get_sends_each_object_byte_for_byte(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [
            an_object(1, bytes(range(256)) * 1000, header=b"not part of it"),
            an_object(2, b"odd", transfer_syntax_uid=JPEG_LOSSLESS),
        ]
        association = user.associate(listening.address, GET_CONTEXTS, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY)
        assert got.objects == {a_uid(1, 1, 1): bytes(range(256)) * 1000, a_uid(1, 1, 2): b"odd"}
        assert [step.status for step in got.steps] == [0xFF00, 0xFF00, 0x0000]
        assert handlers.retrieve.asked[0][1] == ONE_STUDY
        assert association.echo() == 0

    def test_get_tells_the_handler_what_the_requestor_answers(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(1), an_object(2)]
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY, status=0xA700)
        assert [reply.status for reply in handlers.retrieve.sent if not isinstance(reply, FileroomError)] == [
            0xA700,
            0xA700,
        ]
        assert got.steps[-1].failed_sop_instance_uids == (a_uid(1, 1, 1), a_uid(1, 1, 2))

    def test_get_needs_a_context_in_the_syntax_of_the_object(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(1, transfer_syntax_uid=JPEG_LOSSLESS), an_object(2)]
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY)
        assert list(got.objects) == [a_uid(1, 1, 2)]
        assert isinstance(handlers.retrieve.sent[0], NoAcceptedContext)

    def test_get_needs_the_scp_role_of_the_requestor(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(1)]
        got = user.associate(listening.address).get(ONE_STUDY)
        assert got.objects == {}
        assert isinstance(handlers.retrieve.sent[0], NoAcceptedContext)

    def test_get_goes_on_when_an_object_is_gone(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(1, content=Broken(error=NotFound("gone"))), an_object(2)]
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY)
        assert list(got.objects) == [a_uid(1, 1, 2)]
        assert isinstance(handlers.retrieve.sent[0], NotFound)

    def test_get_closes_the_steps_when_cancelled(
        self, listening: Listening, user: User, handlers: Handlers
    ) -> None:
        handlers.retrieve.objects = [an_object(number) for number in range(300)]
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        got = association.get(ONE_STUDY, cancel_after=2)
        assert got.steps[-1].status == 0xFE00
        assert len(got.objects) < 300
        assert handlers.retrieve.closed.is_set()
        assert association.echo() == 0

    def test_roles_are_answered_for_storage_classes(self, listening: Listening, user: User) -> None:
        association = user.associate(listening.address, scp_roles=[CT_IMAGE_STORAGE])
        assert association.accepted[CT_IMAGE_STORAGE, EXPLICIT_VR_LITTLE_ENDIAN]


class TestMemoryDicomServing(MemoryCases, DicomServingContract):
    pass


class TestNativeServing(NativeCases, DicomServingContract):
    pass


class TestPynetdicomServing(PynetdicomCases, DicomServingContract):
    pass
