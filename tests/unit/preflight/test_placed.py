"""The questions of a shard that a run has brought part of the way: about the table as it is now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.normalize import normalize_table
from reconciler.diff.model import ClauseKind, Step
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Schema, Table
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import Algorithm, ExecutionClass
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    EqualRows,
    KnownToHold,
    OtherTable,
    Question,
    QuestionKind,
    RowCondition,
)
from reconciler.preflight.placed import PlacedChange, probes_left

SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 4),
    variables=(("sql_mode", "STRICT_TRANS_TABLES"),),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)


def table(*lines: str) -> Table:
    body = ",\n".join(f"  {line}" for line in ("`id` int NOT NULL", *lines, "PRIMARY KEY (`id`)"))
    options = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    return read(f"CREATE TABLE `t` (\n{body}\n) {options}")


def read(text: str) -> Table:
    return normalize_table(
        DefinitionReader(Policy()).read(text, SETTINGS.version).table, SETTINGS.version
    )


def placed(before: Table, after: Table, *renames: Rename) -> list[PlacedChange]:
    """Each clause as a statement of its own."""
    [step] = diff_schemas(
        Schema(tables=(before,)),
        Schema(tables=(after,)),
        policy=Policy(),
        renames=renames,
        version=SETTINGS.version,
    ).steps
    return [
        PlacedChange(change=_change(step, place, before, after), statement=place)
        for place in range(len(step.clauses))
    ]


def _change(step: Step, place: int, before: Table, after: Table) -> Change:
    context = StatementContext(
        step=replace(step, before=before, after=after),
        clauses=(step.clauses[place],),
        execution=ExecutionClass(algorithm=Algorithm.INPLACE),
        old_columns=old_column_names((step,), "t"),
    )
    return Change(context=context, settings=SETTINGS)


def asked(
    changes: list[PlacedChange], next_index: int, kind: QuestionKind, live: Table
) -> list[Question]:
    probes = probes_left(changes, next_index, {"t": live})
    return [probe.question for probe in probes if probe.raised.kind is kind]


PLAIN = table("`a` int DEFAULT NULL")
COLUMN = "`other` int DEFAULT NULL"


@pytest.mark.invariant("PF-7")
def test_a_column_that_was_new_has_been_written_into_since() -> None:
    after = table("`a` int DEFAULT NULL", COLUMN, "UNIQUE KEY `uk` (`other`)")
    changes = placed(PLAIN, after)
    assert [one.change.context.clauses[0].kind for one in changes] == [
        ClauseKind.ADD_COLUMN,
        ClauseKind.ADD_INDEX,
    ]
    [known] = asked(changes, 0, QuestionKind.DUPLICATES, PLAIN)
    assert isinstance(known, KnownToHold)
    [now] = asked(changes, 1, QuestionKind.DUPLICATES, table("`a` int DEFAULT NULL", COLUMN))
    assert isinstance(now, EqualRows)
    assert [part.sql for part in now.parts] == ["`other`"]


@pytest.mark.invariant("PF-7")
def test_a_key_that_is_gone_keeps_nothing_unique() -> None:
    number = "`a` int NOT NULL"
    before = table(number, "UNIQUE KEY `old` (`a`)")
    after = table(number, "`b` int DEFAULT NULL", "UNIQUE KEY `uk` (`a`,`b`)")
    changes = placed(before, after)
    gone = next(
        place
        for place, one in enumerate(changes)
        if one.change.context.clauses[0].kind is ClauseKind.ADD_INDEX
    )
    [known] = asked(changes, 0, QuestionKind.DUPLICATES, before)
    assert isinstance(known, KnownToHold)
    [now] = asked(changes, gone, QuestionKind.DUPLICATES, table(number, "`b` int DEFAULT NULL"))
    assert isinstance(now, EqualRows)


@pytest.mark.invariant("PF-7")
def test_a_column_is_asked_by_the_name_that_it_has_by_now() -> None:
    after = table("`b` int NOT NULL")
    rename = Rename(kind=RenameKind.COLUMN, table="t", old="a", new="b")
    [renamed] = placed(PLAIN, after, rename)
    last = replace(
        renamed,
        statement=1,
        change=replace(
            renamed.change,
            context=replace(
                renamed.change.context,
                clauses=(
                    replace(
                        renamed.change.context.clauses[0],
                        kind=ClauseKind.MODIFY_COLUMN,
                        renamed_from=None,
                    ),
                ),
            ),
        ),
    )
    [by_old] = asked([renamed, last][:1], 0, QuestionKind.NULLS, PLAIN)
    assert by_old == RowCondition("`a` IS NULL")
    [by_new] = asked([renamed, last], 1, QuestionKind.NULLS, table("`b` int DEFAULT NULL"))
    assert by_new == RowCondition("`b` IS NULL")


@pytest.mark.invariant("PF-10")
@pytest.mark.parametrize(("reads", "database"), [("`p`", None), ("`other`.`p`", "other")])
def test_the_parent_table_of_a_new_key_is_told_as_read(reads: str, database: str | None) -> None:
    [key] = read(
        "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` int DEFAULT NULL,\n  PRIMARY KEY (`id`),\n"
        f"  CONSTRAINT `fk` FOREIGN KEY (`a`) REFERENCES {reads} (`id`)\n) ENGINE=InnoDB"
    ).foreign_keys
    before = table("`a` int DEFAULT NULL")
    changes = placed(before, replace(before, foreign_keys=(key,)))
    [parents] = asked(changes, 0, QuestionKind.PARENTS, before)
    assert isinstance(parents, RowCondition)
    assert parents.other == OtherTable("p", database)
    assert f"FROM {reads} " in parents.sql


def test_a_question_that_counts_the_table_is_put_to_no_stretch_of_it() -> None:
    after = table("`a` int DEFAULT NULL", "`n` int NOT NULL AUTO_INCREMENT", "UNIQUE KEY `n` (`n`)")
    probes = probes_left(placed(PLAIN, after), 0, {"t": PLAIN})
    [counting] = [one for one in probes if one.raised.kind is QuestionKind.NUMBERED]
    assert isinstance(counting.question, RowCondition)
    assert (counting.question.counts, counting.walk) == (True, None)
