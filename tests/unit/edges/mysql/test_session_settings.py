"""A session is set by one function, for the proof and for the shard alike."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.server_settings import parse_version
from reconciler.edges.mysql.session_settings import (
    copied_variables,
    session_mode,
    session_variables,
    set_session,
)
from reconciler.model.server import Flavor, ServerSettings, ServerVersion


def settings(flavor: Flavor, *version: int, **variables: str) -> ServerSettings:
    return ServerSettings(
        version=ServerVersion(flavor, *version),
        variables=tuple(sorted(variables.items())),
        database_charset="utf8mb4",
        database_collation="utf8mb4_0900_ai_ci",
    )


@pytest.mark.parametrize(
    ("servers", "ours"),
    [
        ("STRICT_TRANS_TABLES,ANSI_QUOTES", "STRICT_TRANS_TABLES"),
        ("REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI_QUOTES,IGNORE_SPACE,ANSI",
         "REAL_AS_FLOAT,PIPES_AS_CONCAT,IGNORE_SPACE"),
        ("PIPES_AS_CONCAT,ANSI_QUOTES,ORACLE,NO_TABLE_OPTIONS,NO_KEY_OPTIONS", "PIPES_AS_CONCAT"),
        ("NO_BACKSLASH_ESCAPES", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_modes_that_change_what_texts_mean_are_left_out(servers: str, ours: str) -> None:
    assert session_mode(servers) == ours


def test_what_is_pinned_is_pinned_whatever_the_server_says() -> None:
    found = dict(session_variables(settings(Flavor.MYSQL, 8, 0, 36, sql_mode="ANSI_QUOTES")))
    assert found["sql_mode"] == ""
    assert found["time_zone"] == "+00:00"
    assert found["sql_quote_show_create"] == "1"
    assert found["sql_select_limit"] == "18446744073709551615"
    assert found["show_gipk_in_create_table_and_information_schema"] == "1"


def test_a_server_is_not_asked_for_what_it_does_not_know() -> None:
    old = dict(session_variables(settings(Flavor.MYSQL, 8, 0, 29)))
    assert "show_gipk_in_create_table_and_information_schema" not in old
    mariadb = dict(session_variables(settings(Flavor.MARIADB, 10, 11, 6)))
    assert "information_schema_stats_expiry" not in mariadb
    assert mariadb["max_statement_time"] == "0"


def test_scratch_copies_what_a_live_session_has_from_its_server() -> None:
    live = settings(Flavor.MYSQL, 9, 7, 4, sql_require_primary_key="1", log_bin="1")
    assert copied_variables(live) == (("sql_require_primary_key", "1"),)


def test_values_are_quoted_unless_they_are_numbers() -> None:
    assert (
        set_session([("lock_wait_timeout", "5"), ("sql_mode", "A,B"), ("old_mode", "it's")])
        == "SET SESSION lock_wait_timeout = 5, sql_mode = 'A,B', old_mode = 'it''s'"
    )


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("9.7.4", ServerVersion(Flavor.MYSQL, 9, 7, 4)),
        ("8.0.36-28", ServerVersion(Flavor.MYSQL, 8, 0, 36)),
        ("8.0.36-28.1-log", ServerVersion(Flavor.MYSQL, 8, 0, 36)),
        ("8.0.mysql_aurora.3.04.0", ServerVersion(Flavor.MYSQL, 8, 0, 0)),
        ("8.4.6-Vitess", None),  # vtgate's own
        ("10.11.6-MariaDB-1~deb12", ServerVersion(Flavor.MARIADB, 10, 11, 6)),
        ("5.5.5-10.6.18-MariaDB-log", ServerVersion(Flavor.MARIADB, 10, 6, 18)),
        ("11.8.6-MariaDB-ubu2404", ServerVersion(Flavor.MARIADB, 11, 8, 6)),
        ("5.7.44", None),
        ("10.5.28-MariaDB", None),
        ("8.0.11-TiDB-v7.5.0", None),
        ("nonsense", None),
    ],
)
def test_servers_say_their_version_in_many_ways(text: str, version: ServerVersion | None) -> None:
    assert parse_version(text) == version
