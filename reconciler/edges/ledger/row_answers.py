"""What rows answered, in the ledger's database: which question held when, nothing of any row."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Engine,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)

from reconciler.edges.ledger.columns import Columns
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.row_places import SqlRowPlaces
from reconciler.edges.ledger.rows import Row
from reconciler.edges.ledger.tables import BINARY_NAMES, NAME, applies, metadata, statements
from reconciler.ledger.states import StatementState
from reconciler.model.object_id import ObjectKind
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds

row_answers = Table(
    "reconciler_row_answers",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("shard", NAME, primary_key=True),
    Column("question", String(80), primary_key=True),
    Column("at_s", Double, nullable=False),
    Column("rows_seen", BigInteger),
    Column("replica_behind_s", BigInteger),
    **BINARY_NAMES,
)

_OF_KEYSPACE = (
    row_answers.c.environment == bindparam("of_environment"),
    row_answers.c.keyspace == bindparam("of_keyspace"),
)
_HELD = select(row_answers).where(*_OF_KEYSPACE, row_answers.c.at_s >= bindparam("since"))
_FORGET = delete(row_answers).where(*_OF_KEYSPACE, row_answers.c.at_s < bindparam("before"))
_REPLACED = delete(row_answers).where(
    *_OF_KEYSPACE,
    row_answers.c.shard == bindparam("of_shard"),
    row_answers.c.question == bindparam("of_question"),
)
_FAILED = (
    select(
        statements.c.shard,
        statements.c.object_name,
        func.max(statements.c.settled_s).label("settled_s"),
    )
    .join(applies, applies.c.apply_id == statements.c.apply_id)
    .where(
        applies.c.environment == bindparam("of_environment"),
        applies.c.keyspace == bindparam("of_keyspace"),
        or_(applies.c.completed_s.is_(None), applies.c.completed_s >= bindparam("since")),
        statements.c.object_kind == ObjectKind.TABLE.value,
        statements.c.state == StatementState.FAILED.value,
        statements.c.settled_s >= bindparam("since"),
    )
    .group_by(statements.c.shard, statements.c.object_name)
)


class SqlRowAnswers:
    """Implements the RowAnswers port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def places(self) -> SqlRowPlaces:
        return SqlRowPlaces(self._engine)

    def held(self, environment: str, keyspace: str, *, since_s: float) -> Mapping[AskedOf, Holds]:
        of = {"of_environment": environment, "of_keyspace": keyspace, "since": since_s}
        with reading(self._engine) as connection:
            return dict(_held(row) for row in connection.execute(_HELD, of).mappings())

    def failed(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[tuple[str, str], float]:
        of = {"of_environment": environment, "of_keyspace": keyspace, "since": since_s}
        with reading(self._engine) as connection:
            read = [
                Columns(row, "statements") for row in connection.execute(_FAILED, of).mappings()
            ]
        return {
            (one.text("shard"), one.text("object_name")): one.seconds("settled_s") for one in read
        }

    def keep(
        self,
        environment: str,
        keyspace: str,
        answers: Mapping[AskedOf, Holds],
        *,
        refuted: Collection[AskedOf] = (),
        forget_before_s: float,
    ) -> None:
        of = {"of_environment": environment, "of_keyspace": keyspace}
        replaced = [
            {**of, "of_shard": key.shard, "of_question": key.question}
            for key in (*answers, *refuted)
        ]
        values = [
            {
                "environment": environment,
                "keyspace": keyspace,
                "shard": key.shard,
                "question": key.question,
                "at_s": answer.at_s,
                "rows_seen": answer.rows_seen,
                "replica_behind_s": answer.behind_s,
            }
            for key, answer in answers.items()
        ]
        with writing(self._engine) as connection:
            connection.execute(_FORGET, {**of, "before": forget_before_s})
            if replaced:
                connection.execute(_REPLACED, replaced)
            if values:
                connection.execute(insert(row_answers), values)


def _held(row: Row) -> tuple[AskedOf, Holds]:
    columns = Columns(row, "row_answers")
    return AskedOf(columns.text("shard"), columns.text("question")), Holds(
        at_s=columns.seconds("at_s"),
        rows_seen=columns.whole_or_none("rows_seen"),
        behind_s=columns.whole_or_none("replica_behind_s"),
    )
