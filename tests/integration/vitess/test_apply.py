"""The whole way on a real cluster: a table and its route, planned, applied in order, and drift of
either found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.spec.model import VitessCluster
from tests.fleet import Fleet
from tests.scratch_servers import scratch_for
from tests.vitess import Vitess

pytestmark = pytest.mark.vitess

BY_HASH = {"column_vindexes": [{"columns": ["id"], "name": "by_hash"}]}
SHARDS = ("-80", "80-")


def routed(*tables: str) -> dict[str, Any]:
    vindexes = {"by_hash": {"type": "xxhash"}}
    return {"sharded": True, "vindexes": vindexes, "tables": dict.fromkeys(tables, BY_HASH)}


def table(name: str) -> str:
    return (
        f"CREATE TABLE {name} (\n  id bigint NOT NULL,\n  note varchar(20) DEFAULT NULL,\n"
        "  PRIMARY KEY (id)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    )


@pytest.fixture
def fleet(
    vitess: Vitess,
    mysql_server: RunningServer,
    fresh_database: Callable[[RunningServer], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    """A keyspace of the test's own with one table, as git has it."""
    keyspace = vitess.keyspace(vschema=json.dumps(routed("orders")))
    vitess.sql(keyspace, table("orders"))
    login, scratch = vitess.cluster.logins.admin, scratch_for(mysql_server)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("FLEET_VTGATE_PASSWORD", login.password)
    monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.password)
    fleet = Fleet(tmp_path, (), fresh_database, monkeypatch)
    fleet.spec = {
        "version": 1,
        "kind": "vitess",
        "keyspace": "shop",
        "schema": "schemas/shop",
        "environments": {
            "production": {
                "vitess": {
                    "vtgate": {
                        "host": "127.0.0.1",
                        "port": vitess.cluster.vtgate_port,
                        "user": login.user,
                        "password": "${FLEET_VTGATE_PASSWORD}",
                    },
                    "vtctld": {"address": vitess.cluster.vtctld_address},
                    "keyspace": keyspace,
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
    fleet.write_spec()
    fleet.write("schemas/shop/orders.sql", table("orders") + ";\n")
    fleet.write("schemas/shop/vschema.json", json.dumps(routed("orders")))
    fleet.git("init", "--quiet", "--initial-branch=main")
    fleet.write(".gitignore", ".reconciler/\n")
    fleet.commit("as it is")
    return fleet


def keyspace_of(fleet: Fleet) -> str:
    return str(fleet.environment["vitess"]["keyspace"])


def routes(vitess: Vitess, fleet: Fleet) -> list[str]:
    return sorted(json.loads(vitess.ask("GetVSchema", keyspace_of(fleet))).get("tables", {}))


def status(fleet: Fleet) -> dict[str, Any]:
    ended = fleet.run("status", "--output", "json", "--review", "none")
    assert ended.code == 0, ended.said
    found: dict[str, Any] = json.loads(ended.out)["applies"][0]
    return found


@pytest.mark.invariant("FZ-1")
def test_a_table_is_on_every_shard_before_it_is_routed(vitess: Vitess, fleet: Fleet) -> None:
    assert fleet.run("drift").code == 0
    fleet.write("schemas/shop/users.sql", table("users") + ";\n")
    fleet.write("schemas/shop/vschema.json", json.dumps(routed("orders", "users")))
    commit = fleet.plan_and_commit()
    assert fleet.run("drift").code == 2, "pending"
    ended = fleet.run("apply", "--review", "none", "--ref", commit)
    assert ended.code == 0, ended.said
    assert routes(vitess, fleet) == ["orders", "users"]
    for shard in SHARDS:
        assert vitess.on_server(keyspace_of(fleet), shard, "SHOW TABLES LIKE 'users'")
    told = status(fleet)
    assert [(row["moment"], row["state"]) for row in told["vschema"]] == [("last", "completed")]
    shards_done = max(op["settled_s"] for row in told["shards"] for op in row["operations"])
    assert told["vschema"][0]["started_s"] >= shards_done
    assert fleet.run("drift").code == 0
    again = fleet.run("apply", "--review", "none", "--ref", commit)
    assert again.code == 0
    assert "nothing to do, every shard and the VSchema are where the plan ends" in again.out


@pytest.mark.invariant("FZ-5")
def test_a_vschema_alone_is_applied_and_its_drift_is_found(vitess: Vitess, fleet: Fleet) -> None:
    explicit, setting = routed("orders"), "require_explicit_routing"
    explicit[setting] = True
    allow = {"vschema": setting, "hazard": "change-routing", "reason": "agreed in May"}
    fleet.spec["policy"] = {"allow": [allow]}
    fleet.write_spec()
    fleet.write("schemas/shop/vschema.json", json.dumps(explicit))
    commit = fleet.plan_and_commit()
    ended = fleet.run("apply", "--review", "none", "--ref", commit)
    assert ended.code == 0, ended.said
    assert "VSchema applied" in ended.out
    vitess.ask("ApplyVSchema", f"--vschema={json.dumps(routed('orders'))}", keyspace_of(fleet))
    drifted = fleet.run("drift")
    assert drifted.code == 2
    assert "VSchema" in drifted.out
    # It is at the plan's before-state again, so the plan can bring it back.
    assert fleet.run("verify").code == 0
    ended = fleet.run("apply", "--review", "none", "--ref", commit)
    assert ended.code == 0, ended.said
    assert fleet.run("drift").code == 0


@pytest.mark.invariant("GD-4")
def test_a_vschema_that_somebody_changed_since_the_review_stops_everything(
    vitess: Vitess, fleet: Fleet
) -> None:
    fleet.write("schemas/shop/users.sql", table("users") + ";\n")
    fleet.write("schemas/shop/vschema.json", json.dumps(routed("orders", "users")))
    commit = fleet.plan_and_commit()
    strange = json.dumps(routed("orders", "strangers"))
    vitess.ask("ApplyVSchema", f"--vschema={strange}", keyspace_of(fleet))
    ended = fleet.run("apply", "--review", "none", "--ref", commit)
    assert ended.code == 3, ended.said
    assert "vschema-drift" in ended.out
    assert routes(vitess, fleet) == ["orders", "strangers"]
    for shard in SHARDS:
        assert not vitess.on_server(keyspace_of(fleet), shard, "SHOW TABLES LIKE 'users'")


@pytest.mark.invariant("FZ-3")
def test_without_vtctld_behind_the_shards_the_apply_stays_open_and_is_gone_on_with(
    vitess: Vitess, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step is tried for as long as it may be, and the next run finishes it."""
    fleet.environment["rollout"]["lock_retries"] = 0
    fleet.write_spec()
    fleet.write("schemas/shop/users.sql", table("users") + ";\n")
    fleet.write("schemas/shop/vschema.json", json.dumps(routed("orders", "users")))
    commit = fleet.plan_and_commit()
    look, looks = VitessKeyspaces.vschema, iter(range(100))

    def dies_before_the_last_step(self: VitessKeyspaces, cluster: VitessCluster) -> str:
        if next(looks) == 1:  # the first is the check of the whole keyspace
            vitess.kill("vtctld")
        return look(self, cluster)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(VitessKeyspaces, "vschema", dies_before_the_last_step)
        ended = fleet.run("apply", "--review", "none", "--ref", commit)
    vitess.start_again("vtctld")
    assert ended.code == 4, ended.said
    told = status(fleet)
    assert told["outcome"] == "paused"
    assert [row["state"] for row in told["vschema"]] == ["failed_retryable"]
    assert {row["state"] for row in told["shards"]} == {"completed"}
    assert routes(vitess, fleet) == ["orders"]
    ended = fleet.run("resume", "--review", "none", "--ref", commit)
    assert ended.code == 0, ended.said
    assert routes(vitess, fleet) == ["orders", "users"]
    assert fleet.run("drift").code == 0
