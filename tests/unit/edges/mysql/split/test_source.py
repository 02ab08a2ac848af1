"""What a source tells of itself, and leaves behind, when somebody has been at it."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.split import source as module
from reconciler.edges.mysql.split.source import MysqlSplitSource
from reconciler.errors import Refused
from tests.unit.edges.mysql.split.scripted import (
    HELPER,
    WORK,
    ProcessKilled,
    Rows,
    ScriptedSession,
)

DEFINITION = "CREATE TABLE `orders` (\n  `id` int NOT NULL\n) ENGINE=InnoDB"
IS_MARKED: tuple[str, Rows] = ("SELECT `identity`", (("mine",),))
TABLE_LIST = "TABLE_TYPE LIKE 'BASE TABLE'"
IS_WATCHED: tuple[tuple[str, Rows], ...] = (
    ("INNODB_TABLES", (("d/orders", 11),)),
    ("SHOW CREATE TABLE", (("orders", DEFINITION),)),
    ("SELECT TABLE_TYPE, ENGINE", (("BASE TABLE", "InnoDB"),)),
    (
        "SELECT COLUMN_NAME, DATA_TYPE",
        (
            ("id", "int", "int", None, None, "", "NO"),
            ("customer", "int", "int", None, None, "", "NO"),
        ),
    ),
)
KEY: tuple[str, Rows] = ("SELECT COLUMN_NAME, SUB_PART", (("id", None),))


def source(*answers: tuple[str, Rows]) -> tuple[MysqlSplitSource, ScriptedSession]:
    session = ScriptedSession(*answers)
    return MysqlSplitSource(session.as_session, WORK), session


@pytest.mark.invariant("SP-55")
def test_a_table_that_can_be_moved_no_more_is_told_as_one_that_nobody_tracks() -> None:
    """Somebody dropped its primary key: the split has to fail, and to be given up."""
    tables: tuple[str, Rows] = (TABLE_LIST, (("orders",), (f"{HELPER}queue_1",)))
    found, _ = source(IS_MARKED, tables, ("SELECT COUNT(*)", ((0,),)), *IS_WATCHED)
    (seen,) = found.facts().tables
    assert (seen.tracker, seen.fence) == (None, None)
    with pytest.raises(Refused):
        found.shape("orders")
    assert found.queue("orders").depth == 0


@pytest.mark.invariant("SP-55")
def test_a_table_whose_queue_is_gone_is_not_among_the_queues() -> None:
    def stands(*_: object) -> str:
        return "since then"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "stand_since", stands)
        queue = (f"{HELPER}queue_1",)
        found, _ = source(IS_MARKED, (TABLE_LIST, (("orders",), queue)), KEY, *IS_WATCHED)
        assert found.facts().queues == ("orders",)
        found, _ = source(IS_MARKED, (TABLE_LIST, (("orders",),)), KEY, *IS_WATCHED)
        assert found.facts().queues == ()


@pytest.mark.invariant("SP-56")
def test_a_source_is_marked_before_anything_else_is_made() -> None:
    """Who crashes in between leaves nothing that nobody drops."""
    found, session = source(IS_MARKED, KEY, *IS_WATCHED)
    session.looks.dies_before = f"{HELPER}queue_1"
    with pytest.raises(ProcessKilled):
        found.make_helpers()
    assert session.looks.place(f"CREATE TABLE `{HELPER}fence`") == 0
    assert session.looks.place(f"INSERT IGNORE INTO `{HELPER}fence`") == 1


@pytest.mark.invariant("SP-56")
def test_a_fence_that_was_made_and_not_marked_goes() -> None:
    found, session = source(("SELECT COLUMN_NAME FROM", (("job",),)))
    assert found.drop_helpers() is None
    assert session.looks.told == [f"DROP TABLE IF EXISTS `{HELPER}fence`"]


@pytest.mark.invariant("SP-56")
def test_triggers_whose_mark_is_gone_are_not_taken_for_dropped() -> None:
    """They refuse every write of the application, for nobody finds the fence open."""
    row = (f"{HELPER}1_fence_insert", "BEFORE", "INSERT", "orders", "", "", "")
    found, session = source(("information_schema.TRIGGERS", (row,)))
    assert found.drop_tracker("orders") is None
    with pytest.raises(Refused) as refused:
        found.drop_fence("orders")
    assert refused.value.problems[0].code == "split-mark-gone"
    assert session.looks.told == []
