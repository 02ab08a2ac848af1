"""`lint`: what is wrong in the files, one problem after the other."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.plan import words
from reconciler.report.blocks import Cut, Detail, Mark
from reconciler.report.compose.opening import failed_report
from reconciler.report.compose.reasons import problems
from reconciler.report.document import Document, Report, Title
from reconciler.report.order import sorted_problems
from reconciler.report.spans import Name, sentence, with_commands

_CUT = Cut(
    detail=Detail.REASON,
    instead=with_commands("Some problems are left out here; `reconciler lint` shows them all."),
)


def lint_document(outcomes: Sequence[LintOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: LintOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("lint", outcome)
    mark = Mark.BAD if outcome.problems else Mark.GOOD
    return Report(
        title=Title(
            mark=mark, about=(Name(outcome.keyspace),), verdict=sentence(_verdict(outcome))
        ),
        blocks=problems(sorted_problems(outcome.problems), _CUT),
    )


def _verdict(outcome: LintOutcome) -> str:
    """A spec that cannot be read leads to no table: then none is counted."""
    tables = words.count(outcome.tables, "table")
    if not outcome.problems:
        return f"fine, {tables}"
    count = words.count(len(outcome.problems), "problem")
    return f"{count} in {tables}" if outcome.tables else count
