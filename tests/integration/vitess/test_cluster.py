"""A cluster of our own boots, answers, survives what tests do to it, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pymysql
import pytest

from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.local.cluster import VTCTLD, VTGATE, LocalCluster
from tests.tidy.source import PACKAGE, ROOT
from tests.vitess import COMMERCE, MAIN, Vitess
from tests.waiting import comes_true, until

pytestmark = pytest.mark.vitess

ROUTED = json.dumps(
    {
        "sharded": True,
        "vindexes": {"by_hash": {"type": "xxhash"}},
        "tables": {"orders": {"column_vindexes": [{"column": "id", "name": "by_hash"}]}},
    }
)
ORDERS = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, note varchar(20))"
LOOPBACK = "0100007F"  # of 127.0.0.1, in /proc/net/tcp
LISTENING = "0A"


def test_both_keyspaces_answer(vitess: Vitess) -> None:
    shards = {row[0] for row in vitess.sql(COMMERCE, "show vitess_shards")}
    assert {"commerce/-80", "commerce/80-", "main/-"} <= shards
    for database in ("commerce/-80", "commerce/80-", MAIN):
        assert vitess.sql(database, "SELECT 1") == ((1,),)
    assert json.loads(vitess.ask("GetVSchema", COMMERCE))["sharded"] is True
    assert json.loads(vitess.ask("GetVSchema", MAIN))["sharded"] is False


def test_rows_go_where_the_vschema_says(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, ORDERS)
    for number in range(20):
        vitess.sql(keyspace, f"INSERT INTO orders (id) VALUES ({number})")
    counts = [
        vitess.on_server(keyspace, shard, "SELECT count(*) FROM orders")[0][0]
        for shard in ("-80", "80-")
    ]
    assert sum(counts) == 20
    assert min(counts) > 0


def test_an_online_ddl_runs_to_its_end_on_every_shard(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, ORDERS)
    started = vitess.sql(
        keyspace, "SET @@ddl_strategy = 'vitess'", "ALTER TABLE orders MODIFY note varchar(40)"
    )
    assert statuses_at_the_end(vitess, keyspace, str(started[0][0])) == {
        "-80": "complete",
        "80-": "complete",
    }
    for shard in ("-80", "80-"):
        assert "varchar(40)" in vitess.on_server(keyspace, shard, "SHOW CREATE TABLE orders")[0][1]


def statuses_at_the_end(vitess: Vitess, keyspace: str, uuid: str) -> dict[str, str]:
    def statuses() -> dict[str, str]:
        rows = vitess.sql(keyspace, f"show vitess_migrations like '{uuid}'")
        return {row[3]: row[16] for row in rows}

    comes_true(lambda: set(statuses().values()) <= {"complete", "failed"}, pause_s=0.2)
    return statuses()


def test_a_keyspace_of_a_test_goes_with_its_databases(vitess_cluster: LocalCluster) -> None:
    given = Vitess(vitess_cluster, "goes")
    name = given.keyspace()
    assert given.sql(f"{name}/80-", "SELECT 1") == ((1,),)
    given.tidy()
    left = given.on_server(COMMERCE, "80-", "SHOW DATABASES")
    assert not any(name in row[0] for row in left)
    assert name not in given.ask("GetKeyspaces")


def test_a_tablet_that_was_killed_is_missed_and_comes_back(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, ORDERS)
    tablet = vitess.tablet(keyspace, "80-").name
    vitess.kill(tablet)
    with pytest.raises(pymysql.MySQLError):
        vitess.sql(f"{keyspace}/80-", "SELECT 1 FROM orders")
    assert vitess.sql(f"{keyspace}/-80", "SELECT count(*) FROM orders") == ((0,),)
    vitess.start_again(tablet)
    assert vitess.sql(keyspace, "SELECT count(*) FROM orders") == ((0,),)


@pytest.mark.parametrize("name", [VTCTLD, VTGATE])
def test_what_was_killed_answers_again_at_its_address(vitess: Vitess, name: str) -> None:
    before = (vitess.cluster.vtctld_address, vitess.cluster.vtgate_port)
    vitess.kill(name)
    vitess.start_again(name)
    assert (vitess.cluster.vtctld_address, vitess.cluster.vtgate_port) == before
    assert "commerce" in vitess.ask("GetKeyspaces")
    assert vitess.sql(MAIN, "SELECT 1") == ((1,),)


@pytest.mark.invariant("VT-2")
def test_everything_listens_on_loopback_alone(vitess: Vitess) -> None:
    cluster = vitess.cluster
    ports = {port for daemon in cluster.daemons.values() for port in daemon.ports}
    ports |= {server.port for server in cluster.servers.values()}
    listening = [
        line.split()[1].split(":")
        for file in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(file).read_text().splitlines()[1:]
        if line.split()[3] == LISTENING
    ]
    seen = {int(port, 16): address for address, port in listening if int(port, 16) in ports}
    assert seen == dict.fromkeys(ports, LOOPBACK)


@pytest.mark.invariant("VT-2")
def test_passwords_stand_in_no_argument_and_are_asked_for(vitess: Vitess) -> None:
    logins = vitess.cluster.logins
    for daemon in vitess.cluster.daemons.values():
        told = Path(f"/proc/{daemon.process.pid}/cmdline").read_text()
        assert daemon.recipe.name.partition("-")[0] in told
        assert logins.admin.password not in told
    with pytest.raises(pymysql.MySQLError, match="Access denied"):
        pymysql.connect(host="127.0.0.1", port=vitess.cluster.vtgate_port, user=logins.admin.user)


@pytest.mark.invariant("VT-2")
def test_vitess_does_not_run_as_root(vitess: Vitess) -> None:
    for name, daemon in vitess.cluster.daemons.items():
        status = Path(f"/proc/{daemon.process.pid}/status").read_text()
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert "0" not in uids or name == "etcd"


def test_every_command_that_people_are_told_to_type_is_one_of_this_vitess() -> None:
    """In the documents, runbooks among them, and in messages; with each of its options."""
    texts = [*(ROOT / "docs").rglob("*.md"), *PACKAGE.rglob("*.py")]
    named = {
        (command, *re.findall(r"--[a-z-]+", more))
        for text in texts
        for command, more in re.findall(
            r"`vtctldclient ([A-Z][A-Za-z]+)((?: [^`\s\"]+)*)", text.read_text(encoding="utf-8")
        )
    }
    assert ("EmergencyReparentShard",) in named
    for command, *options in sorted(named):
        words = [command, "show"] if command == "VDiff" else [command]
        told = subprocess.run(
            [vitess_program(VitessProgram.VTCTLDCLIENT).path, *words, "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert f"vtctldclient {command}" in told
        assert [one for one in options if one not in told] == [], command


@pytest.mark.invariant("VT-2")
def test_a_program_ends_with_its_keeper(vitess: Vitess) -> None:
    process = vitess.cluster.daemons[VTCTLD].process
    pid = process.pid
    os.kill(process.keeper_pid, signal.SIGKILL)
    process.wait()
    wait_until_gone([pid])


OWNER = """
import sys, time
from pathlib import Path
from tests.vitess import ClusterKeyspace, ClusterPlan, Flavor, boot_cluster, find_server, new_logins
plan = ClusterPlan(
    binary=find_server(Flavor.MYSQL), servers=1, keyspaces=(ClusterKeyspace(name="main"),),
    logins=new_logins(),
)
cluster = boot_cluster(plan, Path(sys.argv[1]))
parts = [*cluster.daemons.values(), *cluster.servers.values()]
keepers = [part.process.keeper_pid for part in parts]
print(*(part.process.pid for part in parts), *keepers, flush=True)
time.sleep(600)
"""


@pytest.mark.invariant("VT-2")
def test_nothing_is_left_of_a_cluster_whose_owner_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "cluster")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        owner.kill()
    assert len(pids) == 2 * 5  # etcd, vtctld, vtgate, a tablet and a server, and their keepers
    wait_until_gone(pids)
    assert list((tmp_path / "cluster").iterdir()) == []


def wait_until_gone(pids: list[int]) -> None:
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), f"the end of {pids}")
