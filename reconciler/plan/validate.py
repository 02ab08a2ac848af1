"""What a plan must be for any part of it to be believed, checked on load and before every use.

The decoder has seen to the shape; this sees to the sense: every shard once, every name trimmed and
of this keyspace, every statement one DDL statement on a managed table, every chain of fingerprints
unbroken. The first thing that is wrong refuses the whole plan (PL-7, PL-8, PL-9).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator

from reconciler.ddl.statement.check import check_statement
from reconciler.diff.model import Operation
from reconciler.errors import ReconcilerError
from reconciler.model.fleet import in_key_order, shard_list_errors
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import says_nothing
from reconciler.model.programs import MANAGED_AS
from reconciler.model.quarantine import is_day
from reconciler.plan.commitment import sha256_of
from reconciler.plan.document import check_place, place_errors, plan_refused
from reconciler.plan.model import ChangeSet, Plan, PlanCore, PlannedStatement
from reconciler.plan.readable import shows_statements
from reconciler.plan.vschema_steps import vschema_errors

_DIGEST = re.compile(r"[0-9a-f]{64}")
_FINGERPRINT = re.compile(r"sha256:[0-9a-f]{64}")


def check_plan(plan: Plan, *, environment: str, keyspace: str, readable_sql: str | None) -> None:
    """Raise Refused unless the plan is sound, of this keyspace and environment, and the readable
    file (None: missing) is to the byte what the plan is bound to, and shows its statements, each
    exactly and in order (PL-11). Its remarks are those of the version that made the plan."""
    core = plan.core
    check_place(core, environment=environment, keyspace=keyspace)
    check_core(core)
    if readable_sql is None:
        raise plan_refused("readable-plan-missing", "the .plan.sql file beside the plan is missing")
    if core.words.readable != sha256_of(readable_sql):
        raise plan_refused(
            "readable-plan-mismatch",
            "the .plan.sql file is not the one that the plan is bound to: one of them was edited",
        )
    if not shows_statements(readable_sql, core):
        raise plan_refused(
            "readable-plan-mismatch",
            "the .plan.sql file does not show what the plan would run",
        )


def check_core(core: PlanCore) -> None:
    """Raise Refused for the first thing that makes no sense."""
    for wrong in core_errors(core):
        raise plan_refused("plan-malformed", wrong)


def core_errors(core: PlanCore) -> Iterator[str]:
    """Everything wrong with a plan's content, in words."""
    left_alone = (found.shard for found in core.quarantine)
    yield from shard_list_errors((*core.shards, *left_alone))
    yield from part_errors(core)


def part_errors(core: PlanCore) -> Iterator[str]:
    """The same of some of a plan's shards, which need not hold every key (RG-3)."""
    yield from place_errors(core)
    yield from _shard_use_errors(core)
    yield from _sorted_unique_errors("managed objects", core.managed)
    if any(not _is_name(found.name) for found in core.managed):
        yield "a managed object has a blank name, or one with blanks around it"
    managed = frozenset(core.managed)
    for change_set in core.change_sets:
        yield from _change_set_errors(change_set, managed)
        if change_set.after != core.after:
            yield "a change set does not end at the desired schema"
    yield from _clean_errors(core)
    yield from _quarantine_errors(core)
    yield from vschema_errors(core.vschema)
    if not _FINGERPRINT.fullmatch(core.after):
        yield "the desired fingerprint is not a fingerprint"
    if not all(_DIGEST.fullmatch(found.sha256) for found in core.inputs):
        yield "an input's digest is not a SHA-256"


def _quarantine_errors(core: PlanCore) -> Iterator[str]:
    """What is in it is named, until a day and for a reason, and has no part in what runs."""
    names = tuple(found.shard for found in core.quarantine)
    if names != in_key_order(tuple(dict.fromkeys(names))):
        yield "the shards in quarantine are not sorted and unique"
    for found in core.quarantine:
        if found.shard in core.shards:
            yield f"shard {found.shard!r} is in quarantine, and changes or matches"
        if not is_day(found.until) or says_nothing(found.reason):
            yield f"shard {found.shard!r} is in quarantine without a reason, or without an end"


