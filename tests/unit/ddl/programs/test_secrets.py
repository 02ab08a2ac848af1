"""Texts in which a password may stand, in every form that a body can say it."""

from __future__ import annotations

import pytest

from reconciler.ddl.programs.secrets import holds_secret


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
    ],
)
def test_what_is_none_is_not_taken_for_one(text: str) -> None:
    assert not holds_secret(text)
