"""Triggers behind their table in its file: what is read, and what is refused by name."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.definition.table_with_triggers import table_with_triggers, triggers_of_file
from reconciler.ddl.programs.trigger import read_shown
from reconciler.errors import InvalidInput

TABLE = "-- people\nCREATE TABLE t (id int PRIMARY KEY, a int); -- its end\n"
BODY = "BEGIN\n  -- why\n  SET NEW.a = 1; SET @s = ';';\nEND"
X = f"CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW\n{BODY}"
Y = "CREATE TRIGGER `y` AFTER DELETE ON `t` FOR EACH ROW DELETE FROM log WHERE id = OLD.id"


@pytest.mark.invariant("PG-21")
def test_a_file_reads_alike_with_delimiters_and_without() -> None:
    plain = read_definition_file(f"{TABLE}\n{X};\n-- next\n{Y};\n", "t.sql")
    told = read_definition_file(
        f"{TABLE}\nDELIMITER $$\n{X}$$\n-- next\n{Y}$$\nDELIMITER ;\n", "t.sql"
    )
    assert [one.statement for one in plain.triggers] == [one.statement for one in told.triggers]
    assert [one.name for one in plain.triggers] == ["x", "y"]
    assert plain.triggers[0].statement.endswith(BODY)
    assert plain.statement == told.statement
    assert plain.own_text.rstrip() == TABLE.rstrip()


def test_a_table_without_triggers_is_read_as_before() -> None:
    assert read_definition_file(TABLE, "t.sql").triggers == ()


@pytest.mark.invariant("PG-22")
def test_what_is_written_is_read_as_it_was() -> None:
    second = "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2"
    told = "-- reconciler: created with character_set_client=latin1 collation_connection=latin1_bin"
    file = read_definition_file(f"{TABLE}{X};\n{told} sql_mode=''\n{second};\n{Y};\n", "t.sql")
    triggers = triggers_of_file(file)
    assert [one.follows for one in triggers] == [None, "x", None]
    written = table_with_triggers(file.own_text, triggers, usual=None)
    again = read_definition_file(written, "t.sql")
    assert again.own_text.rstrip() == file.own_text.rstrip()
    by_name = {one.name: one for one in triggers}
    assert {one.name: one for one in triggers_of_file(again)} == by_name


@pytest.mark.invariant("PG-21")
@pytest.mark.parametrize("body", ["SET NEW.a = 1", BODY])
@pytest.mark.parametrize("tail", ["", " -- why", "\n# why;", " /* why */ ;", ";"])
def test_what_a_server_keeps_behind_a_body_is_no_difference(body: str, tail: str) -> None:
    head = "TRIGGER x BEFORE INSERT ON t FOR EACH ROW"
    shown = read_shown(f"CREATE DEFINER=`a`@`%` {head} {body}{tail}")
    (trigger,) = read_definition_file(f"{TABLE}CREATE {head} {body}{tail}\n;\n", "t.sql").triggers
    assert shown is not None
    assert shown.body == body
    assert trigger.statement.endswith(f"FOR EACH ROW {body}")


@pytest.mark.parametrize(
    ("behind", "code"),
    [
        ("CREATE DEFINER=a@b TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "-definer"),
        ("CREATE TRIGGER x BEFORE INSERT ON u FOR EACH ROW SET @a = 1", "-not-create-trigger"),
        ("CREATE TRIGGER db.x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "-other-database"),
        ("CREATE TRIGGER x BEFORE INSERT ON db.t FOR EACH ROW SET @a = 1", "-not-create-trigger"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW FOLLOWS y SET @a = 1", "-trigger"),
        ("CREATE TRIGGER IF NOT EXISTS x BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "-trigger"),
        ("CREATE TRIGGER x DURING INSERT ON t FOR EACH ROW SET @a = 1", "-not-create-trigger"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW", "-not-create-trigger"),
        (
            "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW DELETE FROM d.l",
            "-database",
        ),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1; DROP TABLE t", "-statement"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW /*! SET @a = 1 */", "-unreadable"),
        ("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 'x", "-unreadable"),
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SET @a = 1", "-second-statement"),
        ("-- reconciler: made by me\n" + Y, "annotation-invalid"),
        (
            "-- reconciler: created with character_set_client=utf8mb4"
            " collation_connection=utf8mb4_bin time_zone=SYSTEM\n" + Y,
            "annotation-invalid",
        ),
    ],
)
def test_what_no_file_may_hold_is_refused_by_name(behind: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_definition_file(f"{TABLE}{behind};\n", "t.sql")
    assert refused.value.problems[0].code.endswith(code), refused.value.problems
