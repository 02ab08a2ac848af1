"""What a person may bring along, or meet: refused by name by the commands that people type, with
nothing sent. What others do meanwhile is in test_workflows.py and test_main_job.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pymysql
import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.model.topology import Topology
from reconciler.spec.model import VitessCluster
from reconciler.vschema.checks import faults_in
from reconciler.vschema.read import dotted, read_vschema
from tests.vitess import Vitess
from tests.vitess_fleet import VitessFleet
from tests.waiting import until

pytestmark = pytest.mark.vitess

SHARDS = ("-80", "80-")
BY_HASH = [{"name": "h", "columns": ["id"]}]
ROUTED: dict[str, Any] = {
    "sharded": True,
    "vindexes": {"h": {"type": "xxhash"}},
    "tables": {"users": {"column_vindexes": BY_HASH}},
}
USERS = """CREATE TABLE users (
  id bigint unsigned NOT NULL,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
VSCHEMA_FILE = "schemas/shop/vschema.json"
USERS_FILE = "schemas/shop/users.sql"


@pytest.fixture
def keyspace(vitess: Vitess) -> str:
    made = vitess.keyspace(vschema=json.dumps(ROUTED))
    for shard in SHARDS:
        vitess.sql(f"{made}/{shard}", USERS)
    return made


@pytest.fixture
def shop(
    vitess: Vitess,
    keyspace: str,
    mysql_server: RunningServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> VitessFleet:
    """With a reviewed plan that is not applied: a column more, and a vindex."""
    root = tmp_path / "repository"
    root.mkdir()
    fleet = VitessFleet(root, (), lambda _: "", monkeypatch)
    fleet.found_on(
        vitess, keyspace, mysql_server, tables={"users": USERS}, vschema=json.dumps(ROUTED)
    )
    fleet.edit(USERS_FILE, "NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
    fleet.write(VSCHEMA_FILE, json.dumps(with_vindex("spare", {"type": "reverse_bits"})))
    fleet.plan_and_commit()
    return fleet


def with_vindex(name: str, vindex: dict[str, Any]) -> dict[str, Any]:
    return {**ROUTED, "vindexes": {**ROUTED["vindexes"], name: vindex}}


def refused(shop: VitessFleet, verb: str, *said: str, code: int) -> None:
    ended = shop.run(verb)
    assert ended.code == code, (verb, ended.said)
    words = " ".join(ended.said.split())
    for expected in said:
        assert expected in words, (verb, words)


def nothing_was_sent(vitess: Vitess, keyspace: str) -> None:
    for shard in SHARDS:
        ((_, definition),) = vitess.on_server(keyspace, shard, "SHOW CREATE TABLE users")
        assert "age" not in definition
        assert vitess.on_server(keyspace, shard, "SHOW TABLES") == (("users",),)
    assert vitess.sql(keyspace, "SHOW VITESS_MIGRATIONS") == ()
    kept = json.loads(vitess.ask("GetVSchema", keyspace))
    assert (kept["vindexes"].keys(), kept["tables"].keys()) == ({"h"}, {"users"})


@pytest.mark.invariant("VS-4")
@pytest.mark.invariant("VS-6")
@pytest.mark.invariant("VT-12")
def test_each_is_refused_by_name_and_nothing_is_sent(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    reviewed = shop.git("rev-parse", "HEAD").strip()

    # A vindex that only Vitess can tell to be none: its own build may have types of its own.
    shop.write(VSCHEMA_FILE, json.dumps(with_vindex("own", {"type": "of_our_own"})))
    refused(shop, "plan", "[vschema-refused]", 'vindexType "of_our_own" not found', code=3)

    # A parameter that Vitess would leave out.
    shop.write(
        VSCHEMA_FILE, json.dumps(with_vindex("own", {"type": "xxhash", "params": {"x": "1"}}))
    )
    refused(shop, "plan", "[vschema-refused]", "unknown vindex params", code=3)

    # A table that no file has, by a name that is nearly one.
    tables = {**ROUTED["tables"], "userz": {"column_vindexes": BY_HASH}}
    shop.write(VSCHEMA_FILE, json.dumps({**ROUTED, "tables": tables}))
    refused(shop, "plan", "[vschema-table-unknown]", "tables.userz", "write users", code=1)

    # A key twice, which Vitess' reader takes the last of.
    shop.write(VSCHEMA_FILE, json.dumps(ROUTED).replace("{", '{"sharded": false, ', 1))
    refused(shop, "plan", "[vschema-unreadable]", "'sharded' twice", code=1)

    # A cell that is gone since the review.
    shop.git("checkout", "--quiet", reviewed, "--", ".")
    shop.environment["vitess"]["cells"] = ["zone1", "zone2"]
    shop.write_spec()
    for verb in ("plan", "verify", "drift"):
        refused(shop, verb, "[vitess-cell-gone]", "names cell 'zone2'", code=3)
    shop.commit("another cell")
    refused(shop, "apply", "[vitess-cell-gone]", "names cell 'zone2'", code=3)

    nothing_was_sent(vitess, keyspace)


@pytest.mark.invariant("VT-37")
def test_beside_a_table_with_a_backquote_in_its_name_online_ddl_is_given_nothing(
    vitess: Vitess, keyspace: str, shop: VitessFleet
) -> None:
    """Policy ignores that table: whose it is does not matter to vttablet."""
    vitess.on_server(keyspace, "80-", "CREATE TABLE `_o``dd` (id bigint NOT NULL PRIMARY KEY)")
    shop.spec["policy"] = {"ignore_tables": ["_*"]}
    shop.write_spec()
    assert shop.run("plan").code == 0, "metadata alone is not copied"
    shop.edit(USERS_FILE, "varchar(50)", "varchar(500)")
    refused(shop, "plan", "[engine-cannot]", "beside one that has a backquote", "_o`dd", code=3)


@pytest.mark.invariant("VT-13")
@pytest.mark.parametrize("verb", ["drift", "apply"])
def test_a_tablet_that_goes_away_in_the_read_is_named(
    vitess: Vitess, keyspace: str, shop: VitessFleet, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """It serves when the topology is asked, and is gone when its shard is read."""
    ask, tablet = VitessKeyspaces.topology, vitess.tablet(keyspace, "80-").name
    killed: list[str] = []

    def asked_just_before(self: VitessKeyspaces, cluster: VitessCluster) -> Topology:
        found = ask(self, cluster)
        if not killed:
            killed.append(tablet)
            vitess.kill(tablet)
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(VitessKeyspaces, "topology", asked_just_before)
        ended = shop.run(verb)
    vitess.start_again(tablet)
    assert ended.code in (1, 3), ended.said
    assert "80-" in ended.said
    assert "matching       the VSchema" not in ended.said or verb == "drift"
    nothing_was_sent(vitess, keyspace)
    assert shop.run("apply").code == 0


@pytest.mark.invariant("VS-3")
@pytest.mark.parametrize("said", [{"pinned": "80"}, {"type": "reference"}])
def test_vitess_takes_a_vschema_by_which_it_loses_sight_of_rows(
    vitess: Vitess, said: dict[str, str]
) -> None:
    """Which is why it is refused at its line (tests/cases/vschema/fault_*_and_spread.case)."""
    table = {**said, "column_vindexes": BY_HASH}
    document = {**ROUTED, "tables": {"users": table}}
    faults = list(faults_in(read_vschema(json.dumps(document).encode()).vschema))
    assert [dotted(fault.at) for fault in faults] == ["tables.users.column_vindexes"]
    keyspace = vitess.keyspace(vschema=json.dumps(document))
    for shard in SHARDS:
        vitess.sql(f"{keyspace}/{shard}", USERS)
    rows = range(20)
    vitess.sql(
        keyspace, *(f"INSERT INTO users (id, name) VALUES ({number}, 'a')" for number in rows)
    )
    asked = "SELECT COUNT(*) FROM users"
    ((found,),) = vitess.sql(keyspace, asked)
    on_shards = [vitess.on_server(keyspace, shard, asked)[0][0] for shard in SHARDS]
    assert sum(on_shards) == len(rows)
    assert found < len(rows)


@pytest.mark.invariant("VS-4")
def test_a_sequence_whose_table_does_not_say_so_gives_no_values(vitess: Vitess) -> None:
    """Which is why it is refused (tests/unit/vschema/test_sequences.py)."""
    document = {"tables": {"ids": {"type": "sequence"}}}
    keyspace = vitess.keyspace(shards=1, vschema=json.dumps(document))
    make = "CREATE TABLE ids (id bigint PRIMARY KEY, next_id bigint, cache bigint)"
    vitess.sql(f"{keyspace}/-", make, "INSERT INTO ids VALUES (0, 1, 10)")
    with pytest.raises(pymysql.MySQLError, match="not a sequence"):
        vitess.sql(keyspace, "SELECT NEXT 5 VALUES FROM ids")
    vitess.sql(f"{keyspace}/-", "ALTER TABLE ids COMMENT 'vitess_sequence'")
    until(lambda: gives_values(vitess, keyspace), "vttablet to know it for a sequence")


def gives_values(vitess: Vitess, keyspace: str) -> bool:
    try:
        return vitess.sql(keyspace, "SELECT NEXT 5 VALUES FROM ids") == ((1,),)
    except pymysql.MySQLError:
        return False
