"""What engines left in a region is removed on the word of that region's ledger alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.check import check_against_live
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.shadows import leftover_refusals
from reconciler.spec.regions import in_region
from tests.offline_fleet import SHARDS, Shards, environment, repository, world
from tests.sample_regions import NAMES, spec_of
from tests.sim.run import close_ledgers, file_ledger
from tests.unit.flows.test_clean import GONE, Proposed, cleaned

REGIONS: dict[str, tuple[str, ...]] = {
    "eu": SHARDS[:1],
    "us": SHARDS[1:],
}  # `_users_del` is on a shard of eu


@pytest.fixture
def ledgers() -> Iterator[dict[str, SqlLedger]]:
    yield {name: file_ledger() for name in REGIONS}
    close_ledgers()


@pytest.fixture
def proposed(ledgers: dict[str, SqlLedger]) -> Proposed:
    """Planned where every shard and the ledger of eu are reached."""
    spec = spec_of(REGIONS).replace(f'"{NAMES[0]}"', f'"{SHARDS[0]}"')
    return Proposed(ledgers["eu"], files=repository(spec=spec))


def refused(proposed: Proposed, region: str, ledger: SqlLedger) -> list[str]:
    """By a machine of the region, which sees its own shards, before anything is sent."""
    keyspace = proposed.files.keyspace()
    part = in_region(environment(keyspace), region)
    own = {f"db-{shard}" for shard in REGIONS[region]}
    shown = {host: found for host, found in proposed.shards.shown.items() if host in own}
    looked = world(Shards(shown))
    begun = begin_pass(looked, keyspace, part, cleans=proposed.plan.core.cleans)
    checked = check_against_live(looked, begun, proposed.plan)
    found = leftover_refusals(begun, ledger, now_s=looked.clock.now_s())
    return [each.code for each in (*checked.refusals, *found)]


@pytest.mark.invariant("RG-39")
def test_each_region_asks_the_ledger_at_hand(
    proposed: Proposed, ledgers: dict[str, SqlLedger]
) -> None:
    assert proposed.plan.core.cleans == (GONE,)
    assert refused(proposed, "eu", ledgers["eu"]) == []
    assert refused(proposed, "us", ledgers["us"]) == [], "there is nothing of it in us"
    assert refused(proposed, "eu", ledgers["us"]) == ["leftover-changed"]


@pytest.mark.invariant("RG-39")
def test_what_another_region_s_ledger_knows_is_nobodys_here(
    proposed: Proposed, ledgers: dict[str, SqlLedger]
) -> None:
    outcome = cleaned(proposed.shards, lambda: ledgers["us"], proposed.files)
    assert outcome.plan is None or outcome.plan.core.cleans == ()
