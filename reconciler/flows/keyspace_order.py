"""`after` at the top of a spec: a keyspace is changed when those before it are as git says.

What is asked is their shards, as for an environment that comes first: not a record of an apply, of
which each region has another one, and which a keyspace without changes has not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from reconciler.drive.status import left_alone
from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.check import is_as_git_says
from reconciler.flows.deployments import environment_gates
from reconciler.flows.gates import Gate
from reconciler.flows.predecessors import Predecessors
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import Refusal, refusal_from, refusals_from
from reconciler.outcomes.apply import LeftAlone
from reconciler.plan.model import Plan
from reconciler.plan.words import named_shards
from reconciler.spec.deployments import same_place
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.regions import in_region


def order_gates(
    before: Predecessors, files: DesiredFiles, environment: Environment
) -> tuple[Gate, ...]:
    """Of servers that reviewed specs name: whatever comes before this environment of the
    keyspace."""
    return (
        *environment_gates(before, files, environment),
        *keyspace_gates(before, files, environment),
    )


def left_alone_before(
    before: Predecessors, files: DesiredFiles, environment: Environment
) -> tuple[LeftAlone, ...]:
    """The shards in quarantine of whatever comes before. They hold nothing up: one bad disk would
    hold every keyspace behind it for as long as it lasts; and they are named, for nothing was done
    there."""
    places = places_before(before.loaded, files, environment)
    told = (left_alone(here, found.spec.keyspace) for found, here in places)
    return tuple(one for one in told if one is not None)


def places_before(
    loaded: Mapping[str, DesiredFiles | ReconcilerError],
    files: DesiredFiles,
    environment: Environment,
) -> Iterator[tuple[DesiredFiles, Environment]]:
    """Whatever comes before, as far as it could be read: other environments, other keyspaces."""
    for name in environment.comes_after:
        if (own := files.spec.environment(name)) is not None:
            yield files, own
    for name in files.spec.after:
        if isinstance(found := loaded.get(name), DesiredFiles):
            yield from ((found, here) for here in _same_place(found.spec, environment))


def keyspace_gates(
    before: Predecessors, files: DesiredFiles, environment: Environment
) -> tuple[Gate, ...]:
    """One for each keyspace that `files` come after, in the order of the file."""

    def gate(name: str, _plan: Plan) -> tuple[Refusal, ...]:
        return _not_its_turn(before, name, files.spec.keyspace, environment)

    return tuple(partial(gate, name) for name in files.spec.after)


def _not_its_turn(
    before: Predecessors, name: str, keyspace: str, environment: Environment
) -> tuple[Refusal, ...]:
    """Empty only if every shard of the other one, in this environment and region, was seen and is
    what its files say."""
    found = before.loaded.get(name)
    if not isinstance(found, DesiredFiles):
        return refusals_from(found) if found is not None else ()
    for here in _same_place(found.spec, environment):
        if refused := _not_as_git_says(before, found, here, keyspace):
            return refused
    return ()


def _not_as_git_says(
    before: Predecessors, found: DesiredFiles, here: Environment, keyspace: str
) -> tuple[Refusal, ...]:
    name = found.spec.keyspace
    if unproven := before.proof(found, here):
        return unproven
    world, stands = before.look_of(found, here)
    begun = begin_pass(world, found, stands)
    if is_as_git_says(begun):
        return ()
    if unseen := begun.look.obstacles:
        return tuple(map(refusal_from, unseen))
    behind = [s.shard for s in begun.look.seen if s.fingerprints != begun.desired_fingerprints]
    observed = f"not so: {named_shards(behind)}" if behind else "another VSchema"
    return (
        Refusal(
            code="keyspace-not-its-turn",
            message=f"keyspace {keyspace} comes after {name}, which is not yet as git says in"
            f" {here.name}",
            recovery=f"run `reconciler apply {name} --environment {here.name}`, then this again",
            expected=f"every shard of {name} as in git",
            observed=observed,
        ),
    )


def _same_place(spec: SpecFile, environment: Environment) -> Iterator[Environment]:
    """As far as a machine of the environment's region sees it."""
    for one in same_place(spec, environment):
        if (here := _here(one, environment.region)) is not None:
            yield here


def _here(environment: Environment, region: str | None) -> Environment | None:
    """What a machine of the region sees of it; None: nothing."""
    if region is None or not environment.regions:
        return environment
    known = any(found.name == region for found in environment.regions)
    return in_region(environment, region) if known else None


def refuse_ordered(chosen: Iterable[DesiredFiles]) -> None:
    """Raises InvalidInput where one of these comes after another: a graph of jobs has the waves of
    all its keyspaces side by side, and what is not its turn would hold what it waits for
    (RG-74)."""
    specs = {files.spec.keyspace: files.spec for files in chosen}
    problems = [
        Problem(
            code="parts-of-ordered-keyspaces",
            message=f"{spec.path}: {spec.keyspace} comes after {name}, and one workflow has the"
            " waves of both side by side",
            recovery="give each a workflow of its own: `reconciler ci workflow KEYSPACE`; parts of"
            f" {spec.keyspace} are refused until {name} is done, and can be run again then",
        )
        for spec in specs.values()
        for name in spec.after
        if name in specs
    ]
    if problems:
        raise InvalidInput(*problems)
