"""What came of a move of shards, in a line: the same words in a title and in a commit status."""

from __future__ import annotations

from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import SplitApplyOutcome, SplitPlanOutcome, SplitVerifyOutcome
from reconciler.plan.words import count
from reconciler.report.refusals import reason_count
from reconciler.report.summary import short_id
from reconciler.reshard.plan.model import SplitPlan
from reconciler.reshard.plan.words import move_words


def split_verdict(outcome: SplitVerifyOutcome) -> str:
    if outcome.refusals or outcome.plan is None:
        return refused_split(outcome)
    plan = outcome.plan
    return f"verified, plan {short_id(plan.plan_id)} is what the move needs: {moved_tables(plan)}"


def driven_verdict(outcome: SplitApplyOutcome) -> str:
    job = outcome.job
    if outcome.how is None or job is None:
        return refused_split(outcome)
    sources, targets = ", ".join(job.sources), ", ".join(job.targets)
    return f"split {job.job_id} ({sources} -> {targets}): {outcome.how}"


def refused_split(outcome: SplitPlanOutcome | SplitVerifyOutcome | SplitApplyOutcome) -> str:
    if isinstance(outcome, SplitVerifyOutcome) and outcome.state is VerifyState.UNPLANNED:
        return "shards are to be replaced, and no plan of that is committed"
    return f"refused for {count(reason_count(outcome.refusals), 'reason')}"


def moved_tables(plan: SplitPlan) -> str:
    tables = count(len(plan.core.moved), "table")
    return f"{move_words(plan.core)}, {tables} move{'s' if len(plan.core.moved) == 1 else ''}"
