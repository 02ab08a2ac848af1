"""Real replicas of the tests' servers: up to date, or behind on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.integration.mysql_edges import admin_cursor


@contextmanager
def replica_of(source: RunningServer, **options: str) -> Iterator[RunningServer]:
    """A server that replicates `source` from now on and says where it listens."""
    options = {"server_id": "2", "report_host": source.host, **options}
    binary = next(found for found in find_servers() if found.version == source.version)
    is_mysql = source.version.flavor is Flavor.MYSQL
    with start_server(binary, options=options, logins=source.logins) as replica:
        with admin_cursor(source) as cursor:
            cursor.execute("SHOW BINARY LOG STATUS" if is_mysql else "SHOW MASTER STATUS")
            file, position, *_ = cursor.fetchall()[0]
        change, prefix = ("REPLICATION SOURCE", "SOURCE") if is_mysql else ("MASTER", "MASTER")
        settings = {
            "HOST": f"'{source.host}'",
            "PORT": source.port,
            "USER": f"'{source.admin.user}'",
            "PASSWORD": f"'{source.admin.password}'",
            "LOG_FILE": f"'{file}'",
            "LOG_POS": position,
        }
        words = [f"{prefix}_{name} = {value}" for name, value in settings.items()]
        if is_mysql:
            words.append("GET_SOURCE_PUBLIC_KEY = 1")
        with admin_cursor(replica) as cursor:
            cursor.execute(f"CHANGE {change} TO {', '.join(words)}")
            cursor.execute("START REPLICA")
        yield replica


@contextmanager
def kept_behind(replica: RunningServer) -> Iterator[None]:
    """What it has not applied yet waits there, and its lag grows, until the block ends."""
    _delay(replica, 3_600)
    try:
        yield
    finally:
        _delay(replica, 0)


def _delay(replica: RunningServer, seconds: int) -> None:
    is_mysql = replica.version.flavor is Flavor.MYSQL
    change = "REPLICATION SOURCE TO SOURCE_DELAY" if is_mysql else "MASTER TO MASTER_DELAY"
    with admin_cursor(replica) as cursor:
        cursor.execute("STOP REPLICA")
        cursor.execute(f"CHANGE {change} = {seconds}")
        cursor.execute("START REPLICA")
