"""What a peer's answer means: DIMSE statuses, rejected and aborted associations, in words and with advice.

Statuses are those of PS3.7 annex C and of PS3.4 B.2.3 (storage) and C.4.1 to C.4.3 (find, move, get);
rejections and aborts are those of PS3.8 9.3.4 and 9.3.8. Only meaning belongs here: whether a transfer as a whole
succeeded is decided by comparing what arrived with what was expected.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Service(StrEnum):
    """The DIMSE-C service whose answer is described; the same code means different things in each (PS3.7 9.1)."""

    ECHO = "echo"
    STORE = "store"
    FIND = "find"
    MOVE = "move"
    GET = "get"


class Category(StrEnum):
    """The status class of PS3.7 annex C."""

    SUCCESS = "success"
    PENDING = "pending"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class DimseStatus:
    """A status code and what it means as the answer of one service."""

    code: int
    """Status (0000,0900), 0 to 65535."""
    service: Service
    """The service that answered."""
    category: Category
    """Status class; a code that nobody defines counts as a failure, since it does not say success."""
    meaning: str
    """In words, lower case, for the middle of a sentence."""
    hint: str
    """What a person can do next; empty when there is nothing to do."""
    retryable: bool
    """Whether sending the same request again, unchanged and a little later, may well succeed.

    True only where the peer says that it lacks resources for now: A7xx for store, A700 for find, A701 and A702 for
    move and get, and 0213H everywhere. A702 is among them although a peer also sends it when it cannot connect to
    the move destination: a bounded number of attempts costs little, and the hint names that case. False for
    `unable to process` (Cxxx) and `processing failure` (0110H): peers answer so for an object that they cannot read
    and would answer the same for ever, and a large study would multiply the attempts. False for warnings: the
    request was carried out.
    """

    def __str__(self) -> str:
        return f"{self.code:04X}H ({self.meaning})"


SUCCESS: Final = 0x0000
CANCEL: Final = 0xFE00
PENDING: Final = 0xFF00
PENDING_WITHOUT_OPTIONAL_KEYS: Final = 0xFF01
MOVE_DESTINATION_UNKNOWN: Final = 0xA801


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    category: Category
    meaning: str
    hint: str = ""
    retryable: bool = False


def _failure(meaning: str, hint: str = "", *, retryable: bool = False) -> _Entry:
    return _Entry(category=Category.FAILURE, meaning=meaning, hint=hint, retryable=retryable)


def _warning(meaning: str, hint: str = "") -> _Entry:
    return _Entry(category=Category.WARNING, meaning=meaning, hint=hint)


_PEER_LOG = "the peer's own log says what went wrong; the same request will most likely fail again"
_OUR_BUG = (
    "the peer could not make sense of the request; please report this together with a log of the association"
)
_TRY_LATER = "the peer is out of resources: try again later, or send with fewer jobs"
_NARROW = "the peer is out of resources: try again later, or narrow the query"

# PS3.7 annex C, the same for every service.
_GENERAL: Mapping[int, _Entry] = {
    SUCCESS: _Entry(category=Category.SUCCESS, meaning="success"),
    0x0001: _warning("requested optional attributes not supported"),
    0x0105: _failure("no such attribute", _OUR_BUG),
    0x0106: _failure("invalid attribute value", "check the values that were asked for"),
    0x0107: _warning("attribute list error", "the peer left out attributes that it does not know"),
    0x0110: _failure("processing failure", _PEER_LOG),
    0x0111: _failure(
        "duplicate SOP instance",
        "the peer already has an object with this SOP Instance UID and keeps that one",
    ),
    0x0112: _failure("no such SOP instance", "the object is not at the peer, or no longer"),
    0x0113: _failure("no such event type", _OUR_BUG),
    0x0114: _failure("no such argument", _OUR_BUG),
    0x0115: _failure("invalid argument value", _OUR_BUG),
    0x0116: _warning("attribute value out of range"),
    0x0117: _failure(
        "invalid SOP instance", "the SOP Instance UID breaks the rules for UIDs (PS3.5 clause 9)"
    ),
    0x0118: _failure("no such SOP class", "ask the peer's administrator to enable this SOP class"),
    0x0119: _failure(
        "class-instance conflict",
        "the peer has this SOP Instance UID under another SOP class; one of the two objects is wrong",
    ),
    0x0120: _failure("missing attribute", "an attribute that the peer insists on is missing"),
    0x0121: _failure("missing attribute value", "an attribute that the peer insists on is empty"),
    0x0122: _failure("SOP class not supported", "ask the peer's administrator to enable this SOP class"),
    0x0123: _failure("no such action", _OUR_BUG),
    0x0124: _failure(
        "not authorized",
        "the peer knows this node but does not permit this: ask its administrator to grant it to our AE title",
    ),
    0x0131: _failure("duplicate transaction UID", _OUR_BUG),
    0x0210: _failure("duplicate invocation", _OUR_BUG),
    0x0211: _failure(
        "unrecognized operation",
        "the peer does not offer this service; a retrieve may work the other way round (C-MOVE or C-GET)",
    ),
    0x0212: _failure("mistyped argument", _OUR_BUG),
    0x0213: _failure("resource limitation", _TRY_LATER, retryable=True),
    CANCEL: _Entry(category=Category.CANCEL, meaning="cancelled"),
}

# PS3.4 C.4.2.1.5 and C.4.3.1.4; AA00H to AA04H are those of frame-level retrieval (PS3.4 Y.4).
_RETRIEVE: Mapping[int, _Entry] = {
    0xA701: _failure("out of resources, unable to calculate the number of matches", _NARROW, retryable=True),
    0xA702: _failure(
        "out of resources, unable to perform sub-operations",
        "try again later; if it stays, the peer may be unable to send: check that it can reach the destination's "
        "host and port",
        retryable=True,
    ),
    0xA900: _failure(
        "identifier does not match SOP class",
        "give the unique keys of the levels above (Patient ID for patient root, Study Instance UID for a series)",
    ),
    0xAA00: _failure("none of the requested frames were found"),
    0xAA01: _failure("unable to create a new object for this SOP class"),
    0xAA02: _failure("unable to extract frames"),
    0xAA03: _failure("time-based request for an object without times"),
    0xAA04: _failure("invalid request"),
    0xB000: _warning(
        "sub-operations complete, one or more failures",
        "some objects were not transferred: retrieve again what is missing",
    ),
    PENDING: _Entry(category=Category.PENDING, meaning="sub-operations are continuing"),
    PENDING_WITHOUT_OPTIONAL_KEYS: _Entry(category=Category.PENDING, meaning="sub-operations are continuing"),
}

_SPECIFIC: Mapping[Service, Mapping[int, _Entry]] = {
    Service.ECHO: {},
    # PS3.4 B.2.3. All three warnings mean: stored, but not as it was sent.
    Service.STORE: {
        0xB000: _warning("coercion of data elements", "stored; the peer changed some values to its own"),
        0xB006: _warning("elements discarded", "stored; the peer left out some elements"),
        0xB007: _warning(
            "data set does not match SOP class", "stored, though the object breaks the rules of its SOP class"
        ),
    },
    # PS3.4 C.4.1.1.4.
    Service.FIND: {
        0xA700: _failure("out of resources", _NARROW, retryable=True),
        0xA710: _failure("invalid prior record key", "start the query again from its first page"),
        0xA900: _failure(
            "identifier does not match SOP class",
            "the peer rejects this combination of level and keys: give the unique keys of the levels above",
        ),
        0xB001: _warning(
            "response limit reached",
            "the peer has more matches than it sends: narrow the query",
        ),
        PENDING: _Entry(category=Category.PENDING, meaning="matches are continuing"),
        PENDING_WITHOUT_OPTIONAL_KEYS: _Entry(
            category=Category.PENDING,
            meaning="matches are continuing, some optional keys are not supported",
            hint="the peer did not match on every key that was given: expect too many results",
        ),
    },
    Service.MOVE: {
        **_RETRIEVE,
        MOVE_DESTINATION_UNKNOWN: _failure(
            "move destination unknown",
            "register the destination's AE title, host and port at the peer, exactly as they are, upper and lower "
            "case included; or retrieve with C-GET",
        ),
    },
    Service.GET: _RETRIEVE,
}

# First and last code of each range, tried in this order after the single codes.
_Ranges = tuple[tuple[int, int, _Entry], ...]
_UNABLE = _failure("unable to process", _PEER_LOG)
_QUERY_RANGES: _Ranges = (
    (0xA700, 0xA7FF, _failure("out of resources", _NARROW, retryable=True)),
    (0xA900, 0xA9FF, _failure("identifier does not match SOP class")),
    (0xC000, 0xCFFF, _UNABLE),
)
_RANGES: Mapping[Service, _Ranges] = {
    Service.ECHO: (),
    Service.STORE: (
        (0xA700, 0xA7FF, _failure("out of resources", _TRY_LATER, retryable=True)),
        (
            0xA900,
            0xA9FF,
            _failure(
                "data set does not match SOP class",
                "the peer found the object not to be what its SOP class promises; it will not take it as it is",
            ),
        ),
        (0xC000, 0xCFFF, _failure("cannot understand", _PEER_LOG)),
    ),
    Service.FIND: _QUERY_RANGES,
    Service.MOVE: _QUERY_RANGES,
    Service.GET: _QUERY_RANGES,
}

# PS3.7 annex C defines the status classes by range; whatever it leaves open does not say success.
_CLASSES: _Ranges = (
    (0x0100, 0x02FF, _failure("failure that the standard does not define", _PEER_LOG)),
    (0xA000, 0xAFFF, _failure("failure that the standard does not define", _PEER_LOG)),
    (
        0xB000,
        0xBFFF,
        _warning("warning that the standard does not define", "the peer's conformance statement explains it"),
    ),
    (0xC000, 0xCFFF, _failure("failure that the standard does not define", _PEER_LOG)),
)
_UNDEFINED = _failure("status that the standard does not define", _PEER_LOG)
_PENDING_WITHOUT_END = _failure("pending, which this service does not have", _OUR_BUG)


def describe(code: int, service: Service) -> DimseStatus:
    """Return what `code` means as the answer of `service`; never fails, whatever the peer sent.

    A code that the standard does not define for the service falls back to its status class (PS3.7 annex C), and
    outside of those to failure. Pending answers to echo and store count as failures: those services have one answer.
    """
    entry = _SPECIFIC[service].get(code) or _GENERAL.get(code)
    if entry is None and code in {PENDING, PENDING_WITHOUT_OPTIONAL_KEYS}:
        entry = _PENDING_WITHOUT_END
    if entry is None:
        entry = _in_ranges(code, (*_RANGES[service], *_CLASSES)) or _UNDEFINED
    return DimseStatus(
        code=code,
        service=service,
        category=entry.category,
        meaning=entry.meaning,
        hint=entry.hint,
        retryable=entry.retryable,
    )


def _in_ranges(code: int, ranges: Iterable[tuple[int, int, _Entry]]) -> _Entry | None:
    return next((entry for first, last, entry in ranges if first <= code <= last), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why a peer did not open an association: A-ASSOCIATE-RJ (PS3.8 9.3.4)."""

    result: int
    """1 permanent, 2 transient."""
    source: int
    """1 the application, 2 its association control, 3 its presentation layer."""
    reason: int
    """Reason/Diag., whose meaning depends on the source."""
    result_text: str
    """The result in words."""
    source_text: str
    """The source in words."""
    reason_text: str
    """The reason in words."""
    hint: str
    """What a person can do next."""
    transient: bool
    """Whether asking again a little later, unchanged, may well succeed.

    Congestion and limits are transient and wrong AE titles, contexts and versions are not, whatever the result
    field says: peers are known to fill it in carelessly. Only where the reason is silent does the result decide.
    """

    def __str__(self) -> str:
        return f"{self.reason_text} ({self.result_text}, by {self.source_text})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reason:
    text: str
    hint: str
    transient: bool | None = None
    """None where the result field has to decide."""


