"""A keyspace is changed when those that its spec puts before it are as git says, and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.keyspace_order import keyspace_gates, left_alone_before, refuse_ordered
from reconciler.flows.keyspaces import for_each_keyspace
from reconciler.guard.model import Refusal
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.compose.apply import apply_document
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    STATES,
    Shards,
    environment,
    fleet,
    predecessors,
    repository,
    with_plan,
)
from tests.sample_regions import REGIONS, spec_of
from tests.unit.flows.test_offline_gates import plan_in

AT_REST = '{shard: "80-", until: 2099-01-31, reason: "its disk is failing"}'
FIRST = repository().keyspace()
LATER = replace(FIRST, spec=replace(FIRST.spec, keyspace="mail", after=(KEYSPACE,)))
PLAN = plan_in(with_plan(repository(), fleet()))


def asked(
    shards: Shards,
    first: DesiredFiles | ReconcilerError = FIRST,
    here: Environment | None = None,
) -> list[Refusal]:
    before = predecessors(shards, loaded={KEYSPACE: first, "mail": LATER})
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
    before = predecessors(shards, loaded={KEYSPACE: FIRST}, proof=lambda _f, _e: (unproven,))
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
def test_it_waits_for_the_one_before_where_only_one_of_them_has_deployments() -> None:
    deployed = repository(spec=f"{SPEC}    deployments: [{{name: a}}]\n").keyspace()
    assert [one.code for one in asked(fleet(), deployed)] == ["keyspace-not-its-turn"]
    here = replace(environment(LATER), name="production.a", deployment_of=ENVIRONMENT)
    for first in (deployed, FIRST):
        assert [one.code for one in asked(fleet(), first, here)] == ["keyspace-not-its-turn"]
    tenant = replace(here, name="production.b")
    assert asked(fleet(), deployed, tenant) == [], "the one before has no such deployment"


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


@pytest.mark.invariant("RG-79")
def test_what_is_in_quarantine_before_it_holds_nothing_up_and_is_named() -> None:
    resting = repository(spec=f"{SPEC}    quarantine: [{AT_REST}]\n").keyspace()
    shards = fleet(STATES[1])
    shards.shown["db-80-"] = None
    assert asked(shards, resting) == []
    loaded: dict[str, DesiredFiles | ReconcilerError] = {KEYSPACE: resting, "mail": LATER}
    before = predecessors(shards, loaded=loaded)
    (told,) = left_alone_before(before, LATER, environment(LATER))
    assert (told.keyspace, told.environment) == (KEYSPACE, ENVIRONMENT)
    outcome = ApplyOutcome(
        environment=ENVIRONMENT,
        keyspace="mail",
        verdict=ApplyVerdict.COMPLETED,
        left_alone_before=(told,),
    )
    said = write_text(apply_document([outcome]))
    assert f"In quarantine in keyspace {KEYSPACE}" in said
    assert "80-, until 2099-01-31: its disk is failing" in said


@pytest.mark.invariant("RG-74")
def test_no_graph_of_jobs_has_the_waves_of_both() -> None:
    refuse_ordered([LATER])
    refuse_ordered([FIRST, replace(LATER, spec=replace(LATER.spec, after=()))])
    with pytest.raises(InvalidInput) as raised:
        refuse_ordered([FIRST, LATER])
    (problem,) = raised.value.problems
    assert problem.code == "parts-of-ordered-keyspaces"
