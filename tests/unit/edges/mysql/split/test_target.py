"""What a target takes for the split's own, when a process died in between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.edges.mysql.split import target as module
from reconciler.edges.mysql.split.target import MysqlSplitTarget
from reconciler.errors import Refused
from reconciler.ports.split_servers import Definition
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.rows import MovedColumn, MovedTable
from reconciler.reshard.triggers import guard_triggers
from tests.unit.edges.mysql.split.scripted import (
    HELPER,
    WORK,
    ProcessKilled,
    Rows,
    ScriptedSession,
)

BARE = "CREATE TABLE `orders` (\n  `id` int NOT NULL\n) ENGINE=InnoDB"
AFTERWARDS = "ALTER TABLE `orders` ALTER COLUMN `id` DROP DEFAULT"
DEFINITION = Definition(
    table="orders", bare=BARE, afterwards=(AFTERWARDS,), foreign_keys=(), triggers=()
)
SHAPE = MovedTable(
    number=1,
    name="orders",
    columns=(MovedColumn(name="id", data_type="int", column_type="int"),),
    key=("id",),
    shard_by="id",
)
IS_MARKED: tuple[str, Rows] = ("SELECT `identity`, `state`", (("mine", "closed"),))
STANDS: tuple[str, Rows] = ("SHOW CREATE TABLE", (("orders", BARE),))


def target(*answers: tuple[str, Rows]) -> tuple[MysqlSplitTarget, ScriptedSession]:
    session = ScriptedSession(*answers)
    made = MysqlSplitTarget(session.as_session, WORK)
    session.looks.told.clear()
    return made, session


@pytest.mark.invariant("SP-36")
def test_a_table_that_the_split_has_not_made_is_not_its_own_however_empty() -> None:
    """Somebody's deployment found the database, and made its tables: other ones, perhaps."""
    found, session = target(IS_MARKED, STANDS)
    with pytest.raises(Refused) as refused:
        found.make_table(SHAPE, DEFINITION)
    assert refused.value.problems[0].code == "split-table-differs"
    assert session.looks.told == []


@pytest.mark.invariant("SP-36")
@pytest.mark.parametrize("at", [BARE, AFTERWARDS])
def test_a_table_is_finished_wherever_who_made_it_died(
    at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "definition_digest", lambda link, table: None)
    found, session = target(IS_MARKED)
    session.looks.dies_before = at
    with pytest.raises(ProcessKilled):
        found.make_table(SHAPE, DEFINITION)
    assert session.looks.place(f"INSERT IGNORE INTO `{HELPER}made`") == 0
    stands = at == AFTERWARDS
    monkeypatch.setattr(module, "definition_digest", lambda link, table: "d" if stands else None)
    again, session = target(IS_MARKED, ("SELECT `number`", ((1,),)))
    assert again.make_table(SHAPE, DEFINITION) is None
    assert (BARE in session.looks.told) == (not stands)
    assert AFTERWARDS in session.looks.told


@pytest.mark.invariant("SP-56")
def test_a_target_is_marked_before_anything_else_is_made() -> None:
    found, session = target()
    session.looks.dies_before = f"CREATE TABLE `{HELPER}made`"
    with pytest.raises(ProcessKilled):
        found.claim()
    assert session.looks.place(f"INSERT IGNORE INTO `{HELPER}guard`") == 1


@pytest.mark.invariant("SP-56")
def test_a_guard_that_was_made_and_not_marked_goes() -> None:
    found, session = target(("SELECT COLUMN_NAME FROM", (("job",),)))
    assert found.drop_helpers() is None
    assert session.looks.told == [f"DROP TABLE IF EXISTS `{HELPER}guard`"]


@pytest.mark.invariant("SP-113")
@pytest.mark.parametrize(
    "ask",
    [
        MysqlSplitTarget.guard,
        lambda found: found.drop_guard("orders"),
        MysqlSplitTarget.drop_made,
        MysqlSplitTarget.open_guard,
        lambda found: found.add_foreign_keys(DEFINITION),
    ],
)
def test_a_guard_without_its_mark_is_told_by_name(
    ask: Callable[[MysqlSplitTarget], object],
) -> None:
    """Somebody dropped the table that its triggers ask: they refuse every write."""
    trigger = guard_triggers(HelperNames(WORK.job), SHAPE)[0].name
    stands = ("TRIGGER_NAME", ((trigger, "BEFORE", "INSERT", "orders", "", "", ""),))
    found, session = target(stands)
    with pytest.raises(Refused) as refused:
        ask(found)
    (problem,) = refused.value.problems
    assert problem.code == "split-mark-gone"
    assert trigger in problem.message
    assert session.looks.told == []


@pytest.mark.invariant("SP-113")
def test_a_guard_that_is_gone_with_its_triggers_was_cleaned_up() -> None:
    found, session = target()
    assert found.guard() is None
    assert found.drop_guard("orders") is None
    assert found.drop_made() is None
    assert session.looks.told == []
