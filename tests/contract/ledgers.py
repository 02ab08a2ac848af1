"""A small apply to fill ledgers with."""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.ledger.model import (
    Lease,
    NewApply,
    NewFinalizer,
    NewOperation,
    OperationEntry,
    StatementEntry,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.states import ApplyState, OperationState, StatementState
from reconciler.model.engine import EngineName, Handle
from reconciler.model.object_id import table_id
from reconciler.plan.model import Moment
from reconciler.ports.ledger import Ledger

HANDLE = Handle(engine=EngineName.DIRECT, version=1, content='{"connection": 7}')
CREATED_S = 2  # of tables on simulated shards
SHARDS = ("-40", "40-80", "80-")


def new_apply(keyspace: str = "commerce", plan_id: str = "sha256:1") -> NewApply:
    return NewApply(
        environment="production",
        keyspace=keyspace,
        plan_id=plan_id,
        commit="c" * 40,
        waves=(SHARDS[:1], SHARDS[1:]),
        operations=tuple(
            NewOperation(
                shard=shard, object_id=table_id("users"), wave=1, position=number, statements=1
            )
            for number, shard in enumerate(SHARDS)
        ),
    )


STEPS = (
    NewFinalizer(moment=Moment.FIRST, before="sha256:a", after="sha256:b"),
    NewFinalizer(moment=Moment.LAST, before="sha256:b", after="sha256:c"),
)


def begun_with_steps(ledger: Ledger, *, has_shards: bool = True) -> Lease:
    new = replace(new_apply(), finalizers=STEPS)
    if not has_shards:
        new = replace(new, waves=((), ()), operations=())
    return ledger.begin(new, holder="me", now_s=1.5)


def begun(ledger: Ledger, keyspace: str = "commerce") -> Lease:
    return ledger.begin(new_apply(keyspace), holder="me", now_s=1.5)


def row_of(ledger: Ledger, lease: Lease, shard: str = "-40") -> StoredOperation:
    return next(row for row in ledger.operations(lease.apply_id) if row.shard == shard)


def moved_to(row: StoredOperation, state: OperationState) -> OperationEntry:
    return OperationEntry(row=replace(row, state=state))


def intent(shard: str = "-40", sql: str = "ALTER TABLE `users` ADD `a` int") -> StatementEntry:
    return StatementEntry(
        row=StoredStatement(
            shard=shard,
            index=0,
            object_id=table_id("users"),
            sql=sql,
            state=StatementState.INTENDED,
            attempts=1,
            intended_s=2.25,
            handle=HANDLE,
        )
    )


def by_engine(
    state: StatementState,
    *,
    shard: str = "-40",
    index: int = 0,
    left: tuple[str, ...] = (),
    helpers: tuple[str, ...] = ("_users_gho",),
    created_s: int | None = CREATED_S,
) -> StatementEntry:
    """A statement that gh-ost was given at `created_s`, when the table was created as well; None:
    its handle does not say."""
    made = {} if created_s is None else {"since_s": created_s, "own": {"created_s": str(created_s)}}
    content = {"helpers": list(helpers), **made}
    handle = Handle(engine=EngineName.GH_OST, version=1, content=json.dumps(content))
    settled_s = None if state is StatementState.INTENDED else 4.5
    row = replace(intent(shard).row, index=index, state=state, handle=handle)
    return StatementEntry(row=replace(row, settled_s=settled_s, left=left))


def ended(ledger: Ledger, lease: Lease) -> None:
    """So that the keyspace is free for another apply."""
    stored = ledger.apply(lease.apply_id)
    assert stored is not None
    ledger.settle(lease, replace(stored, state=ApplyState.CANCELLED, completed_s=9.0))
