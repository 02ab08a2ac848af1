"""`observe`: what was written of each keyspace, or which shards kept it from being."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.plan import words
from reconciler.report.blocks import Mark
from reconciler.report.compose.opening import failed_report, title
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.reasons import refusals
from reconciler.report.document import Document, Report
from reconciler.report.findings import NO_FILES
from reconciler.report.refusals import reason_count


def observe_document(outcomes: Sequence[ObserveOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: ObserveOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("observe", outcome)
    of_region = f"region {outcome.region}"
    if outcome.path is None:
        reasons = words.count(reason_count(outcome.refusals), "reason")
        verdict = f"{of_region} not written for {reasons}"
        mark = Mark.BAD
    else:
        verdict = f"{of_region}, {words.count(outcome.shards, 'shard')}, in {outcome.path}"
        mark = Mark.GOOD
    return Report(
        title=title(mark, outcome.keyspace, outcome.environment, verdict),
        blocks=(
            *refusals(outcome.refusals, outcome.keyspace, NO_FILES),
            *quarantine_block(outcome.quarantine),
        ),
    )
