"""One statement in the hands of its engine, from its recorded intent to an answer that ends it.

Rule: what an engine has in hand is asked after by its handle and never sent again. A copy is
swapped in only after everything was checked that is checked before a statement (EN-3), and where
that is done on purpose, only once it was released (EN-5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias, TypeVar, assert_never

from reconciler.drive.limits import CUTOVER_POLL_S, STOP_LOOKS_MAX, STOP_LOOKS_OF_READY
from reconciler.drive.shard.progress import ShardProgress
from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.task import (
    Brake,
    RolloutWorld,
    StopSignal,
    WaitingCopy,
    pause_unless,
    retry_pause_s,
)
from reconciler.drive.shard.throttle import CopyThrottle
from reconciler.guard.health import Vitals
from reconciler.guard.model import Refusal
from reconciler.ledger.copies import (
    ItsCutover,
)
from reconciler.ledger.model import ReleasedCopy, StoredStatement
from reconciler.ledger.reasons import CutOverBegun, InWords, LimitExceeded
from reconciler.ledger.states import OperationState
from reconciler.model.engine import TRAITS, Progress
from reconciler.model.object_id import ObjectId
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    EngineWork,
    Failed,
    Gone,
    Outcome,
    ReadyToCutOver,
    Running,
    Unknown,
)
from reconciler.rollout.cutover import CopyOrder
from reconciler.rollout.transitions import Move

Held = TypeVar("Held")
IsEnding: TypeAlias = Callable[[], bool]
BeforeCutOver: TypeAlias = "Callable[[str, IsEnding], Held | NotNow | AskedToEnd | None]"

_STOPS_ALL = frozenset({CopyOrder.STOP, CopyOrder.GIVE_UP})
_GIVES_UP = frozenset({CopyOrder.GIVE_UP, CopyOrder.GIVE_UP_HELD})


@dataclass(frozen=True, slots=True)
class CopyEnded:
    """It was told to end before it was swapped in. `is_kept`: it can be taken up again. `hold`:
    what a guard found that a copy cannot go on with."""

    is_kept: bool
    hold: Refusal | None = None


@dataclass(frozen=True, slots=True)
class NotNow:
    """What keeps a complete copy from being swapped in passes by itself: it goes on waiting."""

    waits_for: ItsCutover | LimitExceeded


@dataclass(frozen=True, slots=True)
class AskedToEnd:
    """While it was looked at whether the copy may be swapped in, somebody asked it to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InHand:
    """`row` is the recorded intent. `is_taken_up`: an earlier run, or an earlier session, sent it;
    who stops this run does not wait for it."""

    row: StoredStatement
    work: EngineWork
    is_taken_up: bool = False


