"""Plans for simulated fleets: as many shards, tables and statements as a test asks for.

A table's definition is its name and a version number; a statement takes it one version further.
"""

from __future__ import annotations

import hashlib

from reconciler.ddl.fingerprint import NORMALIZER_VERSION, RENDERER_VERSION, schema_fingerprint
from reconciler.diff.model import Operation
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.policy import Policy
from reconciler.plan.codec import plan_from_core
from reconciler.plan.hazards import HAZARDS_VERSION
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    ObjectBefore,
    Plan,
    PlanCore,
    PlanMeta,
    PlannedStatement,
    RuleVersions,
)
from reconciler.rollout.waves import waves_of
from reconciler.spec.model import Connection, Environment, RolloutSpec, ShardSpec

SHARDS = ("-40", "40-80", "80-c0", "c0-")
TABLES = ("orders", "users")


def definition(table: str, version: int) -> str:
    return f"{table} v{version}"


def fingerprint(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def environment(
    rollout: RolloutSpec, shards: tuple[str, ...] = SHARDS, host: str = "{shard}.example"
) -> Environment:
    specs = tuple(ShardSpec(name=name, connection=Connection(host=host)) for name in shards)
    return Environment(name="production", shards=specs, rollout=rollout)


def statement(
    table: str,
    before: int,
    *,
    row_ceiling: int | None = None,
    engine: EngineName = EngineName.DIRECT,
) -> PlannedStatement:
    return PlannedStatement(
        object_id=table_id(table),
        operation=Operation.ALTER_TABLE,
        sql=f"ALTER TABLE `{table}` ADD COLUMN `c{before}` int, ALGORITHM=INSTANT",
        execution=ExecutionClass(algorithm=Algorithm.INSTANT),
        effects=(
            Effect(
                object_id=table_id(table),
                before=fingerprint(definition(table, before)),
                after=fingerprint(definition(table, before + 1)),
            ),
        ),
        row_ceiling=row_ceiling,
        engine=engine,
    )


def interleaved(
    tables: tuple[str, ...], each: int, engine: EngineName = EngineName.DIRECT
) -> tuple[PlannedStatement, ...]:
    """Statements of several tables in turns, as dropping foreign keys first makes them."""
    return tuple(
        statement(table, version, engine=engine) for version in range(each) for table in tables
    )


def plan_for(
    rollout: RolloutSpec,
    *,
    shards: tuple[str, ...] = SHARDS,
    tables: tuple[str, ...] = TABLES,
    each: int = 2,
    matching: tuple[str, ...] = (),
    statements: tuple[PlannedStatement, ...] | None = None,
    engine: EngineName = EngineName.DIRECT,
) -> Plan:
    """All shards but the matching ones share one change set."""
    chain = statements or interleaved(tables, each, engine)
    ends = {table: sum(s.object_id == table_id(table) for s in chain) for table in tables}
    before = schema_fingerprint({table_id(t): fingerprint(definition(t, 0)) for t in tables})
    after = schema_fingerprint({table_id(t): fingerprint(definition(t, ends[t])) for t in tables})
    change_set = ChangeSet(
        before=before,
        after=after,
        touched=tuple(
            ObjectBefore(object_id=table_id(t), definition=definition(t, 0)) for t in sorted(tables)
        ),
        statements=chain,
        shards=tuple(shard for shard in shards if shard not in matching),
    )
    core = PlanCore(
        environment="production",
        keyspace="commerce",
        server="mysql 9.7",
        rules=RuleVersions(
            normalizer=NORMALIZER_VERSION, renderer=RENDERER_VERSION, hazards=HAZARDS_VERSION
        ),
        inputs=(),
        policy=Policy(),
        shards=shards,
        waves=waves_of(shards, rollout),
        managed=tuple(map(table_id, sorted(tables))),
        change_sets=(change_set,),
        matching=matching,
        after=after,
    )
    return plan_from_core(core, PlanMeta(created_at="", tool_version="test"))
