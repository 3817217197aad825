"""Each user-information sub-item by itself: whole, byte by byte, among others, and against pynetdicom both ways."""

from dataclasses import replace
from typing import Any

import pytest
from pynetdicom import build_context
from pynetdicom import pdu as library

from fileroom.adapters.dicom._shared.messages import DataSlice
from fileroom.adapters.dicom.native.core.fields import RawItem
from fileroom.adapters.dicom.native.core.pdu import Abort, AssociateAccept, AssociateRequest, ControlPdu
from fileroom.adapters.dicom.native.core.stream import PduReader
from fileroom.adapters.dicom.native.core.user_information import (
    AsyncOperations,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from tests.unit.adapters.dicom_native.library import an_association, meaning
from tests.unit.adapters.dicom_native.pdus import A_REQUEST, AN_ACCEPT

CT, STORAGE = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.4.2"
ALWAYS = UserInformation(max_pdu_length=16384, implementation_class_uid="1.2.3")
"""Without these two pynetdicom makes no user information."""
BOTH: dict[str, dict[str, Any]] = {
    "maximum length": {},
    "maximum length, unlimited": {"max_pdu_length": 0},
    "maximum length, largest": {"max_pdu_length": 0xFFFFFFFF},
    "implementation class": {"implementation_class_uid": "1." + "2" * 62},
    "implementation version": {"implementation_version": "A"},
    "implementation version, longest": {"implementation_version": "FILEROOM 12345 6"},
    "asynchronous operations": {"async_operations": AsyncOperations(invoked=1, performed=1)},
    "asynchronous operations, unlimited": {"async_operations": AsyncOperations(invoked=0, performed=0)},
    "asynchronous operations, most": {"async_operations": AsyncOperations(invoked=0xFFFF, performed=0xFFFF)},
    "role of provider": {"roles": (RoleSelection(sop_class_uid=CT, scu=False, scp=True),)},
    "role of user": {"roles": (RoleSelection(sop_class_uid=CT, scu=True, scp=False),)},
    "roles": {
        "roles": tuple(RoleSelection(sop_class_uid=f"1.2.{n}", scu=True, scp=True) for n in range(128))
    },
    "extended negotiation": {"extended": (ExtendedNegotiation(sop_class_uid=CT, information=b"\0\1\2\xff"),)},
    "extended negotiations": {
        "extended": tuple(
            ExtendedNegotiation(sop_class_uid=f"1.2.{n}", information=b"x" * n) for n in range(1, 40)
        )
    },
}
OF_REQUESTOR: dict[str, dict[str, Any]] = {
    "common extended negotiation": {
        "common_extended": (CommonExtendedNegotiation(sop_class_uid=CT, service_class_uid=STORAGE),)
    },
    "common extended negotiation, related classes": {
        "common_extended": (
            CommonExtendedNegotiation(
                sop_class_uid=CT,
                service_class_uid=STORAGE,
                related_general_sop_class_uids=("1.2.3", "1.2.34"),
            ),
            CommonExtendedNegotiation(sop_class_uid="1.2.3.4", service_class_uid=STORAGE),
        )
    },
    **{
        f"user identity {kind}": {
            "user_identity": UserIdentity(
                type=kind,
                primary=b"who\xff",
                secondary=b"pass" if kind == 2 else b"",
                response_requested=kind > 2,
            )
        }
        for kind in range(1, 6)
    },
    "user identity, long": {"user_identity": UserIdentity(type=4, primary=b"<saml/>" * 8000)},
}
OF_ACCEPTOR: dict[str, dict[str, Any]] = {
    "user identity response": {"user_identity_response": b"ticket"},
    "user identity response, empty": {"user_identity_response": b""},
}
PROPOSED = replace(A_REQUEST.contexts[0], others=())
REQUESTS = [
    pytest.param(
        replace(A_REQUEST, contexts=(PROPOSED,), user_information=replace(ALWAYS, **values), others=()),
        id=name,
    )
    for name, values in {**BOTH, **OF_REQUESTOR}.items()
]
ACCEPTS = [
    pytest.param(replace(AN_ACCEPT, user_information=replace(ALWAYS, **values), others=()), id=name)
    for name, values in {**BOTH, **OF_ACCEPTOR}.items()
]


def theirs(pdu: AssociateRequest | AssociateAccept) -> bytes:
    """What the library sends for it."""
    primitive = an_association(pdu)
    contexts = []
    for ours in pdu.contexts:
        context = build_context(CT)
        context.context_id = ours.context_id
        contexts.append(context)
    if isinstance(pdu, AssociateRequest):
        primitive.presentation_context_definition_list = contexts
        return library.A_ASSOCIATE_RQ(primitive).encode()
    primitive.result = 0
    for context in contexts:
        context.result = 0
    primitive.presentation_context_definition_results_list = contexts
    return library.A_ASSOCIATE_AC(primitive).encode()


def information(stream: bytes, size: int) -> UserInformation:
    """What is read of the first PDU of a stream, in pieces of a size."""
    reader, found = PduReader(), list[ControlPdu | DataSlice]()
    for at in range(0, len(stream), size):
        found += reader.feed(stream[at : at + size])
    assert isinstance(found[0], AssociateRequest | AssociateAccept)
    return found[0].user_information


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("pdu", [*REQUESTS, *ACCEPTS])
def test_sub_item_is_read_as_it_was_written(pdu: AssociateRequest | AssociateAccept, size: int) -> None:
    assert information(pdu.encode(), size) == pdu.user_information
    assert information(pdu.encode() + Abort().encode(), size) == pdu.user_information


@pytest.mark.parametrize("pdu", [*REQUESTS, *ACCEPTS])
def test_sub_item_is_read_when_unknown_ones_follow(pdu: AssociateRequest | AssociateAccept) -> None:
    wanted = replace(pdu.user_information, others=(RawItem(0xEE, b"of the future"), RawItem(0x5A, b"")))

    assert information(replace(pdu, user_information=wanted).encode(), 1 << 20) == wanted


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("pdu", [*REQUESTS, *ACCEPTS])
def test_sub_item_of_pynetdicom_is_read(pdu: AssociateRequest | AssociateAccept, size: int) -> None:
    assert information(theirs(pdu), size) == pdu.user_information


@pytest.mark.parametrize("pdu", [*REQUESTS, *ACCEPTS])
def test_sub_item_is_read_by_pynetdicom(pdu: AssociateRequest | AssociateAccept) -> None:
    of_library: Any = (
        library.A_ASSOCIATE_RQ() if isinstance(pdu, AssociateRequest) else library.A_ASSOCIATE_AC()
    )
    of_library.decode(pdu.encode())

    assert meaning(of_library.user_information) == pdu.user_information
