"""Drift: shards that stand alike together, what needs a person on top, the repair beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.object_id import ObjectKind
from reconciler.model.shadow_tables import ShadowMark, shadow_kind
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report import blocks, drift_words
from reconciler.report.blocks import Block, Cut, Detail, Mark
from reconciler.report.compose.lint import lint_blocks
from reconciler.report.compose.opening import failed_report, marker, title, where
from reconciler.report.compose.reasons import refusals
from reconciler.report.compose.shards import shard_set, whose
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.order import sorted_shards
from reconciler.report.spans import sentence, with_commands
from reconciler.report.summary import short_id

_MARKS = {
    ShardMark.DRIFTED: Mark.BAD,
    ShardMark.UNREACHABLE: Mark.BAD,
    ShardMark.PENDING_APPLY: Mark.CAUTION,
    ShardMark.QUARANTINED: Mark.CAUTION,
    ShardMark.MATCHING: Mark.GOOD,
    ShardMark.UNMANAGED: Mark.QUIET,
}

_SHADOW_MARKS = {
    ShadowMark.FOREIGN: Mark.BAD,
    ShadowMark.LEFTOVER: Mark.CAUTION,
    ShadowMark.IN_PROGRESS: Mark.WAITING,
    ShadowMark.KEPT: Mark.QUIET,
}

_LEFT_OUT = with_commands("Some differences are left out here; `reconciler drift` shows them all.")


def drift_document(
    outcomes: Sequence[DriftOutcome | KeyspaceFailed], files: SchemaFiles = NO_FILES
) -> Document:
    return Document(reports=drift_reports(outcomes, files))


def drift_reports(
    outcomes: Sequence[DriftOutcome | KeyspaceFailed], files: SchemaFiles = NO_FILES
) -> tuple[Report, ...]:
    return tuple(_report(outcome, files) for outcome in outcomes)


def _report(outcome: DriftOutcome | KeyspaceFailed, files: SchemaFiles) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("drift", outcome)
    verdict = drift_words.verdict(outcome)
    steps = drift_words.next_steps(outcome)
    return Report(
        marker=marker("drift", outcome.keyspace, outcome.environment, outcome.region),
        title=title(_mark(outcome), outcome.keyspace, where(outcome), verdict),
        blocks=(
            *refusals(outcome.refusals, outcome.keyspace, files),
            *_groups(outcome),
            *_shadows(outcome),
            *_unmanaged(outcome),
            *lint_blocks(outcome.lint, "table"),
        ),
        next_steps=tuple(NextStep(text=with_commands(step)) for step in steps),
    )


def _mark(outcome: DriftOutcome) -> Mark:
    if drift_words.is_clean(outcome):
        return Mark.GOOD
    left = {ShardMark.MATCHING, ShardMark.QUARANTINED, ShardMark.UNMANAGED}
    waits_only = {ShardMark.PENDING_APPLY, *left}
    marks = drift_words.marks_of(outcome)
    if outcome.untidy and not outcome.refusals and marks <= {*waits_only}:
        return Mark.CAUTION
    return Mark.WAITING if not outcome.refusals and marks <= waits_only else Mark.BAD


def _groups(outcome: DriftOutcome) -> Iterator[Block]:
    total = drift_words.shards_total(outcome)
    groups = drift_words.sorted_groups(outcome.groups)
    if groups:
        overview = sentence("The overview is left out here.")
        yield blocks.Groups(
            groups=(
                *_vschema(outcome),
                *(_group(group, total, outcome.pending_plan_id) for group in groups),
            ),
            cut=Cut(detail=Detail.STATEMENT, instead=overview),
            divergences_cut=Cut(detail=Detail.REASON, instead=_LEFT_OUT),
            repair_cut=Cut(detail=Detail.STATEMENT, instead=_LEFT_OUT),
        )


def _vschema(outcome: DriftOutcome) -> Iterator[blocks.Group]:
    """As a group of its own: it is not a shard's."""
    found = outcome.vschema
    if found is None:
        return
    differs = found.mark is not ShardMark.MATCHING
    yield blocks.Group(
        word=found.mark,
        sign=drift_words.MARKS[found.mark],
        mark=_MARKS[found.mark],
        meaning=drift_words.MEANINGS[found.mark],
        shards=sentence("the VSchema"),
        reason=_not_run_yet(
            found.mark, outcome.pending_plan_id, drift_words.to_be_as_git_says(found)
        ),
        difference=blocks.Difference(expected=found.git, observed=found.live) if differs else None,
    )


def _not_run_yet(mark: ShardMark, pending_plan_id: str | None, reason: str) -> str:
    if mark is not ShardMark.PENDING_APPLY or not pending_plan_id:
        return reason
    because = f": {reason}" if reason else ""
    return f"plan {short_id(pending_plan_id)} has not run to its end here{because}"


def _group(group: DriftGroup, total: int, pending_plan_id: str | None) -> blocks.Group:
    return blocks.Group(
        word=group.mark,
        sign=drift_words.MARKS[group.mark],
        mark=_MARKS[group.mark],
        meaning=drift_words.MEANINGS[group.mark],
        shards=shard_set(sorted_shards(group.shards), total),
        reason=drift_words.since(group) or _not_run_yet(group.mark, pending_plan_id, group.reason),
        recovery=with_commands(group.recovery),
        divergences=tuple(
            blocks.Divergence(table=str(found.object_id), text=found.what, repair=found.repair)
            for found in drift_words.sorted_differences(group)
        ),
    )


def _shadows(outcome: DriftOutcome) -> Iterator[Block]:
    total = drift_words.shards_total(outcome)
    for mark, sign in drift_words.SHADOW_MARKS.items():
        found = [group for group in outcome.shadows if group.mark is mark]
        if found:
            yield blocks.NotCompared(
                word=mark,
                sign=sign,
                mark=_SHADOW_MARKS[mark],
                meaning=drift_words.SHADOW_MEANINGS[mark],
                tables=tuple(
                    (shadow_kind(group.name), group.name, tuple(whose(group, total)))
                    for group in found
                ),
                cut=Cut(detail=Detail.STATEMENT, instead=_LEFT_OUT),
            )


def _unmanaged(outcome: DriftOutcome) -> Iterator[Block]:
    if outcome.unmanaged:
        total, mark = drift_words.shards_total(outcome), ShardMark.UNMANAGED
        yield blocks.NotCompared(
            word=mark,
            sign=drift_words.MARKS[mark],
            mark=_MARKS[mark],
            meaning=drift_words.MEANINGS[mark],
            tables=tuple(
                (ObjectKind.TABLE, table, shard_set(sorted_shards(shards), total))
                for table, shards in sorted(outcome.unmanaged)
            ),
            cut=Cut(detail=Detail.OVERVIEW),
        )
