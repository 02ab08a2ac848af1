"""What engines and servers count is kept so that it can be read again."""

from __future__ import annotations

from typing import Any, cast

import pytest
from sqlalchemy import RowMapping

from reconciler.edges.ledger.rows import statement_columns, stored_statement
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.model.object_id import table_id


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize("counted", [-1, 2**53 + 1, 2**64 - 16_384])
def test_a_number_that_no_ledger_keeps_spoils_no_record(counted: int) -> None:
    """A server has said so of a table's size; the intent that was recorded with it has to be read
    again, whatever came of the statement."""
    row = StoredStatement(
        shard="-80",
        index=0,
        object_id=table_id("users"),
        sql="ALTER TABLE `users` FORCE",
        state=StatementState.INTENDED,
        attempts=1,
        intended_s=1.0,
        handle=Handle(engine=EngineName.DIRECT, version=1, content="{}"),
        progress=Progress(rows_total=7, bytes_total=counted),
    )
    kept: dict[str, Any] = {"shard": row.shard, "statement_index": row.index}
    found = stored_statement(cast(RowMapping, kept | statement_columns(row)))
    assert found.progress == Progress(rows_total=7)
