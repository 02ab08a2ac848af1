"""What the ledger says of applies: the current one of a keyspace in full, past ones in short."""

from __future__ import annotations

from reconciler.flows.apply_rows import shard_rows, wave_rows
from reconciler.ledger.model import StoredApply, StoredLease
from reconciler.ledger.states import FINISHED
from reconciler.limits import HEARTBEAT_MISSED_S_MAX, STATUS_APPLIES_MAX, STATUS_EVENTS_MAX
from reconciler.outcomes import ApplyStatus, LedgerEvent
from reconciler.ports import Ledger


def current_apply(
    ledger: Ledger, environment: str, keyspace: str, *, now_s: float
) -> ApplyStatus | None:
    """The keyspace's latest apply with its waves, shards and latest events."""
    found = ledger.applies(environment, keyspace=keyspace, limit=1)
    if not found:
        return None
    stored = found[0]
    shards = shard_rows(ledger.operations(stored.apply_id))
    events = tuple(
        LedgerEvent(at_s=event.at_s, what=event.what, shard=event.shard, table=event.table)
        for event in ledger.events(stored.apply_id, limit=STATUS_EVENTS_MAX)
    )
    holder, heartbeat_s, reason = _driver(stored, ledger.lease(environment, keyspace), now_s)
    return ApplyStatus(
        apply_id=stored.apply_id,
        environment=environment,
        keyspace=keyspace,
        plan_id=stored.plan_id,
        commit=stored.commit,
        state=stored.state,
        started_s=stored.started_s,
        completed_s=stored.completed_s,
        holder=holder,
        heartbeat_s=heartbeat_s,
        reason=reason,
        problem=stored.problem,
        waves=wave_rows(stored.waves, shards),
        shards=shards,
        events=events,
    )


def past_applies(ledger: Ledger, environment: str, keyspace: str) -> tuple[ApplyStatus, ...]:
    """Newest first, without their shards."""
    found = ledger.applies(environment, keyspace=keyspace, limit=STATUS_APPLIES_MAX)
    return tuple(
        ApplyStatus(
            apply_id=stored.apply_id,
            environment=environment,
            keyspace=keyspace,
            plan_id=stored.plan_id,
            commit=stored.commit,
            state=stored.state,
            started_s=stored.started_s,
            completed_s=stored.completed_s,
            holder=None,
            heartbeat_s=None,
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


def _driver(
    stored: StoredApply, lease: StoredLease | None, now_s: float
) -> tuple[str | None, float | None, str]:
    """Who drives it, its last sign of life, and why it stands still if it does."""
    if stored.state in FINISHED or lease is None or lease.apply_id != stored.apply_id:
        return None, None, stored.reason
    if is_driven(lease, stored.apply_id, now_s):
        return lease.holder, lease.heartbeat_s, stored.reason
    nobody = "nobody drives it; `reconciler resume` goes on"
    return None, lease.heartbeat_s, stored.reason or nobody
