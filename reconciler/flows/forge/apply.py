"""`ci apply`: what was reviewed and merged, or nothing; proof of review is asked of the forge."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from reconciler.drive.open import Releases
from reconciler.drive.split.reshard_tick import ReshardWorld
from reconciler.drive.split.world import SplitWorld
from reconciler.errors import ReconcilerError, Refused
from reconciler.flows.apply import ApplyConnections, ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.forge.asker import AskedInRun, asked_in_run
from reconciler.flows.forge.author import tell_outcome, tell_progress
from reconciler.flows.forge.deployment import Deployment
from reconciler.flows.forge.ends import Applied, ci_end, ci_verdict, has_gone_past, is_idle
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import Merged, begin_merged
from reconciler.flows.forge.news import News, tell_ended, teller_of
from reconciler.flows.forge.reviewed import reviewed_in
from reconciler.flows.forge.wave_gate import wave_gate
from reconciler.flows.gates import Gates
from reconciler.flows.keyspace_order import left_alone_before, order_gates
from reconciler.flows.keyspaces import flattened, one_after_another, one_environment
from reconciler.flows.part import holds_nothing
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    SplitGates,
    apply_split,
    is_of_a_wave,
)
from reconciler.flows.split.reached import SplitWorlds, look_of, planning_world, standing_of
from reconciler.flows.split.settle import Standing, beside
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.review.break_glass import (
    BREAK_GLASS_ENVIRONMENT,
    BreakGlassRequest,
    judge_break_glass,
    reason_refusals,
)
from reconciler.guard.review.git import Review
from reconciler.guard.review.places import place_of
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.exit_code import End, ExitCode, together, worst_first
from reconciler.outcomes.progress import ProgressEvent
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.ledger import Ledger
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.world import World
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.forge import break_glass_issue
from reconciler.report.forge_words import (
    apply_status,
    break_glass_line,
    break_glass_title,
    past_failures_line,
)
from reconciler.report.render import Format, apply_report
from reconciler.report.write.markdown import write_markdown
from reconciler.rollout.behest import Behest
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Notify = Callable[[ProgressEvent], None]


class Rollouts(SplitWorlds, Protocol):
    """What the job's rollouts reach and where they are shown, for as long as they run."""

    def ledger_of(self, environment: Environment) -> Ledger:
        """Raises Unavailable if it cannot be opened, Refused if it came with the checkout."""

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        """Raises as `ledger_of`, and NoLastingLedger where it ends with the job."""

    def checks(self) -> PromotionChecks:
        """What specs measure (`promote_if`) is put to these."""

    def connect(self, environment: Environment) -> ApplyConnections:
        """What can change shards. Raises Unavailable if the ledger cannot be opened."""

    def split_driving_of(self, environment: Environment) -> SplitWorld | ReshardWorld:
        """What can move rows, or have Vitess move them. Raises as `split_jobs_of`."""

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
    """What the workflow asks for; `break_glass` is the reason to go without the approvals,
    `max_runtime_s` for how long a split is driven. With `part`, one wave, in `region` if there is
    one; with `parts`, a wave of its own for each keyspace. `status_of` is the keyspace whose own
    the commit status is, where each is run by itself. What `releases` something is asked for by a
    person, who must be one who may."""

    environment: str | None = None
    region: str | None = None
    waves: WaveChoice = WaveChoice.ALL
    part: PartOrder | None = None
    parts: Mapping[str, PartOrder] | None = None
    releases: Releases = Releases.NOTHING
    break_glass: str | None = None
    max_runtime_s: int = 3_600
    status_of: str | None = None
    behest: Behest = Behest.SOMEBODY

    def part_of(self, keyspace: str) -> PartOrder | None:
        return self.parts[keyspace] if self.parts is not None else self.part

    def end_of(self, outcome: Applied) -> End:
        part = self.part_of(outcome.keyspace)
        return ci_end(outcome, self.waves, part.wave if part else None)


def apply_merged(
    job: ForgeJob, keyspaces: Sequence[str], asked: ApplyJobRequest, begin: BeginRollouts
) -> ExitCode:
    """Raises Refused for a job that is none of a merge, and for broken glass that nobody may
    break."""
    return run_merged(job, keyspaces, asked, begin)[1]


