"""`verify`: would an apply of this tree run exactly its plan? The same gates, nothing run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.flows.check import check_against_live, is_as_git_says, is_left_over
from reconciler.flows.names_taken import name_refusals, nobody_to_ask, statements_left
from reconciler.flows.preflight import ask_rows, rows_in_the_way
from reconciler.flows.reconcile_pass import (
    Derived,
    Pass,
    begin_pass,
    derive,
    shadow_notes,
    time_estimate,
)
from reconciler.flows.renames_at_rest import rename_refusals
from reconciler.flows.row_counts import with_counts
from reconciler.flows.row_memory import Recall
from reconciler.guard.model import Obstacle, Refusal
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.plan.codec import plan_from_core
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.mixed_window import differing_now
from reconciler.plan.model import Plan, PlanCore, PlanMeta, PlannedStatement
from reconciler.plan.window_words import differing_words
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.preflight.answered import Preflight
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

_ROWS_UNASKED = (
    "rows were not asked, for no shard is reached from here: the apply of each region asks them"
    " before it sends anything"
)


def verify_keyspace(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    tree: FileTree,
    open_ledger: Callable[[], Ledger] = nobody_to_ask,
    recall: Recall | None = None,
    merged: DesiredFiles | None = None,
) -> VerifyOutcome:
    """Raises Refused for a plan file that is not sound (edited, truncated, of another keyspace).
    `merged` is what the protected branch has of it: a change that needs no plan may take away an
    annotation that a shard at rest will need (RG-69).
    `open_ledger` is asked only where a name is taken that an engine of the plan needs, `recall`
    only where the spec lets answers of rows be used again."""
    keyspace = files.spec.keyspace
    plan = read_plan(tree, environment.name, keyspace)
    cleans = plan.core.cleans if plan else ()
    begun = begin_pass(world, files, environment, cleans=cleans)

    def outcome(
        state: VerifyState,
        refusals: tuple[Obstacle, ...] = (),
        plan: Plan | None = plan,
        preflight: Preflight | None = None,
        notes: tuple[str, ...] = (),
    ) -> VerifyOutcome:
        shown = plan if state in (VerifyState.VERIFIED, VerifyState.UNPLANNED) else None
        return VerifyOutcome(
            environment=environment.name,
            keyspace=keyspace,
            region=environment.region,
            state=state,
            plan=with_counts(plan, begun) if plan is not None and shown else plan,
            estimate=time_estimate(begun, shown.core) if shown else None,
            refusals=refusals,
            notes=(*notes, *shadow_notes(begun), *(_rows_unasked(begun, world) if shown else ())),
            preflight=preflight,
            quarantine=environment.quarantine,
        )

    if unseen := begun.look.obstacles:
        return outcome(VerifyState.REFUSED, unseen)
    desired = next(iter(begun.desired.values()), None)
    if merged and (gone := rename_refusals(merged, files, environment, desired)):
        return outcome(VerifyState.REFUSED, gone)
    if is_as_git_says(begun) and (plan is None or is_left_over(begun, plan)):
        return outcome(VerifyState.NO_CHANGE)
    if plan is None:
        derived = derive(world, begun)
        refusals = derived.refusals or (unplanned(environment.name, keyspace),)
        return outcome(VerifyState.UNPLANNED, refusals, _missing(derived))
    checked = check_against_live(world, begun, plan)
    core = checked.derived or plan.core
    left = statements_left(core, checked.standings)
    taken = name_refusals(begun, left, open_ledger, now_s=world.clock.now_s())
    if refusals := checked.refusals or taken:
        return outcome(VerifyState.REFUSED, refusals)
    if checked.all_done:
        return outcome(VerifyState.APPLIED)
    rows = ask_rows(world, begun, checked, recall=recall)
    if refusals := rows_in_the_way(begun, rows):
        return outcome(VerifyState.REFUSED, refusals, preflight=rows)
    return outcome(VerifyState.VERIFIED, preflight=rows, notes=_differing(core, left))


def _differing(core: PlanCore, left: Mapping[str, Sequence[PlannedStatement]]) -> tuple[str, ...]:
    tables = differing_now(core, left)
    return (differing_words(tables),) if tables else ()


def _rows_unasked(begun: Pass, world: World) -> tuple[str, ...]:
    """Where only what others saw of the shards is at hand."""
    if begun.environment.preflight is None or world.rows is not None:
        return ()
    return (_ROWS_UNASKED,)


def _missing(derived: Derived) -> Plan | None:
    """The plan that would be made, to be shown; it is never written, so nobody asks by what and
    when."""
    if derived.core is None:
        return None
    meta = PlanMeta(created_at="", tool_version="", rows=derived.rows, notes=derived.notes)
    return plan_from_core(derived.core, meta)


def unplanned(environment: str, keyspace: str) -> Refusal:
    return Refusal(
        code="plan-missing",
        message=f"keyspace {keyspace}: live differs from git and there is no"
        f" {plan_paths(environment, keyspace).json}",
        recovery=f"run `reconciler plan {keyspace} --environment {environment} --write`, commit"
        " both files and have them reviewed",
    )
