"""What each kind of write to the ledger is, on a connection whose transaction is open.

Every write of a driver checks the fence of its lease first, in the same transaction: a driver that
lost the keyspace can no longer change what its successor recorded.

What is written for each statement of a rollout is built once, with names in place of its values,
and goes to the database's driver as it was compiled (`compiled`): building it takes several times
as long as running it, and so does having SQLAlchemy run it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, assert_never

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Insert,
    bindparam,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects import mysql, sqlite

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.compiled import Compiled
from reconciler.edges.ledger.orders import check_not_ended
from reconciler.edges.ledger.tables import (
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
from reconciler.ledger.states import (
    FINISHED,
    SETTLED,
    ApplyState,
    Hold,
    OperationState,
)
from reconciler.ports.ledger import LeaseLost


class Place(NamedTuple):
    """What one lease is on: a keyspace of an environment, or a region's part of it."""

    environment: str
    keyspace: str
    region: str


# Written out: a list of values would be put into the text anew each time.
_FINISHED: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in FINISHED]
_SETTLED: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in SETTLED]

# A value of the same name as a column is one that the column gets.
_APPLY_ID: BindParameter[int] = bindparam("of_apply")
_VERSION: BindParameter[int] = bindparam("of_version")

_FOUND_LEASE = select(leases).where(
    leases.c.environment == bindparam("of_environment"),
    leases.c.keyspace == bindparam("of_keyspace"),
    leases.c.region == bindparam("of_region"),
)
_LEASE = Compiled(lambda _: _FOUND_LEASE)
_LOCKED_LEASE = Compiled(lambda _: _FOUND_LEASE.with_for_update())
_TAKE_LEASE = update(leases).where(
    leases.c.environment == bindparam("of_environment"),
    leases.c.keyspace == bindparam("of_keyspace"),
    leases.c.region == bindparam("of_region"),
)
_BEAT = _TAKE_LEASE.where(leases.c.fence == bindparam("of_fence"))
_WRITE_APPLY = update(applies).where(
    applies.c.apply_id == _APPLY_ID,
    applies.c.version == _VERSION,
    applies.c.state.not_in(_FINISHED),
)
_WRITE_OPERATION = Compiled(
    lambda _: update(operations).where(
        operations.c.apply_id == _APPLY_ID,
        operations.c.shard == bindparam("of_shard"),
        operations.c.object_kind == bindparam("of_kind"),
        operations.c.object_name == bindparam("of_name"),
        operations.c.version == _VERSION,
        operations.c.state.not_in(_SETTLED),
    ),
    columns=rows.OPERATION_COLUMNS,
)
_WRITE_FINALIZER = update(finalizers).where(
    finalizers.c.apply_id == _APPLY_ID,
    finalizers.c.moment == bindparam("of_moment"),
    finalizers.c.version == _VERSION,
    finalizers.c.state.not_in(_SETTLED),
)
_WRITE_PROGRESS = Compiled(
    lambda _: update(statements).where(
        statements.c.apply_id == _APPLY_ID,
        statements.c.shard == bindparam("of_shard"),
        statements.c.statement_index == bindparam("of_index"),
    ),
    columns=("progress",),
)


def _statement_of(dialect: str) -> Insert:
    """Most intents are the first word about their statement; one of a later try, and the outcome,
    take the earlier one's place: one statement for all."""
    key = [column.name for column in statements.primary_key]
    written = [column.name for column in statements.columns if column.name not in key]
    if dialect == "sqlite":
        added = sqlite.insert(statements)
        return added.on_conflict_do_update(
            index_elements=key, set_={name: added.excluded[name] for name in written}
        )
    own = mysql.insert(statements)
    return own.on_duplicate_key_update({name: own.inserted[name] for name in written})


_WRITE_STATEMENT = Compiled(_statement_of, columns=statements.columns.keys())
_ADD_EVENT = Compiled(
    lambda _: insert(events),
    columns=[column.name for column in events.columns if not column.primary_key],
)


