"""`apply`, `resume` and `status` in a terminal: the first failure on top, then the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import Problem
from reconciler.ledger.states import ApplyState, OperationState
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
from reconciler.plan.visible import visible_line
from reconciler.report import apply_words
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.text.blocks import (
    Lines,
    between,
    failed_lines,
    finished,
    heading,
    labelled,
    problem_lines,
    problem_message,
    refusal_lines,
    section,
    sql_line,
    wrapped,
)
from reconciler.report.text.plan import permission_lines
from reconciler.report.times import age, clock, duration, moment

_VERDICT_TONES = {
    ApplyVerdict.NOTHING_TO_DO: Tone.GOOD,
    ApplyVerdict.COMPLETED: Tone.GOOD,
    ApplyVerdict.SUPERSEDED: Tone.CAUTION,
    ApplyVerdict.PAUSED: Tone.CAUTION,
    ApplyVerdict.STOPPED: Tone.CAUTION,
    ApplyVerdict.CANCELLED: Tone.CAUTION,
    ApplyVerdict.REFUSED: Tone.BAD,
    ApplyVerdict.FAILED: Tone.BAD,
    ApplyVerdict.UNKNOWN: Tone.BAD,
}

_STATE_TONES = {
    ApplyState.PENDING: Tone.QUIET,
    ApplyState.RUNNING: Tone.STRONG,
    ApplyState.RUNNING_DEGRADED: Tone.BAD,
    ApplyState.PAUSED: Tone.CAUTION,
    ApplyState.STOPPED: Tone.CAUTION,
    ApplyState.COMPLETED: Tone.GOOD,
    ApplyState.FAILED: Tone.BAD,
    ApplyState.CANCELLED: Tone.CAUTION,
}

_OPERATION_TONES = {
    OperationState.COMPLETED: Tone.GOOD,
    OperationState.FAILED: Tone.BAD,
    OperationState.FAILED_RETRYABLE: Tone.CAUTION,
    OperationState.UNKNOWN: Tone.BAD,
    OperationState.STOPPED: Tone.CAUTION,
}


def apply_text(outcomes: Sequence[ApplyOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_outcome(outcome, style) for outcome in outcomes))


def status_text(outcome: StatusOutcome, style: Style = PLAIN) -> str:
    if not outcome.applies:
        return finished([visible_line(f"{outcome.environment}: the ledger knows no apply")])
    return finished(between(_status(a, outcome.now_s, style) for a in outcome.applies))


def _outcome(outcome: ApplyOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    tone = _VERDICT_TONES[outcome.verdict]
    verdict = apply_words.verdict(outcome)
    yield heading(outcome.keyspace, outcome.environment, verdict, tone, style)
    yield from _first_problem(outcome.problem, outcome.shards, style)
    yield from refusal_lines(outcome.refusals, outcome.unreachable, style)
    if outcome.refusals and outcome.plan is not None:
        yield from permission_lines(outcome.plan.core, style)
    if outcome.plan is not None:
        yield from _apply_facts(outcome.plan.plan_id, outcome.apply_id, style)
    if outcome.statements_run:
        ran = words.count(outcome.statements_run, "statement")
        yield from labelled("ran", f"{ran} in {duration(outcome.elapsed_s)}", style)
    if outcome.reason:
        yield from labelled("because", outcome.reason, style)
    yield from _waves(outcome.waves, sum(len(wave.shards) for wave in outcome.waves), style)
    first = apply_words.first_problem(outcome.problem, outcome.shards)
    yield from _shards(outcome.shards, first[1] if first else None, style)
    if step := apply_words.next_step(outcome):
        yield ""
        yield from wrapped(step, style, first="next: ")


def _status(apply: ApplyStatus, now_s: float, style: Style) -> Lines:
    state = apply_words.state_words(apply.state)
    verdict = f"{state}, {apply_words.progress(apply.shards)}" if apply.shards else state
    yield heading(apply.keyspace, apply.environment, verdict, _STATE_TONES[apply.state], style)
    if apply.shards:
        yield from _first_problem(apply.problem, apply.shards, style)
    elif apply.problem:  # of a past apply, told without its shards: nothing is left to mend
        yield ""
        yield from problem_message(apply.problem, style)
    yield from _apply_facts(apply.plan_id, apply.apply_id, style)
    yield from labelled("commit", apply.commit, style)
    yield from labelled("started", _since(apply.started_s, now_s), style)
    if apply.completed_s is not None:
        took = duration(apply.completed_s - apply.started_s)
        yield from labelled("ended", f"{moment(apply.completed_s)}, after {took}", style)
    if apply.holder is not None:
        yield from labelled("driven by", apply.holder, style)
    if apply.heartbeat_s is not None:
        yield from labelled("last sign", _since(apply.heartbeat_s, now_s), style)
    if apply.reason:
        yield from labelled("because", apply.reason, style)
        if apply.waits_since_s is not None:
            yield from labelled("since", _since(apply.waits_since_s, now_s), style)
    yield from _waves(apply.waves, sum(len(wave.shards) for wave in apply.waves), style)
    first = apply_words.first_problem(apply.problem, apply.shards)
    yield from _shards(apply.shards, first[1] if first else None, style, now_s=now_s)
    if apply.events:
        yield from section("History", style)
    for event in apply.events:
        places = (("shard", event.shard), ("table", event.table))
        place = ", ".join(f"{noun} {name}" for noun, name in places if name)
        text = f"{place}: {event.what}" if place else event.what
        yield from wrapped(text, style, first=f"  {clock(event.at_s)}  ")
    if step := apply_words.status_step(apply):
        yield ""
        yield from wrapped(step, style, first="next: ")


def _since(at_s: float, now_s: float) -> str:
    return f"{moment(at_s)}, {age(now_s - at_s)} ago"


def _first_problem(problem: Problem | None, shards: Sequence[ShardRow], style: Style) -> Lines:
    first = apply_words.first_problem(problem, shards)
    if first is None:
        return
    shard, found = first
    if shard and shard not in found.message:
        found = replace(found, message=f"shard {shard}: {found.message}")
    yield ""
    yield from problem_lines(found, style)


def _apply_facts(plan_id: str, apply_id: int | None, style: Style) -> Lines:
    yield ""
    yield from labelled("plan id", plan_id, style)
    if apply_id is not None:
        yield from labelled("apply", str(apply_id), style)


def _waves(waves: Sequence[WaveRow], total: int, style: Style) -> Lines:
    if not waves:
        return
    yield from section("Waves", style)
    for wave in waves:
        if wave.shards:
            which = visible_line(words.shard_set(wave.shards, total))
            yield f"  {wave.number:<3}{which}: {apply_words.wave_words(wave)}"


def _shards(
    shards: Sequence[ShardRow],
    on_top: Problem | None,
    style: Style,
    *,
    now_s: float | None = None,
) -> Lines:
    if not shards:
        return
    shown = apply_words.shown_shards(shards)
    yield from section("Shards", style)
    if len(shown) < len(shards):
        yield f"  {apply_words.counted_states(shards)}"
    for row in shown:
        yield from _shard(row, on_top, style, now_s)


def _shard(row: ShardRow, on_top: Problem | None, style: Style, now_s: float | None) -> Lines:
    """In one line where the shard has one table to change."""
    tone = _OPERATION_TONES.get(row.state, Tone.QUIET)
    mark = style.paint(apply_words.MARKS[row.state], tone)
    head = f"{mark} {visible_line(row.shard)} (wave {row.wave})"
    if len(row.operations) == 1:
        yield f"  {head} {_operation(row.operations[0], now_s)}"
    else:
        yield f"  {head} {apply_words.state_words(row.state)}"
        yield from (f"      {_operation(operation, now_s)}" for operation in row.operations)
    for operation in row.operations:
        if operation.runs:
            yield f"      {style.paint(sql_line(operation.runs), Tone.QUIET)}"
        if operation.problem is not None:
            # The next step of the problem on top stands there already.
            told = problem_message if operation.problem == on_top else problem_lines
            yield from told(operation.problem, style, indent="      ")


def _operation(row: OperationRow, now_s: float | None) -> str:
    return visible_line(f"{row.table}: {apply_words.operation_words(row, now_s)}")
