"""PDUs to try: Hypothesis strategies for every PDU and item, and one example of each."""

from hypothesis import strategies as st

from fileroom.adapters.dicom.native.core.contexts import AnsweredContext, ProposedContext
from fileroom.adapters.dicom.native.core.fields import RawItem
from fileroom.adapters.dicom.native.core.pdu import (
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    PData,
    Pdu,
    PresentationDataValue,
    ReleaseRequest,
    ReleaseResponse,
)
from fileroom.adapters.dicom.native.core.user_information import (
    AsyncOperations,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

BYTES = st.integers(0, 0xFF)
SHORTS = st.integers(0, 0xFFFF)
# One number a component: what is drawn is what takes the time of these tests.
UIDS = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, [numbers[0] % 3, *numbers]))
)
# Any printable ASCII but the backslash, which an AE title may not hold.
TITLES = st.text(
    "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "\\"), min_size=1, max_size=16
)
SMALL_BYTES = st.binary(min_size=1, max_size=24)
UNKNOWN_ITEMS = st.lists(st.builds(RawItem, st.integers(0x60, 0xFF), st.binary(max_size=12)), max_size=2).map(
    tuple
)

PROPOSED = st.builds(
    ProposedContext,
    context_id=st.integers(0, 127).map(lambda number: 2 * number + 1),
    abstract_syntax=UIDS,
    transfer_syntaxes=st.lists(UIDS, min_size=1, max_size=4).map(tuple),
)
ANSWERED = st.builds(
    AnsweredContext,
    context_id=st.integers(0, 127).map(lambda number: 2 * number + 1),
    result=st.integers(0, 4),
    transfer_syntax=UIDS,
)
_COMMON = {
    "max_pdu_length": st.integers(0, 0xFFFFFFFF),
    "implementation_class_uid": UIDS,
    "async_operations": st.none() | st.builds(AsyncOperations, invoked=SHORTS, performed=SHORTS),
    "implementation_version": st.just("") | TITLES,
    "roles": st.lists(
        st.builds(RoleSelection, sop_class_uid=UIDS, scu=st.booleans(), scp=st.just(value=True))
        | st.builds(RoleSelection, sop_class_uid=UIDS, scu=st.just(value=True), scp=st.just(value=False)),
        max_size=3,
    ).map(tuple),
    "extended": st.lists(
        st.builds(ExtendedNegotiation, sop_class_uid=UIDS, information=SMALL_BYTES), max_size=3
    ).map(tuple),
}
REQUESTOR_INFORMATION = st.builds(
    UserInformation,
    **_COMMON,
    common_extended=st.lists(
        st.builds(
            CommonExtendedNegotiation,
            sop_class_uid=UIDS,
            service_class_uid=UIDS,
            related_general_sop_class_uids=st.lists(UIDS, max_size=3).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    user_identity=st.none()
    | st.builds(
        UserIdentity,
        type=st.sampled_from([1, 3, 4, 5]),
        primary=SMALL_BYTES,
        response_requested=st.booleans(),
    )
    | st.builds(
        UserIdentity,
        type=st.just(2),
        primary=SMALL_BYTES,
        secondary=SMALL_BYTES,
        response_requested=st.booleans(),
    ),
)
ACCEPTOR_INFORMATION = st.builds(UserInformation, **_COMMON, user_identity_response=st.none() | SMALL_BYTES)
REQUESTS = st.builds(
    AssociateRequest,
    called_ae_title=TITLES,
    calling_ae_title=TITLES,
    contexts=st.lists(PROPOSED, min_size=1, max_size=4).map(tuple),
    user_information=REQUESTOR_INFORMATION,
)
ACCEPTS = st.builds(
    AssociateAccept,
    called_ae_title=TITLES,
    calling_ae_title=TITLES,
    contexts=st.lists(ANSWERED, min_size=1, max_size=4).map(tuple),
    user_information=ACCEPTOR_INFORMATION,
)
REJECTS = st.builds(AssociateReject, result=BYTES, source=BYTES, reason=BYTES)
ABORTS = st.builds(Abort, source=BYTES, reason=BYTES)
VALUES = st.builds(
    PresentationDataValue,
    context_id=BYTES,
    is_command=st.booleans(),
    is_last=st.booleans(),
    data=st.binary(max_size=64),
)
P_DATAS = st.builds(PData, values=st.lists(VALUES, min_size=1, max_size=4).map(tuple))
PDUS = st.one_of(
    REQUESTS, ACCEPTS, REJECTS, ABORTS, P_DATAS, st.just(ReleaseRequest()), st.just(ReleaseResponse())
)

EVERYTHING = UserInformation(
    max_pdu_length=262144,
    implementation_class_uid="1.2.3.4",
    implementation_version="FILEROOM",
    async_operations=AsyncOperations(invoked=3, performed=0),
    roles=(RoleSelection(sop_class_uid="1.2.840.10008.5.1.4.1.1.2", scu=False, scp=True),),
    extended=(ExtendedNegotiation(sop_class_uid="1.2.3", information=b"\1\0\1"),),
    common_extended=(
        CommonExtendedNegotiation(
            sop_class_uid="1.2.3",
            service_class_uid="1.2.4",
            related_general_sop_class_uids=("1.2.5", "1.2.6"),
        ),
    ),
    user_identity=UserIdentity(type=2, primary=b"somebody", secondary=b"secret", response_requested=True),
    user_identity_response=b"welcome",
    others=(RawItem(0xEE, b"of the future"),),
)
A_REQUEST = AssociateRequest(
    called_ae_title="ARCHIVE",
    calling_ae_title="FILEROOM",
    contexts=(
        ProposedContext(
            context_id=1,
            abstract_syntax="1.2.840.10008.1.1",
            transfer_syntaxes=("1.2.840.10008.1.2.1", "1.2.840.10008.1.2"),
            others=(RawItem(0x77, b"unknown"),),
        ),
    ),
    user_information=EVERYTHING,
    others=(RawItem(0x99, b"unknown too"),),
)
AN_ACCEPT = AssociateAccept(
    called_ae_title="ARCHIVE",
    calling_ae_title="FILEROOM",
    contexts=(AnsweredContext(context_id=1, result=0, transfer_syntax="1.2.840.10008.1.2"),),
    user_information=EVERYTHING,
)
SOME_DATA = PData(
    values=(
        PresentationDataValue(context_id=1, is_command=True, is_last=True, data=b"command."),
        PresentationDataValue(context_id=1, is_command=False, is_last=False, data=b"data set, first part"),
        PresentationDataValue(context_id=1, is_command=False, is_last=True, data=b""),
    )
)
CONTROL_PDUS: tuple[Pdu, ...] = (
    A_REQUEST,
    AN_ACCEPT,
    AssociateReject(result=1, source=1, reason=7),
    ReleaseRequest(),
    ReleaseResponse(),
    Abort(source=2, reason=6),
)
EXAMPLES: tuple[Pdu, ...] = (*CONTROL_PDUS, SOME_DATA)
"""One of each type."""


def name_of(pdu: Pdu) -> str:
    """Name a PDU in a test's id."""
    return type(pdu).__name__
