"""What names an operation: exactly one keyspace, one shard and one table, each trimmed."""

from __future__ import annotations

import pytest

from reconciler.errors import InvalidInput
from reconciler.ledger.key import OperationKey, operation_key
from reconciler.model.object_id import table_id


@pytest.mark.invariant("DS-1")
@pytest.mark.parametrize("shard", ["", " ", "\t\n", "-40,40-80", "-40 40-80", "-40/40-80", "*"])
def test_anything_but_one_shard_is_refused(shard: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        operation_key("commerce", shard, table_id("users"))
    assert [problem.code for problem in refused.value.problems] == ["operation-key"]


@pytest.mark.invariant("DS-1")
@pytest.mark.invariant("PL-9")
def test_blanks_around_a_name_never_reach_a_key() -> None:
    key = operation_key(" commerce", " -40 ", table_id("users\n"))
    assert key == OperationKey("commerce", "-40", table_id("users"))
    assert str(key) == "commerce/-40/users"


@pytest.mark.invariant("ST-12")
def test_no_two_operations_have_one_key() -> None:
    named = [
        (keyspace, shard, table)
        for keyspace in ("a", "b")
        for shard in ("-80", "80-")
        for table in ("t", "-80", "a/t", "a%2Ft")
    ]
    keys = [operation_key(keyspace, shard, table_id(t)) for keyspace, shard, t in named]
    assert len({str(key) for key in keys}) == len(named)
    assert all(str(key).count("/") == 2 for key in keys)
