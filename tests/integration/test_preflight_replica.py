"""Rows asked of a replica in its primary's place: one whose replication is proven, and no other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Holds,
    NotSettled,
    Violated,
)
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.preflight import ReplicaAddress
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.integration.replicas import kept_behind, replica_of
from tests.sample_probes import WALKED
from tests.waiting import until

BEHIND_S_MAX = 1


def asked(primary: Connection, replica: RunningServer | int | None, server: str = "") -> Answer:
    """`replica`: the server that the spec names, or one at that port; None: it names none."""
    if replica is not None:
        port = replica if isinstance(replica, int) else replica.port
        primary = replace(primary, replica=ReplicaAddress(port=str(port)))
    one = ShardAsked(
        shard=ShardSpec(name="-80", connection=primary),
        tables=(TableAsked(table="t", probes=(WALKED,), is_as_seen=lambda _: True),),
        server=server,
        replica_behind_s_max=BEHIND_S_MAX,
    )
    [[answer]] = MysqlRowProbes(environ={}, root=ROOT).ask([one], parallel=1, budget_s=60)
    return answer


def check_open(answer: Answer, reason: str) -> None:
    assert isinstance(answer, NotSettled), answer
    assert reason in answer.because, answer.because


@pytest.mark.invariant("PF-9")
@pytest.mark.parametrize("name", ["mysql_server", "mariadb_server"])
def test_rows_are_asked_of_a_replica_that_is_proven(
    name: str, request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> None:
    source: RunningServer = request.getfixturevalue(name)
    with replica_of(source, binlog_ignore_db="elsewhere") as replica:
        database = fresh_database(source)
        primary = connection_to(source, database)
        with admin_cursor(source, database) as cursor:
            cursor.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
            cursor.execute("INSERT INTO t VALUES (1, 1), (2, 2)")
        until(lambda: isinstance(asked(primary, replica), Holds), "the replica to have the table")
        with admin_cursor(replica, database) as cursor:  # so that it tells who was asked
            cursor.execute("SET sql_log_bin = 0")
            cursor.execute("INSERT INTO t VALUES (3, NULL)")
        for named in (replica, None):
            answer = asked(primary, named)
            assert isinstance(answer, Violated), answer
            assert answer.behind_s is not None
            assert answer.behind_s <= BEHIND_S_MAX
        check_open(asked(primary, replica, server="another"), "another server answers")
        check_open(asked(primary, 1), "its replica: nothing accepts connections")
        _check_strangers(source, replica, database)
        with kept_behind(replica):
            fresh_database(source)  # which the replica does not hear of for now
            until(
                lambda: "behind by more than its limit" in str(asked(primary, replica)),
                "its lag to be seen",
            )
        _check_filters(source, replica, primary)
        with admin_cursor(replica) as cursor:
            cursor.execute("STOP REPLICA SQL_THREAD")
        check_open(asked(primary, replica), "does not follow its primary now")


def _check_strangers(source: RunningServer, replica: RunningServer, database: str) -> None:
    """What the shard's connection leads to is followed by nobody that is asked, or only in part."""
    check_open(asked(connection_to(replica, database), source), "leaves databases out of its")
    binary = next(found for found in find_servers() if found.version == source.version)
    numbered = {"server_id": "1"}  # as the source is, which MariaDB's replicas know it by
    with start_server(binary, options=numbered, logins=source.logins) as other:
        with admin_cursor(other) as cursor:
            cursor.execute(f"CREATE DATABASE `{database}`")
        stranger = connection_to(other, database)
        check_open(asked(stranger, replica), "does not follow this primary")
        check_open(asked(stranger, None), "tells of no replica")


def _check_filters(source: RunningServer, replica: RunningServer, primary: Connection) -> None:
    is_mysql = source.version.flavor is Flavor.MYSQL
    if is_mysql:
        ignored = "CHANGE REPLICATION FILTER REPLICATE_IGNORE_DB = ({})"
        settings = [ignored.format("elsewhere"), ignored.format("")]
    else:
        ignored, marked = "replicate_ignore_db = '{}'", "replicate_events_marked_for_skip = {}"
        words = [ignored.format("elsewhere"), ignored.format("")]
        words += [marked.format(word) for word in ("FILTER_ON_SLAVE", "REPLICATE")]
        settings = [f"SET GLOBAL {word}" for word in words]
    for place, setting in enumerate(settings):
        with admin_cursor(replica) as cursor:
            cursor.execute("STOP REPLICA SQL_THREAD" if is_mysql else "STOP REPLICA")
            cursor.execute(setting)
            cursor.execute("START REPLICA")
        told = "Violated(" if place % 2 else "takes over only a part"
        until(partial(_tells, primary, replica, told), f"{setting} to be seen")


def _tells(primary: Connection, replica: RunningServer, told: str) -> bool:
    return told in repr(asked(primary, replica))
