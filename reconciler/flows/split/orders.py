"""What a tick is told to do: what the reviewed plan says, with the connections that the spec has.

Rule: where the spec no longer leads to the shards of the job, or where another than the one who
began it would move its rows, nothing is driven (SP-76).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from reconciler.drive.split.reshard_tick import ReshardOrder
from reconciler.drive.split.world import SplitOrder
from reconciler.errors import Problem, Refused
from reconciler.model.fleet import parse_key_range
from reconciler.ports.split_servers import TableToMove
from reconciler.reshard.batches import Owners
from reconciler.reshard.job import SplitJob
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS, selftest
from reconciler.reshard.plan.model import PlannedFunction, SplitPlan
from reconciler.spec.model import Environment, ShardSpec

Listed = TypeVar("Listed")


def split_order(
    plan: SplitPlan, job: SplitJob, environment: Environment, *, holder: str, runtime_s: float
) -> SplitOrder:
    """Of a job whose rows this program moves. Raises Refused where the spec no longer lists a shard
    of the job, or this program knows another function by the name."""
    core = plan.core
    if core.key_function is None or environment.vitess is not None:
        raise Refused(_other_engine(job))
    function = KEY_FUNCTIONS[core.key_function.name]
    if selftest(function) != core.key_function.selftest:
        raise Refused(_other_function(job, core.key_function))
    retiring = {
        one.name: ShardSpec(name=one.name, connection=one.connection)
        for one in environment.retiring
    }
    return SplitOrder(
        job_id=job.job_id,
        holder=holder,
        identity=plan.identity,
        sources=_listed(job, job.sources, retiring, "retiring"),
        targets=_listed(
            job, job.targets, {shard.name: shard for shard in environment.shards}, "shards"
        ),
        tables=tuple(
            TableToMove(number=table.number, name=table.name, shard_by=table.shard_by)
            for table in core.moved
            if table.number is not None
        ),
        definitions={table.name: table.definition or "" for table in core.moved},
        staying=frozenset(table.name for table in core.tables if table.number is None),
        owners=Owners(
            ranges=tuple(
                (name, key_range)
                for name in job.targets
                if (key_range := parse_key_range(name)) is not None
            ),
            keyspace_id=function.key,
        ),
        rows_per_chunk=core.terms.rows_per_chunk,
        fence_budget_s=core.terms.fence_budget_s,
        grace_s=core.terms.grace_s,
        retain_s=core.terms.retain_s,
        approvals=frozenset(core.approvals),
        runtime_s=runtime_s,
    )


def reshard_order(
    plan: SplitPlan, job: SplitJob, environment: Environment, *, holder: str, runtime_s: float
) -> ReshardOrder:
    """Of a job whose rows Vitess moves. Raises Refused as `split_order`."""
    core = plan.core
    if not core.is_of_vitess or environment.vitess is None:
        raise Refused(_other_engine(job))
    _check_listed(job, job.sources, {one.name for one in environment.retiring}, "retiring")
    _check_listed(job, job.targets, environment.vitess.shards, "shards")
    return ReshardOrder(
        job_id=job.job_id,
        holder=holder,
        identity=plan.identity,
        cluster=environment.vitess,
        definitions={table.name: table.definition or "" for table in core.moved},
        switch_s=core.terms.fence_budget_s,
        grace_s=core.terms.grace_s,
        retain_s=core.terms.retain_s,
        approvals=frozenset(core.approvals),
        runtime_s=runtime_s,
    )


def _listed(
    job: SplitJob, names: tuple[str, ...], shards: dict[str, Listed], listed: str
) -> tuple[Listed, ...]:
    _check_listed(job, names, shards, listed)
    return tuple(shards[name] for name in names)


def _check_listed(
    job: SplitJob, names: tuple[str, ...], shards: Collection[str], listed: str
) -> None:
    for name in names:
        if name not in shards:
            raise Refused(
                Problem(
                    code="split-shard-unlisted",
                    message=f"split {job.job_id} of {job.keyspace} is not finished, and the spec no"
                    f" longer has shard {name} in `{listed}`: nobody could reach it",
                    recovery=f"put {name} back into `{listed}`, as it was, until the split is done"
                    " or abandoned (`reconciler status`)",
                )
            )


def _other_function(job: SplitJob, function: PlannedFunction) -> Problem:
    return Problem(
        code="split-function-changed",
        message=f"split {job.job_id} of {job.keyspace} copies rows by {function.name}, and this"
        " version of reconciler gives other keys by that name",
        recovery="go on with the version that began it, or give it up with `reconciler abandon`",
    )


def _other_engine(job: SplitJob) -> Problem:
    return Problem(
        code="split-engine-changed",
        message=f"split {job.job_id} of {job.keyspace} was begun as {job.engine}, and the spec now"
        " has a keyspace of another kind",
        recovery="bring the spec's `kind` back to what it was until the split is done or abandoned"
        " (`reconciler status`)",
    )
