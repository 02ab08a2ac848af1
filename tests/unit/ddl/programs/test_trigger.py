"""Triggers as texts: what servers print is read strictly, and statements have one form each."""

from __future__ import annotations

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.lineup import Lineup, moved
from reconciler.ddl.programs.trigger import (
    Beside,
    create_trigger_sql,
    drop_trigger_sql,
    is_one_statement,
    read_shown,
    read_trigger,
    replace_trigger_sql,
    swap_trigger_sql,
    trigger_fingerprint,
    trigger_text,
    with_beside,
)
from reconciler.ddl.statement.check import check_statement
from reconciler.ddl.statement.trigger import read_trigger_statement, swap_parts
from reconciler.errors import Refused
from reconciler.model.programs import CreatedWith, Trigger, trigger_id

MADE = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="STRICT_TRANS_TABLES",
    database_collation="utf8mb4_bin",
)
APP = Account(user="app", host="%")


def trigger(name: str = "x", *, follows: str | None = None, body: str = "SET NEW.a = 1") -> Trigger:
    return Trigger(
        name=name,
        table="t",
        timing="BEFORE",
        event="INSERT",
        follows=follows,
        definer="another",
        body=body,
        created_with=MADE,
    )


def test_a_text_reads_back_as_what_it_was_made_of() -> None:
    for one in (trigger(), trigger("we`ird", follows="a b", body="BEGIN SET NEW.a = 1; END")):
        assert read_trigger(trigger_text(one), one.name) == one


def test_every_field_moves_the_fingerprint() -> None:
    marks = {
        trigger_fingerprint(one)
        for one in (trigger(), trigger("y"), trigger(follows="y"), trigger(body="SET NEW.a = 2"))
    }
    assert len(marks) == 4


@pytest.mark.invariant("PG-21")
@pytest.mark.parametrize(
    "mode", ["ANSI_QUOTES", "STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES", "ORACLE"]
)
def test_a_body_that_means_something_else_is_refused(mode: str) -> None:
    text = trigger_text(trigger()).replace("STRICT_TRANS_TABLES", mode)
    with pytest.raises(Refused):
        read_trigger(text, "x")


def test_the_body_is_found_behind_whatever_head_was_typed() -> None:
    typed = "CREATE DEFINER=`a`@`%` trigger /* one */ db.x before insert on `t` for each row\n"
    shown = read_shown(f"{typed} SET NEW.a = 1 -- two\n;")
    assert shown is not None
    assert (shown.definer, shown.body) == ("`a`@`%`", "SET NEW.a = 1")
    assert "row\n FOLLOWS `y` SET" in with_beside(f"{typed} SET NEW.a = 1", Beside(follows="y"))
    assert read_shown("CREATE TABLE t (id int)") is None


@pytest.mark.parametrize(
    "body",
    [
        "SET NEW.a = 1",
        "BEGIN SET NEW.a = 1; END",
        "one: BEGIN SET NEW.a = 1; END one",
        "IF NEW.a THEN SET NEW.a = 1; END IF",
        "CASE NEW.a WHEN 1 THEN SET NEW.b = ';'; END CASE",
        "INSERT INTO l SELECT * FROM t WHERE id = NEW.id",
    ],
)
def test_one_statement_is_one(body: str) -> None:
    assert is_one_statement(body)


@pytest.mark.parametrize(
    "body",
    [
        "SET NEW.a = 1; DROP TABLE t",
        "BEGIN SET NEW.a = 1; END; DROP TABLE t",
        "BEGIN SET NEW.a = 1;",
        "",
        "SET NEW.a = 'x",
        "/*! SET NEW.a = 1 */",
    ],
)
def test_anything_more_is_not(body: str) -> None:
    assert not is_one_statement(body)


def test_statements_are_checked_in_the_forms_that_plans_have() -> None:
    known = frozenset({trigger_id("x")})
    one, beside = trigger(), Beside(follows="w")
    for sql in (
        create_trigger_sql(one, APP, beside),
        replace_trigger_sql(one, APP, beside),
        swap_trigger_sql(one, APP, beside),
        drop_trigger_sql("x"),
    ):
        check_statement(sql, tables=frozenset({"t"}), programs=known)
        with pytest.raises(Refused):
            check_statement(sql, tables=frozenset({"t"}))
    read = read_trigger_statement(swap_trigger_sql(one, APP, beside))
    assert read is not None
    assert (read.table, read.replaces, read.definer) == ("t", True, APP)


