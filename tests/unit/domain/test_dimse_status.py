"""What statuses, rejections and aborts mean, against pynetdicom's tables and the promises of each record."""

import pickle

import pynetdicom.status as peer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.dimse_status import (
    CANCEL,
    MOVE_DESTINATION_UNKNOWN,
    PENDING,
    PENDING_WITHOUT_OPTIONAL_KEYS,
    SUCCESS,
    Category,
    Service,
    describe,
    describe_abort,
    describe_rejection,
)

REFERENCE = {
    Service.ECHO: peer.VERIFICATION_SERVICE_CLASS_STATUS,
    Service.STORE: peer.STORAGE_SERVICE_CLASS_STATUS,
    Service.FIND: peer.QR_FIND_SERVICE_CLASS_STATUS,
    Service.MOVE: peer.QR_MOVE_SERVICE_CLASS_STATUS,
    Service.GET: peer.QR_GET_SERVICE_CLASS_STATUS,
}
RETRYABLE = {
    Service.ECHO: {0x0213},
    Service.STORE: {0x0213, *range(0xA700, 0xA800)},
    Service.FIND: {0x0213, *range(0xA700, 0xA800)} - {0xA710},
    Service.MOVE: {0x0213, *range(0xA700, 0xA800)},
    Service.GET: {0x0213, *range(0xA700, 0xA800)},
}
UNDEFINED = "does not define"

services = st.sampled_from(Service)


@pytest.mark.parametrize("service", Service)
def test_category_is_that_of_the_reference_for_every_code_it_knows(service: Service) -> None:
    for code, (category, _) in REFERENCE[service].items():
        assert describe(code, service).category == category.lower(), f"{code:04X}H"


@pytest.mark.parametrize("service", Service)
def test_every_code_of_the_reference_has_a_meaning_of_its_own(service: Service) -> None:
    for code in REFERENCE[service]:
        assert UNDEFINED not in describe(code, service).meaning, f"{code:04X}H"


@pytest.mark.parametrize("service", Service)
def test_every_failure_of_the_service_says_what_to_do(service: Service) -> None:
    for code in REFERENCE[service]:
        status = describe(code, service)
        if status.category is Category.FAILURE and not 0xAA00 <= code <= 0xAA04:
            assert status.hint, f"{code:04X}H"


@pytest.mark.parametrize("service", Service)
def test_only_lack_of_resources_is_retryable(service: Service) -> None:
    retryable = {code for code in range(0x10000) if describe(code, service).retryable}
    assert retryable == RETRYABLE[service]


@pytest.mark.parametrize("service", Service)
def test_only_0000_is_success_and_only_fe00_is_cancel(service: Service) -> None:
    described = [describe(code, service) for code in range(0x10000)]
    assert [status.code for status in described if status.category is Category.SUCCESS] == [SUCCESS]
    assert [status.code for status in described if status.category is Category.CANCEL] == [CANCEL]


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        (Service.ECHO, []),
        (Service.STORE, []),
        (Service.FIND, [PENDING, PENDING_WITHOUT_OPTIONAL_KEYS]),
        (Service.MOVE, [PENDING, PENDING_WITHOUT_OPTIONAL_KEYS]),
        (Service.GET, [PENDING, PENDING_WITHOUT_OPTIONAL_KEYS]),
    ],
)
def test_pending_is_for_services_with_several_answers(service: Service, expected: list[int]) -> None:
    pending = [code for code in range(0x10000) if describe(code, service).category is Category.PENDING]
    assert pending == expected


def test_pending_answer_to_a_store_is_a_failure() -> None:
    assert describe(PENDING, Service.STORE).category is Category.FAILURE


@pytest.mark.parametrize("code", [0x0005, 0x0300, 0x8000, 0xD000, 0xFE01, 0xFF02, 0xFFFF, -1, 0x10000])
def test_undefined_code_is_a_failure(code: int) -> None:
    status = describe(code, Service.FIND)
    assert status.category is Category.FAILURE
    assert UNDEFINED in status.meaning


