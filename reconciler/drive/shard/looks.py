"""Where a shard is: its live tables against the plan's, before, between and behind its statements.

Rule: what could not be read is a Problem or raises Unavailable; it is never "as planned" (GD-5).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from reconciler.ddl.programs.event import is_passing_text
from reconciler.ddl.scan import named_as
from reconciler.ddl.statement.reach import reach_of
from reconciler.ddl.triggers import trigger_table
from reconciler.drive.shard.problems import (
    copy_is_another,
    copy_lost,
    drifted,
    drifted_meanwhile,
    of_shard,
    position_lost,
)
from reconciler.drive.shard.task import ShardTask
from reconciler.errors import Problem, ReconcilerError
from reconciler.guard.classify import states_along, states_between
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.programs import ROUTINES
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import ShardSession


def object_differs(
    session: ShardSession, task: ShardTask, object_id: ObjectId, expected: str | None
) -> Problem | None:
    """None if the object's live fingerprint is the expected one. Raises Unavailable."""
    definition = session.definition(object_id)
    try:
        observed = None if definition is None else task.basis.fingerprint(object_id, definition)
    except ReconcilerError as unread:
        return of_shard(task.work.shard, unread.problems[0])
    if observed == expected:
        return None
    known = task.definition_of(object_id, expected) or expected
    return drifted(task.work.shard, object_id, expected=known, observed=definition)


def copy_differs(
    session: ShardSession, task: ShardTask, statement: PlannedStatement, copy: str
) -> Problem | None:
    """None if the copy that the statement's engine has made is what the plan says that the table
    becomes: a constraint of another name is seen before it is swapped in (EN-9). Raises
    Unavailable."""
    about = statement.object_id
    definition = session.definition(table_id(copy)) if copy else None
    if definition is None:
        return copy_lost(task.work.shard, about, copy)
    try:
        observed = task.basis.fingerprint(about, named_as(definition, about.name))
    except ReconcilerError as unread:
        return of_shard(task.work.shard, unread.problems[0])
    after = next(effect.after for effect in statement.effects if effect.object_id == about)
    if observed == after:
        return None
    wanted = task.basis.after.get(about)
    is_last = wanted is not None and wanted.fingerprint == after
    expected = wanted.text if wanted is not None and is_last else after
    return copy_is_another(task.work.shard, about, expected=expected, observed=definition)


class Seen(StrEnum):
    """Where the tables are that a statement moves."""

    BEFORE = "before"
    AFTER = "after"
    NEITHER = "neither"


def statement_seen(session: ShardSession, task: ShardTask, statement: PlannedStatement) -> Seen:
    """Raises Unavailable."""

    def all_at(states: Iterable[tuple[ObjectId, str | None]]) -> bool:
        return all(object_differs(session, task, where, at) is None for where, at in states)

    if all_at((effect.object_id, effect.after) for effect in statement.effects):
        return Seen.AFTER
    is_before = all_at((effect.object_id, effect.before) for effect in statement.effects)
    return Seen.BEFORE if is_before or is_cut(session, task, statement) else Seen.NEITHER


def is_cut(session: ShardSession, task: ShardTask, statement: PlannedStatement) -> bool:
    """Whether a run has died in the midst of the statement, which goes on from there. Raises
    Unavailable."""
    return bool(statement.passes) and all(
        object_differs(session, task, effect.object_id, effect.after) is None
        for effect in statement.passes
    )


def position_seen(session: ShardSession, task: ShardTask) -> int | Problem:
    """How many of the shard's statements have taken effect; a Problem if it is at no such point.
    Raises Unavailable."""
    states = states_along(task.work.change_set)
    here: dict[ObjectId, str | None] = {}
    for object_id in states[0]:
        definition = session.definition(object_id)
        try:
            here[object_id] = (
                None if definition is None else task.basis.fingerprint(object_id, definition)
            )
        except ReconcilerError as unread:
            return of_shard(task.work.shard, unread.problems[0])
    if here in states:
        return states.index(here)
    for index, half in states_between(task.work.change_set).items():
        at_rest = {about: at for about, at in half.items() if about in here}
        if at_rest == here and is_cut(session, task, task.work.statements[index]):
            return index
    return position_lost(task.work.shard)


def _stands_on_managed(task: ShardTask, object_id: ObjectId, definition: str) -> bool:
    """A trigger on a table that is left alone is left alone as well, and an event that goes by
    itself is nobody's."""
    if object_id.kind is ObjectKind.EVENT:
        return object_id in task.basis.after or not is_passing_text(definition)
    if object_id.kind is not ObjectKind.TRIGGER:
        return True
    table = trigger_table(definition)
    return table is None or task.basis.is_managed(table_id(table))


def locked_by(session: ShardSession, statement: PlannedStatement) -> ObjectId | None:
    """The table whose lock the statement waits for: of a trigger's it is the one that it fires on.
    None: of no table that is known. Raises Unavailable."""
    about = statement.object_id
    if about.kind in ROUTINES or about.kind is ObjectKind.EVENT:
        return None
    if about.kind is not ObjectKind.TRIGGER:
        return about
    table = reach_of(statement.sql).table or trigger_table(session.definition(about) or "")
    return table_id(table) if table else None


def end_differs(session: ShardSession, task: ShardTask) -> Problem | None:
    """None if every managed table of the shard is as the plan leaves it, those that the plan does
    not move among them, and there is no other. Raises Unavailable."""
    found = session.definitions(programs=task.basis.program_kinds, expected=task.basis.after)
    live = {
        object_id: definition
        for object_id, definition in found.items()
        if task.basis.is_managed(object_id) and _stands_on_managed(task, object_id, definition)
    }
    for object_id in sorted(live.keys() | task.basis.after.keys()):
        wanted, definition = task.basis.after.get(object_id), live.get(object_id)
        try:
            observed = None if definition is None else task.basis.fingerprint(object_id, definition)
        except ReconcilerError as unread:
            return of_shard(task.work.shard, unread.problems[0])
        if observed != (wanted.fingerprint if wanted else None):
            return drifted_meanwhile(
                task.work.shard,
                object_id,
                expected=wanted.text if wanted else None,
                observed=definition,
            )
    return None
