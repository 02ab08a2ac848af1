"""What each kind of write to the ledger is, on a connection whose transaction is open.

Every write of a driver checks the fence of its lease first, in the same transaction: a driver that
lost the keyspace can no longer change what its successor recorded.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import assert_never

from sqlalchemy import ColumnElement, Connection, insert, select, update

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.tables import (
    HOLDER_CHARS_MAX,
    applies,
    deploys,
    events,
    finalizers,
    leases,
    operations,
    statements,
)
from reconciler.edges.ledger.unfinished import check_free
from reconciler.errors import Problem, Refused
from reconciler.ledger.model import (
    DeployEntry,
    Entry,
    EventEntry,
    FinalizerEntry,
    Lease,
    NewApply,
    NewFinalizer,
    NewOperation,
    OperationEntry,
    ProgressEntry,
    StatementEntry,
    StoredApply,
    StoredFinalizer,
    StoredLease,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.states import FINISHED, SETTLED, ApplyState, Hold, OperationState
from reconciler.ports.ledger import LeaseLost

_FINISHED = [state.value for state in FINISHED]
_SETTLED = [state.value for state in SETTLED]


def begin_apply(connection: Connection, new: NewApply, holder: str, now_s: float) -> Lease:
    check_free(connection, new.environment, new.keyspace)
    made = connection.execute(
        insert(applies).values(
            environment=new.environment,
            keyspace=new.keyspace,
            plan_id=new.plan_id,
            commit_id=new.commit,
            waves=json.dumps(new.waves),
            state=ApplyState.PENDING.value,
            version=1,
            started_s=now_s,
            hold=Hold.NONE.value,
            reason="",
            gates_open=0,
            failures_released=0,
            copies_released="[]",
        )
    )
    key = made.inserted_primary_key
    assert key is not None, "a single-row insert returns its key"
    apply_id = int(key[0])
    if new.operations:  # an insert of no rows would be one of defaults
        connection.execute(
            insert(operations), [_operation_row(apply_id, one) for one in new.operations]
        )
    if new.finalizers:
        connection.execute(
            insert(finalizers), [_finalizer_row(apply_id, one) for one in new.finalizers]
        )
    return take_lease(connection, new.environment, new.keyspace, apply_id, holder, now_s)


def take_lease(
    connection: Connection,
    environment: str,
    keyspace: str,
    apply_id: int,
    holder: str,
    now_s: float,
) -> Lease:
    """The next fence; whoever holds an earlier one can write no more."""
    found = find_lease(connection, environment, keyspace, for_update=True)
    fence = found.fence + 1 if found else 1
    holder = rows.line(holder)[:HOLDER_CHARS_MAX]
    values = {"apply_id": apply_id, "fence": fence, "holder": holder, "heartbeat_s": now_s}
    if found:
        connection.execute(update(leases).where(*_of(environment, keyspace)).values(**values))
    else:
        row = {"environment": environment, "keyspace": keyspace, **values}
        connection.execute(insert(leases).values(**row))
    return Lease(
        environment=environment, keyspace=keyspace, apply_id=apply_id, holder=holder, fence=fence
    )


def beat(connection: Connection, lease: Lease, holder: str | None, now_s: float) -> bool:
    """False if somebody took the lease over."""
    mine = (*_of(lease.environment, lease.keyspace), leases.c.fence == lease.fence)
    changed = connection.execute(
        update(leases).where(*mine).values(holder=holder, heartbeat_s=now_s)
    )
    return changed.rowcount == 1


def record(connection: Connection, lease: Lease, entries: Sequence[Entry]) -> None:
    check_lease(connection, lease)
    history: list[EventEntry] = []
    for entry in entries:
        match entry:
            case OperationEntry(row=operation):
                _write_operation(connection, lease.apply_id, operation)
            case StatementEntry(row=statement):
                _write_statement(connection, lease.apply_id, statement)
            case FinalizerEntry(row=finalizer):
                _write_finalizer(connection, lease.apply_id, finalizer)
            case DeployEntry():
                _write_deploy(connection, lease.apply_id, entry)
            case ProgressEntry():
                _write_progress(connection, lease.apply_id, entry)
            case EventEntry():
                history.append(entry)
            case _:
                assert_never(entry)
    write_events(connection, lease.apply_id, history)


def write_apply(connection: Connection, row: StoredApply) -> None:
    changed = connection.execute(
        update(applies)
        .where(
            applies.c.apply_id == row.apply_id,
            applies.c.version == row.version,
            applies.c.state.not_in(_FINISHED),
        )
        .values(**rows.apply_columns(row), version=row.version + 1)
    )
    if changed.rowcount != 1:
        raise _conflict(f"apply {row.apply_id}")


def write_events(connection: Connection, apply_id: int, history: Sequence[EventEntry]) -> None:
    if history:
        values = [{"apply_id": apply_id, **rows.event_columns(entry)} for entry in history]
        connection.execute(insert(events), values)


def check_lease(connection: Connection, lease: Lease) -> None:
    """Locks the lease's row, where the database has row locks, until the transaction ends."""
    found = find_lease(connection, lease.environment, lease.keyspace, for_update=True)
    if found is None or found.fence != lease.fence:
        raise lease_lost(lease.apply_id, lease.keyspace)


