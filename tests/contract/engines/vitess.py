"""Online DDL of Vitess, on the only shard of a keyspace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.model.engine import EngineName
from reconciler.spec.model import Connection, ShardSpec
from tests.contract.engines.stand import CHANGE, REFUSED, Stand, work_of
from tests.integration.mysql_edges import ROOT, planned
from tests.vitess import Vitess
from tests.waiting import PATIENCE_S

SHARD = "-"


def vitess_stand(vitess: Vitess) -> Stand:
    keyspace = vitess.keyspace(1)
    vitess.on_server(
        keyspace,
        SHARD,
        "CREATE TABLE users (id INT PRIMARY KEY)",
        "INSERT INTO users VALUES (1), (2), (3)",
    )

    def kill() -> None:
        tablet = vitess.tablet(keyspace, SHARD).name
        vitess.kill(tablet)
        vitess.start_again(tablet)

    return Stand(
        engine=EngineName.VITESS,
        sessions=MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate()),
        shard=shard_of(vitess, keyspace, SHARD),
        work=work_of(planned(CHANGE, "users")),
        refused=work_of(planned(REFUSED, "users")),
        slow=lambda: copying_nothing(vitess, keyspace),
        kill=kill,
        survives_kill=True,
    )


def shard_of(vitess: Vitess, keyspace: str, shard: str) -> ShardSpec:
    login = vitess.cluster.logins.admin
    return ShardSpec(
        name=shard,
        connection=Connection(
            host="127.0.0.1",
            port=str(vitess.cluster.vtgate_port),
            user=login.user,
            password=login.password,
            database=f"{keyspace}:{shard}@primary",
            read_timeout_s=60,
        ),
    )


@contextmanager
def copying_nothing(vitess: Vitess, keyspace: str) -> Iterator[None]:
    """Every migration of the keyspace stands still while it copies."""
    vitess.sql(keyspace, "ALTER VITESS_MIGRATION THROTTLE ALL EXPIRE '1h' RATIO 1")
    _wait_until_throttled(vitess, keyspace, is_throttled=True)
    yield
    vitess.sql(keyspace, "ALTER VITESS_MIGRATION UNTHROTTLE ALL")
    _wait_until_throttled(vitess, keyspace, is_throttled=False)


def _wait_until_throttled(vitess: Vitess, keyspace: str, *, is_throttled: bool) -> None:
    """A tablet reads it from the topology a moment later."""
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        apps = {str(row[0]) for row in vitess.sql(keyspace, "SHOW VITESS_THROTTLED_APPS")}
        if ("online-ddl" in apps) is is_throttled:
            return
        time.sleep(0.1)
    raise AssertionError(f"the throttle is not {'there' if is_throttled else 'gone'}")
