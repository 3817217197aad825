"""Handlers that remember what the DICOM ports made of them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.dicom_server import (
    AssociationObserver,
    Caller,
    QueryHandler,
    Reception,
    RejectReason,
    RetrieveHandler,
    ServedStep,
    StoreHandler,
    StoreReply,
    StoreRequest,
    SubOperationSender,
)
from fileroom.application.ports.object_store import OutgoingObject
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import FileroomError
from fileroom.domain.query import Attributes, Query, Selection
from fileroom.domain.transfer import SubOperations

WAIT_SECONDS = 10.0
POLL_SECONDS = 0.005


def eventually(condition: Callable[[], bool], what: str = "it") -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {WAIT_SECONDS:g} s"
        time.sleep(POLL_SECONDS)


class Flag(CancelToken):
    """A cancel token; with `after`, it is raised when it has been asked so often."""

    def __init__(self, *, after: int | None = None) -> None:
        self._event = threading.Event()
        self._left = after

    def cancel(self) -> None:
        self._event.set()

    def is_cancelled(self) -> bool:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._event.set()
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)


@dataclass
class Received:
    """One reception, and how it ended."""

    request: StoreRequest
    data: bytearray = field(default_factory=bytearray)
    slices: int = 0
    largest_slice: int = 0
    ends: list[str] = field(default_factory=list)
    """`finished`, or why it was abandoned; exactly one in the end."""

    @property
    def is_finished(self) -> bool:
        return self.ends == ["finished"]


class RecordingReception(Reception):
    def __init__(self, store: "RecordingStore", received: Received) -> None:
        self._store = store
        self._received = received

    def feed(self, parts: Sequence[memoryview]) -> None:
        for part in parts:
            if self._store.keeps_data:
                self._received.data += part
            self._received.slices += 1
            self._received.largest_slice = max(self._received.largest_slice, len(part))
        self._store.fed.set()

    def adopt(self, path: Path, data_offset: int) -> None:
        whole = path.read_bytes()
        path.unlink()
        self.feed([memoryview(whole)[data_offset:]])

    def finish(self) -> StoreReply:
        self._store.finishing.set()
        if not self._store.gate.wait(WAIT_SECONDS):
            raise AssertionError("the gate was never opened")
        self._received.ends.append("finished")
        return self._store.replies.get(self._received.request.sop_instance_uid, self._store.reply)

    def abandon(self, why: str) -> None:
        self._received.ends.append(why)


class RecordingStore(StoreHandler):
    """Takes objects into memory."""

    def __init__(self, reply: StoreReply = StoreReply(status=0)) -> None:  # noqa: B008 - frozen
        self.reply = reply
        self.replies: dict[str, StoreReply] = {}
        self.received: list[Received] = []
        self.keeps_data = True
        self.settled_after: list[int] = []
        """How many objects had been finished each time that `settle` was called."""
        self.fed = threading.Event()
        """The first bytes of an object have come."""
        self.finishing = threading.Event()
        """An object is about to be finished."""
        self.gate = threading.Event()
        """Finishing waits for this; set from the start."""
        self.gate.set()

    def begin(self, request: StoreRequest) -> Reception:
        received = Received(request)
        self.received.append(received)
        return RecordingReception(self, received)

    def settle(self) -> None:
        self.settled_after.append(len(self.data))

    @property
    def data(self) -> dict[str, bytes]:
        """Data sets of finished objects by SOP Instance UID."""
        return {one.request.sop_instance_uid: bytes(one.data) for one in self.received if one.is_finished}

    @property
    def all_ended_once(self) -> bool:
        return all(len(one.ends) == 1 for one in self.received)


class RecordingQueries(QueryHandler):
    """Answers every query with the same matches."""

    def __init__(self, matches: Sequence[Attributes] = (), error: Exception | None = None) -> None:
        self.matches = matches
        self.error = error
        self.endless = False
        self.asked: list[tuple[Caller, Query]] = []
        self.closed = threading.Event()

    def find(self, caller: Caller, query: Query) -> Iterator[Attributes]:
        self.asked.append((caller, query))
        try:
            yield from self.matches
            while self.endless:
                yield from self.matches
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()


@dataclass
class RecordingRetrievals(RetrieveHandler):
    """Serves the steps that it is given; for C-GET sends the objects that it is given."""

    steps: Sequence[ServedStep] = ()
    objects: Sequence[OutgoingObject] = ()
    error: Exception | None = None
    endless: bool = False
    asked: list[tuple[Caller, Selection, str, int]] = field(default_factory=list)
    sent: list[StoreReply | FileroomError] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)

    def move(
        self, caller: Caller, selection: Selection, destination: AeTitle, message_id: int
    ) -> Iterator[ServedStep]:
        self.asked.append((caller, selection, str(destination), message_id))
        return self._serve()

    def get(self, caller: Caller, selection: Selection, sender: SubOperationSender) -> Iterator[ServedStep]:
        self.asked.append((caller, selection, "", 0))
        return self._send(sender) if self.objects else self._serve()

    def _serve(self) -> Iterator[ServedStep]:
        try:
            while self.endless:
                yield self.steps[0]
            yield from self.steps
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()

    def _send(self, sender: SubOperationSender) -> Iterator[ServedStep]:
        completed = failed = 0
        failures: list[str] = []
        try:
            for number, source in enumerate(self.objects, start=1):
                try:
                    reply = sender.send(source)
                    self.sent.append(reply)
                    arrived = reply.status == 0
                except FileroomError as error:
                    self.sent.append(error)
                    arrived = False
                completed, failed = completed + arrived, failed + (not arrived)
                if not arrived:
                    failures.append(source.sop_instance_uid)
                counters = SubOperations(
                    remaining=len(self.objects) - number, completed=completed, failed=failed, warning=0
                )
                yield ServedStep(status=0xFF00, counters=counters)
            yield ServedStep(
                status=0xB000 if failures else 0,
                counters=SubOperations(remaining=0, completed=completed, failed=failed, warning=0),
                failed_sop_instance_uids=tuple(failures),
            )
        finally:
            self.closed.set()


class RecordingObserver(AssociationObserver):
    """Accepts all, or refuses all for a reason."""

    def __init__(self) -> None:
        self.refuse_with: RejectReason | None = None
        self.admits = True
        """Whether any address may call."""
        self.asked: list[Caller] = []
        self.ends: list[tuple[Caller, str]] = []
        self.refusals: list[tuple[Caller, RejectReason]] = []

    def admits_address(self, address: str) -> bool:
        return self.admits

    def requested(self, caller: Caller) -> RejectReason | None:
        self.asked.append(caller)
        return self.refuse_with

    def ended(self, caller: Caller, why: str) -> None:
        self.ends.append((caller, why))

    def refused(self, caller: Caller, reason: RejectReason) -> None:
        self.refusals.append((caller, reason))
