"""`plan`: the pass stopped before anything could run; its result is what reviewers read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.check import check_against_live, plan_of_these_files
from reconciler.flows.kept_plan import find_plan
from reconciler.flows.learned import learned_notes
from reconciler.flows.names_taken import all_statements, name_refusals, nobody_to_ask
from reconciler.flows.program_notes import program_notes
from reconciler.flows.reconcile_pass import (
    Derived,
    Pass,
    begin_pass,
    derive,
    pass_over,
    time_estimate,
)
from reconciler.flows.renames_at_rest import rename_refusals
from reconciler.flows.row_counts import with_counts
from reconciler.flows.shards_moved import shards_moved
from reconciler.guard.classify import position_of
from reconciler.guard.compare import input_refusals
from reconciler.guard.model import Refusal, ToDo
from reconciler.guard.vschema import vschema_steps_done
from reconciler.model.policy import AutoIncrement
from reconciler.observe.quarantine import overlong_refusals
from reconciler.observe.shards import FleetSnapshot
from reconciler.outcomes.definitions import Link, Wanted, links_of
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.codec import dump_plan, plan_from_core
from reconciler.plan.commitment import is_same_commitment
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.model import Leftover, Plan, PlanCore, PlanMeta
from reconciler.plan.validate import check_core
from reconciler.ports.files import FileWriter, History
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.spec.insecure import insecure_note
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree, has_file


def plan_keyspace(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    protected: FileTree | None,
    created_at: str,
    tool_version: str,
    cleans: tuple[Leftover, ...] = (),
    notes: tuple[str, ...] = (),
    open_ledger: Callable[[], Ledger] = nobody_to_ask,
    takes_back: str | None = None,
    history: History | None = None,
) -> PlanOutcome:
    """Derive a plan, which also removes what there still is of `cleans`. `notes` are for its
    reader, beside the pass's own. `protected` is the tree of the protected branch, where a reviewed
    plan may still wait to be applied (PL-13); None where there is no such branch. `open_ledger` is
    asked only where a name is taken that an engine of the plan needs. `takes_back` is the id of the
    plan to which this is the way back: once it is merged, that one waits no more. By the branch's
    own `history` such a plan is known by itself, whoever took the files back."""
    begun = _without_what_is_gone(begin_pass(world, files, environment, cleans=cleans))
    derived = derive(world, begun)
    insecure = insecure_note(environment)
    merged = merged_keyspace(protected, files.spec.keyspace) if protected is not None else None
    notes = (*notes, *shards_moved(merged, environment), *([insecure] if insecure else []))
    notes = (*notes, *learned_notes(begun, derived.core, open_ledger))
    notes = (*notes, *program_notes(begun, derived.core))
    pending = _pending(world, protected, merged, begun)
    is_way_back = pending is not None and _takes_back(derived, begun, pending, takes_back, history)
    notes = (*notes, _note_of_way_back(pending)) if pending and is_way_back else notes
    plan = _plan_of(begun, derived, notes, created_at=created_at, tool_version=tool_version)
    refusals = derived.refusals
    if derived.core is not None:
        now_s, statements = world.clock.now_s(), all_statements(derived.core)
        refusals = (*refusals, *name_refusals(begun, statements, open_ledger, now_s=now_s))
    is_other = pending and plan and not is_same_commitment(plan.core, pending.core)
    refusals = (
        *overlong_refusals(environment, world.clock.now_s()),
        *_renames_at_rest(merged, begun),
        *refusals,
    )
    if pending and not is_way_back and is_other and _can_run(world, begun, pending):
        refusals = (_pending_refusal(pending), *refusals)
    return PlanOutcome(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        plan=plan,
        estimate=time_estimate(begun, plan.core) if plan else None,
        readable_sql=derived.readable_sql,
        refusals=refusals,
        quarantine=environment.quarantine,
        wanted=_wanted(begun, plan.core) if plan else None,
    )


def _wanted(begun: Pass, core: PlanCore) -> Wanted | None:
    """All settings read the files alike, so that the first one's text stands for each."""
    desired = next(iter(begun.desired.values()), None)
    if desired is None:
        return None
    firsts = {found.shards[0] for found in core.change_sets}
    found = [links_of(seen.schema) for seen in begun.look.seen if seen.shard in firsts]
    touched = {one.object_id for change_set in core.change_sets for one in change_set.touched}
    return Wanted(
        texts=tuple(sorted((o, read.text) for o, read in desired.objects.items() if o in touched)),
        links=tuple(sorted(links_of(desired.schema))),
        links_found=tuple(sorted(frozenset[Link]().union(*found))),
    )


