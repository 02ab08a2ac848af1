"""`doctor`: each check with its next step, the worst first, those that end alike together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.blocks import Cut, Detail, Mark
from reconciler.report.compose.opening import failed_report, marker, title, where
from reconciler.report.document import Document, Report
from reconciler.report.order import sorted_shards
from reconciler.report.spans import with_commands

_MARKS = {
    CheckMark.FAILED: Mark.BAD,
    CheckMark.WARNING: Mark.CAUTION,
    CheckMark.SKIPPED: Mark.QUIET,
    CheckMark.OK: Mark.GOOD,
}
_WORST_FIRST = tuple(_MARKS)
_TO_DO = (CheckMark.FAILED, CheckMark.WARNING)


def doctor_document(outcomes: Sequence[DoctorOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: DoctorOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("doctor", outcome)
    findings = _grouped(outcome.findings)
    worst = next((_MARKS[one.mark] for one in findings if one.mark in _TO_DO), Mark.GOOD)
    told = map(_check, _next_once(findings))
    checks = blocks.Checks(checks=tuple(told), cut=Cut(detail=Detail.REASON))
    return Report(
        marker=marker("doctor", outcome.keyspace, outcome.environment, outcome.region),
        title=title(worst, outcome.keyspace, where(outcome), _verdict(findings)),
        blocks=(checks,) if findings else (),
    )


def _verdict(findings: Sequence[DoctorFinding]) -> str:
    counts = {mark: sum(one.mark is mark for one in findings) for mark in CheckMark}
    named = {CheckMark.WARNING: "warning"}
    told = (
        words.count(n, named[mark]) if mark in named else f"{n} {mark}"
        for mark, n in counts.items()
        if n
    )
    return ", ".join(told) or "nothing was checked"


def _check(finding: DoctorFinding) -> blocks.Check:
    return blocks.Check(
        word=finding.mark,
        mark=_MARKS[finding.mark],
        subject=finding.subject,
        text=finding.message,
        recovery=with_commands(finding.recovery) if finding.recovery else (),
    )


def _next_once(findings: Sequence[DoctorFinding]) -> Iterator[DoctorFinding]:
    """Of some in a row that want the same to be done, it stands at the last."""
    for finding, following in zip_longest(findings, findings[1:]):
        is_told = following is not None and following.recovery == finding.recovery
        yield replace(finding, recovery="") if is_told else finding


def _grouped(findings: Iterable[DoctorFinding]) -> tuple[DoctorFinding, ...]:
    """What was found alike on several shards is one thing to fix."""
    groups: dict[tuple[CheckMark, str, str, str], list[DoctorFinding]] = {}
    for finding in findings:
        what = "" if finding.shard else finding.subject
        key = (finding.mark, what, finding.message, finding.recovery)
        groups.setdefault(key, []).append(finding)
    return tuple(
        sorted(map(_merged, groups.values()), key=lambda found: _WORST_FIRST.index(found.mark))
    )


def _merged(alike: list[DoctorFinding]) -> DoctorFinding:
    shards = [finding.shard for finding in alike if finding.shard]
    if not shards:
        return alike[0]
    return replace(alike[0], subject=words.named_shards(sorted_shards(shards)))
