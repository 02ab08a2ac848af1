"""`observe`: one look at a region's shards, for a plan that is made somewhere else."""

from __future__ import annotations

from reconciler.ddl.programs.accounts import read_account
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.observe.file.codec import dump_observation
from reconciler.observe.file.model import RegionObservation, about_region, observation_path
from reconciler.observe.retiring import check_settled
from reconciler.observe.shards import observe
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def observe_region(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    writer: FileWriter,
    key: bytes | None,
) -> ObserveOutcome:
    """Write what every shard shows, or nothing: half a look would be a plan for half a region
    (GD-5). `environment` is narrowed to the region."""
    check_settled(environment)
    about = about_region(files, environment)
    now_s = int(world.clock.now_s())  # before the look: that is how old what it finds may be
    seen = observe(world, environment)
    unreachable = tuple(one for one in seen if isinstance(one, Unreachable))
    outcome = ObserveOutcome(
        environment=about.environment,
        keyspace=about.keyspace,
        region=about.region,
        shards=len(about.shards),
        path=None if unreachable else observation_path(about),
        refusals=unreachable,
        quarantine=tuple(
            one.quarantine for one in environment.quarantined if one.region == environment.region
        ),
    )
    if outcome.path is not None:
        shards = tuple(one for one in seen if isinstance(one, ObservedShard))
        found = RegionObservation(about=about, observed_s=now_s, shards=shards)
        named = (read_account(account) for _, account in files.spec.policy.definers)
        definers = [account.digest for account in named if account is not None]
        writer.write(outcome.path, dump_observation(found, key, definers))
    return outcome
