"""What a job of a fork can show: the files by themselves, and a plan from files to files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler import __version__
from reconciler.cli.wire import Worlds, utc_text
from reconciler.edges.mysql.check import MysqlConnections
from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.forge.fork import plan_between_files
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.keyspaces import Loaded
from reconciler.model.server import ServerSettings
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.ports.shards import Connections
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def plans_between(
    loaded: Loaded,
    before: Mapping[str, DesiredFiles | ReconcilerError],
    touched: tuple[str, ...],
    budget: ForkBudget,
) -> Iterator[PlanOutcome | KeyspaceFailed]:
    """For each touched keyspace and environment; what cannot be planned says why."""
    connections = MysqlConnections(environ=os.environ, root=loaded.root)
    with Worlds(loaded.root) as worlds:
        for name in touched:
            files = loaded.keyspaces.get(name)
            if isinstance(files, DesiredFiles):
                for environment in files.spec.environments:
                    yield _plan(worlds, connections, before.get(name), files, environment, budget)
            elif files is not None:
                yield _failed(name, "any environment", files)


def _plan(
    worlds: Worlds,
    connections: Connections,
    before: DesiredFiles | ReconcilerError | None,
    after: DesiredFiles,
    asked: Environment,
    budget: ForkBudget,
) -> PlanOutcome | KeyspaceFailed:
    """The scratch server is the one that the base branch names: where a job connects to is not for
    a stranger to say (GT-1)."""
    try:
        known = before.spec.environment(asked.name) if isinstance(before, DesiredFiles) else None
        if not isinstance(before, DesiredFiles) or known is None:
            raise InvalidInput(_nothing_before(after.spec.keyspace))
        budget.take(before, after, known, asked)
        environment = replace(asked, scratch=known.scratch)
        world = worlds.world_of(environment)
        world = replace(world, scratch=budget.scratch(world.scratch))
        return plan_between_files(
            world,
            before,
            after,
            environment,
            _settings_of_scratch(connections, environment),
            created_at=utc_text(world.clock),
            tool_version=__version__,
        )
    except ReconcilerError as error:
        return _failed(after.spec.keyspace, asked.name, error)


def _settings_of_scratch(connections: Connections, environment: Environment) -> ServerSettings:
    if environment.scratch is None:
        raise InvalidInput(_no_scratch(environment.name))
    return connections.scratch_settings(environment.scratch)


def _failed(keyspace: str, environment: str, error: ReconcilerError) -> KeyspaceFailed:
    return KeyspaceFailed(
        environment=environment,
        keyspace=keyspace,
        problems=error.problems,
        exit_code=error.exit_code,
    )


def _nothing_before(keyspace: str) -> Problem:
    return Problem(
        code="fork-without-base",
        message=f"keyspace {keyspace} has no files or no such environment on the base branch that"
        " could be compared with",
        recovery="a maintainer plans it against the fleet",
    )


def _no_scratch(environment: str) -> Problem:
    return Problem(
        code="fork-without-scratch",
        message=f"environment {environment} has no scratch server of its own, so nobody knows what"
        " kind of server its shards are",
        recovery="name the job's service container as `scratch` in the spec",
    )
