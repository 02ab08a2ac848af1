"""A move of shards for programs."""

from __future__ import annotations

from reconciler.outcomes.split import SplitApplyOutcome, SplitPlanOutcome, SplitVerifyOutcome
from reconciler.report.json_values import Json, head, plain, problem_json, reasons
from reconciler.reshard.plan.model import SplitPlan


def split_plan_outcome(outcome: SplitPlanOutcome) -> Json:
    return {
        **head(outcome, "refused" if outcome.refusals else "changes"),
        **reasons(outcome.refusals),
        "split": split_plan(outcome.plan) if outcome.plan else None,
        "written": list(outcome.written),
    }


def split_verify_outcome(outcome: SplitVerifyOutcome) -> Json:
    return {
        **head(outcome, outcome.state.replace(" ", "-")),
        **reasons(outcome.refusals),
        "split": split_plan(outcome.plan) if outcome.plan else None,
        "notes": list(outcome.notes),
    }


def split_apply_outcome(outcome: SplitApplyOutcome) -> Json:
    how = "refused" if outcome.how is None else outcome.how.name.lower().replace("_", "-")
    return {
        **head(outcome, how),
        **reasons(outcome.refusals),
        "plan_id": outcome.plan.plan_id if outcome.plan else None,
        "job": plain(outcome.job),
        "problem": problem_json(outcome.problem),
        "foreseen": list(outcome.foreseen),
    }


def split_plan(plan: SplitPlan) -> Json:
    return {"plan_id": plan.plan_id, **plain(plan.core), "meta": plain(plan.meta)}
