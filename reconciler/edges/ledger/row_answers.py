"""What rows answered, in the ledger's database: which question held when, nothing of any row."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import BigInteger, Column, Double, Engine, bindparam, func, or_, select

from reconciler.edges.ledger.by_question import KeptByQuestion, question_of, table_by_question
from reconciler.edges.ledger.columns import Columns
from reconciler.edges.ledger.engine import reading
from reconciler.edges.ledger.row_places import SqlRowPlaces
from reconciler.edges.ledger.rows import Row
from reconciler.edges.ledger.tables import applies, statements
from reconciler.ledger.states import StatementState
from reconciler.model.object_id import ObjectKind
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds

row_answers = table_by_question(
    "reconciler_row_answers",
    Column("at_s", Double, nullable=False),
    Column("rows_seen", BigInteger),
    Column("replica_behind_s", BigInteger),
)
_KEPT = KeptByQuestion(row_answers, "at_s")
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
        read = _KEPT.read(self._engine, environment, keyspace, since_s=since_s)
        return dict(map(_held, read))

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
        written = {
            key: {
                "at_s": answer.at_s,
                "rows_seen": answer.rows_seen,
                "replica_behind_s": answer.behind_s,
            }
            for key, answer in answers.items()
        }
        _KEPT.keep(
            self._engine,
            environment,
            keyspace,
            written,
            removed=refuted,
            forget_before_s=forget_before_s,
        )


def _held(row: Row) -> tuple[AskedOf, Holds]:
    columns = Columns(row, "row_answers")
    return question_of(columns), Holds(
        at_s=columns.seconds("at_s"),
        rows_seen=columns.whole_or_none("rows_seen"),
        behind_s=columns.whole_or_none("replica_behind_s"),
    )
