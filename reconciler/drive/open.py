"""Finds or makes the record of an apply, and brings it up to what the shards show.

A run that was stopped, paused or killed is taken up where the shards are: its record says what was
intended, the look that was just taken under the locks says what is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from reconciler.drive.gates import AskGates
from reconciler.drive.moved_rows import moved_finalizer, moved_row
from reconciler.drive.promotion import AskCheck, ask_nothing
from reconciler.drive.shard.basis import ShardBasis
from reconciler.errors import Problem, Refused
from reconciler.guard.model import Done, Obstacle, Refusal, ToDo
from reconciler.guard.review.asker import Asker
from reconciler.ledger.model import (
    Entry,
    EventEntry,
    FinalizerEntry,
    Lease,
    NewApply,
    NewFinalizer,
    NewOperation,
    OperationEntry,
    StoredApply,
    StoredFinalizer,
    StoredOperation,
    TakenOn,
)
from reconciler.ledger.reasons import Begun, TakenUp
from reconciler.ledger.reviewed import AskReview, nobody_reviewed
from reconciler.ledger.states import AT_A_GATE, ApplyState, Hold
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import Moment, Plan, PlanCore
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.rollout.behest import Behest
from reconciler.rollout.catch_up import (
    Agrees,
    BringForward,
    LookAgain,
    TakenBack,
    catch_up,
    catch_up_finalizer,
)
from reconciler.rollout.hold import kept_for, release
from reconciler.rollout.operations import PlannedOperation, ShardWork, waves_with_work
from reconciler.rollout.transitions import Move
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import Environment

Operations = dict[str, dict[ObjectId, StoredOperation]]  # by shard, then by table


class Releases(StrEnum):
    """What running again means for an apply that is held: a re-run of a job releases nothing."""

    NOTHING = "nothing"
    WHAT_HOLDS = "what holds"  # `reconciler resume`: a person looked


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLook:
    """What a look at every shard found when all had run: who is not where git wants it, and who
    could not be seen."""

    drifted: tuple[Refusal, ...] = ()
    unseen: tuple[Obstacle, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a run could know when it set out: the apply that was unfinished then, if there was one,
    and the last that anybody had asked of it. Whatever is asked later is asked of this run, too."""

    apply_id: int | None = None
    request_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutOrder:
    """What to roll out, found under the locks: `standings` of every shard of the plan, and the
    `basis` that each was judged by. `ask_gates` asks again for every reason not to go on;
    `last_look` looks at every shard, for whatever is not where git wants it; `ask_check`
    puts a check of `promote_if` to shards. So many of the plan's steps of the VSchema are in effect
    as `vschema_done` says."""

    plan: Plan
    environment: Environment
    commit: str
    holder: str
    standings: Mapping[str, ToDo | Done]
    basis: Mapping[str, ShardBasis]
    ask_gates: AskGates
    last_look: Callable[[], LastLook]
    ask_check: AskCheck = ask_nothing
    waves: WaveChoice = WaveChoice.ALL
    last_wave: int | None = None  # of a part: no later wave is begun, and no gate asked for
    releases: Releases = Releases.NOTHING
    asker: Asker | None = None  # of a resume
    behest: Behest = Behest.SOMEBODY
    ends_as_stop: bool = True  # who ends this process has said stop
    heard: Heard | None = None  # None: it set out right now
    vschema_done: int = 0
    reviewed: AskReview = nobody_reviewed

    @property
    def finalizers_done(self) -> dict[Moment, bool]:
        """By step of the plan, whether the look found it in effect."""
        steps = enumerate(self.plan.core.vschema)
        return {step.moment: index < self.vschema_done for index, step in steps}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenApply:
    """Stops up to the number `resumed_at` were for the runs before this one."""

    lease: Lease
    stored: StoredApply
    operations: Operations
    finalizers: tuple[StoredFinalizer, ...] = ()
    resumed_at: int = 0


def heard_so_far(ledger: Ledger, environment: str, keyspace: str, region: str) -> Heard:
    """For a run that sets out. Raises Unavailable if the ledger cannot be read."""
    stored = ledger.unfinished(environment, keyspace, region)
    if stored is None:
        return Heard()
    asked = (request.request_id for request in ledger.requests(stored.apply_id))
    return Heard(apply_id=stored.apply_id, request_id=max(asked, default=0))


