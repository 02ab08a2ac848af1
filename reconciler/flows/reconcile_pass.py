"""The one reconcile pass: read, observe, diff, prove, plan.

`plan`, `verify`, `apply`, `drift` are this pass stopped at different gates: no preview can lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.ddl.fingerprint import NORMALIZER_VERSION, RENDERER_VERSION
from reconciler.diff.counters import wanted_counters
from reconciler.diff.model import SchemaDiff
from reconciler.diff.schema_diff import diff_schemas
from reconciler.flows.engines import engine_choices, engine_refusals
from reconciler.flows.limits import COHORTS_PARALLEL
from reconciler.flows.not_planned import diff_refusals, names_refused, no_statement
from reconciler.guard.deployable import deploy_refusals
from reconciler.guard.events import ended_events, open_end_notes
from reconciler.guard.leftovers import beside_a_copy
from reconciler.guard.model import Obstacle, Refusal
from reconciler.guard.permission import permission_refusals
from reconciler.guard.vschema import vschema_steps_done
from reconciler.model.object_id import ObjectId
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.shadow_tables import shadow_kind
from reconciler.observe.desired import Desired, load_desired
from reconciler.observe.quarantine import check_scratch_apart, with_what_has_ended
from reconciler.observe.retiring import check_settled
from reconciler.observe.shards import (
    DefinitionReader,
    FleetSnapshot,
    SeenShard,
    look_through,
    observe,
    shadow_tables,
)
from reconciler.observe.topology import with_shards
from reconciler.observe.vschema import SeenVSchema, look_at_vschema
from reconciler.plan.build import BeforeState, Subject, build_core, change_set_for, row_totals
from reconciler.plan.engines.without_copy import notes_without_copy
from reconciler.plan.estimate import Estimate, estimate_time
from reconciler.plan.hazards import HAZARDS_VERSION
from reconciler.plan.hazards.elsewhere import with_hazards_elsewhere
from reconciler.plan.hazards.leftovers import with_leftovers_named
from reconciler.plan.model import (
    CarriedOut,
    ChangeSet,
    InputDigest,
    Leftover,
    PlanCore,
    PlannedStatement,
    RuleVersions,
    VSchemaStep,
)
from reconciler.plan.part import part_of
from reconciler.plan.permission import Judged, check_permissions, permission_notes
from reconciler.plan.vschema_steps import vschema_steps
from reconciler.plan.words import shard_set
from reconciler.ports.world import World
from reconciler.preflight.placed import PlacedChange
from reconciler.prove.change_set import ProofFailed, Proven, prove_change_set
from reconciler.prove.request import EngineChoices, ProgramsBetween
from reconciler.prove.vschema import prove_vschema
from reconciler.reshard.tables import check_shard_columns
from reconciler.rollout.waves import waves_in
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.vschema_file import check_columns
from reconciler.vschema.against_tables import sharing_notes
from reconciler.vschema.live import live_vschema

RULES = RuleVersions(
    normalizer=NORMALIZER_VERSION, renderer=RENDERER_VERSION, hazards=HAZARDS_VERSION
)
"""Those of this program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What the pass came to. `core` is None when something kept it from being whole; refusals may
    come beside a core (a missing permission), which then may be shown but not written."""

    core: PlanCore | None
    readable_sql: str = ""
    refusals: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()
    rows: tuple[tuple[str, int], ...] = ()
    changes: Mapping[str, tuple[PlacedChange, ...]] = field(default_factory=dict)  # by shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """The pass up to the diff: what is wanted, and what is there."""

    files: DesiredFiles
    environment: Environment
    counters: Mapping[str, int]  # what git wants of AUTO_INCREMENT, by table
    reader: DefinitionReader
    look: FleetSnapshot
    desired: Mapping[str, Desired]  # by shard; all with the same fingerprints
    reviewed: PlanCore | None = None  # the plan that is about to be applied
    cleans: tuple[Leftover, ...] = ()  # what engines left, and is to go
    vschema: SeenVSchema | None = None  # of a Vitess keyspace

    @property
    def desired_fingerprints(self) -> dict[ObjectId, str]:
        return next(iter(self.desired.values())).fingerprints if self.desired else {}


def begin_pass(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    cleans: tuple[Leftover, ...] = (),
) -> Pass:
    """Look at the fleet and load what git says as the fleet's servers read it. The tables of
    `cleans` are taken for managed ones that git does not have. Shards that only a topology knows
    are asked of it first (VT-10). Raises Refused where shards are being replaced (SP-4)."""
    check_settled(environment)
    return begin_pass_on(world, files, with_shards(world, environment), cleans=cleans)


def begin_pass_on(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    cleans: tuple[Leftover, ...] = (),
) -> Pass:
    """The same, of an environment whose shards are known already."""
    vschema = look_at_vschema(world, files, environment)
    observations = observe(world, environment)
    return pass_over(world, files, environment, observations, cleans=cleans, vschema=vschema)


def pass_over(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    observations: Sequence[Observation],
    *,
    cleans: tuple[Leftover, ...] = (),
    vschema: SeenVSchema | None = None,
) -> Pass:
    """The same, with the fleet as it was observed."""
    observed = [seen for seen in observations if isinstance(seen, ObservedShard)]
    settings = [seen.settings for seen in observed]
    check_scratch_apart(environment)
    world.scratch.keep_off({seen.server for seen in observed})
    others = [other for seen in observed for other in seen.others]
    as_printed = DefinitionReader(files.spec.policy)
    desired = load_desired(world.scratch, files, settings, as_printed, others) if observed else {}
    git = next(iter(desired.values()), Desired(definitions={}))
    wanted = git.schema
    if desired and files.vschema is not None:
        check_columns(files.vschema, wanted.tables)
    check_shard_columns(files.spec, wanted.tables)
    counters = wanted_counters(wanted, files.renames)
    tables, claimed = [table.name for table in wanted.tables], [one.name for one in cleans]
    reader = as_printed.of_live(counters, tables, claimed, git.events)
    look = look_through(observations, reader)
    look = with_what_has_ended(look, environment, world.clock.now_s())
    return Pass(
        files=files,
        environment=environment,
        counters=counters,
        reader=reader,
        look=look,
        desired={seen.shard: desired[seen.observation.settings] for seen in look.seen},
        cleans=cleans,
        vschema=vschema,
    )


def derive(world: World, begun: Pass) -> Derived:
    """Diff and prove every distinct before-state; the core if every shard was seen and proven."""
    look = begun.look
    blocked = (*look.obstacles, *names_refused(look, begun.desired, begun.files))
    if blocked:
        return Derived(core=None, refusals=blocked)
    cohorts = _cohorts(begun)
    engines = engine_choices(look.seen, begun.environment, begun.reviewed, begun.desired.values())
    worked = world.workers.map(
        lambda cohort: _work_out(world, begun, cohort, engines), cohorts, parallel=COHORTS_PARALLEL
    )
    notes = tuple(dict.fromkeys(note for result in worked for note in result.notes))
    notes = (*shadow_notes(begun), *_vschema_notes(begun), *notes)
    refusals = tuple(dict.fromkeys(r for result in worked for r in result.refusals))
    if refusals:
        return Derived(core=None, refusals=refusals, notes=notes)
    core, readable = build_core(
        _subject(begun), [found for result in worked for found in result.change_sets]
    )
    statements = [statement for found in core.change_sets for statement in found.statements]
    missing = permission_refusals(core, begun.files.spec.policy, begun.files.spec.path)
    judged: tuple[Judged, ...] = (*statements, *core.vschema_changes)
    notes = (
        *permission_notes(check_permissions(judged, begun.files.spec.policy.allow)),
        *notes_without_copy(statements, begun.environment),
        *open_end_notes(statements),
        *notes,
    )
    return Derived(
        core=core,
        readable_sql=readable,
        refusals=(
            *missing,
            *engine_refusals(world.engines, begun.look.seen, core),
            *beside_a_copy(core),
            *_vschema_refusals(world, begun, core),
            *deploy_refusals(core),
            *ended_events(core, now_s=world.clock.now_s()),
        ),
        notes=notes,
        changes={shard: found for result in worked for shard, found in result.changes},
        rows=row_totals((dict(seen.observation.facts) for seen in look.seen), core.change_sets),
    )


def shadow_notes(begun: Pass) -> tuple[str, ...]:
    """What was seen and left alone because an engine may have made it (EN-15), and not because
    policy says so."""
    seen = shadow_tables(begun.look.seen, begun.reader)
    total = len(begun.environment.shards)
    return tuple(
        f"{shadow_kind(name)} {name} on"
        f" {shard_set(shards, total)} goes by a name that engines give, and is left"
        " alone; reconciler drift tells whose it is"
        for name, shards in seen.items()
        if not begun.reader.is_managed(name) and not begun.reader.is_left_alone(name)
    )


def _vschema_steps(begun: Pass) -> tuple[VSchemaStep, ...]:
    """From the VSchema as it is, or as it was before a run that stopped part of the way (ST-11)."""
    seen, reviewed = begun.vschema, begun.reviewed
    if seen is None:
        return ()
    before = seen.live
    if reviewed is not None and vschema_steps_done(reviewed, seen.live, seen.desired):
        before = live_vschema(reviewed.vschema[0].found)
    return vschema_steps(before, seen.desired)


def _vschema_refusals(world: World, begun: Pass, core: PlanCore) -> tuple[Refusal, ...]:
    """What Vitess itself says to each step, before anybody reviews it (VS-6)."""
    cluster = begun.environment.vitess
    if cluster is None:
        return ()
    return tuple(prove_vschema(world.keyspaces, cluster, core.vschema))


def _vschema_notes(begun: Pass) -> tuple[str, ...]:
    if begun.vschema is None or not begun.desired:
        return ()
    tables = next(iter(begun.desired.values())).schema.tables
    return tuple(sharing_notes(begun.vschema.desired, tables))


@dataclass(frozen=True, slots=True, kw_only=True)
class _WorkedOut:
    change_sets: tuple[ChangeSet, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    changes: tuple[tuple[str, tuple[PlacedChange, ...]], ...] = ()


def _cohorts(begun: Pass) -> list[tuple[SeenShard, ...]]:
    """Shards that share settings and before-state to the letter are worked out once.

    Texts that differ only in noise are proven apart, because a server may treat them apart, and
    merged afterwards if the same statements came out.
    """
    cohorts: dict[object, list[SeenShard]] = {}
    for seen in begun.look.seen:
        if seen.fingerprints == begun.desired[seen.shard].fingerprints:
            continue
        key = (
            seen.observation.settings,
            tuple((table, read.text) for table, read in sorted(seen.definitions.items())),
            tuple((about, read.text) for about, read in sorted(seen.programs.items())),
            seen.observation.others,
            seen.observation.cross_database_parents,
            seen.observation.cross_database_children,
            seen.observation.unseen,
        )
        cohorts.setdefault(key, []).append(seen)
    return [tuple(cohort) for cohort in cohorts.values()]


def _work_out(
    world: World, begun: Pass, cohort: tuple[SeenShard, ...], engines: EngineChoices
) -> _WorkedOut:
    """Diff and prove one before-state."""
    first = cohort[0]
    found = diff_between(begun, first)
    names = tuple(seen.shard for seen in cohort)
    notes = tuple(f"table {note.table}: {note.text}" for note in found.notes)
    if found.refusals:
        return _WorkedOut(refusals=diff_refusals(found, names), notes=notes)
    programs = programs_between(begun, first)
    if not found.steps and not programs.steps:
        return _WorkedOut(refusals=(no_statement(first, begun.desired[first.shard]),), notes=notes)
    proof = prove_change_set(
        world,
        observed=tuple(seen.observation for seen in cohort),
        before=first.schema,
        desired=begun.desired[first.shard].schema,
        steps=found.steps,
        policy=begun.files.spec.policy,
        renames=begun.files.renames,
        engines=engines,
        claimed=[one.name for one in begun.cleans],
        programs=programs,
    )
    match proof:
        case ProofFailed(refusals=refusals):
            return _WorkedOut(refusals=refusals, notes=notes)
        case Proven(statements=statements, changes=changes):
            own = [one for one in begun.cleans if begun.reader.is_shadow_named(one.name)]
            statements = with_leftovers_named(statements, own)
            change_sets = tuple(
                change_set_for(_before_state(shards), found, begun.desired_fingerprints)
                for found, shards in _with_what_is_elsewhere(statements, cohort)
            )
            by_shard = tuple((name, changes) for name in names)
            return _WorkedOut(change_sets=change_sets, notes=notes, changes=by_shard)


def _with_what_is_elsewhere(
    statements: tuple[PlannedStatement, ...], cohort: tuple[SeenShard, ...]
) -> list[tuple[tuple[PlannedStatement, ...], tuple[SeenShard, ...]]]:
    """What is proven for all shards of a cohort, with what it breaks beside each of them."""
    found: dict[tuple[PlannedStatement, ...], list[SeenShard]] = {}
    for seen in cohort:
        own = with_hazards_elsewhere(statements, seen.observation.dependents.programs)
        found.setdefault(own, []).append(seen)
    return [(own, tuple(shards)) for own, shards in found.items()]


def diff_between(begun: Pass, seen: SeenShard) -> SchemaDiff:
    """The steps from one shard to what git says."""
    return diff_schemas(
        seen.schema,
        begun.desired[seen.shard].schema,
        policy=begun.files.spec.policy,
        renames=begun.files.renames,
        version=seen.observation.settings.version,
        claimed=[one.name for one in begun.cleans],
    )


def programs_between(begun: Pass, seen: SeenShard) -> ProgramsBetween:
    """The managed programs of one shard, and what git says of them."""
    return ProgramsBetween(before=seen.programs, after=begun.desired[seen.shard].programs)


def _before_state(cohort: tuple[SeenShard, ...]) -> BeforeState:
    first = cohort[0]
    return BeforeState(
        shards=tuple(seen.shard for seen in cohort),
        fingerprints=first.fingerprints,
        definitions={object_id: read.text for object_id, read in first.objects.items()},
        facts=[dict(seen.observation.facts) for seen in cohort],
    )


def _subject(begun: Pass) -> Subject:
    environment, spec, seen = begun.environment, begun.files.spec, begun.look.seen
    return Subject(
        environment=environment.name,
        keyspace=spec.keyspace,
        server=", ".join(sorted({s.observation.settings.version.series for s in seen})),
        rules=RULES,
        inputs=tuple(InputDigest(path=path, sha256=digest) for path, digest in begun.files.digests),
        policy=spec.policy,
        waves=waves_in(environment),
        managed=frozenset(begun.desired_fingerprints).union(*(s.fingerprints for s in seen)),
        desired=begun.desired_fingerprints,
        cleans=begun.cleans,
        vschema=_vschema_steps(begun),
        carried_out=_carried_out(environment),
        quarantine=environment.quarantine,
    )


def _carried_out(environment: Environment) -> CarriedOut:
    return CarriedOut.BY_DEPLOY_REQUEST if environment.planetscale else CarriedOut.BY_STATEMENT


def time_estimate(begun: Pass, core: PlanCore) -> Estimate | None:
    """The time a plan may take on the shards of this pass, as large as they were just seen."""
    sizes = {
        seen.shard: {table: facts.size_bytes for table, facts in seen.observation.facts}
        for seen in begun.look.seen
    }
    here, part = begun.environment, part_of(core, begun.environment)
    return estimate_time(part, sizes, here.rollout, keeps_old=here.engine.keep_old_s > 0)
