"""MariaDB's sequences in defaults: not managed, and yet what a table is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet

TICKETS = """CREATE TABLE tickets (
  id bigint NOT NULL DEFAULT (NEXT VALUE FOR numbers),
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
PLAIN = TICKETS.replace(" DEFAULT (NEXT VALUE FOR numbers)", "")
FILE = "schemas/shop/tickets.sql"


@pytest.fixture
def fleet(
    tmp_path: Path,
    mariadb_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    """Two shards with a sequence each, which no table uses yet."""
    made = Fleet(tmp_path / "shop", [mariadb_server], fresh_database, monkeypatch)
    made.found(2, {"tickets": PLAIN})
    for shard in made.databases:
        made.sql(shard, "CREATE SEQUENCE numbers START WITH 100")
    return made


def test_a_default_may_use_a_sequence_of_the_shards(fleet: Fleet) -> None:
    fleet.write(FILE, TICKETS)
    fleet.plan_and_commit()
    plan = fleet.read("plans/production/shop.plan.sql")
    assert "nextval(`numbers`)" in plan
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    for shard in fleet.databases:
        fleet.sql(shard, "INSERT INTO tickets (name) VALUES ('a')")
        assert fleet.sql(shard, "SELECT id FROM tickets") == ((100,),)
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    assert fleet.run("drift").code == 0
    fleet.edit(FILE, "varchar(50)", "varchar(60)")
    fleet.plan_and_commit()
    assert fleet.run("verify").code == 0
    assert fleet.run("apply").code == 0
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_files_made_from_live_name_the_sequence_alone(fleet: Fleet) -> None:
    for shard in fleet.databases:
        fleet.sql(shard, "ALTER TABLE tickets MODIFY id bigint NOT NULL DEFAULT nextval(numbers)")
    assert fleet.run("pull", "--environment", "production").code == 0
    assert "DEFAULT nextval(`numbers`)" in fleet.read(FILE)
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_a_sequence_that_no_shard_has_is_refused_with_the_file(fleet: Fleet) -> None:
    fleet.write(FILE, TICKETS.replace("numbers", "absent"))
    ended = fleet.run("plan")
    assert ended.code == 1, ended.said
    assert "definition-rejected" in ended.said
    assert FILE in ended.said


def test_a_shard_without_the_sequence_is_refused_before_anything_runs(fleet: Fleet) -> None:
    last = [*fleet.databases][-1]
    fleet.sql(last, "DROP SEQUENCE numbers")
    fleet.write(FILE, TICKETS)
    ended = fleet.run("plan")
    assert ended.code == 3, ended.said
    assert "statement-rejected" in ended.said
