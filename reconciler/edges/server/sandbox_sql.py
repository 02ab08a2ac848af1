"""SQL on the shards of a sandbox, for who has no client at hand: rows to load, drift to play.

It reaches what the sandbox's own record names and nothing else; to a fleet of a spec the only way
is a reviewed plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.edges.client.opening import SessionOptions, open_wire
from reconciler.edges.server.problems import (
    sandbox_is_missing,
    sandbox_shard_unknown,
    sandbox_sql_failed,
)
from reconciler.edges.server.sandbox_state import Sandbox, SandboxShard, read_state, target_of

Rows = tuple[tuple[Any, ...], ...]


def run_on_shards(folder: Path, sql: str, names: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Each shard's name with the rows of the last statement that had some, one shard after the
    other; no name: all shards. The first error ends it."""
    sandbox = read_state(folder.resolve())
    if sandbox is None:
        raise sandbox_is_missing(folder)
    known = [shard.name for shard in sandbox.shards]
    for name in names:
        if name not in known:
            raise sandbox_shard_unknown(name, known)
    for shard in sandbox.shards:
        if shard.name in names or not names:
            yield shard.name, _run(sandbox, shard, sql)


def _run(sandbox: Sandbox, shard: SandboxShard, sql: str) -> Rows:
    server = sandbox.server_of(shard)
    rows: Rows = ()
    try:
        connection = open_wire(
            target_of(server, sandbox.logins.admin),
            program="reconciler, sandbox",
            database=shard.database,
            options=SessionOptions(client_flag=CLIENT.MULTI_STATEMENTS),
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(without_delimiters(sql, instead=";"))
            rows = cursor.fetchall()
            while cursor.nextset():
                rows = cursor.fetchall() or rows
    except pymysql.MySQLError as error:
        number, text = (*error.args, "")[:2]
        raise sandbox_sql_failed(shard.name, f"{text} ({number})") from None
    return rows
