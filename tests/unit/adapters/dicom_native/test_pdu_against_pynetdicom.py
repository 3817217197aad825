"""PDUs against those of pynetdicom, in both directions: the same meaning, and where both encode, the same bytes."""

from typing import Any

from hypothesis import given
from pynetdicom import build_context
from pynetdicom import pdu as library
from pynetdicom.pdu_items import UserIdentitySubItemAC
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    AsynchronousOperationsWindowNegotiation,
    ImplementationClassUIDNotification,
    ImplementationVersionNameNotification,
    MaximumLengthNotification,
    SCP_SCU_RoleSelectionNegotiation,
    SOPClassCommonExtendedNegotiation,
    SOPClassExtendedNegotiation,
    UserIdentityNegotiation,
)

from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ProposedContext
from fileroom.adapters.dicom.native.core.pdu import (
    HEADER,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    PresentationDataValue,
    ReleaseRequest,
    ReleaseResponse,
    decode_pdu,
)
from fileroom.adapters.dicom.native.core.user_information import (
    AsyncOperations,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from tests.unit.adapters.dicom_native.pdus import ABORTS, ACCEPTS, P_DATAS, REJECTS, REQUESTS


def decoded(data: bytes) -> Pdu:
    """Decode one whole PDU."""
    return decode_pdu(data[0], memoryview(data)[HEADER.size :])


def with_values(primitive: Any, **values: Any) -> Any:
    """Set the attributes of one of the library's primitives."""
    for name, value in values.items():
        setattr(primitive, name, value)
    return primitive


def library_primitives(information: UserInformation) -> list[Any]:
    """What the library takes for the same user information, in the order of the sub-items' types."""
    found: list[Any] = [
        with_values(MaximumLengthNotification(), maximum_length_received=information.max_pdu_length),
        with_values(
            ImplementationClassUIDNotification(),
            implementation_class_uid=information.implementation_class_uid,
        ),
    ]
    if information.async_operations:
        found.append(
            with_values(
                AsynchronousOperationsWindowNegotiation(),
                maximum_number_operations_invoked=information.async_operations.invoked,
                maximum_number_operations_performed=information.async_operations.performed,
            )
        )
    found += [
        with_values(
            SCP_SCU_RoleSelectionNegotiation(),
            sop_class_uid=role.sop_class_uid,
            scu_role=role.scu,
            scp_role=role.scp,
        )
        for role in information.roles
    ]
    if information.implementation_version:
        found.append(
            with_values(
                ImplementationVersionNameNotification(),
                implementation_version_name=information.implementation_version,
            )
        )
    found += [
        with_values(
            SOPClassExtendedNegotiation(),
            sop_class_uid=one.sop_class_uid,
            service_class_application_information=one.information,
        )
        for one in information.extended
    ]
    found += [
        with_values(
            SOPClassCommonExtendedNegotiation(),
            sop_class_uid=one.sop_class_uid,
            service_class_uid=one.service_class_uid,
            related_general_sop_class_identification=list(one.related_general_sop_class_uids),
        )
        for one in information.common_extended
    ]
    identity = information.user_identity
    if identity:
        found.append(
            with_values(
                UserIdentityNegotiation(),
                user_identity_type=identity.type,
                positive_response_requested=identity.response_requested,
                primary_field=identity.primary,
                secondary_field=identity.secondary,
            )
        )
    if information.user_identity_response is not None:
        found.append(
            with_values(UserIdentityNegotiation(), server_response=information.user_identity_response)
        )
    return found


def meaning(item: Any) -> UserInformation:
    """Say in our words what the library read."""
    window, identity = item.async_ops_window, item.user_identity
    of_acceptor = isinstance(identity, UserIdentitySubItemAC)
    return UserInformation(
        max_pdu_length=item.maximum_length,
        implementation_class_uid=str(item.implementation_class_uid),
        implementation_version=item.implementation_version_name or "",
        async_operations=window
        and AsyncOperations(
            invoked=int(window.max_operations_invoked), performed=int(window.max_operations_performed)
        ),
        roles=tuple(
            RoleSelection(sop_class_uid=str(one.uid), scu=bool(one.scu), scp=bool(one.scp))
            for one in item.user_data
            if type(one).__name__ == "SCP_SCU_RoleSelectionSubItem"
        ),
        extended=tuple(
            ExtendedNegotiation(sop_class_uid=str(one.uid), information=one.app_info) for one in item.ext_neg
        ),
        common_extended=tuple(
            CommonExtendedNegotiation(
                sop_class_uid=str(one.sop_class_uid),
                service_class_uid=str(one.service_class_uid),
                related_general_sop_class_uids=tuple(
                    str(uid) for uid in one.related_general_sop_class_identification or ()
                ),
                version=one.sub_item_version,
            )
            for one in item.common_ext_neg
        ),
        user_identity=None
        if identity is None or of_acceptor
        else UserIdentity(
            type=identity.id_type,
            primary=identity.primary,
            secondary=identity.secondary or b"",
            response_requested=bool(identity.response_requested),
        ),
        user_identity_response=identity.response if of_acceptor else None,
    )


def an_association(pdu: AssociateRequest | AssociateAccept) -> A_ASSOCIATE:
    """What A-ASSOCIATE-RQ and -AC share, as the library's primitive."""
    primitive: A_ASSOCIATE = with_values(
        A_ASSOCIATE(),
        calling_ae_title=pdu.calling_ae_title,
        called_ae_title=pdu.called_ae_title,
        application_context_name=pdu.application_context,
        user_information=library_primitives(pdu.user_information),
    )
    return primitive


@given(REQUESTS)
def test_request_has_the_bytes_that_pynetdicom_gives_it(pdu: AssociateRequest) -> None:
    primitive = an_association(pdu)
    contexts = []
    for ours in pdu.contexts:
        context = build_context(ours.abstract_syntax, list(dict.fromkeys(ours.transfer_syntaxes)))
        context.context_id = ours.context_id
        contexts.append(context)
    primitive.presentation_context_definition_list = contexts
    theirs = library.A_ASSOCIATE_RQ(primitive).encode()
    once = tuple(
        ProposedContext(
            context_id=context.context_id,
            abstract_syntax=context.abstract_syntax,
            transfer_syntaxes=tuple(dict.fromkeys(context.transfer_syntaxes)),
        )
        for context in pdu.contexts
    )
    expected = AssociateRequest(
        called_ae_title=pdu.called_ae_title,
        calling_ae_title=pdu.calling_ae_title,
        user_information=pdu.user_information,
        contexts=once,
    )

    assert decoded(theirs) == expected
    assert expected.encode() == theirs


@given(REQUESTS)
def test_request_means_the_same_to_pynetdicom(pdu: AssociateRequest) -> None:
    theirs: Any = library.A_ASSOCIATE_RQ()
    theirs.decode(pdu.encode())

    assert (theirs.called_ae_title, theirs.calling_ae_title) == (pdu.called_ae_title, pdu.calling_ae_title)
    assert theirs.application_context_name == pdu.application_context
    assert theirs.protocol_version == pdu.protocol_version
    assert [
        (one.context_id, one.abstract_syntax, tuple(one.transfer_syntax))
        for one in theirs.presentation_context
    ] == [(one.context_id, one.abstract_syntax, one.transfer_syntaxes) for one in pdu.contexts]
    assert meaning(theirs.user_information) == pdu.user_information


@given(ACCEPTS)
def test_accept_has_the_bytes_that_pynetdicom_gives_it(pdu: AssociateAccept) -> None:
    primitive = an_association(pdu)
    primitive.result = 0
    contexts = []
    for ours in pdu.contexts:
        context = build_context("1.2.840.10008.1.1", ours.transfer_syntax)
        context.context_id, context.result = ours.context_id, ours.result
        contexts.append(context)
    primitive.presentation_context_definition_results_list = contexts
    theirs = library.A_ASSOCIATE_AC(primitive).encode()

    assert decoded(theirs) == pdu
    assert pdu.encode() == theirs


@given(ACCEPTS)
def test_accept_means_the_same_to_pynetdicom(pdu: AssociateAccept) -> None:
    theirs: Any = library.A_ASSOCIATE_AC()
    theirs.decode(pdu.encode())

    assert [
        AnsweredContext(
            context_id=one.context_id, result=one.result, transfer_syntax=str(one.transfer_syntax)
        )
        for one in theirs.presentation_context
    ] == list(pdu.contexts)
    assert meaning(theirs.user_information) == pdu.user_information


@given(REJECTS)
def test_reject_means_the_same_to_pynetdicom(pdu: AssociateReject) -> None:
    theirs = library.A_ASSOCIATE_RJ()
    theirs.decode(pdu.encode())

    assert (theirs.result, theirs.source, theirs.reason_diagnostic) == (pdu.result, pdu.source, pdu.reason)
    assert decoded(theirs.encode()) == pdu


@given(ABORTS)
def test_abort_means_the_same_to_pynetdicom(pdu: Abort) -> None:
    theirs = library.A_ABORT_RQ()
    theirs.decode(pdu.encode())

    assert (theirs.source, theirs.reason_diagnostic) == (pdu.source, pdu.reason)
    assert decoded(theirs.encode()) == pdu


@given(P_DATAS)
def test_data_means_the_same_to_pynetdicom(pdu: PData) -> None:
    theirs: Any = library.P_DATA_TF()
    theirs.decode(pdu.encode())
    found = []
    for item in theirs.presentation_data_value_items:
        control, data = item.presentation_data_value[0], item.presentation_data_value[1:]
        found.append(
            PresentationDataValue(
                context_id=item.presentation_context_id,
                is_command=bool(control & 1),
                is_last=bool(control & 2),
                data=data,
            )
        )

    assert tuple(found) == pdu.values
    assert decoded(theirs.encode()) == pdu


def test_release_has_the_bytes_that_pynetdicom_gives_it() -> None:
    assert ReleaseRequest().encode() == library.A_RELEASE_RQ().encode()
    assert ReleaseResponse().encode() == library.A_RELEASE_RP().encode()
