"""A keyspace's shards on a real cluster: found by its topology, read over vtgate, or refused."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import ReconcilerError, Refused, Unavailable
from reconciler.guard.topology import topology_problems
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.model.topology import MIGRATION_CONTEXT, Topology
from reconciler.observe.topology import shard_specs
from reconciler.ports.shards import ShardSession
from reconciler.spec.model import VitessCluster
from tests.integration.mysql_edges import ROOT
from tests.tidy.source import ROOT as REPOSITORY
from tests.vitess import COMMERCE, Vitess, cluster_of, over_vtgate
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.vitess

ROUTED = (
    '{"sharded": true, "vindexes": {"h": {"type": "xxhash"}},'
    ' "tables": {"orders": {"column_vindexes": [{"column": "id", "name": "h"}]}}}'
)
ORDERS = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, note varchar(20))"


def topology(cluster: VitessCluster) -> Topology:
    return VitessKeyspaces(environ={}, root=ROOT, workers=ThreadWorkers()).topology(cluster)


def codes(vitess: Vitess, keyspace: str, *cells: str) -> list[str]:
    found = topology(cluster_of(vitess, keyspace))
    return [problem.code for problem in topology_problems(found, cells)]


def messages(vitess: Vitess, keyspace: str) -> str:
    found = topology(cluster_of(vitess, keyspace))
    return "\n".join(problem.message for problem in topology_problems(found, ()))


def observed(vitess: Vitess, keyspace: str) -> list[ObservedShard | Unreachable]:
    cluster = cluster_of(vitess, keyspace)
    live = MysqlLiveShards(environ={}, root=ROOT, reach=OverVtgate())
    return live.observe(shard_specs(cluster, topology(cluster)), parallel=4)


@pytest.mark.invariant("VT-10")
def test_the_shards_are_those_of_the_topology(vitess: Vitess) -> None:
    found = topology(cluster_of(vitess, COMMERCE))
    assert [shard.name for shard in found.shards] == ["-80", "80-"]
    assert topology_problems(found, ("zone1",)) == ()


@pytest.mark.invariant("VT-12")
def test_a_keyspace_or_a_cell_that_is_not_there_is_named(vitess: Vitess) -> None:
    assert codes(vitess, COMMERCE, "zone9") == ["vitess-cell-gone"]
    with pytest.raises(Refused, match="no keyspace 'nowhere'; it has: commerce, main"):
        topology(cluster_of(vitess, "nowhere"))


@pytest.mark.invariant("VT-12")
def test_a_shard_without_a_primary_stops_everything(vitess: Vitess) -> None:
    keyspace = vitess.keyspace()
    vitess.ask("CreateShard", f"{keyspace}/c0-")
    assert codes(vitess, keyspace) == ["vitess-shard-not-serving"]
    assert "shard c0-: the topology names no primary" in messages(vitess, keyspace)


@pytest.mark.invariant("VT-12")
def test_a_primary_that_died_stops_everything(vitess: Vitess) -> None:
    keyspace = vitess.keyspace()
    vitess.kill(vitess.tablet(keyspace, "80-").name)
    until(lambda: codes(vitess, keyspace) == ["vitess-shard-not-serving"], "vtgate to miss it")
    assert "shard 80-: vtgate has no primary of it that serves" in messages(vitess, keyspace)


@pytest.mark.invariant("VT-12")
def test_a_workflow_stops_the_keyspace_it_reads_and_the_one_it_writes(vitess: Vitess) -> None:
    source, target = vitess.keyspace(vschema=ROUTED), vitess.keyspace(vschema=ROUTED)
    vitess.sql(source, ORDERS)
    vitess.ask(
        *("MoveTables", "--workflow", "mv", "--target-keyspace", target, "create"),
        *("--source-keyspace", source, "--tables", "orders", "--tablet-types=PRIMARY"),
    )
    for keyspace in (source, target):
        assert f"MoveTables 'mv' is in progress, from {source} to {target}" in messages(
            vitess, keyspace
        )
    vitess.ask("MoveTables", "--workflow", "mv", "--target-keyspace", target, "stop")
    assert codes(vitess, source) == ["vitess-workflow"]
    vitess.ask("MoveTables", "--workflow", "mv", "--target-keyspace", target, "cancel")
    assert codes(vitess, source) == []


@pytest.mark.invariant("VT-12")
@pytest.mark.invariant("VT-14")
def test_an_online_ddl_of_others_is_named_and_its_copy_left_out(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, ORDERS)
    postponed = "SET @@ddl_strategy = 'vitess --postpone-completion'"
    context = "SET @@migration_context = 'somebody:1'"
    alter = "ALTER TABLE orders MODIFY note varchar(300)"
    ((uuid,),) = vitess.sql(keyspace, postponed, context, alter)
    copies = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    until(lambda: len(vitess.sql(f"{keyspace}/-80", copies)) > 1, "its copy")
    assert codes(vitess, keyspace) == ["vitess-migration-of-others"] * 2
    assert "shard -80, table orders: an online DDL that is not reconciler's" in messages(
        vitess, keyspace
    )
    for seen in observed(vitess, keyspace):
        assert isinstance(seen, ObservedShard)
        assert [table for table, _ in seen.definitions] == ["orders"]
    vitess.sql(keyspace, f"ALTER VITESS_MIGRATION '{uuid}' CANCEL")
    until(lambda: codes(vitess, keyspace) == [], "its end")


@pytest.mark.invariant("VT-12")
def test_an_online_ddl_of_our_own_is_no_obstacle(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(vschema=ROUTED)
    vitess.sql(keyspace, ORDERS)
    context = f"SET @@migration_context = '{MIGRATION_CONTEXT}a-test'"
    postponed = "SET @@ddl_strategy = 'vitess --postpone-completion'"
    ((uuid,),) = vitess.sql(keyspace, postponed, context, "ALTER TABLE orders ENGINE=InnoDB")
    found = topology(cluster_of(vitess, keyspace))
    assert {one.uuid for one in found.migrations} == {uuid}
    assert topology_problems(found, ()) == ()
    vitess.sql(keyspace, f"ALTER VITESS_MIGRATION '{uuid}' CANCEL")


@pytest.mark.invariant("VT-12")
def test_a_vtctld_or_a_vtgate_that_is_down_says_nothing_of_shards(vitess: Vitess) -> None:
    cluster = cluster_of(vitess, COMMERCE)
    with pytest.raises(Unavailable) as gate:
        topology(replace(cluster, vtgate=replace(cluster.vtgate, port="1")))
    assert gate.value.problems[0].message.startswith("vtgate: ")
    wrong = replace(cluster.vtctld, address=f"127.0.0.1:{cluster.vtgate.port}")
    with pytest.raises(Unavailable) as ctld:
        topology(replace(cluster, vtctld=wrong))
    assert ctld.value.problems[0].code in ("vtctld-silent", "vtctld-error")
    assert cluster.vtgate.port not in str(ctld.value)


@pytest.mark.invariant("VT-13")
def test_a_shard_is_read_as_its_own_server_has_it(vitess: Vitess) -> None:
    keyspace = vitess.keyspace()
    vitess.on_server(
        keyspace,
        "80-",
        f"USE `{vitess.tablet(keyspace, '80-').database}`",
        "CREATE TABLE only_here (id int PRIMARY KEY, t timestamp NULL DEFAULT '2020-01-01 00:00')",
    )
    first, second = observed(vitess, keyspace)
    assert isinstance(first, ObservedShard)
    assert isinstance(second, ObservedShard)
    assert first.definitions == ()
    assert [table for table, _ in second.definitions] == ["only_here"]
    ((version, mode),) = vitess.on_server(keyspace, "80-", "SELECT VERSION(), @@global.sql_mode")
    assert str(second.settings.version).removeprefix("mysql ") in version
    assert second.settings.variable("sql_mode") == mode
    assert second.place.endswith(f"/{vitess.tablet(keyspace, '80-').database}")
    assert first.server != second.server


@pytest.mark.invariant("VT-13")
def test_a_keyspace_is_no_server(vitess: Vitess) -> None:
    """vtgate names itself where no shard is named: whoever believed it proved on another MySQL."""
    spec = over_vtgate(vitess, COMMERCE, "-80")
    whole = replace(spec, connection=replace(spec.connection, database=COMMERCE))
    [seen] = MysqlLiveShards(environ={}, root=ROOT).observe([whole], parallel=1)
    assert isinstance(seen, Unreachable)
    assert seen.code in ("server-unsupported", "server-error")


@pytest.mark.invariant("VT-13")
def test_a_listing_that_the_server_would_cut_is_no_smaller_schema(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(shards=1)
    for table in ("a", "b", "c"):
        vitess.sql(f"{keyspace}/-", f"CREATE TABLE {table} (id int PRIMARY KEY)")
    vitess.on_server(keyspace, "-", "SET GLOBAL sql_select_limit = 1")
    try:
        looks = [_fresh_look(vitess, keyspace) for _ in range(5)]
    finally:
        vitess.on_server(keyspace, "-", "SET GLOBAL sql_select_limit = DEFAULT")
        _end_pooled_connections(vitess, keyspace)
    assert any(isinstance(seen, Unreachable) for seen in looks)
    whole = [seen for seen in looks if isinstance(seen, ObservedShard)]
    assert all([table for table, _ in seen.definitions] == ["a", "b", "c"] for seen in whole)


def _fresh_look(vitess: Vitess, keyspace: str) -> ObservedShard | Unreachable:
    """Over connections that vttablet has made since: pooled ones have the setting of their day."""
    _end_pooled_connections(vitess, keyspace)
    live = MysqlLiveShards(environ={}, root=ROOT, reach=OverVtgate())
    [seen] = live.observe([over_vtgate(vitess, keyspace)], parallel=1)
    return seen


def _end_pooled_connections(vitess: Vitess, keyspace: str) -> None:
    database = vitess.tablet(keyspace, "-").database
    ids = vitess.on_server(
        keyspace,
        "-",
        f"SELECT id FROM information_schema.processlist WHERE db = '{database}'"
        " AND command = 'Sleep'",
    )
    for (number,) in ids:
        vitess.on_server(keyspace, "-", f"KILL {number}")


@pytest.mark.invariant("VT-11")
@pytest.mark.parametrize("name", [EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC])
def test_no_engine_works_past_vitess(vitess: Vitess, name: EngineName) -> None:
    keyspace = vitess.keyspace(shards=1)
    sessions = MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate())
    with (
        sessions.open(over_vtgate(vitess, keyspace)) as session,
        pytest.raises(Unavailable, match="does not work on a shard that is reached over vtgate"),
    ):
        session.engine(name)


@pytest.mark.invariant("VT-15")
@pytest.mark.invariant("ST-16")
def test_a_claim_that_vttablet_has_ended_is_not_taken_for_held(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(shards=1)
    sessions = MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate())
    spec = over_vtgate(vitess, keyspace)
    with sessions.open(spec) as first, sessions.open(spec) as second:
        assert first.claim()
        locks = "SELECT ID FROM information_schema.PROCESSLIST WHERE ID = IS_USED_LOCK('{}')"
        name = first._shard.claim_name
        ((holder,),) = vitess.on_server(keyspace, "-", locks.format(name))
        vitess.on_server(keyspace, "-", f"KILL {holder}")
        until(
            second.claim, "the claim of who is left"
        )  # the server ends a session some time after it was told to
        assert not _claims(first)


def _claims(session: ShardSession) -> bool:
    try:
        return session.claim()
    except ReconcilerError:
        return False


@pytest.mark.invariant("VT-15")
def test_a_statement_that_runs_is_known_in_the_words_that_vtgate_gives_it(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(shards=1)
    vitess.sql(f"{keyspace}/-", ORDERS)
    sessions = MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate())
    alter = "ALTER TABLE `orders` ADD COLUMN   `a` int"
    place = vitess.tablet(keyspace, "-")
    holder = open_wire(
        vitess.cluster.server_target(place.server), program="tests", database=place.database
    )
    with holder, holder.cursor() as cursor, sessions.open(over_vtgate(vitess, keyspace)) as session:
        assert not session.still_running(alter)
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM orders")
        sender = Thread(target=vitess.sql, args=(f"{keyspace}/-", alter), daemon=True)
        sender.start()
        until(lambda: session.still_running(alter), "it to run")
        cursor.execute("ROLLBACK")
        sender.join(PATIENCE_S)
        until(lambda: not session.still_running(alter), "its end")
        shown = session.definition(table_id("orders"))
        assert shown is not None
        assert "`a` int" in shown


@pytest.mark.invariant("PL-12")
def test_what_vitess_answers_names_no_account_and_no_address(vitess: Vitess) -> None:
    keyspace = vitess.keyspace(shards=1)
    sessions = MysqlShardSessions(environ={}, root=REPOSITORY, reach=OverVtgate())
    spec = over_vtgate(vitess, keyspace)
    with sessions.open(spec) as session, pytest.raises(Unavailable) as refused:
        session._shard.looked(lambda link: link.query("SELECT secret FROM nowhere"))
    said = str(refused.value)
    assert "doesn't exist" in said
    for hidden in ("CallerID", vitess.cluster.logins.admin.user, "rpc error", "BindVars"):
        assert hidden not in said
