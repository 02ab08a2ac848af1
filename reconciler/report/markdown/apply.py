"""An apply, running or ended, as a comment or a job summary: the first failure on top (RP-3)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.errors import Problem
from reconciler.ledger.states import ApplyState
from reconciler.limits import COMMENT_BYTES_MAX
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    OperationRow,
    ShardRow,
    StatusOutcome,
    WaveRow,
)
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.report import apply_words
from reconciler.report.fit import Part, fit
from reconciler.report.markdown.blocks import (
    BAD,
    CAUTION,
    GOOD,
    WAITING,
    Parts,
    failed_parts,
    opening,
    permission_parts,
    plan_id_fact,
    plan_id_line,
    problem_item,
    recovery_line,
    refusal_parts,
    shard_set,
    table,
    title,
)
from reconciler.report.neutral import code_span, prose
from reconciler.report.times import duration, moment

_VERDICT_MARKS = {
    ApplyVerdict.NOTHING_TO_DO: GOOD,
    ApplyVerdict.COMPLETED: GOOD,
    ApplyVerdict.SUPERSEDED: CAUTION,
    ApplyVerdict.PAUSED: WAITING,
    ApplyVerdict.STOPPED: CAUTION,
    ApplyVerdict.CANCELLED: CAUTION,
    ApplyVerdict.REFUSED: BAD,
    ApplyVerdict.FAILED: BAD,
    ApplyVerdict.UNKNOWN: BAD,
}

_STATE_MARKS = {
    ApplyState.PENDING: WAITING,
    ApplyState.RUNNING: WAITING,
    ApplyState.RUNNING_DEGRADED: BAD,
    ApplyState.PAUSED: WAITING,
    ApplyState.STOPPED: CAUTION,
    ApplyState.COMPLETED: GOOD,
    ApplyState.FAILED: BAD,
    ApplyState.CANCELLED: CAUTION,
}


def apply_markdown(
    outcomes: Sequence[ApplyOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    parts = chain.from_iterable(_outcome(outcome) for outcome in outcomes)
    return fit(tuple(parts), limit_bytes)


def status_markdown(outcome: StatusOutcome, *, limit_bytes: int = COMMENT_BYTES_MAX) -> str:
    if not outcome.applies:
        return f"{code_span(outcome.environment)}: the ledger knows no apply\n"
    parts = chain.from_iterable(_status(apply, outcome.now_s) for apply in outcome.applies)
    return fit(tuple(parts), limit_bytes)


def _outcome(outcome: ApplyOutcome | KeyspaceFailed) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("change", outcome)
        return
    mark, verdict = _VERDICT_MARKS[outcome.verdict], apply_words.verdict(outcome)
    heading = title(mark, outcome.keyspace, outcome.environment, verdict)
    ran = words.count(outcome.statements_run, "statement")
    facts = (
        plan_id_fact(outcome.plan.plan_id) if outcome.plan else "",
        f"apply {outcome.apply_id}" if outcome.apply_id is not None else "",
        f"{ran} in {duration(outcome.elapsed_s)}" if outcome.statements_run else "",
        prose(outcome.reason),
    )
    yield opening("change", outcome.environment, outcome.keyspace, heading, *facts)
    yield from _first_problem(outcome.problem, outcome.shards)
    yield from refusal_parts(outcome.refusals, outcome.unreachable)
    if outcome.refusals and outcome.plan is not None:
        yield from permission_parts(outcome.plan.core)
    yield from _account(outcome.waves, outcome.shards)
    if outcome.plan is not None:
        yield Part(text=plan_id_line(outcome.plan.plan_id))
    if step := apply_words.next_step(outcome):
        yield Part(text=f"**Next:** {recovery_line(step)}")


def _status(apply: ApplyStatus, now_s: float) -> Parts:
    state = apply_words.state_words(apply.state)
    verdict = f"{state}, {apply_words.progress(apply.shards)}" if apply.shards else state
    heading = title(_STATE_MARKS[apply.state], apply.keyspace, apply.environment, verdict)
    facts = (
        plan_id_fact(apply.plan_id),
        f"apply {apply.apply_id}",
        f"commit {code_span(apply.commit)}",
        f"started {moment(apply.started_s)}",
        f"ended {moment(apply.completed_s)}" if apply.completed_s is not None else "",
        f"driven by {code_span(apply.holder)}" if apply.holder else "",
        prose(apply.reason),
        f"since {moment(apply.waits_since_s)}" if apply.reason and apply.waits_since_s else "",
    )
    yield opening("change", apply.environment, apply.keyspace, heading, *facts)
    yield from _first_problem(apply.problem, apply.shards)
    yield from _account(apply.waves, apply.shards, now_s)
    if step := apply_words.status_step(apply):
        yield Part(text=f"**Next:** {recovery_line(step)}")


def _first_problem(problem: Problem | None, shards: Sequence[ShardRow]) -> Parts:
    first = apply_words.first_problem(problem, shards)
    if first is not None:
        shard, found = first
        where = f" on shard {code_span(shard)}" if shard else ""
        yield Part(text=f"**First failure{where}**\n\n{problem_item(found)}")


def _account(
    waves: Sequence[WaveRow], shards: Sequence[ShardRow], now_s: float | None = None
) -> Parts:
    total = sum(len(wave.shards) for wave in waves)
    if rows := [
        (str(wave.number), shard_set(wave.shards, total), prose(apply_words.wave_words(wave)))
        for wave in waves
        if wave.shards
    ]:
        yield Part(text=table(("Wave", "Shards", "State"), rows, more="waves"), detail=1)
    shown = apply_words.shown_shards(shards)
    if len(shown) < len(shards):
        yield Part(text=apply_words.counted_states(shards))
    if shown:
        left_out = "The table of shards is left out here; `reconciler status` shows it."
        yield Part(text=_shards(shown, now_s), detail=2, instead=left_out)


def _shards(shards: Sequence[ShardRow], now_s: float | None) -> str:
    rows = [
        (
            code_span(row.shard),
            code_span(operation.table),
            _state(operation, now_s),
            prose(operation.problem.message, limit_chars=300) if operation.problem else "",
        )
        for row in shards
        for operation in row.operations
    ]
    if any(error for *_, error in rows):
        return table(("Shard", "Table", "State", "Error"), rows, more="operations")
    narrow = [row[:-1] for row in rows]
    return table(("Shard", "Table", "State"), narrow, more="operations")


def _state(operation: OperationRow, now_s: float | None) -> str:
    words_of_it = prose(apply_words.operation_words(operation, now_s))
    return f"{apply_words.MARKS[operation.state]} {words_of_it}"
