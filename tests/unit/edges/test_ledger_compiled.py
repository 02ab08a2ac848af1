"""A statement that goes to the ledger's driver as it was compiled."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert

from reconciler.edges.ledger.compiled import Compiled

TABLE = Table("t", MetaData(), Column("a", Integer), Column("b", Integer))


def test_a_value_that_it_would_not_write_is_a_fault_of_our_own() -> None:
    """As of a column that somebody adds to the values alone: it would be lost without a word."""
    engine = create_engine("sqlite://")
    TABLE.create(engine)
    with engine.connect() as connection:
        with pytest.raises(AssertionError):
            Compiled(lambda _: insert(TABLE), columns=["a"]).change(connection, {"a": 1, "b": 2})
        whole = Compiled(lambda _: insert(TABLE), columns=["a", "b"])
        assert whole.change(connection, {"a": 1, "b": 2}) == 1
    engine.dispose()
