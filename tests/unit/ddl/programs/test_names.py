"""Own names stand bare, whatever a server prints; names of other databases are found."""

from __future__ import annotations

import sys

import pytest

from reconciler.ddl.programs.names import (
    outside_names,
    outside_names_in_body,
    tables_read,
    with_own_names_bare,
    with_own_names_bare_in_body,
)


@pytest.mark.invariant("PG-2")
@pytest.mark.parametrize(
    ("printed", "bare"),
    [
        ("select `d`.`t`.`a` AS `a` from `d`.`t`", "select `t`.`a` AS `a` from `t`"),
        ("select `d`.`a` from `t` `d`", "select `d`.`a` from `t` `d`"),
        ("select 1 from (`d`.`t` join `d`.`u`)", "select 1 from (`t` join `u`)"),
        ("select `d`.`f`(1) AS `x`", "select `f`(1) AS `x`"),
        ("select extract(year from `d`.`c`) from `t` `d`",) * 2,
        ("select trim(leading 'x' from `d`.`c`) from `t` `d`",) * 2,
        ("select straight_join `d`.`a` from `t` `d`",) * 2,
        ("select '`d`.`t`' from `d`.`t`", "select '`d`.`t`' from `t`"),
        (
            "select 1 where exists(select 1 from `d`.`t`)",
            "select 1 where exists(select 1 from `t`)",
        ),
        ("select `e`.`t`.`a` from `e`.`t`",) * 2,
        ("select nextval(`d`.`s`) AS `n`", "select nextval(`s`) AS `n`"),
        ("select setval(`d`.`s`,5,1,0) AS `n`", "select setval(`s`,5,1,0) AS `n`"),
        ("select `d`.`a` from `t` `d` order by `d`.`a`,`d`.`b`",) * 2,
    ],
)
def test_the_own_database_is_left_out_by_tokens(printed: str, bare: str) -> None:
    assert with_own_names_bare(printed, ("d",)) == bare


def test_a_text_that_was_read_is_not_kept() -> None:
    """It may hold a secret, and whoever reads it may live for months."""
    text = "".join(["UPDATE `d`.`t` SET ", "`d` = 1"])
    held = sys.getrefcount(text)
    assert with_own_names_bare_in_body(text, ("d",)) == "UPDATE `t` SET `d` = 1"
    assert sys.getrefcount(text) == held
    assert with_own_names_bare_in_body(text, ("d",)) == "UPDATE `t` SET `d` = 1", "once more"
    assert with_own_names_bare_in_body(text, ("t",)) == text, "of another database"
    assert with_own_names_bare(text, ("d",)) == text, "no text of statements"


def test_names_are_its_own_as_the_server_spells_them() -> None:
    printed, bare = "select 1 from `shop_a`.`t`", "select 1 from `t`"
    assert with_own_names_bare(printed, ("Shop_A", "shop_a")) == bare, "it folds names"
    assert with_own_names_bare(printed, ("Shop_A",)) == printed, "another database"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("select `t`.`a` from `t`", ()),
        ("select `e`.`t`.`a` from `e`.`t`", ("e.t",)),
        ("select a from t join e.u using (id)", ("e.u",)),
        ("select e.f(1)", ("e.f",)),
        ("select 1 from (select 1 from (`x` join `e`.`t`)) `d`", ("e.t",)),
        ("with `x` as (select `e`.`t`.`a` from `e`.`t`) select `x`.`a` from `x`", ("e.t",)),
        ("select extract(year from `t`.`c`) from `t`", ()),
        ("select a from t, e.u where t.a = u.b", ("e.u",)),
        ("select a from t use index (k, l), e.u", ("e.u",)),
        ("select 1 union table e.u", ("e.u",)),
        ("select nextval(e.s)", ("e.s",)),
        ("select a from t where t.a in (1, 2) order by t.a, t.b limit 1, 2", ()),
        ("select t.a, u.b from t join u on t.a = u.b group by t.a, u.b having t.a > 1", ()),
        ("select 1 from t x, u y where (x.a, y.b) = (1, 2)", ()),
        ("select sum(t.a) over (partition by t.b, t.c order by t.d, t.e) from t, u", ()),
    ],
)
def test_what_is_of_another_database_is_found(text: str, found: tuple[str, ...]) -> None:
    assert outside_names(text) == found


