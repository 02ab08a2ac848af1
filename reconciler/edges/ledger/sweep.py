"""Forgets applies that ended long ago: whole ones, and a bounded number of rows at a time.

Rule (RP-27): nothing that anything rests on is forgotten. An apply goes in one transaction, with
the row by which it is found; what was its own is nobody's from then on, and goes after it in small
transactions, by whichever run comes by next.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Engine,
    Integer,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)

from reconciler.edges.ledger.columns import Columns
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.limits import SWEEP_APPLIES_AT_ONCE, SWEEP_ROWS_AT_ONCE
from reconciler.edges.ledger.rows import NOTHING_LEFT
from reconciler.edges.ledger.split_tables import LIVE, split_jobs
from reconciler.edges.ledger.splits.clock import read_now_s
from reconciler.edges.ledger.tables import (
    BINARY_NAMES,
    NAME,
    applies,
    deploys,
    events,
    finalizers,
    metadata,
    operations,
    requests,
    statements,
)
from reconciler.edges.ledger.unfinished import take_turn
from reconciler.ledger.model import Forgotten
from reconciler.ledger.states import FINISHED, StatementState
from reconciler.model.engine import EngineName

# How many applies of a keyspace are gone, and when the latest of them had ended.
forgotten = Table(
    "reconciler_forgotten",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("applies", Integer, nullable=False),
    Column("until_s", Double, nullable=False),
    **BINARY_NAMES,
)

# Applies that are gone, and of which some rows may still be there.
sweeping = Table(
    "reconciler_sweeping",
    metadata,
    Column("apply_id", Integer, primary_key=True, autoincrement=False),
    **BINARY_NAMES,
)

SWEEP_TABLES = (forgotten, sweeping)

_OF_AN_APPLY = (statements, operations, finalizers, deploys, events, requests)

_OF_KEYSPACE = (
    applies.c.environment == bindparam("of_environment"),
    applies.c.keyspace == bindparam("of_keyspace"),
)
_ENDED_S = func.coalesce(applies.c.completed_s, applies.c.started_s)
# What `retry`, a controller, another deployment and the next part go by.
_LATEST = select(func.max(applies.c.apply_id)).where(*_OF_KEYSPACE).group_by(applies.c.region)
# By these it is known whose a table beside a table is, and that it was dropped: the names that
# engines give all begin so.
_TELLS_OF_TABLES = exists().where(
    statements.c.apply_id == applies.c.apply_id,
    or_(
        and_(
            statements.c.engine != EngineName.DIRECT.value,
            or_(
                statements.c.state != StatementState.APPLIED.value,
                statements.c.left_tables != NOTHING_LEFT,
            ),
        ),
        statements.c.object_name.startswith("_", autoescape=True),
    ),
)
_OLD = (
    select(applies.c.apply_id, _ENDED_S.label("ended_s"))
    .where(
        *_OF_KEYSPACE,
        applies.c.state.in_([state.value for state in FINISHED]),
        bindparam("before") > _ENDED_S,
        applies.c.apply_id.not_in(_LATEST),
        ~_TELLS_OF_TABLES,
    )
    .order_by(applies.c.apply_id)
    .limit(SWEEP_APPLIES_AT_ONCE)
)
_LIVE_SPLIT = select(split_jobs.c.job_id).where(
    split_jobs.c.environment == bindparam("of_environment"),
    split_jobs.c.keyspace == bindparam("of_keyspace"),
    split_jobs.c.live_slot == LIVE,
)
_FORGOTTEN = select(forgotten).where(
    forgotten.c.environment == bindparam("of_environment"),
    forgotten.c.keyspace == bindparam("of_keyspace"),
)


def forget_applies(
    engine: Engine,
    environment: str,
    keyspace: str,
    *,
    now_s: float,
    keep_s: float,
    rows_max: int,
) -> int:
    """How many rows went. A machine whose clock is years ahead makes nothing old."""
    with reading(engine) as connection:
        before_s = min(now_s, read_now_s(connection)) - keep_s
    gone = _sweep(engine, rows_max)
    while gone < rows_max:
        with writing(engine) as connection:
            found = _forget(connection, environment, keyspace, before_s)
        if not found:
            break
        gone += found
        gone += _sweep(engine, rows_max - gone)
    return gone


def read_forgotten(engine: Engine, environment: str, keyspace: str) -> Forgotten | None:
    of = {"of_environment": environment, "of_keyspace": keyspace}
    with reading(engine) as connection:
        row = connection.execute(_FORGOTTEN, of).mappings().first()
    if row is None:
        return None
    columns = Columns(row, forgotten.name.removeprefix("reconciler_"))
    return Forgotten(
        keyspace=keyspace, applies=columns.whole("applies"), until_s=columns.seconds("until_s")
    )


def _forget(connection: Connection, environment: str, keyspace: str, before_s: float) -> int:
    """Nobody begins an apply or a split meanwhile, nor sweeps."""
    take_turn(connection, environment, keyspace)
    of = {"of_environment": environment, "of_keyspace": keyspace}
    if connection.execute(_LIVE_SPLIT, of).first() is not None:
        return 0
    found = connection.execute(_OLD, {**of, "before": before_s}).all()
    if not found:
        return 0
    numbers = [row.apply_id for row in found]
    connection.execute(insert(sweeping), [{"apply_id": number} for number in numbers])
    connection.execute(delete(applies).where(applies.c.apply_id.in_(numbers)))
    until_s = max(row.ended_s for row in found)
    counted = connection.execute(_FORGOTTEN.with_for_update(), of).mappings().first()
    if counted is None:
        first = {"applies": len(numbers), "until_s": until_s}
        connection.execute(
            insert(forgotten).values(environment=environment, keyspace=keyspace, **first)
        )
    else:
        connection.execute(
            update(forgotten)
            .where(forgotten.c.environment == environment, forgotten.c.keyspace == keyspace)
            .values(
                applies=forgotten.c.applies + len(numbers),
                until_s=max(until_s, counted["until_s"]),
            )
        )
    return len(numbers)


def _sweep(engine: Engine, rows_max: int) -> int:
    """Rows of applies that are gone, of this run or of one that was cut off."""
    with reading(engine) as connection:
        numbers = connection.execute(select(sweeping.c.apply_id).order_by(sweeping.c.apply_id))
        left = list(numbers.scalars())
    gone = 0
    for number in left:
        for table in _OF_AN_APPLY:
            while gone < rows_max:
                with writing(engine) as connection:
                    found = _drop_rows(connection, table, number, rows_max - gone)
                gone += found
                if not found:
                    break
        if gone >= rows_max:
            break
        with writing(engine) as connection:
            connection.execute(delete(sweeping).where(sweeping.c.apply_id == number))
    return gone


def _drop_rows(connection: Connection, table: Table, number: int, rows_max: int) -> int:
    key: Iterable[Column[object]] = table.primary_key.columns
    wanted = select(*key).where(table.c.apply_id == number)
    found = connection.execute(wanted.limit(min(rows_max, SWEEP_ROWS_AT_ONCE))).all()
    if found:
        rows = [tuple(row) for row in found]
        connection.execute(delete(table).where(tuple_(*key).in_(rows)))
    return len(found)
