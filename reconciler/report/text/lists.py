"""`lint` and `doctor` in a terminal: one finding after the other, each with its next step."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.outcomes.doctor import CheckMark, DoctorOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.plan.visible import visible_line
from reconciler.report.list_words import grouped_findings, lint_verdict
from reconciler.report.order import sorted_problems
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.text.blocks import (
    Lines,
    between,
    failed_lines,
    finished,
    heading,
    next_step,
    problem_lines,
    wrapped,
)

_TONES = {
    CheckMark.OK: Tone.GOOD,
    CheckMark.WARNING: Tone.CAUTION,
    CheckMark.FAILED: Tone.BAD,
    CheckMark.SKIPPED: Tone.QUIET,
}
_MARGIN = " " * 11  # under the text that follows a mark


def lint_text(outcomes: Sequence[LintOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    if all(isinstance(outcome, LintOutcome) and not outcome.problems for outcome in outcomes):
        return finished(chain.from_iterable(_lint(outcome, style) for outcome in outcomes))
    return finished(between(_lint(outcome, style) for outcome in outcomes))


def doctor_text(outcomes: Sequence[DoctorOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_doctor(outcome, style) for outcome in outcomes))


def _lint(outcome: LintOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    name = style.paint(visible_line(outcome.keyspace), Tone.STRONG)
    tone = Tone.BAD if outcome.problems else Tone.GOOD
    yield f"{name}: {style.paint(lint_verdict(outcome), tone)}"
    for problem in sorted_problems(outcome.problems):
        yield ""
        yield from problem_lines(problem, style)


def _doctor(outcome: DoctorOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    findings = grouped_findings(outcome.findings)
    counts = {mark: sum(found.mark is mark for found in findings) for mark in CheckMark}
    parts = [f"{number} {mark}" for mark, number in counts.items() if number]
    tone = next(
        (_TONES[mark] for mark in (CheckMark.FAILED, CheckMark.WARNING) if counts[mark]), Tone.GOOD
    )
    verdict = ", ".join(parts) or "nothing was checked"
    yield heading(outcome.keyspace, outcome.environment, verdict, tone, style)
    for finding in findings:
        first, *more = wrapped(
            f"{finding.subject}: {finding.message}", style, first=_MARGIN, rest=f"{_MARGIN}  "
        )
        mark = style.paint(f"{finding.mark:<8}", _TONES[finding.mark])
        yield f"  {mark} {first[len(_MARGIN) :]}"
        yield from more
        if finding.recovery and finding.mark in (CheckMark.FAILED, CheckMark.WARNING):
            yield from next_step(finding.recovery, style, indent=_MARGIN)
