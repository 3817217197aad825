"""What a scripted peer keeps, and what it does differently from a good one."""

from dataclasses import dataclass, field
from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from fileroom.application.ports.dicom_server import RejectReason
from fileroom.application.ports.object_store import ObjectContent, OutgoingObject
from fileroom.domain.dimse_status import Service
from fileroom.domain.query import Attributes
from fileroom.domain.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, STORAGE_TRANSFER_SYNTAXES


class Fault(Enum):
    """How a peer can fail in the middle of an operation."""

    SILENT = "silent"
    DROPPED = "dropped"
    PROTOCOL = "protocol"


@dataclass(frozen=True, kw_only=True)
class Holding:
    """An object that the peer keeps."""

    attributes: Attributes
    """Its header, UIDs included, by keyword."""
    data: bytes = b""
    """Its data set."""
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN

    @property
    def uid(self) -> str:
        """Its SOP Instance UID."""
        return self.attributes["SOPInstanceUID"]

    def outgoing(self) -> OutgoingObject:
        """Return it ready to be sent."""
        return OutgoingObject(
            sop_class_uid=self.attributes["SOPClassUID"],
            sop_instance_uid=self.uid,
            study_instance_uid=self.attributes.get("StudyInstanceUID", ""),
            transfer_syntax_uid=self.transfer_syntax_uid,
            data_offset=0,
            content=BytesContent(self.data),
            name=self.uid,
        )


@dataclass(frozen=True)
class BytesContent(ObjectContent):
    """Content in memory."""

    data: bytes

    @property
    def path(self) -> Path | None:
        """There is no file."""
        return None

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.data)

    def open(self) -> BinaryIO:
        """Return a new stream."""
        return BytesIO(self.data)


@dataclass(kw_only=True)
class Script:
    """What the peer does differently from a good one."""

    unreachable: bool = False
    """Refuse the connection."""
    refuse: RejectReason | None = None
    """Reject every association."""
    silent_before_association: bool = False
    """Accept the connection and say nothing."""
    lacks: frozenset[Service] = frozenset()
    """Services without an accepted context, e.g. C-GET."""
    storage_syntaxes: tuple[str, ...] = STORAGE_TRANSFER_SYNTAXES
    """Transfer syntaxes that it takes objects in."""
    storage_classes: frozenset[str] | None = None
    """Storage classes that it takes; None is all."""
    faults: dict[Service, tuple[Fault, int]] = field(default_factory=dict)
    """Fail a service after so many responses (for store: objects taken)."""
    final_statuses: dict[Service, int] = field(default_factory=dict)
    """Status to answer instead of the true final one."""
    store_statuses: dict[str, int] = field(default_factory=dict)
    """Status to answer to the C-STORE of an instance; it is not kept where that is a failure."""
    withheld: frozenset[str] = frozenset()
    """Instances that are found but never sent, though they count as completed."""
    omit_counters: bool = False
    """Leave the sub-operation counters out."""
    late: int = 0
    """How many of the last objects of a C-MOVE are sent only after its final response."""
    ignored_keys: frozenset[str] = frozenset()
    """Keys that do not restrict and are not returned, e.g. ModalitiesInStudy."""
    left_out_attributes: frozenset[str] = frozenset()
    """Attributes that answers lack, e.g. NumberOfStudyRelatedInstances."""
