"""`ci verify` and `ci plan`: what a pull request would change, told where its author looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TypeVar

import click

from reconciler import __version__
from reconciler.cli.ci_job import CiJob, wrong_event
from reconciler.cli.exit_code import ExitCode, worst
from reconciler.cli.presenting import presentation
from reconciler.cli.streams import show
from reconciler.cli.run import Loaded
from reconciler.cli.verify import verify_code
from reconciler.cli.wire import Worlds, utc_text
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.job import BranchEvent, MergeGroupEvent, PullRequestEvent
from reconciler.edges.github.notices import GithubNotices
from reconciler.errors import Refused
from reconciler.flows.ci_change import touched_keyspaces
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes import KeyspaceFailed, PlanOutcome, VerifyOutcome
from reconciler.report.markdown.ci import fork_comment, unchanged_comment
from reconciler.report.markdown.plan import plan_markdown, verify_markdown
from reconciler.report.next_steps import verify_verdict
from reconciler.report.render import plan_report, verify_report
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment

Outcome = TypeVar("Outcome", VerifyOutcome, PlanOutcome)
Work = Callable[[DesiredFiles, Environment], Outcome]


class Telling(Enum):
    """Whether `plan` also writes into the pull request's comment, where `verify` may have said why
    it refuses."""

    COMMENT = "comment"
    FILES_ONLY = "files only"


class _Change:
    """The change that the job is about, and which keyspaces it touches."""

    def __init__(self, repo: Path, verb: str) -> None:
        self.ci = CiJob(repo)
        event = self.ci.job.event
        if isinstance(event, BranchEvent):
            raise Refused(wrong_event(verb, "on pull_request or merge_group"))
        self.event: PullRequestEvent | MergeGroupEvent = event
        after = self.ci.history.tree(self.ci.commit)
        self.before = self.ci.history.tree(self.ci.history.resolve(self._base()))
        self.touched = touched_keyspaces(self.before, after)
        self.loaded = Loaded(root=self.ci.root, tree=after, keyspaces=load_repository(after))

    @property
    def pull_request(self) -> PullRequestEvent | None:
        return self.event if isinstance(self.event, PullRequestEvent) else None

    def environments(self, asked: Sequence[str]) -> list[str]:
        if asked:
            return sorted(set(asked))
        names = {
            environment.name
            for files in self.loaded.keyspaces.values()
            if isinstance(files, DesiredFiles)
            for environment in files.spec.environments
        }
        # With every spec broken there is no name; what is wrong must still be said.
        return sorted(names) or ["(none)"]

    def outcomes(self, environment: str, work: Work[Outcome]) -> list[Outcome | KeyspaceFailed]:
        """Of the touched keyspaces that have the environment, or that nobody could read."""
        names = [name for name in self.touched if self._concerns(name, environment)]
        return self.loaded.each(environment, names, work) if names else []

    def _concerns(self, name: str, environment: str) -> bool:
        files = self.loaded.keyspaces.get(name)
        if isinstance(files, DesiredFiles):
            return files.spec.environment(environment) is not None
        return files is not None

    def _base(self) -> str:
        """What a pull request's merge is compared with is its first parent: the base branch as it
        is now, not as it was when the branch began."""
        if isinstance(self.event, MergeGroupEvent):
            return self.event.base_commit
        line = self.ci.line.back_from(self.ci.commit, 2)
        is_merge = len(line) == 2 and line[0].parents == 2
        return line[1].id if is_merge else self.event.base_commit


def verify_change(repo: Path, environments: Sequence[str], sarif: Path | None) -> int:
    change = _Change(repo, "verify")
    if not change.touched:
        return _unchanged(change, environments, sarif)
    if change.pull_request and change.pull_request.is_fork:
        return _from_fork(change, change.pull_request)
    codes, everything = [], []
    with Worlds(change.loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> VerifyOutcome:
            world = worlds.world_of(chosen)
            return verify_keyspace(world, files, chosen, tree=change.loaded.tree)

        for environment in change.environments(environments):
            outcomes = change.outcomes(environment, work)
            code = worst(verify_code(outcome) for outcome in outcomes)
            _tell_verified(change, environment, outcomes, code)
            codes.append(code)
            everything += outcomes
    _forget_untouched(change)
    how = presentation("github", change.loaded.keyspaces)
    show(verify_report(everything, how))
    if sarif:
        sarif.write_text(verify_report(everything, presentation("sarif", change.loaded.keyspaces)))
    plans = [o.plan.plan_id for o in everything if isinstance(o, VerifyOutcome) and o.plan]
    change.ci.output(changed=True, plan_ids=plans, exit_code=int(worst(codes)))
    return int(worst(codes))


def plan_change(repo: Path, environments: Sequence[str], telling: Telling) -> int:
    change = _Change(repo, "plan")
    pull_request = change.pull_request
    if not change.touched:
        return _unchanged(change, environments, None)
    if pull_request and pull_request.is_fork:
        return _from_fork(change, pull_request)
    codes, everything = [], []
    with Worlds(change.loaded.root) as worlds:
        for environment in change.environments(environments):
            outcomes = change.outcomes(environment, _planning(change, worlds))
            everything += outcomes
            for outcome in outcomes:
                codes.append(_plan_code(outcome))
                if telling is Telling.COMMENT:
                    _comment(change, plan_markdown([outcome]))
            change.ci.summarise(plan_markdown(outcomes))
    show(plan_report(everything, presentation("github", change.loaded.keyspaces)))
    plans = [o.plan.plan_id for o in everything if isinstance(o, PlanOutcome) and o.plan]
    change.ci.output(changed=True, plan_ids=plans, exit_code=int(worst(codes)))
    return int(worst(codes))


def _planning(change: _Change, worlds: Worlds) -> Work[PlanOutcome]:
    def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome:
        world = worlds.world_of(chosen)
        outcome = plan_keyspace(
            world,
            files,
            chosen,
            protected=change.before,
            created_at=utc_text(world.clock),
            tool_version=__version__,
        )
        if outcome.refusals:
            return outcome
        return keep_plan(outcome, change.loaded.tree, WorkingTreeWriter(change.loaded.root))

    return work


def _plan_code(outcome: PlanOutcome | KeyspaceFailed) -> ExitCode:
    from reconciler.cli.presenting import failed_code

    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    return ExitCode.REFUSED if outcome.refusals else ExitCode.FINE


def _unchanged(change: _Change, environments: Sequence[str], sarif: Path | None) -> int:
    """No connection is made, and none is needed."""
    click.echo("no schema change")
    change.ci.summarise("### ✅ no schema change")
    change.ci.output(changed=False, plan_ids=[], exit_code=0)
    if sarif:
        sarif.write_text(verify_report([], presentation("sarif")))
    if change.ci.job.token:
        for environment in change.environments(environments):
            _status(change, environment, "no schema change", ExitCode.FINE)
        _forget_untouched(change)
    return int(ExitCode.FINE)


def _forget_untouched(change: _Change) -> None:
    """Only in the place of what an earlier state of the pull request was told."""
    pull_request = change.pull_request
    if pull_request is None or pull_request.is_fork:
        return
    bodies = [
        unchanged_comment(environment.name, keyspace)
        for keyspace, files in change.loaded.keyspaces.items()
        if isinstance(files, DesiredFiles) and keyspace not in change.touched
        for environment in files.spec.environments
    ]
    replace_them = partial(_replace_comments, number=pull_request.number, bodies=bodies)
    change.ci.tell("the comment", replace_them)


def _replace_comments(notices: GithubNotices, *, number: int, bodies: Sequence[str]) -> None:
    told = notices.own_first_lines(number)
    for body in bodies:
        if body.partition("\n")[0] in told:
            notices.keep_comment(number, body)


def _from_fork(change: _Change, pull_request: PullRequestEvent) -> int:
    """Files by themselves, and a plan from files to files; a red check, because nobody compared
    them with the fleet."""
    from reconciler.cli.ci_fork import plans_between

    outcomes = list(plans_between(change.loaded, load_repository(change.before), change.touched))
    show(plan_report(outcomes, presentation("github", change.loaded.keyspaces)))
    click.echo(
        "a schema change from a fork: it has no secrets, so nothing was compared with the fleet;"
        " a maintainer takes it into this repository, see the job's summary [fork-not-verified]"
    )
    change.ci.summarise(fork_comment(change.touched, pull_request.number))
    change.ci.summarise(plan_markdown(outcomes))
    change.ci.output(changed=True, plan_ids=[], exit_code=int(ExitCode.REFUSED))
    return int(ExitCode.REFUSED)


def _tell_verified(
    change: _Change,
    environment: str,
    outcomes: Sequence[VerifyOutcome | KeyspaceFailed],
    code: ExitCode,
) -> None:
    if not outcomes:
        return
    change.ci.summarise(verify_markdown(outcomes))
    for outcome in outcomes:
        _comment(change, verify_markdown([outcome]))
    verdicts = {outcome.keyspace: _verdict(outcome) for outcome in outcomes}
    _status(change, environment, _in_one_line(verdicts), code)


def _verdict(outcome: VerifyOutcome | KeyspaceFailed) -> str:
    if isinstance(outcome, KeyspaceFailed):
        return "failed"
    plan_id = f"plan {outcome.plan.plan_id[:19]}" if outcome.plan else "no plan"
    return f"{plan_id}, {verify_verdict(outcome)}"


def _in_one_line(verdicts: Mapping[str, str]) -> str:
    return "; ".join(f"{keyspace}: {verdict}" for keyspace, verdict in sorted(verdicts.items()))


def _comment(change: _Change, body: str) -> None:
    pull_request = change.pull_request
    if pull_request is not None:
        change.ci.tell("the comment", lambda n: n.keep_comment(pull_request.number, body))


def _status(change: _Change, environment: str, description: str, code: ExitCode) -> None:
    """On the author's commit, where reviewers look; of a merge group on the group's."""
    pull_request = change.pull_request
    commit = pull_request.head_commit if pull_request else change.ci.job.commit
    state = "success" if code is ExitCode.FINE else "failure"
    change.ci.tell(
        "the commit status",
        lambda notices: notices.set_status(
            commit,
            f"reconciler/{environment}",
            state=state,
            description=description,
            url=change.ci.job.run_url,
        ),
    )
