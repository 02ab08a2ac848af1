"""What comes back of a table that Vitess' Online DDL has changed: no more than Vitess still has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.way_back import ways_back
from reconciler.model.engine import EngineName
from reconciler.model.topology import TableKept
from reconciler.ports.ledger import Ledger
from tests.offline_fleet import SHARDS, STATES, environment, fleet, no_ledger, repository, world
from tests.offline_vitess import OfflineVitess
from tests.sim.run import close_ledgers, file_ledger
from tests.unit.flows.test_shadows import left_by
from tests.unit.flows.test_way_back import LOST, plan_by
from tests.unit.observe.test_topology import CLUSTER

pytestmark = pytest.mark.invariant("EN-34")

COPIED = plan_by(EngineName.VITESS)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


def kept(apply_id: int | str, shard: str = SHARDS[0], table: str = "users") -> TableKept:
    return TableKept(uuid="u", shard=shard, table=table, context=f"reconciler:{apply_id}:u:sha")


def ways(
    *left: TableKept, open_it: Callable[[], Ledger] = no_ledger, silent: bool = False
) -> tuple[str, ...]:
    files, looked = repository().keyspace(), world(fleet(STATES[1]))
    begun = begin_pass(looked, files, environment(files))
    begun = replace(begun, environment=replace(begun.environment, vitess=CLUSTER))
    vitess = OfflineVitess(kept=left, silent=silent)
    return ways_back(begun, COPIED, open_it, vitess, now_s=looked.clock.now_s())


def test_where_vitess_has_it_its_migrations_are_named(ledger: SqlLedger) -> None:
    apply_id = left_by(ledger, plan_id=COPIED.plan_id)
    back, gone = ways(kept(apply_id), open_it=lambda: ledger)
    assert back.startswith(f"table users, shard {SHARDS[0]}: the definition comes back; Vitess")
    assert f"LIKE 'reconciler:{apply_id}:%'" in back
    assert gone.startswith(f"table users, shard {SHARDS[1]}: {LOST}")


def test_where_it_is_gone_rows_do_not_come_back() -> None:
    (said,) = ways()
    assert said.startswith(f"table users, all 2 shards: {LOST}")


@pytest.mark.parametrize("context", ["", "vtgate:1", "reconciler:", "reconciler:\u0662:u:sha"])
def test_what_somebody_else_s_migration_left_is_no_way_back(context: str) -> None:
    (said,) = ways(replace(kept(1), context=context))
    assert LOST in said


def test_what_another_plan_s_apply_left_is_no_way_back(ledger: SqlLedger) -> None:
    apply_id = left_by(ledger, plan_id="sha256:2")
    (said,) = ways(kept(apply_id), open_it=lambda: ledger)
    assert LOST in said
    (said,) = ways(kept(apply_id, table="orders"), open_it=lambda: ledger)
    assert LOST in said


@pytest.mark.invariant("RP-29")
def test_of_an_apply_that_the_ledger_has_forgotten_nobody_says_that_rows_are_lost(
    ledger: SqlLedger,
) -> None:
    """Vitess may keep tables for longer than the ledger keeps applies."""
    unknown, gone = ways(kept(7), open_it=lambda: ledger)
    assert "is not known: Vitess has one that apply 7 left" in unknown
    assert gone.startswith(f"table users, shard {SHARDS[1]}: {LOST}")
    apply_id = left_by(ledger, plan_id=COPIED.plan_id)
    back, unknown = ways(kept(apply_id), kept(99, SHARDS[1]), open_it=lambda: ledger)
    assert "Vitess still has the table as it was" in back
    assert "is not known" in unknown


def test_a_vitess_or_a_ledger_that_does_not_answer_makes_it_unknown() -> None:
    for said in (*ways(silent=True), *ways(kept(1))):
        assert "is not known: " in said
