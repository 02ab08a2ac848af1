"""Who does a shard's work: statements are sent to it, or PlanetScale is asked to deploy them."""

from __future__ import annotations

from reconciler.drive.deploy.run import run_deploy, settle_deploy
from reconciler.drive.shard.run import run_shard
from reconciler.drive.shard.settle import settle_shard
from reconciler.drive.shard.task import RolloutWorld, ShardResult, ShardTask, StopSignal
from reconciler.ledger.model import Lease
from reconciler.ports.shards import HeldLocks


def do_work(
    world: RolloutWorld, task: ShardTask, lease: Lease, locks: HeldLocks, stop: StopSignal
) -> ShardResult:
    """What the shard has left to do. Raises nothing of the world's."""
    if task.database is not None:
        return run_deploy(world, task, task.database, lease, stop)
    return run_shard(world, task, lease, locks, stop)


def settle_work(
    world: RolloutWorld, task: ShardTask, lease: Lease, stop: StopSignal
) -> ShardResult:
    """What became of what was in doubt. Raises nothing of the world's."""
    if task.database is not None:
        return settle_deploy(world, task, task.database, lease)
    return settle_shard(world, task, lease, stop)
