"""`drift` in a terminal: shards that stand alike together, what needs a person on top."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.plan.visible import visible_line
from reconciler.report import drift_words
from reconciler.report.order import sorted_shards
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.summary import short_id
from reconciler.report.text.blocks import (
    Lines,
    between,
    failed_lines,
    finished,
    heading,
    next_step,
    refusal_lines,
    sql_lines,
    wrapped,
)

_TONES = {
    ShardMark.DRIFTED: Tone.BAD,
    ShardMark.UNREACHABLE: Tone.BAD,
    ShardMark.PENDING_APPLY: Tone.CAUTION,
    ShardMark.MATCHING: Tone.GOOD,
    ShardMark.UNMANAGED: Tone.QUIET,
}

_MARGIN = " " * 17  # under the text that follows a mark


def drift_text(outcomes: Sequence[DriftOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_outcome(outcome, style) for outcome in outcomes))


def _outcome(outcome: DriftOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    tone = Tone.GOOD if drift_words.is_clean(outcome) else Tone.BAD
    verdict = drift_words.verdict(outcome)
    yield heading(outcome.keyspace, outcome.environment, verdict, tone, style)
    yield from refusal_lines(outcome.refusals, (), style)
    total = drift_words.shards_total(outcome)
    for group in drift_words.sorted_groups(outcome.groups):
        yield ""
        yield from _group(group, total, outcome.pending_plan_id, style)
    yield from _unmanaged(outcome, total, style)
    steps = drift_words.next_steps(outcome)
    if steps:
        yield ""
    for step in steps:
        yield from wrapped(step, style, first="next: ")


def _group(group: DriftGroup, total: int, pending_plan_id: str | None, style: Style) -> Lines:
    shards = visible_line(drift_words.shards_of(group, total))
    reason = f": {visible_line(group.reason)}" if group.reason else ""
    if group.mark is ShardMark.PENDING_APPLY and pending_plan_id:
        reason = f": plan {short_id(pending_plan_id)} has not run here yet{reason}"
    first, *more = wrapped(f"{shards}{reason}", style, first=_MARGIN, rest="    ")
    yield f"{_marked(group.mark, style)}  {first[len(_MARGIN) :]}"
    yield from more
    if group.recovery:
        yield from next_step(group.recovery, style, indent="    ")
    for difference in drift_words.sorted_differences(group):
        yield f"    {visible_line(f'table {difference.table}: {difference.what}')}"
        for sql in difference.repair:
            first, *more = sql_lines(sql)
            yield f"      back to git: {first}"
            yield from (f"                   {line}" for line in more)


def _unmanaged(outcome: DriftOutcome, total: int, style: Style) -> Lines:
    for table, shards in sorted(outcome.unmanaged):
        where = words.shard_set(sorted_shards(shards), total)
        yield ""
        yield f"{_marked(ShardMark.UNMANAGED, style)}  {visible_line(f'table {table} on {where}')}"


def _marked(mark: ShardMark, style: Style) -> str:
    return style.paint(f"{drift_words.MARKS[mark]} {mark:<13}", _TONES[mark])