@pytest.mark.parametrize(
    "sql",
    [
        "LOCK TABLES `t` WRITE",
        "DROP TRIGGER IF EXISTS `x`",
        "DROP TRIGGER `x`; DROP TABLE `t`",
        create_trigger_sql(trigger(body="SET @a = 1; DROP TABLE t"), APP, Beside()),
        create_trigger_sql(trigger(body="INSERT INTO d.l VALUES (1)"), APP, Beside()),
        swap_trigger_sql(trigger(), APP, Beside()).replace("LOCK TABLES `t`", "LOCK TABLES `u`"),
        swap_trigger_sql(trigger(), APP, Beside()).replace("EXISTS `x`", "EXISTS `y`"),
        swap_trigger_sql(trigger(), APP, Beside()) + "; DROP TABLE t",
    ],
)
def test_no_other_form_is_sent(sql: str) -> None:
    with pytest.raises(Refused):
        check_statement(sql, tables=frozenset({"t"}), programs=frozenset({trigger_id("x")}))


def test_a_swap_has_four_parts() -> None:
    sql = swap_trigger_sql(trigger(body="BEGIN SET @a = 1;\nUNLOCK TABLES; END"), APP, Beside())
    parts = swap_parts(sql)
    assert parts is not None
    assert ";\n".join(parts.every) == sql
    assert swap_parts(drop_trigger_sql("x")) is None


def lineup(*names: str) -> Lineup:
    follows: list[str | None] = [None, *names]
    made = (trigger(name, follows=before) for name, before in zip(names, follows, strict=False))
    return Lineup({one.name: one for one in made})


@pytest.mark.invariant("PG-22")
def test_triggers_stand_in_line_as_servers_have_them() -> None:
    line = lineup("c", "a", "b")
    assert line.of_table("t") == ("c", "a", "b")
    line.make(trigger("n"), Beside(precedes="a"))
    line.make(trigger("c"), Beside())
    assert line.of_table("t") == ("n", "a", "b", "c")
    assert line.without("a").triggers["b"].follows == "n"
    line.rename_table("t", "u")
    assert line.of_table("u") == ("n", "a", "b", "c")
    assert line.beside(line.triggers["b"], ["z", "a", "b", "c"]) == Beside(follows="a")
    assert line.beside(line.triggers["n"], ["n", "z", "b"]) == Beside(precedes="b")


@pytest.mark.invariant("PG-22")
def test_as_few_move_as_can_be() -> None:
    assert moved("abcde", "eabcd") == {"e"}
    assert moved("abc", "abxc") == frozenset()
    assert len(moved("abc", "cba")) == 2


@pytest.mark.parametrize(
    ("head", "moments"),
    [
        ("TRIGGER `x` BEFORE INSERT ON `t`", "BEFORE INSERT"),
        ("trigger after after /* not before */ update on t", "AFTER UPDATE"),
        ("TRIGGER x BEFORE INSERT OR UPDATE OF a, b ON t", "BEFORE INSERT OR UPDATE OF A , B"),
    ],
)
def test_a_trigger_for_several_events_is_none_that_is_read(head: str, moments: str) -> None:
    """MariaDB 12."""
    found = read_shown(f"CREATE DEFINER=`a`@`b` {head} FOR EACH ROW SET NEW.a = 1")
    assert found is not None
    assert found.moments == moments
    made = "-- definer=none character_set_client=utf8mb4 collation_connection=utf8mb4_bin"
    text = f"{made} sql_mode= database_collation=utf8mb4_bin\nCREATE TRIGGER `x` {found.moments}"
    text = f"{text} ON `t` FOR EACH ROW {found.body}"
    if " OR " not in moments:
        assert read_trigger(text, "x").body == found.body
        return
    with pytest.raises(Refused, match=r"trigger x: .* a form that is not understood"):
        read_trigger(text, "x")
