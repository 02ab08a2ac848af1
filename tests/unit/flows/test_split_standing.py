"""Behind its cutover, a split and the schema of the shards that serve are no longer in each other's
way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.flows.deployments import promotion_refusals
from reconciler.flows.keyspaces import flattened, one_after_another
from reconciler.flows.split.settle import Standing, beside, stand_of
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval
from tests.contract.ledgers import ended, new_apply
from tests.offline_fleet import STATES, Shards, environment, world
from tests.sample_splits import later
from tests.sim.run import close_ledgers, memory_ledger
from tests.split_job_stand import WEEK_S, SplitStand


@pytest.fixture
def stand() -> Iterator[SplitStand]:
    yield SplitStand(memory_ledger())
    close_ledgers()


def standing(stand: SplitStand) -> Standing:
    keyspace = stand.history.files.keyspace()
    jobs, routes = stand.ledger.split_jobs, stand.ledger.routes
    asked = world(Shards({})).keyspaces
    return stand_of(asked, lambda: routes, lambda: jobs, keyspace, environment(keyspace))


@pytest.mark.invariant("SP-79")
def test_a_schema_is_changed_as_soon_as_the_successors_serve(stand: SplitStand) -> None:
    """And the split is driven on beside it, until its end."""
    assert standing(stand).is_moving
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER
    assert standing(stand).is_moving
    stand.approve(Approval.CUTOVER)
    assert stand.apply().how is TickEnd.AWAITS_CLEANUP
    found = standing(stand)
    assert (found.is_moving, found.environment.retiring) == (False, ())
    assert found.job is not None
    lease = stand.ledger.begin(new_apply("shop"), holder="me", now_s=1.0)
    stand.approve(Approval.CLEANUP)
    later(stand.ledger, WEEK_S)
    waiting = stand.apply()
    assert waiting.problem is not None
    assert (waiting.how, waiting.problem.code) == (TickEnd.IN_PROGRESS, "apply-unfinished")
    ended(stand.ledger, lease)
    assert stand.apply().how is TickEnd.DONE
    assert standing(stand) == replace(found, job=None)


@pytest.mark.invariant("SP-79")
def test_an_environment_that_its_split_works_on_is_the_splits(stand: SplitStand) -> None:
    stand.apply()
    stand.approve(Approval.CUTOVER)
    stand.apply()
    found = standing(stand).job
    assert found is not None
    stand.ledger.split_jobs.reserve(found)
    assert standing(stand).is_moving


@pytest.mark.invariant("SP-79")
def test_a_split_that_cannot_be_driven_keeps_no_schema_back() -> None:
    """Its source may be gone for good while the shards that serve need an index."""
    gone = Unavailable(Problem(code="shard-unreachable", message="it is gone", recovery="look"))

    def drive() -> str:
        raise gone

    lost, done = one_after_another("production", "shop", drive, lambda: "changed")
    assert isinstance(lost, KeyspaceFailed)
    assert (lost.keyspace, lost.problems) == ("shop", gone.problems)
    assert done == "changed"
    found: list[tuple[str | KeyspaceFailed, ...] | KeyspaceFailed] = [(lost, done), lost]
    assert flattened(found) == [lost, "changed", lost]


@pytest.mark.invariant("SP-79")
@pytest.mark.parametrize("serves", [False, True])
def test_an_environment_promotes_again_as_soon_as_its_new_shards_serve(
    stand: SplitStand, serves: bool
) -> None:
    stand.apply()
    if serves:
        stand.approve(Approval.CUTOVER)
        stand.apply()
    keyspace, found = stand.files.keyspace(), standing(stand)
    live = {"users": STATES[1]}
    looking = beside(world(Shards({"db--40": live, "db-40-80": live, "db-80-": live})), found.job)
    if serves:
        assert promotion_refusals(looking, keyspace, found.environment) == ()
        return
    with pytest.raises(Refused) as refused:
        promotion_refusals(looking, keyspace, found.environment)
    assert refused.value.problems[0].code == "shards-retiring"
