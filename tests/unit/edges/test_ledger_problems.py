"""What went wrong with the ledger's database, and what is done about it: true for each cause, and
never a command that has nothing to do with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pymysql
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.problems import unavailable
from reconciler.edges.ledger.sql import open_ledger
from reconciler.errors import Problem, Unavailable

SAID = "Access denied for user 'ledger'@'10.1.2.3' (using password: YES)"


def told(error: Exception) -> Problem:
    (problem,) = unavailable(OperationalError("SELECT 1", {}, error)).problems
    return problem


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    ("number", "message", "step"),
    [
        (1045, "does not accept this user and password", "set the right user and password"),
        (1698, "does not accept this user and password", "set the right user and password"),
        (3118, "its login is locked", "unlocked"),
        (1130, "no connections from this machine", "have this machine allowed"),
        (1044, "may not do what was asked", "grant the ledger's login"),
        (1142, "may not do what was asked", "grant the ledger's login"),
        (1049, "no such database", "create it"),
        (1146, "a table of it, or a column, is missing", "from its backup"),
        (1054, "a table of it, or a column, is missing", "from its backup"),
        (1114, "no room left", "make room"),
        (1021, "no room left", "make room"),
        (1290, "takes no writes", "failover"),
        (1836, "takes no writes", "failover"),
        (1205, "held it for too long", "holds transactions open"),
        (1040, "no connection left", "max_connections"),
        (2003, "cannot be reached", "reaches it"),
        (2013, "connection to its server was lost", "runs"),
        (1064, "answered with error 1064", "log of the ledger's server"),
    ],
)
def test_each_cause_has_its_own_step(number: int, message: str, step: str) -> None:
    problem = told(pymysql.err.OperationalError(number, SAID))
    assert message in problem.message
    assert str(number) in problem.message
    assert step in problem.recovery
    assert "run the same command again" in problem.recovery
    assert "resume" not in problem.recovery
    assert "10.1.2.3" not in f"{problem.message} {problem.recovery}"
    assert ("disk" in problem.recovery) == (number in (1114, 1021))


def failed(statement: str, path: str = ":memory:", *, uri: bool = False) -> sqlite3.Error:
    with pytest.raises(sqlite3.Error) as raised, closing(sqlite3.connect(path, uri=uri)) as file:
        file.executescript(statement)
    return raised.value


def test_each_cause_of_a_file_has_its_own_step(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE t (a text)")
    junk = tmp_path / "junk"
    junk.write_text("no database" * 400)
    fill = "PRAGMA max_page_count = 2; CREATE TABLE a (a); CREATE TABLE b (a); CREATE TABLE c (a)"
    cases = [
        (failed(fill), "is full", "make room"),
        (failed("DROP TABLE t", f"file:{path}?mode=ro", uri=True), "may not be", "user may write"),
        (failed("SELECT 1", str(tmp_path / "no" / "file")), "cannot be opened", "folder"),
        (failed("SELECT * FROM t", str(junk)), "is no database", "backup"),
        (failed("SELECT * FROM missing"), "a table of it", "backup"),
    ]
    for error, message, step in cases:
        problem = told(error)
        assert message in problem.message, problem
        assert step in problem.recovery, problem


def test_a_ledger_that_lost_a_table_says_so(tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    try:
        with writing(ledger._engine) as connection:
            connection.execute(text("DROP TABLE reconciler_applies"))
        with pytest.raises(Unavailable, match="a table of it, or a column, is missing"):
            ledger.applies("production", keyspace=None, limit=1)
    finally:
        ledger.close()
