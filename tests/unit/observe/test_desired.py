"""A file is blamed for what it says, and a server's setting for what it leaves open."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.diff.session import StatementSession
from reconciler.errors import Problem
from reconciler.model.server import ServerError
from reconciler.observe.desired import made_from
from reconciler.ports.scratch import ScratchDatabase
from tests.unit.observe.test_shards import SETTINGS

MISSING = ServerError(number=1072, message="Key column 'b' doesn't exist in table")


@dataclass
class Database:
    """Answers every statement alike."""

    answer: ServerError | None = None
    sent: list[str] = field(default_factory=list)

    def execute(self, sql: str, session: StatementSession) -> ServerError | None:
        self.sent.append(sql)
        return self.answer


def made(database: Database, text: str, engine: str | None) -> Problem | None:
    variables = (("default_storage_engine", engine),) if engine else ()
    file = read_definition_file(text, "schemas/shop/t.sql")
    settings = replace(SETTINGS, variables=variables)
    return made_from(file, cast(ScratchDatabase, database), settings)


@pytest.mark.parametrize("engine", ["MyISAM", "Aria", "ROCKSDB"])
def test_an_engine_that_the_file_leaves_open_is_told_as_the_setting_that_it_is(engine: str) -> None:
    database = Database(MISSING)
    problem = made(database, "\nCREATE TABLE t (id int)", engine)
    assert problem is not None
    assert problem.code == "engine-left-open"
    assert f"default_storage_engine is {engine}" in problem.message
    assert f"ENGINE={engine}" in problem.recovery
    assert str(problem.where) == "schemas/shop/t.sql:2"
    assert database.sent == []


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("CREATE TABLE t (id int) ENGINE=InnoDB", "MyISAM"),
        ("CREATE TABLE t (id int) ENGINE=MyISAM", "MyISAM"),
        ("CREATE TABLE t (id int)", "InnoDB"),
        ("CREATE TABLE t (id int)", "INNODB"),
        ("CREATE TABLE t (id int)", None),
    ],
)
def test_what_says_its_engine_or_means_the_usual_one_is_made(text: str, engine: str | None) -> None:
    database = Database()
    assert made(database, text, engine) is None
    assert database.sent == [text]
    rejected = made(Database(MISSING), text, engine)
    assert rejected is not None
    assert rejected.code == "definition-rejected"