def check_fence(connection: Connection, apply: StoredApply, fence: int) -> None:
    """As `check_lease`, for somebody who has no lease yet and judged by one that was seen."""
    found = find_lease(connection, apply.environment, apply.keyspace, for_update=True)
    if found is None or found.fence != fence:
        raise lease_lost(apply.apply_id, apply.keyspace)


def find_lease(
    connection: Connection, environment: str, keyspace: str, *, for_update: bool = False
) -> StoredLease | None:
    wanted = select(leases).where(*_of(environment, keyspace))
    row = connection.execute(wanted.with_for_update() if for_update else wanted).mappings().first()
    return rows.stored_lease(row) if row else None


def lease_lost(apply_id: int, keyspace: str) -> LeaseLost:
    return LeaseLost(
        Problem(
            code="lease-lost",
            message=f"another process drives apply {apply_id} of {keyspace} now",
            recovery="look at `reconciler status`; this process changed nothing since",
        )
    )


def _operation_row(apply_id: int, operation: NewOperation) -> dict[str, object]:
    return {
        "apply_id": apply_id,
        "shard": operation.shard,
        **rows.object_columns(operation.object_id),
        "wave": operation.wave,
        "position": operation.position,
        "statements": operation.statements,
        "statements_done": 0,
        "state": OperationState.PENDING.value,
        "version": 1,
    }


def _finalizer_row(apply_id: int, finalizer: NewFinalizer) -> dict[str, object]:
    return {
        "apply_id": apply_id,
        "moment": finalizer.moment.value,
        "before_fingerprint": finalizer.before,
        "after_fingerprint": finalizer.after,
        "state": OperationState.PENDING.value,
        "version": 1,
        "attempts": 0,
    }


def _write_operation(connection: Connection, apply_id: int, row: StoredOperation) -> None:
    """Conditional on the version that was read, and never out of a settled state (ST-4)."""
    changed = connection.execute(
        update(operations)
        .where(
            operations.c.apply_id == apply_id,
            operations.c.shard == row.shard,
            operations.c.object_kind == row.object_id.kind.value,
            operations.c.object_name == row.object_id.name,
            operations.c.version == row.version,
            operations.c.state.not_in(_SETTLED),
        )
        .values(**rows.operation_columns(row), version=row.version + 1)
    )
    if changed.rowcount != 1:
        raise _conflict(f"{row.object_id.titled} of shard {row.shard}")


def _write_finalizer(connection: Connection, apply_id: int, row: StoredFinalizer) -> None:
    """As an operation is written (ST-4)."""
    changed = connection.execute(
        update(finalizers)
        .where(
            finalizers.c.apply_id == apply_id,
            finalizers.c.moment == row.moment.value,
            finalizers.c.version == row.version,
            finalizers.c.state.not_in(_SETTLED),
        )
        .values(**rows.finalizer_columns(row), version=row.version + 1)
    )
    if changed.rowcount != 1:
        raise _conflict(f"the VSchema's {row.moment} step")


def _write_statement(connection: Connection, apply_id: int, row: StoredStatement) -> None:
    key = {"apply_id": apply_id, "shard": row.shard, "statement_index": row.index}
    changed = connection.execute(
        update(statements)
        .where(*(statements.c[name] == value for name, value in key.items()))
        .values(**rows.statement_columns(row))
    )
    if changed.rowcount == 0:
        connection.execute(insert(statements).values(**key, **rows.statement_columns(row)))


def _write_deploy(connection: Connection, apply_id: int, entry: DeployEntry) -> None:
    key = {"apply_id": apply_id, "step": entry.step.value}
    values = rows.deploy_columns(entry.intent)
    mine = [deploys.c[name] == value for name, value in key.items()]
    changed = connection.execute(update(deploys).where(*mine).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(deploys).values(**key, **values))


def _write_progress(connection: Connection, apply_id: int, entry: ProgressEntry) -> None:
    key = {"apply_id": apply_id, "shard": entry.shard, "statement_index": entry.index}
    connection.execute(
        update(statements)
        .where(*(statements.c[name] == value for name, value in key.items()))
        .values(progress=rows.progress_text(entry.progress))
    )


def _of(environment: str, keyspace: str) -> tuple[ColumnElement[bool], ...]:
    return (leases.c.environment == environment, leases.c.keyspace == keyspace)


def _conflict(what: str) -> Refused:
    return Refused(
        Problem(
            code="ledger-conflict",
            message=f"another writer has changed {what} in the ledger since it was read",
            recovery="look at `reconciler status`, then `reconciler resume`",
        )
    )
