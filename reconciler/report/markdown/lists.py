"""`lint` and `doctor` as a job summary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.limits import COMMENT_BYTES_MAX
from reconciler.outcomes.doctor import CheckMark, DoctorOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.plan import words
from reconciler.report.fit import Part, fit
from reconciler.report.list_words import grouped_findings, lint_verdict
from reconciler.report.markdown.blocks import (
    BAD,
    CAUTION,
    GOOD,
    Parts,
    failed_parts,
    opening,
    problem_item,
    recovery_line,
    table,
    title,
)
from reconciler.report.neutral import code_span, prose
from reconciler.report.order import sorted_problems

_MARKS = {
    CheckMark.OK: GOOD,
    CheckMark.WARNING: CAUTION,
    CheckMark.FAILED: BAD,
    CheckMark.SKIPPED: "–",
}


def lint_markdown(
    outcomes: Sequence[LintOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    return fit(tuple(chain.from_iterable(map(_lint, outcomes))), limit_bytes)


def doctor_markdown(
    outcomes: Sequence[DoctorOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    return fit(tuple(chain.from_iterable(map(_doctor, outcomes))), limit_bytes)


def _lint(outcome: LintOutcome | KeyspaceFailed) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("lint", outcome)
        return
    mark = BAD if outcome.problems else GOOD
    heading = f"### {mark} {code_span(outcome.keyspace)}: {lint_verdict(outcome)}"
    yield Part(text=heading, opens=True)
    left_out = "Some problems are left out here; `reconciler lint` shows them all."
    for problem in sorted_problems(outcome.problems):
        yield Part(text=problem_item(problem), detail=1, instead=left_out)


def _doctor(outcome: DoctorOutcome | KeyspaceFailed) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("doctor", outcome)
        return
    findings = grouped_findings(outcome.findings)
    bad = [f for f in findings if f.mark in (CheckMark.FAILED, CheckMark.WARNING)]
    verdict = f"{words.count(len(bad), 'thing')} to mend" if bad else "all is well"
    mark = next((_MARKS[f.mark] for f in bad if f.mark is CheckMark.FAILED), None)
    heading = title(
        mark or (CAUTION if bad else GOOD), outcome.keyspace, outcome.environment, verdict
    )
    yield opening("doctor", outcome.environment, outcome.keyspace, heading)
    rows = [
        (
            f"{_MARKS[finding.mark]} {finding.mark}",
            code_span(finding.subject),
            prose(finding.message),
            recovery_line(finding.recovery) if finding in bad else "",
        )
        for finding in findings
    ]
    yield Part(text=table(("", "Check", "Found", "Next"), rows, more="checks"), detail=1)