def open_apply(
    ledger: Ledger, clock: Clock, order: RolloutOrder, work: tuple[ShardWork, ...]
) -> OpenApply:
    """Raises Refused if another plan's apply keeps the keyspace reserved, if the record and the
    shards disagree in a way that running on would hide, if nobody asked for what a person has
    stopped or ended, or if a person has stopped or cancelled it since this run set out (RG-50)."""
    core = order.plan.core
    region = order.environment.region or ""
    stored = ledger.unfinished(core.environment, core.keyspace, region)
    begun: tuple[StoredOperation, ...] = ()
    if stored is not None and stored.plan_id == order.plan.plan_id:
        rows = grouped(ledger.operations(stored.apply_id))
        _check_same_operations(stored, rows, work)
        steps = ledger.finalizers(stored.apply_id)
        _check_same_finalizers(stored, steps, core)
        entries = _entries(stored, rows, work, order.standings, clock.now_s())
        entries += _finalizer_entries(stored, steps, order.finalizers_done, clock.now_s())
        now_s = clock.now_s()
        who = order.asker.line if order.asker else order.holder
        taken = ledger.go_on(
            stored.apply_id,
            holder=order.holder,
            now_s=now_s,
            asked_by=who if order.behest.is_a_word else None,
            heard=order.heard.request_id if order.heard else None,
        )
        entries.append(EventEntry(at_s=now_s, what=TakenUp(who)))
    else:
        reviewed = order.reviewed()  # before the lease, which wants a sign of life meanwhile
        _check_not_cancelled_since(ledger, order.heard)
        now_s = clock.now_s()
        lease = ledger.begin(
            _new_apply(order, work),
            holder=order.holder,
            now_s=now_s,
            stays_ended=order.behest.stays_ended,
        )
        taken = TakenOn(lease)
        stored = _read_apply(ledger, lease)
        begun = ledger.operations(lease.apply_id)
        rows, steps = grouped(begun), ledger.finalizers(lease.apply_id)
        entries = _entries(stored, rows, work, order.standings, now_s)
        entries += _finalizer_entries(stored, steps, order.finalizers_done, now_s)
        entries.append(EventEntry(at_s=now_s, what=Begun(order.holder)))
        if reviewed is not None:
            entries.append(EventEntry(at_s=now_s, what=reviewed))
    lease = taken.lease
    ledger.record(lease, entries)
    # What this run has just begun, nobody else moves.
    is_moved = any(isinstance(entry, OperationEntry) for entry in entries)
    operations = begun if begun and not is_moved else ledger.operations(lease.apply_id)
    stored = _released(ledger, lease, stored, operations, order)
    return OpenApply(
        lease=lease,
        stored=stored,
        operations=grouped(operations),
        finalizers=ledger.finalizers(lease.apply_id),
        resumed_at=taken.resumed_at,
    )


def _check_not_cancelled_since(ledger: Ledger, heard: Heard | None) -> None:
    """What this run set out to go on with; an end is final, so that nothing comes in between."""
    if heard is None or heard.apply_id is None:
        return
    found = ledger.apply(heard.apply_id)
    if found is not None and found.state is ApplyState.CANCELLED:
        raise Refused(
            Problem(
                code="apply-ended",
                message=f"somebody has cancelled apply {found.apply_id} of {found.keyspace} since"
                " this run set out to go on with it",
                recovery="`reconciler retry`, or `reconciler apply`, if what is left of the plan is"
                " to be run",
            )
        )


def _read_apply(ledger: Ledger, lease: Lease) -> StoredApply:
    stored = ledger.apply(lease.apply_id)
    assert stored is not None, "the ledger returned a lease on it"
    return stored


def _released(
    ledger: Ledger,
    lease: Lease,
    stored: StoredApply,
    operations: tuple[StoredOperation, ...],
    order: RolloutOrder,
) -> StoredApply:
    """Nothing holds an apply that runs; what held it is released only if somebody said so who may.
    Copies are released by nothing but a release: hours pass until they can be swapped in."""
    after, releases = stored, order.releases
    is_kept = stored.hold in AT_A_GATE and kept_for(order.environment.rollout, order.asker)
    is_held = stored.hold not in (Hold.NONE, Hold.CUTOVER) and not is_kept
    if releases is Releases.WHAT_HOLDS and is_held:
        after = release(stored, operations) or stored
    after = replace(after, hold=Hold.NONE, reason=None, waits_since_s=None, soaking=None)
    if after == stored:
        return stored
    ledger.settle(lease, after)
    return replace(after, version=stored.version + 1)


