"""One operation is one table of one shard, made from that shard's own statements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import InvalidInput, Refused
from reconciler.ledger.key import operation_key
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.rollout.operations import work_of
from reconciler.spec.model import RolloutSpec
from tests.sim.plans import plan_for

PLAN = plan_for(RolloutSpec(canary=("c0-",)), each=2, matching=("40-80",))


@pytest.mark.invariant("DS-1")
@pytest.mark.invariant("PL-2")
def test_operations_are_one_table_of_one_changing_shard_in_rollout_order() -> None:
    work = work_of(PLAN)
    assert [(shard.wave, shard.shard) for shard in work] == [(1, "c0-"), (2, "-40"), (2, "80-c0")]
    keys = [str(operation.key) for shard in work for operation in shard.operations]
    assert keys[:2] == ["commerce/c0-/orders", "commerce/c0-/users"]
    positions = [operation.position for shard in work for operation in shard.operations]
    assert positions == list(range(6))


def test_interleaved_statements_belong_to_their_tables_operation() -> None:
    orders, users = work_of(PLAN)[0].operations
    assert (orders.indexes, users.indexes) == ((0, 2), (1, 3))
    assert [orders.done_before(n) for n in range(5)] == [0, 1, 1, 2, 2]


@pytest.mark.invariant("PL-8")
@pytest.mark.invariant("DS-2")
@pytest.mark.invariant("DS-3")
@pytest.mark.parametrize(
    "sql",
    [
        "",
        "DELETE FROM users",
        "DROP DATABASE x",
        "ALTER DATABASE x CHARSET utf8mb4",
        "ALTER VSCHEMA ADD TABLE users",
        "ALTER TABLE `other` ADD COLUMN a int",
    ],
)
def test_a_payload_that_is_none_is_refused_here_too(sql: str) -> None:
    change_set = PLAN.core.change_sets[0]
    broken = replace(change_set.statements[0], sql=sql)
    change_sets = (replace(change_set, statements=(broken, *change_set.statements[1:])),)
    with pytest.raises(Refused, match="not sound"):
        work_of(replace(PLAN, core=replace(PLAN.core, change_sets=change_sets)))


@pytest.mark.invariant("DS-4")
@pytest.mark.parametrize(
    ("keyspace", "shard", "table"),
    [
        ("ks/-40", "-40", "t"),
        ("ks", "", "t"),
        ("ks", "-40", ""),
        ("", "-40", "t"),
        ("ks", "a b", "t"),
        ("ks", "-40/t", "x"),
        ("ks", "-40", "t" * 65),
    ],
)
def test_a_key_with_more_or_less_is_not_shard_work(keyspace: str, shard: str, table: str) -> None:
    with pytest.raises(InvalidInput, match="not the key of an operation"):
        operation_key(keyspace, shard, table_id(table))


@pytest.mark.invariant("PL-9")
def test_names_are_trimmed_before_they_become_keys() -> None:
    assert operation_key(" ks ", " -40 ", table_id(" t ")) == operation_key(
        "ks", "-40", table_id("t")
    )


@pytest.mark.invariant("ST-12")
@pytest.mark.parametrize("table", ["t", "a/b", "50%", "%2F", "日本"])
def test_a_written_key_has_three_parts_whatever_the_name(table: str) -> None:
    key = operation_key("ks", "-40", table_id(table))
    assert str(key).count("/") == 2
    assert key != operation_key("ks", "-40", ObjectId(ObjectKind.VIEW, table))
