"""What `lint` finds, for programs."""

from __future__ import annotations

from dataclasses import replace

from reconciler.lint.model import Remark
from reconciler.outcomes.files import LintOutcome
from reconciler.report.json_values import Json, plain, problems_json
from reconciler.report.order import sorted_problems


def lint_outcome(since: str | None, outcome: LintOutcome) -> Json:
    return {**lint_shape(outcome), "since": since}


def lint_shape(outcome: LintOutcome) -> Json:
    """Outcome: problems where a file is wrong, remarks where a rule fails it, else fine."""
    failed = "remarks" if outcome.has_failed else "fine"
    return {
        "keyspace": outcome.keyspace,
        "outcome": "problems" if outcome.problems else failed,
        "tables": outcome.tables,
        "problems": problems_json(sorted_problems(outcome.problems)),
        "looked_at": outcome.looked_at,
        "remarks": [_remark(remark) for remark in outcome.remarks],
        "excepted": [_remark(remark) for remark in outcome.excepted],
        "known_before": [_remark(remark) for remark in outcome.listed],
        "exceptions_unused": [plain(one) for one in outcome.unused],
    }


def _remark(remark: Remark) -> Json:
    """What it would edit is for `--fix` to do."""
    told: Json = plain(replace(remark, edits=()))
    told.pop("edits")
    return {**told, "fixable": bool(remark.edits)}
