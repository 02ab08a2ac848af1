"""A controller's snapshot that holds all that must not be told: hosts, logins, statements."""

from __future__ import annotations

from reconciler.controller.model import (
    Place,
    Recorded,
    Standing,
    Task,
    TaskKind,
    WaitsFor,
    Wanted,
)
from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.states import ApplyState
from reconciler.model.object_id import table_id
from reconciler.outcomes.controller import PlaceView, Snapshot
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark, TableDifference
from reconciler.outcomes.failed import KeyspaceFailed

SHOP, BILLING = Place("production", "shop"), Place("production", "billing")
COMMERCE = Place("production", "commerce")
HOST, LOGIN, PASSWORD = "db7.internal:3306", "schema_writer", "hunter2-hunter2"
SQL = "ALTER TABLE `users` DROP COLUMN `age`"
SAID = f"Access denied for user '{LOGIN}'@'{HOST}' (using {PASSWORD}) in {SQL}"
UNTOLD = (HOST, "db7", LOGIN, PASSWORD, SQL, "ALTER", "Access denied")

DRIFT = DriftOutcome(
    environment="production",
    keyspace="shop",
    groups=(
        DriftGroup(
            mark=ShardMark.DRIFTED,
            shards=("-80",),
            differences=(TableDifference(object_id=table_id("users"), what=SAID, repair=(SQL,)),),
        ),
        DriftGroup(
            mark=ShardMark.UNREACHABLE, shards=("80-",), code="shard-unreachable", reason=SAID
        ),
    ),
    refusals=(Refusal(code="unreadable", message=SAID, recovery=SAID),),
)
FAILED = KeyspaceFailed(
    environment="production",
    keyspace="billing",
    problems=(Problem(code="ledger-unavailable", message=SAID, recovery=SAID),),
    exit_code=1,
)


def view(place: Place, drift: DriftOutcome | KeyspaceFailed | None) -> PlaceView:
    return PlaceView(
        wanted=Wanted(place=place, work="sha256:1", plan_id="sha256:1", drift_every_s=3600.0),
        apply=Standing(WaitsFor.LATER, 130.0),
        drift_due=Standing(WaitsFor.RUNNING),
        recorded=Recorded(mark="1 running", plan_id="sha256:1", state=ApplyState.RUNNING),
        drift=drift,
        looked_at_s=1_700_000_000.0,
    )


def snapshot(turned_s: float = 100.0) -> Snapshot:
    return Snapshot(
        turned_s=turned_s,
        fetched_s=turned_s,
        fetch_failures=0,
        commit="c" * 40,
        places=(view(BILLING, FAILED), view(COMMERCE, None), view(SHOP, DRIFT)),
        led=frozenset({SHOP}),
        running=frozenset({Task(TaskKind.DRIFT, SHOP)}),
    )
