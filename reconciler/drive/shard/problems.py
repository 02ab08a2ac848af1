"""The wording of everything that can go wrong with one shard during a rollout, each with its code
and its next step. Expected and observed are named where both are known (GD-7)."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem
from reconciler.model.dependents import Program, Reference
from reconciler.model.object_id import ObjectId
from reconciler.plan.hazards.existing_rows import looks_of
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Failed
from reconciler.ports.shards import RowsDiffer

_PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply"
_SAME_PLAN = (
    "fix the cause; once this apply has ended, `reconciler apply` runs what is left of the plan"
)
_LOOK_AT_ROWS = "on the shard, this shows rows that may be in the way"
# Of a row, as servers number them: NULL, a value that is equal, out of range, cut, no date, without
# a parent, without a partition, against a check (MySQL, MariaDB).
_OF_ROWS = frozenset(
    {1048, 1062, 1138, 1169, 1216, 1264, 1265, 1292, 1366, 1406, 1411, 1452, 1526, 1586, 1690}
    | {3140, 3643, 3819, 4025}
)
_END_IT = (
    "end what is in the way (`KILL` and the number of its connection, on the shard), or wait until"
    " it has ended; `rollout.lock_wait`, `lock_retries` and `kill_blockers` say what an apply does"
    " about it itself; once this apply has ended, `reconciler apply` runs what is left of the plan"
)
_RESUME = "`reconciler resume`: it looks at the shard first and runs only what is left"


def drifted(
    shard: str, object_id: ObjectId, *, expected: str | None, observed: str | None
) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="drift",
        what=f"somebody changed it since this apply looked\n"
        f"expected: {expected or f'no such {object_id.kind}'}\n"
        f"observed: {observed or f'no such {object_id.kind}'}",
        recovery=_PLAN_AGAIN,
    )


def drifted_meanwhile(
    shard: str, object_id: ObjectId, *, expected: str | None, observed: str | None
) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="drift",
        what=f"somebody changed it while this apply ran; all"
        " the plan's statements have run on the shard, and it is not what the plan leads to\n"
        f"expected: {expected or f'no such {object_id.kind}'}\n"
        f"observed: {observed or f'no such {object_id.kind}'}",
        recovery="undo the change on the shard, or adopt it with `reconciler pull`; `reconciler"
        " drift` shows what is left to do",
    )


_ADOPT = (
    "change or drop what was made, or make the change without it; then `reconciler apply` again,"
    " which judges the plan by what there is"
)


def uses_since(shard: str, about: ObjectId, program: Program, used: str) -> Problem:
    return _on_object(
        shard,
        about,
        code="dependent-appeared",
        what=f"{program} uses {used}, which the next statement"
        " takes away or changes; it was made or changed since the plan was judged, and the"
        " statement was not sent",
        recovery=_ADOPT,
    )


def hidden_since(shard: str, about: ObjectId, program: Program) -> Problem:
    return _on_object(
        shard,
        about,
        code="dependent-appeared",
        what=f"{program} was made since the plan was judged, and"
        " the login may not see whether it uses what the next statement takes away; the statement"
        " was not sent",
        recovery="let the login see its text, or drop it; then `reconciler apply` again, which"
        " judges the plan by what there is",
    )


def refers_since(shard: str, reference: Reference) -> Problem:
    return Problem(
        code="dependent-appeared",
        message=f"shard {shard}, table {reference.parent}: {reference} refers to what the next"
        " statement takes away or changes; it was made since the plan was judged, and the statement"
        " was not sent",
        recovery=_ADOPT,
    )


def of_shard(shard: str, problem: Problem) -> Problem:
    """A problem that does not know its shard, with it (GD-7)."""
    return replace(problem, message=f"shard {shard}: {problem.message}")


def position_lost(shard: str) -> Problem:
    return _on_shard(
        shard,
        code="drift",
        what="its tables are at no point of what the plan runs there",
        recovery="`reconciler drift` shows the difference; " + _PLAN_AGAIN,
    )


def read_back_differs(shard: str, object_id: ObjectId) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="read-back",
        what="after its statement it is neither what it was nor what the plan says",
        recovery="`reconciler drift` shows the difference; " + _PLAN_AGAIN,
    )


def statement_failed(shard: str, statement: PlannedStatement, failed: Failed) -> Problem:
    blocked = f"; in the way: {failed.blocker}" if failed.blocker else ""
    looks = looks_of(statement.hazards) if failed.error.number in _OF_ROWS else ()
    return _on_object(
        shard,
        statement.object_id,
        code="statement-failed",
        what=f"{failed.error}{blocked}",
        recovery="nothing yet: it is tried again; end what is in the way, or `reconciler stop`"
        if failed.transient
        else f"{_LOOK_AT_ROWS}: {'; '.join(looks)}; then {_SAME_PLAN}"
        if looks
        else _SAME_PLAN,
    )


def tried_in_vain(problem: Problem, attempts: int, blocker: str | None) -> Problem:
    """What a problem is called that did not pass by itself. `blocker` is who was in the way last,
    as the message says."""
    message = f"{problem.message} (tried {attempts} times)"
    recovery = _SAME_PLAN if blocker is None else _END_IT
    return replace(problem, message=message, recovery=recovery)


def unanswered(shard: str, object_id: ObjectId, reason: str) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="outcome-unknown",
        what=f"the statement was sent and no answer came: {reason}",
        recovery=_RESUME,
    )


def gone(shard: str, object_id: ObjectId) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="outcome-unknown",
        what="what carried out its statement is not there"
        " any more, and did not say what came of it",
        recovery=_RESUME,
    )


def not_cleared(shard: str, stays: str) -> Problem:
    return _on_shard(
        shard,
        code="copy-not-cleared",
        what=f"its statement took effect, and what was made for that is still there: {stays}",
        recovery="`reconciler resume`: it removes what is left, and goes on",
    )


def still_unknown(shard: str, reason: str) -> Problem:
    return _on_shard(
        shard,
        code="outcome-unknown",
        what=f"what became of its statement cannot be seen yet: {reason}",
        recovery=_RESUME,
    )


def end_unseen(shard: str, reason: str) -> Problem:
    return _on_shard(
        shard,
        code="outcome-unknown",
        what=f"its statements have run, and whether all of it is as the plan"
        f" leaves it cannot be seen yet: {reason}",
        recovery=_RESUME,
    )


def copy_is_another(
    shard: str, object_id: ObjectId, *, expected: str | None, observed: str
) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="copy-differs",
        what="its copy is not what the plan says that the table becomes; the copy was not swapped"
        f" in, and the table is as it was\nexpected: {expected}\nobserved: {observed}",
        recovery="give the statement another engine in the spec's `engine`, and plan again",
    )


def copy_lost(shard: str, object_id: ObjectId, copy: str) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="copy-differs",
        what=f"its copy {copy} is gone, though the engine says that it is ready; nothing was"
        " swapped in",
        recovery="see who drops tables there, then `reconciler apply` again",
    )


def rows_differ(shard: str, object_id: ObjectId, found: RowsDiffer) -> Problem:
    counts = {
        "not in it": found.missing,
        "only in it": found.extra,
        "with other values": found.differing,
    }
    told = ", ".join(f"{number} {how}" for how, number in counts.items() if number)
    return _on_object(
        shard,
        object_id,
        code="rows-differ",
        what=f"its copy does not have its rows: {told}, of {found.compared} compared; the copy was"
        " not swapped in, and the table is as it was",
        recovery="find the rows that the change has no place for, such as duplicates of a new"
        " unique key; " + _SAME_PLAN,
    )


def rows_not_compared(shard: str, object_id: ObjectId, reason: str) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="rows-not-compared",
        what=f"its copy's rows cannot be compared with its own: {reason}; the copy was not swapped"
        " in",
        recovery="give the table another engine in the spec (`engine`), then plan again",
    )


def already_running(shard: str, object_id: ObjectId) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="already-running",
        what="this very statement is running there, sent by somebody else",
        recovery="wait until it has ended, then `reconciler apply` again",
    )


def not_claimed(shard: str, object_id: ObjectId) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="session-left-behind",
        what="the server still has a session of an earlier"
        " run, whose statement may be running there",
        recovery="wait until it has ended, or KILL it (program_name `reconciler, applying`), then"
        " `reconciler apply` again",
    )


def rows_unmeasured(shard: str, object_id: ObjectId) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="rows-unmeasured",
        what="the number of rows could not be read, and the plan sets a ceiling for it",
        recovery="let the apply identity read the table's statistics, then apply again",
    )


def rows_over_ceiling(shard: str, object_id: ObjectId, rows: int, ceiling: int) -> Problem:
    return _on_object(
        shard,
        object_id,
        code="row-ceiling",
        what=f"about {rows} rows, the reviewed ceiling is {ceiling}",
        recovery=_PLAN_AGAIN,
    )


def lock_lost(shard: str) -> Problem:
    return _on_shard(
        shard,
        code="lock-lost",
        what="the keyspace's lock on it is gone; nothing more was sent",
        recovery=_RESUME,
    )


def crashed(shard: str, error: BaseException) -> Problem:
    return _on_shard(
        shard,
        code="shard-crashed",
        what=f"its work ended with a fault of reconciler's own: {type(error).__name__}: {error}",
        recovery="report the fault; `reconciler drift` shows where the shard is",
    )


def _on_object(shard: str, object_id: ObjectId, *, code: str, what: str, recovery: str) -> Problem:
    return Problem(
        code=code, message=f"shard {shard}, {object_id.titled}: {what}", recovery=recovery
    )


def _on_shard(shard: str, *, code: str, what: str, recovery: str) -> Problem:
    return Problem(code=code, message=f"shard {shard}: {what}", recovery=recovery)
