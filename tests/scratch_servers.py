"""Scratch servers like those that tests have shards on: one for each, gone with the process."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.scratch_auto import start_scratch_server
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from reconciler.spec.model import Connection


def scratch_for(server: RunningServer) -> Target:
    """A scratch server that stands for `server`, with the login that scratch has."""
    return _scratch_at(server.port, server.admin.user, server.admin.password)[1]


def scratch_connection(server: RunningServer) -> Connection:
    """The same, as a spec would name it."""
    found = scratch_for(server)
    return Connection(
        host=found.host, port=str(found.port), user=found.user, password=found.password
    )


@cache
def _scratch_at(port: int, user: str, password: str) -> tuple[RunningServer, Target]:
    connection = Connection(port=str(port), database="mysql", user=user, password=password)
    target = resolve(connection, environ={}, root=Path(), shard="-")
    with connect(target) as link:
        found, target = start_scratch_server(look_at_server(link).settings)
    atexit.register(found.stop)
    return found, target
