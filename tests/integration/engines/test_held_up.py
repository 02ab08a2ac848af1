"""A program that gave up waiting for its table's lock: who was in the way is named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from reconciler.ports.engine import Failed
from tests.conftest import FreshDatabase
from tests.connections import admin_connection
from tests.integration.engines.shard import Shard, begun, to_the_end, until_ready, work


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.engine(name))
        for name in (EngineName.SPIRIT, EngineName.PT_OSC)
    ],
)
def test_who_was_in_the_way_is_named(
    name: EngineName, mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """pt-osc cannot make its triggers; Spirit copies, and cannot swap."""
    shard = Shard(server=mysql_server, database=fresh_database(mysql_server)).made(5)
    change = replace(work("ADD COLUMN `a` int"), lock_wait_s=1)
    reader = admin_connection(mysql_server, shard.database)
    with shard.open() as session, reader, reader.cursor() as cursor:
        cursor.execute("SELECT CONNECTION_ID()")
        (connection,) = cursor.fetchone() or (None,)
        if name is EngineName.PT_OSC:
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM t")
            engine, handle, answer = begun(session, name, change)
        else:
            engine, handle, answer = begun(session, name, change)
            answer = until_ready(engine, handle, change, answer)
            cursor.execute("BEGIN")
            cursor.execute("SELECT * FROM t")
        ended = to_the_end(engine, handle, change, answer)
        assert isinstance(ended, Failed), ended
        assert ended.transient
        assert f"connection {connection}" in (ended.blocker or ""), ended
        cursor.execute("ROLLBACK")
        assert engine.discard(handle, change) is None
