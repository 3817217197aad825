"""The acceptor's side of one association, from its request to its end."""

import logging
from collections.abc import Callable
from typing import Final

from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext, negotiate_as_acceptor

from fileroom.adapters.dicom.pynetdicom import identifiers
from fileroom.adapters.dicom.pynetdicom.commands import (
    C_ECHO_RQ,
    C_FIND_RQ,
    C_GET_RQ,
    C_MOVE_RQ,
    C_STORE_RQ,
    Command,
)
from fileroom.adapters.dicom.pynetdicom.endings import Ending, Fate, LinkEnded, told
from fileroom.adapters.dicom.pynetdicom.messages import Message
from fileroom.adapters.dicom.pynetdicom.serving import ServedRequest, serve_find, serve_retrieve
from fileroom.adapters.dicom.pynetdicom.upper_layer import Link
from fileroom.application.ports.dicom_server import (
    Caller,
    ListenerOptions,
    Reception,
    RejectReason,
    Services,
    StoreRequest,
)
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

_log = logging.getLogger(__name__)

ASSOCIATION_SECONDS: Final = 10.0
"""Longest time from the connection to its association request (the ARTIM timer, PS3.8 9.1.5)."""
_SUCCESS: Final = 0x0000
_CLASS_NOT_SUPPORTED: Final = 0x0122
_BROKEN: Final = frozenset({Fate.PROTOCOL, Fate.SILENT, Fate.STALLED})
"""Endings that are the caller's fault, or the network's."""
_FIND_CLASSES: Final = frozenset({PATIENT_ROOT_FIND, STUDY_ROOT_FIND})
_RETRIEVE_CLASSES: Final = frozenset({PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE, PATIENT_ROOT_GET, STUDY_ROOT_GET})


