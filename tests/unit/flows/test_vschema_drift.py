"""The VSchema when nobody plans: where it has left git, and how a change of it is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import InvalidInput, Problem, Refused, Unavailable
from reconciler.flows.drift import find_drift
from reconciler.flows.plan import keep_plan
from reconciler.flows.revert import Reverted, revert_files
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.plan.model import Plan
from reconciler.ports.ledger import Ledger
from reconciler.spec.load import load_keyspace
from reconciler.vschema.live import live_vschema
from tests.offline_fleet import STATES, Files, Shards, environment, world
from tests.offline_vitess import OfflineVitess
from tests.unit.flows.test_vschema import (
    FLIP,
    PATH,
    ROUTED,
    SHARDED,
    permitted,
    plan_of,
    planned,
    repository,
    shards,
    vitess,
)


def no_ledger() -> Ledger:
    raise Unavailable(Problem(code="ledger-unavailable", message="gone", recovery="fix it"))


def drifted(files: Files, live: OfflineVitess, fleet: Shards | None = None) -> DriftOutcome:
    keyspace = load_keyspace(files, "specs/shop.yaml")
    return find_drift(
        world(fleet or shards(), live),
        keyspace,
        environment(keyspace),
        tree=files,
        open_ledger=no_ledger,
    )


def mark(outcome: DriftOutcome) -> ShardMark:
    assert outcome.vschema is not None
    return outcome.vschema.mark


def with_plan(files: Files, live: OfflineVitess, fleet: Shards | None = None) -> Plan:
    """The repository then holds the plan of its own change."""
    plan = plan_of(planned(files, live, fleet))
    keep_plan(planned(files, live, fleet), files, files)
    return plan


def test_a_vschema_that_git_has_is_matching() -> None:
    outcome = drifted(repository(), vitess())
    assert mark(outcome) is ShardMark.MATCHING
    assert drift_code(outcome) is ExitCode.FINE


@pytest.mark.invariant("RP-8")
def test_one_that_somebody_changed_is_drift_though_every_shard_matches() -> None:
    outcome = drifted(repository(), vitess(SHARDED))
    assert mark(outcome) is ShardMark.DRIFTED
    assert [group.mark for group in outcome.groups] == [ShardMark.MATCHING]
    assert drift_code(outcome) is ExitCode.DIFFERENCES
    assert outcome.vschema is not None
    assert live_vschema(outcome.vschema.live) == live_vschema(json.dumps(SHARDED))
    assert live_vschema(outcome.vschema.git) == live_vschema(json.dumps(ROUTED))
    assert outcome.pending_plan_id is None


@pytest.mark.parametrize("live", [{}, SHARDED])
def test_one_on_the_way_of_a_merged_plan_is_pending_before_and_between_its_steps(
    live: dict[str, Any],
) -> None:
    files = repository(definition=STATES[1], more=permitted(FLIP))
    plan = with_plan(files, vitess({}))
    assert len(plan.core.vschema) == 2
    outcome = drifted(files, vitess(live))
    assert mark(outcome) is ShardMark.PENDING_APPLY
    assert outcome.pending_plan_id == plan.plan_id
    assert drift_code(outcome) is ExitCode.DIFFERENCES


def test_one_behind_the_shards_is_pending_when_they_are_done() -> None:
    """A step that failed for now, say: nothing else tells that the apply is not over."""
    files = repository(definition=STATES[1], more=permitted(FLIP))
    plan = with_plan(files, vitess({}))
    outcome = drifted(files, vitess(SHARDED), shards(STATES[1]))
    assert [group.mark for group in outcome.groups] == [ShardMark.MATCHING]
    assert mark(outcome) is ShardMark.PENDING_APPLY
    assert outcome.pending_plan_id == plan.plan_id


def test_one_off_the_way_of_a_merged_plan_is_drift() -> None:
    files = repository(more=permitted(FLIP))
    with_plan(files, vitess({}))
    strangers = ROUTED | {"tables": ROUTED["tables"] | {"strangers": ROUTED["tables"]["users"]}}
    assert mark(drifted(files, vitess(strangers))) is ShardMark.DRIFTED


@pytest.mark.invariant("GD-5")
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda live: setattr(live, "silent", True), Unavailable),
        (lambda live: setattr(live, "text", '{"unheard_of": 1}'), Refused),
    ],
)
def test_one_that_could_not_be_read_is_never_in_sync(
    spoil: Callable[[OfflineVitess], None], error: type[Exception]
) -> None:
    live = vitess()
    spoil(live)
    with pytest.raises(error):
        drifted(repository(), live)


def reverted(
    files: Files, plan: Plan, live: OfflineVitess, fleet: Shards | None = None
) -> Reverted:
    keyspace = load_keyspace(files, "specs/shop.yaml")
    looked = world(fleet or shards(), live)
    return revert_files(looked, plan, keyspace, environment(keyspace), files, open_ledger=no_ledger)


def test_a_plan_of_the_vschema_alone_is_taken_back_by_its_file() -> None:
    files = repository(more=permitted(FLIP))
    plan = with_plan(files, vitess({}))
    found = reverted(files, plan, vitess())
    assert (found.written, found.removed) == ((PATH,), ())
    keyspace = load_keyspace(files, "specs/shop.yaml")
    assert keyspace.vschema is not None
    assert keyspace.vschema.vschema == live_vschema("{}")


def test_a_plan_of_both_is_taken_back_in_both() -> None:
    files = repository(definition=STATES[1], more=permitted(FLIP))
    plan = with_plan(files, vitess({}))
    found = reverted(files, plan, vitess(), shards(STATES[1]))
    assert found.written == ("schemas/shop/users.sql", PATH)


def test_rows_that_were_spread_otherwise_are_told_before_it_is_taken_back() -> None:
    other = ROUTED | {"vindexes": {"hash": {"type": "xxhash"}}}
    allow = '{vindex: hash, hazard: unreachable-rows, reason: "the table is empty"}'
    files = repository(other, more=permitted(allow))
    plan = with_plan(files, vitess())
    found = reverted(files, plan, vitess(other))
    assert any(
        "rows written since are where the plan's vindex put them" in one for one in found.lost
    )


def test_a_vschema_that_was_changed_since_is_not_taken_back_unseen() -> None:
    files = repository(more=permitted(FLIP))
    plan = with_plan(files, vitess({}))
    later = ROUTED | {"vindexes": {"hash": {"type": "xxhash"}}}
    files.write(PATH, json.dumps(later).encode())
    with pytest.raises(Refused, match="something was changed after it"):
        reverted(files, plan, vitess(later))


def test_what_changed_nothing_has_no_way_back() -> None:
    plan = plan_of(planned(repository(), vitess()))
    with pytest.raises(InvalidInput, match="changes nothing"):
        reverted(repository(), plan, vitess())
