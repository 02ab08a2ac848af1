"""The session in which a server is asked what it keeps of its work anyway: it only reads, and each
of its statements ends after seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.deadline import Patience
from reconciler.edges.mysql.limits import LOAD_BYTES_MAX, LOAD_STATEMENT_S_MAX
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.reach import ByItself
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import session_variables
from reconciler.edges.mysql.target import resolve
from reconciler.model.server import Flavor
from reconciler.spec.model import ShardSpec

UPTIME = "SHOW GLOBAL STATUS LIKE 'Uptime'"


@contextmanager
def measuring_session(
    shard: ShardSpec, patience: Patience, environ: Mapping[str, str], root: Path
) -> Iterator[tuple[Link, ServerLook]]:
    """Raises Unavailable or InvalidInput."""
    target = resolve(shard.connection, environ=environ, root=root, shard=shard.name)
    reach = ByItself()
    with (
        reach.open(target, program="reconciler, measuring") as link,
        as_unavailable(target.label),
    ):
        patience.when_over(link.cut)
        link.try_again_on_deadlock()
        link.take_at_most(LOAD_BYTES_MAX)
        server = look_at_server(link)
        variables = dict(session_variables(server.settings))
        if server.settings.version.flavor is Flavor.MYSQL:
            variables["max_execution_time"] = str(1_000 * LOAD_STATEMENT_S_MAX)
        else:
            variables["max_statement_time"] = str(LOAD_STATEMENT_S_MAX)
        reach.set_session(link, tuple(variables.items()))
        link.execute("SET SESSION TRANSACTION READ ONLY")
        yield link, server
