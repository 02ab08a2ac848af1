"""What `doctor` asks of every shard: can it be reached, read in full, changed, and looked after?

Rule: it looks only; a privilege is checked in SHOW GRANTS, never by trying to use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.dependents import ProgramsElsewhere
from reconciler.edges.mysql.grants import (
    CHANGES_TABLES,
    SCRATCH_NEEDS,
    SHOWS_TABLES,
    read_privileges,
    unseen_with,
)
from reconciler.edges.mysql.live import time_limit_s
from reconciler.edges.mysql.problems import (
    as_unavailable,
    hidden_tables,
    look_failed,
    missing_privileges,
    read_only,
    shard_timeout,
)
from reconciler.edges.mysql.reach import ByItself, Reach, database_of
from reconciler.edges.mysql.scratch_here import scratch_for
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.target import resolve
from reconciler.errors import Problem, ReconcilerError
from reconciler.model.server import ServerSettings
from reconciler.ports.shards import Identity, ShardCheck
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.scratch_image import StartedScratch


class MysqlConnections:
    """`Connections` over real servers."""

    def __init__(
        self, *, environ: Mapping[str, str], root: Path, reach: Reach | None = None
    ) -> None:
        self._environ = environ
        self._root = root
        self._reach = reach or ByItself()

    def scratch_excess(self, scratch: Connection | StartedScratch | None) -> tuple[str, ...]:
        if not isinstance(connection := scratch_for(scratch, self._environ), Connection):
            return ()  # a server of its own, with a login made for it
        target = resolve(connection, environ=self._environ, root=self._root, shard=None)
        with connect(target, with_database=False) as link, as_unavailable(target.label):
            privileges = read_privileges(link, look_at_server(link))
        if privileges is None:
            return ("everything, for the server checks no privileges",)
        return tuple(sorted(privileges.everywhere - SCRATCH_NEEDS))

    def scratch_settings(
        self, scratch: Connection | StartedScratch | None
    ) -> ServerSettings | None:
        if not isinstance(connection := scratch_for(scratch, self._environ), Connection):
            return None
        target = resolve(connection, environ=self._environ, root=self._root, shard=None)
        with connect(target, with_database=False) as link, as_unavailable(target.label):
            return look_at_server(link).settings

    def check_shards(
        self, shards: Sequence[ShardSpec], identity: Identity, *, parallel: int
    ) -> list[ShardCheck]:
        """One for each shard, in the given order. Raises nothing of the network's."""

        elsewhere = ProgramsElsewhere()

        def check(shard: ShardSpec, patience: Patience) -> ShardCheck:
            try:
                target = resolve(
                    shard.connection, environ=self._environ, root=self._root, shard=shard.name
                )
                link = self._reach.open(target, program="reconciler")
                with link, as_unavailable(target.label):
                    patience.when_over(link.cut)
                    return _checked(link, shard, target, identity, elsewhere)
            except ReconcilerError as error:
                problems = error.problems
            except Exception as error:  # as in a look
                problems = (look_failed(f"shard {shard.name}", error),)
            return ShardCheck(shard=shard.name, version=None, problems=problems)

        checks = map_with_deadline(check, shards, parallel=parallel, limit_s=time_limit_s)
        return [
            _overdue(shard) if isinstance(found, Overdue) else found
            for shard, found in zip(shards, checks, strict=True)
        ]


def _checked(
    link: Link, shard: ShardSpec, target: Target, identity: Identity, elsewhere: ProgramsElsewhere
) -> ShardCheck:
    server = look_at_server(link)
    database = database_of(link)
    access = read_access(link, database, server, definers=shard.definers, programs=shard.programs)
    problems: list[Problem] = []
    unseen: tuple[str, ...] = ()
    if access.privileges is not None:
        privileges = access.privileges.on_database(database)
        unseen = unseen_with(privileges)
        if not privileges & SHOWS_TABLES:
            problems.append(hidden_tables(target.label))
        _, hidden = elsewhere.of(link, server, server.settings.fold(database), access.privileges)
        unseen = (*unseen, *hidden)
        if identity is Identity.CHANGES:
            missing = [name for name in (*CHANGES_TABLES, "PROCESS") if name not in privileges]
            if missing:
                problems.append(missing_privileges(target.label, missing))
    if identity is Identity.CHANGES and access.read_only:
        problems.append(read_only(target.label, access.read_only))
    return ShardCheck(
        shard=shard.name,
        version=server.settings.version,
        problems=tuple(problems),
        unseen=unseen,
        access=access,
    )


def _overdue(shard: ShardSpec) -> ShardCheck:
    reason = f"no answer within {time_limit_s(shard):.0f} s"
    problem = shard_timeout(f"shard {shard.name}", reason)
    return ShardCheck(shard=shard.name, version=None, problems=(problem,))