def kept_cleans(
    tree: FileTree, protected: FileTree | None, environment: str, keyspace: str
) -> tuple[Leftover, ...]:
    """What the plan that stands in the tree removes of engines' tables, so that planning again in
    the same change keeps it; nothing where that plan is the protected branch's, and so another
    change's."""
    committed = _sound_plan(tree, environment, keyspace)
    merged = _sound_plan(protected, environment, keyspace) if protected is not None else None
    if committed is None or (merged and is_same_commitment(committed.core, merged.core)):
        return ()
    return committed.core.cleans


def keep_plan(outcome: PlanOutcome, tree: FileTree, writer: FileWriter) -> PlanOutcome:
    """Write both files of a plan; with nothing to do, remove those of an earlier one. Files that
    hold the same commitment already stay as they are: other words, or another time, are no reason
    to void an approval. What was noted just now is told, whatever the files have."""
    assert outcome.plan, "a plan without refusals is a plan"
    paths = plan_paths(outcome.environment, outcome.keyspace)
    if outcome.plan.core.is_empty:
        stale = tuple(path for path in (paths.json, paths.sql) if has_file(tree, path))
        for path in stale:
            writer.remove(path)
        return replace(outcome, removed=stale)
    committed = _sound_plan(tree, outcome.environment, outcome.keyspace)
    if committed is not None and is_same_commitment(committed.core, outcome.plan.core):
        meta = replace(committed.meta, notes=outcome.plan.meta.notes)
        plan = replace(committed, meta=meta)
        return replace(outcome, plan=plan, written=(paths.json, paths.sql))
    writer.write(paths.sql, outcome.readable_sql.encode())
    writer.write(paths.json, dump_plan(outcome.plan))
    return replace(outcome, written=(paths.json, paths.sql))


def _sound_plan(tree: FileTree, environment: str, keyspace: str) -> Plan | None:
    """The plan that stands in the tree; one that is not sound is none."""
    try:
        return read_plan(tree, environment, keyspace)
    except Refused:
        return None


def _without_what_is_gone(begun: Pass) -> Pass:
    there = {table for seen in begun.look.seen for table in seen.definitions}
    return replace(begun, cleans=tuple(one for one in begun.cleans if one.name in there))


def _plan_of(
    begun: Pass, derived: Derived, notes: tuple[str, ...], *, created_at: str, tool_version: str
) -> Plan | None:
    if derived.core is None:
        return None
    check_core(derived.core)  # what an apply would not take is no plan
    meta = PlanMeta(
        created_at=created_at,
        tool_version=tool_version,
        rows=derived.rows,
        notes=(*notes, *derived.notes),
    )
    return with_counts(plan_from_core(derived.core, meta), begun)


def _pending(
    world: World, protected: FileTree | None, merged_files: DesiredFiles | None, begun: Pass
) -> Plan | None:
    """The merged plan that waits: every shard is on its chain and some are not at the end.

    A plan that can never be applied does not wait any more, and a new one is the way on: drift has
    made it impossible, the branch has moved on to other schema files without another plan, or a
    shard that it wants is in quarantine now.
    """
    if protected is None or merged_files is None:
        return None
    merged = plan_of_these_files(protected, merged_files, begun.environment)
    if merged is None:
        return None
    now_s = world.clock.now_s()
    look = _look_as_for(world, merged_files, begun, merged)
    if look is None or look.refusals or _is_without_a_shard(begun.environment, merged.core, now_s):
        return None
    # A shard that comes out of its quarantine is none of that plan's.
    standings = [
        position_of(merged.core, seen.shard, seen.fingerprints)
        for seen in look.seen
        if seen.shard in merged.core.shards
    ]
    steps_left = _vschema_steps_left(merged.core, begun)
    if None in standings or steps_left is None:
        return None
    is_pending = steps_left > 0 or any(isinstance(standing, ToDo) for standing in standings)
    return merged if is_pending else None


