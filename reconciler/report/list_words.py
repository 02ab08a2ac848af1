"""What `lint` and `doctor` say in every format: verdicts, and checks that end alike together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.outcomes.files import LintOutcome
from reconciler.plan import words
from reconciler.report.order import sorted_shards

_WORST_FIRST = (CheckMark.FAILED, CheckMark.WARNING, CheckMark.SKIPPED, CheckMark.OK)


def lint_verdict(outcome: LintOutcome) -> str:
    """A spec that cannot be read leads to no table: then none is counted."""
    tables = words.count(outcome.tables, "table")
    if not outcome.problems:
        return f"fine, {tables}"
    problems = words.count(len(outcome.problems), "problem")
    return f"{problems} in {tables}" if outcome.tables else problems


def grouped_findings(findings: Iterable[DoctorFinding]) -> tuple[DoctorFinding, ...]:
    """The worst first; what was found alike on several shards is one thing to mend."""
    groups: dict[tuple[CheckMark, str, str, str], list[DoctorFinding]] = {}
    for finding in findings:
        what = "" if finding.shard else finding.subject
        groups.setdefault((finding.mark, what, finding.message, finding.recovery), []).append(
            finding
        )
    return tuple(
        sorted(map(_merged, groups.values()), key=lambda found: _WORST_FIRST.index(found.mark))
    )


def _merged(alike: list[DoctorFinding]) -> DoctorFinding:
    shards = [finding.shard for finding in alike if finding.shard]
    if not shards:
        return alike[0]
    return replace(alike[0], subject=words.named_shards(sorted_shards(shards)))
