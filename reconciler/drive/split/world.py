"""What a tick of a split works with: ports, the order that it carries out, open servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.ports.clock import Clock
from reconciler.ports.routes import Routes
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import (
    SplitServers,
    SplitSource,
    SplitTarget,
    SplitWork,
    TableToMove,
)
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import Approval, SplitJob
from reconciler.spec.model import ShardSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitWorld:
    """`brake` says why the copy has to rest now, None for nothing; what could not be measured is a
    reason to rest."""

    jobs: SplitJobs
    routes: Routes
    servers: SplitServers
    clock: Clock
    brake: Callable[[], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOrder:
    """What the reviewed plan says, and for how long to go on. `holder` is no other process' name;
    `identity` tells this move's shards from all others. `rows_per_chunk` are read, followed or
    compared at once."""

    job_id: int
    holder: str
    identity: str
    sources: tuple[ShardSpec, ...]
    targets: tuple[ShardSpec, ...]
    tables: tuple[TableToMove, ...]
    owners: Owners
    rows_per_chunk: int
    fence_budget_s: float
    grace_s: float
    retain_s: float
    approvals: frozenset[Approval]
    runtime_s: float

    @property
    def work(self) -> SplitWork:
        return SplitWork(job=self.job_id, identity=self.identity, tables=self.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    shard: str
    server: SplitSource


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTarget:
    shard: str
    server: SplitTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServers:
    """In the order of the job's shards, which is that of every tick."""

    sources: tuple[OpenSource, ...]
    targets: tuple[OpenTarget, ...]

    def take_over(self) -> None:
        """Of all of them, before the first is written to. Raises Unavailable."""
        for source in self.sources:
            source.server.take_over()
        for target in self.targets:
            target.server.take_over()


@dataclass(frozen=True, slots=True, kw_only=True)
class TickResult:
    """`problem` says why the tick went no further, where something stood in its way."""

    how: TickEnd
    job: SplitJob
    problem: Problem | None = None


@contextmanager
def open_servers(world: SplitWorld, order: SplitOrder) -> Iterator[OpenServers]:
    """Raises Unavailable."""
    with ExitStack() as stack:
        sources = tuple(
            OpenSource(
                shard=shard.name,
                server=stack.enter_context(world.servers.source(shard, order.work)),
            )
            for shard in order.sources
        )
        targets = tuple(
            OpenTarget(
                shard=shard.name,
                server=stack.enter_context(world.servers.target(shard, order.work)),
            )
            for shard in order.targets
        )
        yield OpenServers(sources=sources, targets=targets)
