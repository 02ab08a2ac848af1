"""What an environment is to a verb while its spec lists shards that retire: an ordinary one again,
once the routes say that their successors serve, or one of which only the move may be asked (SP-75).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.ports.routes import Routes
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.job import SplitJob
from reconciler.reshard.settled import is_settled
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, KeyspaceKind


def settled(
    open_routes: Callable[[], Routes], files: DesiredFiles, environment: Environment
) -> Environment:
    """Without the shards that retire if nothing is left for them to give; else as it is. Routes are
    opened only where shards retire. Raises what opening or reading them does: without routes nobody
    can tell."""
    if not environment.retiring or environment.kind is not KeyspaceKind.MYSQL:
        return environment
    catalog = open_routes().read(environment.name, files.spec.keyspace)
    if catalog is None or not is_settled(catalog, files.spec, environment):
        return environment
    return replace(environment, retiring=())


def without_helpers(files: DesiredFiles, job: SplitJob | None) -> DesiredFiles:
    """For a look alone: what the live split has made on the targets is no drift as long as it
    lives, and is one afterwards. A plan is never made by these: its policy would be another."""
    if job is None:
        return files
    policy = files.spec.policy
    own = f"{HelperNames(job.job_id).prefix}*"
    policy = replace(policy, ignore_tables=(*policy.ignore_tables, own))
    return replace(files, spec=replace(files.spec, policy=policy))
