"""Whose row is it: the same table on other shards and in other keyspaces is another operation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.ledger.sql import open_ledger
from reconciler.ledger.states import OperationState, StatementState
from tests.contract.ledgers import SHARDS, begun, intent, moved_to, row_of

S = OperationState


@pytest.mark.invariant("ST-12")
def test_to_finish_a_table_settles_it_on_that_shard_of_that_keyspace_alone(tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    commerce, billing = begun(ledger), begun(ledger, "billing")
    sent = intent(SHARDS[1])
    ledger.record(commerce, [sent, moved_to(row_of(ledger, commerce, SHARDS[1]), S.RUNNING)])
    done = replace(sent.row, state=StatementState.APPLIED)
    running = row_of(ledger, commerce, SHARDS[1])
    ledger.record(commerce, [replace(sent, row=done), moved_to(running, S.COMPLETED)])

    states = {row.shard: row.state for row in ledger.operations(commerce.apply_id)}
    assert states == {SHARDS[0]: S.PENDING, SHARDS[1]: S.COMPLETED, SHARDS[2]: S.PENDING}
    assert {row.state for row in ledger.operations(billing.apply_id)} == {S.PENDING}
    assert [row.shard for row in ledger.statements(commerce.apply_id)] == [SHARDS[1]]
    assert ledger.statements(billing.apply_id) == ()
    ledger.close()
