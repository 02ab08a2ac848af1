"""Tables of the ledger with a row for each question that is put to a shard's rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlalchemy import Column, Engine, String, Table, bindparam, delete, insert, select

from reconciler.edges.ledger.columns import Columns
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.rows import Row
from reconciler.edges.ledger.tables import BINARY_NAMES, NAME, metadata
from reconciler.preflight.kept import AskedOf


def table_by_question(name: str, *columns: Column[object]) -> Table:
    return Table(
        name,
        metadata,
        Column("environment", NAME, primary_key=True),
        Column("keyspace", NAME, primary_key=True),
        Column("shard", NAME, primary_key=True),
        Column("question", String(80), primary_key=True),
        *columns,
        **BINARY_NAMES,
    )


def question_of(columns: Columns) -> AskedOf:
    return AskedOf(columns.text("shard"), columns.text("question"))


class KeptByQuestion:
    """`age_s` is the column of the moment by which a row of the table is too old."""

    def __init__(self, table: Table, age_s: str) -> None:
        of_keyspace = (
            table.c.environment == bindparam("of_environment"),
            table.c.keyspace == bindparam("of_keyspace"),
        )
        self._read = select(table).where(*of_keyspace, table.c[age_s] >= bindparam("since"))
        self._forget = delete(table).where(*of_keyspace, table.c[age_s] < bindparam("before"))
        self._remove = delete(table).where(
            *of_keyspace,
            table.c.shard == bindparam("of_shard"),
            table.c.question == bindparam("of_question"),
        )
        self._add = insert(table)

    def read(
        self, engine: Engine, environment: str, keyspace: str, *, since_s: float
    ) -> Iterator[Row]:
        of = {"of_environment": environment, "of_keyspace": keyspace, "since": since_s}
        with reading(engine) as connection:
            yield from connection.execute(self._read, of).mappings()

    def keep(
        self,
        engine: Engine,
        environment: str,
        keyspace: str,
        kept: Mapping[AskedOf, Mapping[str, object]],
        *,
        removed: Collection[AskedOf],
        forget_before_s: float,
    ) -> None:
        """Each of `kept` takes the place of what stood there."""
        of = {"of_environment": environment, "of_keyspace": keyspace}
        gone = [
            {**of, "of_shard": key.shard, "of_question": key.question} for key in {*kept, *removed}
        ]
        values = [
            {"environment": environment, "keyspace": keyspace, **key._asdict(), **written}
            for key, written in kept.items()
        ]
        with writing(engine) as connection:
            connection.execute(self._forget, {**of, "before": forget_before_s})
            if gone:
                connection.execute(self._remove, gone)
            if values:
                connection.execute(self._add, values)
