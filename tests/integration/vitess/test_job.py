"""The main job on a keyspace of Vitess: planned, verified, applied in waves by Online DDL, found in
place afterwards, and taken up after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.contract.engines.vitess import copying_nothing
from tests.fleet import Fleet
from tests.scratch_servers import scratch_for
from tests.vitess import Vitess
from tests.waiting import until

pytestmark = pytest.mark.vitess

SHARDS = ("-80", "80-")
ROWS = 200
ITEMS = """CREATE TABLE items (
  id bigint NOT NULL,
  a int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
ROUTED = {
    "sharded": True,
    "vindexes": {"by_hash": {"type": "xxhash"}},
    "tables": {"items": {"column_vindexes": [{"columns": ["id"], "name": "by_hash"}]}},
}


class Job(Fleet):
    """A repository whose environment is a keyspace of the cluster."""

    vitess: Vitess
    keyspace: str

    def found_on(self, vitess: Vitess) -> Job:
        self.vitess = vitess
        self.keyspace = vitess.keyspace(vschema=json.dumps(ROUTED))
        values = ", ".join(f"({number}, {number})" for number in range(ROWS))
        for shard in SHARDS:
            vitess.on_server(self.keyspace, shard, ITEMS, f"INSERT INTO items VALUES {values}")
        target = vitess.cluster.target(vitess.cluster.logins.admin)
        scratch = scratch_for(self.servers[0])
        self.monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        self.monkeypatch.setenv("FLEET_PASSWORD", target.password)
        self.monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.password)
        self.spec = {
            "version": 1,
            "kind": "vitess",
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {
                "production": {
                    "vitess": {
                        "vtgate": {
                            "host": target.host,
                            "port": target.port,
                            "user": target.user,
                            "password": "${FLEET_PASSWORD}",
                        },
                        "vtctld": {"address": vitess.cluster.vtctld_address},
                        "keyspace": self.keyspace,
                    },
                    "scratch": {
                        "host": "127.0.0.1",
                        "port": scratch.port,
                        "user": scratch.user,
                        "password": "${FLEET_SCRATCH_PASSWORD}",
                    },
                    "rollout": {"waves": ["50%", "100%"]},
                }
            },
        }
        self.write("schemas/shop/items.sql", ITEMS)
        self.write("schemas/shop/vschema.json", vitess.ask("GetVSchema", self.keyspace))
        self.write_spec()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(".gitignore", ".reconciler/\n")
        self.commit("as it is")
        return self

    def on_shard(self, shard: str, sql: str) -> tuple[tuple[object, ...], ...]:
        return self.vitess.on_server(self.keyspace, shard, sql)


@pytest.fixture
def job(
    vitess: Vitess,
    tmp_path: Path,
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Job:
    return Job(tmp_path / "shop", [mysql_server], fresh_database, monkeypatch).found_on(vitess)


def ended_well(job: Job, verb: str, *options: str) -> str:
    ended = job.run(verb, *options)
    assert ended.code == 0, ended.said
    return ended.out


@pytest.mark.invariant("EN-75")
def test_a_rebuild_is_online_ddl_and_the_rest_the_server_s_own(job: Job) -> None:
    ended_well(job, "drift")
    job.edit("schemas/shop/items.sql", "  a int DEFAULT NULL", "  a bigint DEFAULT NULL")
    job.edit("schemas/shop/items.sql", "  PRIMARY", "  b int DEFAULT NULL,\n  PRIMARY")
    said = ended_well(job, "plan", "--write")
    assert "VITESS COPY" in said
    job.commit("wider")
    ended_well(job, "verify")
    ended_well(job, "apply")
    for shard in SHARDS:
        definition = str(job.on_shard(shard, "SHOW CREATE TABLE items")[0][1])
        assert "`a` bigint" in definition
        assert "`b` int" in definition
        count = job.on_shard(shard, "SELECT COUNT(*), SUM(a) FROM items")
        assert count == ((ROWS, sum(range(ROWS))),)
    seen = job.vitess.sql(job.keyspace, "SHOW VITESS_MIGRATIONS")
    assert sorted((row[3], row[16]) for row in seen) == [("-80", "complete"), ("80-", "complete")]
    ended_well(job, "drift")
    assert "nothing to do" in ended_well(job, "apply")


@pytest.mark.invariant("EN-70")
@pytest.mark.invariant("EN-73")
def test_what_a_killed_apply_has_begun_is_taken_up_and_nothing_runs_twice(job: Job) -> None:
    job.edit("schemas/shop/items.sql", "  a int DEFAULT NULL", "  a bigint DEFAULT NULL")
    job.plan_and_commit("wider")
    with copying_nothing(job.vitess, job.keyspace):
        command = [sys.executable, "-m", "reconciler", "apply", "-C", str(job.root)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ}) as killed:
            wait_until_it_runs(job)
            killed.send_signal(signal.SIGKILL)
    ended_well(job, "apply")
    seen = job.vitess.sql(job.keyspace, "SHOW VITESS_MIGRATIONS")
    assert sorted((row[3], row[16]) for row in seen) == [("-80", "complete"), ("80-", "complete")]
    for shard in SHARDS:
        assert "`a` bigint" in str(job.on_shard(shard, "SHOW CREATE TABLE items")[0][1])
    ended_well(job, "drift")


def wait_until_it_runs(job: Job) -> None:
    asked = "SHOW VITESS_MIGRATIONS"
    until(
        lambda: any(row[16] == "running" for row in job.vitess.sql(job.keyspace, asked)),
        "a migration that runs",
    )
