"""What is in the way of an engine is asked of a table by each name that it has in the plan."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.diff.model import Operation
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Schema, Table
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.model import Algorithm, Effect, ExecutionClass
from reconciler.prove.chain import Ran
from reconciler.prove.engines import give_engines
from reconciler.prove.request import EngineChoices, ProofRequest
from reconciler.spec.model import EngineRules
from tests.offline_fleet import SETTINGS


def table(name: str, sql_type: str) -> Table:
    columns = f"  `id` int NOT NULL,\n  `a` {sql_type} DEFAULT NULL,\n  PRIMARY KEY (`id`)"
    options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    return read_table(f"CREATE TABLE `{name}` (\n{columns}\n) {options}", SETTINGS.version)


@pytest.mark.invariant("PG-36")
@pytest.mark.parametrize("known_as", ["t", "u"])
def test_a_trigger_of_a_table_that_is_renamed_is_in_the_way(known_as: str) -> None:
    """One that is there is known by the old name, one that is to come by the new one."""
    desired = Schema(tables=(table("u", "bigint"),))
    renames = (Rename(kind=RenameKind.TABLE, table="u", old="t", new="u"),)
    found = diff_schemas(
        Schema(tables=(table("t", "int"),)),
        desired,
        policy=Policy(),
        renames=renames,
        version=SETTINGS.version,
    )
    (step,) = (step for step in found.steps if step.operation is Operation.ALTER_TABLE)
    request = ProofRequest(
        observed=(ObservedShard(shard="-", settings=SETTINGS, definitions=()),),
        texts={},
        steps=found.steps,
        desired=desired,
        policy=Policy(),
        renames=renames,
        reader=DefinitionReader(Policy()),
        engines=EngineChoices(
            rules=EngineRules(default=(EngineName.GH_OST,)), triggers={known_as: ("x",)}
        ),
    )
    ran = Ran(
        place=0,
        step=step,
        clauses=step.clauses,
        sql="ALTER TABLE `u` MODIFY COLUMN `a` bigint, ALGORITHM=COPY",
        execution=ExecutionClass(algorithm=Algorithm.COPY, rebuilds=True),
        effects=(Effect(object_id=table_id("u"), before="a", after="b"),),
    )
    (refusal,) = give_engines(request, [ran])
    assert "trigger x" in getattr(refusal, "message", ""), refusal
