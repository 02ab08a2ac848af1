"""How far walks over rows have come, in the ledger's database: the one table of it that holds
values of rows, those of a key, which no report tells.

Rule (PF-30): a row whose digest is not of what it says is damaged, and begins nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Engine,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)

from reconciler.edges.ledger.columns import Columns, row_malformed
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.rows import Row
from reconciler.edges.ledger.tables import BINARY_NAMES, NAME, metadata
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Place

row_places = Table(
    "reconciler_row_places",
    metadata,
    Column("environment", NAME, primary_key=True),
    Column("keyspace", NAME, primary_key=True),
    Column("shard", NAME, primary_key=True),
    Column("question", String(80), primary_key=True),
    Column("begun_s", Double, nullable=False),
    Column("seen_s", Double, nullable=False),
    Column("rows_seen", BigInteger, nullable=False),
    Column("rows_of", BigInteger, nullable=False),
    Column("replica_behind_s", BigInteger),
    Column("stands", Text, nullable=False),
    Column("digest", String(80), nullable=False),
    **BINARY_NAMES,
)

_OF_KEYSPACE = (
    row_places.c.environment == bindparam("of_environment"),
    row_places.c.keyspace == bindparam("of_keyspace"),
)
_REACHED = select(row_places).where(*_OF_KEYSPACE, row_places.c.begun_s >= bindparam("since"))
_FORGET = delete(row_places).where(*_OF_KEYSPACE, row_places.c.begun_s < bindparam("before"))
_ENDED = delete(row_places).where(
    *_OF_KEYSPACE,
    row_places.c.shard == bindparam("of_shard"),
    row_places.c.question == bindparam("of_question"),
)


class SqlRowPlaces:
    """Implements the RowPlaces port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reached(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[AskedOf, Place]:
        of = {"of_environment": environment, "of_keyspace": keyspace, "since": since_s}
        with reading(self._engine) as connection:
            return dict(_reached(row) for row in connection.execute(_REACHED, of).mappings())

    def keep(
        self,
        environment: str,
        keyspace: str,
        places: Mapping[AskedOf, Place],
        *,
        ended: Collection[AskedOf],
        forget_before_s: float,
    ) -> None:
        of = {"of_environment": environment, "of_keyspace": keyspace}
        gone = [
            {**of, "of_shard": key.shard, "of_question": key.question} for key in {*places, *ended}
        ]
        values = [
            {"environment": environment, "keyspace": keyspace, **_written(key, place)}
            for key, place in places.items()
        ]
        with writing(self._engine) as connection:
            connection.execute(_FORGET, {**of, "before": forget_before_s})
            if gone:
                connection.execute(_ENDED, gone)
            if values:
                connection.execute(insert(row_places), values)


def _written(key: AskedOf, place: Place) -> dict[str, object]:
    return {
        "shard": key.shard,
        "question": key.question,
        "begun_s": place.begun_s,
        "seen_s": place.seen_s,
        "rows_seen": place.rows_seen,
        "rows_of": place.rows_of,
        "replica_behind_s": place.behind_s,
        "stands": json.dumps([place.index, *place.values]),
        "digest": _digest(key, place),
    }


def _reached(row: Row) -> tuple[AskedOf, Place]:
    columns = Columns(row, "row_places")
    stands = columns.names("stands")
    if not stands:
        raise row_malformed("row_places", "stands")
    key = AskedOf(columns.text("shard"), columns.text("question"))
    place = Place(
        begun_s=columns.seconds("begun_s"),
        seen_s=columns.seconds("seen_s"),
        rows_seen=columns.whole("rows_seen"),
        rows_of=columns.whole("rows_of"),
        index=stands[0],
        values=stands[1:],
        behind_s=columns.whole_or_none("replica_behind_s"),
    )
    if columns.text("digest") != _digest(key, place):
        raise row_malformed("row_places", "digest")
    return key, place


def _digest(key: AskedOf, place: Place) -> str:
    """Of everything that an answer will rest on; times to the millisecond, for a server may keep
    their last digit otherwise."""
    times = (f"{place.begun_s:.3f}", f"{place.seen_s:.3f}")
    counts = (place.rows_seen, place.rows_of, place.behind_s)
    whole = repr((*key, *times, *counts, place.index, place.values))
    return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"
