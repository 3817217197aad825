"""Serves C-MOVE and C-GET from the local catalog."""

import logging
from collections.abc import Callable, Iterator

from fileroom.application.outgoing import SyntaxChoice, outgoing, plan_shipments
from fileroom.application.peers import peer_of
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.catalog import Catalog
from fileroom.application.ports.dicom_client import DicomClient, MoveOriginator
from fileroom.application.ports.dicom_server import Caller, RetrieveHandler, ServedStep, SubOperationSender
from fileroom.application.ports.node_repository import NodeRepository
from fileroom.application.ports.object_store import ObjectStore, OutgoingObject
from fileroom.application.ports.transcoder import Transcoder
from fileroom.application.sending import SendOptions, ShipmentSender
from fileroom.application.streams import closing_stream
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.dimse_status import Category, Service, describe
from fileroom.domain.errors import FileroomError, NoAcceptedContext, NotFound, PeerError, Unreadable
from fileroom.domain.query import Selection
from fileroom.domain.transfer import SubOperations, TransferOutcome

log = logging.getLogger(__name__)

SUCCESS = 0x0000
PENDING = 0xFF00
UNABLE_TO_PERFORM = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
SOME_FAILED = 0xB000


class ServeRetrieve(RetrieveHandler):
    """The Retrieve SCP over the catalog and the store."""

    def __init__(
        self,
        *,
        nodes: NodeRepository,
        catalog: Catalog,
        store: ObjectStore,
        client: DicomClient,
        transcoder: Transcoder,
        never: Callable[[], CancelToken],
        settle: Callable[[], object],
    ) -> None:
        """Use these.

        `never` makes a token that nobody raises (a peer cancels by closing the iterator).
        `settle` brings into the catalog what was received before.
        """
        self._nodes = nodes
        self._catalog = catalog
        self._store = store
        self._client = client
        self._syntaxes = SyntaxChoice(transcoder=transcoder)
        self._never = never
        self._settle = settle

    def move(
        self, caller: Caller, selection: Selection, destination: AeTitle, message_id: int
    ) -> Iterator[ServedStep]:
        """Send what is selected to the registered node that has this AE title."""
        node = next((node for node in self._nodes.list() if node.ae_title == destination), None)
        if node is None:
            log.warning("%s asked to move to %s, which is no registered node", caller, destination)
            yield ServedStep(
                status=MOVE_DESTINATION_UNKNOWN,
                counters=SubOperations(),
                error_comment=f"{destination} is not a registered node here",
            )
            return
        objects = self._select(selection)
        tally = _Tally(len(objects))
        yield tally.step()
        originator = MoveOriginator(ae_title=caller.calling_ae_title, message_id=message_id)
        for shipment in plan_shipments(objects, self._syntaxes):
            sender = ShipmentSender(
                client=self._client,
                syntaxes=self._syntaxes,
                peer=peer_of(node),
                options=SendOptions(retries=0, originator=originator),
                cancel=self._never(),
            )
            try:
                with closing_stream(sender.send(shipment)) as lines:
                    for line in lines:
                        tally.count(line.sop_instance_uid, line.outcome)
                        yield tally.step()
            except PeerError as error:
                log.warning("nothing could be moved to %s: %s", destination, error.message)
                tally.comment = error.message
                for each in shipment.objects:
                    tally.count(each.sop_instance_uid, TransferOutcome.FAILED)
        yield tally.final()

    def get(self, caller: Caller, selection: Selection, sender: SubOperationSender) -> Iterator[ServedStep]:
        """Send what is selected over the association that asked."""
        del caller
        objects = self._select(selection)
        tally = _Tally(len(objects))
        yield tally.step()
        for each in objects:
            tally.count(each.sop_instance_uid, self._send_back(each, sender))
            yield tally.step()
        yield tally.final()

    def _select(self, selection: Selection) -> list[OutgoingObject]:
        self._settle()
        return [outgoing(entry, self._store) for entry in self._catalog.select(selection)]

    def _send_back(self, source: OutgoingObject, sender: SubOperationSender) -> TransferOutcome:
        for ready in self._forms(source):
            try:
                status = describe(sender.send(ready).status, Service.STORE)
            except NoAcceptedContext:
                continue  # another form may do
            except (NotFound, Unreadable) as error:
                log.warning("instance %s was not sent: %s", source.sop_instance_uid, error.message)
                return TransferOutcome.FAILED
            match status.category:
                case Category.SUCCESS:
                    return TransferOutcome.SENT
                case Category.WARNING:
                    return TransferOutcome.WARNED
                case _:
                    return TransferOutcome.FAILED
        log.info("instance %s was not sent: the peer takes it in no form", source.sop_instance_uid)
        return TransferOutcome.FAILED

    def _forms(self, source: OutgoingObject) -> Iterator[OutgoingObject]:
        """Yield the object as it is, then what it can be converted to, each only when it is asked for."""
        for syntax in self._syntaxes.candidates(source.transfer_syntax_uid):
            if syntax == source.transfer_syntax_uid:
                yield source
            else:
                try:
                    yield self._syntaxes.transcoder.convert(source, syntax)
                except FileroomError:
                    continue


class _Tally:
    """Sub-operation counters as they go on."""

    def __init__(self, total: int) -> None:
        self._remaining = total
        self._completed = 0
        self._warning = 0
        self._failed: list[str] = []
        self.comment = ""

    def count(self, sop_instance_uid: str, outcome: TransferOutcome) -> None:
        self._remaining -= 1
        match outcome:
            case TransferOutcome.SENT:
                self._completed += 1
            case TransferOutcome.WARNED:
                self._warning += 1
            case _:
                self._failed.append(sop_instance_uid)

    def step(self) -> ServedStep:
        return ServedStep(status=PENDING, counters=self._counters(remaining=self._remaining))

    def final(self) -> ServedStep:
        """All done is success; some failed is a warning; nothing done is a failure (PS3.4 C.4.2.1.5)."""
        if not self._failed:
            status = SUCCESS if not self._warning else SOME_FAILED
        else:
            status = SOME_FAILED if self._completed or self._warning else UNABLE_TO_PERFORM
        return ServedStep(
            status=status,
            counters=self._counters(remaining=None),
            failed_sop_instance_uids=tuple(self._failed),
            error_comment=self.comment,
        )

    def _counters(self, *, remaining: int | None) -> SubOperations:
        return SubOperations(
            remaining=remaining, completed=self._completed, failed=len(self._failed), warning=self._warning
        )
