"""What names an operation: exactly one keyspace, one shard and one table, each trimmed."""

from __future__ import annotations

import pytest

from reconciler.errors import InvalidInput
from reconciler.ledger.key import OperationKey, operation_key, parse_operation_key


@pytest.mark.invariant("DS-1")
@pytest.mark.parametrize("shard", ["", " ", "\t\n", "-40,40-80", "-40 40-80", "-40/40-80", "*"])
def test_anything_but_one_shard_is_refused(shard: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        operation_key("commerce", shard, "users")
    assert [problem.code for problem in refused.value.problems] == ["operation-key"]


@pytest.mark.invariant("DS-1")
@pytest.mark.invariant("PL-9")
def test_blanks_around_a_name_never_reach_a_key() -> None:
    key = operation_key(" commerce", " -40 ", "users\n")
    assert key == OperationKey("commerce", "-40", "users")
    assert str(key) == "commerce/-40/users"
    assert parse_operation_key(" commerce/ -40 / users ") == key


@pytest.mark.invariant("ST-12")
def test_no_two_operations_have_one_key() -> None:
    named = [
        (keyspace, shard, table)
        for keyspace in ("a", "b")
        for shard in ("-80", "80-")
        for table in ("t", "-80", "a/t", "a%2Ft")
    ]
    keys = [operation_key(*names) for names in named]
    assert len({str(key) for key in keys}) == len(named)
    assert [parse_operation_key(str(key)) for key in keys] == keys
