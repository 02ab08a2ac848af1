"""A keyspace is changed when those that its spec puts before it are as git says, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.keyspace_order import (
    LookOf,
    Predecessors,
    keyspace_gates,
    no_proof_asked,
    refuse_ordered,
)
from reconciler.flows.keyspaces import for_each_keyspace
from reconciler.guard.model import Refusal
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    STATES,
    Shards,
    environment,
    fleet,
    repository,
    with_plan,
    world,
)
from tests.sample_regions import REGIONS, spec_of
from tests.unit.flows.test_offline_gates import plan_in

FIRST = repository().keyspace()
LATER = replace(FIRST, spec=replace(FIRST.spec, keyspace="mail", after=(KEYSPACE,)))
PLAN = plan_in(with_plan(repository(), fleet()))


def looking_at(shards: Shards) -> LookOf:
    return lambda _files, found: (world(shards), found)


def asked(
    shards: Shards,
    first: DesiredFiles | ReconcilerError = FIRST,
    here: Environment | None = None,
) -> list[Refusal]:
    before = Predecessors(
        loaded={KEYSPACE: first, "mail": LATER}, proof=no_proof_asked, look_of=looking_at(shards)
    )
    gates = keyspace_gates(before, LATER, here or environment(LATER))
    return [refusal for gate in gates for refusal in gate(PLAN)]


@pytest.mark.invariant("RG-73")
def test_it_is_its_turn_once_every_shard_of_the_one_before_is_as_git_says() -> None:
    assert asked(fleet(STATES[1])) == []
    (refusal,) = asked(fleet())
    assert refusal.code == "keyspace-not-its-turn"
    assert f"mail comes after {KEYSPACE}" in refusal.message
    assert f"reconciler apply {KEYSPACE}" in refusal.recovery


@pytest.mark.invariant("RG-73")
def test_what_could_not_be_seen_or_read_is_not_done() -> None:
    shards = fleet(STATES[1])
    shards.shown = dict.fromkeys(shards.shown)
    assert {refusal.code for refusal in asked(shards)} == {"shard-unreachable"}
    broken = InvalidInput(Problem(code="yaml-syntax", message="no", recovery="mend it"))
    assert [refusal.code for refusal in asked(fleet(), broken)] == ["yaml-syntax"]


@pytest.mark.invariant("RG-73")
def test_nothing_of_the_one_before_is_connected_to_without_its_own_proof_of_review() -> None:
    shards = fleet(STATES[1])
    unproven = Refusal(code="spec-not-merged", message="no", recovery="merge it")
    before = Predecessors(
        loaded={KEYSPACE: FIRST}, proof=lambda _f, _e: (unproven,), look_of=looking_at(shards)
    )
    (gate,) = keyspace_gates(before, LATER, environment(LATER))
    assert gate(PLAN) == (unproven,)
    assert shards.looks == 0


def test_where_the_one_before_has_no_such_environment_or_region_there_is_nothing_to_wait_for() -> (
    None
):
    elsewhere = replace(environment(LATER), name="lab")
    assert asked(fleet(), here=elsewhere) == []
    regions = repository(spec=spec_of(REGIONS)).keyspace()
    part = in_region(environment(regions), sorted(REGIONS)[0])
    assert asked(fleet(), regions, replace(part, region="moon")) == []


@pytest.mark.invariant("RG-73")
def test_the_one_before_is_worked_on_before_and_what_becomes_of_it_stops_no_other() -> None:
    order: list[str] = []

    def work(files: DesiredFiles, _environment: Environment) -> str:
        order.append(files.spec.keyspace)
        if files.spec.keyspace == KEYSPACE:
            raise InvalidInput(Problem(code="x", message="no", recovery="mend it"))
        return files.spec.keyspace

    loaded = {"mail": LATER, KEYSPACE: FIRST}
    failed, worked = for_each_keyspace(loaded, ENVIRONMENT, (), work)
    assert order == [KEYSPACE, "mail"]
    assert isinstance(failed, KeyspaceFailed)
    assert worked == "mail"


@pytest.mark.invariant("RG-74")
def test_no_graph_of_jobs_has_the_waves_of_both() -> None:
    refuse_ordered([LATER])
    refuse_ordered([FIRST, replace(LATER, spec=replace(LATER.spec, after=()))])
    with pytest.raises(InvalidInput) as raised:
        refuse_ordered([FIRST, LATER])
    (problem,) = raised.value.problems
    assert problem.code == "parts-of-ordered-keyspaces"
