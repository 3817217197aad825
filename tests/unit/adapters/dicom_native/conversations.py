"""Whole conversations in memory: two associations with scripted users, two pipes with faults, and a clock by hand.

Nothing here waits: a script is a generator that is resumed once a step, a pipe delivers the pieces that it is told to,
and time goes on only when nothing else does.
"""

from collections.abc import Mapping, Sequence
from typing import Self

from fileroom.adapters.dicom.native.core.association import Role
from fileroom.adapters.dicom.native.core.negotiation import propose
from fileroom.adapters.dicom.native.core.pdu import Abort, AssociateRequest
from fileroom.adapters.dicom.native.core.transitions import State
from fileroom.adapters.dicom.native.core.user_information import RoleSelection, UserInformation
from tests.unit.adapters.dicom_native.ends import CT, FIND, GET, IMPLICIT, MOVE, VERIFICATION, End
from tests.unit.adapters.dicom_native.pipes import Fault, Pipe
from tests.unit.adapters.dicom_native.scripts import Scenario, requesting, serving

CLOCK_STEP = 1.0
MOST_STEPS = 60_000


class Conversation:
    """Two ends, a pipe each way, and what happens in between."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        sizes: Sequence[int] = (1 << 20,),
        faults: Mapping[Role, Sequence[Fault]] | None = None,
        abort: tuple[Role, int] | None = None,
    ) -> None:
        self.requestor = End(Role.REQUESTOR, scenario.lengths[0])
        self.acceptor = End(Role.ACCEPTOR, scenario.lengths[1])
        self.pipes = {role: Pipe((faults or {}).get(role, ())) for role in Role}
        """By the end that writes into them."""
        self.steps = 0
        self._ends = {Role.REQUESTOR: self.requestor, Role.ACCEPTOR: self.acceptor}
        self._sizes, self._abort = sizes, abort
        self._now = 0.0
        self.requestor.script = requesting(self.requestor, scenario)
        self.acceptor.script = serving(self.acceptor, scenario, self.requestor)

    def run(self) -> Self:
        """Go on until both ends have nothing more to do with each other."""
        syntaxes = [(uid, (IMPLICIT,)) for uid in (VERIFICATION, CT, FIND, MOVE, GET)]
        request = AssociateRequest(
            called_ae_title="STORE",
            calling_ae_title="FILEROOM",
            contexts=propose(syntaxes),
            user_information=UserInformation(
                max_pdu_length=self.requestor.information.max_pdu_length,
                implementation_class_uid="1.2.3",
                roles=(RoleSelection(sop_class_uid=CT, scu=True, scp=True),),
            ),
        )
        self.requestor.send(request)
        for end in self._ends.values():
            end.out += b"".join(bytes(one) for one in end.association.connected())
        while not all(end.association.must_close for end in self._ends.values()):
            assert self.steps < MOST_STEPS, "the conversation does not end"
            self._step(self._sizes[self.steps % len(self._sizes)])
            self.steps += 1
        return self

    def _step(self, size: int) -> None:
        if self._abort and self.steps >= self._abort[1]:
            end = self._ends[self._abort[0]]
            if not end.association.is_over and end.association.state is not State.STA2:
                end.send(Abort())
                self._abort = None
        for end in self._ends.values():
            end.step()
        moved = [self._move(role, size) for role in Role]
        for end in self._ends.values():
            end.tick(self._now)
        if not any(moved):
            self._now += CLOCK_STEP

    def _move(self, role: Role, size: int) -> bool:
        """Carry some bytes from an end to the other one; tell whether anything happened."""
        pipe, source = self.pipes[role], self._ends[role]
        target = self._ends[Role.ACCEPTOR if role is Role.REQUESTOR else Role.REQUESTOR]
        pipe.write(bytes(source.out), self._now)
        source.out.clear()
        if source.association.must_close:
            pipe.close()
        piece = pipe.read(size, self._now)
        if piece:
            target.receive(piece, self._now)
        elif pipe.is_cut or pipe.is_at_end:
            was_open = not target.association.must_close
            target.lose()
            if pipe.is_cut:
                source.lose()
            return was_open
        return bool(piece)