class EngineRun:
    def __init__(
        self,
        world: RolloutWorld,
        record: ShardRecorder,
        progress: ShardProgress,
        stop: StopSignal,
        throttle: CopyThrottle,
        *,
        cut_overs_max: int,
        is_on_purpose: bool,
    ) -> None:
        """`is_on_purpose`: a complete copy waits until the driver releases it."""
        self._world = world
        self._record = record
        self._progress = progress
        self._stop = stop
        self._throttle = throttle
        self._cut_overs_max = cut_overs_max
        self._is_on_purpose = is_on_purpose
        #: The copy in hand waits until the driver releases it, and since when it is complete.
        self._is_held = is_on_purpose
        self._complete_s: float | None = None

    def until_answered(
        self,
        engine: Engine,
        hand: InHand,
        answer: Answer,
        *,
        vitals: Callable[[], Vitals],
        meanwhile: Callable[[Running | ReadyToCutOver], None],
        before_cut_over: BeforeCutOver[Held],
    ) -> Outcome | Gone | CopyEnded | Held:
        """What the engine ends with, or why its copy is not swapped in now: then it keeps the
        statement in hand. `meanwhile` is done between two looks, and is short; `before_cut_over`
        is told the copy's name, and how to ask whether it is to end by now. Raises RecordLost, and
        what `before_cut_over` raises."""
        try:
            return self._until_answered(engine, hand, answer, vitals, meanwhile, before_cut_over)
        finally:
            self._stop.waiting.pop(hand.row.shard, None)
            self._stop.room.done(hand.row.shard)

    def _until_answered(
        self,
        engine: Engine,
        hand: InHand,
        answer: Answer,
        vitals: Callable[[], Vitals],
        meanwhile: Callable[[Running | ReadyToCutOver], None],
        before_cut_over: BeforeCutOver[Held],
    ) -> Outcome | Gone | CopyEnded | Held:
        object_id, cut_overs = hand.row.object_id, 0
        self._is_held, self._complete_s = self._is_on_purpose, None
        is_ending = partial(self._is_ending, engine, hand)
        over_at_s = self._world.clock.monotonic_s() + hand.work.run_limit_s
        while True:
            match answer:
                case ReadyToCutOver() if self._must_end(engine, hand):
                    return self._ended_early(engine, hand)
                case Running() if not cut_overs and self._must_end(engine, hand):
                    return self._ended_early(engine, hand)
                case Running() | ReadyToCutOver() if self._is_left(engine, hand):
                    return Unknown(reason="it goes on there, and this run was asked to end")
                case Running() | ReadyToCutOver() if not cut_overs and (
                    hold := self._beyond(engine, vitals)
                ):
                    return self._ended_early(engine, hand, hold)
                case Running(progress=progress):
                    if not cut_overs:  # nothing is measured any more
                        self._slow_down(engine, hand, self._throttle.slow_down)
                    self._advance(hand, progress)
                    is_late = not cut_overs and self._world.clock.monotonic_s() >= over_at_s
                    if hand.is_taken_up and is_late:
                        engine.stop(hand.row.handle, hand.work)  # who began it cannot
                    if not cut_overs:
                        meanwhile(self._as_held(answer))
                    answer = engine.look(hand.row.handle, hand.work)
                case ReadyToCutOver(progress=progress, copy=copy):
                    self._await_cut_over(hand, progress)
                    if not self._is_released(hand):
                        meanwhile(self._as_held(answer))
                        self._world.clock.sleep(CUTOVER_POLL_S)
                        answer = engine.look(hand.row.handle, hand.work)
                        continue
                    if cut_overs == self._cut_overs_max:
                        return self._given_up(engine, hand)
                    if cut_overs:
                        seconds = retry_pause_s(cut_overs, self._world.jitter())
                        pause_unless(self._world.clock, is_ending, seconds)
                    held = before_cut_over(copy or hand.row.handle.copy, is_ending)
                    if isinstance(held, AskedToEnd):
                        continue
                    if isinstance(held, NotNow):
                        self._send_back(hand, held.waits_for)
                        continue
                    if held is not None:
                        return held
                    cut_overs += 1
                    answer = self._cut_over(engine, hand, progress)
                case Applied() | Failed() | Unknown() | Gone():
                    if self._record.state(object_id) is OperationState.WAITING_FOR_CUTOVER:
                        self._record.move(object_id, Move.CUT_OVER)  # by itself, or by somebody
                    return answer
                case _:
                    assert_never(answer)

    def _cut_over(self, engine: Engine, hand: InHand, progress: Progress) -> Answer:
        object_id = hand.row.object_id
        self._slow_down(engine, hand, self._throttle.let_go)
        self._advance(hand, replace(progress, stage="cutting over"), at_once=True)
        self._record.move(object_id, Move.CUT_OVER)
        self._record.tell(CutOverBegun(), object_id)
        self._record.write()  # the intent to swap, before the swap (ST-9)
        return engine.cut_over(hand.row.handle, hand.work)

    def _is_released(self, hand: InHand) -> bool:
        """Says where it stands, for the driver to decide on."""
        shard, index = hand.row.shard, hand.row.index
        if self._complete_s is None:
            self._complete_s = self._world.clock.monotonic_s()
        if not self._is_held or ReleasedCopy(shard, index) in self._stop.released:
            self._stop.waiting.pop(shard, None)
            return True
        self._stop.waiting.setdefault(shard, WaitingCopy(index, self._complete_s))
        return False

    def _send_back(self, hand: InHand, waits_for: ItsCutover | LimitExceeded) -> None:
        """To the copies that wait, for the driver to release it once more (EN-85): its engine may
        not be able to take it up again."""
        self._is_held = True
        self._stop.released -= {ReleasedCopy(hand.row.shard, hand.row.index)}
        self._record.wait(hand.row.object_id, waits_for)
        match waits_for:
            case ItsCutover():
                self._progress.waits(waits_for)
            case LimitExceeded(message):
                self._progress.waits(InWords(message))
            case _:
                assert_never(waits_for)

    def _is_ending(self, engine: Engine, hand: InHand) -> bool:
        return self._must_end(engine, hand) or self._is_left(engine, hand)

    def _is_left(self, engine: Engine, hand: InHand) -> bool:
        """To itself, and to the next run: what this one has not begun, and every copy once it may
        swap nothing in."""
        if hand.is_taken_up and self._stop.brake is Brake.AFTER_STATEMENT:
            return True
        return self._stop.copies is CopyOrder.LEAVE and TRAITS[engine.name].copies

    def _must_end(self, engine: Engine, hand: InHand) -> bool:
        """A copy that cannot be taken up again is rather finished than stopped, its swap with it
        (EN-83), unless it waits for somebody, or is given up."""
        order, is_kept = self._stop.copies, TRAITS[engine.name].resumes
        if order is CopyOrder.GO_ON or not TRAITS[engine.name].copies:
            return False
        if order is CopyOrder.LEAVE:
            return is_kept
        is_released = ReleasedCopy(hand.row.shard, hand.row.index) in self._stop.released
        if self._is_held and not is_released:
            return True
        return order in _STOPS_ALL and (is_kept or order in _GIVES_UP)

    def _beyond(self, engine: Engine, vitals: Callable[[], Vitals]) -> Refusal | None:
        return self._throttle.must_end(vitals) if TRAITS[engine.name].copies else None

    def _slow_down(
        self, engine: Engine, hand: InHand, say: Callable[[Callable[[str], bool], ObjectId], None]
    ) -> None:
        """Or let it go on: what to `say` is the throttle's."""
        if TRAITS[engine.name].copies:
            row = hand.row
            say(partial(engine.throttle, row.handle, hand.work), row.object_id)

    def _as_held(self, answer: Running | ReadyToCutOver) -> Running | ReadyToCutOver:
        """With what is to hold the copy up, also where its engine cannot be told so."""
        by = answer.progress.throttled_by or self._throttle.wanted
        return replace(answer, progress=replace(answer.progress, throttled_by=by))

    def _ended_early(
        self, engine: Engine, hand: InHand, hold: Refusal | None = None
    ) -> Outcome | CopyEnded:
        order = self._stop.copies
        engine.stop(hand.row.handle, hand.work)
        for looks in range(STOP_LOOKS_MAX):
            match answer := engine.look(hand.row.handle, hand.work):
                # pt-osc's copy is followed by triggers: nothing runs that could end.
                case ReadyToCutOver() if looks >= STOP_LOOKS_OF_READY:
                    return CopyEnded(is_kept=False, hold=hold)
                case Running() | ReadyToCutOver():
                    self._world.clock.sleep(CUTOVER_POLL_S)
                case Failed() | Gone():
                    is_kept = TRAITS[engine.name].resumes and order not in _GIVES_UP
                    return CopyEnded(is_kept, hold)
                case Applied() | Unknown():
                    return answer
                case _:
                    assert_never(answer)
        return Unknown(reason="it was asked to end, and does not")

    def _advance(self, hand: InHand, progress: Progress, *, at_once: bool = False) -> None:
        because = progress.throttled_by or self._throttle.because
        progress = replace(progress, throttled_by=because)
        self._record.advance(hand.row.index, progress, at_once=at_once)
        self._progress.advanced(hand.work.statement, hand.row.index, progress)

    def _await_cut_over(self, hand: InHand, progress: Progress) -> None:
        """How long it waits is nobody's estimate: for a release, a window, or the lock."""
        object_id = hand.row.object_id
        progress = replace(progress, stage=progress.stage or "waiting", left_s=None)
        is_new = self._record.state(object_id) is OperationState.RUNNING
        self._advance(hand, progress, at_once=is_new)
        if is_new:
            self._record.move(object_id, Move.AWAIT_CUTOVER)
            if self._is_on_purpose:
                self._progress.waits(ItsCutover())
            self._record.wait(object_id, ItsCutover() if self._is_on_purpose else None)

    def _given_up(self, engine: Engine, hand: InHand) -> Outcome | Gone:
        engine.stop(hand.row.handle, hand.work)
        answer = engine.look(hand.row.handle, hand.work)
        if isinstance(answer, Running | ReadyToCutOver):
            return Unknown(reason="it could not be cut over, and does not end")
        if self._record.state(hand.row.object_id) is OperationState.WAITING_FOR_CUTOVER:
            self._record.move(hand.row.object_id, Move.CUT_OVER)
        return answer