def _clean_errors(core: PlanCore) -> Iterator[str]:
    """A table that an engine left is dropped, and nothing else is done to it."""
    if list(core.cleans) != sorted(set(core.cleans)):
        yield "what is removed of engines is not sorted and unique"
    names = {one.name for one in core.cleans}
    dropped: set[str] = set()
    for change_set in core.change_sets:
        for statement in change_set.statements:
            if statement.operation is Operation.DROP_TABLE:
                dropped.add(statement.object_id.name)
            elif names & {effect.object_id.name for effect in statement.effects}:
                yield f"a statement on {statement.object_id.name!r} changes what an engine left"
    for name in sorted(names - dropped):
        yield f"{name!r} is to be removed, and no statement drops it"


def _shard_use_errors(core: PlanCore) -> Iterator[str]:
    changing = [shard for change_set in core.change_sets for shard in change_set.shards]
    if sorted([*changing, *core.matching]) != sorted(core.shards):
        yield "not every shard is exactly once in a change set or among the matching ones"
    if sorted(shard for wave in core.waves for shard in wave) != sorted(core.shards):
        yield "not every shard is in exactly one wave"


def _sorted_unique_errors(what: str, names: tuple[ObjectId, ...]) -> Iterator[str]:
    if list(names) != sorted(set(names)):
        yield f"the {what} are not sorted and unique"


def _change_set_errors(change_set: ChangeSet, managed: frozenset[ObjectId]) -> Iterator[str]:
    if not change_set.statements or not change_set.shards:
        yield "a change set without statements or without shards"
    for statement in change_set.statements:
        yield from _statement_errors(statement, managed)
    yield from _chain_errors(change_set)


def _statement_errors(statement: PlannedStatement, managed: frozenset[ObjectId]) -> Iterator[str]:
    table, effects = statement.object_id.name, statement.effects
    if not _is_name(table) or statement.object_id not in managed:
        yield f"a statement is for {statement.object_id.kind} {table!r}, which is not managed"
        return
    if not effects:
        yield f"a statement on {table!r} moves no table: nobody could tell that it ran"
    touched = [effect.object_id for effect in effects]
    if not set(touched) <= managed or max(Counter(touched).values(), default=0) > 1:
        yield f"a statement on {table!r} moves a table twice, or one that is not managed"
    for effect in effects:
        for side in (effect.before, effect.after):
            if side is not None and not _FINGERPRINT.fullmatch(side):
                yield f"a statement on {table!r} has an effect that is not a fingerprint"
        if effect.before == effect.after:
            yield f"a statement on {table!r} has an effect that changes nothing"
    for effect in statement.passes:
        sides = [side for side in (effect.before, effect.after) if side is not None]
        if effect.object_id not in managed or not all(map(_FINGERPRINT.fullmatch, sides)):
            yield f"a statement on {table!r} passes by what is not managed, or is no fingerprint"
    try:
        check_statement(
            statement.sql,
            tables=_named(managed, ObjectKind.TABLE),
            programs=frozenset(about for about in managed if about.kind in MANAGED_AS),
        )
    except ReconcilerError as refused:
        yield f"a statement on {table!r} cannot be run: {refused.problems[0].message}"


def _chain_errors(change_set: ChangeSet) -> Iterator[str]:
    """Each table's effects must join: one statement's after is the next one's before. And no state
    of all of them comes twice, for a shard is found in it once (two tables that swap their names
    may each be gone twice)."""
    state: dict[ObjectId, str | None] = {}
    for statement in change_set.statements:
        for effect in statement.effects:
            state.setdefault(effect.object_id, effect.before)
    # A state is told by the sum of its objects' digests: to compare the states themselves would
    # take the square of the statements, times the objects.
    now = sum(map(_mark_of, state.items()))
    past = {now}
    for statement in change_set.statements:
        for effect in statement.effects:
            about = effect.object_id
            if state[about] != effect.before:
                yield f"the effects on {about.kind} {about.name!r} do not join"
            now -= _mark_of((about, state[about]))
            now += _mark_of((about, effect.after))
            state[about] = effect.after
        if now in past:
            table = statement.object_id.name
            yield f"a statement on {table!r} would come back to a state that was left"
        past.add(now)
    if sorted(state) != [touched.object_id for touched in change_set.touched]:
        yield "the before-definitions are not those of the tables that the statements move"


def _mark_of(state: tuple[ObjectId, str | None]) -> int:
    object_id, fingerprint = state
    content = f"{object_id.titled}\0{fingerprint or ''}".encode(errors="surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest())


def _is_name(name: str) -> bool:
    """PL-9: trimmed, and something is left."""
    return bool(name) and name == name.strip()


def _named(managed: frozenset[ObjectId], kind: ObjectKind) -> frozenset[str]:
    return frozenset(found.name for found in managed if found.kind is kind)