def _new_apply(order: RolloutOrder, work: tuple[ShardWork, ...]) -> NewApply:
    core = order.plan.core
    return NewApply(
        environment=core.environment,
        keyspace=core.keyspace,
        plan_id=order.plan.plan_id,
        commit=order.commit,
        region=order.environment.region or "",
        waves=waves_with_work(core),
        operations=tuple(
            NewOperation(
                shard=operation.key.shard,
                object_id=operation.key.object_id,
                wave=operation.wave,
                position=operation.position,
                statements=len(operation.indexes),
            )
            for shard in work
            for operation in shard.operations
        ),
        finalizers=tuple(
            NewFinalizer(moment=step.moment, before=step.before, after=step.after)
            for step in core.vschema
        ),
    )


def grouped(rows: tuple[StoredOperation, ...]) -> Operations:
    grouped: Operations = {}
    for row in rows:
        grouped.setdefault(row.shard, {})[row.object_id] = row
    return grouped


def _check_same_operations(
    stored: StoredApply, rows: Operations, work: tuple[ShardWork, ...]
) -> None:
    """A record with fewer operations than the plan was not read whole (ST-14)."""
    recorded = {(shard, table) for shard, tables in rows.items() for table in tables}
    planned = {(op.key.shard, op.key.object_id) for shard in work for op in shard.operations}
    if recorded != planned:
        raise _disagrees(f"apply {stored.apply_id} has other operations than its plan")


def _check_same_finalizers(
    stored: StoredApply, rows: tuple[StoredFinalizer, ...], core: PlanCore
) -> None:
    """The same of the keyspace's steps, and of what they lead from and to (FZ-2)."""
    recorded = [(row.moment, row.before, row.after) for row in rows]
    planned = [(step.moment, step.before, step.after) for step in core.vschema]
    if recorded != planned:
        raise _disagrees(f"apply {stored.apply_id} changes the VSchema otherwise than its plan")


def _finalizer_entries(
    stored: StoredApply,
    rows: tuple[StoredFinalizer, ...],
    done: Mapping[Moment, bool],
    now_s: float,
) -> list[Entry]:
    entries: list[Entry] = []
    for row in rows:
        match catch_up_finalizer(row, is_done=done[row.moment]):
            case TakenBack():
                raise _disagrees(
                    f"apply {stored.apply_id} has applied the VSchema, and somebody has taken that"
                    " back since"
                )
            case BringForward(move=Move() as move) | LookAgain(move=Move() as move):
                moved = moved_finalizer(
                    row, move, now_s, row.problem if move is Move.LOSE else None
                )
                entries.append(FinalizerEntry(row=moved))
            case _:
                pass
    return entries


def _entries(
    stored: StoredApply,
    rows: Operations,
    work: tuple[ShardWork, ...],
    standings: Mapping[str, ToDo | Done],
    now_s: float,
) -> list[Entry]:
    entries: list[Entry] = []
    for shard in work:
        for operation in shard.operations:
            row = rows[shard.shard][operation.key.object_id]
            done = _done(operation, standings[shard.shard])
            entries += _caught_up(stored, row, done, now_s)
    return entries


def _done(operation: PlannedOperation, standing: ToDo | Done) -> int:
    if isinstance(standing, Done):
        return len(operation.indexes)
    return operation.done_before(standing.next_index)


def _caught_up(stored: StoredApply, row: StoredOperation, done: int, now_s: float) -> list[Entry]:
    match found := catch_up(row, done):
        case Agrees():
            return []
        case TakenBack():
            raise _disagrees(
                f"apply {stored.apply_id} completed {row.object_id.titled} of shard {row.shard},"
                " and somebody has taken that back since"
            )
        case BringForward(move=move):
            row = replace(row, statements_done=done)
        case LookAgain(move=move):
            pass
        case _:
            assert_never(found)
    return [OperationEntry(row=moved_row(row, move, now_s) if move else row)]


def _disagrees(what: str) -> Refused:
    return Refused(
        Problem(
            code="ledger-disagrees",
            message=what,
            recovery="`reconciler cancel` the apply, then plan again: the plan is made from what"
            " the shards show",
        )
    )
