"""Plans to test with: whole and sound, small, and made from a few arguments."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectId, table_id
from reconciler.model.policy import Hazard, HazardKind, Policy
from reconciler.plan.codec import plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    InputDigest,
    ObjectBefore,
    Plan,
    PlanCore,
    PlanMeta,
    PlannedStatement,
    RuleVersions,
)
from reconciler.plan.readable import render_readable_sql

SHARDS = ("-40", "40-80", "80-c0", "c0-")
META = PlanMeta(created_at="2026-01-02T03:04:05Z", tool_version="0")


def digest(of: str) -> str:
    """A well-formed digest of an input file."""
    return fingerprint(of).removeprefix("sha256:")


def fingerprint(of: str) -> str:
    """A well-formed fingerprint that stands for a state, e.g. 'users 2'."""
    return "sha256:" + hashlib.sha256(of.encode()).hexdigest()


def statement(table: str, state: int, sql: str | None = None) -> PlannedStatement:
    """The statement that takes `table` from state n to state n + 1."""
    return PlannedStatement(
        object_id=table_id(table),
        operation=Operation.ALTER_TABLE,
        sql=sql or f"ALTER TABLE `{table}` ADD COLUMN `c{state}` int, ALGORITHM=INSTANT",
        execution=ExecutionClass(algorithm=Algorithm.INSTANT),
        effects=(
            Effect(
                object_id=table_id(table),
                before=fingerprint(f"{table} {state}"),
                after=fingerprint(f"{table} {state + 1}"),
            ),
        ),
    )


def live(**states: int) -> dict[ObjectId, str]:
    """Fingerprints by table: live(users=0, orders=1)."""
    return {table_id(table): fingerprint(f"{table} {state}") for table, state in states.items()}


DESIRED = live(orders=1, users=2, zones=0)
BEFORE = live(orders=0, users=0, zones=0)


def sample_plan(
    changing: tuple[str, ...] = SHARDS[:3], matching: tuple[str, ...] = SHARDS[3:]
) -> Plan:
    """Three statements on two of three tables: users, orders, users."""
    change_set = ChangeSet(
        before=schema_fingerprint(BEFORE),
        after=schema_fingerprint(DESIRED),
        touched=(
            ObjectBefore(object_id=table_id("orders"), definition="CREATE TABLE `orders` (…)"),
            ObjectBefore(object_id=table_id("users"), definition="CREATE TABLE `users` (…)"),
        ),
        statements=(statement("users", 0), statement("orders", 0), statement("users", 1)),
        shards=changing,
    )
    shards = tuple(shard for shard in SHARDS if shard in {*changing, *matching})
    return with_core(
        PlanCore(
            environment="production",
            keyspace="commerce",
            server="mysql 9.7",
            rules=RuleVersions(normalizer=1, renderer=1, hazards=1),
            inputs=(InputDigest(path="specs/commerce.yaml", sha256=digest("spec")),),
            policy=Policy(ignore_tables=("_*",)),
            shards=shards,
            waves=(shards[:1], shards[1:]),
            managed=tuple(map(table_id, ("orders", "users", "zones"))),
            change_sets=(change_set,) if changing else (),
            matching=matching,
            after=schema_fingerprint(DESIRED),
        )
    )


def with_hazards(*reasons: str) -> Plan:
    """The sample, with a hazard for each reason on its first statement."""
    plan = sample_plan()
    change_set = plan.core.change_sets[0]
    first, *rest = change_set.statements
    hazards = tuple(
        Hazard(kind=HazardKind.RENAME, object=f"c{n}", reason=reason, needs_permission=True)
        for n, reason in enumerate(reasons or ("it may hurt",))
    )
    statements = (replace(first, hazards=hazards), *rest)
    change_set = replace(change_set, statements=statements)
    return with_core(replace(plan.core, change_sets=(change_set,)))


def with_core(core: PlanCore) -> Plan:
    """The plan of a core, with the readable file bound to it."""
    return plan_from_core(with_words(core, render_readable_sql(core)), META)
