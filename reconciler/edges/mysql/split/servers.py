"""`SplitServers` over real servers, with the identity that may change the shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.edges.mysql.split.session import SplitSession
from reconciler.edges.mysql.split.source import MysqlSplitSource
from reconciler.edges.mysql.split.target import MysqlSplitTarget
from reconciler.edges.mysql.target import required_database, resolve
from reconciler.ports.split_servers import SplitSource, SplitTarget, SplitWork
from reconciler.spec.model import ShardSpec


class MysqlSplitServers:
    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    @contextmanager
    def source(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitSource]:
        with self._session(shard, foreign_key_checks=True) as session:
            yield MysqlSplitSource(session, work)

    @contextmanager
    def target(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitTarget]:
        with self._session(shard, foreign_key_checks=False) as session:
            yield MysqlSplitTarget(session, work)

    @contextmanager
    def _session(self, shard: ShardSpec, *, foreign_key_checks: bool) -> Iterator[SplitSession]:
        target = resolve(shard.connection, environ=self._environ, root=self._root, shard=shard.name)
        required_database(target)
        session = SplitSession(target, foreign_key_checks=foreign_key_checks)
        try:
            yield session
        finally:
            session.close()
