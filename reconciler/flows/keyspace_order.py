"""`after` at the top of a spec: a keyspace is changed when those before it are as git says.

What is asked is their shards, as for an environment that comes first: not a record of an apply, of
which each region has another one, and which a keyspace without changes has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.check import is_as_git_says
from reconciler.flows.gates import Gate, spec_gate_of_git
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import Refusal, refusal_from, refusals_from
from reconciler.plan.model import Plan
from reconciler.plan.words import named_shards
from reconciler.ports.files import History
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.regions import in_region

LookOf = Callable[[DesiredFiles, Environment], tuple[World, Environment]]
Proof = Callable[[DesiredFiles, Environment], tuple[Refusal, ...]]


def no_proof_asked(_files: DesiredFiles, _environment: Environment) -> tuple[Refusal, ...]:
    """Of sandboxes."""
    return ()


def proof_of_git(history: History, commit: str) -> Proof:
    """The protected branch of the clone holds the very spec."""
    return lambda files, _environment: spec_gate_of_git(history, commit, files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessors:
    """All keyspaces of the commit that is applied. `proof` is why a spec is not known to be
    reviewed: nothing that it names is connected to before (GT-1); `look_of` gives an environment as
    it stands, and the world to look at it."""

    loaded: Mapping[str, DesiredFiles | ReconcilerError]
    proof: Proof
    look_of: LookOf


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
    whole = found.spec.environment(environment.name)
    here = _here(whole, environment.region) if whole is not None else None
    if here is None:
        return ()
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
            f" {environment.name}",
            recovery=f"run `reconciler apply {name} --environment {environment.name}`, then this"
            " again",
            expected=f"every shard of {name} as in git",
            observed=observed,
        ),
    )


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
