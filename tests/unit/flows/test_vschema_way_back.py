"""PL-13 where the merged plan or the one that takes it back changes the VSchema: only the way back
from the very plan that waits is planned in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.files import plan_paths, read_plan
from reconciler.ports.files import History
from reconciler.spec.load import load_keyspace
from tests.offline_fleet import ENVIRONMENT, KEYSPACE, STATES, Files, environment, world
from tests.unit.flows.test_vschema import codes, permitted, planned, repository, shards, vitess

LISTED: dict[str, Any] = {"tables": {"users": {}}}
TAKES_AGE = '{table: users, hazard: drop-column, object: age, reason: "unused"}'


class Branch:
    """It has had the plan."""

    def __init__(self, merged: Files) -> None:
        self._plan = merged.content[plan_paths(ENVIRONMENT, KEYSPACE).json]

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter([self._plan])


def merged(document: Any, definition: str) -> Files:
    """Of shards without the column and a VSchema without the table; nothing of it has run."""
    files = repository(document, definition, permitted(TAKES_AGE))
    keep_plan(planned(files, vitess({})), files, files)
    return files


def planned_behind(
    waits: Files, document: Any, definition: str, *, takes_back: str | None = None
) -> PlanOutcome:
    keyspace = load_keyspace(
        repository(document, definition, permitted(TAKES_AGE)), "specs/shop.yaml"
    )
    return plan_keyspace(
        world(shards(), vitess({})),
        keyspace,
        environment(keyspace),
        protected=waits,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
        takes_back=takes_back,
        history=cast(History, Branch(waits)),
    )


@pytest.mark.invariant("PL-13")
@pytest.mark.parametrize(
    ("waits", "after", "is_planned"),
    [
        ((LISTED, STATES[0]), ({}, STATES[0]), True),
        ((LISTED, STATES[0]), ({}, STATES[1]), False),
        (({}, STATES[1]), ({}, STATES[0]), True),
        (({}, STATES[1]), (LISTED, STATES[0]), False),
        ((LISTED, STATES[1]), ({}, STATES[0]), True),
        ((LISTED, STATES[1]), (LISTED, STATES[0]), False),
        ((LISTED, STATES[1]), ({}, STATES[1]), False),
    ],
)
def test_what_takes_back_more_than_the_plan_that_waits_or_less_waits_for_it(
    waits: tuple[Any, str], after: tuple[Any, str], is_planned: bool
) -> None:
    outcome = planned_behind(merged(*waits), *after)
    assert codes(outcome) == ([] if is_planned else ["pending-apply"])


@pytest.mark.invariant("PL-13")
@pytest.mark.parametrize("document", [{}, LISTED])
def test_a_vschema_that_the_plan_left_alone_is_none_of_the_way_back_that_names_it(
    document: Any,
) -> None:
    waits = merged({}, STATES[1])
    plan = read_plan(waits, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    outcome = planned_behind(waits, document, STATES[0], takes_back=plan.plan_id)
    assert codes(outcome) == (["pending-apply"] if document else [])