def _takes_back(
    derived: Derived, begun: Pass, pending: Plan, named: str | None, history: History | None
) -> bool:
    """Whether the plan leads to where the merged one began, and takes nothing else along: that one
    is named, or these files end there and their branch has had it. A branch that began before it
    has taken nothing back."""
    is_named, core = pending.plan_id == named, derived.core
    if core is None:
        return is_named
    if core.vschema and not pending.core.vschema:
        return False
    if is_named or history is None:
        return is_named
    most = max(pending.core.change_sets, key=lambda found: len(found.shards), default=None)
    ends = core.after == (pending.core.after if most is None else most.before)
    if steps := pending.core.vschema:
        wanted = begun.vschema.desired.fingerprint if begun.vschema else None
        ends = ends and wanted == steps[0].before
    return ends and _has_had(history, pending)


def _has_had(history: History, plan: Plan) -> bool:
    try:
        find_plan(history, plan.plan_id, plan.core.environment, plan.core.keyspace)
    except InvalidInput:
        return False
    return True


def _note_of_way_back(pending: Plan) -> str:
    return (
        f"this takes back plan {pending.plan_id}, which is merged and not fully applied: once this"
        " one is merged, nothing more of that one runs"
    )


def _is_without_a_shard(environment: Environment, core: PlanCore, now_s: float) -> bool:
    """Whether the merged plan wants a shard that these files leave alone, or leaves one alone for
    longer than was agreed: no apply takes it any more, and what is left of it is planned anew."""
    left_alone = {found.shard for found in environment.quarantine}
    over = any(found.has_ended(now_s) for found in core.quarantine)
    return over or not left_alone.isdisjoint(core.shards)


def _vschema_steps_left(core: PlanCore, begun: Pass) -> int | None:
    """None where the VSchema is nowhere on the merged plan's way. What git says of it has no part
    in that: a plan without steps leaves it alone."""
    if begun.vschema is None or not core.vschema:
        return 0
    done = vschema_steps_done(core, begun.vschema.live, begun.vschema.desired)
    return None if done is None else len(core.vschema) - done


def _look_as_for(
    world: World, files: DesiredFiles, begun: Pass, plan: Plan
) -> FleetSnapshot | None:
    """What was seen, to the eyes of other files and their plan: their policy says what is compared,
    and their values how far a counter has come. None: the servers do not take these files."""
    policy, cleans = files.spec.policy, plan.core.cleans
    is_alike = policy == begun.files.spec.policy and cleans == begun.cleans
    if is_alike and policy.auto_increment is AutoIncrement.IGNORE:
        return begun.look
    observations = [seen.observation for seen in begun.look.seen]
    try:
        return pass_over(
            world, files, begun.environment, observations, cleans=cleans, vschema=begun.vschema
        ).look
    except (InvalidInput, Refused):
        return None


def _renames_at_rest(merged: DesiredFiles | None, begun: Pass) -> tuple[Refusal, ...]:
    if merged is None:
        return ()
    desired = next(iter(begun.desired.values()), None)
    return rename_refusals(merged, begun.files, begun.environment, desired)


def merged_keyspace(tree: FileTree, keyspace: str) -> DesiredFiles | None:
    """By name, for a spec may have another path on the protected branch. None for files that are
    not sound: no plan of theirs waits. Raises Unavailable for what could not be read."""
    try:
        loaded = load_repository(tree)
    except (InvalidInput, Refused):
        return None
    for unread in loaded.values():
        if isinstance(unread, Unavailable):
            raise unread
    found = loaded.get(keyspace)
    return found if isinstance(found, DesiredFiles) else None


def _can_run(world: World, begun: Pass, pending: Plan) -> bool:
    """Not if an apply of these very files would refuse it: a table outgrew it, or servers were
    upgraded. What an apply of other files would say is not known here."""
    if input_refusals(pending.core, begun.files.digests):
        return True
    if pending.core.cleans != begun.cleans:
        observations = [seen.observation for seen in begun.look.seen]
        begun = pass_over(
            world,
            begun.files,
            begun.environment,
            observations,
            cleans=pending.core.cleans,
            vschema=begun.vschema,
        )
    return not check_against_live(world, begun, pending).refusals


def _pending_refusal(pending: Plan) -> Refusal:
    return Refusal(
        code="pending-apply",
        message=f"plan {pending.plan_id} is merged but not fully applied; a plan made now would"
        " build on a state that is about to change",
        recovery="apply it first (`reconciler apply`), or revert its merge and change nothing else"
        " with it, then plan again",
    )