_RESULTS: Mapping[int, str] = {1: "rejected permanently", 2: "rejected for now"}
_REJECTION_SOURCES: Mapping[int, str] = {
    1: "the peer's application",
    2: "the peer's association control",
    3: "the peer's presentation layer",
}
_NO_REASON = "no reason given"
_ASK_PEER = "the peer's own log says why; often the calling AE title, host or port is not registered there"
_TOO_BUSY = "the peer has too many associations: try again later, or use fewer jobs"
# By source and reason, PS3.8 table 9-21.
_REJECTIONS: Mapping[tuple[int, int], _Reason] = {
    (1, 1): _Reason(text=_NO_REASON, hint=_ASK_PEER),
    (1, 2): _Reason(
        text="application context name not supported",
        hint="the peer does not speak DICOM as this program does; check that host and port are those of a DICOM node",
        transient=False,
    ),
    (1, 3): _Reason(
        text="calling AE title not recognized",
        hint="register our AE title at the peer, or use one that it knows; upper and lower case differ",
        transient=False,
    ),
    (1, 7): _Reason(
        text="called AE title not recognized",
        hint="the peer has another AE title: correct the node's AE title; upper and lower case differ",
        transient=False,
    ),
    (2, 1): _Reason(text=_NO_REASON, hint=_ASK_PEER),
    (2, 2): _Reason(
        text="protocol version not supported",
        hint="the peer does not speak version 1 of the DICOM upper layer; check that host and port are right",
        transient=False,
    ),
    (3, 1): _Reason(text="temporary congestion", hint=_TOO_BUSY, transient=True),
    (3, 2): _Reason(text="local limit exceeded", hint=_TOO_BUSY, transient=True),
}