def run_merged(
    job: ForgeJob, keyspaces: Sequence[str], asked: ApplyJobRequest, begin: BeginRollouts
) -> tuple[list[Applied], ExitCode]:
    """With what came of each, for whoever decides by that when to come again. Raises as
    `apply_merged`."""
    run = begin_merged(
        job,
        "apply",
        asked.environment,
        "push",
        "workflow_dispatch",
        glass_is_broken=asked.break_glass is not None,
    )
    if is_of_a_wave(asked.waves, asked.part) or asked.parts is not None:
        one_environment(run.loaded.keyspaces, run.environment, keyspaces, "a wave")
    if asked.break_glass is not None:
        _break_glass(run, asked.break_glass)
    outcomes = _apply_all(run, keyspaces, asked, begin)
    code = together(asked.end_of(outcome) for outcome in outcomes)
    job.log.show(apply_report(outcomes, job.shown(Format.GITHUB, run.loaded)))
    ordered = worst_first(outcomes, lambda outcome: asked.end_of(outcome).code)
    job.summarise(apply_document(ordered, job.files(run.loaded), in_job=True))
    _record(run, asked, outcomes, code)
    for outcome in outcomes:
        tell_outcome(run, outcome)
        tell_ended(teller_of(job), outcome)
    job.log.output(verdicts=[*filter(None, map(ci_verdict, outcomes))], exit_code=int(code))
    return outcomes, code


def _apply_all(
    run: Merged, keyspaces: Sequence[str], asked: ApplyJobRequest, begin: BeginRollouts
) -> list[Applied]:
    person = asked_in_run(run) if asked.releases is Releases.WHAT_HOLDS else None
    with begin() as rollouts:

        def work(files: DesiredFiles, chosen: Environment) -> tuple[Applied, ...]:
            if chosen.retiring and (unreviewed := run.spec_gate(files, chosen)()):
                return (_without_ledger(files, chosen, unreviewed),)
            if person is not None:
                person.asker(chosen, releases=True)  # before a ledger is opened (RG-68)
            stands = standing_of(rollouts, files, chosen)

            def drive_split() -> Applied:
                return _drive_split(run, asked, person, rollouts, files, chosen)

            def change_schema() -> Applied:
                return _change_schema(run, asked, person, rollouts, files, stands)

            if stands.is_moving:
                return (drive_split(),)
            part = asked.part_of(files.spec.keyspace)
            if stands.job is None or is_of_a_wave(asked.waves, part):
                return (change_schema(),)
            return one_after_another(chosen.name, files.spec.keyspace, drive_split, change_schema)

        return flattened(run.loaded.each(run.environment, keyspaces, work, region=asked.region))


def _without_ledger(
    files: DesiredFiles, environment: Environment, refusals: tuple[Refusal, ...]
) -> SplitApplyOutcome:
    """Only the ledger that the spec names tells whether its shards still move (GT-1)."""
    return SplitApplyOutcome(
        environment=environment.name, keyspace=files.spec.keyspace, refusals=refusals
    )


