"""Drift as an issue or a job summary: what needs a person on top, the repair beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.limits import COMMENT_BYTES_MAX
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.visible import visible_sql
from reconciler.plan.words import terminated
from reconciler.report import drift_words
from reconciler.report.fit import Part, fit
from reconciler.report.markdown.blocks import (
    BAD,
    GOOD,
    WAITING,
    Parts,
    failed_parts,
    opening,
    plan_id_fact,
    recovery_line,
    refusal_parts,
    shard_set,
    table,
    title,
)
from reconciler.report.neutral import code_span, fenced, prose
from reconciler.report.order import sorted_shards

_LEFT_OUT = "Some differences are left out here; `reconciler drift` shows them all."


def drift_markdown(
    outcomes: Sequence[DriftOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    parts = chain.from_iterable(_outcome(outcome) for outcome in outcomes)
    return fit(tuple(parts), limit_bytes)


def _outcome(outcome: DriftOutcome | KeyspaceFailed) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("drift", outcome)
        return
    verdict = drift_words.verdict(outcome)
    heading = title(_mark(outcome), outcome.keyspace, outcome.environment, verdict)
    pending = outcome.pending_plan_id
    facts = (f"{ShardMark.PENDING_APPLY}: {plan_id_fact(pending)}",) if pending else ()
    yield opening("drift", outcome.environment, outcome.keyspace, heading, *facts)
    yield from refusal_parts(outcome.refusals, ())
    total = drift_words.shards_total(outcome)
    groups = drift_words.sorted_groups(outcome.groups)
    if groups:
        yield Part(
            text=_overview(groups, total), detail=2, instead="The overview is left out here."
        )
    for group in groups:
        yield from _differences(group, total)
    if outcome.unmanaged:
        yield Part(text=_unmanaged(outcome, total), detail=3)
    if steps := drift_words.next_steps(outcome):
        lines = "\n".join(f"- {recovery_line(step)}" for step in steps)
        yield Part(text=f"**Next**\n\n{lines}")


def _mark(outcome: DriftOutcome) -> str:
    if drift_words.is_clean(outcome):
        return GOOD
    waits_only = {ShardMark.PENDING_APPLY, ShardMark.MATCHING, ShardMark.UNMANAGED}
    marks = {group.mark for group in outcome.groups}
    return WAITING if not outcome.refusals and marks <= waits_only else BAD


def _overview(groups: Sequence[DriftGroup], total: int) -> str:
    rows = [
        (
            f"{drift_words.MARKS[group.mark]} **{group.mark}**",
            shard_set(sorted_shards(group.shards), total),
            _meaning(group),
        )
        for group in groups
    ]
    return table(("State", "Shards", "Meaning"), rows, more="groups of shards")


def _meaning(group: DriftGroup) -> str:
    if not group.reason:
        return drift_words.MEANINGS[group.mark]
    step = f"<br>Next: {recovery_line(group.recovery)}" if group.recovery else ""
    return f"{prose(group.reason)}{step}"


def _differences(group: DriftGroup, total: int) -> Parts:
    if not group.differences:
        return
    which = shard_set(sorted_shards(group.shards), total)
    ordered = drift_words.sorted_differences(group)
    items = "\n".join(f"- {code_span(d.table)}: {prose(d.what)}" for d in ordered)
    yield Part(text=f"#### {group.mark}: {which}\n\n{items}", detail=1, instead=_LEFT_OUT)
    repair = [visible_sql(terminated(sql)) for difference in ordered for sql in difference.repair]
    if repair:
        text = (
            f"The way back to git, through a reviewed plan:\n\n{fenced(_unrepeated(repair), 'sql')}"
        )
        yield Part(text=text, detail=2, instead=_LEFT_OUT)


def _unrepeated(statements: Sequence[str]) -> str:
    """One statement may mend several differences."""
    return "\n".join(dict.fromkeys(statements))


def _unmanaged(outcome: DriftOutcome, total: int) -> str:
    mark = ShardMark.UNMANAGED
    lines = [f"{drift_words.MARKS[mark]} **{mark}**: {drift_words.MEANINGS[mark]}", ""]
    for name, shards in sorted(outcome.unmanaged):
        lines.append(f"- {code_span(name)} on {shard_set(sorted_shards(shards), total)}")
    return "\n".join(lines)
