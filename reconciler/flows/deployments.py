"""What comes before an environment: others of its spec, in which the same files must be applied.

`after` in a spec puts one before another, and a list of `deployments` each behind those above it.
What is asked is their shards and not a record: they are what was tried. Between deployments the
rollout rests as between two waves (RG-76): the soak of the one before is counted from its end, and
what its spec measures must hold on its shards.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from reconciler.errors import Refused
from reconciler.flows.check import is_as_git_says, sound_plan_of_these_files
from reconciler.flows.gates import Gate
from reconciler.flows.predecessors import Predecessors
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import Refusal, RefusalKind, refusal_from
from reconciler.ledger.states import ApplyState
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.plan.words import named_shards
from reconciler.ports.ledger import Ledger
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.world import World
from reconciler.rollout.promotion import stands
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def environment_gates(
    before: Predecessors, files: DesiredFiles, environment: Environment
) -> tuple[Gate, ...]:
    """Of servers that the spec names. The first that says no is told: whatever comes behind it is
    not its turn, either."""
    if not environment.comes_after:
        return ()

    def gate(_plan: Plan) -> tuple[Refusal, ...]:
        for name in environment.comes_after:
            found = files.spec.environment(name)
            assert found is not None, "the spec was checked"
            if refused := _not_yet(before, files, found, name in environment.earlier):
                return refused
        return ()

    return (gate,)


def _not_yet(
    before: Predecessors, files: DesiredFiles, found: Environment, rests: bool
) -> tuple[Refusal, ...]:
    world, standing = before.look_of(files, found)
    refused = promotion_refusals(world, files, standing)
    if refused or not rests:
        return refused
    now_s = world.clock.now_s()
    return _in_its_soak(before, files, found, now_s) or tuple(
        _unmet(before.checks, standing, now_s)
    )


def promotion_refusals(
    world: World, files: DesiredFiles, before: Environment
) -> tuple[Refusal, ...]:
    """Empty only if every shard of `before` was seen and is what the files say."""
    begun = begin_pass(world, files, before)
    look, keyspace = begun.look, files.spec.keyspace
    if is_as_git_says(begun):
        return ()
    if unseen := look.obstacles:
        return tuple(map(refusal_from, unseen))
    behind = [s.shard for s in look.seen if s.fingerprints != begun.desired_fingerprints]
    what = f"{len(behind)} of {len(look.seen)} shards differ" if behind else "its VSchema differs"
    return (
        Refusal(
            code="not-promoted",
            message=f"keyspace {keyspace}: these files are not yet applied in {before.name}, which"
            f" comes first: {what}",
            recovery=f"run `reconciler apply {keyspace} --environment {before.name}`, then this"
            " again",
            expected=f"every shard of {before.name} as in git",
            observed=f"not so: {named_shards(behind)}" if behind else "another VSchema",
        ),
    )


def _in_its_soak(
    before: Predecessors, files: DesiredFiles, found: Environment, now_s: float
) -> tuple[Refusal, ...]:
    """Counted from the end of whatever was applied there last; of a plan of these very files that
    the record does not have at its end, nobody knows when that was, and of a damaged one not
    whether it is of them."""
    if not found.rollout.soak_s:
        return ()
    try:
        plan = sound_plan_of_these_files(before.tree, files, found)
    except Refused as unsound:
        return (_unsound(files.spec.keyspace, found, unsound),)
    keyspace, ledger = files.spec.keyspace, before.ledger_of(found)
    ended = dict(ends_of(ledger, found, keyspace))
    if plan is not None and plan.plan_id not in ended:
        return (
            Refusal(
                code="deployment-end-unknown",
                message=f"keyspace {keyspace}: the ledger does not say when the plan of"
                f" {found.name}, which comes first, was done, and its soak is counted from then",
                recovery=f"run `reconciler apply {keyspace} --environment {found.name}`, which"
                " looks at its shards and counts from now on; then this again",
            ),
        )
    left_s = max(ended.values(), default=float("-inf")) + found.rollout.soak_s - now_s
    if left_s <= 0:
        return ()
    return (
        Refusal(
            code="deployment-soaks",
            message=f"keyspace {keyspace}: the soak of {found.name}, which comes first, ends at"
            f" {datetime.fromtimestamp(now_s + left_s, UTC):%Y-%m-%d %H:%M:%S} UTC",
            recovery="run this again then; a controller does so by itself",
            kind=RefusalKind.PASSES,
        ),
    )


def _unsound(keyspace: str, found: Environment, error: Refused) -> Refusal:
    path, (first, *_) = plan_paths(found.name, keyspace).json, error.problems
    return Refusal(
        code="deployment-plan-unsound",
        message=f"keyspace {keyspace}: {path} is not sound, so nobody can tell what the soak of"
        f" {found.name}, which comes first, is counted from: {first.message} [{first.code}]",
        recovery=f"make the plan of {found.name} again with `reconciler plan {keyspace}"
        f" --environment {found.name} --write` and have it reviewed, or take the file away where"
        " nothing is left to do",
    )


def ends_of(ledger: Ledger, found: Environment, keyspace: str) -> Iterator[tuple[str, float]]:
    """By the plan: when the latest apply of all shards was completed, or the last one of every
    region; of a region's part of the environment, that region's own."""
    whole = _latest(ledger, found, keyspace, "")
    if whole is not None:
        yield whole
    regions = [region.name for region in found.regions]
    if found.region is not None:
        regions = [found.region]
    parts = [_latest(ledger, found, keyspace, region) for region in regions]
    known = [part for part in parts if part is not None]
    for plan_id in sorted({plan_id for plan_id, _ in known}):
        of_plan = [ended_s for one, ended_s in known if one == plan_id]
        if len(of_plan) == len(parts):
            yield plan_id, max(of_plan)


def _latest(
    ledger: Ledger, found: Environment, keyspace: str, region: str
) -> tuple[str, float] | None:
    applies = ledger.applies(found.name, keyspace=keyspace, limit=1, region=region)
    for one in applies:
        if one.state is ApplyState.COMPLETED and one.completed_s is not None:
            return one.plan_id, one.completed_s
    return None


def _unmet(checks: PromotionChecks, found: Environment, now_s: float) -> Iterator[Refusal]:
    """What is not within its bounds on the shards of the one before, asked once: the next run, and
    the next wave, ask again (RG-76)."""
    for check in found.rollout.promote_if:
        answers = checks.ask(check, found.shards, parallel=found.rollout.parallel)
        standing = stands(check, None, answers, now_s)
        if standing.holds:
            continue
        where = f" on {named_shards(standing.bad)}" if standing.bad else ""
        unmeasured = standing.because is not None
        what = f"could not be measured ({standing.because})" if unmeasured else "is not so"
        yield Refusal(
            code="deployment-not-held",
            message=f"{check.name!r} of promote_if in {found.name}, which comes first,"
            f" {what}{where}",
            recovery=f"find out what the change has done in {found.name}; then this again, which"
            " asks anew",
            kind=RefusalKind.PASSES if unmeasured else RefusalKind.STANDS,
        )
