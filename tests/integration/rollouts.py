"""What the tests of rollouts share: a reviewed plan, an apply in a process of its own, somebody's
transaction in its way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pymysql

from tests.fleet import Fleet
from tests.integration.mysql_edges import Account, account
from tests.preloaded import Started

ADD_COLUMN = (
    "  name varchar(50) NOT NULL,",
    "  name varchar(50) NOT NULL,\n  age int DEFAULT NULL,",
)

# Longer than tests wait for anything: no ALTER gives up before they have seen what it waits for,
# however busy the machine is.
LOCK_WAIT = "600s"


def planned(fleet: Fleet, *, change: tuple[str, str] = ADD_COLUMN, **rollout: object) -> None:
    """A reviewed plan that adds a column on every shard, with room for several runs."""
    fleet.environment["rollout"] = {
        "canary": ["-40"],
        "parallel": 2,
        "lock_wait": "1s",
        "lock_retries": 20,
        **rollout,
    }
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", *change)
    fleet.plan_and_commit()


def ages(fleet: Fleet) -> list[str]:
    """The shards that have the new column."""
    return [s for s, found in fleet.all_definitions().items() if "`age`" in found["users"]]


def status(fleet: Fleet) -> dict[str, Any]:
    ended = fleet.run("status", "--output", "json")
    assert ended.code == 0, ended.said
    (apply,) = json.loads(ended.out)["applies"]
    found: dict[str, Any] = apply
    return found


@contextmanager
def applying(fleet: Fleet, program: Sequence[str] = ("-m", "reconciler")) -> Iterator[Started]:
    """`apply` in a process of its own, ended with the block if it has not ended by itself."""
    process = Started([*program, "apply", "-C", str(fleet.root)])
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def heard(process: Started, words: str) -> bool:
    """Reads what the process tells until the words are in a line of it, or it has ended."""
    assert process.stdout is not None
    return any(words in line for line in process.stdout)


@contextmanager
def reading(fleet: Fleet, shard: str, table: str = "users") -> Iterator[pymysql.cursors.Cursor]:
    """A transaction that has read the table and so keeps every ALTER of it waiting."""
    with fleet.connected(shard) as cursor:
        cursor.execute("BEGIN")
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        yield cursor


def waits(fleet: Fleet, shard: str) -> bool:
    return any(statement.startswith("ALTER TABLE") for statement in blocked(fleet, shard))


def blocked(fleet: Fleet, shard: str) -> list[str]:
    """The statements that wait for a lock of a table on the shard's server."""
    with fleet.connected(shard) as cursor:
        cursor.execute(
            "SELECT info FROM information_schema.processlist"
            " WHERE state LIKE 'Waiting for table metadata lock'"
        )
        return [str(statement) for (statement,) in cursor.fetchall()]


@contextmanager
def logged_in_as(fleet: Fleet, *grants: str) -> Iterator[Account]:
    """From here on the spec's connections log in as an account that has just the grants; `{}` in
    them is each shard's database."""
    server = fleet.servers[0]
    every = (g.format(name) for g in grants for _, name in fleet.databases.values())
    with account(server, *dict.fromkeys(every)) as login:
        fleet.monkeypatch.setenv("SCHEMA_LOGIN", login.user)
        fleet.monkeypatch.setenv("SCHEMA_LOGIN_PASSWORD", login.password)
        for entry in fleet.environment["shards"]:
            entry["connection"] |= {
                "user": "${SCHEMA_LOGIN}",
                "password": "${SCHEMA_LOGIN_PASSWORD}",
            }
        fleet.write_spec()
        yield login
