"""Our user information in the words of pynetdicom, and the other way round."""

from typing import Any

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

from fileroom.adapters.dicom.native.core.pdu import AssociateAccept, AssociateRequest
from fileroom.adapters.dicom.native.core.user_information import (
    AsyncOperations,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)


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
