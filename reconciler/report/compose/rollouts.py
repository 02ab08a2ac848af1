"""Rollouts over regions: how each stands, what its parts wait for, who is there to go on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from reconciler.ledger.states import OperationState
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.rollouts import (
    Answered,
    CourseAsked,
    CourseLook,
    Looked,
    PartWaits,
    RolloutOutcome,
    Started,
    WorkersSeen,
)
from reconciler.plan import words
from reconciler.report.blocks import Block, Facts, Items, Mark
from reconciler.report.compose.opening import CHANGE, failed_report, plan_id_fact, title
from reconciler.report.document import Document, Report
from reconciler.report.limits import WORKER_ANSWERS_S_MAX as _ANSWERS_S
from reconciler.report.limits import WORKER_ASKS_S_MAX
from reconciler.report.spans import Command, Line, Name, Text, sentence
from reconciler.report.times import clock, moment
from reconciler.rollout.course import CourseShown, CourseState, PartShown, Untold

_MARKS = {
    CourseState.RUNNING: Mark.UNDERWAY,
    CourseState.ENDING: Mark.UNDERWAY,
    CourseState.SOAKING: Mark.WAITING,
    CourseState.PAUSED: Mark.WAITING,
    CourseState.HELD: Mark.CAUTION,
    CourseState.STOPPED: Mark.CAUTION,
    CourseState.COMPLETED: Mark.GOOD,
    CourseState.FAILED: Mark.BAD,
    CourseState.CANCELLED: Mark.CAUTION,
}
_ANSWERS = {
    CourseAsked.STOP: "stopped: nothing runs any more",
    CourseAsked.RELEASE: "released",
    CourseAsked.RESUME: "goes on",
    CourseAsked.CANCEL: "cancelled: what has not begun never starts",
    CourseAsked.WITHOUT: "the end waits for it no more; its record there keeps its shards, until"
    " `reconciler cancel` in the region",
}


def rollouts_document(outcomes: Sequence[RolloutOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: RolloutOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report(CHANGE, outcome)
    match outcome.found:
        case Started(order=order):
            regions = sorted({region for wave in order.waves for region in wave})
            waves = words.count(sum(map(bool, order.waves)), "wave")
            said = f"rollout begun: {waves}, in {', '.join(regions) or 'no region'}"
            return _one(outcome, Mark.GOOD, said)
        case Answered(asked=CourseAsked.WITHOUT as asked, region=region):
            return _one(outcome, Mark.CAUTION, f"{region}: {_ANSWERS[asked]}")
        case Answered(asked=asked, is_done=is_done):
            said = _ANSWERS[asked] if is_done else f"{asked} recorded: what runs is finished first"
            return _one(outcome, Mark.GOOD, said)
        case Looked(look=look, now_s=now_s):
            if look is None:
                return _one(outcome, Mark.QUIET, "no rollout is known")
            return _looked(outcome, look, now_s)
        case found:
            assert_never(found)


def _one(outcome: RolloutOutcome, mark: Mark, said: str, *blocks: Block) -> Report:
    return Report(title=title(mark, outcome.keyspace, outcome.environment, said), blocks=blocks)


def _looked(outcome: RolloutOutcome, look: CourseLook, now_s: float) -> Report:
    lines = tuple(workers_lines(look, now_s))
    if look.shown is None:
        said = (
            f"refused: {look.refused}" if look.refused else "nobody is there to say how it stands"
        )
        return _one(outcome, Mark.BAD, said, *_items(lines))
    shown = look.shown
    parts = tuple(_part_line(part, look.ordered, now_s) for part in shown.parts)
    untold = tuple(map(_untold_line, shown.untold)) if look.ended_s is None else ()
    facts = Facts(facts=(plan_id_fact(shown.plan_id),))
    said = course_verdict(shown, look)
    return _one(outcome, _MARKS[shown.state], said, facts, *_items((*parts, *untold, *lines)))


def _items(lines: tuple[Line, ...]) -> tuple[Block, ...]:
    return (Items(items=lines),) if lines else ()


def course_verdict(shown: CourseShown, look: CourseLook) -> str:
    """In words, with what it waits for."""
    match shown.state:
        case CourseState.SOAKING:
            return f"wave {shown.wave} begins when its soak is over, {moment(shown.until_s)}"
        case CourseState.PAUSED:
            return f"waits at the gate before wave {shown.wave}: `release` opens it"
        case CourseState.HELD:
            return f"a region waits for somebody in wave {shown.wave}: `resume` asks it again"
        case CourseState.STOPPED:
            return f"stopped in wave {shown.wave}: `resume` goes on, `cancel` ends it"
        case CourseState.RUNNING:
            return f"wave {shown.wave} runs"
        case CourseState.ENDING:
            return "what runs is finished, and nothing new begins"
        case CourseState.COMPLETED | CourseState.FAILED | CourseState.CANCELLED:
            if look.ended_s is None and shown.state is not CourseState.COMPLETED:
                return f"{shown.state}; regions are being told"
            return shown.state.value
        case _:
            assert_never(shown.state)


def workers_lines(look: CourseLook, now_s: float) -> Iterator[Line]:
    """Of those who are missed: for a region, as long as something waits for it. A worker that was
    killed counts with Temporal for a minute as one that asks for work; by what it does not answer
    it is known at once."""
    for seen in look.workers:
        waiting = [one.ordered_s for one in look.ordered if one.region == seen.region]
        is_missed = bool(waiting) if seen.region else look.ended_s is None
        if is_missed and not is_there(seen, now_s):
            yield _missed(seen, min(waiting, default=None))
        elif not seen.region and look.shown is None and look.ended_s is None:
            yield (Text("rollouts: no worker answers"),)
        elif waits := [at_s for at_s in _not_taken(look, seen) if now_s - at_s > _ANSWERS_S]:
            since = f": no worker has taken its part since {clock(min(waits))} UTC"
            yield (Name(seen.region), Text(since))


def _not_taken(look: CourseLook, seen: WorkersSeen) -> list[float]:
    of = (one for one in look.ordered if one.region == seen.region)
    return [one.ordered_s for one in of if one.begun_s is None]


def is_there(seen: WorkersSeen, now_s: float) -> bool:
    return seen.seen_s is not None and now_s - seen.seen_s <= WORKER_ASKS_S_MAX


def _missed(seen: WorkersSeen, waits_since_s: float | None) -> Line:
    who = (Name(seen.region),) if seen.region else (Text("rollouts"),)
    since_s = seen.seen_s if seen.seen_s is not None else waits_since_s
    since = f" since {clock(since_s)} UTC" if since_s is not None else ""
    return (*who, Text(f": no worker{since}"))


def _untold_line(untold: Untold) -> Line:
    why = f"could not let go [{untold.code}]" if untold.code else "does not know of the end yet"
    return (
        Name(untold.region),
        *sentence(f": {why}; "),
        Command(f"rollout cancel --without {untold.region}"),
        Text(" ends it all the same"),
    )


def _part_line(part: PartShown, ordered: Sequence[PartWaits], now_s: float) -> Line:
    waits = next((w for w in ordered if (w.wave, w.region) == (part.wave, part.region)), None)
    said = _under_way(waits, now_s) if waits is not None else _as_told(part)
    return (*sentence(f"wave {part.wave}, "), Name(part.region), Text(f": {said}"))


def _under_way(waits: PartWaits, now_s: float) -> str:
    if waits.begun_s is None:
        again = f", after {waits.failed}" if waits.failed else ""
        return f"waits for a worker{again} since {clock(waits.ordered_s)} UTC"
    counted = f", {waits.done:,} of {waits.of:,} statements" if waits.of else ""
    again = f", attempt {waits.attempt}" if waits.attempt > 1 else ""
    sign_s = now_s if waits.sign_s is None else waits.sign_s
    is_silent = now_s - sign_s > _ANSWERS_S
    silent = f", no sign of life since {clock(sign_s)} UTC" if is_silent else ""
    return f"running since {clock(waits.begun_s)} UTC{counted}{again}{silent}"


def _as_told(part: PartShown) -> str:
    report = part.report
    if report is None:
        return part.state.value
    if part.state is OperationState.COMPLETED:
        return f"completed, {words.count(report.statements_run, 'statement')} run"
    where = f", shard {report.shard}" if report.shard else ""
    where += f", {report.table}" if report.table else ""
    more = f" and {report.problems - 1} more" if report.problems > 1 else ""
    code = f" [{report.code}]" if report.code else ""
    return f"{report.end}{code}{where}{more}"
