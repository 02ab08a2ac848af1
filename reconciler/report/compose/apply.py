"""An apply, running or ended: the first failure on top (RP-3), then the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.errors import Problem
from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import Reason
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    FinalizerRow,
    LeftAlone,
    OperationRow,
    ShardRow,
    StatusOutcome,
    WaveRow,
)
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.plan import words
from reconciler.report import apply_words, blocks
from reconciler.report.blocks import Block, Cut, Detail, Fact, Mark
from reconciler.report.compose.opening import (
    CHANGE,
    failed_report,
    marker,
    plan_id_fact,
    title,
    where,
)
from reconciler.report.compose.plan import permissions
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.reasons import problem, problems, refusals
from reconciler.report.compose.shards import shard_set, whose
from reconciler.report.compose.split import applied_split, split_status
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.reason_words import happened_words, reason_line
from reconciler.report.spans import Moment, Name, Text, sentence, with_commands
from reconciler.report.step_words import step_title, step_words
from reconciler.report.times import duration

_VERDICT_MARKS = {
    ApplyVerdict.NOTHING_TO_DO: Mark.GOOD,
    ApplyVerdict.COMPLETED: Mark.GOOD,
    ApplyVerdict.DRIFTED: Mark.BAD,
    ApplyVerdict.UNCONFIRMED: Mark.BAD,
    ApplyVerdict.SUPERSEDED: Mark.CAUTION,
    ApplyVerdict.PAUSED: Mark.WAITING,
    ApplyVerdict.STOPPED: Mark.CAUTION,
    ApplyVerdict.CANCELLED: Mark.CAUTION,
    ApplyVerdict.REFUSED: Mark.BAD,
    ApplyVerdict.FAILED: Mark.BAD,
    ApplyVerdict.UNKNOWN: Mark.BAD,
}

_STATE_MARKS = {
    ApplyState.PENDING: Mark.UNDERWAY,
    ApplyState.RUNNING: Mark.UNDERWAY,
    ApplyState.RUNNING_DEGRADED: Mark.BAD,
    ApplyState.PAUSED: Mark.WAITING,
    ApplyState.STOPPED: Mark.CAUTION,
    ApplyState.COMPLETED: Mark.GOOD,
    ApplyState.FAILED: Mark.BAD,
    ApplyState.CANCELLED: Mark.CAUTION,
}

_OPERATION_MARKS = {
    OperationState.COMPLETED: Mark.GOOD,
    OperationState.FAILED: Mark.BAD,
    OperationState.FAILED_RETRYABLE: Mark.CAUTION,
    OperationState.UNKNOWN: Mark.BAD,
    OperationState.STOPPED: Mark.CAUTION,
}


def apply_document(
    outcomes: Sequence[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed],
    files: SchemaFiles = NO_FILES,
) -> Document:
    return Document(
        reports=tuple(
            applied_split(outcome, files)
            if isinstance(outcome, SplitApplyOutcome)
            else _applied(outcome, files)
            for outcome in outcomes
        )
    )


def status_document(outcome: StatusOutcome) -> Document:
    left_alone = tuple(_left_alone(one, outcome.now_s) for one in outcome.left_alone)
    if outcome.applies or outcome.splits:
        applies = tuple(_status(one, outcome.now_s) for one in outcome.applies)
        splits = tuple(split_status(one, outcome.now_s) for one in outcome.splits)
        return Document(reports=(*left_alone, *splits, *applies))
    text = (Name(outcome.environment), Text(": the ledger knows no apply"))
    none = Report(title=None, blocks=(blocks.Paragraph(text=text),))
    return Document(reports=(*left_alone, none))


def _left_alone(found: LeftAlone, now_s: float) -> Report:
    ended = sum(one.has_ended(now_s) for one in found.quarantine)
    verdict = f"{words.count(len(found.quarantine), 'shard')} in quarantine"
    told = f"{verdict}, ended for {ended:,}" if ended else verdict
    mark = Mark.BAD if ended else Mark.CAUTION
    return Report(
        title=title(mark, found.keyspace, found.environment, told),
        blocks=tuple(quarantine_block(found.quarantine)),
    )


def _applied(outcome: ApplyOutcome | KeyspaceFailed, files: SchemaFiles) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(CHANGE, outcome)
    mark, verdict = _VERDICT_MARKS[outcome.verdict], apply_words.verdict(outcome)
    plan = outcome.plan
    told: list[Block] = [
        *_first_failure(outcome.problem, outcome.shards, outcome.finalizers),
        *refusals(outcome.refusals, outcome.keyspace, files),
        *(permissions(plan.core) if outcome.refusals and plan is not None else ()),
        blocks.Facts(facts=tuple(_apply_facts(outcome))),
        *quarantine_block(outcome.quarantine),
        *_before(outcome.left_alone_before),
        *_account(outcome.waves, outcome.shards, outcome.finalizers, outcome.problem),
    ]
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment, outcome.region),
        title=title(mark, outcome.keyspace, where(outcome), verdict),
        blocks=tuple(told),
        plan_id=plan.plan_id if plan else "",
        next_steps=_next_steps(apply_words.next_step(outcome)),
    )


def _status(apply: ApplyStatus, now_s: float) -> Report:
    state = apply_words.state_words(apply.state)
    progress = apply_words.progress(apply.shards, apply.finalizers)
    verdict = f"{state}, {progress}" if apply.shards or apply.finalizers else state
    return Report(
        marker=marker(CHANGE, apply.keyspace, apply.environment, apply.region),
        title=title(_STATE_MARKS[apply.state], apply.keyspace, where(apply), verdict),
        blocks=(
            *_status_failure(apply),
            blocks.Facts(facts=tuple(_status_facts(apply, now_s))),
            *_account(apply.waves, apply.shards, apply.finalizers, apply.problem, now_s=now_s),
            *_history(apply.events),
        ),
        plan_id=apply.plan_id,
        next_steps=_next_steps(apply_words.status_step(apply)),
    )


def _next_steps(step: str) -> tuple[NextStep, ...]:
    return (NextStep(text=with_commands(step)),) if step else ()


def _apply_facts(outcome: ApplyOutcome) -> Iterator[Fact]:
    if outcome.plan is not None:
        yield plan_id_fact(outcome.plan.plan_id)
    if outcome.apply_id is not None:
        yield Fact(label="apply", text=sentence(str(outcome.apply_id)))
    if outcome.statements_run:
        count = words.count(outcome.statements_run, "statement")
        ran = sentence(f"{count} in {duration(outcome.elapsed_s)}")
        yield Fact(label="ran", text=ran, brief=ran)
    yield from _because(outcome.reason)


def _status_facts(apply: ApplyStatus, now_s: float) -> Iterator[Fact]:
    yield plan_id_fact(apply.plan_id)
    yield Fact(label="apply", text=sentence(str(apply.apply_id)))
    yield Fact(label="commit", text=(Name(apply.commit),))
    yield Fact(label="started", text=(Moment(apply.started_s, now_s),))
    if apply.completed_s is not None:
        took = Text(f", after {duration(apply.completed_s - apply.started_s)}")
        yield Fact(label="ended", text=(Moment(apply.completed_s), took))
    if apply.holder is not None:
        yield Fact(label="driven by", text=(Name(apply.holder),))
    if apply.heartbeat_s is not None:
        yield Fact(label="last sign", text=(Moment(apply.heartbeat_s, now_s),))
    yield from _because(apply.reason)
    if apply.reason and apply.waits_since_s is not None:
        yield Fact(label="since", text=(Moment(apply.waits_since_s, now_s),))
    for group in apply.left:
        yield Fact(label="left", text=(Name(group.name), Text(" on "), *whose(group)))


def _because(reason: Reason | None) -> Iterator[Fact]:
    if said := reason_line(reason):
        yield Fact(label="because", text=said, brief=said)


def _first_failure(
    found: Problem | None,
    shards: Sequence[ShardRow],
    steps: Sequence[FinalizerRow],
    *,
    title: str = "First failure",
) -> tuple[Block, ...]:
    first = apply_words.first_problem(found, shards, steps)
    if first is None:
        return ()
    shard, own = first
    if not shard or shard in own.message:
        return problems((own,), title=title)
    told = problem(own)
    place = (Text("shard "), Name(shard), *((Text(", "), *told.place) if told.place else ()))
    reasons = (replace(told, place=place),)
    return (blocks.Reasons(kind=blocks.ReasonKind.PROBLEM, reasons=reasons, title=title),)


def _status_failure(apply: ApplyStatus) -> tuple[Block, ...]:
    """Of a past apply, told without its shards, nothing is left to do: it has no next step."""
    if apply.shards or apply.finalizers or apply.problem is None:
        return _first_failure(apply.problem, apply.shards, apply.finalizers)
    told = replace(problem(apply.problem), recovery=())
    return (blocks.Reasons(kind=blocks.ReasonKind.PROBLEM, reasons=(told,), title="First failure"),)


def _account(
    waves: Sequence[WaveRow],
    shards: Sequence[ShardRow],
    steps: Sequence[FinalizerRow],
    found: Problem | None,
    *,
    now_s: float | None = None,
) -> Iterator[Block]:
    total = sum(len(wave.shards) for wave in waves)
    told = tuple(
        blocks.Wave(
            number=wave.number,
            shards=shard_set(wave.shards, total),
            state=apply_words.wave_words(wave),
        )
        for wave in waves
        if wave.shards
    )
    if told:
        yield blocks.Waves(waves=told, cut=Cut(detail=Detail.REASON))
    first = apply_words.first_problem(found, shards, steps)
    on_top = first[1] if first else None
    if steps:
        yield blocks.Steps(tuple(_step(row, steps, on_top, now_s) for row in steps))
    if shards:
        yield _shards(shards, on_top, now_s)


def _step(
    row: FinalizerRow, rows: Sequence[FinalizerRow], on_top: Problem | None, now_s: float | None
) -> blocks.Step:
    return blocks.Step(
        sign=apply_words.MARKS[row.state],
        mark=_OPERATION_MARKS.get(row.state, Mark.QUIET),
        text=f"{step_title(row, rows)}{step_words(row, now_s)}",
        problem=problem(row.problem) if row.problem and row.problem != on_top else None,
    )


def _shards(shards: Sequence[ShardRow], on_top: Problem | None, now_s: float | None) -> Block:
    shown = apply_words.shown_shards(shards)
    left_out = "The table of shards is left out here; `reconciler status` shows it."
    return blocks.Shards(
        shards=tuple(_shard(row, on_top, now_s) for row in shown),
        counted=apply_words.counted_states(shards) if len(shown) < len(shards) else "",
        cut=Cut(detail=Detail.STATEMENT, instead=with_commands(left_out)),
    )


def _shard(row: ShardRow, on_top: Problem | None, now_s: float | None) -> blocks.Shard:
    return blocks.Shard(
        name=row.shard,
        wave=row.wave,
        sign=apply_words.MARKS[row.state],
        mark=_OPERATION_MARKS.get(row.state, Mark.QUIET),
        state=apply_words.state_words(row.state),
        operations=tuple(_operation(one, on_top, now_s) for one in row.operations),
    )


def _operation(row: OperationRow, on_top: Problem | None, now_s: float | None) -> blocks.Operation:
    return blocks.Operation(
        table=str(row.object_id),
        sign=apply_words.MARKS[row.state],
        text=apply_words.operation_words(row, now_s),
        runs=row.runs,
        problem=_own_problem(row.problem, on_top),
    )


def _own_problem(found: Problem | None, on_top: Problem | None) -> blocks.Reason | None:
    """Without the next step of what is told on top, where it stands already."""
    if found is None:
        return None
    told = problem(found)
    return replace(told, recovery=()) if found == on_top else told


def _history(events: Sequence[EventEntry]) -> Iterator[Block]:
    if events:
        told = tuple(blocks.Event(at_s=one.at_s, text=_event(one)) for one in events)
        yield blocks.History(events=told, cut=Cut(detail=Detail.PROOF))


def _event(event: EventEntry) -> str:
    shard = f"shard {event.shard}" if event.shard else ""
    about = event.object_id.titled if event.object_id else ""
    place = ", ".join(filter(None, (shard, about)))
    what = happened_words(event.what)
    return f"{place}: {what}" if place else what


def _before(found: LeftAlone | None) -> Iterator[Block]:
    """What was tried in the environment that comes first was not tried on these."""
    if found is not None:
        title = f"In quarantine in {found.environment}, which comes first: not tried there"
        yield from quarantine_block(found.quarantine, title)
