"""The gates that `verify` and `apply` share: the committed plan against git and the live fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.ddl.statement.reach import reach_of
from reconciler.errors import ReconcilerError, Refused
from reconciler.flows.reconcile_pass import Pass, derive
from reconciler.flows.restore_before_state import restored_before
from reconciler.guard.access import access_refusals, grouped
from reconciler.guard.classify import classify
from reconciler.guard.compare import (
    LiveRows,
    compare_plans,
    input_refusals,
    shard_refusals,
    within_reviewed_limits,
)
from reconciler.guard.definers import drop_refusals
from reconciler.guard.model import Done, Drifted, Obstacle, Refusal, ToDo
from reconciler.guard.part import as_seen_whole
from reconciler.guard.vschema import (
    vschema_drifted,
    vschema_of_no_vitess,
    vschema_steps_done,
)
from reconciler.observe.quarantine import overlong_refusals
from reconciler.observe.shards import SeenShard
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan, PlanCore
from reconciler.plan.part import part_of
from reconciler.ports.world import World
from reconciler.preflight.placed import PlacedChange
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """`standings` of every shard, or every reason not to run; never both."""

    standings: Mapping[str, ToDo | Done]
    refusals: tuple[Obstacle, ...] = ()
    derived: PlanCore | None = None
    """What was derived here and now, equal to the reviewed plan and within its limits: the only
    source of what runs (GD-1). None where nothing is left to run."""
    vschema_done: int = 0
    """How many of the plan's steps of the VSchema are in effect."""
    vschema_left: int = 0
    """How many are not."""
    changes: Mapping[str, tuple[PlacedChange, ...]] = field(default_factory=dict)
    """What the statements ask the rows of each shard about, from the shard's first one on."""

    @property
    def all_done(self) -> bool:
        shards_done = all(isinstance(standing, Done) for standing in self.standings.values())
        return shards_done and not self.vschema_left


def check_against_live(world: World, begun: Pass, plan: Plan) -> Checked:
    """The whole keyspace before the first statement (GD-4): files, topology, where every shard
    stands, and the plan derived again, from the shards as they are or as they were before a run
    that stopped part of the way (ST-11)."""
    refusals = (
        *begun.look.obstacles,
        *overlong_refusals(begun.environment, world.clock.now_s()),
        *input_refusals(plan.core, begun.files.digests),
        # Said before standings, which a shard that the plan does not know cannot have.
        *shard_refusals(plan.core, begun.environment.shard_names, begun.environment.quarantine),
    )
    if refusals:
        return Checked(standings={}, refusals=refusals)
    core = part_of(plan.core, begun.environment)
    standings, drifted = _standings(core, begun)
    done = _vschema_done(core, begun)
    if isinstance(done, Refusal):
        drifted = (*drifted, done)
    if drifted or isinstance(done, Refusal):
        return Checked(standings={}, refusals=drifted)
    left = len(core.vschema) - done
    checked = Checked(standings=standings, vschema_done=done, vschema_left=left)
    if checked.all_done and is_as_git_says(begun):
        return checked
    before = replace(begun, look=restored_before(begun, core, standings), reviewed=plan.core)
    derived = derive(world, before)
    refusals = derived.refusals
    ours = derived.core and _as_reviewed_from(begun, core, derived.core)
    if ours is not None:
        refusals = (*refusals, *compare_plans(core, ours, _live_rows(begun)))
    if refusals or ours is None:
        return Checked(standings={}, refusals=refusals)
    within = within_reviewed_limits(ours, core, _live_rows(begun))
    return replace(checked, derived=within, changes=derived.changes)


def _as_reviewed_from(begun: Pass, reviewed: PlanCore, derived: PlanCore) -> PlanCore:
    """What a region derives, with what only a look at the whole fleet can know (RG-4)."""
    if begun.environment.region is None:
        return derived
    versions = {seen.observation.settings.version for seen in begun.look.seen}

    def is_same(ours: str, theirs: str) -> bool:
        """To every server of the region."""
        read = begun.reader.read
        try:
            return all(read(ours, v).fingerprint == read(theirs, v).fingerprint for v in versions)
        except ReconcilerError:
            return False

    return as_seen_whole(derived, reviewed, is_same)


