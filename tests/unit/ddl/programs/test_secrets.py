"""Texts in which a password may stand, in every form that a body can say it."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.definition.view_file import read_view_file
from reconciler.ddl.programs.secrets import holds_secret
from reconciler.ddl.programs.trigger import read_trigger
from reconciler.ddl.programs.view import read_view
from reconciler.errors import InvalidInput, Refused


@pytest.mark.invariant("PG-12")
@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER u IDENTIFIED BY 'x'",
        "CREATE USER u IDENTIFIED WITH caching_sha2_password BY 'x'",
        "CREATE USER u IDENTIFIED WITH 'mysql_native_password' AS '*00'",
        "CREATE USER u IDENTIFIED VIA ed25519 USING 'x'",
        "CREATE USER u IDENTIFIED VIA ed25519 USING PASSWORD('x')",
        "CREATE USER u IDENTIFIED BY PASSWORD '*00'",
        "SET PASSWORD = 'x'",
        "SET PASSWORD FOR 'u'@'%' = 'x'",
        "SET PASSWORD FOR u = PASSWORD('x')",
        "CHANGE MASTER TO MASTER_HOST='h', MASTER_PASSWORD='x'",
        "CHANGE REPLICATION SOURCE TO SOURCE_PASSWORD = 'x'",
        "BEGIN SET @s = 'ALTER USER u IDENTIFIED BY ''x'''; PREPARE p FROM @s; END",
        "SET @s = \"SET PASSWORD = 'x'\"",
        r"SET @s = 'SET PASS\WORD = ''x'''",
        "select 1 from `users` where (`users`.`password` = _utf8mb4'x')",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
    ],
)
def test_what_may_be_a_password_is_seen(text: str) -> None:
    assert holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE USER u IDENTIFIED BY RANDOM PASSWORD",
        "SELECT password FROM users WHERE id = 'x'",
        "SELECT password FROM users FOR UPDATE",
        "SELECT identified, name AS 'x' FROM t ORDER BY 'x'",
        "SET @s = CONCAT('ALTER USER u IDENTIFIED BY ''', given, '''')",
        "UPDATE users SET password = given",
        "UPDATE users SET password = ''",
        "select 'x' AS `password`,`users`.`password` AS `p` from `users`",
    ],
)
def test_what_is_none_is_not_taken_for_one(text: str) -> None:
    assert not holds_secret(text)


@pytest.mark.invariant("PG-12")
def test_views_and_triggers_hold_none() -> None:
    made = "-- definer=none character_set_client=utf8mb4 collation_connection=utf8mb4_bin"
    view = "CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `v` AS select `u`.`id` AS `id`"
    with pytest.raises(Refused, match="a password may stand in it"):
        read_view(f"{made}\n{view} from `u` where `u`.`password` = 'geheim'", "v")
    trigger = "CREATE TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW SET PASSWORD = 'geheim'"
    with pytest.raises(Refused, match="a password may stand in it"):
        read_trigger(f"{made} sql_mode= database_collation=utf8mb4_bin\n{trigger}", "x")
    with pytest.raises(InvalidInput) as refused:
        read_view_file("CREATE VIEW v AS SELECT id FROM u WHERE password = 'geheim';", "v.sql")
    assert refused.value.problems[0].code == "definition-secret"
    table = f"CREATE TABLE t (a int);\n{trigger.replace('`t`', 't')};"
    with pytest.raises(InvalidInput) as refused:
        read_definition_file(table, "t.sql")
    assert refused.value.problems[0].code == "definition-secret"
    assert "geheim" not in str(refused.value)