@pytest.mark.parametrize(
    ("code", "service", "category", "words"),
    [
        (0xA7FF, Service.STORE, Category.FAILURE, "out of resources"),
        (0xA9FF, Service.STORE, Category.FAILURE, "does not match"),
        (0xC000, Service.STORE, Category.FAILURE, "cannot understand"),
        (0xCFFF, Service.STORE, Category.FAILURE, "cannot understand"),
        (0xB000, Service.STORE, Category.WARNING, "coercion"),
        (0xB006, Service.STORE, Category.WARNING, "discarded"),
        (0xB007, Service.STORE, Category.WARNING, "does not match"),
        (0xB123, Service.STORE, Category.WARNING, UNDEFINED),
        (0xA801, Service.STORE, Category.FAILURE, UNDEFINED),
        (0xB001, Service.FIND, Category.WARNING, "limit"),
        (0xC001, Service.FIND, Category.FAILURE, "unable to process"),
        (0xB000, Service.MOVE, Category.WARNING, "one or more failures"),
        (0xB000, Service.GET, Category.WARNING, "one or more failures"),
        (0xA702, Service.MOVE, Category.FAILURE, "sub-operations"),
        (0xA801, Service.GET, Category.FAILURE, UNDEFINED),
        (0x0122, Service.ECHO, Category.FAILURE, "SOP class not supported"),
        (0x01FF, Service.ECHO, Category.FAILURE, UNDEFINED),
        (0x02AA, Service.ECHO, Category.FAILURE, UNDEFINED),
    ],
)
def test_code_means_what_its_service_says(
    code: int, service: Service, category: Category, words: str
) -> None:
    status = describe(code, service)
    assert status.category is category
    assert words in status.meaning


def test_unknown_move_destination_says_what_to_register_where() -> None:
    status = describe(MOVE_DESTINATION_UNKNOWN, Service.MOVE)
    assert str(status) == "A801H (move destination unknown)"
    for word in ("AE title", "host", "port", "at the peer"):
        assert word in status.hint


@pytest.mark.parametrize(("code", "text"), [(0, "0000H (success)"), (0xFE00, "FE00H (cancelled)")])
def test_status_prints_as_hexadecimal_and_words(code: int, text: str) -> None:
    assert str(describe(code, Service.FIND)) == text


@given(code=st.integers(), service=services)
def test_describe_never_fails(code: int, service: Service) -> None:
    status = describe(code, service)
    assert (status.code, status.service) == (code, service)
    assert status.meaning
    assert not status.retryable or status.category is Category.FAILURE
    assert pickle.loads(pickle.dumps(status)) == status  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("result", "source", "reason", "words", "transient"),
    [
        (1, 1, 1, "no reason given", False),
        (2, 1, 1, "no reason given", True),
        (1, 1, 2, "application context name not supported", False),
        (1, 1, 3, "calling AE title not recognized", False),
        (1, 1, 7, "called AE title not recognized", False),
        (1, 2, 1, "no reason given", False),
        (1, 2, 2, "protocol version not supported", False),
        (2, 3, 1, "temporary congestion", True),
        (2, 3, 2, "local limit exceeded", True),
        (2, 1, 4, "reason 4, not defined", True),
        (1, 9, 9, "reason 9, not defined", False),
    ],
)
def test_rejection_says_why_and_whether_to_try_again(
    result: int, source: int, reason: int, words: str, transient: bool
) -> None:
    rejection = describe_rejection(result, source, reason)
    assert rejection.reason_text == words
    assert rejection.transient is transient
    assert rejection.hint


def test_reason_outweighs_a_careless_result() -> None:
    assert not describe_rejection(2, 1, 7).transient
    assert describe_rejection(1, 3, 2).transient


def test_rejection_prints_reason_result_and_source() -> None:
    assert (
        str(describe_rejection(1, 1, 3))
        == "calling AE title not recognized (rejected permanently, by the peer's application)"
    )


@given(result=st.integers(), source=st.integers(), reason=st.integers())
def test_describe_rejection_never_fails(result: int, source: int, reason: int) -> None:
    rejection = describe_rejection(result, source, reason)
    assert (rejection.result, rejection.source, rejection.reason) == (result, source, reason)
    assert rejection.result_text
    assert rejection.source_text
    assert rejection.reason_text


@pytest.mark.parametrize(
    ("source", "reason", "text"),
    [
        (0, 0, "aborted by the peer's application: no reason given"),
        (0, 2, "aborted by the peer's application: no reason given"),
        (2, 0, "aborted by the peer's upper layer: reason not specified"),
        (2, 1, "aborted by the peer's upper layer: unrecognized PDU"),
        (2, 2, "aborted by the peer's upper layer: unexpected PDU"),
        (2, 3, "aborted by the peer's upper layer: reason 3, not defined"),
        (2, 4, "aborted by the peer's upper layer: unrecognized PDU parameter"),
        (2, 5, "aborted by the peer's upper layer: unexpected PDU parameter"),
        (2, 6, "aborted by the peer's upper layer: invalid PDU parameter value"),
        (1, 0, "aborted by source 1, not defined: no reason given"),
    ],
)
def test_abort_says_who_and_why(source: int, reason: int, text: str) -> None:
    abort = describe_abort(source, reason)
    assert str(abort) == text
    assert abort.hint
