"""Sessions over databases in memory: of those that take over, the last one alone is answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from reconciler.ports.split_servers import SplitSource, SplitTarget, SplitWork
from reconciler.spec.model import ShardSpec
from tests.sim.split.database import Database
from tests.sim.split.servers import SimSource, SimTarget, unavailable

Port = TypeVar("Port")


class SimSession:
    """What was asked before it was cut off, and has not come to the server, is not carried out."""

    def __init__(self, port: Any, database: Database) -> None:
        self._port, self._database = port, database
        self._is_cut_off = False

    def take_over(self) -> None:
        self._refuse_cut_off()
        if self._database.turn is not self:
            self._database.end_turn()
            self._database.turn, self._database.end_turn = self, self.cut_off

    def cut_off(self) -> None:
        self._is_cut_off = True

    def close(self) -> None:
        if self._database.turn is self:
            self._database.turn, self._database.end_turn = None, lambda: None

    def _refuse_cut_off(self) -> None:
        if self._is_cut_off:
            raise unavailable("another session has taken over")

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        def ask(*args: Any, **options: Any) -> Any:
            self._refuse_cut_off()
            return found(*args, **options)

        return ask


@dataclass
class SimServers:
    """By the shard's name in `sources` or `targets`: a shard that moves has one in each."""

    sources: dict[str, Database]
    targets: dict[str, Database]
    source_kind: type[SimSource] = SimSource
    session: type[SimSession] = SimSession
    unreachable: set[str] = field(default_factory=set)

    @contextmanager
    def source(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitSource]:
        database = self.sources[shard.name]
        source = self.source_kind(database, work, lambda: f"made at {database.now_s()}")
        with self._opened(cast(SplitSource, source), database) as opened:
            yield opened

    @contextmanager
    def target(self, shard: ShardSpec, work: SplitWork) -> Iterator[SplitTarget]:
        if shard.name in self.unreachable:
            raise unavailable(f"no connection to {shard.name}")
        database = self.targets[shard.name]
        target = SimTarget(database, work)
        with self._opened(cast(SplitTarget, target), database) as opened:
            yield opened

    @contextmanager
    def _opened(self, port: Port, database: Database) -> Iterator[Port]:
        session = self.session(port, database)
        try:
            yield cast(Port, session)
        finally:
            session.close()
