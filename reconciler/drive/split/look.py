"""What a tick looks at before each action.

Rules: prepared XA transactions are counted before the queue is, so that behind a fence the mark of
one that was committed in between is in it. What may become the job's ground is looked at before it
is compared with the plan, so that what is altered in between differs from the ground (SP-111).
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import replace

from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.planned import is_as_planned
from reconciler.drive.split.world import OpenServers, OpenSource, OpenTarget, SplitOrder, SplitWorld
from reconciler.ports.split_servers import TableSeen
from reconciler.reshard.catalog import Catalog
from reconciler.reshard.job import SplitJob, TableGround
from reconciler.reshard.phases import Phase
from reconciler.reshard.seen import Progress, Seen, SourceSeen, TargetSeen, TickLimits

_TRACKED = (Phase.BACKFILL, Phase.CATCHUP, Phase.ARM, Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER)
_COPIES_ROWS = (Phase.BACKFILL, Phase.CATCHUP)


def look(
    world: SplitWorld,
    order: SplitOrder,
    servers: OpenServers,
    job: SplitJob,
    memory: TickMemory,
    *,
    has_requests: bool,
) -> Seen:
    """A target that is gone keeps no fence closed, and no request from being answered: before that
    is done, nothing is asked of it. Raises Unavailable, Refused."""
    sources = tuple(_source_seen(order, source, job) for source in servers.sources)
    do_writers_wait = any(source.may_refuse_writes for source in sources)
    memory.arrivals.look(world.clock.monotonic_s(), sum(source.queued for source in sources))
    return Seen(
        sources=sources,
        targets=tuple(
            _target_seen(target, job, is_asked=not (has_requests or do_writers_wait))
            for target in servers.targets
        ),
        progress=progress(world, memory),
        brake=world.brake() if job.phase in _COPIES_ROWS else None,
        has_cut_over=_has_cut_over(world.routes.read(job.environment, job.keyspace), job),
    )


def progress(world: SplitWorld, memory: TickMemory) -> Progress:
    since_s, cutover_s = memory.following_since_s, memory.at_cutover_since_s
    now_s = world.clock.monotonic_s()
    return replace(
        memory.done,
        is_copied=memory.copies is not None and all(copy.is_copied for copy in memory.copies),
        is_compared=memory.comparison is not None and memory.comparison.is_complete,
        to_compare=memory.comparison.left if memory.comparison is not None else 0,
        arrivals_per_s=memory.arrivals.per_s(),
        drained_per_s=memory.drained.per_s(),
        compared_per_s=memory.compared.per_s(),
        compared_again_per_s=memory.compared_again.per_s(),
        drained_for_s=0.0 if since_s is None else now_s - since_s,
        at_cutover_s=0.0 if cutover_s is None else now_s - cutover_s,
    )


def limits(world: SplitWorld, order: SplitOrder, job: SplitJob, until_s: float) -> TickLimits:
    """Raises Unavailable."""
    since_s = world.jobs.since_cutover_s(job) if job.is_past_cutover else None
    return TickLimits(
        left_s=world.left_s(until_s),
        fence_budget_s=order.fence_budget_s,
        grace_s=order.grace_s,
        retain_s=order.retain_s,
        approved=frozenset(one.approval for one in world.jobs.approvals(job.job_id)),
        needed=order.approvals,
        since_cutover_s=since_s,
    )


def _source_seen(order: SplitOrder, source: OpenSource, job: SplitJob) -> SourceSeen:
    facts = source.server.facts()
    fence = facts.fence
    wanted = {table.name for table in order.tables}
    there = {table.name for table in facts.tables}
    tracked = {table.name for table in facts.tables if table.tracker is not None}
    there_too = tracked & {*facts.queues} if _is_tracked(job) else frozenset()
    queues = [source.server.queue(t.name) for t in order.tables if t.name in there_too]
    return SourceSeen(
        shard=source.shard,
        ground=tuple(ground_of(source.shard, table) for table in facts.tables),
        missing=tuple(sorted(wanted - there)),
        altered=_altered(order, source, there) if _awaits_ground(job) else (),
        unplanned=tuple(sorted({*facts.others} - order.staying)),
        untracked=tuple(table.name for table in facts.tables if table.tracker is None),
        unfenced=tuple(table.name for table in facts.tables if table.fence is None),
        prepared=facts.prepared,
        unqueued=tuple(sorted(wanted - {*facts.queues})),
        queued=sum(queue.depth for queue in queues),
        oldest_s=max((q.oldest_s for q in queues if q.oldest_s is not None), default=None),
        is_retired={*facts.retired} == wanted,
        fence=fence.state if fence else None,
        fence_epoch=fence.epoch if fence else 0,
        fence_left_s=fence.left_s if fence else None,
    )


def _target_seen(target: OpenTarget, job: SplitJob, *, is_asked: bool) -> TargetSeen:
    is_asked = is_asked and _is_tracked(job)
    return TargetSeen(
        shard=target.shard,
        guard=target.server.guard() if job.is_past_cutover else None,
        missing=target.server.missing() if is_asked else (),
        events=target.server.running_events() if is_asked else (),
    )


def _altered(order: SplitOrder, source: OpenSource, there: Set[str]) -> tuple[str, ...]:
    names = (table.name for table in order.tables if table.name in there)
    return tuple(name for name in names if not is_as_planned(order, source, name))


def _awaits_ground(job: SplitJob) -> bool:
    return job.phase is Phase.BACKFILL and not job.ground


def _is_tracked(job: SplitJob) -> bool:
    return job.phase in _TRACKED and bool(job.ground)


def ground_of(shard: str, table: TableSeen) -> TableGround:
    """Triggers that were made again have missed what was written in between: when they were made
    belongs to the ground."""
    text = f"{table.definition}\0{table.tracker}"
    return TableGround(
        shard=shard,
        table=table.name,
        table_id=table.table_id,
        columns=hashlib.sha256(text.encode()).hexdigest(),
    )


def _has_cut_over(catalog: Catalog | None, job: SplitJob) -> bool:
    return catalog is not None and any(route.job_id == job.job_id for route in catalog.routes)
