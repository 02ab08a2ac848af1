"""What a job says on the forge besides the reports, with sample values."""

from __future__ import annotations

from reconciler.guard.review.break_glass import BreakGlassRecord, BreakGlassRequest
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.lowered import LoweredRule, OtherOwners
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.report import forge_words
from reconciler.report.compose.forge import (
    DRIFT_ISSUE_TITLE,
    break_glass_issue,
    drift_issue,
    fork_summary,
    given_up_summary,
    lowered_comment,
    unchanged_comment,
    unchanged_summary,
)
from reconciler.report.document import Document
from reconciler.spec.model import ReviewRule
from tests.golden import samples
from tests.golden.scenarios import DRIFTED, MATCHING, PENDING_APPLY, UNREACHABLE

RUN = "https://forge.example/acme/shop/actions/runs/7"

_PLANNED = PlanOutcome(
    environment="production",
    keyspace="commerce",
    plan=samples.UNIFORM,
    estimate=samples.estimate(samples.UNIFORM),
)
_DRIFTED = DriftOutcome(
    environment="production",
    keyspace="commerce",
    groups=(MATCHING, DRIFTED, PENDING_APPLY, UNREACHABLE),
    pending_plan_id=samples.UNIFORM.plan_id,
)
_CLEAN = DriftOutcome(
    environment="staging", keyspace="commerce", groups=(MATCHING,), pending_plan_id=None
)
_BROKEN = KeyspaceFailed(
    environment="production", keyspace="billing", problems=(samples.BAD_KEY,), exit_code=1
)


_LOWERED = (
    LoweredRule(
        spec_path="specs/commerce.yaml",
        environment="production",
        before=ReviewRule(approvals=2, code_owners=True),
        after=ReviewRule(),
    ),
    LoweredRule(
        spec_path="specs/billing.yaml",
        environment="production",
        before=ReviewRule(approvals=2),
        after=None,
    ),
    OtherOwners(path="schemas/commerce/users.sql", before=("@acme/dba",), after=("@ben",), alike=3),
)


def _verified(state: VerifyState) -> VerifyOutcome:
    with_plan = state in (VerifyState.VERIFIED, VerifyState.APPLIED, VerifyState.REFUSED)
    return VerifyOutcome(
        environment="production",
        keyspace="commerce",
        state=state,
        plan=samples.UNIFORM if with_plan else None,
        refusals=(samples.TABLE_DRIFTED,) if state is VerifyState.REFUSED else (),
    )


def _applied(verdict: ApplyVerdict) -> ApplyOutcome:
    return ApplyOutcome(
        environment="production", keyspace="commerce", verdict=verdict, plan=samples.UNIFORM
    )


# Name, when it is said, and what it says.
FORGE_MESSAGES: tuple[tuple[str, str, Document], ...] = (
    (
        "forge-unchanged",
        "A pull request whose earlier state had a plan touches the schema no more: its comment.",
        unchanged_comment("production", "commerce"),
    ),
    (
        "forge-unchanged-summary",
        "A pull request touches no schema: the job's summary.",
        unchanged_summary(),
    ),
    (
        "forge-given-up",
        "A pull request takes a keyspace or an environment out of the specs: in the job's summary.",
        given_up_summary([("commerce", "production"), ("commerce", "staging")]),
    ),
    (
        "forge-lowered",
        "A pull request lowers the review rule: a comment of its own, and in the job's summary.",
        lowered_comment(_LOWERED),
    ),
    (
        "forge-fork",
        "A pull request from a fork touches the schema: the job's summary.",
        fork_summary(["commerce"], 12, [_PLANNED]),
    ),
    (
        "forge-break-glass",
        f'Applied without approvals: the issue "{forge_words.break_glass_title("production")}".',
        break_glass_issue(
            BreakGlassRecord(
                request=BreakGlassRequest(
                    environment="production",
                    commit="1f0c" * 10,
                    reason="checkout is down and the reviewers are asleep",
                    actor="ada",
                    run_url=RUN,
                ),
                approved_by=("ben",),
            )
        ),
    ),
    (
        "forge-drift-issue",
        f'The issue "{DRIFT_ISSUE_TITLE}", edited in place by each run of `ci drift`.',
        drift_issue([_CLEAN, _DRIFTED, _BROKEN], RUN),
    ),
    (
        "forge-drift-issue-closed",
        f'The issue "{DRIFT_ISSUE_TITLE}" when all is clean again: its last word.',
        drift_issue([_CLEAN], RUN),
    ),
)

# When it is said, and the text.
FORGE_LINES: tuple[tuple[str, str], ...] = (
    *(
        (f"Commit status `reconciler/production`: {state}", forge_words.verify_status([outcome]))
        for state in VerifyState
        for outcome in (_verified(state),)
    ),
    (
        "Commit status `reconciler/production`: several keyspaces",
        forge_words.verify_status([_verified(VerifyState.VERIFIED), _BROKEN]),
    ),
    (
        "Commit status `reconciler/production`: no schema touched",
        forge_words.NO_SCHEMA_CHANGE,
    ),
    (
        "Commit status `reconciler/production`: the fleet has overtaken the plan",
        forge_words.stale_status([(samples.UNIFORM, ("-40",))]),
    ),
    *(
        (
            f"Commit status `reconciler/production/apply`: {verdict}",
            forge_words.apply_status([_applied(verdict)]),
        )
        for verdict in ApplyVerdict
        if verdict not in (ApplyVerdict.NOTHING_TO_DO, ApplyVerdict.SUPERSEDED)
    ),
    (
        "Deployment to `production`",
        forge_words.deployment_words("commerce", samples.UNIFORM.plan_id),
    ),
    (
        "Commit of a plan that a job made",
        forge_words.plan_commit_message([samples.UNIFORM.plan_id]),
    ),
    (
        "The job's log: a keyspace leaves the specs",
        forge_words.given_up_line("commerce", "production"),
    ),
    *(("The job's log: a lower rule", forge_words.lowered_line(each)) for each in _LOWERED),
    (
        "Commit status `reconciler/production`: the review rule is lowered",
        forge_words.lowering_status(forge_words.NO_SCHEMA_CHANGE),
    ),
    ("The job's log: a fork", forge_words.FORK_LINE),
    ("The job's log: a broken glass", forge_words.break_glass_line(31)),
    ("The job's log: a committed plan", forge_words.committed_line("1f0c" * 10, "add-age")),
    (
        "The job's log: a pull request whose plan went stale",
        forge_words.pull_request_line(
            12, "production", forge_words.stale_status([(samples.UNIFORM, ("-40",))])
        ),
    ),
    (
        "The job's log: it is right again",
        forge_words.pull_request_line(12, "production", forge_words.NOT_STALE),
    ),
    (
        "The job's log: the forge did not take a comment",
        forge_words.untold_line("the comment", samples.FORGE_DENIED),
    ),
    ("Chat: `ci drift` found something", forge_words.chat_text([_DRIFTED, _CLEAN, _BROKEN], RUN)),
)
