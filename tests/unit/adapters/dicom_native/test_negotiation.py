"""Negotiation: contexts, transfer syntaxes, roles; against pynetdicom where both decide."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import build_context
from pynetdicom.presentation import negotiate_as_acceptor

from fileroom.adapters.dicom._shared.contexts import MAX_CONTEXTS, AgreedContext, Policy, Support
from fileroom.adapters.dicom._shared.mistakes import LocalError
from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ContextResult, ProposedContext
from fileroom.adapters.dicom.native.core.negotiation import (
    agreed,
    answer,
    knows_application,
    propose,
    refusal,
    sendable_length,
)
from fileroom.adapters.dicom.native.core.pdu import AssociateAccept, AssociateReject, AssociateRequest
from fileroom.adapters.dicom.native.core.user_information import RoleSelection, UserInformation

CT, MR, OTHER = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"
IMPLICIT, EXPLICIT, JPEG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.50"


def a_request(*contexts: ProposedContext, roles: tuple[RoleSelection, ...] = ()) -> AssociateRequest:
    """A request for contexts and roles."""
    return AssociateRequest(
        called_ae_title="A",
        calling_ae_title="B",
        contexts=contexts,
        user_information=UserInformation(max_pdu_length=0, roles=roles),
    )


def an_accept(*contexts: AnsweredContext, roles: tuple[RoleSelection, ...] = ()) -> AssociateAccept:
    """An answer to it."""
    return AssociateAccept(
        called_ae_title="A",
        calling_ae_title="B",
        contexts=contexts,
        user_information=UserInformation(max_pdu_length=0, roles=roles),
    )


def a_context(*transfers: str, abstract: str = CT, context_id: int = 1) -> ProposedContext:
    """A proposed context."""
    return ProposedContext(context_id=context_id, abstract_syntax=abstract, transfer_syntaxes=transfers)


def serving(**support: Support) -> Policy:
    """A policy for CT, MR and what else is named."""
    by_uid = {CT: support.get("ct", Support()), MR: support.get("mr", Support())}
    return lambda uid: by_uid.get(uid, Support())


def results(request: AssociateRequest, policy: Policy) -> list[tuple[int, int, str]]:
    """Identifier, result and syntax of each answer."""
    return [(one.context_id, one.result, one.transfer_syntax) for one in answer(request, policy)[0]]


BOTH = Support(transfer_syntaxes={IMPLICIT, EXPLICIT})


def test_first_supported_syntax_that_was_proposed_is_taken() -> None:
    assert results(a_request(a_context(JPEG, EXPLICIT, IMPLICIT)), serving(ct=BOTH)) == [(1, 0, EXPLICIT)]


@pytest.mark.parametrize(
    ("context", "result"),
    [
        (a_context(JPEG), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
        (a_context(), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
        (a_context("", ""), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED),
        (a_context(IMPLICIT, abstract=OTHER), ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED),
        (a_context(IMPLICIT, abstract=""), ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED),
        (a_context(IMPLICIT, context_id=2), ContextResult.NO_REASON),
        (a_context(IMPLICIT, context_id=0), ContextResult.NO_REASON),
        (a_context(IMPLICIT, context_id=255), ContextResult.ACCEPTANCE),
    ],
)
def test_context_gets_its_result_and_always_a_syntax(context: ProposedContext, result: ContextResult) -> None:
    ((context_id, found, syntax),) = results(a_request(context), serving(ct=BOTH))

    assert (context_id, found) == (context.context_id, result)
    assert syntax


def test_identifier_that_comes_twice_is_answered_once() -> None:
    request = a_request(a_context(EXPLICIT), a_context(IMPLICIT))

    assert results(request, serving(ct=BOTH)) == [(1, 0, EXPLICIT)]


def test_no_more_than_128_contexts_are_ever_accepted() -> None:
    request = a_request(*(a_context(IMPLICIT, context_id=number % 256) for number in range(1000)))

    answers = results(request, serving(ct=BOTH))
    assert [result for _, result, _ in answers].count(0) == MAX_CONTEXTS
    accept = an_accept(*answer(request, serving(ct=BOTH))[0])
    assert len(agreed(request, accept)) == MAX_CONTEXTS


@pytest.mark.parametrize("asked", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("support", [(True, True), (True, False), (False, True)])
def test_roles_are_those_asked_for_and_supported(
    asked: tuple[bool, bool], support: tuple[bool, bool]
) -> None:
    role = RoleSelection(sop_class_uid=CT, scu=asked[0], scp=asked[1])
    request = a_request(a_context(IMPLICIT), roles=(role,))
    policy = serving(ct=Support(transfer_syntaxes={IMPLICIT}, as_scp=support[0], as_scu=support[1]))

    contexts, roles = answer(request, policy)
    stands = agreed(request, an_accept(*contexts, roles=roles))

    expected = (asked[0] and support[0], asked[1] and support[1])
    assert [(one.scu, one.scp) for one in roles] == [expected]
    assert [(one.requestor_is_scu, one.requestor_is_scp) for one in stands.values()] == [expected] * any(
        expected
    )


def test_roles_of_classes_that_are_not_served_are_not_answered() -> None:
    request = a_request(
        a_context(IMPLICIT, abstract=OTHER), roles=(RoleSelection(sop_class_uid=OTHER, scu=True, scp=True),)
    )

    assert answer(request, serving(ct=BOTH))[1] == ()


def test_class_that_we_only_use_is_refused_without_a_role_selection() -> None:
    policy = serving(ct=Support(transfer_syntaxes={IMPLICIT}, as_scp=False, as_scu=True))

    assert results(a_request(a_context(IMPLICIT)), policy) == [
        (1, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT)
    ]


def test_roles_are_the_usual_ones_unless_asked_and_answered() -> None:
    scp = RoleSelection(sop_class_uid=CT, scu=False, scp=True)
    context, accepted = a_context(IMPLICIT), AnsweredContext(context_id=1, result=0, transfer_syntax=IMPLICIT)
    for request, accept in [
        (a_request(context), an_accept(accepted)),
        (a_request(context, roles=(scp,)), an_accept(accepted)),
        (a_request(context), an_accept(accepted, roles=(scp,))),
    ]:
        assert agreed(request, accept)[1] == AgreedContext(
            context_id=1,
            abstract_syntax=CT,
            transfer_syntax=IMPLICIT,
            requestor_is_scu=True,
            requestor_is_scp=False,
        )


def test_role_that_was_not_asked_for_is_not_agreed() -> None:
    both, scp = (RoleSelection(sop_class_uid=CT, scu=scu, scp=True) for scu in (True, False))
    accepted = AnsweredContext(context_id=1, result=0, transfer_syntax=IMPLICIT)

    context = agreed(a_request(a_context(IMPLICIT), roles=(scp,)), an_accept(accepted, roles=(both,)))[1]

    assert (context.requestor_is_scu, context.requestor_is_scp) == (False, True)


@pytest.mark.parametrize(
    "reply",
    [
        AnsweredContext(context_id=3, result=0, transfer_syntax=IMPLICIT),
        AnsweredContext(context_id=1, result=0, transfer_syntax=JPEG),
        AnsweredContext(context_id=1, result=0),
        AnsweredContext(context_id=1, result=1, transfer_syntax=IMPLICIT),
        AnsweredContext(context_id=1, result=99, transfer_syntax=IMPLICIT),
        AnsweredContext(context_id=2, result=0, transfer_syntax=IMPLICIT),
    ],
)
def test_what_was_not_proposed_or_not_accepted_is_not_agreed(reply: AnsweredContext) -> None:
    request = a_request(a_context(IMPLICIT), a_context(IMPLICIT, context_id=2))

    assert agreed(request, an_accept(reply)) == {}


SYNTAXES = st.lists(st.sampled_from([IMPLICIT, EXPLICIT, JPEG]), min_size=1, max_size=3, unique=True)


@given(SYNTAXES, SYNTAXES, st.sampled_from([CT, OTHER]))
def test_context_is_answered_as_by_pynetdicom(
    proposed: list[str], supported: list[str], abstract: str
) -> None:
    request = a_request(a_context(*proposed, abstract=abstract))
    theirs = build_context(abstract, proposed)
    theirs.context_id = 1
    # pynetdicom takes the first of the acceptor's, so it is told ours in the requestor's order.
    order = [uid for uid in proposed if uid in supported] + [uid for uid in supported if uid not in proposed]

    ours = results(request, serving(ct=Support(transfer_syntaxes=supported)))
    (found,), _ = negotiate_as_acceptor([theirs], [build_context(CT, order)])

    assert [(1, found.result)] == [(context_id, result) for context_id, result, _ in ours]
    if found.result == 0:
        assert ours[0][2] == found.transfer_syntax[0]


def test_proposed_contexts_have_odd_identifiers() -> None:
    contexts = propose([(CT, (IMPLICIT,))] * MAX_CONTEXTS)

    assert [one.context_id for one in contexts] == list(range(1, 256, 2))


@pytest.mark.parametrize("contexts", [[], [(CT, (IMPLICIT,))] * 129, [("", (IMPLICIT,))], [(CT, ())]])
def test_contexts_that_cannot_be_proposed_are_our_mistake(
    contexts: list[tuple[str, tuple[str, ...]]],
) -> None:
    with pytest.raises(LocalError):
        propose(contexts)


def test_request_of_another_protocol_version_is_refused() -> None:
    request = a_request(a_context(IMPLICIT))

    assert refusal(request) is None
    assert refusal(replace(request, protocol_version=0x8001)) is None
    assert refusal(replace(request, protocol_version=2)) == AssociateReject(result=1, source=2, reason=2)


def test_application_context_is_dicoms_or_missing() -> None:
    request = a_request(a_context(IMPLICIT))

    assert knows_application(request)
    assert knows_application(replace(request, application_context=""))
    assert not knows_application(replace(request, application_context="1.2.3"))


@pytest.mark.parametrize(
    ("told", "length"), [(None, 16384), (0, 0), (1, 16384), (15, 16384), (16, 16), (65536, 65536)]
)
def test_sendable_length_is_what_the_peer_takes_or_the_usual(told: int | None, length: int) -> None:
    assert sendable_length(UserInformation(max_pdu_length=told)) == length
