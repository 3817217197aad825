"""The acceptor's side of one association, from its request to its end."""

import logging
from collections.abc import Callable
from typing import Final

from fileroom.adapters.dicom._services.endings import Ending, Fate, LinkEnded, told
from fileroom.adapters.dicom._services.link import Asked, Link
from fileroom.adapters.dicom._services.messages import Message, Sink
from fileroom.adapters.dicom._services.serving import ServedRequest, serve_find, serve_retrieve
from fileroom.adapters.dicom._shared.contexts import IDENTIFIER_SYNTAXES, Support
from fileroom.adapters.dicom._shared.dimse import CommandField, CommandSet
from fileroom.application.ports.dicom_server import (
    Caller,
    ListenerOptions,
    Reception,
    RejectReason,
    Services,
    StoreReply,
    StoreRequest,
)
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput
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
_NOBODY_TAKES_IT: Final = StoreReply(status=_CLASS_NOT_SUPPORTED)
_NOTHING_TO_TAKE: Final = StoreReply(status=0xC000, error_comment="there is no data set")
_IDENTIFIERS: Final = Support(transfer_syntaxes=IDENTIFIER_SYNTAXES)
_NOTHING: Final = Support()
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
        link: Callable[[Sink], Link],
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
        if services.store is not None:
            self.link.before_release = services.store.settle

    def run(self) -> None:
        """Serve until the association is over."""
        try:
            caller = self._negotiate()
            if caller is None:
                return
            try:
                self.link.accept(self._support)
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
        asked = link.await_request(min(self._options.idle_timeout, ASSOCIATION_SECONDS))
        if asked is None:
            return None
        caller = self._caller_of(asked)
        reason = asked.refusal
        if reason is None:
            reason = _mistake(asked) or self._admit(caller)
            if reason is not None:
                link.reject(reason)
        if reason is not None:
            self._services.observer.refused(caller, reason)
            return None
        self._caller = caller
        return caller

    def _caller_of(self, asked: Asked) -> Caller:
        address, port = self._address
        return Caller(
            calling_ae_title=asked.calling_ae_title,
            called_ae_title=asked.called_ae_title,
            address=address,
            port=port,
        )

    def _support(self, sop_class_uid: str) -> Support:
        """Tell what we can do with a SOP class; compressed objects are kept as they come."""
        services = self._services
        if sop_class_uid == VERIFICATION:
            return _IDENTIFIERS
        if sop_class_uid in _FIND_CLASSES:
            return _IDENTIFIERS if services.query else _NOTHING
        if sop_class_uid in _RETRIEVE_CLASSES:
            return _IDENTIFIERS if services.retrieve else _NOTHING
        if sop_class_uid not in self._storage or not (services.store or services.retrieve):
            return _NOTHING
        return Support(
            transfer_syntaxes=STORAGE_TRANSFER_SYNTAXES,
            as_scp=services.store is not None,
            as_scu=services.retrieve is not None,
        )

    def _begin(self, context_id: int, command: CommandSet) -> Reception | None:
        """Start to take an object."""
        context, handler = self.link.contexts.get(context_id), self._services.store
        if context is None or handler is None or self._caller is None:
            return None
        uid = context.abstract_syntax
        if uid not in self._storage or command.sop_class_uid not in {"", uid}:
            return None  # the class that was negotiated is the one that may come
        return handler.begin(
            StoreRequest(
                caller=self._caller,
                sop_class_uid=uid,
                sop_instance_uid=command.sop_instance_uid,
                transfer_syntax_uid=context.transfer_syntax,
                move_originator_ae_title=command.originator_ae_title,
            )
        )

    def _serve(self, caller: Caller) -> None:
        link, seconds = self.link, self._options.idle_timeout
        while True:
            message = link.receive(seconds)
            link.inbox.is_serving = True
            self._dispatch(caller, message)
            link.inbox.is_serving = False

    def _dispatch(self, caller: Caller, message: Message) -> None:
        command, services = message.command, self._services
        if command.is_response or command.message_id is None:
            self.link.give_up(
                Fate.PROTOCOL, f"it sent a message {command.field:04X}H that cannot be answered"
            )
        if command.field == CommandField.C_STORE:
            self._finish(message)
            return
        context = self.link.contexts[message.context_id]
        request = ServedRequest(
            link=self.link,
            caller=caller,
            message=message,
            sop_class_uid=context.abstract_syntax,
            syntax=context.transfer_syntax,
            our_ae_title=str(self._options.ae_title),
            idle_seconds=self._options.idle_timeout,
        )
        finds = services.query if context.abstract_syntax in _FIND_CLASSES else None
        retrieves = services.retrieve if context.abstract_syntax in _RETRIEVE_CLASSES else None
        if command.field == CommandField.C_ECHO:
            request.answer(_SUCCESS)
        elif command.field == CommandField.C_FIND and finds:
            serve_find(request, finds)
        elif command.field in {CommandField.C_MOVE, CommandField.C_GET} and retrieves:
            serve_retrieve(request, retrieves)
        else:
            request.answer(_CLASS_NOT_SUPPORTED)

    def _finish(self, message: Message) -> None:
        command, reception = message.command, message.reception
        if reception is not None:
            message.reception = None
            reply = reception.finish()
        else:
            # Without a data set there is nothing to take; with one, nobody here takes this class.
            reply = _NOBODY_TAKES_IT if command.has_data_set else _NOTHING_TO_TAKE
        self.link.answer(message.context_id, command, reply.status, reply.error_comment)

    def _tell_ended(self, caller: Caller, ending: Ending) -> None:
        self._leave()
        if ending.fate in _BROKEN:
            _log.warning("association with %s: %s", caller, told(ending))
        self._services.observer.ended(caller, ending.fate.value)


def _mistake(asked: Asked) -> RejectReason | None:
    """Return why a request is refused whose application context is another, or whose AE titles are none."""
    if not asked.knows_application:
        return RejectReason.APPLICATION_CONTEXT_NAME_NOT_SUPPORTED
    for title, reason in (
        (asked.calling_ae_title, RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED),
        (asked.called_ae_title, RejectReason.CALLED_AE_TITLE_NOT_RECOGNIZED),
    ):
        try:
            AeTitle(title)
        except InvalidInput:
            return reason
    return None
