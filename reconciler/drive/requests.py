"""What people ask of the one that drives an apply, from the terminal or through the ledger, and the
sign of life by which they know that somebody is there to answer.

Every method that reads or writes the ledger raises what the ledger raises.
"""

from __future__ import annotations

from functools import partial
from typing import assert_never

from reconciler import __version__
from reconciler.drive.cutovers import Cutovers
from reconciler.drive.limits import HEARTBEAT_S, ROLLOUT_POLL_S
from reconciler.drive.record import ApplyRecord
from reconciler.drive.shard.task import RolloutWorld
from reconciler.guard.review.asker import Asker
from reconciler.ledger.model import Lease, Request
from reconciler.ledger.reasons import (
    CancelledAlready,
    EndedMeanwhile,
    NothingNewStarts,
    RestNeverStarts,
)
from reconciler.ledger.resumes import GoesOn, NotKnownHere, TakenUpAgain
from reconciler.ledger.states import RequestKind, RequestState, UnknownKind
from reconciler.rollout.hold import nothing_to_release
from reconciler.rollout.snapshot import Asked

_THROTTLES = (RequestKind.THROTTLE, RequestKind.UNTHROTTLE)
_LATE_FOR_A_CANCEL = (RequestKind.STOP, RequestKind.RESUME, RequestKind.RETRY)


class RolloutRequests:
    """`asked` is what was asked of this run so far; a request to end it is never forgotten."""

    def __init__(
        self,
        world: RolloutWorld,
        lease: Lease,
        record: ApplyRecord,
        cutovers: Cutovers,
        *,
        ends_as_stop: bool,
    ) -> None:
        self._world = world
        self._ends_as_stop = ends_as_stop
        self._lease = lease
        self._record = record
        self._cutovers = cutovers
        self._heard_s = self._beat_s = float("-inf")
        self.asked = Asked.NOTHING

    def listen(self) -> None:
        """To the terminal each time, to the ledger as often as people notice."""
        if self.asked is Asked.NOTHING and self._world.interrupts() > 0:
            self.asked = Asked.STOP
            if self._ends_as_stop:
                self._note_stop()
        now_s = self._world.clock.monotonic_s()
        if now_s - self._heard_s < ROLLOUT_POLL_S:
            return
        self._heard_s = now_s
        if now_s - self._beat_s >= HEARTBEAT_S:
            self._beat_s = now_s
            self._world.ledger.heartbeat(self._lease, now_s=self._world.clock.now_s())
        for request in self._pending():
            self._hear(request)

    def _note_stop(self) -> None:
        """Who ends their run has said stop, to whoever would go on with it besides (RG-50)."""
        lease, ledger, now_s = self._lease, self._world.ledger, self._world.clock.now_s()
        asked = ledger.ask(
            lease.apply_id, RequestKind.STOP, asked_by=Asker(who=lease.holder).line, now_s=now_s
        )
        ledger.answer(asked.request_id, RequestState.APPLIED, NothingNewStarts())

    def take_up(self, resumed_at: int) -> None:
        """A stop before somebody resumed was for the run before this one, one after it is for this
        one; a cancel or a release still counts, and a cancel that was heard by a run that died
        then, too. What held copies up then holds them up now."""
        heard = self._world.ledger.requests(self._lease.apply_id, RequestState.APPLIED)
        throttles = [one.kind for one in heard if one.kind in _THROTTLES]
        if throttles[-1:] == [RequestKind.THROTTLE]:
            self._cutovers.throttle(is_on=True)
        if any(one.kind is RequestKind.CANCEL for one in heard):
            self.asked = Asked.CANCEL
        for request in self._pending():
            if request.kind is RequestKind.STOP and request.request_id < resumed_at:
                why = TakenUpAgain(self._lease.holder)
                self._world.ledger.answer(request.request_id, RequestState.SUPERSEDED, why)

    def refuse_late_ones(self) -> None:
        """Of an apply that is finished: who asked may be gone, too, and could not answer it."""
        for request in self._pending():
            self._world.ledger.answer(request.request_id, RequestState.REFUSED, EndedMeanwhile())

    def _pending(self) -> list[Request]:
        return self._world.ledger.requests(self._lease.apply_id, RequestState.PENDING)

    def _hear(self, request: Request) -> None:
        answer = partial(self._world.ledger.answer, request.request_id)
        match request.kind:
            case kind if kind in _LATE_FOR_A_CANCEL and self.asked is Asked.CANCEL:
                answer(RequestState.SUPERSEDED, CancelledAlready())
            case RequestKind.STOP:
                self.asked = Asked.STOP
                answer(RequestState.APPLIED, NothingNewStarts())
            case RequestKind.CANCEL:
                self.asked = Asked.CANCEL
                answer(RequestState.APPLIED, RestNeverStarts())
            case RequestKind.RELEASE:
                # What waits at a gate is driven by nobody (decision 12), unless copies wait.
                why = nothing_to_release(self._record.stored, is_driven=True)
                answer(*(self._cutovers.release() or (RequestState.REFUSED, why)))
            case RequestKind.RESUME | RequestKind.RETRY:
                answer(*self._cutovers.not_released() or (RequestState.APPLIED, GoesOn()))
            case RequestKind.THROTTLE | RequestKind.UNTHROTTLE:
                told = self._cutovers.throttle(is_on=request.kind is RequestKind.THROTTLE)
                answer(RequestState.APPLIED, told)
            case UnknownKind(word=word):
                answer(RequestState.REFUSED, NotKnownHere(word, __version__))
            case _:
                assert_never(request.kind)
