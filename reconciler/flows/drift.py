"""`drift`: where the live fleet has left git; nothing is proven, nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial

from reconciler.ddl.default_less import default_less_columns
from reconciler.diff.drift import differences_of
from reconciler.diff.model import SchemaDiff
from reconciler.diff.programs import ProgramStep
from reconciler.diff.statement import step_sql
from reconciler.flows.check import plan_of_these_files
from reconciler.flows.drift_since import with_since
from reconciler.flows.lint_live import lint_live
from reconciler.flows.reconcile_pass import Pass, begin_pass, diff_between, programs_between
from reconciler.flows.shadows import find_shadows, told_shadows
from reconciler.guard.classify import position_of
from reconciler.guard.model import ToDo
from reconciler.guard.vschema import vschema_steps_done
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.model.fleet import in_key_order
from reconciler.model.index_use import IndexUse
from reconciler.model.object_id import ObjectId, table_id
from reconciler.model.programs import MANAGED_AS
from reconciler.model.shadow_tables import ShadowGroup
from reconciler.observe.shards import SeenShard, shadow_tables
from reconciler.outcomes.drift import (
    DriftGroup,
    DriftOutcome,
    ShardMark,
    TableDifference,
    VSchemaDrift,
)
from reconciler.plan.model import Plan
from reconciler.ports.ledger import Ledger, NoLastingLedger
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree
from reconciler.vschema.diff import diff_vschemas


def find_drift(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    tree: FileTree,
    open_ledger: Callable[[], Ledger],
) -> DriftOutcome:
    """Every shard is in exactly one group: matching, pending-apply, drifted, unreachable or
    quarantined; so is the VSchema of a Vitess keyspace, which is never unreachable alone.
    `open_ledger` is asked where a table is seen that may be an engine's, also where policy leaves
    it alone; what it raises keeps the keyspace from being judged, because whose such a table is, is
    never guessed. It is asked as well since when a shard differs, which judges nothing."""
    plan = plan_of_these_files(tree, files, environment)
    cleans = plan.core.cleans if plan else ()
    begun = begin_pass(world, files, environment, cleans=cleans)
    groups: dict[tuple[ShardMark, tuple[TableDifference, ...], str, str, str], list[str]] = {}
    unread = {refusal.shard for refusal in begun.look.refusals}
    untold = {(refusal.shard, refusal.object_id) for refusal in begun.look.refusals}
    for seen in begun.look.seen:
        mark = ShardMark.DRIFTED if seen.shard in unread else _mark(begun, seen, plan)
        differences = _differences(begun, seen, untold) if mark is ShardMark.DRIFTED else ()
        groups.setdefault((mark, differences, "", "", ""), []).append(seen.shard)
    for lost in begun.look.unreachable:
        alike = (ShardMark.UNREACHABLE, (), lost.code, lost.reason, lost.recovery)
        groups.setdefault(alike, []).append(lost.shard)
    for left in environment.quarantined:
        if environment.region in (None, left.region):
            found = left.quarantine
            alike = (ShardMark.QUARANTINED, (), "", f"until {found.until}: {found.reason}", "")
            groups.setdefault(alike, []).append(found.shard)
    vschema = _vschema(begun, plan)
    shadows = _shadows(begun, open_ledger, world.clock.now_s())
    marks = [mark for mark, *_ in groups] + ([vschema.mark] if vschema else [])
    pending = ShardMark.PENDING_APPLY in marks
    told = [
        DriftGroup(
            mark=mark,
            shards=in_key_order(tuple(shards)),
            differences=found,
            code=code,
            reason=reason,
            recovery=recovery,
        )
        for (mark, found, code, reason, recovery), shards in groups.items()
    ]
    return DriftOutcome(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        region=environment.region,
        groups=with_since(told, begun, plan, open_ledger),
        pending_plan_id=plan.plan_id if plan and pending else None,
        unmanaged=_unmanaged(begun, shadows),
        vschema=vschema,
        shadows=shadows,
        refusals=begun.look.refusals,
        lint=lint_live(files, tree, begun.look.seen, partial(_index_use, world, begun)),
    )


def _index_use(world: World, begun: Pass, shards: Collection[str]) -> Mapping[str, IndexUse]:
    if world.counts is None:
        return {}
    asked = [shard for shard in begun.environment.shards if shard.name in shards]
    parallel = max(begun.environment.rollout.parallel, OBSERVE_PARALLEL_MIN)
    found = world.counts.read(asked, parallel=parallel)
    by_shard = zip(asked, found, strict=True)
    return {shard.name: use for shard, use in by_shard if use is not None}


def _vschema(begun: Pass, plan: Plan | None) -> VSchemaDrift | None:
    """Of a Vitess keyspace; one that could not be read has ended the look before."""
    seen = begun.vschema
    if seen is None:
        return None
    mark = ShardMark.MATCHING if seen.is_as_git_says else ShardMark.DRIFTED
    if mark is ShardMark.DRIFTED and plan is not None and plan.core.vschema:
        done = vschema_steps_done(plan.core, seen.live, seen.desired)
        mark = mark if done is None else ShardMark.PENDING_APPLY
    return VSchemaDrift(
        mark=mark,
        git=seen.desired.text,
        live=seen.live.text,
        changes=diff_vschemas(seen.live, seen.desired),
    )


def _mark(begun: Pass, seen: SeenShard, plan: Plan | None) -> ShardMark:
    if seen.fingerprints == begun.desired_fingerprints:
        return ShardMark.MATCHING
    if plan and isinstance(position_of(plan.core, seen.shard, seen.fingerprints), ToDo):
        return ShardMark.PENDING_APPLY
    return ShardMark.DRIFTED


def _differences(
    begun: Pass, seen: SeenShard, untold: Collection[tuple[str | None, ObjectId | None]]
) -> tuple[TableDifference, ...]:
    """Per table, what differs and the DDL that would bring the shard back to git. Of a table that
    could not be read nothing is told but that, by its refusal."""
    found = diff_between(begun, seen)
    wanted, here = begun.desired_fingerprints, seen.fingerprints
    differing = sorted(
        o
        for o in wanted.keys() | here.keys()
        if wanted.get(o) != here.get(o) and (seen.shard, o) not in untold
    )
    programs = {step.about: step for step in programs_between(begun, seen).steps}
    git, live = begun.desired[seen.shard].objects, seen.objects
    return tuple(
        replace(
            _difference_of_program(programs[object_id])
            if object_id.kind in MANAGED_AS
            else _difference(object_id.name, found, _without_default(seen, object_id.name)),
            git=git[object_id].text if object_id in git else None,
            live=live[object_id].text if object_id in live else None,
        )
        for object_id in differing
    )


def _difference_of_program(step: ProgramStep) -> TableDifference:
    """Nothing to send is told: by whose rights, and in which order, a plan says."""
    return TableDifference(object_id=step.about, what=step.difference)


def _without_default(seen: SeenShard, table: str) -> tuple[str, ...]:
    read = seen.definitions.get(table)
    if read is None:
        return ()
    version = seen.observation.settings.version
    return tuple(column.name for column in default_less_columns(read.table, version))


def _difference(table: str, found: SchemaDiff, without_default: tuple[str, ...]) -> TableDifference:
    """A difference that no statement was found for is still told, with the diff's reason."""
    steps = [step for step in found.steps if step.table == table]
    refused = [r for r in found.refusals if r.table == table]
    reasons = [f"{refusal.object}: {refusal.reason}" for refusal in refused]
    bare = [f"column {name} has no default at all on live" for name in without_default]
    what = [*differences_of(steps), *reasons, *bare] or ["the definition differs"]
    objects = [clause.object for step in steps for clause in step.clauses]
    objects += [refusal.object for refusal in refused]
    return TableDifference(
        object_id=table_id(table),
        what="; ".join(what),
        objects=tuple(dict.fromkeys(name for name in objects if name != table)),
        repair=tuple(step_sql(step) for step in steps),
        without_default=without_default,
    )


def _shadows(
    begun: Pass, open_ledger: Callable[[], Ledger], now_s: float
) -> tuple[ShadowGroup, ...]:
    try:
        return told_shadows(begun, find_shadows(begun, open_ledger, now_s=now_s))
    except NoLastingLedger:
        if not all(map(begun.reader.is_left_alone, shadow_tables(begun.look.seen, begun.reader))):
            raise
        return ()  # no apply can have recorded one of them, and policy leaves them alone


def _unmanaged(
    begun: Pass, shadows: Iterable[ShadowGroup]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Tables, and programs of managed kinds, that policy leaves alone, with the shards that
    have them: but for what is known to be an engine's."""
    known = {(shard, one.name) for one in shadows for shard in one.shards}
    shards: dict[str, list[str]] = {}
    for seen in begun.look.seen:
        names = [table for table, _ in seen.observation.definitions]
        kinds = begun.reader.policy.program_kinds
        names += [one.name for one in seen.observation.others if one.kind in kinds]
        for table in dict.fromkeys(names):  # a procedure and a function may share one
            if begun.reader.is_left_alone(table) and (seen.shard, table) not in known:
                shards.setdefault(table, []).append(seen.shard)
    return tuple((table, tuple(names)) for table, names in sorted(shards.items()))
