"""Asks something of an apply from another process: stop, cancel, release.

A request is in the ledger before anybody is told that it was made. Whoever drives the apply answers
it; where nobody does, the one who asks carries it out, in the ledger alone: no shard is touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from reconciler import __version__
from reconciler.drive.driver_watch import DriverWatch
from reconciler.drive.limits import REQUEST_ANSWER_S_MAX, ROLLOUT_POLL_S
from reconciler.drive.open import OpenApply, grouped
from reconciler.drive.record import ApplyRecord
from reconciler.ledger.copies import CopiesReleased, CopiesThrottled
from reconciler.ledger.last_word import is_retried, is_stopped
from reconciler.ledger.model import Request, StoredApply, StoredLease
from reconciler.ledger.reasons import (
    Answer,
    EndedAs,
    EndedMeanwhile,
    GateKept,
    NothingUnfinished,
    Released,
    StaysStopped,
    Unanswered,
)
from reconciler.ledger.resumes import (
    GoesOn,
    GoesOnOnceReleased,
    NothingToAskOf,
    NothingToRetry,
    NotKnownHere,
    RetryTakenBack,
    WaitsForRelease,
)
from reconciler.ledger.states import (
    FINISHED,
    ApplyState,
    Hold,
    RequestKind,
    RequestState,
    UnknownKind,
)
from reconciler.outcomes.apply import ControlOutcome
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import LeaseLost, Ledger
from reconciler.rollout.hold import OPEN_GATES, GateRight, nothing_to_release, release, was_released
from reconciler.rollout.transitions import Move
from reconciler.spec.model import Environment

_TAKES_BACK = (RequestKind.STOP, RequestKind.CANCEL)  # a retry of an apply that has ended


def ask(
    ledger: Ledger,
    clock: Clock,
    *,
    environment: str,
    keyspace: str,
    kind: RequestKind,
    asked_by: str,
    region: str = "",
    right: GateRight = OPEN_GATES,
) -> ControlOutcome:
    """Of one region's part, or of what is of all shards. Returns when the request is durable and
    answered, or when no answer came in time. `right` is that to open gates (RG-38)."""
    to_ask = _ToAsk(environment, keyspace, region, kind, asked_by)
    return _outcome(ledger, clock, to_ask, _note(ledger, clock, to_ask), right)


def ask_everywhere(
    ledger: Ledger,
    clock: Clock,
    environment: Environment,
    *,
    keyspace: str,
    kind: RequestKind,
    asked_by: str,
    right: GateRight = OPEN_GATES,
) -> tuple[ControlOutcome, ...]:
    """As `ask`; where regions run and none is chosen, of all of which the ledger knows something
    to ask, with a word about the others (RG-66). All is durable before an answer is waited for."""
    regions: tuple[str, ...] = (environment.region or "",)
    if environment.region is None:
        regions += environment.region_names
    asks = [_ToAsk(environment.name, keyspace, each, kind, asked_by) for each in regions]
    noted = [(one, _note(ledger, clock, one)) for one in asks]
    idle = tuple(one.region for one, found in noted if found is None)
    if len(idle) == len(regions) or len(regions) == 1:
        first, found = noted[0]
        outcome = _outcome(ledger, clock, first, found, right)
        answer = NothingToAskOf(regions[1:]) if len(regions) > 1 else outcome.answer
        return (replace(outcome, answer=answer),)
    told = [_outcome(ledger, clock, *one, right) for one in noted if one[1] is not None]
    if others := tuple(name for name in idle if name):
        nothing = _outcome(ledger, clock, asks[0], None, right)
        told.append(replace(nothing, answer=NothingToAskOf(others)))
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _ToAsk:
    environment: str
    keyspace: str
    region: str
    kind: RequestKind
    asked_by: str


_Noted = tuple[StoredApply, Request]


def _note(ledger: Ledger, clock: Clock, to_ask: _ToAsk) -> _Noted | None:
    """The request, durable. None: there is nothing to ask."""
    environment, keyspace, region, kind = (
        to_ask.environment,
        to_ask.keyspace,
        to_ask.region,
        to_ask.kind,
    )
    stored = ledger.unfinished(environment, keyspace, region)
    stored = stored or _ended(ledger, kind, environment, keyspace, region)
    if stored is None:
        return None
    goes_on = kind is RequestKind.RETRY and stored.state not in FINISHED
    noted_as = RequestKind.RESUME if goes_on else kind
    request = _noted(ledger, clock, stored, noted_as, to_ask.asked_by)
    if stored.state in FINISHED:
        begun = ledger.unfinished(environment, keyspace, region)
        if begun is not None and kind in _TAKES_BACK:  # while it was being asked
            ledger.answer(request.request_id, RequestState.REFUSED, EndedMeanwhile())
            return begun, _noted(ledger, clock, begun, kind, to_ask.asked_by)
        answer = RetryTakenBack() if kind in _TAKES_BACK else GoesOn()
        ledger.answer(request.request_id, RequestState.APPLIED, answer)
    return stored, request


def _outcome(
    ledger: Ledger, clock: Clock, to_ask: _ToAsk, noted: _Noted | None, right: GateRight
) -> ControlOutcome:
    is_retry = to_ask.kind is RequestKind.RETRY
    outcome = ControlOutcome(
        environment=to_ask.environment,
        keyspace=to_ask.keyspace,
        region=to_ask.region or None,
        kind=to_ask.kind,
        state=RequestState.REFUSED,
        answer=NothingToRetry() if is_retry else NothingUnfinished(),
    )
    if noted is None:
        return outcome
    stored, request = noted
    answered = _answered(ledger, clock, stored, request, right)
    return replace(
        outcome,
        state=answered.state,
        answer=answered.answer or Unanswered(),
        apply_id=stored.apply_id,
    )


def _noted(
    ledger: Ledger, clock: Clock, stored: StoredApply, kind: RequestKind, asked_by: str
) -> Request:
    return ledger.ask(stored.apply_id, kind, asked_by=asked_by, now_s=clock.now_s())


def _ended(
    ledger: Ledger, kind: RequestKind, environment: str, keyspace: str, region: str
) -> StoredApply | None:
    """The latest apply, if something is left of it: to go on with it is somebody's word alone, and
    what runs is what the protected branch holds then. It may have been begun a moment ago. A stop
    and a cancel take that word back (RG-65)."""
    if kind is not RequestKind.RETRY and kind not in _TAKES_BACK:
        return None
    found = ledger.applies(environment, keyspace=keyspace, limit=1, region=region)
    latest = next((one for one in found if one.state is not ApplyState.COMPLETED), None)
    if latest is None or kind is RequestKind.RETRY or latest.state not in FINISHED:
        return latest
    return latest if is_retried(ledger.requests(latest.apply_id)) else None


def _answered(
    ledger: Ledger,
    clock: Clock,
    stored: StoredApply,
    request: Request,
    right: GateRight,
) -> Request:
    """The request with its answer. A driver that goes away meanwhile leaves it to us."""
    give_up_s = clock.monotonic_s() + REQUEST_ANSWER_S_MAX
    driver = DriverWatch(clock, stored.apply_id)
    while True:
        found = next(
            row for row in ledger.requests(stored.apply_id) if row.request_id == request.request_id
        )
        if found.state is not RequestState.PENDING:
            return found
        lease = ledger.lease(stored.environment, stored.keyspace, stored.region)
        if not driver.is_there(lease):
            try:
                _carry_out(ledger, clock, request, lease, right)
                continue
            except LeaseLost:
                pass  # somebody drives it after all, and answers
        if clock.monotonic_s() >= give_up_s:
            return found
        clock.sleep(ROLLOUT_POLL_S)


def _carry_out(
    ledger: Ledger,
    clock: Clock,
    request: Request,
    seen: StoredLease | None,
    right: GateRight,
) -> None:
    """Raises LeaseLost if somebody drives it after all."""
    apply_id = request.apply_id
    stored = ledger.apply(apply_id)
    unfinished = stored and ledger.unfinished(stored.environment, stored.keyspace, stored.region)
    if not unfinished or unfinished.apply_id != apply_id:
        ledger.answer(request.request_id, RequestState.REFUSED, EndedMeanwhile())
        return
    # The fence first: if its driver was only slow, it can write nothing after this.
    lease = ledger.take_over(apply_id, holder=request.asked_by, now_s=clock.now_s(), seen=seen)
    try:
        operations = grouped(ledger.operations(apply_id))
        steps = ledger.finalizers(apply_id)
        opened = OpenApply(lease=lease, stored=unfinished, operations=operations, finalizers=steps)
        record = ApplyRecord(ledger, clock, opened)
        asked = ledger.requests(apply_id)
        earlier = (one for one in asked if one.request_id < request.request_id)
        answer = _carried_out(record, opened, request.kind, right, was_stopped=is_stopped(earlier))
    finally:
        ledger.give_up(lease, now_s=clock.now_s())
    ledger.answer(request.request_id, *answer)


def _carried_out(
    record: ApplyRecord,
    opened: OpenApply,
    kind: RequestKind | UnknownKind,
    right: GateRight,
    *,
    was_stopped: bool,
) -> tuple[RequestState, Answer]:
    lease = opened.lease
    match kind:
        case RequestKind.STOP:
            record.lose(lease, opened.operations)
            record.move_rest(lease, Move.STOP)
            record.project(lease)
            return RequestState.APPLIED, StaysStopped()
        case RequestKind.CANCEL:
            record.lose(lease, opened.operations)
            record.move_rest(lease, Move.CANCEL)
            record.project(lease)
            return RequestState.APPLIED, EndedAs(record.stored.state)
        case RequestKind.RELEASE if not right.opens(record.stored):
            return RequestState.REFUSED, GateKept(right.for_others)
        case RequestKind.RELEASE:
            after = release(record.stored, record.operations())
            if after is None:
                before = was_released(record.stored)
                verdict = RequestState.SUPERSEDED if before else RequestState.REFUSED
                return verdict, nothing_to_release(record.stored)
            was_held = record.stored.hold
            if after.hold is Hold.NONE:
                record.hold(lease, Hold.NONE, None)
            else:
                record.settle(lease, after)
            if was_held is Hold.CUTOVER:
                return RequestState.APPLIED, CopiesReleased(len(after.copies_released))
            return RequestState.APPLIED, Released()
        case RequestKind.RESUME | RequestKind.RETRY:
            return _let_go_on(record, was_stopped=was_stopped)
        case RequestKind.THROTTLE | RequestKind.UNTHROTTLE:
            return RequestState.APPLIED, CopiesThrottled(kind is RequestKind.THROTTLE)
        case UnknownKind(word=word):
            return RequestState.REFUSED, NotKnownHere(word, __version__)
        case _:
            assert_never(kind)


def _let_go_on(record: ApplyRecord, *, was_stopped: bool) -> tuple[RequestState, Answer]:
    """A retry is about a stop, and about no gate."""
    stored = record.stored
    if release(stored, record.operations()) is None:
        return RequestState.APPLIED, GoesOn()
    if was_stopped:
        return RequestState.APPLIED, GoesOnOnceReleased(stored.hold)
    return RequestState.REFUSED, WaitsForRelease(stored.hold)