class Acceptor:
    """One association; `run` is the body of its thread."""

    def __init__(
        self,
        options: ListenerOptions,
        services: Services,
        *,
        link: Callable[[Callable[[int, Command], Reception | None]], Link],
        admit: Callable[[Caller], RejectReason | None],
        leave: Callable[[], None],
        address: tuple[str, int],
    ) -> None:
        self._options = options
        self._services = services
        self._admit = admit
        self._leave = leave
        self._address = address
        self._storage = frozenset(options.sop_class_uids)
        self._caller: Caller | None = None
        self.link = link(self._begin)
        self.is_dismissed = False
        """Whether its connection was closed to make room."""

    def dismiss(self) -> None:
        """Close the connection: others want in. May be called from another thread."""
        self.is_dismissed = True
        self.link.connection.interrupt()

    def run(self) -> None:
        """Serve until the association is over."""
        try:
            caller = self._negotiate()
            if caller is None:
                return
            try:
                self._serve(caller)
            except LinkEnded as end:
                self._tell_ended(caller, end.ending)
            except BaseException:
                self._tell_ended(caller, Ending(fate=Fate.STOPPED))
                raise
        except LinkEnded:
            pass
        except Exception:  # noqa: BLE001 - the last frame of a thread: a bug ends one association, not the listener
            _log.exception("an association with %s failed", self._address[0])
        finally:
            self.link.abort_now()

    def _negotiate(self) -> Caller | None:
        """Answer the association request; None where there is no association."""
        link = self.link
        request = link.dul.receive_pdu(wait=True, timeout=link.acse_timeout)
        if link.refusal is not None:
            titles = link.refusal.calling_ae_title, link.refusal.called_ae_title
            self._services.observer.refused(self._caller_called(*titles), link.refusal.reason)
        if not isinstance(request, A_ASSOCIATE):
            return None
        link.requestor.primitive = request
        caller = self._caller_called(request.calling_ae_title.strip(), request.called_ae_title.strip())
        reason = self._admit(caller)
        if reason is not None:
            link.acse.send_reject(*reason.value)
            link.close()
            self._services.observer.refused(caller, reason)
            return None
        self._caller = caller
        self._answer_contexts(request)
        link.acse.send_accept()
        link.is_established = True
        return caller

    def _caller_called(self, calling_ae_title: str, called_ae_title: str) -> Caller:
        address, port = self._address
        return Caller(
            calling_ae_title=calling_ae_title, called_ae_title=called_ae_title, address=address, port=port
        )

    def _answer_contexts(self, request: A_ASSOCIATE) -> None:
        """Accept of each context the first transfer syntax proposed that we know (PS3.8 9.3.3.2)."""
        link = self.link
        proposed_roles = {
            uid: (item.scu_role, item.scp_role) for uid, item in link.requestor.role_selection.items()
        }
        replies = {}
        for proposed in request.presentation_context_definition_list:
            if not proposed.abstract_syntax or not proposed.transfer_syntax:
                continue  # neither a class nor a syntax to answer about
            uid = str(proposed.abstract_syntax)
            wants_scp = any(role[1] for asked, role in proposed_roles.items() if asked == uid)
            ours = self._supported(uid, wants_scp=wants_scp)
            known = [syntax for syntax in proposed.transfer_syntax if syntax in ours]
            supported = []
            if ours:
                context = PresentationContext()
                context.abstract_syntax = uid
                context.add_transfer_syntax(known[0] if known else ours[0])
                if uid in self._storage:
                    context.scu_role, context.scp_role = True, True
                supported.append(context)
            answered, roles = negotiate_as_acceptor([proposed], supported, proposed_roles)
            for context in answered:
                link.accept_context(context)
            replies.update({str(role.sop_class_uid): role for role in roles})
        for role in replies.values():
            link.acceptor.add_negotiation_item(role)

    def _supported(self, sop_class_uid: str, *, wants_scp: bool) -> tuple[str, ...]:
        services = self._services
        if sop_class_uid == VERIFICATION:
            return identifiers.SYNTAXES
        if sop_class_uid in _FIND_CLASSES:
            return identifiers.SYNTAXES if services.query else ()
        if sop_class_uid in _RETRIEVE_CLASSES:
            return identifiers.SYNTAXES if services.retrieve else ()
        handler = services.store or (services.retrieve if wants_scp else None)
        return STORAGE_TRANSFER_SYNTAXES if handler and sop_class_uid in self._storage else ()

    def _begin(self, context_id: int, command: Command) -> Reception | None:
        """Start to take an object."""
        context, handler = self.link.context(context_id), self._services.store
        if context is None or handler is None or self._caller is None or context[0] not in self._storage:
            return None
        if command.sop_class_uid not in {"", context[0]}:
            return None  # the class that was negotiated is the one that may come
        return handler.begin(
            StoreRequest(
                caller=self._caller,
                sop_class_uid=context[0],
                sop_instance_uid=command.sop_instance_uid,
                transfer_syntax_uid=context[1],
                move_originator_ae_title=command.originator_ae_title,
            )
        )

    def _serve(self, caller: Caller) -> None:
        while True:
            message = self.link.receive(self._options.idle_timeout)
            self.link.dimse.serving = True
            self._dispatch(caller, message)
            self.link.dimse.serving = False

    def _dispatch(self, caller: Caller, message: Message) -> None:
        command, services = message.command, self._services
        context = self.link.context(message.context_id) or ("", "")
        request = ServedRequest(
            link=self.link,
            caller=caller,
            message=message,
            sop_class_uid=context[0],
            syntax=context[1],
            our_ae_title=str(self._options.ae_title),
            idle_seconds=self._options.idle_timeout,
        )
        finds = services.query if context[0] in _FIND_CLASSES else None
        retrieves = services.retrieve if context[0] in _RETRIEVE_CLASSES else None
        if command.field == C_ECHO_RQ:
            request.answer(_SUCCESS)
        elif command.field == C_STORE_RQ:
            self._finish(request)
        elif command.field == C_FIND_RQ and finds:
            serve_find(request, finds)
        elif command.field in {C_MOVE_RQ, C_GET_RQ} and retrieves:
            serve_retrieve(request, retrieves)
        elif not command.is_response and command.message_id is not None:
            request.answer(_CLASS_NOT_SUPPORTED)
        else:
            self.link.give_up(Fate.PROTOCOL, f"it sent a message {command.field:04X}H that answers nothing")

    def _finish(self, request: "ServedRequest") -> None:
        message = request.message
        if message.reception is None:
            request.answer(_CLASS_NOT_SUPPORTED)
            return
        reception, message.reception = message.reception, None
        reply = reception.finish()
        request.answer(reply.status, comment=reply.error_comment)

    def _tell_ended(self, caller: Caller, ending: Ending) -> None:
        self._leave()
        if ending.fate in _BROKEN:
            _log.warning("association with %s: %s", caller, told(ending))
        self._services.observer.ended(caller, ending.fate.value)