def begin_apply(
    connection: Connection,
    new: NewApply,
    holder: str,
    now_s: float,
    stays_ended: frozenset[ApplyState],
) -> Lease:
    check_free(connection, new.environment, new.keyspace, new.region)
    check_not_ended(connection, new, stays_ended)
    made = connection.execute(
        insert(applies).values(
            environment=new.environment,
            keyspace=new.keyspace,
            region=new.region,
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
    place = Place(new.environment, new.keyspace, new.region)
    return take_lease(connection, place, apply_id, holder, now_s)


def take_lease(
    connection: Connection, place: Place, apply_id: int, holder: str, now_s: float
) -> Lease:
    """The next fence; whoever holds an earlier one can write no more."""
    found = find_lease(connection, place, for_update=True)
    fence = found.fence + 1 if found else 1
    holder = rows.known_as(holder)
    values = {"apply_id": apply_id, "fence": fence, "holder": holder, "heartbeat_s": now_s}
    if found:
        connection.execute(_TAKE_LEASE, {**_of(place), **values})
    else:
        connection.execute(insert(leases).values(**place._asdict(), **values))
    return Lease(**place._asdict(), apply_id=apply_id, holder=holder, fence=fence)


def beat(connection: Connection, lease: Lease, holder: str | None, now_s: float) -> bool:
    """False if somebody took the lease over."""
    mine = {**_of(_place_of(lease)), "of_fence": lease.fence}
    changed = connection.execute(_BEAT, {**mine, "holder": holder, "heartbeat_s": now_s})
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
    key = {"of_apply": row.apply_id, "of_version": row.version}
    changed = connection.execute(
        _WRITE_APPLY, {**key, **rows.apply_columns(row), "version": row.version + 1}
    )
    if changed.rowcount != 1:
        raise _conflict(f"apply {row.apply_id}")


def write_events(connection: Connection, apply_id: int, history: Sequence[EventEntry]) -> None:
    for entry in history:
        _ADD_EVENT.change(connection, {"apply_id": apply_id, **rows.event_columns(entry)})


def check_lease(connection: Connection, lease: Lease) -> None:
    """Locks the lease's row, where the database has row locks, until the transaction ends."""
    found = find_lease(connection, _place_of(lease), for_update=True)
    if found is None or found.fence != lease.fence:
        raise lease_lost(lease.apply_id, lease.keyspace)


def check_fence(connection: Connection, apply: StoredApply, fence: int) -> None:
    """As `check_lease`, for somebody who has no lease yet and judged by one that was seen."""
    found = find_lease(connection, _place_of(apply), for_update=True)
    if found is None or found.fence != fence:
        raise lease_lost(apply.apply_id, apply.keyspace)


def find_lease(
    connection: Connection, place: Place, *, for_update: bool = False
) -> StoredLease | None:
    wanted = _LOCKED_LEASE if for_update else _LEASE
    row = wanted.first(connection, _of(place))
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
    key = {
        "of_apply": apply_id,
        "of_shard": row.shard,
        "of_kind": row.object_id.kind.value,
        "of_name": row.object_id.name,
        "of_version": row.version,
    }
    values = {**key, **rows.operation_columns(row), "version": row.version + 1}
    if _WRITE_OPERATION.change(connection, values) != 1:
        raise _conflict(f"{row.object_id.titled} of shard {row.shard}")


def _write_finalizer(connection: Connection, apply_id: int, row: StoredFinalizer) -> None:
    """As an operation is written (ST-4)."""
    key = {"of_apply": apply_id, "of_moment": row.moment.value, "of_version": row.version}
    changed = connection.execute(
        _WRITE_FINALIZER, {**key, **rows.finalizer_columns(row), "version": row.version + 1}
    )
    if changed.rowcount != 1:
        raise _conflict(f"the VSchema's {row.moment} step")


def _write_statement(connection: Connection, apply_id: int, row: StoredStatement) -> None:
    key = {"apply_id": apply_id, "shard": row.shard, "statement_index": row.index}
    _WRITE_STATEMENT.change(connection, {**key, **rows.statement_columns(row)})


def _write_deploy(connection: Connection, apply_id: int, entry: DeployEntry) -> None:
    key = {"apply_id": apply_id, "step": entry.step.value}
    values = rows.deploy_columns(entry.intent)
    mine = [deploys.c[name] == value for name, value in key.items()]
    changed = connection.execute(update(deploys).where(*mine).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(deploys).values(**key, **values))


def _write_progress(connection: Connection, apply_id: int, entry: ProgressEntry) -> None:
    of = {"of_apply": apply_id, "of_shard": entry.shard, "of_index": entry.index}
    _WRITE_PROGRESS.change(connection, {**of, "progress": rows.progress_text(entry.progress)})


def _place_of(found: Lease | StoredApply) -> Place:
    return Place(found.environment, found.keyspace, found.region)


def _of(place: Place) -> dict[str, object]:
    return {f"of_{name}": value for name, value in place._asdict().items()}


def _conflict(what: str) -> Refused:
    return Refused(
        Problem(
            code="ledger-conflict",
            message=f"another writer has changed {what} in the ledger since it was read",
            recovery="look at `reconciler status`, then `reconciler resume`",
        )
    )
