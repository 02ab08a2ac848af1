"""What the ledger says of applies: the current one of a keyspace in full, past ones in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from reconciler.drive.limits import (
    HEARTBEAT_MISSED_S_MAX,
    STATUS_EVENTS_MAX,
    WHOLE_APPLY_EVENTS_MAX,
)
from reconciler.drive.rows import finalizer_rows, shard_rows, wave_rows
from reconciler.ledger.finalizers import FirstStep
from reconciler.ledger.model import (
    EventEntry,
    Request,
    StoredApply,
    StoredFinalizer,
    StoredLease,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.reasons import (
    EndOfSoak,
    InWords,
    ItsTurn,
    ItsWave,
    Reason,
    Requested,
    ToBeReleased,
    Undriven,
    Wait,
)
from reconciler.ledger.resumes import TakenUpAgain
from reconciler.ledger.shadows import known_shadows
from reconciler.ledger.states import (
    AT_A_GATE,
    FINISHED,
    SETTLED,
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    StatementState,
    UnknownKind,
)
from reconciler.limits import STATUS_APPLIES_MAX
from reconciler.model.fleet import key_order
from reconciler.model.object_id import ObjectId
from reconciler.model.shadow_tables import KnownShadow, ShadowGroup, shadow_group, shadow_groups
from reconciler.outcomes.apply import (
    ApplyStatus,
    FinalizerRow,
    LeftAlone,
    OperationRow,
    RanStatement,
    ShardRow,
)
from reconciler.plan.model import Moment
from reconciler.ports.ledger import Ledger
from reconciler.rollout.hold import nothing_to_release, release
from reconciler.rollout.projection import apply_state
from reconciler.spec.model import Environment

_ON_ITS_WAY = frozenset(
    {OperationState.RUNNING, OperationState.WAITING_FOR_CUTOVER, OperationState.UNKNOWN}
)


def current_apply(
    ledger: Ledger,
    environment: str,
    keyspace: str,
    *,
    now_s: float,
    keep_old_s: int = 0,
    region: str = "",
) -> ApplyStatus | None:
    """The keyspace's latest apply with its waves, shards and latest events. `keep_old_s` is for how
    long the spec keeps tables as they were."""
    found = ledger.applies(environment, keyspace=keyspace, limit=1, region=region)
    if not found:
        return None
    return _shown(ledger, found[0], now_s=now_s, keep_old_s=keep_old_s)


def whole_apply(
    ledger: Ledger, environment: str, keyspace: str, apply_id: int, *, now_s: float, keep_old_s: int
) -> ApplyStatus | None:
    """Any apply of the keyspace, with every statement that it ran; None: it has none of this
    number."""
    stored = ledger.apply(apply_id)
    if stored is None or (stored.environment, stored.keyspace) != (environment, keyspace):
        return None
    shown = _shown(
        ledger, stored, now_s=now_s, keep_old_s=keep_old_s, events_max=WHOLE_APPLY_EVENTS_MAX
    )
    return replace(shown, statements=_statements(ledger, apply_id))


def _statements(ledger: Ledger, apply_id: int) -> tuple[RanStatement, ...]:
    """Each once, in the order in which change sets have them."""
    counts: dict[tuple[int, ObjectId, str], Counter[StatementState]] = {}
    for row in ledger.statements(apply_id):
        counts.setdefault((row.index, row.object_id, row.sql), Counter())[row.state] += 1
    return tuple(
        RanStatement(
            object_id=about, sql=sql, states=tuple(sorted(found.items(), key=lambda one: one[0]))
        )
        for (_, about, sql), found in sorted(counts.items(), key=lambda one: one[0])
    )


def _shown(
    ledger: Ledger,
    stored: StoredApply,
    *,
    now_s: float,
    keep_old_s: int,
    events_max: int = STATUS_EVENTS_MAX,
) -> ApplyStatus:
    environment, keyspace, region = stored.environment, stored.keyspace, stored.region
    on_their_way = ledger.statements(stored.apply_id, state=StatementState.INTENDED)
    operations = ledger.operations(stored.apply_id)
    released = is_released(stored, operations)
    shown = replace(stored, hold=Hold.NONE) if released else stored
    steps = ledger.finalizers(stored.apply_id)
    shards = _explained(shown, shard_rows(operations), on_their_way, steps)
    holder, heartbeat_s, reason = _driver(
        stored, ledger.lease(environment, keyspace, region), now_s
    )
    if released and holder is None:
        reason = nothing_to_release(stored)
    return ApplyStatus(
        apply_id=stored.apply_id,
        environment=environment,
        keyspace=keyspace,
        region=stored.region or None,
        plan_id=stored.plan_id,
        commit=stored.commit,
        state=_state_now(stored, shards, steps),
        started_s=stored.started_s,
        completed_s=stored.completed_s,
        holder=holder,
        heartbeat_s=heartbeat_s,
        waits_since_s=stored.waits_since_s,
        reason=reason,
        problem=stored.problem,
        waves=wave_rows(stored.waves, shards, stored.soaking),
        shards=shards,
        events=_events(ledger, stored.apply_id, events_max),
        left=_left(ledger, stored, keep_old_s=keep_old_s, now_s=now_s),
        finalizers=_explained_steps(shown, steps, shards),
    )


def _left(
    ledger: Ledger, stored: StoredApply, *, keep_old_s: int, now_s: float
) -> tuple[ShadowGroup, ...]:
    """What engines left in the keyspace and no apply has dropped since."""

    def known(names: Collection[str]) -> tuple[KnownShadow, ...]:
        rows = ledger.engine_statements(stored.environment, stored.keyspace, names=names)
        return tuple(one for one in known_shadows(rows) if not one.is_in_progress)

    names = {one.name for one in known(())}
    found = sorted(known(names) if names else (), key=lambda one: (one.name, key_order(one.shard)))
    return shadow_groups(
        shadow_group(one.name, one.shard, one, keep_old_s=keep_old_s, now_s=now_s) for one in found
    )


def _events(ledger: Ledger, apply_id: int, limit: int) -> tuple[EventEntry, ...]:
    """What happened, and between it what people asked for, the oldest first."""
    happened = ledger.events(apply_id, limit=limit)
    since_s = happened[0].at_s if happened else 0.0
    asked = [
        EventEntry(at_s=request.asked_s, what=_requested(request))
        for request in ledger.requests(apply_id)
        if request.asked_s >= since_s and not _is_of_a_run(request)
    ]
    return tuple(sorted([*happened, *asked], key=lambda event: event.at_s))


def _is_of_a_run(request: Request) -> bool:
    """Who resumed is shown where the apply is taken up."""
    return request.kind is RequestKind.RESUME and isinstance(request.answer, TakenUpAgain)


def _requested(request: Request) -> Requested | InWords:
    if isinstance(request.kind, UnknownKind):
        word = request.kind.word
        return InWords(f"{request.asked_by} asked for {word!r}, which is of a later version")
    return Requested(request.kind, request.asked_by, request.state, request.answer)


def is_released(stored: StoredApply, operations: Iterable[StoredOperation]) -> bool:
    """Somebody released what holds it, and nobody has gone on with it yet."""
    by_a_person = (*AT_A_GATE, Hold.FAILURE, Hold.CUTOVER)
    is_held = stored.state not in FINISHED and stored.hold in by_a_person
    return is_held and release(stored, operations) is None


def left_alone(environment: Environment, keyspace: str) -> LeftAlone | None:
    """What the spec has in quarantine; None where that is nothing."""
    found = environment.quarantine
    if not found:
        return None
    return LeftAlone(environment=environment.name, keyspace=keyspace, quarantine=found)


def past_applies(
    ledger: Ledger, environment: str, keyspace: str, *, region: str = ""
) -> tuple[ApplyStatus, ...]:
    """Newest first, without their shards."""
    limit = STATUS_APPLIES_MAX
    found = ledger.applies(environment, keyspace=keyspace, limit=limit, region=region)
    return tuple(
        ApplyStatus(
            apply_id=stored.apply_id,
            environment=environment,
            keyspace=keyspace,
            region=stored.region or None,
            plan_id=stored.plan_id,
            commit=stored.commit,
            state=stored.state,
            started_s=stored.started_s,
            completed_s=stored.completed_s,
            holder=None,
            heartbeat_s=None,
            waits_since_s=stored.waits_since_s,
            reason=stored.reason,
            problem=stored.problem,
            waves=(),
            shards=(),
        )
        for stored in found
    )


def is_driven(lease: StoredLease | None, apply_id: int, now_s: float) -> bool:
    """True while somebody drives the apply and shows signs of life."""
    if lease is None or lease.apply_id != apply_id or lease.holder is None:
        return False
    return abs(now_s - lease.heartbeat_s) <= HEARTBEAT_MISSED_S_MAX  # from a clock that is ahead


def _state_now(
    stored: StoredApply, shards: Sequence[ShardRow], steps: Sequence[StoredFinalizer]
) -> ApplyState:
    """The driver writes the state when a shard has ended; what its operations add up to is ahead
    of that. An end counts once it is written (ST-2)."""
    of_shards = [op.state for row in shards for op in row.operations]
    state = apply_state([*of_shards, *(step.state for step in steps)], stored.hold)
    return stored.state if stored.state in FINISHED or state in FINISHED else state


def _driver(
    stored: StoredApply, lease: StoredLease | None, now_s: float
) -> tuple[str | None, float | None, Reason | None]:
    """Who drives it, its last sign of life, and why it stands still if it does."""
    if stored.state in FINISHED or lease is None or lease.apply_id != stored.apply_id:
        return None, None, stored.reason
    if is_driven(lease, stored.apply_id, now_s):
        return lease.holder, lease.heartbeat_s, stored.reason
    return None, lease.heartbeat_s, stored.reason or Undriven()


def _explained_steps(
    stored: StoredApply, steps: Sequence[StoredFinalizer], shards: Sequence[ShardRow]
) -> tuple[FinalizerRow, ...]:
    """With what each waits for that has not begun."""
    return tuple(
        replace(row, waits_for=row.waits_for or _turn_of_step(stored, row))
        for row in finalizer_rows(steps, (shard.state for shard in shards))
    )


def _turn_of_step(stored: StoredApply, row: FinalizerRow) -> Wait | None:
    if row.state is not OperationState.PENDING or stored.state in FINISHED:
        return None
    if stored.soaking is not None:
        return EndOfSoak()
    return ItsTurn() if stored.hold is Hold.NONE else ToBeReleased(stored.hold)


def _explained(
    stored: StoredApply,
    shards: Sequence[ShardRow],
    on_their_way: Sequence[StoredStatement],
    steps: Sequence[StoredFinalizer],
) -> tuple[ShardRow, ...]:
    """With the statement that is on its way, and what shards wait for that have not begun."""
    sent = {(statement.shard, statement.object_id): statement for statement in on_their_way}
    is_after_step = any(row.moment is Moment.FIRST and row.state not in SETTLED for row in steps)
    current = min((row.wave for row in shards if row.state not in SETTLED), default=0)
    return tuple(
        replace(
            row,
            operations=tuple(
                replace(
                    _with_statement(operation, sent.get((row.shard, operation.object_id))),
                    waits_for=operation.waits_for
                    or _turn(stored, row, operation.state, 0 if is_after_step else current),
                )
                for operation in row.operations
            ),
        )
        for row in shards
    )


def _with_statement(operation: OperationRow, sent: StoredStatement | None) -> OperationRow:
    if sent is None or operation.state not in _ON_ITS_WAY:
        return operation
    return replace(operation, runs=sent.sql, progress=sent.progress)


def _turn(stored: StoredApply, row: ShardRow, state: OperationState, current: int) -> Wait | None:
    """What keeps an operation that has not begun from its turn. `current` 0: the keyspace's first
    step comes before every wave."""
    if state is not OperationState.PENDING or stored.state in FINISHED:
        return None
    if current == 0 and stored.hold is Hold.NONE:
        return FirstStep()
    if row.wave > current > 0:
        return ItsWave(current)
    if stored.soaking is not None:
        return EndOfSoak()
    return ItsTurn() if stored.hold is Hold.NONE else ToBeReleased(stored.hold)
