"""What Spirit is told: the statement, where to connect, and the names that it will use."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.statement.by_copy import NotByCopy
from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles
from reconciler.edges.engines.spirit.login import login_file
from reconciler.edges.engines.spirit.statement import clauses_for_spirit
from reconciler.plan.engines.spirit_names import can_be_kept, kept_name, kept_of, names_for

TARGET = Target(
    label="shard -80",
    host="127.0.0.1",
    port=3307,
    socket=None,
    database="app",
    user="ada",
    password="s`e\"c'r#e;t %n",
    tls=None,
    connect_timeout_s=5,
    read_timeout_s=5,
)


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE `u` ADD COLUMN `a` int",
        "ALTER TABLE `t` DROP PARTITION p0",
        "ALTER TABLE `t` ADD COLUMN `a` int; DROP TABLE `t`",
        "CREATE TABLE `t` (a int)",
    ],
)
def test_no_other_statement_is_told(sql: str) -> None:
    assert isinstance(clauses_for_spirit(sql, "t"), NotByCopy)


@pytest.mark.invariant("EN-3")
@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("ALTER TABLE `t` ADD COLUMN `a` int", "FORCE, ADD COLUMN `a` int"),
        ("ALTER TABLE `t` RENAME COLUMN `a` TO `b`", "FORCE, RENAME COLUMN `a` TO `b`"),
        ("ALTER TABLE `t` PARTITION  BY HASH (id)", "FORCE PARTITION  BY HASH (id)"),
        ("ALTER TABLE `t` REMOVE PARTITIONING", "FORCE REMOVE PARTITIONING"),
        (
            "ALTER TABLE `t` DROP `a` PARTITION BY HASH (id)",
            "FORCE, DROP `a` PARTITION BY HASH (id)",
        ),
    ],
)
def test_nothing_is_left_that_the_server_could_do_at_once(sql: str, told: str) -> None:
    assert clauses_for_spirit(sql, "t") == told


@pytest.mark.invariant("EN-24")
@pytest.mark.parametrize(
    ("text", "is_misread"),
    [("100 %", False), ("100 %%", True), ("%name", True), ("why%?", True), ("%s %d", False)],
)
def test_what_spirit_would_write_otherwise_is_refused(text: str, *, is_misread: bool) -> None:
    told = clauses_for_spirit(f"ALTER TABLE `t` COMMENT='{text}'", "t")
    assert isinstance(told, NotByCopy) is is_misread


def test_names_are_what_spirit_makes_of_them() -> None:
    """The lock's is one that a run on MySQL 9.7 held."""
    names = names_for("e1", "users")
    assert names is not None
    assert names.lock == "e1.users-75dcc85f"
    assert names.tables == ("_users_new", "_users_chkpnt", "_spirit_sentinel", "_users_old")


@pytest.mark.parametrize(
    ("table", "fits"),
    [("t" * 56, True), ("t" * 57, False), ("é" * 28, True), ("é" * 29, False), ("a`b", False)],
)
def test_a_table_whose_names_would_be_cut_is_refused(table: str, *, fits: bool) -> None:
    assert (names_for("app", table) is not None) is fits


def test_a_kept_table_is_known_by_its_name() -> None:
    assert kept_name("t", 1_767_323_045) == "_t_old_20260102_030405"
    assert kept_of("t", "_t_old_20260102_030405")
    for other in ("_t_old", "_tt_old_20260102_030405", "_t_old_2026", "t_old_20260102_030405"):
        assert not kept_of("t", other)
    assert can_be_kept("t" * 43)
    assert not can_be_kept("t" * 44)


def test_the_login_is_in_the_file_as_it_is() -> None:
    assert login_file(TARGET, "app") == (
        "[client]\n"
        "host = `127.0.0.1:3307`\n"
        "user = `ada`\n"
        "password = `s`e\"c'r#e;t %n`\n"
        "database = `app`\n"
        "tls-mode = `PREFERRED`\n"
    )


@pytest.mark.invariant("CN-1")
def test_a_server_elsewhere_proves_that_it_is_the_one_that_was_asked_for() -> None:
    away = replace(TARGET, host="db.example")
    text = login_file(away, "app")
    assert "tls-mode = `VERIFY_IDENTITY`" in text
    assert "tls-ca = `/" in text, "the machine's authorities: Spirit's own are a hosting company's"
    named = login_file(replace(away, tls=TlsFiles(ca=Path("/ca.pem"))), "app")
    assert "tls-ca = `/ca.pem`" in named
    insecure = login_file(replace(away, tls=Insecure()), "app")
    assert "tls-mode = `PREFERRED`" in insecure


def test_an_address_with_colons_is_bracketed() -> None:
    assert "host = `[::1]:3307`" in login_file(replace(TARGET, host="::1"), "app")


@given(st.text(st.characters(min_codepoint=32), min_size=1))
def test_no_password_makes_a_line_of_its_own(password: str) -> None:
    text = login_file(replace(TARGET, password=password), "app")
    assert len(text.splitlines()) >= 6
    assert text.count("\n") == 6
    assert f"password = `{password}`\n" in text
