"""Presentation contexts and roles: what is proposed, what is answered, what is agreed (PS3.8 7.1.1.13, PS3.7 D.3).

Nothing here decides which SOP classes are served; an acceptor says so by a `Policy`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from fileroom.adapters.dicom._shared.contexts import (
    MAX_CONTEXTS,
    USUAL_PDU_LENGTH,
    AgreedContext,
    Policy,
    Support,
)
from fileroom.adapters.dicom._shared.framing import SMALLEST_PDU
from fileroom.adapters.dicom._shared.mistakes import LocalError
from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ContextResult, ProposedContext
from fileroom.adapters.dicom.native.core.pdu import (
    DICOM_APPLICATION_CONTEXT,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
)
from fileroom.adapters.dicom.native.core.user_information import RoleSelection, UserInformation

_IMPLICIT_VR: Final = "1.2.840.10008.1.2"


def propose(contexts: Sequence[tuple[str, Sequence[str]]]) -> tuple[ProposedContext, ...]:
    """Return presentation contexts with identifiers, of abstract syntaxes and the transfer syntaxes for each.

    Raises:
        LocalError: there are more than `MAX_CONTEXTS` or none, or one has no syntax.
    """
    if not 0 < len(contexts) <= MAX_CONTEXTS:
        raise LocalError(f"{len(contexts)} presentation contexts, where 1 to {MAX_CONTEXTS} can be proposed")
    if any(not abstract or not transfers for abstract, transfers in contexts):
        raise LocalError("a presentation context without an abstract or a transfer syntax")
    return tuple(
        ProposedContext(
            context_id=2 * number + 1, abstract_syntax=abstract, transfer_syntaxes=tuple(transfers)
        )
        for number, (abstract, transfers) in enumerate(contexts)
    )


def refusal(request: AssociateRequest) -> AssociateReject | None:
    """Return what a service provider answers to a request that it cannot accept, None where it can (PS3.8 9.3.4)."""
    if not request.protocol_version & 1:
        return AssociateReject(result=1, source=2, reason=2)
    return None


def knows_application(request: AssociateRequest) -> bool:
    """Tell whether the application context is DICOM's, or was left out; else 1, 1, 2 is to reject (PS3.7 A.2.1)."""
    return request.application_context in {"", DICOM_APPLICATION_CONTEXT}


def answer(
    request: AssociateRequest, policy: Policy
) -> tuple[tuple[AnsweredContext, ...], tuple[RoleSelection, ...]]:
    """Return an acceptor's answers to the contexts and to the role selections of a request.

    Of each context the first transfer syntax that is supported is taken: the requestor put its best first. An
    identifier that comes twice is answered once; one that is even is refused.
    """
    roles = _answered_roles(request, policy)
    by_class = {role.sop_class_uid: role for role in roles}
    answers: dict[int, AnsweredContext] = {}
    for context in request.contexts:
        if context.context_id in answers:
            continue
        result, syntax = _judge(context, policy(context.abstract_syntax), by_class)
        # A syntax stands also where it does not matter: some requestors insist on one.
        syntax = syntax or next(filter(None, context.transfer_syntaxes), _IMPLICIT_VR)
        answers[context.context_id] = AnsweredContext(
            context_id=context.context_id, result=result, transfer_syntax=syntax
        )
    return tuple(answers.values()), roles


def agreed(request: AssociateRequest, accept: AssociateAccept) -> Mapping[int, AgreedContext]:
    """Return the contexts that stand after a request was accepted; both sides come to the same.

    What was not proposed is not agreed, whatever the answer says: neither a context nor a transfer syntax nor a role.
    """
    proposed: dict[int, ProposedContext] = {}
    for one in request.contexts:
        proposed.setdefault(one.context_id, one)
    asked, answered = _roles_of(request.user_information), _roles_of(accept.user_information)
    found: dict[int, AgreedContext] = {}
    for reply in accept.contexts:
        context = proposed.get(reply.context_id)
        if (
            context is None
            or reply.result != ContextResult.ACCEPTANCE
            or not context.context_id & 1
            or not reply.transfer_syntax
            or reply.transfer_syntax not in context.transfer_syntaxes
        ):
            continue
        uid = context.abstract_syntax
        is_scu, is_scp = True, False
        if uid in asked and uid in answered:
            is_scu = asked[uid].scu and answered[uid].scu
            is_scp = asked[uid].scp and answered[uid].scp
        found.setdefault(
            context.context_id,
            AgreedContext(
                context_id=context.context_id,
                abstract_syntax=uid,
                transfer_syntax=reply.transfer_syntax,
                requestor_is_scu=is_scu,
                requestor_is_scp=is_scp,
            ),
        )
    return found


def sendable_length(information: UserInformation) -> int:
    """Return the longest PDU to send to a peer, 0 for any; a maximum that is missing or nonsense is the usual one."""
    length = information.max_pdu_length
    return USUAL_PDU_LENGTH if length is None or 0 < length < SMALLEST_PDU else length


def _judge(
    context: ProposedContext, support: Support, roles: Mapping[str, RoleSelection]
) -> tuple[ContextResult, str]:
    if not context.context_id & 1:
        return ContextResult.NO_REASON, ""
    role = roles.get(context.abstract_syntax)
    is_served = support.as_scp if role is None else role.scu or role.scp
    if not context.abstract_syntax or not support.transfer_syntaxes or not is_served:
        return ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, ""
    for syntax in context.transfer_syntaxes:
        if syntax and syntax in support.transfer_syntaxes:
            return ContextResult.ACCEPTANCE, syntax
    return ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, ""


def _answered_roles(request: AssociateRequest, policy: Policy) -> tuple[RoleSelection, ...]:
    """Accept of each role selection what was proposed and is supported (PS3.7 D.3.3.4)."""
    answered = []
    for uid, asked in _roles_of(request.user_information).items():
        support = policy(uid)
        if support.transfer_syntaxes:
            answered.append(
                RoleSelection(
                    sop_class_uid=uid,
                    scu=asked.scu and support.as_scp,
                    scp=asked.scp and support.as_scu,
                )
            )
    return tuple(answered)


def _roles_of(information: UserInformation) -> dict[str, RoleSelection]:
    found: dict[str, RoleSelection] = {}
    for role in information.roles:
        found.setdefault(role.sop_class_uid, role)
    return found
