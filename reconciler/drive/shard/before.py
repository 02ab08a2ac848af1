"""What must be true of a shard right before a statement is sent to it.

Each is asked of the shard itself, just now: what was found when the keyspace was checked may be
hours old.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reconciler.ddl.statement.check import check_statement
from reconciler.ddl.statement.reach import Reach, reach_of
from reconciler.ddl.usage import (
    is_made_again,
    may_take_from_dependents,
    programs_at_stake,
    references_at_stake,
    what_is_used,
)
from reconciler.drive.shard.looks import copy_differs, is_cut, object_differs
from reconciler.drive.shard.problems import (
    hidden_since,
    of_shard,
    refers_since,
    rows_over_ceiling,
    rows_unmeasured,
    uses_since,
)
from reconciler.drive.shard.task import ShardTask
from reconciler.errors import Problem, ReconcilerError
from reconciler.guard.access import access_refusals
from reconciler.guard.classify import states_along
from reconciler.guard.model import Refusal
from reconciler.model.dependents import Program, Reference
from reconciler.model.engine import Handle
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.ports.shards import ShardSession


def not_allowed(session: ShardSession, task: ShardTask, index: int) -> Refusal | None:
    """Servers are made read-only and logins lose privileges while an apply runs (GD-13).
    Raises Unavailable."""
    to_do = task.work.statements[index:]
    refusals = access_refusals(
        task.work.shard,
        session.access(to_do),
        to_do,
        flavor=task.basis.flavor,
        rollout=task.rollout,
    )
    return refusals[0] if refusals else None


def not_as_planned(
    session: ShardSession, task: ShardTask, index: int, handle: Handle | None = None
) -> Problem | None:
    """The payload, the live definitions and the row count, against the plan (DS-5, GD-4). `handle`
    is that of the statement's own engine, which may have made triggers on the table. Raises
    Unavailable."""
    shard, statement = task.work.shard, task.work.statements[index]
    try:
        check_statement(statement.sql, tables=task.tables, programs=task.programs)
    except ReconcilerError as refused:
        return of_shard(shard, refused.problems[0])
    for effect in statement.effects:
        problem = object_differs(session, task, effect.object_id, effect.before)
        if problem is not None and not is_cut(session, task, statement):
            return problem
    if problem := _new_dependent(session, task, index, handle.helpers if handle else ()):
        return problem
    if statement.row_ceiling is None:
        return None
    rows = session.rows_estimate(statement.object_id)
    if rows is None:
        return rows_unmeasured(shard, statement.object_id)
    if rows > statement.row_ceiling:
        return rows_over_ceiling(shard, statement.object_id, rows, statement.row_ceiling)
    return None


def copy_not_as_planned(
    session: ShardSession, task: ShardTask, index: int, handle: Handle, copy: str
) -> Problem | None:
    """What is asked before a statement is sent, and the copy's definition against the plan (EN-9).
    Raises Unavailable."""
    statement = task.work.statements[index]
    problem = not_as_planned(session, task, index, handle)
    return problem or copy_differs(session, task, statement, copy)


def _new_dependent(
    session: ShardSession, task: ShardTask, index: int, helpers: Collection[str]
) -> Problem | None:
    """What somebody made since the plan's hazards were judged, and the statement takes something
    from (GD-14). Asked for only where the statement takes anything from anybody."""
    reach = reach_of(task.work.statements[index].sql)
    later = (statement.sql for statement in task.work.statements[index + 1 :])
    if not may_take_from_dependents(reach) or is_made_again(reach, later):
        return None
    now = session.dependents([reach.table])
    judged = {*task.basis.dependents.programs}
    programs = [program for program in now.programs if not _is_helper(program, helpers)]
    managed = [program for program in programs if _is_managed(program, task)]
    if problem := _views_differ(session, task, index, managed):
        return problem
    for program in programs:
        if program not in judged and program not in managed and _is_hidden(program, task):
            return hidden_since(task.work.shard, _what(reach), program)
    every = dict.fromkeys((*task.basis.dependents.programs, *programs))
    for program in programs_at_stake(reach, every):
        if program in programs and program not in judged and program not in managed:
            used = what_is_used(reach, program)
            return uses_since(task.work.shard, _what(reach), program, used)
    return _new_reference(session, task, index, references_at_stake(reach, now.references))


def _what(reach: Reach) -> ObjectId:
    return reach.program or table_id(reach.table)


def _is_helper(program: Program, helpers: Collection[str]) -> bool:
    """A trigger that goes with its engine's copy; the engine knows whose it is (EN-12)."""
    is_trigger = program.kind is ObjectKind.TRIGGER and program.database is None
    return is_trigger and program.name in helpers


def _is_managed(program: Program, task: ShardTask) -> bool:
    about = ObjectId(program.kind, program.name)
    stands_on = program.table is None or task.basis.is_managed(table_id(program.table))
    return program.database is None and stands_on and task.basis.is_managed(about)


def _views_differ(
    session: ShardSession, task: ShardTask, index: int, views: Iterable[Program]
) -> Problem | None:
    """A managed view is as planned if its text is; one that the plan does not know has appeared."""
    state = states_along(task.work.change_set)[index]
    for view in views:
        about = ObjectId(view.kind, view.name)
        wanted = task.basis.after.get(about)
        rests = wanted.fingerprint if wanted is not None else None
        if problem := object_differs(session, task, about, state.get(about, rests)):
            return problem
    return None


def _is_hidden(program: Program, task: ShardTask) -> bool:
    """Whether nobody can tell what it uses, though all could be told when the plan was judged."""
    sees_all = program.database is None or task.basis.dependents.sees_elsewhere
    return program.text is None and sees_all


def _new_reference(
    session: ShardSession, task: ShardTask, index: int, references: Iterable[Reference]
) -> Problem | None:
    """A managed child is as planned if its definition is; any other must have been there before."""
    state = states_along(task.work.change_set)[index]
    for reference in references:
        child = table_id(reference.table)
        if reference.database is None and task.basis.is_managed(child):
            wanted = task.basis.after.get(child)
            rests = wanted.fingerprint if wanted is not None else None
            if problem := object_differs(session, task, child, state.get(child, rests)):
                return problem
        elif reference not in task.basis.dependents.references:
            return refers_since(task.work.shard, reference)
    return None