@pytest.mark.invariant("PG-2")
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("INSERT INTO e.log SET a = 1", ("e.log",)),
        ("INSERT e.log SET a = NEW.a", ("e.log",)),
        ("INSERT IGNORE e.log VALUES (NEW.a)", ("e.log",)),
        ("INSERT LOW_PRIORITY IGNORE e.log SELECT 1", ("e.log",)),
        ("BEGIN REPLACE e.log VALUES (1); END", ("e.log",)),
        ("REPLACE DELAYED e.log VALUES (1)", ("e.log",)),
        ("UPDATE LOW_PRIORITY IGNORE e.log SET a = 1", ("e.log",)),
        ("UPDATE log, e.log SET a = 1", ("e.log",)),
        ("DELETE LOW_PRIORITY FROM e.log", ("e.log",)),
        ("INSERT log (a) VALUES (NEW.a) ON DUPLICATE KEY UPDATE a = log.b", ()),
        ("SET NEW.a = REPLACE(OLD.a, NEW.b, NEW.c)", ()),
        ("SELECT INSERT(t.a, 1, 2, t.b), REPLACE(t.a, t.b, t.c) INTO @a FROM t", ()),
        ("UPDATE t IGNORE INDEX (k) SET t.a = t.b", ()),
        ("DELETE e.log FROM log WHERE a = 1", ("e.log",)),
        ("DELETE QUICK IGNORE log, e.log.* FROM log JOIN t USING (a)", ("e.log",)),
        ("DELETE log.*, t FROM log JOIN t ON log.a = t.a, u", ()),
        ("TRUNCATE TABLE e.log", ("e.log",)),
        ("DROP TEMPORARY TABLE IF EXISTS t, e.log", ("e.log",)),
        ("CREATE TABLE IF NOT EXISTS e.log (a int, b int)", ("e.log",)),
        ("CREATE TEMPORARY TABLE t LIKE e.log", ("e.log",)),
        ("CREATE INDEX i ON e.log (a)", ("e.log",)),
        ("RENAME TABLE t TO e.log", ("e.log",)),
        ("DROP VIEW e.log", ("e.log",)),
        ("SET x = NEXT VALUE FOR e.log", ("e.log",)),
        ("SELECT a, b INTO r.a, r.b FROM t WHERE t.a LIKE r.c", ()),
        ("SELECT a, b FROM t ORDER BY a INTO r.a, r.b", ()),
        ("BEGIN FETCH c INTO r.a, r.b; SELECT a FROM t, u INTO r.a, r.b; END", ()),
        ("SELECT a INTO r.a FROM t, e.log", ("e.log",)),
    ],
)
def test_what_a_body_writes_to_in_another_database_is_found(
    body: str, found: tuple[str, ...]
) -> None:
    assert outside_names_in_body(body) == found
    own = with_own_names_bare_in_body(body, ("e",))
    assert outside_names_in_body(own) == ()
    assert own == body.replace("e.log", "log")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("select `t`.`a` AS `a` from `t`", ("t",)),
        ("select `t`.`a` from (`t` join `u` `x` on((`u`.`b` = `t`.`a`)))", ("t", "u")),
        ("select `t`.`a` from ((`t` left join `u` on(1)) straight_join `w`)", ("t", "u", "w")),
        ("select `d`.`a` from (select `t`.`a` from `t`) `d`", ("t",)),
        ("select (select max(`u`.`a`) from `u`) AS `m` from `t`", ("t", "u")),
        (
            "select 1 from `t` where exists(select 1 from `u`) union select 1 from `w`",
            ("t", "u", "w"),
        ),
        ("with `x` as (select `t`.`a` from `t`) select `x`.`a` from `x`", ("t",)),
        (
            "with recursive `x` (`n`) as (select 1 union select `x`.`n` from `x`) select 1",
            (),
        ),
        ("select extract(year from `t`.`c`) AS `y` from `t`", ("t",)),
        ("select 1 AS `one`", ()),
        ("select 1 from json_table('[]','$[*]' columns (`a` int path '$')) `j`", ()),
    ],
)
def test_the_tables_that_a_server_names_are_found(text: str, read: tuple[str, ...]) -> None:
    assert tables_read(text) == read
