"""What the ledger is asked about statements: of one apply, and of all applies of a keyspace."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, func, or_, select

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.tables import applies, statements
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectKind

# Built once, as those in `sql`.
_APPLY_ID: BindParameter[int] = bindparam("of_apply")
_STATE: BindParameter[str] = bindparam("of_state")
STATEMENTS = (
    select(statements)
    .where(statements.c.apply_id == _APPLY_ID)
    .order_by(statements.c.shard, statements.c.statement_index)
)
STATEMENTS_IN = STATEMENTS.where(statements.c.state == _STATE)
COUNTED = (
    select(statements.c.shard, statements.c.state, func.count().label("statements"))
    .where(statements.c.apply_id == _APPLY_ID)
    .group_by(statements.c.shard, statements.c.state)
)


def of_engines(environment: str, keyspace: str, names: Collection[str]) -> Select[Any]:
    has_more = or_(
        statements.c.state != StatementState.APPLIED.value,
        statements.c.left_tables != rows.NOTHING_LEFT,
    )
    is_of_engine = and_(statements.c.engine != EngineName.DIRECT.value, has_more)
    return (
        _with_apply(environment, keyspace)
        .where(or_(is_of_engine, statements.c.object_name.in_(sorted(names))))
        .order_by(statements.c.apply_id, statements.c.shard, statements.c.statement_index)
    )


def past(
    environment: str, keyspace: str, tables: Sequence[str], limit: int
) -> Iterator[Select[Any]]:
    """A query for each of the tables."""
    took_s = statements.c.settled_s - statements.c.intended_s
    wanted = (
        _with_apply(environment, keyspace)
        .where(
            statements.c.object_kind == ObjectKind.TABLE.value,
            statements.c.state == StatementState.APPLIED.value,
            statements.c.settled_s.is_not(None),
        )
        .order_by(statements.c.apply_id.desc(), took_s.desc(), statements.c.shard)
        .limit(limit)
    )
    return (wanted.where(statements.c.object_name == table) for table in tables)


def _with_apply(environment: str, keyspace: str) -> Select[Any]:
    """Each with the state of its apply."""
    return (
        select(statements, applies.c.state.label("apply_state"))
        .join(applies, applies.c.apply_id == statements.c.apply_id)
        .where(applies.c.environment == environment, applies.c.keyspace == keyspace)
    )
