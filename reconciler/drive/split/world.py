"""What a tick of a split works with: ports, the order that it carries out, open servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

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
    reason to rest. `interrupts` counts how often somebody has asked this process to end: its time
    is over then, and what others wait for is finished first."""

    jobs: SplitJobs
    routes: Routes
    servers: SplitServers
    clock: Clock
    brake: Callable[[], str | None]
    interrupts: Callable[[], int] = lambda: 0

    def left_s(self, until_s: float) -> float:
        """Of a tick that may go on until then, by the clock that never jumps."""
        return 0.0 if self.interrupts() else until_s - self.clock.monotonic_s()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOrder:
    """What the reviewed plan says, and for how long to go on. `holder` is no other process' name;
    `identity` tells this move's shards from all others. `definitions` are the plan's digests of how
    each table is made, by its name; `staying` the tables that the plan leaves to the sources.
    `rows_per_chunk` are read, followed or compared at once."""

    job_id: int
    holder: str
    identity: str
    sources: tuple[ShardSpec, ...]
    targets: tuple[ShardSpec, ...]
    tables: tuple[TableToMove, ...]
    definitions: Mapping[str, str]
    staying: frozenset[str]
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


class OpenTarget:
    """Connected to, and taken over, when it is asked for the first time: a source's fence is
    opened, and a split given up, while a target is gone."""

    def __init__(self, shard: str, connect: Callable[[], SplitTarget]) -> None:
        self.shard = shard
        self._connect = connect
        self._server: SplitTarget | None = None

    @property
    def server(self) -> SplitTarget:
        """Raises Unavailable, JobMoved."""
        if self._server is None:
            self._server = self._connect()
        return self._server


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenServers:
    """In the order of the job's shards, which is that of every tick."""

    sources: tuple[OpenSource, ...]
    targets: tuple[OpenTarget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TickResult:
    """`problem` says why the tick went no further, where something stood in its way; `foreseen`
    what the switch of the traffic would do, where that waits to be allowed and Vitess tells it."""

    how: TickEnd
    job: SplitJob
    problem: Problem | None = None
    foreseen: tuple[str, ...] = ()


@contextmanager
def open_servers(
    world: SplitWorld, order: SplitOrder, take: Callable[[SplitSource | SplitTarget], None]
) -> Iterator[OpenServers]:
    """`take` comes before whatever else is asked of a server. Raises Unavailable, and what `take`
    raises for a source."""
    with ExitStack() as stack:

        def source(shard: ShardSpec) -> OpenSource:
            server = stack.enter_context(world.servers.source(shard, order.work))
            take(server)
            return OpenSource(shard=shard.name, server=server)

        def connected(shard: ShardSpec) -> SplitTarget:
            server = stack.enter_context(world.servers.target(shard, order.work))
            take(server)
            return server

        yield OpenServers(
            sources=tuple(source(shard) for shard in order.sources),
            targets=tuple(
                OpenTarget(shard.name, partial(connected, shard)) for shard in order.targets
            ),
        )
