"""Only a privilege on the whole database proves that no table was hidden."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.edges.mysql.grants import (
    SHOWS_TABLES,
    _parsed,
    known_grants,
    parse_grants,
    unseen_with,
)
from reconciler.model.server import Flavor, ServerVersion

USAGE = "GRANT USAGE ON *.* TO `ann`@`%`"


def shows_tables(*grants: str, partial_revokes: bool = False) -> bool:
    found = parse_grants(grants, partial_revokes=partial_revokes)
    return bool(found.on_database("commerce_40") & SHOWS_TABLES)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT SELECT ON *.* TO `ann`@`%`",
        "GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION",
        "GRANT SELECT, SHOW VIEW ON `commerce_40`.* TO `ann`@`%`",
        "GRANT REFERENCES ON `commerce\\_40`.* TO `ann`@`%`",
        "GRANT SELECT ON `commerce\\_%`.* TO `ann`@`%`",
        "GRANT SELECT ON `commerce___`.* TO `ann`@`%`",
        "GRANT ALL PRIVILEGES ON *.* TO `ann`@`%` IDENTIFIED BY PASSWORD '*1' WITH GRANT OPTION",
    ],
)
def test_a_privilege_on_everything_shows_every_table(grant: str) -> None:
    assert shows_tables(USAGE, grant)


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize(
    "grant",
    [
        "GRANT SELECT ON `commerce_40`.`users` TO `ann`@`%`",
        "GRANT SELECT (`id`) ON `commerce_40`.`users` TO `ann`@`%`",
        "GRANT SELECT ON `commerce_80`.* TO `ann`@`%`",
        "GRANT SELECT ON `commerce`.* TO `ann`@`%`",
        "GRANT EXECUTE ON `commerce_40`.* TO `ann`@`%`",
        "GRANT PROCESS, REPLICATION CLIENT ON *.* TO `ann`@`%`",
        "GRANT EXECUTE ON PROCEDURE `commerce_40`.`p` TO `ann`@`%`",
        "GRANT `reader`@`%` TO `ann`@`%`",
    ],
)
def test_anything_less_may_hide_tables(grant: str) -> None:
    assert not shows_tables(USAGE, grant)


@pytest.mark.invariant("PL-10")
def test_a_partial_revoke_takes_the_database_out() -> None:
    everything = "GRANT SELECT ON *.* TO `ann`@`%`"
    revoked = "REVOKE SELECT ON `commerce_40`.* FROM `ann`@`%`"
    assert not shows_tables(everything, revoked, partial_revokes=True)


def test_with_partial_revokes_a_pattern_is_a_name() -> None:
    assert not shows_tables("GRANT SELECT ON `commerce%`.* TO `ann`@`%`", partial_revokes=True)


def test_the_entry_of_the_database_itself_wins_over_a_pattern() -> None:
    narrow = "GRANT EXECUTE ON `commerce_40`.* TO `ann`@`%`"
    wide = "GRANT SELECT ON `commerce%`.* TO `ann`@`%`"
    assert not shows_tables(narrow, wide)


def test_what_stays_unseen_is_said_in_words() -> None:
    assert unseen_with(frozenset({"SELECT", "SHOW VIEW"})) == (
        "triggers (needs TRIGGER)",
        "routines (needs EXECUTE, or SHOW_ROUTINE)",
        "events (needs EVENT)",
    )
    everything = parse_grants(["GRANT ALL PRIVILEGES ON *.* TO `root`@`%`"], partial_revokes=False)
    assert unseen_with(everything.on_database("d")) == ()


# As MariaDB 11.8 prints what a login has, what its active role has, and what PUBLIC has.
ROLES = (
    "GRANT `r1` TO `ann`@`%`",
    "GRANT USAGE ON *.* TO `ann`@`%` IDENTIFIED BY PASSWORD '*B69027D44F6E5EDC07F1'",
    "GRANT SELECT ON `commerce_40`.* TO `ann`@`%`",
    "GRANT `r2` TO `r1`",
    "GRANT USAGE ON *.* TO `r1`",
    "GRANT CREATE, ALTER ON `commerce%`.* TO `r1`",
    "GRANT DROP ON `commerce\\_40`.* TO `r2`",
    "SET DEFAULT ROLE `r1` FOR `ann`@`%`",
    "GRANT PROCESS ON *.* TO PUBLIC",
)


@pytest.mark.invariant("GD-13")
def test_each_grantee_has_its_own_most_specific_entry() -> None:
    found = parse_grants(ROLES, partial_revokes=False)
    assert found.on_database("commerce_40") == {
        "ALTER",
        "CREATE",
        "DROP",
        "PROCESS",
        "SELECT",
        "USAGE",
    }
    assert "PROCESS" in found.everywhere


# As MySQL 9.7 prints them, with partial_revokes.
NARROW = (
    "GRANT SELECT, INSERT ON *.* TO `ann`@`%`",
    "GRANT BACKUP_ADMIN,CONNECTION_ADMIN ON *.* TO `ann`@`%`",
    "GRANT USAGE ON `commerce_40`.* TO `ann`@`%` WITH GRANT OPTION",
    "REVOKE INSERT ON `commerce_40`.* FROM `ann`@`%`",
    "GRANT CREATE ON `commerce_40`.`new one` TO `ann`@`%`",
    "GRANT INSERT, UPDATE (`a`, `),DROP,(`), ALTER ON `commerce_40`.`users` TO `ann`@`%`",
    "GRANT EXECUTE ON PROCEDURE `commerce_40`.`users` TO `ann`@`%`",
    "GRANT ALL PRIVILEGES ON `commerce_40`.`orders` TO `ann`@`%`",
)


@pytest.mark.invariant("GD-13")
@pytest.mark.parametrize(
    ("table", "may"),
    [
        ("users", {"SELECT", "INSERT", "ALTER"}),
        ("new one", {"SELECT", "CREATE"}),
        ("others", {"SELECT"}),
    ],
)
def test_grants_on_a_table_add_to_those_on_its_database(table: str, may: set[str]) -> None:
    found = parse_grants(NARROW, partial_revokes=True)
    known = {"SELECT", "INSERT", "UPDATE", "REFERENCES", "ALTER", "CREATE", "EXECUTE", "DROP"}
    assert found.on_table("commerce_40", table) & known == may
    assert "INSERT" in found.on_table("commerce_80", "users")
    assert "CONNECTION_ADMIN" in found.everywhere


def test_everything_on_a_table_is_everything_a_table_has() -> None:
    found = parse_grants(NARROW, partial_revokes=True)
    assert found.on_table("commerce_40", "orders") >= {"ALTER", "DROP", "REFERENCES", "TRIGGER"}


@pytest.mark.invariant("CN-3")
@pytest.mark.parametrize(("lines", "is_kept"), [(3, True), (10_000, False)])
def test_of_grants_without_measure_nothing_is_kept(lines: int, is_kept: bool) -> None:
    known_grants.cache_clear()
    version = ServerVersion(Flavor.MYSQL, 9, 7, 4)
    server: Any = SimpleNamespace(partial_revokes=False, settings=SimpleNamespace(version=version))
    told = [f"GRANT SELECT ON `shop_{number}`.* TO `us`@`%`" for number in range(lines)]
    assert len(_parsed(told, server).grants) == lines
    assert known_grants.cache_info().currsize == int(is_kept)
