"""What pt-online-schema-change is told, and what is read of its words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting
from reconciler.edges.engines.pt_osc.program import (
    CopyLocks,
    CopyOrder,
    command,
    login_file,
    progress_of_output,
)
from reconciler.edges.engines.pt_osc.run import reason_in
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.model.shadow_tables import is_shadow_named, is_shadow_trigger
from reconciler.plan.engines.pt_osc_names import names_of, trigger_names

TARGET = Target(
    label="shard -80",
    host="db.example",
    port=3307,
    socket=None,
    database="shop",
    user="writer",
    password='a"b\\c#d',
    tls=None,
    connect_timeout_s=10,
    read_timeout_s=60,
)
ORDER = CopyOrder(
    database="shop",
    table="t",
    new_table="_t_new",
    clauses="ADD COLUMN `a` int",
    locks=CopyLocks(table="on-table", run="of-run"),
    settings=(("sql_mode", "ANSI"),),
    threads_running_max=40,
)


@pytest.mark.invariant("PL-12")
def test_the_login_is_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    words = [str(word) for word in command(Path("/pt"), tmp_path, ORDER, TARGET, is_encrypted=True)]
    for secret in ("db.example", "3307", "writer", TARGET.password):
        assert not any(secret in word for word in words)
    (login,) = tmp_path.glob("login.cnf")
    assert login.stat().st_mode & 0o777 == 0o600
    assert 'password = "a\\"b\\\\c#d"' in login.read_text()


@pytest.mark.invariant("EN-12")
def test_it_neither_swaps_nor_drops_anything(tmp_path: Path) -> None:
    words = [str(word) for word in command(Path("/pt"), tmp_path, ORDER, TARGET, is_encrypted=True)]
    for option in ("swap-tables", "drop-new-table", "drop-old-table", "drop-triggers"):
        assert f"--no-{option}" in words
    assert words[words.index("--new-table-name") + 1] == "_t_new"
    assert "--max-load=Threads_running=40" in words
    assert "--no-version-check" in words, "it would ask somebody else about its version"


@pytest.mark.invariant("CN-1")
@pytest.mark.parametrize(
    ("tls", "is_encrypted", "told"),
    [
        (TlsFiles(ca=Path("/ca.pem")), True, ('ssl-ca = "/ca.pem"', "VERIFY_IDENTITY")),
        (None, True, ("ssl-ca", "VERIFY_IDENTITY", 'ssl-verify-server-cert = "1"')),
        (Insecure(), True, ('ssl-enforce = "1"', "REQUIRED")),
        (Insecure(), False, ("PREFERRED",)),
    ],
)
def test_it_speaks_to_servers_as_we_do(
    tls: TlsSetting, is_encrypted: bool, told: tuple[str, ...]
) -> None:
    text = login_file(replace(TARGET, tls=tls), is_encrypted=is_encrypted)
    assert [words for words in told if words not in text] == []
    assert ("ssl-enforce" in text) is ("ssl-enforce" in "".join(told))


def test_a_socket_goes_before_a_host() -> None:
    text = login_file(replace(TARGET, socket="/run/db.sock"), is_encrypted=False)
    assert 'socket = "/run/db.sock"' in text
    assert "db.example" not in text


@pytest.mark.parametrize(
    ("said", "progress"),
    [
        ("", NOTHING_TOLD),
        ("Copying approximately 9 rows...\n", NOTHING_TOLD),
        (
            "Copying `shop`.`t`:   4% 02:00 remain\nCopying `shop`.`t`:  49% 01:01 remain\n",
            Progress(stage="copy rows", percent=49, left_s=61),
        ),
        (
            "Copying `shop`.`t`: 100% 1+02:00:03 remain\n",
            Progress(stage="copy rows", percent=99, left_s=86_400 + 7_203),
        ),
    ],
)
def test_progress_is_what_its_last_line_says(said: str, progress: Progress) -> None:
    assert progress_of_output(said) == progress


def test_the_reason_of_an_end_is_the_servers() -> None:
    said = (
        "2026-01-01 Error copying rows: Copying rows caused a MySQL error 1264:\n"
        "    Level: Warning\n     Code: 1264\n  Message: Out of range value\n    Query: INSERT\n"
    )
    assert reason_in(said) == "Out of range value"
    failed = "Error altering new table: DBD::mysql::db do failed: No such key [for Statement x]\n"
    assert reason_in(failed) == "No such key"
    assert reason_in("The table has triggers.\n") == "The table has triggers."


@pytest.mark.invariant("EN-15")
@pytest.mark.parametrize(("database", "table"), [("shop", "t"), ("d" * 64, "t" * 59)])
def test_all_that_it_makes_goes_by_a_name_that_is_left_out(database: str, table: str) -> None:
    names = names_of(database, table)
    assert all(is_shadow_named(name, {table}) for name in (names.new, names.old))
    assert all(is_shadow_trigger(name, table, {table}) for name in names.triggers)


def test_names_of_triggers_are_as_the_program_makes_them() -> None:
    assert trigger_names("my-shop", "t") == tuple(
        f"pt_osc_my_shop_t_{event}" for event in ("del", "upd", "ins")
    )
    assert {len(name) for name in trigger_names("d" * 64, "t" * 50)} == {64}
