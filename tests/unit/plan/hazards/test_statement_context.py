"""Hazards that take more than one table, or another operation than ALTER TABLE."""

from __future__ import annotations

from dataclasses import replace

from reconciler.diff.model import Clause, ClauseKind, Operation, Step
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column, ForeignKey, Table
from reconciler.plan.hazards import hazards_of
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import Algorithm, ExecutionClass, Lock

PLAIN = Table(
    name="child",
    columns=(Column(name="id", sql_type="int", nullable=False), Column(name="p", sql_type="int")),
    options=(("ENGINE", "InnoDB"),),
)
REFERRING = replace(
    PLAIN,
    foreign_keys=(
        ForeignKey(
            name="f",
            columns=("p",),
            parent_database="other",
            parent_table="parent",
            parent_columns=("id",),
        ),
    ),
)
CHEAP = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE)


def hazards(step: Step) -> list[Hazard]:
    return list(hazards_of(StatementContext(step=step, clauses=step.clauses, execution=CHEAP)))


def alter(before: Table, after: Table, *clauses: Clause) -> Step:
    return Step(
        operation=Operation.ALTER_TABLE,
        table=after.name,
        before=before,
        after=after,
        clauses=clauses,
    )


ADD_KEY = Clause(kind=ClauseKind.ADD_FOREIGN_KEY, object="f", sql="ADD CONSTRAINT `f` ...")


def test_a_foreign_key_added_with_checks_names_the_query_that_finds_orphans() -> None:
    (found,) = hazards(alter(PLAIN, REFERRING, ADD_KEY))
    assert found.kind is HazardKind.MAY_FAIL_ON_ROWS
    assert found.reason.endswith(
        "SELECT * FROM `child` AS child_row WHERE child_row.`p` IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM `other`.`parent` AS parent_row WHERE parent_row.`id` = child_row.`p`)"
        " LIMIT 10"
    )


def test_a_foreign_key_added_without_checks_needs_permission_because_orphans_stay() -> None:
    step = replace(alter(PLAIN, REFERRING, ADD_KEY), foreign_key_checks=False)
    (found,) = hazards(step)
    assert (found.kind, found.object) == (HazardKind.UNCHECKED_ROWS, "f")
    assert found.needs_permission


def test_a_table_rename_is_a_finding_about_the_old_table() -> None:
    step = Step(
        operation=Operation.RENAME_TABLE,
        table="child",
        before=PLAIN,
        after=replace(PLAIN, name="kid"),
        sql="RENAME TABLE `child` TO `kid`",
    )
    (found,) = hazards(step)
    assert (found.kind, found.object) == (HazardKind.RENAME, "child")


def test_old_names_are_known_to_every_statement_of_the_table() -> None:
    rename = Clause(
        kind=ClauseKind.RENAME_COLUMN, object="new", sql="RENAME COLUMN ...", renamed_from="old"
    )
    other = Clause(kind=ClauseKind.ADD_INDEX, object="k", sql="ADD KEY ...")
    steps = (alter(PLAIN, PLAIN, rename), alter(PLAIN, PLAIN, other))
    assert old_column_names(steps, "child") == {"new": "old"}
    assert old_column_names(steps, "stranger") == {}


def test_partition_operations_of_mariadb_tell_no_lock_and_may_block_writes() -> None:
    clause = Clause(
        kind=ClauseKind.REORGANIZE_PARTITION, object="p", sql="REORGANIZE PARTITION ..."
    )
    step = alter(PLAIN, PLAIN, clause)
    found = hazards_of(
        StatementContext(step=step, clauses=step.clauses, execution=ExecutionClass())
    )
    assert [hazard.kind for hazard in found] == [HazardKind.BLOCKS_WRITES]
