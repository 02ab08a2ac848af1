"""Which programs and foreign keys a statement takes something from, by their names."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.ddl.statement.reach import reach_of
from reconciler.ddl.usage import (
    is_made_again,
    may_take_from_dependents,
    names_in,
    programs_at_stake,
    references_at_stake,
    what_is_used,
    words_of,
    words_of_name,
)
from reconciler.model.dependents import Program, Reference
from reconciler.model.object_id import ObjectKind

DROP_COLUMN = "ALTER TABLE `users` DROP COLUMN `legacy`"
DROP_TABLE = "DROP TABLE `users`"


def view(name: str, text: str | None, database: str | None = None) -> Program:
    return Program(kind=ObjectKind.VIEW, name=name, text=text, database=database)


def trigger(name: str, table: str, text: str) -> Program:
    return Program(kind=ObjectKind.TRIGGER, name=name, text=text, table=table)


def at_stake(sql: str, *programs: Program) -> list[str]:
    return [program.place for program in programs_at_stake(reach_of(sql), programs)]


USES = view("uses", "select `d`.`users`.`legacy` AS `l` from `d`.`users`")
OTHER_COLUMN = view("other_column", "select `d`.`users`.`name` AS `n` from `d`.`users`")
OTHER_TABLE = view("other_table", "select `d`.`orders`.`legacy` AS `l` from `d`.`orders`")
ON_IT = view("on_it", "select `d`.`uses`.`l` AS `l` from `d`.`uses`", database="rep")
ON_THAT = view("on_that", "select `rep`.`on_it`.`l` AS `l` from `rep`.`on_it`", database="rep")


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize(
    "sql",
    [
        DROP_COLUMN,
        "ALTER TABLE `users` RENAME COLUMN `legacy` TO `old`",
        "ALTER TABLE `users` CHANGE COLUMN `legacy` `old` int",
    ],
)
def test_a_column_that_goes_is_missed_by_what_names_it_and_by_views_on_that(sql: str) -> None:
    programs = (OTHER_COLUMN, ON_THAT, USES, OTHER_TABLE, ON_IT)
    assert at_stake(sql, *programs) == ["rep.on_that", "uses", "rep.on_it"]


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize("sql", [DROP_TABLE, "RENAME TABLE `users` TO `people`"])
def test_a_table_that_goes_is_missed_by_what_names_it(sql: str) -> None:
    assert at_stake(sql, USES, OTHER_COLUMN, OTHER_TABLE) == ["uses", "other_column"]


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize(
    "sql", ["DROP PROCEDURE `users`", "DROP SEQUENCE `users`", "DROP VIEW `users`"]
)
def test_a_program_that_goes_is_missed_by_what_names_it(sql: str) -> None:
    assert at_stake(sql, USES, OTHER_COLUMN, OTHER_TABLE) == ["uses", "other_column"]
    key = Reference(table="t", name="k", parent="users", parent_columns=frozenset({"id"}))
    assert not references_at_stake(reach_of(sql), [key]), "it refers to the table of that name"


def test_a_routine_that_goes_and_comes_takes_nothing() -> None:
    made = "CREATE PROCEDURE `p`()\n    SQL SECURITY INVOKER\nSELECT 1"
    dropped = reach_of("DROP PROCEDURE `p`")
    assert is_made_again(dropped, ["DROP TABLE `t`", made])
    assert not is_made_again(dropped, [made.replace("`p`", "`q`"), "DROP FUNCTION `p`"])


@pytest.mark.parametrize(
    "sql", ["ALTER TABLE `users` ADD COLUMN `legacy2` int", "ALTER TABLE `users` ADD KEY `k` (`a`)"]
)
def test_what_only_adds_takes_nothing(sql: str) -> None:
    assert not may_take_from_dependents(reach_of(sql))
    assert at_stake(sql, USES, ON_IT) == []


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize(
    ("sql", "missed"),
    [
        (DROP_COLUMN, ["sets"]),
        ("ALTER TABLE `users` MODIFY COLUMN `legacy` bigint", ["sets"]),
        ("ALTER TABLE `users` MODIFY COLUMN `name` bigint", []),
        (DROP_TABLE, ["elsewhere"]),  # the others go with it
    ],
)
def test_triggers_fire_on_the_columns_of_their_own_table(sql: str, missed: list[str]) -> None:
    own = trigger("sets", "users", "SET NEW.legacy = 1")
    idle = trigger("idle", "users", "SET NEW.id = 1")
    elsewhere = trigger("elsewhere", "orders", "INSERT INTO users (id) VALUES (1)")
    assert at_stake(sql, own, idle, elsewhere) == missed


def test_a_hidden_text_uses_nothing_that_could_be_told() -> None:
    assert at_stake(DROP_COLUMN, view("hidden", None)) == []


def test_what_is_lost_is_told_by_its_name() -> None:
    assert what_is_used(reach_of(DROP_COLUMN), USES) == "users.legacy"
    assert what_is_used(reach_of(DROP_TABLE), USES) == "users"


def key(name: str, *columns: str, parent: str = "users") -> Reference:
    return Reference(
        table="child", name=name, parent=parent, parent_columns=frozenset(columns), database="rep"
    )


@pytest.mark.invariant("GD-14")
@pytest.mark.parametrize(
    ("sql", "missed"),
    [
        (DROP_TABLE, ["one", "two"]),
        ("RENAME TABLE `users` TO `people`", ["one", "two"]),
        ("ALTER TABLE `users` DROP KEY `k`", ["one", "two"]),
        ("ALTER TABLE `users` DROP COLUMN `A`", ["one"]),
        ("ALTER TABLE `users` MODIFY COLUMN `b` bigint", ["two"]),
        ("ALTER TABLE `users` ADD COLUMN `c` int", []),
    ],
)
def test_foreign_keys_rest_on_columns_indexes_and_the_table(sql: str, missed: list[str]) -> None:
    keys = (key("one", "a"), key("two", "b"), key("other", "a", parent="orders"))
    assert [found.name for found in references_at_stake(reach_of(sql), keys)] == missed


SIGNS = "ab1 '\"`\\/*!-#\n_$xXeEM.0(;éΣ\u2603\U0001f600"


@given(st.text(alphabet=st.sampled_from(SIGNS), max_size=40))
@example("1.5abc")
@example(".5e3abc")
@example("t.1é")
@example("t.1$a")
@example("t.1\u2603a")
@example("1.e5x")
@example("/*!50003abc*/")
@example("`ΑΣ`.`Α`")
def test_the_words_of_a_text_hold_those_of_its_names(text: str) -> None:
    words = words_of(text)
    assert all(words_of_name(name) <= words for name in names_in(text))
