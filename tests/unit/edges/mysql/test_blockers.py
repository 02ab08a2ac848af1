"""Who may be ended for being in a statement's way, and how anybody in its way is described."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.blockers import Blocker, blockers_in_words, blockers_of
from reconciler.model.server import Flavor

# connection, account, command, lock, seconds, last statement
READER = (7, "app", "Sleep", "SHARED_READ", 31, "SELECT * FROM `t` WHERE `id` = ?")


def found(*rows: tuple[object, ...]) -> tuple[Blocker, ...]:
    return blockers_of(rows, own_user="deployer")


@pytest.mark.parametrize("lock", ["SHARED_READ", "SHARED_WRITE", "SHARED_READ_ONLY"])
def test_who_reads_or_writes_rows_may_be_ended(lock: str) -> None:
    (blocker,) = found((*READER[:3], lock, *READER[4:]))
    assert blocker.may_be_ended


@pytest.mark.parametrize(
    ("account", "command", "lock"),
    [
        ("app", "Query", "SHARED_UPGRADABLE"),  # an ALTER that copies
        ("app", "Query", "SHARED_NO_WRITE"),
        ("app", "Query", "EXCLUSIVE"),
        ("app", "Sleep", "SHARED_NO_READ_WRITE"),  # LOCK TABLES
        ("app", "Query", ""),  # MariaDB without its plugin: it is not known what it holds
        ("system user", "Query", "SHARED_WRITE"),  # a replica applies what its source did
        ("system user", "Connect", "SHARED_WRITE"),
        ("repl", "Binlog Dump GTID", "SHARED_READ"),
        ("event_scheduler", "Daemon", "SHARED_WRITE"),
        (None, "Daemon", "SHARED_WRITE"),
    ],
)
def test_ddl_replication_and_the_servers_own_threads_never_are(
    account: str | None, command: str, lock: str
) -> None:
    (blocker,) = found((7, account, command, lock, 31, None))
    assert not blocker.may_be_ended


def test_one_lock_of_ddl_protects_a_session_that_also_reads() -> None:
    (blocker,) = found(READER, (*READER[:3], "SHARED_UPGRADABLE", *READER[4:]))
    assert not blocker.may_be_ended


def test_they_are_told_longest_first_with_since_when_and_what() -> None:
    own = (9, "deployer", "Query", "SHARED_READ", 45, None)
    told = blockers_in_words(found(READER, own), Flavor.MYSQL)
    assert told == (
        "connection 9 of this apply's account for 45 s;"
        " connection 7 of app for 31 s with SELECT * FROM `t` WHERE `id` = ?"
    )
    assert blockers_in_words((), Flavor.MYSQL) is None


def test_of_hundreds_a_few_are_named() -> None:
    many = [(number, "app", "Sleep", "SHARED_READ", number, None) for number in range(1, 201)]
    told = blockers_in_words(found(*many), Flavor.MYSQL)
    assert told is not None
    assert told.startswith("connection 200 of app for 200 s; ")
    assert told.endswith("; and 197 more")


@pytest.mark.parametrize(
    ("flavor", "needed"),
    [(Flavor.MYSQL, "SELECT on performance_schema.*"), (Flavor.MARIADB, "PROCESS")],
)
def test_who_may_not_see_locks_is_told_what_would_show_them(flavor: Flavor, needed: str) -> None:
    assert needed in (blockers_in_words(None, flavor) or "")
