"""An apply, running or ended: the verdict, what went wrong, and the account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import Begun, Reason, Requested, TakenUp
from reconciler.ledger.states import FINISHED, ApplyState, RequestKind, RequestState
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    LeftAlone,
    StatusOutcome,
)
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.plan import words
from reconciler.plan.learned import time_left_words
from reconciler.report import apply_steps, apply_words, blocks
from reconciler.report.apply_pace import pace_words
from reconciler.report.blocks import Block, Cut, Detail, Fact, Mark
from reconciler.report.compose.account import account, failures, first_alone
from reconciler.report.compose.forgotten import forgotten_blocks
from reconciler.report.compose.opening import (
    CHANGE,
    failed_report,
    failures_document,
    marker,
    plan_id_fact,
    title,
    where,
)
from reconciler.report.compose.past import past_reports
from reconciler.report.compose.permissions import permissions, permitted_together
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.ran import ran_blocks
from reconciler.report.compose.reasons import refusals
from reconciler.report.compose.shards import whose
from reconciler.report.compose.split import applied_split, split_status
from reconciler.report.compose.swaps import swap_blocks
from reconciler.report.compose.turns import turn_reports
from reconciler.report.document import Document, NextStep, Report, Title
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.in_job import for_a_job
from reconciler.report.reason_words import happened_words, reason_line
from reconciler.report.spans import Moment, Name, Text, sentence, with_commands
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


def apply_document(
    outcomes: Sequence[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed],
    files: SchemaFiles = NO_FILES,
    *,
    in_job: bool = False,
) -> Document:
    """`in_job`: for readers who can start a job again, and may run no command themselves; no job
    asks anything of a split."""
    told = for_a_job if in_job else lambda report: report
    return Document(
        reports=tuple(
            applied_split(outcome, files)
            if isinstance(outcome, SplitApplyOutcome)
            else told(_applied(outcome, files))
            for outcome in outcomes
        )
    )


def status_document(
    outcome: StatusOutcome, files: SchemaFiles = NO_FILES, *, in_job: bool = False
) -> Document:
    """`in_job`: as in `apply_document`."""
    told = for_a_job if in_job else lambda report: report
    left_alone = tuple(_left_alone(one, outcome.now_s) for one in outcome.left_alone)
    failed = failures_document(outcome.failed).reports
    first = (*failed, *left_alone, *turn_reports(outcome.turns))
    forgotten = forgotten_blocks(outcome.forgotten)
    gone = (Report(title=None, blocks=forgotten),) if forgotten else ()
    if outcome.is_history and (outcome.applies or outcome.splits):
        return Document(reports=(*first, *past_reports(outcome), *gone))
    if outcome.applies or outcome.splits:
        applies = tuple(told(_status(one, outcome.now_s, files)) for one in outcome.applies)
        splits = tuple(split_status(one, outcome.now_s) for one in outcome.splits)
        return Document(reports=(*first, *splits, *applies, *gone))
    if failed:  # what could not be asked has not said that there is none
        return Document(reports=(*first, *gone))
    text = (Name(outcome.environment), Text(": the ledger knows no apply"))
    none = Report(title=None, blocks=(blocks.Paragraph(text=text),))
    return Document(reports=(*first, none, *gone))


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
    is_begun = outcome.apply_id is not None
    in_the_way = "" if is_begun else "What is in the way"
    told: list[Block] = [
        *failures(outcome),
        *refusals(
            outcome.refusals,
            outcome.keyspace,
            files,
            urgent=True,
            title=in_the_way,
            entries=permitted_together(plan.core if plan is not None else None),
        ),
        *(permissions(plan.core) if outcome.refusals and plan is not None else ()),
        blocks.Facts(facts=tuple(_apply_facts(outcome))),
        *quarantine_block(outcome.quarantine),
        *(block for one in outcome.left_alone_before for block in _before(outcome, one)),
        *(ran_blocks(plan, outcome.shards, files) if is_begun else ()),
        *account(outcome),
        *swap_blocks(outcome.shards),
    ]
    return Report(
        marker=marker(CHANGE, outcome.keyspace, outcome.environment, outcome.region),
        title=title(mark, outcome.keyspace, where(outcome), verdict),
        blocks=tuple(told),
        plan_id=plan.plan_id if plan else "",
        next_steps=_next_steps(
            apply_steps.next_step(outcome),
            apply_steps.way_back(outcome),
            apply_steps.runbook(outcome),
        ),
    )


def _status(apply: ApplyStatus, now_s: float, files: SchemaFiles) -> Report:
    return Report(
        marker=marker(CHANGE, apply.keyspace, apply.environment, apply.region),
        title=status_title(apply),
        blocks=(
            *(failures(apply) if _is_whole(apply) else first_alone(apply)),
            blocks.Facts(facts=tuple(_status_facts(apply, now_s))),
            *ran_blocks(apply.plan, apply.shards, files),
            *account(apply, now_s=now_s),
            *_statements(apply),
            *_history(apply.events),
        ),
        plan_id=apply.plan_id,
        next_steps=_next_steps(
            apply_steps.status_step(apply),
            apply_steps.way_back(apply),
            apply_steps.runbook(apply, now_s),
        ),
    )


def status_title(apply: ApplyStatus) -> Title:
    undriven = apply_steps.is_undriven(apply)
    state = "nobody drives it" if undriven else apply_words.state_words(apply.state)
    progress = apply_words.progress(apply.shards, apply.finalizers)
    mark = Mark.BAD if undriven else _STATE_MARKS[apply.state]
    verdict = f"{state}, {progress}" if _is_whole(apply) else state
    return title(mark, apply.keyspace, where(apply), verdict)


def _is_whole(apply: ApplyStatus) -> bool:
    return bool(apply.shards or apply.finalizers)


def _next_steps(*steps: str) -> tuple[NextStep, ...]:
    return tuple(NextStep(text=with_commands(step)) for step in steps if step)


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
    if apply.holder is not None and (asked := _asked_to_end(apply.events)) is not None:
        yield Fact(label="asked", text=sentence(happened_words(asked)))
    if apply.state not in FINISHED:
        for said in pace_words(apply.shards):
            yield Fact(label="pace", text=sentence(said))
    if apply.time_left is not None:
        yield Fact(label="time left", text=sentence(time_left_words(apply.time_left)))
    yield from _because(apply.reason)
    if apply.reason and apply.waits_since_s is not None:
        yield Fact(label="since", text=(Moment(apply.waits_since_s, now_s),))
    for group in apply.left:
        yield Fact(label="left", text=(Name(group.name), Text(" on "), *whose(group)))


def _asked_to_end(events: Sequence[EventEntry]) -> Requested | None:
    """What whoever drives it has heard and is about to do, once what runs is finished."""
    for event in reversed(events):
        match event.what:
            case Requested(asked=RequestKind.STOP | RequestKind.CANCEL, state=RequestState.APPLIED):
                return event.what
            case Begun() | TakenUp():
                return None
            case _:
                pass
    return None


def _because(reason: Reason | None) -> Iterator[Fact]:
    if said := reason_line(reason):
        yield Fact(label="because", text=said, brief=said)


def _statements(apply: ApplyStatus) -> Iterator[Block]:
    """Exactly as they were sent, each once."""
    for one in apply.statements:
        states = ", ".join(
            f"{state.replace('_', ' ')} on {words.count(n, 'shard')}" for state, n in one.states
        )
        yield blocks.Copy(
            title=f"{one.object_id}",
            lead=sentence(states),
            lines=tuple(one.sql.split("\n")),
            language="sql",
            cut=Cut(detail=Detail.STATEMENT, instead=sentence("Statements are left out here.")),
        )


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


def _before(outcome: ApplyOutcome, found: LeftAlone) -> Iterator[Block]:
    """What was done in what comes first was not done on these."""
    title = f"In quarantine in {found.environment}, which comes first: not tried there"
    if found.keyspace != outcome.keyspace:
        title = f"In quarantine in keyspace {found.keyspace}, which comes first: not changed there"
    yield from quarantine_block(found.quarantine, title)
