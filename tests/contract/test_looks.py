"""What was measured of shards is kept as it was, asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Unavailable
from reconciler.reshard.loads import Measured, Measurement, StatementCount

FULL = Measured(
    shard="-80",
    size_bytes=1 << 50,
    rows=1 << 40,
    statements=StatementCount(count=1 << 52, up_s=12),
)


def at(at_s: float, *shards: Measured) -> Measurement:
    return Measurement(at_s=at_s, shards=shards)


def test_looks_are_kept_in_their_order_and_forgotten_in_time(ledger: SqlLedger) -> None:
    looks = ledger.looks
    first, second = at(1.5, Measured(shard="-80"), Measured(shard="80-", rows=0)), at(2.5, FULL)
    looks.add("production", "commerce", second, forget_before_s=0.0)
    looks.add("production", "commerce", first, forget_before_s=0.0)
    looks.add("production", "orders", at(1.5, FULL), forget_before_s=0.0)
    assert looks.past("production", "commerce", since_s=0.0) == (first, second)
    assert looks.past("production", "commerce", since_s=2.0) == (second,)
    assert looks.past("staging", "commerce", since_s=0.0) == ()
    again = at(2.5, Measured(shard="-80", unseen=("why it could not be seen",)))
    looks.add("production", "commerce", again, forget_before_s=2.0)
    assert looks.past("production", "commerce", since_s=0.0) == (at(2.5, Measured(shard="-80")),)
    assert looks.past("production", "orders", since_s=0.0) == (at(1.5, FULL),)
    looks.add("production", "orders", at(9.0), forget_before_s=9.0)
    assert looks.past("production", "orders", since_s=0.0) == ()


def test_a_look_that_nobody_can_have_written_is_refused_by_name(ledger: SqlLedger) -> None:
    ledger.looks.add("production", "commerce", at(1.5, FULL), forget_before_s=0.0)
    with writing(ledger._engine) as connection:
        connection.execute(text("UPDATE reconciler_looks SET size_bytes = -1"))
    with pytest.raises(Unavailable, match="table looks holds in size_bytes"):
        ledger.looks.past("production", "commerce", since_s=0.0)
