"""Reports for programs. A shape only ever gains keys; a change of meaning raises FORMAT.

One object for each command: `format`, `command`, and `keyspaces`, a list with one object each, in
which `outcome` says how it ended. Statements and definitions are exact, nothing is cut; whatever is
not ASCII is escaped, so that no terminal that prints it can be steered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from reconciler.errors import ReconcilerError
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.apply import ApplyOutcome, ControlOutcome, StatusOutcome
from reconciler.outcomes.audit import AuditOutcome, AuditRow
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome, PullOutcome
from reconciler.outcomes.parts import PartsOutcome, waves_of_jobs
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.outcomes.rollouts import RolloutOutcome
from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.outcomes.split import (
    SplitApplyOutcome,
    SplitControlOutcome,
    SplitPlanOutcome,
    SplitVerifyOutcome,
)
from reconciler.plan.estimate import Estimate, Estimated
from reconciler.plan.model import Plan
from reconciler.report import drift_words
from reconciler.report.advise_json import advise_outcome
from reconciler.report.apply_json import apply_outcome, apply_status
from reconciler.report.json_values import (
    Json,
    head,
    plain,
    problems_json,
    reasons,
    shadow,
)
from reconciler.report.lint_json import lint_outcome, lint_shape
from reconciler.report.matrix import matrix_of
from reconciler.report.order import sorted_shards
from reconciler.report.plan_json import plan_shape
from reconciler.report.preflight_words import preflight_json
from reconciler.report.reason_words import answer_words
from reconciler.report.rollouts_json import rollout_outcome
from reconciler.report.routes_json import owner_outcome, routes_outcome
from reconciler.report.split_json import (
    split_apply_outcome,
    split_plan,
    split_plan_outcome,
    split_verify_outcome,
)
from reconciler.reshard.plan.model import SplitPlan

FORMAT = 1

Outcome = TypeVar("Outcome")


def plan_json(outcomes: Sequence[PlanOutcome | SplitPlanOutcome | KeyspaceFailed]) -> str:
    return _told(
        "plan",
        [
            _failed(one) if isinstance(one, KeyspaceFailed) else _plan_outcome(one)
            for one in outcomes
        ],
    )


def show_json(plan: Plan) -> str:
    return _dumped({"format": FORMAT, "command": "show", "plan": plan_shape(plan)})


def show_split_json(plan: SplitPlan) -> str:
    return _dumped({"format": FORMAT, "command": "show", "split": split_plan(plan)})


def verify_json(outcomes: Sequence[VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed]) -> str:
    return _told(
        "verify",
        [
            _failed(one) if isinstance(one, KeyspaceFailed) else _verify_outcome(one)
            for one in outcomes
        ],
    )


def drift_json(outcomes: Sequence[DriftOutcome | KeyspaceFailed]) -> str:
    return _document("drift", outcomes, _drift_outcome)


def apply_json(outcomes: Sequence[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed]) -> str:
    return _told(
        "apply",
        [
            _failed(one) if isinstance(one, KeyspaceFailed) else _apply_outcome(one)
            for one in outcomes
        ],
    )


def pull_json(outcomes: Sequence[PullOutcome | KeyspaceFailed]) -> str:
    return _document("pull", outcomes, _pull_outcome)


def init_json(pulled: PullOutcome, planned: PlanOutcome | None) -> str:
    """As `pull`, with the plan that proves it; null where there is no table to plan for."""
    return _document(
        "init",
        [pulled],
        lambda found: {**_pull_outcome(found), "plan": _plan_outcome(planned) if planned else None},
    )


def status_json(outcome: StatusOutcome) -> str:
    return _dumped(
        {
            "format": FORMAT,
            "command": "status",
            "environment": outcome.environment,
            "now_s": outcome.now_s,
            "applies": [apply_status(apply) for apply in outcome.applies],
            "splits": [plain(split) for split in outcome.splits],
            "left_alone": [plain(found) for found in outcome.left_alone],
            "turns": [plain(turn) for turn in outcome.turns],
            "forgotten": [plain(one) for one in outcome.forgotten],
            "failed": [_failed(one) for one in outcome.failed],
        }
    )


def lint_json(outcomes: Sequence[LintOutcome | KeyspaceFailed], since: str | None) -> str:
    return _document("lint", outcomes, partial(lint_outcome, since))


def doctor_json(outcomes: Sequence[DoctorOutcome | KeyspaceFailed]) -> str:
    return _document("doctor", outcomes, _doctor_outcome)


def parts_json(outcomes: Sequence[PartsOutcome | KeyspaceFailed]) -> str:
    return _dumped(
        {
            "format": FORMAT,
            "command": "parts",
            "keyspaces": [
                _failed(one) if isinstance(one, KeyspaceFailed) else _parts_outcome(one)
                for one in outcomes
            ],
            "waves": matrix_of(waves_of_jobs(outcomes)),
        }
    )


def control_json(
    outcomes: Sequence[ControlOutcome | SplitControlOutcome | KeyspaceFailed], verb: str
) -> str:
    return _told(
        verb,
        [
            _failed(one) if isinstance(one, KeyspaceFailed) else _control_outcome(one)
            for one in outcomes
        ],
    )


def routes_json(outcomes: Sequence[RoutesOutcome | KeyspaceFailed]) -> str:
    return _document("routes", outcomes, routes_outcome)


def owner_json(outcomes: Sequence[OwnerOutcome | KeyspaceFailed]) -> str:
    return _document("routes owner", outcomes, owner_outcome)


def advise_json(outcomes: Sequence[AdviseOutcome | KeyspaceFailed]) -> str:
    return _document("advise", outcomes, advise_outcome)


def audit_json(outcome: AuditOutcome) -> str:
    return _dumped(
        {
            "format": FORMAT,
            "command": "audit",
            "environment": outcome.environment,
            "applies": [_audited(row) for row in outcome.rows],
            "more_before": outcome.more_before,
            "forgotten": [plain(one) for one in outcome.forgotten],
            "failed": [_failed(one) for one in outcome.failed],
        }
    )


def _audited(row: AuditRow) -> Json:
    counts = {"shards": len(row.ran.shards), "statements": row.ran.statements}
    told: Json = plain(row)
    return {**told, **counts}


def rollouts_json(outcomes: Sequence[RolloutOutcome | KeyspaceFailed]) -> str:
    return _document("rollout", outcomes, rollout_outcome)


def failure_json(error: ReconcilerError) -> str:
    """What kept the command from coming to any keyspace."""
    return _dumped(
        {
            "format": FORMAT,
            "keyspaces": [],
            "exit_code": error.exit_code,
            "problems": problems_json(error.problems),
        }
    )


def _document(
    command: str,
    outcomes: Sequence[Outcome | KeyspaceFailed],
    shape: Callable[[Outcome], Json],
) -> str:
    return _told(
        command,
        [
            _failed(outcome) if isinstance(outcome, KeyspaceFailed) else shape(outcome)
            for outcome in outcomes
        ],
    )


def _told(command: str, keyspaces: list[Json]) -> str:
    return _dumped({"format": FORMAT, "command": command, "keyspaces": keyspaces})


def _dumped(document: Json) -> str:
    return json.dumps(document, indent=2) + "\n"


def _failed(failed: KeyspaceFailed) -> Json:
    return {
        **head(failed, "failed"),
        "exit_code": failed.exit_code,
        "problems": problems_json(failed.problems),
    }


def _apply_outcome(outcome: ApplyOutcome | SplitApplyOutcome) -> Json:
    if isinstance(outcome, SplitApplyOutcome):
        return split_apply_outcome(outcome)
    return apply_outcome(outcome)


def _plan_outcome(outcome: PlanOutcome | SplitPlanOutcome) -> Json:
    if isinstance(outcome, SplitPlanOutcome):
        return split_plan_outcome(outcome)
    changes = outcome.plan is not None and not outcome.plan.core.is_empty
    end = "refused" if outcome.refusals else "changes" if changes else "nothing-to-do"
    return {
        **head(outcome, end),
        **reasons(outcome.refusals),
        "plan": plan_shape(outcome.plan) if outcome.plan else None,
        "time": _time(outcome.estimate),
        "written": list(outcome.written),
        "removed": list(outcome.removed),
        "lint": lint_shape(outcome.lint) if outcome.lint else None,
        "quarantine": plain(outcome.quarantine),
    }


def _verify_outcome(outcome: VerifyOutcome | SplitVerifyOutcome) -> Json:
    if isinstance(outcome, SplitVerifyOutcome):
        return split_verify_outcome(outcome)
    return {
        **head(outcome, outcome.state.replace(" ", "-")),
        **reasons(outcome.refusals),
        "plan": plan_shape(outcome.plan) if outcome.plan else None,
        "time": _time(outcome.estimate),
        "notes": list(outcome.notes),
        "preflight": preflight_json(outcome.preflight),
        "lint": lint_shape(outcome.lint) if outcome.lint else None,
        "quarantine": plain(outcome.quarantine),
    }


def _time(estimate: Estimate | None) -> Json | None:
    """Spans in seconds; null: nothing to run, or a size that matters was not told."""
    return plain(estimate) if isinstance(estimate, Estimated) else None


def _drift_outcome(outcome: DriftOutcome) -> Json:
    refused = outcome.refusals or outcome.unreachable
    how = "in-sync" if drift_words.is_clean(outcome) else "differences"
    return {
        **head(outcome, "refused" if refused else how),
        **reasons((*outcome.refusals, *outcome.unreachable)),
        "pending_plan_id": outcome.pending_plan_id,
        "groups": [
            {
                "mark": group.mark.value,
                "shards": list(sorted_shards(group.shards)),
                "reason": group.reason,
                "recovery": group.recovery,
                "as_git_says_until_after": plain(group.left),
                "differences": plain(drift_words.sorted_differences(group)),
            }
            for group in drift_words.sorted_groups(outcome.groups)
        ],
        "vschema": plain(outcome.vschema),
        "shadow_tables": [shadow(found) for found in outcome.shadows],
        "unmanaged": [
            {"table": table, "shards": list(sorted_shards(shards))}
            for table, shards in sorted(outcome.unmanaged)
        ],
        "lint": lint_shape(outcome.lint) if outcome.lint else None,
    }


def _pull_outcome(outcome: PullOutcome) -> Json:
    how = "changed" if outcome.written or outcome.removed else "unchanged"
    return {**plain(outcome), **head(outcome, how)}


def _parts_outcome(outcome: PartsOutcome) -> Json:
    return {
        **head(outcome, "refused" if outcome.refusals else "ordered"),
        "plan_id": outcome.plan_id,
        **reasons(outcome.refusals),
    }


def _doctor_outcome(outcome: DoctorOutcome) -> Json:
    marks = {finding.mark.value for finding in outcome.findings}
    worst = next((mark for mark in ("failed", "warning") if mark in marks), "ok")
    return {**head(outcome, worst), "findings": [plain(f) for f in outcome.findings]}


def _control_outcome(outcome: ControlOutcome | SplitControlOutcome) -> Json:
    if isinstance(outcome, SplitControlOutcome):
        return {**head(outcome, "recorded"), **plain(outcome)}
    told = {**plain(outcome), "answer": answer_words(outcome.answer)}
    return {**head(outcome, outcome.state.value), **told}
