"""`ci apply`: what was reviewed and merged, or nothing; proof of review is asked of the forge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from reconciler.cli.ci_deployment import Deployment
from reconciler.cli.ci_job import CiJob
from reconciler.cli.ci_progress import told_meanwhile
from reconciler.cli.gates import fleet_gates
from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.progress import shown_progress
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import Worlds
from reconciler.drive.status import current_apply
from reconciler.edges.github.job import BranchEvent
from reconciler.edges.github.notices import GithubNotices
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.apply import ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.forge.review import (
    Question,
    ReviewQuestion,
    SpecQuestion,
    current_refusals,
    review_proof,
)
from reconciler.flows.gates import Gate, Gates, SpecGate
from reconciler.flows.keyspaces import Loaded, choose_environment
from reconciler.guard.model import Refusal
from reconciler.guard.review.git import Review
from reconciler.model.policy import says_nothing
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, StatusOutcome
from reconciler.outcomes.exit_code import End, ExitCode, apply_end, together, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.compose.forge import break_glass_issue
from reconciler.report.forge_words import apply_status, break_glass_line, break_glass_title
from reconciler.report.render import apply_report
from reconciler.report.write.markdown import write_markdown
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top

BREAK_GLASS_ENVIRONMENT = "break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of the job: `glass_is_broken` leaves out the approvals, and nothing else."""

    ci: CiJob
    event: BranchEvent
    commit: str
    loaded: Loaded
    environment: str
    waves: WaveChoice
    glass_is_broken: bool

    def question(self, plan: Plan, files: DesiredFiles, environment: Environment) -> ReviewQuestion:
        return ReviewQuestion(
            plan=plan,
            commit=self.commit,
            branch=self.event.default_branch,
            spec_path=files.spec.path,
            schema_dir=files.spec.schema_dir,
            rule=environment.review,
            below=self.ci.history.below,
        )

    def spec_question(self, files: DesiredFiles, environment: Environment) -> SpecQuestion:
        return SpecQuestion(
            environment=environment.name,
            digest=dict(files.digests)[files.spec.path],
            commit=self.commit,
            branch=self.event.default_branch,
            spec_path=files.spec.path,
            rule=environment.review,
            below=self.ci.history.below,
        )


def apply_merged(
    repo: Path,
    keyspaces: Sequence[str],
    environment: str | None,
    *,
    wave: str,
    break_glass: str | None,
) -> int:
    run = _begin(repo, environment, wave, break_glass)
    if break_glass is not None:
        _break_glass(run, break_glass)
    outcomes = _apply_all(run, keyspaces)
    code = together(ci_end(outcome, run.waves) for outcome in outcomes)
    show(apply_report(outcomes, run.ci.how("github", run.loaded)))
    ordered = worst_first(outcomes, lambda outcome: ci_end(outcome, run.waves).code)
    run.ci.summarise(apply_document(ordered))
    _record(run, outcomes, code)
    for outcome in outcomes:
        _comment(run, outcome)
    verdicts = [o.verdict for o in outcomes if isinstance(o, ApplyOutcome)]
    run.ci.output(verdicts=verdicts, exit_code=int(code))
    return int(code)


def _begin(repo: Path, environment: str | None, wave: str, break_glass: str | None) -> _Run:
    ci = CiJob(repo)
    event = ci.default_branch_event("apply", "push", "workflow_dispatch")
    commit = ci.commit
    tree = ci.history.tree(commit)
    loaded = Loaded(root=ci.root, tree=tree, keyspaces=load_repository(tree))
    return _Run(
        ci=ci,
        event=event,
        commit=commit,
        loaded=loaded,
        environment=choose_environment(loaded.keyspaces, environment),
        waves=WaveChoice(wave),
        glass_is_broken=break_glass is not None,
    )


def _apply_all(run: _Run, keyspaces: Sequence[str]) -> list[ApplyOutcome | KeyspaceFailed]:
    request = ApplyRequest(
        commit=run.commit,
        review=Review.GITHUB,
        holder=f"{run.ci.job.actor} by {run.ci.job.run_url}",
        waves=run.waves,
    )
    with (
        Worlds(run.loaded.root, in_job=True) as worlds,
        counted_interrupts() as interrupts,
        shown_progress() as on_progress,
    ):

        def work(files: DesiredFiles, chosen: Environment) -> ApplyOutcome:
            deployment = Deployment(run.ci, run.commit, chosen.name)
            world = ApplyWorld(
                history=run.ci.history,
                gates=Gates(
                    plan=(deployment.note, _review_gate(run, files, chosen)),
                    spec=(_spec_gate(run, files, chosen),),
                    fleet=fleet_gates(worlds, files, chosen),
                ),
                connect=lambda: worlds.apply_connections_of(chosen, interrupts),
            )
            follow = partial(_tell_progress, run, worlds, chosen, files.spec.keyspace)
            try:
                with told_meanwhile(deployment.begin, follow) as notify:

                    def on_event(event: ProgressEvent) -> None:
                        on_progress(event)
                        notify(event)

                    outcome = apply_keyspace(world, files, chosen, request, on_progress=on_event)
            except ReconcilerError:
                deployment.lost()
                raise
            deployment.end(outcome)
            return outcome

        return run.loaded.each(run.environment, keyspaces, work)


