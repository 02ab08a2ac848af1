"""How far walks over rows have come, in the ledger's database: the one table of it that holds
values of rows, those of a key, which no report tells.

Rule (PF-30): a row whose digest is not of what it says is damaged, and begins nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping

from sqlalchemy import BigInteger, Column, Double, Engine, String, Text

from reconciler.edges.ledger.by_question import KeptByQuestion, question_of, table_by_question
from reconciler.edges.ledger.columns import Columns, row_malformed
from reconciler.edges.ledger.rows import Row
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Place

row_places = table_by_question(
    "reconciler_row_places",
    Column("begun_s", Double, nullable=False),
    Column("seen_s", Double, nullable=False),
    Column("rows_seen", BigInteger, nullable=False),
    Column("rows_of", BigInteger, nullable=False),
    Column("replica_behind_s", BigInteger),
    Column("stands", Text, nullable=False),
    Column("digest", String(80), nullable=False),
)
_KEPT = KeptByQuestion(row_places, "begun_s")


class SqlRowPlaces:
    """Implements the RowPlaces port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def reached(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[AskedOf, Place]:
        read = _KEPT.read(self._engine, environment, keyspace, since_s=since_s)
        return dict(map(_reached, read))

    def keep(
        self,
        environment: str,
        keyspace: str,
        places: Mapping[AskedOf, Place],
        *,
        ended: Collection[AskedOf],
        forget_before_s: float,
    ) -> None:
        written = {key: _written(key, place) for key, place in places.items()}
        _KEPT.keep(
            self._engine,
            environment,
            keyspace,
            written,
            removed=ended,
            forget_before_s=forget_before_s,
        )


def _written(key: AskedOf, place: Place) -> dict[str, object]:
    return {
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
    key = question_of(columns)
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