def login_refusals(begun: Pass, core: PlanCore, checked: Checked) -> tuple[Refusal, ...]:
    """What the login at hand cannot do of what is left to run, on every shard, before anything is
    sent to the first (GD-13). At PlanetScale there is none: its own says what it refuses."""
    if begun.environment.planetscale is not None:
        return ()
    found: list[Refusal] = []
    for seen in begun.look.seen:
        standing, change_set = checked.standings[seen.shard], core.change_set_of(seen.shard)
        if not isinstance(standing, ToDo) or change_set is None:
            continue
        access, left = seen.observation.access, change_set.statements[standing.next_index :]
        if access is not None:
            definers = {other.object_id: other.definer for other in seen.observation.others}
            dropped = [s.object_id for s in left if reach_of(s.sql).drops_program]
            found += drop_refusals(seen.shard, access, definers, dropped)
        found += access_refusals(
            seen.shard,
            access,
            left,
            flavor=seen.observation.settings.version.flavor,
            rollout=begun.environment.rollout,
        )
    return grouped(found)


def is_as_git_says(begun: Pass) -> bool:
    """The end of a plan's chain is what the plan says it is; only the files say what it must be."""
    look = begun.look
    seen_whole = not look.obstacles
    of_shards = all(s.fingerprints == begun.desired_fingerprints for s in look.seen)
    return seen_whole and of_shards and (begun.vschema is None or begun.vschema.is_as_git_says)


def plan_of_these_files(
    tree: FileTree, files: DesiredFiles, environment: Environment
) -> Plan | None:
    """The plan beside the files, if it was made from them: only then can it still be applied. Any
    other makes no shard pending and no plan wait; `verify` is where it is refused."""
    try:
        return sound_plan_of_these_files(tree, files, environment)
    except Refused:
        return None


def sound_plan_of_these_files(
    tree: FileTree, files: DesiredFiles, environment: Environment
) -> Plan | None:
    """The same, for what waits for the plan: raises Refused for a file that is no sound plan, of
    which nobody knows what it was made from."""
    plan = read_plan(tree, environment.name, files.spec.keyspace)
    return None if plan is None or input_refusals(plan.core, files.digests) else plan


def is_left_over(begun: Pass, plan: Plan) -> bool:
    """The plan is of earlier files, and nothing differs from these: there is nothing to apply, as
    if there were no plan."""
    return is_as_git_says(begun) and bool(input_refusals(plan.core, begun.files.digests))


def _standings(core: PlanCore, begun: Pass) -> tuple[dict[str, ToDo | Done], tuple[Refusal, ...]]:
    standings: dict[str, ToDo | Done] = {}
    refusals = []
    desired = begun.desired_fingerprints
    for seen in begun.look.seen:
        standing = classify(core, seen.shard, live=seen.fingerprints, desired=desired)
        if isinstance(standing, ToDo | Done):
            standings[seen.shard] = standing
        elif isinstance(standing, Drifted):
            refusals.append(_drift_refusal(core, begun, seen, standing))
    return standings, tuple(refusals)


def _vschema_done(core: PlanCore, begun: Pass) -> int | Refusal:
    """Where the keyspace stands on its way through the plan's steps; a refusal where it is on none
    of them."""
    seen = begun.vschema
    if seen is None:
        return vschema_of_no_vitess() if core.vschema else 0
    done = vschema_steps_done(core, seen.live, seen.desired)
    return vschema_drifted(core, seen.live, seen.desired) if done is None else done


def _drift_refusal(core: PlanCore, begun: Pass, seen: SeenShard, drifted: Drifted) -> Refusal:
    """Both sides as DDL where the text is at hand, else as fingerprints (GD-7)."""
    change_set = core.change_set_of(seen.shard)
    before = {t.object_id: t.definition for t in change_set.touched} if change_set else {}
    about = drifted.object_id
    wanted = begun.desired[seen.shard].objects.get(about) if about else None
    expected = (before.get(about) if about else None) or (wanted.text if wanted else None)
    found = seen.objects.get(about) if about else None
    what = about.titled if about else "the schema as a whole"
    return Refusal(
        code="drift",
        shard=seen.shard,
        object_id=about,
        message=f"shard {seen.shard}, {what}: live is neither what the plan was made from nor what"
        " it leads to; somebody changed it since",
        recovery="undo the change on the shard, or adopt it with `reconciler pull`; then run"
        " `reconciler plan --write`, have the plan reviewed, and apply",
        expected=expected or drifted.expected,
        observed=found.text if found else drifted.observed,
    )


def _live_rows(begun: Pass) -> LiveRows:
    return {
        (seen.shard, table): facts.rows or 0
        for seen in begun.look.seen
        for table, facts in seen.observation.facts
    }
