"""Where shards are being replaced, nothing is compared with git, and no shard is connected to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.errors import Refused
from reconciler.flows.deployments import promotion_refusals
from reconciler.flows.drift import find_drift
from reconciler.flows.verify import verify_keyspace
from tests.offline_fleet import (
    ENVIRONMENT,
    SPEC,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    repository,
    world,
)

BEFORE, _, _ = SPEC.rpartition("    shards: {count: 2}\n")
SPLITTING = f'{BEFORE}    shards: ["-40", "40-80", "80-"]\n    retiring: ["-80"]\n'


def _plan(shards: Shards) -> object:
    return planned(repository(spec=SPLITTING), shards)


def _verify(shards: Shards) -> object:
    files = repository(spec=SPLITTING)
    keyspace = files.keyspace()
    return verify_keyspace(world(shards), keyspace, environment(keyspace), tree=files)


def _drift(shards: Shards) -> object:
    files = repository(spec=SPLITTING)
    keyspace = files.keyspace()
    chosen = environment(keyspace)
    return find_drift(world(shards), keyspace, chosen, tree=files, open_ledger=no_ledger)


def _promotion(shards: Shards) -> object:
    keyspace = repository(spec=SPLITTING).keyspace()
    return promotion_refusals(world(shards), keyspace, environment(keyspace))


@pytest.mark.invariant("SP-4")
@pytest.mark.parametrize("flow", [_plan, _verify, _drift, _promotion])
def test_no_schema_is_compared_while_shards_are_replaced(
    flow: Callable[[Shards], object],
) -> None:
    shards = fleet()
    with pytest.raises(Refused) as caught:
        flow(shards)
    [problem] = caught.value.problems
    assert problem.code == "shards-retiring"
    assert "-80 retire" in problem.message
    assert shards.looks == 0


@pytest.mark.invariant("SP-4")
def test_shards_that_retire_are_none_of_the_shards() -> None:
    chosen = environment(repository(spec=SPLITTING).keyspace(), ENVIRONMENT)
    assert [shard.name for shard in chosen.shards] == ["-40", "40-80", "80-"]
    assert [(one.name, one.place) for one in chosen.retiring] == [("-80", "-80")]


def test_another_environment_of_the_same_spec_is_planned_as_ever() -> None:
    assert planned(repository(spec=SPLITTING), fleet(), "staging").refusals == ()
