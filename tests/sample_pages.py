"""Outcomes to look at as pages: with definitions on both sides, and of fleets of any size."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem
from reconciler.ledger.states import OperationState
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.outcomes.apply import ApplyStatus, OperationRow, ShardRow, StatusOutcome, WaveRow
from reconciler.outcomes.definitions import Link, Wanted
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark, TableDifference
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.model import ObjectBefore, Plan
from tests.golden import samples
from tests.golden.scenarios import START_S, STATUS
from tests.sample_plans import with_core

NOW_S = START_S + 600
FAILURE = Problem(
    code="statement-failed",
    message="table users: the server refused the statement (error 1205)",
    recovery="find what holds the lock, then `reconciler resume`",
)
LINKS = (Link("orders", "users"), Link("order_lines", "orders"), Link("coupons", "users"))
WANTED = Wanted(
    texts=(
        (table_id("orders"), samples.ORDERS_SHORTER),
        (table_id("users"), samples.USERS_WITH_INDEX),
    ),
    links=LINKS,
    links_found=LINKS[:2],
)


def plan_outcome(made: Plan, wanted: Wanted | None = WANTED) -> PlanOutcome:
    """With both definitions as the shards have them."""
    before = {"orders": samples.ORDERS, "users": samples.USERS}
    sets = tuple(
        replace(
            found,
            touched=tuple(
                ObjectBefore(object_id=one.object_id, definition=before.get(one.object_id.name))
                for one in found.touched
            ),
        )
        for found in made.core.change_sets
    )
    plan = with_core(replace(made.core, change_sets=sets))
    return PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=replace(plan, meta=made.meta),
        estimate=samples.estimate(made),
        wanted=wanted,
    )


def wide_plan(count: int) -> PlanOutcome:
    """Two change sets, some shards that match, four waves."""
    shards = even_shards(count)
    many = count * 3 // 4
    made = samples.plan(
        samples.change_set(shards[:many], samples.ADD_EMAIL, samples.SHORTEN_NOTE),
        samples.change_set(shards[many : count - count // 16], samples.ADD_EMAIL),
        shards=shards,
        waves=(shards[:2], shards[2 : count // 8], shards[count // 8 : many], shards[many:]),
    )
    return plan_outcome(made)


def wide_status(count: int) -> StatusOutcome:
    """The first two waves are done but for failures that are alike, the third runs."""
    shards = even_shards(count)
    parts = (shards[:2], shards[2 : count // 2], shards[count // 2 :])
    rows = tuple(
        _row(shard, wave, number)
        for wave, part in enumerate(parts, start=1)
        for number, shard in enumerate(part)
    )
    apply = replace(
        STATUS,
        shards=rows,
        waves=tuple(_wave(wave, part, rows) for wave, part in enumerate(parts, start=1)),
        problem=next((row.problem for row in rows if row.problem), None),
    )
    return StatusOutcome(environment="production", applies=(apply,), now_s=NOW_S)


def past(*applies: ApplyStatus) -> StatusOutcome:
    return StatusOutcome(environment="production", applies=applies, now_s=NOW_S)


def wide_drift(count: int) -> DriftOutcome:
    shards = even_shards(count)
    few = max(count // 32, 1)
    return DriftOutcome(
        environment="production",
        keyspace="commerce",
        groups=(
            DriftGroup(mark=ShardMark.MATCHING, shards=shards[3 * few :]),
            DriftGroup(
                mark=ShardMark.DRIFTED, shards=shards[:few], differences=(difference("users"),)
            ),
            DriftGroup(
                mark=ShardMark.DRIFTED,
                shards=shards[few : 2 * few],
                differences=(difference("orders"), difference("users")),
            ),
            DriftGroup(
                mark=ShardMark.UNREACHABLE,
                shards=shards[2 * few : 3 * few],
                code="shard-unreachable",
                reason="the server does not answer",
                recovery="see that it runs, then look again",
            ),
        ),
    )


def difference(table: str) -> TableDifference:
    git = {"users": samples.USERS, "orders": samples.ORDERS}[table]
    return TableDifference(
        object_id=table_id(table),
        what="index by_hand is on live, not in git",
        repair=(f"ALTER TABLE `{table}` DROP INDEX `by_hand`",),
        git=git,
        live=git.replace("PRIMARY KEY (`id`)", "PRIMARY KEY (`id`),\n  KEY `by_hand` (`id`)"),
    )


def _row(shard: str, wave: int, number: int) -> ShardRow:
    start_s = START_S + 60 * wave + number % 50
    if wave == 3:
        state = OperationState.RUNNING if number < 8 else OperationState.PENDING
    else:
        state = (
            OperationState.FAILED if wave == 2 and number % 40 == 7 else OperationState.COMPLETED
        )
    begun = state is not OperationState.PENDING
    settled = state in (OperationState.COMPLETED, OperationState.FAILED)
    operation = OperationRow(
        object_id=table_id("users"),
        state=state,
        statements=2,
        statements_done=2 if state is OperationState.COMPLETED else 0,
        started_s=start_s if begun else None,
        settled_s=start_s + 3 + number % 40 if settled else None,
        problem=FAILURE if state is OperationState.FAILED else None,
    )
    return ShardRow(shard=shard, wave=wave, state=state, operations=(operation,))


def _wave(wave: int, shards: tuple[str, ...], rows: tuple[ShardRow, ...]) -> WaveRow:
    states = [row.state for row in rows if row.wave == wave]
    return WaveRow(
        number=wave,
        shards=shards,
        completed=states.count(OperationState.COMPLETED),
        failed=states.count(OperationState.FAILED),
        running=states.count(OperationState.RUNNING),
    )
