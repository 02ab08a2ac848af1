"""What was measured of shards, in the ledger's database: the numbers, and nothing of any row."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select

from reconciler.edges.ledger.columns import Columns
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.rows import Row
from reconciler.edges.ledger.split_tables import looks
from reconciler.reshard.loads import Measured, Measurement, StatementCount


class SqlLooks:
    """Implements the Looks port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def past(self, environment: str, keyspace: str, *, since_s: float) -> tuple[Measurement, ...]:
        wanted = (
            select(looks)
            .where(
                looks.c.environment == environment,
                looks.c.keyspace == keyspace,
                looks.c.at_s >= since_s,
            )
            .order_by(looks.c.at_s, looks.c.shard)
        )
        found: dict[float, list[Measured]] = {}
        with reading(self._engine) as connection:
            for row in connection.execute(wanted).mappings():
                at_s, measured = _measured(row)
                found.setdefault(at_s, []).append(measured)
        return tuple(Measurement(at_s=at_s, shards=tuple(shards)) for at_s, shards in found.items())

    def add(
        self, environment: str, keyspace: str, measurement: Measurement, *, forget_before_s: float
    ) -> None:
        with writing(self._engine) as connection:
            _forget(connection, environment, keyspace, measurement.at_s, forget_before_s)
            if measurement.shards:
                of = {"environment": environment, "keyspace": keyspace, "at_s": measurement.at_s}
                values = [{**of, **_columns(one)} for one in measurement.shards]
                connection.execute(insert(looks), values)


def _forget(
    connection: Connection, environment: str, keyspace: str, at_s: float, before_s: float
) -> None:
    is_own = (looks.c.environment == environment, looks.c.keyspace == keyspace)
    is_old = (looks.c.at_s < before_s) | (looks.c.at_s == at_s)
    connection.execute(delete(looks).where(*is_own, is_old))


def _columns(measured: Measured) -> dict[str, object]:
    counted = measured.statements
    return {
        "shard": measured.shard,
        "size_bytes": measured.size_bytes,
        "rows_estimated": measured.rows,
        "statements": counted.count if counted else None,
        "up_s": counted.up_s if counted else None,
    }


def _measured(row: Row) -> tuple[float, Measured]:
    columns = Columns(row, "looks")
    count, up_s = columns.whole_or_none("statements"), columns.whole_or_none("up_s")
    counted = None if count is None or up_s is None else StatementCount(count=count, up_s=up_s)
    return columns.seconds("at_s"), Measured(
        shard=columns.text("shard"),
        size_bytes=columns.whole_or_none("size_bytes"),
        rows=columns.whole_or_none("rows_estimated"),
        statements=counted,
    )
