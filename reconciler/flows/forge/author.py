"""What the pull request that brought a plan is told of its apply: how far it is, how it ended."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.drive.status import current_apply, left_alone
from reconciler.errors import ReconcilerError
from reconciler.flows.applied_plan import AppliedPlans
from reconciler.flows.forge.ends import Applied, is_idle, is_late
from reconciler.flows.forge.merged import Merged
from reconciler.outcomes.apply import StatusOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.plan.files import plan_paths
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import Notices
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.write.markdown import write_markdown
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top


def tell_outcome(run: Merged, outcome: Applied) -> None:
    """Where there was something to do. A run that is run again and comes too late leaves what the
    earlier one told."""
    if isinstance(outcome, KeyspaceFailed) or outcome.plan is None:
        return
    late = is_late(outcome)
    if (late and run.job.facts.is_rerun) or (is_idle(outcome) and not late):
        return
    paths_of = split_plan_paths if isinstance(outcome, SplitApplyOutcome) else plan_paths
    path = paths_of(outcome.environment, outcome.keyspace).json
    made = apply_document([outcome], run.job.files(run.loaded), in_job=True)
    _tell(run, path, write_markdown(made))


def tell_progress(
    run: Merged,
    ledger_of: Callable[[Environment], Ledger],
    environment: Environment,
    keyspace: str,
) -> None:
    """Of a rollout that has begun: its ledger is open."""
    now_s = run.job.clock.now_s()
    try:
        status = current_apply(
            ledger_of(environment),
            environment.name,
            keyspace,
            now_s=now_s,
            keep_old_s=environment.engine.keep_old_s,
            region=environment.region or "",
        )
    except ReconcilerError:
        return  # the rollout itself says what is wrong with the ledger
    if status is not None:
        plans = AppliedPlans(lambda _: run.loaded.tree)
        aside = left_alone(environment, keyspace)
        outcome = StatusOutcome(
            environment=environment.name,
            applies=(plans.with_plan(status, environment),),
            left_alone=(aside,) if aside else (),
            now_s=now_s,
        )
        made = status_document(outcome, run.job.files(run.loaded), in_job=True)
        _tell(run, plan_paths(environment.name, keyspace).json, write_markdown(made))


def _tell(run: Merged, plan_path: str, body: str) -> None:
    path = from_the_top(plan_path, run.job.clone.below)

    def write(notices: Notices) -> None:
        brought_by = run.job.line.last_change(run.commit, path)
        if brought_by is not None:
            for number in run.job.ask().pull_requests_of(brought_by)[:1]:
                notices.keep_comment(number, body)

    run.job.say("the comment", write)