def describe_rejection(result: int, source: int, reason: int) -> Rejection:
    """Return what the three fields of an A-ASSOCIATE-RJ mean (PS3.8 9.3.4); never fails, whatever the peer sent."""
    known = _REJECTIONS.get((source, reason)) or _Reason(text=f"reason {reason}, not defined", hint=_ASK_PEER)
    return Rejection(
        result=result,
        source=source,
        reason=reason,
        result_text=_RESULTS.get(result, f"rejected with result {result}, not defined"),
        source_text=_REJECTION_SOURCES.get(source, f"source {source}, not defined"),
        reason_text=known.text,
        hint=known.hint,
        transient=result == 2 if known.transient is None else known.transient,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Why an association ended at once: A-ABORT (PS3.8 9.3.8)."""

    source: int
    """0 the application, 2 the upper layer itself."""
    reason: int
    """Reason/Diag.; has a meaning for source 2 only."""
    source_text: str
    """The source in words."""
    reason_text: str
    """The reason in words."""
    hint: str
    """What a person can do next."""

    def __str__(self) -> str:
        return f"aborted by {self.source_text}: {self.reason_text}"


_ABORT_SOURCES: Mapping[int, str] = {0: "the peer's application", 2: "the peer's upper layer"}
_ABORT_HINT = "the peer's own log says why"
_PROTOCOL_HINT = (
    "the two sides do not understand each other; please report this together with a log of the association"
)
# PS3.8 table 9-26, for source 2.
_ABORTS: Mapping[int, tuple[str, str]] = {
    0: ("reason not specified", _ABORT_HINT),
    1: ("unrecognized PDU", _PROTOCOL_HINT),
    2: ("unexpected PDU", _PROTOCOL_HINT),
    4: ("unrecognized PDU parameter", _PROTOCOL_HINT),
    5: ("unexpected PDU parameter", _PROTOCOL_HINT),
    6: ("invalid PDU parameter value", _PROTOCOL_HINT),
}


def describe_abort(source: int, reason: int) -> Abort:
    """Return what the two fields of an A-ABORT mean (PS3.8 9.3.8); never fails, whatever the peer sent."""
    if source == 2:
        text, hint = _ABORTS.get(reason, (f"reason {reason}, not defined", _ABORT_HINT))
    else:
        text, hint = _NO_REASON, _ABORT_HINT
    return Abort(
        source=source,
        reason=reason,
        source_text=_ABORT_SOURCES.get(source, f"source {source}, not defined"),
        reason_text=text,
        hint=hint,
    )
