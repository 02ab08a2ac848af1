"""A text that many shards have is read once, and no difference between two shards is lost by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from reconciler.ddl.programs.accounts import Account
from reconciler.edges.client.ahead import Answered
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.programs import asked_of_routine, asked_of_view, read_routine, read_view
from reconciler.edges.mysql.shown_ahead import KnownPrograms, ShownAhead, as_asked
from reconciler.edges.mysql.triggers import Head, as_shown, asked_of_trigger, read_trigger
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith, view_id
from reconciler.model.schema import OtherObject

pytestmark = pytest.mark.invariant("FZ-12")

HEAD = "CREATE ALGORITHM=UNDEFINED DEFINER=`app`@`%` SQL SECURITY DEFINER VIEW `v` AS "
# What may stand in a view, with {own} for what the database is called.
VIEWS = {
    "its own name nowhere": HEAD + "select 1 AS `1`",
    "a function": HEAD + "select `{own}`.`f`() AS `f`",
    "several": HEAD + "select `{own}`.`f`(`{own}`.`g`(1)) AS `f` from `{own}`.`t`",
    "a string": HEAD + "select 'of `{own}`.t' AS `a`",
    "a function and a string": HEAD + "select `{own}`.`f`('{own}') AS `a`",
    "a function and a string that looks like it": HEAD + "select `{own}`.`f`('`{own}`.') AS `a`",
    "an alias of its name": HEAD + "select `{own}`.`a` AS `a` from `t` `{own}`",
    "a table of its name": HEAD + "select `{own}`.`f`() AS `f` from `{own}`",
    "a definer of its name": HEAD.replace("`app`", "`{own}`") + "select 1 AS `1`",
    "a host of its name": HEAD.replace("`%`", "`{own}`") + "select `{own}`.`f`() AS `1`",
    "a longer name": HEAD + "select `{own}0`.`f`() AS `1`",
    "a mark": HEAD + "select `\0`.`f`() AS `f`",
    "a string with a mark": HEAD + "select '`\0`.`f`' AS `1`",
    "small letters": HEAD + "select `shop_a`.`f`() AS `f`",
    "another one": HEAD + "select `shop_b`.`f`() AS `f`",
}
PAIRS = (
    ("shop_a", "shop_b"),
    ("shop_b", "shop_a"),
    ("Shop_A", "shop_b"),
    ("shop_b", "Shop_A"),
    ("a", "v"),
    ("f`g", "shop_b"),
    ("É", "é"),
)
BODIES = {
    "bare": "SELECT 1",
    "written out": "SELECT * FROM {own}.t",
    "quoted": "INSERT INTO `{own}`.t SELECT '`{own}`.' FROM `{own}`.u",
    "in both ways": "SELECT * FROM {own}.t JOIN `{own}`.u",
    "another's, and its own": "SELECT * FROM shop_a.t JOIN `{own}`.u",
    "in a comment": "SELECT 1 /* `{own}`.t */ FROM `{own}`.t",
}


@dataclass(frozen=True, slots=True)
class Folding:
    """As much of a `Link` as is asked for."""

    folds_names: bool


FOLDING, KEEPING = (cast(Link, Folding(folds)) for folds in (True, False))


def shown_to(
    known: KnownPrograms, database: str, sql: str, row: RawRow, link: Link = FOLDING
) -> ShownAhead:
    answers = [Answered(rows=(row,), warnings=0)]
    asked: list[Any] = [asked_of_view("v"), asked_of_routine(PROCEDURE)]
    asked = [one for one in asked if one.sql == sql]
    return as_asked(link, database, asked, answers, known, {})


def view_of(
    known: KnownPrograms, database: str, text: str, link: Link = FOLDING
) -> OtherObject | None:
    own = text.replace("{own}", database.replace("`", "``"))
    row = (b"v", own.encode(), b"utf8mb4", b"utf8mb4_bin")
    shows = shown_to(known, database, asked_of_view("v").sql, row, link)
    return shows.program(view_id("v"), asked_of_view("v"), lambda: read_view(shows, database, "v"))


PROCEDURE = ObjectId(ObjectKind.PROCEDURE, "p")


def routine_of(known: KnownPrograms, database: str, body: str) -> OtherObject | None:
    text = f"CREATE DEFINER=`app`@`%` PROCEDURE `p`()\n{body}"
    own = text.replace("{own}", database.replace("`", "``"))
    row = (b"p", b"", own.encode(), b"utf8mb4", b"utf8mb4_bin", b"utf8mb4_bin")
    asked = asked_of_routine(PROCEDURE)
    shows = shown_to(known, database, asked.sql, row)
    return shows.program(PROCEDURE, asked, lambda: read_routine(shows, database, PROCEDURE))


def told(found: OtherObject | None) -> tuple[object, ...]:
    assert found is not None
    return (found, found.definer, found.created_with)


@pytest.mark.parametrize("first", VIEWS.values(), ids=[*VIEWS])
def test_a_view_is_read_as_if_nobody_knew_any(first: str) -> None:
    for one, other in PAIRS:
        for second in VIEWS.values():
            known = KnownPrograms()
            for database, text in ((one, first), (other, second), (one, second)):
                assert told(view_of(known, database, text)) == told(
                    view_of(KnownPrograms(), database, text)
                ), (one, other, second)


@pytest.mark.invariant("PG-2")
@pytest.mark.parametrize("first", [FOLDING, KEEPING])
def test_what_one_server_folds_is_another_database_on_the_next(first: Link) -> None:
    """Both have a database of that name, and one of them another in small letters."""
    known, text = KnownPrograms(), VIEWS["small letters"]
    for link in (first, FOLDING, KEEPING):
        found = view_of(known, "Shop_A", text, link)
        assert found is not None
        assert ("`shop_a`" in found.definition) is (link is KEEPING)


def test_a_routine_is_read_as_if_nobody_knew_any() -> None:
    for one, other in PAIRS:
        known = KnownPrograms()
        for text in BODIES.values():
            for database in (one, other):
                assert told(routine_of(known, database, text)) == told(
                    routine_of(KnownPrograms(), database, text)
                ), (one, other, text)


@pytest.mark.parametrize("text", ["its own name nowhere", "a function", "several"])
def test_what_only_the_database_tells_apart_is_read_once(text: str) -> None:
    known = KnownPrograms()
    found = {id(view_of(known, database, VIEWS[text])) for database in ("shop_a", "shop_b")}
    assert len(found) == 1


def test_when_a_trigger_was_made_makes_no_other_of_it() -> None:
    head = Head(name="g", table="t", order=1, timing="BEFORE", event="INSERT")
    asked = asked_of_trigger("g")
    known = KnownPrograms()

    def read(made_at: bytes, *, definer: str = "app", mode: bytes = b"") -> OtherObject | None:
        made = f"CREATE DEFINER=`{definer}`@`%` TRIGGER `g`"
        text = f"{made} BEFORE INSERT ON `t` FOR EACH ROW SET @a = 1".encode()
        row = (b"g", mode, text, b"utf8mb4", b"utf8mb4_bin", b"utf8mb4_bin", made_at)
        answers = [Answered(rows=(row,), warnings=0)]
        shows = as_asked(FOLDING, "d", [asked], answers, known, {})
        return shows.program(head, asked, lambda: read_trigger(shows, "d", head))

    first = read(b"2026-01-01 00:00:00.00")
    assert first is not None
    assert read(b"2026-01-02 00:00:00.00") is first
    assert told(read(b"2026-01-02 00:00:00.00", definer="root")) != told(first)
    assert told(read(b"2026-01-01 00:00:00.00", mode=b"ANSI")) != told(first)


@pytest.mark.invariant("PG-38")
@pytest.mark.parametrize(
    ("body", "is_whole"),
    [
        ("SET NEW.a = 1 -- behind it", True),
        ("INSERT INTO log (a) VALUES (NEW.a, 1.5e3)", True),
        ("SET NEW.a = 'x'", False),
        ('SET NEW.a = "x"', False),
        ("SET NEW.a = \\N", False),
        ("SET NEW.`a` = 1", False),
        ("SET NEW.a =  0x41", False),
        ("SET NEW.a =  0B1", False),
        ("SET @ä = 1", False),
        ("SELECT /*+ MAX_EXECUTION_TIME(1) */ 1 INTO @a", False),
        (None, False),
    ],
)
def test_a_catalogue_is_believed_of_what_it_can_have_changed_nothing_in(
    body: str | None, is_whole: bool
) -> None:
    made = ("a@b@%", "ANSI", "utf8mb4", "utf8mb4_bin", "latin1_bin")
    row = ("trigger", "g`", "t", 1, "BEFORE", "INSERT", body, *made)
    head = Head(name="g`", table="t", order=1, timing="BEFORE", event="INSERT")
    assert len(as_shown(row)) == is_whole
    assert as_shown(row[:7]) == ()
    if is_whole:
        asked, (answer,) = asked_of_trigger("g`"), as_shown(row)
        assert len(answer) == asked.width
        shows = as_asked(FOLDING, "d", [], [], KnownPrograms(), {asked.sql: answer})
        found = read_trigger(shows, "d", head)
        assert found is not None
        assert found.definer == Account(user="a@b", host="%").digest
        assert found.created_with == CreatedWith(
            sql_mode="ANSI",
            character_set_client="utf8mb4",
            collation_connection="utf8mb4_bin",
            database_collation="latin1_bin",
        )


def test_what_rests_on_more_than_the_row_is_kept_apart() -> None:
    known = KnownPrograms()
    row = (b"x",)
    made = [OtherObject(kind=ObjectKind.VIEW, name=name, definition="x") for name in "ab"]
    assert known.of("a", row, "d", lambda: made[0]) is made[0]
    assert known.of("b", row, "d", lambda: made[1]) is made[1]
    assert known.of("a", row, "e", lambda: made[1]) is made[0]
    assert known.of("none", row, "d", lambda: None) is None
    assert known.of("none", row, "d", lambda: made[1]) is made[1]
