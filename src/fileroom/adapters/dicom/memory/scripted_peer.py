"""A peer that keeps objects and misbehaves as it is told: the remote PACS of tests and demonstrations.

It answers queries by the rules of PS3.4 C.2.2.2, sends what it holds to the move destinations that it knows, and
takes what it is sent. The fields of `Script` make it refuse, fall silent, drop and answer wrongly; they may be
changed between two requests.
"""

import threading
from collections.abc import Iterable

from fileroom.adapters.dicom.memory.network import (
    AcceptorEnd,
    Endpoint,
    MemoryNetwork,
    Proposal,
    negotiate,
    rejection,
)
from fileroom.adapters.dicom.memory.script import BytesContent, Fault, Holding, Script
from fileroom.adapters.dicom.memory.scripted_end import ScriptedEnd
from fileroom.application.ports.dicom_client import MoveOriginator, Peer
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.attributes import BY_KEYWORD
from fileroom.domain.dimse_status import Service
from fileroom.domain.errors import PeerSilent, PeerUnreachable
from fileroom.domain.matching import accepts, compile_keys
from fileroom.domain.query import UNIQUE_KEYS, Attributes, Query, QueryLevel, Selection
from fileroom.domain.sop_classes import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from fileroom.domain.transfer_syntaxes import STORAGE_TRANSFER_SYNTAXES

__all__ = ["BytesContent", "Fault", "Holding", "Script", "ScriptedPeer"]

_SERVICES = {
    VERIFICATION: Service.ECHO,
    STUDY_ROOT_FIND: Service.FIND,
    PATIENT_ROOT_FIND: Service.FIND,
    STUDY_ROOT_MOVE: Service.MOVE,
    PATIENT_ROOT_MOVE: Service.MOVE,
    STUDY_ROOT_GET: Service.GET,
    PATIENT_ROOT_GET: Service.GET,
}


class ScriptedPeer(Endpoint):
    """A peer on a network in memory; reached as soon as it is made."""

    def __init__(
        self,
        network: MemoryNetwork,
        ae_title: str = "PEER",
        *,
        host: str = "peer",
        port: int = 104,
        holdings: Iterable[Holding] = (),
    ) -> None:
        self.network = network
        self.ae_title = AeTitle(ae_title)
        self.script = Script()
        self.holdings: dict[str, Holding] = {holding.uid: holding for holding in holdings}
        self.destinations: dict[str, tuple[str, int]] = {}
        """Move destinations that it knows: host and port by AE title."""
        self.received: dict[str, Holding] = {}
        """What it was sent, by SOP Instance UID."""
        self.originators: dict[str, MoveOriginator | None] = {}
        """The move originator of each object that it was sent."""
        self.requests: list[Query | Selection | str] = []
        """What it was asked, in order: queries, selections, and "echo", "cancel", "release", "abort"."""
        self.associations = 0
        """How many it accepted."""
        self.late_gate = threading.Event()
        """Late objects wait for this; set from the start."""
        self.late_gate.set()
        self._late: list[threading.Thread] = []
        self.host, self.port = network.attach(host, port, self)

    @property
    def peer(self) -> Peer:
        """Where it is, as the client port wants to know."""
        return Peer(ae_title=self.ae_title, host=self.host, port=self.port)

    def associate(self, proposal: Proposal) -> AcceptorEnd:
        """Accept an association, or not, as the script says."""
        script = self.script
        if script.unreachable:
            raise PeerUnreachable(f"{self.host}:{self.port} refused the connection")
        if script.silent_before_association:
            raise PeerSilent(f"{self.ae_title} does not answer")
        if script.refuse is not None:
            raise rejection(script.refuse)
        self.associations += 1
        return ScriptedEnd(self, negotiate(proposal, self.supported), proposal)

    def finish_late(self, seconds: float = 10.0) -> None:
        """Let late objects go and wait until they are sent."""
        self.late_gate.set()
        for thread in self._late:
            thread.join(seconds)

    def send_later(self, work: threading.Thread) -> None:
        """Start to send after the final response."""
        self._late.append(work)
        work.start()

    def selected(self, selection: Selection) -> list[Holding]:
        """Return what a selection names."""
        wanted = {name: frozenset(value.split("\\")) for name, value in selection.keys().items()}
        return [
            holding
            for holding in self.holdings.values()
            if all(holding.attributes.get(name, "") in values for name, values in wanted.items())
        ]

    def matches(self, query: Query) -> list[Attributes]:
        """Return the answers to a query.

        Raises:
            InvalidInput: a key is not possible for its attribute.
        """
        keys = {name: value for name, value in query.keys.items() if name not in self.script.ignored_keys}
        modalities = frozenset(keys.get("ModalitiesInStudy", "").split("\\")) - {"", "*"}
        conditions = compile_keys(
            (BY_KEYWORD[name], value) for name, value in keys.items() if name in BY_KEYWORD
        )
        found: dict[str, list[Holding]] = {}
        for holding in self.holdings.values():
            found.setdefault(holding.attributes.get(query.level.unique_key, ""), []).append(holding)
        return [
            self._answer(query, keys, members)
            for members in found.values()
            if any(
                all(accepts(wanted, attribute, member.attributes.get(attribute.keyword, ""))
                    for attribute, wanted in conditions)
                for member in members
            )
            and (not modalities or any(member.attributes.get("Modality") in modalities for member in members))
        ]  # fmt: skip

    def _answer(self, query: Query, keys: Attributes, members: list[Holding]) -> Attributes:
        first = members[0].attributes
        derived = {
            "QueryRetrieveLevel": query.level.dicom,
            "RetrieveAETitle": str(self.ae_title),
            "ModalitiesInStudy": "\\".join(sorted({m.attributes.get("Modality", "") for m in members})),
        }
        for above, below, counted in _COUNTS:
            if query.level is above:
                uids = {member.attributes.get(UNIQUE_KEYS[below]) for member in members}
                derived[counted] = str(len(uids))
        names = {*keys, "QueryRetrieveLevel", "RetrieveAETitle"}
        names |= {unique for level, unique in UNIQUE_KEYS.items() if level.depth <= query.level.depth}
        names -= self.script.left_out_attributes
        return {name: derived.get(name, first.get(name, "")) for name in sorted(names)}

    def supported(self, sop_class_uid: str, requestor_is_scp: bool) -> tuple[str, ...] | None:  # noqa: FBT001
        """Return the transfer syntaxes that it accepts for a class in a role, None for none."""
        service = _SERVICES.get(sop_class_uid, Service.STORE)
        if service in self.script.lacks:
            return None
        if service is not Service.STORE or requestor_is_scp:
            return STORAGE_TRANSFER_SYNTAXES
        classes = self.script.storage_classes
        return self.script.storage_syntaxes if classes is None or sop_class_uid in classes else None


_COUNTS = (
    (QueryLevel.PATIENT, QueryLevel.STUDY, "NumberOfPatientRelatedStudies"),
    (QueryLevel.PATIENT, QueryLevel.SERIES, "NumberOfPatientRelatedSeries"),
    (QueryLevel.PATIENT, QueryLevel.IMAGE, "NumberOfPatientRelatedInstances"),
    (QueryLevel.STUDY, QueryLevel.SERIES, "NumberOfStudyRelatedSeries"),
    (QueryLevel.STUDY, QueryLevel.IMAGE, "NumberOfStudyRelatedInstances"),
    (QueryLevel.SERIES, QueryLevel.IMAGE, "NumberOfSeriesRelatedInstances"),
)
