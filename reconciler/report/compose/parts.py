"""`ci parts`: the order in which regions are given their parts, as the run's graph shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.parts import PartsOutcome, waves_of_jobs
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.blocks import Block, Mark
from reconciler.report.compose.opening import failed_report, plan_id_fact, title
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.reasons import refusals
from reconciler.report.document import Document, Report
from reconciler.report.findings import NO_FILES
from reconciler.report.refusals import reason_count
from reconciler.report.spans import Line, Name, Text


def parts_document(outcomes: Sequence[PartsOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: PartsOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("parts", outcome)
    mark, verdict = _verdict(outcome)
    return Report(
        title=title(mark, outcome.keyspace, outcome.environment, verdict),
        blocks=tuple(_blocks(outcome)),
        plan_id=outcome.plan_id or "",
    )


def _verdict(outcome: PartsOutcome) -> tuple[Mark, str]:
    if outcome.is_superseded:
        return Mark.QUIET, "superseded by a newer merge, no part ordered"
    if outcome.refusals:
        reasons = words.count(reason_count(outcome.refusals), "reason")
        return Mark.BAD, f"no part ordered for {reasons}"
    if not outcome.jobs:
        return Mark.GOOD, "nothing to do"
    if outcome.plan_id is None:
        return Mark.QUIET, "no plan; every region looks whether it needs one"
    return Mark.GOOD, f"{words.count(len(outcome.jobs), 'part')} ordered"


def _blocks(outcome: PartsOutcome) -> Iterator[Block]:
    yield from refusals(outcome.refusals, outcome.keyspace, NO_FILES)
    if outcome.plan_id is not None:
        yield blocks.Facts(facts=(plan_id_fact(outcome.plan_id),))
    if items := tuple(_waves(outcome)):
        yield blocks.Items(items=items)
    yield from quarantine_block(outcome.quarantine)


def _waves(outcome: PartsOutcome) -> Iterator[Line]:
    for wave in waves_of_jobs([outcome]):
        held = ", once it is let in" if wave.is_held else ""
        regions = [Name(job.region) for job in wave.jobs]
        apart: list[Name | Text] = []
        for region in regions:
            apart += [Text(", "), region] if apart else [region]
        yield (Text(f"wave {wave.wave}{held}: "), *apart)
