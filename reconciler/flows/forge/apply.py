"""`ci apply`: what was reviewed and merged, or nothing; proof of review is asked of the forge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from reconciler.drive.status import current_apply
from reconciler.errors import ReconcilerError, Refused
from reconciler.flows.apply import ApplyConnections, ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.forge.deployment import Deployment
from reconciler.flows.forge.job import ForgeJob, default_branch_event
from reconciler.flows.forge.review import (
    Question,
    ReviewQuestion,
    SpecQuestion,
    current_refusals,
    review_proof,
)
from reconciler.flows.gates import Gate, Gates, SpecGate
from reconciler.flows.keyspaces import Loaded, choose_environment
from reconciler.flows.promotion import fleet_gates
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.review.break_glass import (
    BREAK_GLASS_ENVIRONMENT,
    BreakGlassRequest,
    judge_break_glass,
    reason_refusals,
)
from reconciler.guard.review.git import Review
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, StatusOutcome
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import End, ExitCode, together, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.ports.job import BranchEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import Notices
from reconciler.ports.world import World
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.compose.forge import break_glass_issue
from reconciler.report.forge_words import apply_status, break_glass_line, break_glass_title
from reconciler.report.render import Format, apply_report
from reconciler.report.write.markdown import write_markdown
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top

Notify = Callable[[ProgressEvent], None]


class Rollouts(Protocol):
    """What the job's rollouts reach and where they are shown, for as long as they run."""

    def world_of(self, environment: Environment) -> World:
        """To look at the environment's shards; no connection is opened yet."""

    def ledger_of(self, environment: Environment) -> Ledger:
        """Raises Unavailable if it cannot be opened, Refused if it came with the checkout."""

    def connect(self, environment: Environment) -> ApplyConnections:
        """What can change shards. Raises Unavailable if the ledger cannot be opened."""

    def on_progress(self, event: ProgressEvent) -> None:
        """Show it in the log."""

    def meanwhile(
        self, begin: Callable[[], None], say: Callable[[], None]
    ) -> AbstractContextManager[Notify]:
        """Beside the thread that drives: `begin` once if a rollout started, `say` when something
        ended, at most every few seconds. A slow forge must not keep a lease from being renewed."""


