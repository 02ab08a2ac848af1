"""A stored plan of each format is read, verified and applied by this version; none is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.policy import Hazard
from reconciler.plan.hazards import hazards_of
from reconciler.plan.hazards.statement_context import StatementContext
from reconciler.plan.model import PLAN_FORMAT
from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor
from tests.integration.stored_plans import (
    SHARDS,
    STORED_PLANS,
    database_of,
    set_up,
    take_down,
    variables,
)


def test_a_plan_of_this_format_is_stored() -> None:
    assert f"plan-{PLAN_FORMAT}" in [stored.name for stored in STORED_PLANS]


@pytest.fixture(params=STORED_PLANS, ids=lambda stored: stored.name)
def fleet(
    request: pytest.FixtureRequest,
    mysql_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Fleet]:
    set_up(request.param, mysql_server, tmp_path)
    for name, value in variables(mysql_server).items():
        monkeypatch.setenv(name, value)
    # Stored quarantines end on a date; how near it has to be, other tests say.
    monkeypatch.setattr("reconciler.observe.quarantine.QUARANTINE_DAYS_MAX", 1_000_000)
    made = Fleet(tmp_path, [mysql_server], lambda _: "", monkeypatch)
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit("as it was committed")
    yield made
    take_down(mysql_server)


@pytest.mark.invariant("PL-14")
def test_a_stored_plan_is_verified_and_applied(fleet: Fleet) -> None:
    assert fleet.run("verify").code == 0
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    core = json.loads(fleet.read("plans/production/shop.plan.json"))["core"]
    for shard in SHARDS:
        columns = ["id", "user_id", *([] if shard in core["shards"] else ["legacy"])]
        with admin_cursor(fleet.servers[0], database_of(shard)) as cursor:
            cursor.execute("SHOW COLUMNS FROM orders")
            assert [str(row[0]) for row in cursor.fetchall()] == columns
    assert "nothing to do" in fleet.run("apply").said


@pytest.mark.invariant("PL-14")
def test_other_words_refuse_no_stored_plan(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of this program words a class, an effect and every reason otherwise."""
    monkeypatch.setattr("reconciler.plan.readable.remark", lambda text: f"-- otherwise: {text}")
    monkeypatch.setattr("reconciler.prove.change_set.hazards_of", in_other_words)
    assert fleet.run("verify").code == 0
    assert fleet.run("apply").code == 0


def in_other_words(context: StatementContext) -> tuple[Hazard, ...]:
    return tuple(replace(hazard, reason="it hurts") for hazard in hazards_of(context))


@pytest.mark.invariant("PL-14")
def test_planning_again_leaves_a_stored_plan_as_it_is(fleet: Fleet) -> None:
    before = fleet.read("plans/production/shop.plan.json")
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert fleet.read("plans/production/shop.plan.json") == before