def _change_schema(
    run: Merged,
    asked: ApplyJobRequest,
    person: AskedInRun | None,
    rollouts: Rollouts,
    files: DesiredFiles,
    stands: Standing,
) -> ApplyOutcome:
    chosen = stands.environment
    asker = person.asker(chosen, releases=True) if person is not None else None
    part = asked.part_of(files.spec.keyspace)
    request = ApplyRequest(
        commit=run.commit,
        review=Review.GITHUB,
        holder=run.holder,
        waves=asked.waves,
        releases=asked.releases,
        part=part and replace(part, is_rerun=run.job.facts.is_rerun),
        asker=asker,
        behest=asked.behest,
        reviewed=partial(reviewed_in, run, chosen.name, files.spec.keyspace),
    )

    def look_at(of: DesiredFiles, before: Environment) -> tuple[World, Environment]:
        first = standing_of(rollouts, of, before)
        return look_of(rollouts, first), first.environment

    def connect() -> ApplyConnections:
        connections = rollouts.connect(chosen)
        return replace(connections, look=beside(connections.look, stands.job))

    before = run.predecessors(look_at, rollouts.lasting_ledger_of, rollouts.checks())
    deployment = Deployment(run.job, run.commit, place_of(chosen.name, chosen.region))
    world = ApplyWorld(
        history=run.job.clone,
        gates=Gates(
            plan=(
                deployment.note,
                run.review_gate(files, chosen),
                wave_gate(run.job, chosen, part, asker),
            ),
            spec=(run.spec_gate(files, chosen),),
            fleet=order_gates(before, files, chosen),
        ),
        connect=connect,
        left_alone_before=left_alone_before(before, files, chosen),
    )
    follow = partial(tell_progress, run, rollouts.ledger_of, chosen, files.spec.keyspace)
    news = News(teller_of(run.job), chosen)
    try:
        with rollouts.meanwhile(news.behind(deployment.begin), news.behind(follow)) as notify:

            def on_event(event: ProgressEvent) -> None:
                for tell in (rollouts.on_progress, news.note, notify):
                    tell(event)

            outcome = apply_keyspace(world, files, chosen, request, on_progress=on_event)
    except ReconcilerError:
        deployment.lost()
        raise
    deployment.end(outcome)
    if holds_nothing(outcome, part, chosen, partial(rollouts.ledger_of, chosen)):
        run.job.log.remark(past_failures_line(outcome))
        return replace(outcome, holds_nothing=True)
    return outcome


def _drive_split(
    run: Merged,
    asked: ApplyJobRequest,
    person: AskedInRun | None,
    rollouts: Rollouts,
    files: DesiredFiles,
    chosen: Environment,
) -> SplitApplyOutcome:
    """Raises Refused for a person who may ask nothing of a move."""
    asker = person.asker(chosen, releases=False) if person is not None else None
    world = SplitApplyWorld(
        history=run.job.clone,
        gates=SplitGates(spec=run.spec_gate(files, chosen), plan=run.review_gate(files, chosen)),
        connect=lambda: SplitConnections(
            planning=planning_world(rollouts, chosen),
            driving=rollouts.split_driving_of(chosen),
        ),
    )
    request = SplitApplyRequest(
        commit=run.commit,
        review=Review.GITHUB,
        holder=run.holder,
        runtime_s=asked.max_runtime_s,
        waves=asked.waves,
        part=asked.part_of(files.spec.keyspace),
        resumes=asker is not None,
        resumed_by=asker.line if asker is not None else None,
    )
    return apply_split(world, files, chosen, request)


def _break_glass(run: Merged, reason: str) -> None:
    """Raises Refused unless it may be broken, and the issue that tells of it is open."""
    facts = run.job.facts
    request = BreakGlassRequest(
        environment=run.environment,
        commit=run.commit,
        reason=reason,
        actor=facts.actor,
        run_url=facts.run_url,
    )
    if refusals := reason_refusals(request):
        raise Refused(*map(problem_from, refusals))
    try:
        forge = run.job.ask()
        let_in_by = forge.run_approvers(BREAK_GLASS_ENVIRONMENT)
        judged = judge_break_glass(request, forge.this_run(), let_in_by)
        if isinstance(judged, Refusal):
            raise Refused(problem_from(judged))
        title = break_glass_title(run.environment)
        number = run.job.tell().open_issue(title, write_markdown(break_glass_issue(judged)))
    except Refused:
        raise
    except ReconcilerError as unclear:
        raise Refused(*unclear.problems) from None
    run.job.log.remark(break_glass_line(number))


def _record(
    run: Merged, asked: ApplyJobRequest, outcomes: Sequence[Applied], code: ExitCode
) -> None:
    """A status with the plan ids; not where nothing was due. Red for a shard that failed, also
    where the graph goes on."""
    due = [outcome for outcome in outcomes if not is_idle(outcome)]
    if not due:
        return
    is_fine = code is ExitCode.FINE and not any(map(has_gone_past, due))
    own = f"/{asked.status_of}" if asked.status_of is not None else ""
    run.job.say(
        "the commit status",
        lambda notices: notices.set_status(
            run.commit,
            f"reconciler/{place_of(run.environment, asked.region)}/apply{own}",
            state="success" if is_fine else "failure",
            description=apply_status(due),
            url=run.job.facts.run_url,
        ),
    )
