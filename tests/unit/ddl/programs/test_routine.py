"""Routines: what a file and a server's text say, to the letter, and what neither may hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.definition.routine_file import read_routine_file
from reconciler.ddl.programs.facts import with_facts
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.routine import read_routine, routine_file_text
from reconciler.errors import InvalidInput, Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith

MADE = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="STRICT_TRANS_TABLES",
    database_collation="utf8mb4_bin",
)
P = ObjectId(ObjectKind.PROCEDURE, "p")


@pytest.mark.invariant("PG-9")
@pytest.mark.parametrize(
    "said",
    [
        "SELECT 'first\nDELIMITER ;\nlast';",
        "SELECT 'http://\nwhere';",
        "/* once\nDELIMITER ;\nwas here */ SELECT 1;",
        "-- see http://\n  SELECT 1;",
        "SELECT `a//\nb` FROM t;",
        "SELECT \"it's\nDELIMITER $$\n\" -- don't //\n  FROM t;",
    ],
)
def test_what_only_looks_like_the_clients_stays_in_a_body(said: str) -> None:
    body = f"BEGIN\n  {said}\nEND"
    head = "p()\nSQL SECURITY INVOKER\n"
    told = read_routine_file(f"DELIMITER //\nCREATE PROCEDURE {head}{body}//\nDELIMITER ;\n", "p")
    plain = read_routine_file(f"\nCREATE PROCEDURE {head}{body};\n", "p")
    assert told.rest == plain.rest == f"{head}{body}"


@pytest.mark.invariant("PG-2")
@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("INSERT INTO t SELECT u.a, u.b FROM u ON DUPLICATE KEY UPDATE t.a = u.a, t.b = u.b", ()),
        ("INSERT INTO t SELECT a, b FROM e.u ON DUPLICATE KEY UPDATE t.a = 1, t.b = 2", ("e.u",)),
        ("UPDATE t JOIN e.u ON t.a = u.a SET t.b = u.b, t.c = u.c", ("e.u",)),
    ],
)
def test_another_database_is_found_among_columns(body: str, found: tuple[str, ...]) -> None:
    assert outside_names_in_body(body) == found


@pytest.mark.invariant("PG-9")
@pytest.mark.parametrize(
    ("kept", "body"),
    [
        (
            "BEGIN\n  -- in it\n  SELECT 1;\nEND; -- behind it",
            "BEGIN\n  -- in it\n  SELECT 1;\nEND",
        ),
        ("SELECT ';' -- behind it\n", "SELECT ';'"),
        ("SELECT 1;", "SELECT 1"),
    ],
)
def test_what_a_server_keeps_behind_a_body_is_no_part_of_it(kept: str, body: str) -> None:
    shown = f"CREATE PROCEDURE `p`()\n    SQL SECURITY INVOKER\n{kept}"
    routine = read_routine(with_facts(shown, None, MADE), P)
    assert routine.body == body
    file = read_routine_file(routine_file_text(routine, MADE), "p.sql")
    assert file.rest == f"`p`()\n    SQL SECURITY INVOKER\n{body}"


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ("SELECT 1; SELECT 2", "more than one statement"),
        ("    LANGUAGE JAVASCRIPT\nAS $$ return 1 $$", "another language than SQL"),
    ],
)
def test_what_is_no_statement_of_sql_is_refused_by_name(kept: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        read_routine(with_facts(f"CREATE PROCEDURE `p`()\n{kept}", None, MADE), P)


def test_a_label_may_be_called_language() -> None:
    shown = "CREATE PROCEDURE `p`()\nlanguage: BEGIN LEAVE language; END"
    assert read_routine(with_facts(shown, None, MADE), P).body.startswith("language:")


def test_a_body_may_show_what_makes_a_routine() -> None:
    body = "BEGIN SHOW CREATE PROCEDURE q; SHOW CREATE TRIGGER t; END"
    assert read_routine_file(f"CREATE PROCEDURE p() {body}", "p").rest == f"p() {body}"
    with pytest.raises(InvalidInput):
        read_routine_file("CREATE PROCEDURE p() SELECT 1; CREATE PROCEDURE q() SELECT 1", "p")


def test_one_that_is_quoted_by_its_own_mode_is_refused_by_the_mode() -> None:
    made = replace(MADE, sql_mode="ANSI_QUOTES,STRICT_TRANS_TABLES")
    shown = 'CREATE PROCEDURE "p"()\n    SQL SECURITY INVOKER\nSELECT "a" FROM "t"'
    with pytest.raises(Refused, match="it was made under sql_mode ANSI_QUOTES"):
        read_routine(with_facts(shown, None, made), P)


def test_the_form_of_dumps_is_refused_with_what_to_write() -> None:
    dumped = "/*!50003 CREATE*/ /*!50020 DEFINER=`a`@`b`*/ /*!50003 "
    with pytest.raises(InvalidInput) as refused:
        read_routine_file(f"{dumped}PROCEDURE `p`() SELECT 1 */;", "p.sql")
    assert "without the comments of a dump" in refused.value.problems[0].recovery
    trigger = f"{dumped}TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1 */;;"
    text = f"CREATE TABLE t (a int);\nDELIMITER ;;\n{trigger}\nDELIMITER ;\n"
    with pytest.raises(InvalidInput) as refused:
        read_definition_file(text, "t.sql")
    assert "write a trigger plainly behind its table" in refused.value.problems[0].recovery