def _review_gate(run: _Run, files: DesiredFiles, environment: Environment) -> Gate:
    return lambda plan: _proof(run, run.question(plan, files, environment))


def _spec_gate(run: _Run, files: DesiredFiles, environment: Environment) -> SpecGate:
    return lambda: _proof(run, run.spec_question(files, environment))


def _proof(run: _Run, question: Question) -> tuple[Refusal, ...]:
    if run.glass_is_broken:
        return current_refusals(run.ci.forge, question)
    return review_proof(run.ci.forge, run.ci.line, question)


def _break_glass(run: _Run, reason: str) -> None:
    """Raises Refused unless somebody else let this very run into the environment for it, and the
    issue that tells of it is open."""
    if says_nothing(reason):
        raise Refused(_no_reason())
    try:
        people = run.ci.forge.run_approvers(BREAK_GLASS_ENVIRONMENT)
        approved_by = [p.login for p in people if p.login.lower() not in run.ci.job.started_by]
        if not approved_by:
            raise Refused(_not_let_in())
        issue = break_glass_issue(
            environment=run.environment,
            commit=run.commit,
            actor=run.ci.job.actor,
            approved_by=approved_by,
            reason=reason,
            run=run.ci.job.run_url,
        )
        number = run.ci.notices.open_issue(
            break_glass_title(run.environment), write_markdown(issue)
        )
    except Refused:
        raise
    except ReconcilerError as unclear:
        raise Refused(*unclear.problems) from None
    remark(break_glass_line(number))


def ci_end(outcome: ApplyOutcome | KeyspaceFailed, waves: WaveChoice) -> End:
    """RV-5: a re-run that came too late has nothing to do, and did nothing."""
    if isinstance(outcome, ApplyOutcome) and outcome.verdict is ApplyVerdict.SUPERSEDED:
        return End(code=ExitCode.FINE)
    return apply_end(outcome, waves)


def _record(run: _Run, outcomes: Sequence[ApplyOutcome | KeyspaceFailed], code: ExitCode) -> None:
    """A status with the plan ids; not where nothing was due."""
    idle = (ApplyVerdict.NOTHING_TO_DO, ApplyVerdict.SUPERSEDED)
    due = [o for o in outcomes if not isinstance(o, ApplyOutcome) or o.verdict not in idle]
    if not due:
        return
    run.ci.tell(
        "the commit status",
        lambda notices: notices.set_status(
            run.commit,
            f"reconciler/{run.environment}/apply",
            state="success" if code is ExitCode.FINE else "failure",
            description=apply_status(due),
            url=run.ci.job.run_url,
        ),
    )


def _comment(run: _Run, outcome: ApplyOutcome | KeyspaceFailed) -> None:
    """In the pull request that brought the plan, where there was something to do. A run that is run
    again and comes too late leaves what the earlier one told."""
    if isinstance(outcome, KeyspaceFailed) or outcome.plan is None:
        return
    late = outcome.verdict is ApplyVerdict.SUPERSEDED and run.ci.job.is_rerun
    if outcome.verdict is not ApplyVerdict.NOTHING_TO_DO and not late:
        _tell_author(
            run, outcome.environment, outcome.keyspace, write_markdown(apply_document([outcome]))
        )


def _tell_progress(run: _Run, worlds: Worlds, environment: Environment, keyspace: str) -> None:
    """Of a rollout that has begun: its ledger is open."""
    now_s = worlds.world_of(environment).clock.now_s()
    try:
        ledger = worlds.ledger_of(environment)
        status = current_apply(ledger, environment.name, keyspace, now_s=now_s)
    except ReconcilerError:
        return  # the rollout itself says what is wrong with the ledger
    if status is not None:
        outcome = StatusOutcome(environment=environment.name, applies=(status,), now_s=now_s)
        _tell_author(run, environment.name, keyspace, write_markdown(status_document(outcome)))


def _tell_author(run: _Run, environment: str, keyspace: str, body: str) -> None:
    path = from_the_top(plan_paths(environment, keyspace).json, run.ci.history.below)

    def write(notices: GithubNotices) -> None:
        brought_by = run.ci.line.last_change(run.commit, path)
        if brought_by is not None:
            for number in run.ci.forge.pull_requests_of(brought_by)[:1]:
                notices.keep_comment(number, body)

    run.ci.tell("the comment", write)


def _no_reason() -> Problem:
    return Problem(
        code="break-glass-without-reason",
        message="--break-glass was given no reason",
        recovery="say why in a sentence; it goes into the issue",
    )


def _not_let_in() -> Problem:
    return Problem(
        code="break-glass-not-approved",
        message="nobody but who started it let this run into the environment"
        f" {BREAK_GLASS_ENVIRONMENT!r}",
        recovery="give that environment required reviewers who are not the one who starts the job,"
        " let the job use it, and have one of them let it in",
    )
