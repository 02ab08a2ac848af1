"""An apply while it runs, one line for each event: for logs, and for terminals without a live
display."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from reconciler.errors import Problem
from reconciler.ledger.finalizers import VSchemaSoaks
from reconciler.ledger.reasons import Reason, Soaks
from reconciler.ledger.states import OperationState
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutEnded,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    ShardTakenUp,
    StatementAdvanced,
    StatementEnded,
    StatementStarted,
    StatementStopped,
)
from reconciler.plan import words
from reconciler.plan.model import Moment
from reconciler.plan.visible import visible_line
from reconciler.report import apply_words
from reconciler.report.engine_words import progress_words
from reconciler.report.finalizer_words import soak_of_step_words
from reconciler.report.reason_words import happened_words, reason_words, soak_words
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.times import clock, duration
from reconciler.report.write.plain import sql_line


def progress_line(event: ProgressEvent, style: Style = PLAIN) -> str:
    """'14:05:09 commerce/-40 users: ✓ 1 of 2 in 0.34 s'."""
    of_keyspace = RolloutStarted | FinalizerStarted | FinalizerEnded | RolloutEnded
    shard = None if isinstance(event, of_keyspace) else event.shard
    place = f"{event.keyspace}/{shard}" if shard else event.keyspace
    return f"{clock(event.at_s)} {visible_line(place)} {_what(event, style)}"


def _what(event: ProgressEvent, style: Style) -> str:
    match event:
        case RolloutStarted():
            return _started(event)
        case ShardStarted():
            return f"starts, wave {event.wave}"
        case ShardTakenUp():
            return "a statement of an earlier run still runs there; it is taken up"
        case StatementStarted():
            number = f"{event.number} of {event.of}"
            return f"{visible_line(str(event.object_id))}: {number}: {sql_line(event.sql)}"
        case StatementAdvanced():
            number = f"{event.number} of {event.of}"
            told = visible_line(progress_words(event.progress))
            return f"{visible_line(str(event.object_id))}: {number}: {told}"
        case StatementEnded():
            return _statement_ended(event, style)
        case StatementStopped():
            number = f"{event.number} of {event.of} stopped after {duration(event.elapsed_s)}"
            table = visible_line(str(event.object_id))
            return f"{table}: ■ {number}; nothing of it took effect"
        case ShardEnded():
            return _ended(event, style)
        case FinalizerStarted():
            return f"applies {words.step_name(event.moment)}"
        case FinalizerEnded():
            return f"{words.step_name(event.moment)}: {_ended(event, style)}"
        case RolloutWaits():
            until = f" until {clock(event.until_s)} UTC" if event.until_s is not None else ""
            return visible_line(f"waits{until}: {_why(event.reason)}")
        case RolloutEnded():
            good = event.verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
            return style.paint(event.verdict, Tone.GOOD if good else Tone.BAD)
        case _:
            assert_never(event)


def _ended(event: ShardEnded | FinalizerEnded, style: Style) -> str:
    state = apply_words.state_words(event.state)
    good = event.state is OperationState.COMPLETED
    text = style.paint(f"{apply_words.MARKS[event.state]} {state}", Tone.GOOD if good else Tone.BAD)
    return f"{text}{_because(event.problem)}"


def _started(event: RolloutStarted) -> str:
    shards = words.count(sum(map(len, event.waves)), "shard")
    waves = words.count(sum(map(bool, event.waves)), "wave")
    statements = words.count(event.statements, "statement")
    done = f"; {words.count(len(event.done), 'shard')} done before" if event.done else ""
    work = f"{statements} on {shards} in {waves}" if any(event.waves) else ""
    told = f"{work}{_with_steps(event.finalizers)}" if work else "the VSchema"
    verb = "goes on" if event.goes_on else "starts"
    return f"apply {event.apply_id} {verb}: {told}{done}"


def _with_steps(moments: Sequence[Moment]) -> str:
    match moments:
        case (Moment.FIRST, Moment.LAST):
            return ", and the VSchema before and behind them"
        case (Moment.FIRST,):
            return ", and the VSchema before them"
        case (Moment.LAST,):
            return ", then the VSchema"
        case _:
            return ""


def _statement_ended(event: StatementEnded, style: Style) -> str:
    table = visible_line(str(event.object_id))
    number = f"{event.number} of {event.of} in {duration(event.elapsed_s)}"
    if event.problem is None:
        swapped = f": {happened_words(event.swapped)}" if event.swapped else ""
        return f"{table}: {style.paint('✓', Tone.GOOD)} {number}{swapped}"
    return f"{table}: {style.paint('✗', Tone.BAD)} {number}{_because(event.problem)}"


def _why(reason: Reason) -> str:
    """Until when stands there already."""
    if isinstance(reason, VSchemaSoaks):
        return soak_of_step_words()
    return soak_words(reason) if isinstance(reason, Soaks) else reason_words(reason)


def _because(problem: Problem | None) -> str:
    return f": {visible_line(str(problem))}" if problem else ""
