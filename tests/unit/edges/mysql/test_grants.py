"""Only a privilege on the whole database proves that no table was hidden."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.grants import SHOWS_TABLES, privileges_on, unseen_with

USAGE = "GRANT USAGE ON *.* TO `ann`@`%`"


def shows_tables(*grants: str, partial_revokes: bool = False) -> bool:
    found = privileges_on("commerce_40", grants, partial_revokes=partial_revokes)
    return bool(found & SHOWS_TABLES)


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
    everything = privileges_on(
        "d", ["GRANT ALL PRIVILEGES ON *.* TO `root`@`%`"], partial_revokes=False
    )
    assert unseen_with(everything) == ()
