"""What a page compares: both sides of each definition, as the servers print them."""

from __future__ import annotations

from reconciler.flows.drift import find_drift
from reconciler.flows.plan import plan_keyspace
from reconciler.model.object_id import table_id
from tests.offline_fleet import STATES, environment, fleet, no_ledger, repository, world

USERS = table_id("users")


def test_a_plan_brings_gits_side_of_what_it_touches() -> None:
    files = repository(STATES[1])
    keyspace = files.keyspace()
    outcome = plan_keyspace(
        world(fleet(STATES[0])),
        keyspace,
        environment(keyspace),
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )
    assert outcome.wanted is not None
    assert outcome.plan is not None
    (change_set,) = outcome.plan.core.change_sets
    (before,) = change_set.touched
    assert (before.object_id, before.definition) == (USERS, STATES[0])
    assert dict(outcome.wanted.texts) == {USERS: STATES[1]}


def test_drift_brings_both_sides_of_what_differs() -> None:
    files = repository(STATES[1])
    keyspace = files.keyspace()
    outcome = find_drift(
        world(fleet(STATES[0])),
        keyspace,
        environment(keyspace),
        tree=files,
        open_ledger=no_ledger,
    )
    (group,) = outcome.groups
    (found,) = group.differences
    assert (found.object_id, found.git, found.live) == (USERS, STATES[1], STATES[0])
