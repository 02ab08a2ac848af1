"""What bad definitions get: every mistake at once, with its file and line, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.conftest import FreshDatabase
from tests.fleet import USERS, Fleet


def test_what_the_server_rejects_is_told_with_file_and_line(fleet: Fleet) -> None:
    fleet.write("schemas/shop/a.sql", "CREATE TABLE a (\n  id int PRIMARY KEY,\n  b nonsense\n)")
    fleet.write("schemas/shop/b.sql", "-- first\n\nCREATE TABLE b (id int, KEY (missing))")
    ended = fleet.run("plan")
    assert ended.code == 1, ended.said
    assert "schemas/shop/a.sql:3" in ended.said
    assert "schemas/shop/b.sql:3" in ended.said
    assert "missing" in ended.said
    assert ended.said.count("definition-rejected") == 2


def test_a_name_that_a_view_has_is_refused_before_anything_runs(fleet: Fleet) -> None:
    fleet.sql("40-80", "CREATE VIEW notes AS SELECT id FROM users")
    fleet.write("schemas/shop/notes.sql", "CREATE TABLE notes (id int PRIMARY KEY)")
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    said = " ".join(ended.said.split())
    assert "shard 40-80, table notes: the shard has a view of that name" in said


def test_a_name_that_differs_by_case_alone_is_pointed_out(fleet: Fleet) -> None:
    fleet.write("schemas/shop/users.sql", USERS.replace("TABLE users", "TABLE Users"))
    fleet.write("schemas/shop/orders.sql", "CREATE TABLE orders (id int PRIMARY KEY)")
    ended = fleet.run("plan")
    assert ended.code == 3, "the table that goes needs permission"
    assert "differ by case alone" in ended.said
    assert "-- reconciler: rename table users to Users" in ended.said


# Servers with lower_case_table_names=1


@pytest.fixture(scope="module")
def folding() -> Iterator[RunningServer]:
    options = {"lower_case_table_names": "1"}
    with start_server(find_server(Flavor.MYSQL), options=options) as server:
        yield server


@pytest.fixture
def folded(
    folding: RunningServer,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    return Fleet(tmp_path / "shop", [folding], fresh_database, monkeypatch).found(2)


def test_a_file_is_told_to_say_what_the_shards_store(folded: Fleet) -> None:
    folded.edit("schemas/shop/users.sql", "TABLE users", "TABLE Users")
    ended = folded.run("plan")
    assert ended.code == 1, ended.said
    assert "table-name-folded" in ended.said
    assert "schemas/shop/users.sql" in ended.said


def test_names_of_columns_keep_their_case_and_foreign_keys_their_parents(folded: Fleet) -> None:
    folded.edit("schemas/shop/orders.sql", "REFERENCES users (id)", "REFERENCES Users (id)")
    assert folded.run("plan", "--detailed-exitcode").code == 0
    folded.edit("schemas/shop/users.sql", "  PRIMARY", "  MixedCase int,\n  PRIMARY")
    folded.plan_and_commit()
    applied = folded.run("apply")
    assert applied.code == 0, applied.said
    assert folded.run("plan", "--detailed-exitcode").code == 0


def test_shards_that_fold_names_and_shards_that_do_not_are_refused(
    folding: RunningServer,
    mysql_server: RunningServer,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mixed = Fleet(tmp_path / "shop", [mysql_server, folding], fresh_database, monkeypatch).found(2)
    ended = mixed.run("plan")
    assert ended.code == 3, ended.said
    assert "lower_case_table_names" in ended.said


# Servers whose tables are MyISAM's where nothing else is said


@pytest.fixture(params=[Flavor.MYSQL, Flavor.MARIADB])
def with_myisam(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    options = {"default_storage_engine": "MyISAM"}
    with start_server(find_server(request.param), options=options) as server:
        yield server


def test_the_engine_that_a_server_would_choose_is_no_mistake_of_the_file(
    with_myisam: RunningServer,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet = Fleet(tmp_path / "shop", [with_myisam], fresh_database, monkeypatch).found(1)
    fleet.edit("schemas/shop/users.sql", ") ENGINE=InnoDB ", ") ")
    ended = fleet.run("plan")
    assert ended.code == 1, ended.said
    assert "engine-left-open" in ended.said
    assert "default_storage_engine is MyISAM" in ended.said
    assert "table orders" not in ended.said
    fleet.edit("schemas/shop/users.sql", ") DEFAULT", ") ENGINE=InnoDB DEFAULT")
    assert fleet.run("plan", "--detailed-exitcode").code == 0
