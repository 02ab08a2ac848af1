"""Connections of the tests' own to a server: past the product, in the clear on this machine."""

from __future__ import annotations

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.subjects import Server


def admin_connection(server: Server, database: str | None = None) -> Connection[Cursor]:
    """Without TLS: to load the machine's authorities takes longer than all that most tests ask."""
    return pymysql.connect(
        host=server.host,
        port=server.port,
        user=server.admin.user,
        password=server.admin.password,
        database=database,
        charset="utf8mb4",
        autocommit=True,
        ssl_disabled=True,
    )