BeginRollouts = Callable[[], AbstractContextManager[Rollouts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyJobRequest:
    """What the workflow asks for; `break_glass` is the reason to go without the approvals."""

    environment: str | None = None
    waves: WaveChoice = WaveChoice.ALL
    break_glass: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of the job: `glass_is_broken` leaves out the approvals, and nothing else."""

    job: ForgeJob
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
            below=self.job.clone.below,
        )

    def spec_question(self, files: DesiredFiles, environment: Environment) -> SpecQuestion:
        return SpecQuestion(
            environment=environment.name,
            digest=dict(files.digests)[files.spec.path],
            commit=self.commit,
            branch=self.event.default_branch,
            spec_path=files.spec.path,
            rule=environment.review,
            below=self.job.clone.below,
        )


def apply_merged(
    job: ForgeJob, keyspaces: Sequence[str], asked: ApplyJobRequest, begin: BeginRollouts
) -> ExitCode:
    """Raises Refused for a job that is none of a merge, and for broken glass that nobody may
    break."""
    run = _begin(job, asked)
    if asked.break_glass is not None:
        _break_glass(run, asked.break_glass)
    outcomes = _apply_all(run, keyspaces, begin)
    code = together(ci_end(outcome, run.waves) for outcome in outcomes)
    job.log.show(apply_report(outcomes, job.shown(Format.GITHUB, run.loaded)))
    ordered = worst_first(outcomes, lambda outcome: ci_end(outcome, run.waves).code)
    job.summarise(apply_document(ordered))
    _record(run, outcomes, code)
    for outcome in outcomes:
        _comment(run, outcome)
    verdicts = [o.verdict for o in outcomes if isinstance(o, ApplyOutcome)]
    job.log.output(verdicts=verdicts, exit_code=int(code))
    return code


def _begin(job: ForgeJob, asked: ApplyJobRequest) -> _Run:
    event = default_branch_event(job, "apply", "push", "workflow_dispatch")
    commit = job.commit
    loaded = job.load(commit)
    return _Run(
        job=job,
        event=event,
        commit=commit,
        loaded=loaded,
        environment=choose_environment(loaded.keyspaces, asked.environment),
        waves=asked.waves,
        glass_is_broken=asked.break_glass is not None,
    )


def _apply_all(
    run: _Run, keyspaces: Sequence[str], begin: BeginRollouts
) -> list[ApplyOutcome | KeyspaceFailed]:
    facts = run.job.facts
    request = ApplyRequest(
        commit=run.commit,
        review=Review.GITHUB,
        holder=f"{facts.actor} by {facts.run_url}",
        waves=run.waves,
    )
    with begin() as rollouts:

        def work(files: DesiredFiles, chosen: Environment) -> ApplyOutcome:
            deployment = Deployment(run.job, run.commit, chosen.name)
            world = ApplyWorld(
                history=run.job.clone,
                gates=Gates(
                    plan=(deployment.note, _review_gate(run, files, chosen)),
                    spec=(_spec_gate(run, files, chosen),),
                    fleet=fleet_gates(rollouts.world_of, files, chosen),
                ),
                connect=lambda: rollouts.connect(chosen),
            )
            follow = partial(_tell_progress, run, rollouts, chosen, files.spec.keyspace)
            try:
                with rollouts.meanwhile(deployment.begin, follow) as notify:

                    def on_event(event: ProgressEvent) -> None:
                        rollouts.on_progress(event)
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
        return current_refusals(run.job.ask(), question)
    return review_proof(run.job.ask(), run.job.line, question)


def _break_glass(run: _Run, reason: str) -> None:
    """Raises Refused unless it may be broken, and the issue that tells of it is open."""
    facts = run.job.facts
    request = BreakGlassRequest(
        environment=run.environment,
        commit=run.commit,
        reason=reason,
        actor=facts.actor,
        started_by=facts.started_by,
        run_url=facts.run_url,
    )
    if refusals := reason_refusals(request):
        raise Refused(*map(problem_from, refusals))
    try:
        let_in_by = run.job.ask().run_approvers(BREAK_GLASS_ENVIRONMENT)
        judged = judge_break_glass(request, let_in_by)
        if isinstance(judged, Refusal):
            raise Refused(problem_from(judged))
        title = break_glass_title(run.environment)
        number = run.job.tell().open_issue(title, write_markdown(break_glass_issue(judged)))
    except Refused:
        raise
    except ReconcilerError as unclear:
        raise Refused(*unclear.problems) from None
    run.job.log.remark(break_glass_line(number))


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
    run.job.say(
        "the commit status",
        lambda notices: notices.set_status(
            run.commit,
            f"reconciler/{run.environment}/apply",
            state="success" if code is ExitCode.FINE else "failure",
            description=apply_status(due),
            url=run.job.facts.run_url,
        ),
    )


def _comment(run: _Run, outcome: ApplyOutcome | KeyspaceFailed) -> None:
    """In the pull request that brought the plan, where there was something to do. A run that is run
    again and comes too late leaves what the earlier one told."""
    if isinstance(outcome, KeyspaceFailed) or outcome.plan is None:
        return
    late = outcome.verdict is ApplyVerdict.SUPERSEDED and run.job.facts.is_rerun
    if outcome.verdict is not ApplyVerdict.NOTHING_TO_DO and not late:
        _tell_author(
            run, outcome.environment, outcome.keyspace, write_markdown(apply_document([outcome]))
        )


def _tell_progress(run: _Run, rollouts: Rollouts, environment: Environment, keyspace: str) -> None:
    """Of a rollout that has begun: its ledger is open."""
    now_s = run.job.clock.now_s()
    try:
        ledger = rollouts.ledger_of(environment)
        keep_old_s = environment.engine.keep_old_s
        status = current_apply(
            ledger, environment.name, keyspace, now_s=now_s, keep_old_s=keep_old_s
        )
    except ReconcilerError:
        return  # the rollout itself says what is wrong with the ledger
    if status is not None:
        outcome = StatusOutcome(environment=environment.name, applies=(status,), now_s=now_s)
        _tell_author(run, environment.name, keyspace, write_markdown(status_document(outcome)))


def _tell_author(run: _Run, environment: str, keyspace: str, body: str) -> None:
    path = from_the_top(plan_paths(environment, keyspace).json, run.job.clone.below)

    def write(notices: Notices) -> None:
        brought_by = run.job.line.last_change(run.commit, path)
        if brought_by is not None:
            for number in run.job.ask().pull_requests_of(brought_by)[:1]:
                notices.keep_comment(number, body)

    run.job.say("the comment", write)
