"""PDUs against those of pynetdicom, in both directions: the same meaning, and where both encode, the same bytes."""

from typing import Any

from hypothesis import given
from pynetdicom import build_context
from pynetdicom import pdu as library

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
from tests.unit.adapters.dicom_native.library import an_association, meaning
from tests.unit.adapters.dicom_native.pdus import ABORTS, ACCEPTS, P_DATAS, REJECTS, REQUESTS


def decoded(data: bytes) -> Pdu:
    """Decode one whole PDU."""
    return decode_pdu(data[0], memoryview(data)[HEADER.size :])


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
