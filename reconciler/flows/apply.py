"""`apply`: every gate, then the rollout, then another look. Resuming is applying again.

The order is the argument: what git and the forge can refuse is refused before anything is connected
to; under the locks the fleet is looked at again, and only what was found then is run; before every
wave the gates are asked again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from reconciler.ddl.scan import foreign_key_names
from reconciler.drive.open import Heard, Releases, RolloutOrder, heard_so_far
from reconciler.drive.roll_out import roll_out
from reconciler.drive.shard.basis import ShardBasis, WantedObject
from reconciler.drive.shard.task import RolloutWorld
from reconciler.errors import InvalidInput, ReconcilerError, Unavailable
from reconciler.flows.check import (
    Checked,
    check_against_live,
    is_as_git_says,
    is_left_over,
    login_refusals,
)
from reconciler.flows.gates import (
    Gates,
    gate_refusals,
    refusals_of_fleet,
    refusals_of_review,
    with_those_of_git,
)
from reconciler.flows.last_look import last_look
from reconciler.flows.names_taken import name_refusals, statements_left
from reconciler.flows.part import refuse_early, refuse_order
from reconciler.flows.preflight import ask_rows, rows_in_the_way
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.flows.row_memory import Recall
from reconciler.flows.shadows import leftover_refusals
from reconciler.flows.verify import unplanned
from reconciler.guard.model import Obstacle, Refusal, RefusalKind, refusals_from
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.git import Review
from reconciler.ledger.reviewed import AskReview, nobody_reviewed
from reconciler.model.dependents import Dependents, Reference
from reconciler.observe.quarantine import ended_refusals
from reconciler.observe.shards import (
    DefinitionReader,
    SeenShard,
    look_at,
)
from reconciler.observe.topology import topology_refusals, with_shards
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, LeftAlone
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.plan.part import part_of
from reconciler.ports.files import History
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.shards import ShardLocks
from reconciler.ports.world import World
from reconciler.rollout.behest import Behest, of_wave
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.promotion import CheckAnswer
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.promotion import PromotionCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRequest:
    """`holder` is who applies, in words, as another apply will be told. `waves` and `releases` are
    for a rollout in several runs: which waves may start, and whether what holds it is released.
    With `part`, one wave is worked on, and no other is begun."""

    commit: str
    review: Review
    holder: str
    waves: WaveChoice = WaveChoice.ALL
    releases: Releases = Releases.NOTHING
    part: PartOrder | None = None
    asker: Asker | None = None  # who resumes, and by what right
    behest: Behest = Behest.SOMEBODY
    is_errand: bool = False  # of a worker: another one goes on
    reviewed: AskReview = nobody_reviewed

    @property
    def ends_as_stop(self) -> bool:
        """RG-64: a controller is told to end to make room for the next one, a job of a forge for
        its time is up or its machine goes away; people ask there by jobs of their own."""
        is_of_a_job = self.behest is Behest.NOBODY or self.review is Review.GITHUB
        return not (is_of_a_job or self.is_errand)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyConnections:
    """Everything that can be reached with the logins that the spec names. `recall`: what rows
    answered a while ago. `checks` None: nobody can be asked for what the spec measures, and what is
    measured holds nowhere."""

    look: World
    locks: ShardLocks
    rollout: RolloutWorld
    recall: Recall | None = None
    checks: PromotionChecks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyWorld:
    """`connect` opens the ledger and leads to the shards: what a spec on the branch sends its
    logins to is for reviewers to say, so nothing calls it before every gate has let the apply in
    (GT-1). It raises Unavailable if the ledger cannot be opened. `left_alone_before` is told: of
    what comes first nobody looked at these (RG-79)."""

    history: History
    gates: Gates
    connect: Callable[[], ApplyConnections]
    left_alone_before: tuple[LeftAlone, ...] = ()


def apply_keyspace(
    world: ApplyWorld,
    files: DesiredFiles,
    environment: Environment,
    request: ApplyRequest,
    *,
    on_progress: Callable[[ProgressEvent], None],
) -> ApplyOutcome:
    """Run what was reviewed, or nothing. Raises Refused for an unsound plan file or a held lock."""
    outcome = _apply_keyspace(world, files, environment, request, on_progress)
    return replace(
        outcome,
        quarantine=environment.quarantine,
        left_alone_before=world.left_alone_before,
    )


def _apply_keyspace(
    world: ApplyWorld,
    files: DesiredFiles,
    environment: Environment,
    request: ApplyRequest,
    on_progress: Callable[[ProgressEvent], None],
) -> ApplyOutcome:
    end = _Ending(environment.name, files.spec.keyspace, environment.region)
    plan = read_plan(world.history.tree(request.commit), environment.name, files.spec.keyspace)
    gates = world.gates
    if request.review is Review.GIT:
        gates = with_those_of_git(gates, world.history, request.commit, files)
    assert request.review is not Review.GITHUB or gates.are_of_a_forge, "its record is a gate"
    ask_gates = partial(gate_refusals, gates, files, plan)
    if refusals := refusals_of_review(gates, files, plan):
        superseded = refusals[0].kind is RefusalKind.SUPERSEDED
        return end.with_refusals(
            refusals, plan, ApplyVerdict.SUPERSEDED if superseded else ApplyVerdict.REFUSED
        )
    if refused := refuse_order(
        request.part, plan, environment, asked_of_forge=request.review is Review.GITHUB
    ):
        return end.with_refusals(refused, plan)
    if refused := refusals_of_fleet(gates, plan):
        if plan is not None and _has_nothing_to_do(world, files, environment, plan):
            return end.without_work()
        return end.with_refusals(refused, plan)
    reached = world.connect()
    if plan is None:
        return _without_plan(reached.look, files, environment, end)
    # To look at every shard takes a minute, in which somebody may say stop.
    heard = heard_so_far(
        reached.rollout.ledger, environment.name, files.spec.keyspace, environment.region or ""
    )
    environment = with_shards(reached.look, environment)
    with ExitStack() as run:
        try:
            locks = run.enter_context(
                reached.locks.take(
                    environment.shards, keyspace=files.spec.keyspace, holder=request.holder
                )
            )
        except (Unavailable, InvalidInput) as lost:
            return _without_locks(reached.look, files, environment, end, plan, lost)
        begun = begin_pass(reached.look, files, environment, cleans=plan.core.cleans)
        if is_left_over(begun, plan):
            return end.without_work()
        checked = check_against_live(reached.look, begun, plan)
        obstacles = checked.refusals or _obstacles(reached, begun, plan, checked, request)
        if not obstacles:  # last, for it takes the longest
            rows = ask_rows(reached.look, begun, checked, recall=reached.recall)
            obstacles = rows_in_the_way(begun, rows)
        if obstacles:
            return end.with_refusals(obstacles, plan)
        order = _order(reached, begun, plan, checked, request, ask_gates=ask_gates, heard=heard)
        return roll_out(reached.rollout, order, locks, on_progress=on_progress)


def _order(
    reached: ApplyConnections,
    begun: Pass,
    plan: Plan,
    checked: Checked,
    request: ApplyRequest,
    *,
    ask_gates: Callable[[], tuple[Refusal, ...]],
    heard: Heard,
) -> RolloutOrder:
    return RolloutOrder(
        plan=replace(plan, core=checked.derived or part_of(plan.core, begun.environment)),
        environment=begun.environment,
        commit=request.commit,
        holder=request.holder,
        standings=checked.standings,
        ask_gates=lambda: ask_gates() or _of_fleet(reached.look, begun.environment),
        last_look=lambda: last_look(reached.look, begun),
        ask_check=partial(_ask_check, reached.checks, begun.environment),
        basis={seen.shard: _basis(begun, seen) for seen in begun.look.seen},
        waves=request.waves,
        last_wave=request.part.wave if request.part else None,
        releases=request.releases,
        asker=request.asker,
        behest=of_wave(request.behest, plan.core, request.waves, request.part),
        ends_as_stop=request.ends_as_stop,
        heard=heard,
        vschema_done=checked.vschema_done,
        reviewed=request.reviewed,
    )


def _obstacles(
    reached: ApplyConnections, begun: Pass, plan: Plan, checked: Checked, request: ApplyRequest
) -> tuple[Obstacle, ...]:
    """Why what was checked must not begin here and now."""
    now_s, ledger = reached.look.clock.now_s(), reached.rollout.ledger
    left = statements_left(checked.derived or plan.core, checked.standings)
    return (
        *login_refusals(begun, plan.core, checked),
        *leftover_refusals(begun, ledger, now_s=now_s),
        *name_refusals(begun, left, lambda: ledger, now_s=now_s),
        *refuse_early(request.part, begun, plan, checked, ledger, now_s),
    )


def _ask_check(
    checks: PromotionChecks | None,
    environment: Environment,
    check: PromotionCheck,
    shards: tuple[str, ...],
) -> tuple[CheckAnswer, ...]:
    if checks is None:
        return ()
    asked = [shard for shard in environment.shards if shard.name in shards]
    return checks.ask(check, asked, parallel=environment.rollout.parallel)


def _of_fleet(world: World, environment: Environment) -> tuple[Refusal, ...]:
    """Why it is not the fleet any more for which the apply began."""
    ended = ended_refusals(environment, world.clock.now_s())
    return ended or topology_refusals(world, environment)


def _judged(begun: Pass, seen: SeenShard) -> Dependents:
    """With the foreign keys of tables that policy ignores: of managed ones the plan knows."""
    dependents = seen.observation.dependents
    ignored = (
        Reference(table=table, name=name)
        for table, text in seen.observation.definitions
        if not begun.reader.is_managed(table)
        for name in foreign_key_names(text)
    )
    return replace(dependents, references=(*dependents.references, *ignored))


def _basis(begun: Pass, seen: SeenShard) -> ShardBasis:
    version = seen.observation.settings.version
    wanted = begun.desired[seen.shard].objects
    return ShardBasis(
        fingerprint=lambda about, text: begun.reader.read_object(about, text, version),
        is_managed=begun.reader.manages,
        after={
            object_id: WantedObject(fingerprint=read.fingerprint, text=read.text)
            for object_id, read in wanted.items()
        },
        program_kinds=begun.reader.policy.program_kinds,
        flavor=version.flavor,
        dependents=_judged(begun, seen),
        server=seen.observation.server,
        settings=seen.observation.settings,
    )


@dataclass(frozen=True, slots=True)
class _Ending:
    environment: str
    keyspace: str
    region: str | None

    def with_refusals(
        self,
        refusals: tuple[Obstacle, ...],
        plan: Plan | None,
        verdict: ApplyVerdict = ApplyVerdict.REFUSED,
    ) -> ApplyOutcome:
        return ApplyOutcome(
            environment=self.environment,
            keyspace=self.keyspace,
            region=self.region,
            verdict=verdict,
            plan=plan,
            refusals=refusals,
        )

    def without_work(self) -> ApplyOutcome:
        return ApplyOutcome(
            environment=self.environment,
            keyspace=self.keyspace,
            region=self.region,
            verdict=ApplyVerdict.NOTHING_TO_DO,
        )


def _without_plan(
    world: World, files: DesiredFiles, environment: Environment, end: _Ending
) -> ApplyOutcome:
    """A missing plan is never success (GD-11), unless a look at every shard finds nothing that a
    plan could be for: then a merge that touched no schema has nothing to apply."""
    begun = begin_pass(world, files, environment)
    if unseen := begun.look.obstacles:
        return end.with_refusals(unseen, None)
    if is_as_git_says(begun):
        return end.without_work()
    return end.with_refusals((unplanned(environment.name, files.spec.keyspace),), None)


def _has_nothing_to_do(
    world: ApplyWorld, files: DesiredFiles, environment: Environment, plan: Plan
) -> bool:
    """Whose turn it is not, and which is as git says, keeps nobody waiting (RG-97). What cannot be
    seen has something to do, as far as anybody knows; so has an apply whose record is open: it
    keeps the keyspace from every other."""
    try:
        reached = world.connect()
        of = (environment.name, files.spec.keyspace, environment.region or "")
        if reached.rollout.ledger.unfinished(*of) is not None:
            return False
        here = with_shards(reached.look, environment)
        return is_as_git_says(begin_pass(reached.look, files, here, cleans=plan.core.cleans))
    except ReconcilerError:
        return False


def _without_locks(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    end: _Ending,
    plan: Plan,
    lost: ReconcilerError,
) -> ApplyOutcome:
    """GD-5. The first shard that could not be locked ended the attempt; a look names them all."""
    look = look_at(world, environment, DefinitionReader(files.spec.policy))
    return end.with_refusals(look.unreachable or refusals_from(lost), plan)
