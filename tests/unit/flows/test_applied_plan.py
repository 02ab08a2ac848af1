"""What `status` says of a running apply's statements is of the plan that it runs, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.errors import InvalidInput, Problem
from reconciler.flows.applied_plan import AppliedPlans
from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.model import Plan
from reconciler.report.compose.apply import status_document
from reconciler.report.write.text import write_text
from reconciler.spec.model import Region
from reconciler.spec.tree import FileTree
from tests.golden.scenarios import PENDING, START_S, STATUS, operation, row
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SHARDS,
    STATES,
    Files,
    environment,
    fleet,
    repository,
    with_plan,
)

HERE = with_plan(repository(), fleet())
LATER = with_plan(repository(STATES[2]), fleet(STATES[1], staging=STATES[2]))
COMMIT = "4f1c2ab" + 33 * "0"


def plan_in(files: Files) -> Plan:
    found = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert found is not None
    return found


def running(*, region: str | None = None) -> ApplyStatus:
    """The plan of `HERE`; the ledger knows nothing of it but its id."""
    return replace(
        STATUS,
        environment=ENVIRONMENT,
        keyspace=KEYSPACE,
        region=region,
        plan_id=plan_in(HERE).plan_id,
        commit=COMMIT,
        waves=(),
        shards=tuple(row(shard, 1, operation("users", PENDING, 0)) for shard in SHARDS),
        plan=None,
    )


def at(files: Files) -> Callable[[str], FileTree]:
    return lambda _commit: files


def no_such_commit(commit: str) -> FileTree:
    told = Problem(code="ref-unknown", message=f"{commit!r} names no commit", recovery="fetch it")
    raise InvalidInput(told)


@pytest.mark.invariant("RP-35")
def test_the_plan_is_found_by_its_id_in_the_files_at_hand_or_in_the_commit() -> None:
    where = environment(HERE.keyspace())
    for at_hand in (HERE, LATER, Files()):
        asked: list[str] = []

        def of_commit(commit: str, asked: list[str] = asked) -> FileTree:
            asked.append(commit)
            return HERE

        plans = AppliedPlans(at(at_hand), of_commit)
        assert plans.with_plan(running(), where).plan == plan_in(HERE)
        assert plans.with_plan(running(), where).plan == plan_in(HERE)
        assert asked == ([] if at_hand is HERE else [COMMIT]), "and is looked for once"


@pytest.mark.invariant("RP-35")
def test_nothing_is_said_of_another_plan_or_of_one_that_cannot_be_read() -> None:
    where = environment(HERE.keyspace())
    edited = HERE.copy()
    path = plan_paths(ENVIRONMENT, KEYSPACE).json
    edited.content[path] = edited.content[path].replace(b"INSTANT", b"COPY   ", 1)
    assert edited.content[path] != HERE.content[path]
    for at_hand in (LATER, Files(), edited):
        plans = AppliedPlans(at(at_hand), no_such_commit)
        assert plans.with_plan(running(), where).plan is None


@pytest.mark.invariant("RP-35")
def test_a_regions_apply_is_told_of_its_own_shards() -> None:
    regions = tuple(Region(name=f"r{shard}", shards=(shard,)) for shard in SHARDS)
    where = replace(environment(HERE.keyspace()), regions=regions)
    apply = replace(running(region="r-80"), shards=running().shards[:1])
    told = AppliedPlans(at(HERE)).with_plan(apply, where)
    assert told.plan is not None
    assert [one.shards for one in told.plan.core.change_sets] == [("-80",)]
    outcome = StatusOutcome(environment=ENVIRONMENT, applies=(told,), now_s=START_S)
    assert "done before" not in write_text(status_document(outcome))


@pytest.mark.invariant("RP-35")
def test_statements_of_a_running_apply_stand_once_with_the_states_of_their_shards() -> None:
    told = AppliedPlans(at(HERE)).with_plan(running(), environment(HERE.keyspace()))
    outcome = StatusOutcome(environment=ENVIRONMENT, applies=(told,), now_s=START_S)
    text = write_text(status_document(outcome))
    assert "Change set 1 of 1: all 2 shards\n  not begun\n  1.1  ALTER TABLE `users`" in text
    assert text.count("ALTER TABLE") == 1
