"""`ci verify` and `ci plan`: what a pull request would change, told where its author looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar

import click

from reconciler import __version__
from reconciler.cli.ci_commit import commit_plans, committer
from reconciler.cli.ci_fork import plans_between
from reconciler.cli.ci_job import CiJob, wrong_event
from reconciler.cli.presenting import schema_files
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds, utc_text
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.job import BranchEvent, MergeGroupEvent, PullRequestEvent
from reconciler.edges.github.notices import GithubNotices
from reconciler.errors import Refused
from reconciler.flows.forge.change import Side, given_up, touched_keyspaces
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.forge.lowering import lowered_rules, other_owners
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes.exit_code import ExitCode, plan_code, verify_code, worst, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.lowered import Lowered
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.report.compose.forge import (
    REVIEW_RULE,
    fork_summary,
    given_up_summary,
    lowered_comment,
    unchanged_comment,
    unchanged_summary,
)
from reconciler.report.compose.plan import plan_document, verify_document
from reconciler.report.forge_words import (
    FORK_LINE,
    NO_SCHEMA_CHANGE,
    given_up_line,
    lowered_line,
    lowering_status,
    verify_status,
)
from reconciler.report.render import plan_report, verify_report
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.neutral import is_marker, marker
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

Outcome = TypeVar("Outcome", VerifyOutcome, PlanOutcome)
Work = Callable[[DesiredFiles, Environment], Outcome]


class Telling(Enum):
    """Whether `plan` also writes into the pull request's comment, where `verify` may have said why
    it refuses."""

    COMMENT = "comment"
    FILES_ONLY = "files only"


class Keeping(Enum):
    """Where `plan` leaves the plans that it made."""

    FILES = "files"
    COMMIT = "commit"


class _Change:
    """The change that the job is about, and which keyspaces it touches."""

    def __init__(self, repo: Path, verb: str) -> None:
        self.ci = CiJob(repo)
        event = self.ci.job.event
        if isinstance(event, BranchEvent):
            raise Refused(wrong_event(verb, "on pull_request or merge_group"))
        self.event: PullRequestEvent | MergeGroupEvent = event
        is_fork = self.pull_request is not None and self.pull_request.is_fork
        self.budget = ForkBudget(SystemClock()) if is_fork else None
        self._base_commit = self.ci.history.resolve(self._base())
        before, now = map(self.ci.history.tree, (self._base_commit, self.ci.commit))
        if self.budget:
            before, now = self.budget.base_tree(before), self.budget.fork_tree(now)
        self.before, after = _side(before), _side(now)
        if self.budget:
            self.budget.check()
        self.touched = touched_keyspaces(self.before, after)
        self.given_up = given_up(self.before, after)
        self.lowered = self._lowered(after)
        self.loaded = Loaded(root=self.ci.root, tree=after.tree, keyspaces=after.keyspaces)
        self.files = schema_files(self.loaded.keyspaces)

    @property
    def pull_request(self) -> PullRequestEvent | None:
        return self.event if isinstance(self.event, PullRequestEvent) else None

    def outcomes(self, environment: str, work: Work[Outcome]) -> list[Outcome | KeyspaceFailed]:
        """Of the touched keyspaces that have the environment, or that nobody could read."""
        names = [name for name in self.touched if self._concerns(name, environment)]
        return self.loaded.each(environment, names, work) if names else []

    def _concerns(self, name: str, environment: str) -> bool:
        files = self.loaded.keyspaces.get(name)
        if isinstance(files, DesiredFiles):
            return files.spec.environment(environment) is not None
        return files is not None

    def _lowered(self, after: Side) -> tuple[Lowered, ...]:
        commits = (self._base_commit, self.ci.commit)
        below = self.ci.history.below
        owners = other_owners(self.ci.line, commits, self.before, below=below)
        return (*lowered_rules(self.before, after), *owners)

    def _base(self) -> str:
        """What a pull request's merge is compared with is its first parent: the base branch as it
        is now, not as it was when the branch began."""
        if isinstance(self.event, MergeGroupEvent):
            return self.event.base_commit
        line = self.ci.line.back_from(self.ci.commit, 2)
        is_merge = len(line) == 2 and line[0].parents == 2
        return line[1].id if is_merge else self.event.base_commit


def _side(tree: FileTree) -> Side:
    return Side(tree, load_repository(tree))


def verify_change(repo: Path, environments: Sequence[str], sarif: Path | None) -> int:
    change = _Change(repo, "verify")
    chosen_environments = change.loaded.environments(environments)
    _tell_lowered(change)
    if not change.touched:
        return _unchanged(change, chosen_environments, sarif)
    if change.pull_request and change.budget:
        return _from_fork(change, change.pull_request, change.budget)
    _tell_given_up(change)
    everything = []
    with Worlds(change.loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> VerifyOutcome:
            world = worlds.world_of(chosen)
            return verify_keyspace(world, files, chosen, tree=change.loaded.tree)

        for environment in chosen_environments:
            outcomes = change.outcomes(environment, work)
            _tell_verified(change, environment, outcomes)
            everything += outcomes
    _forget_untouched(change)
    show(verify_report(everything, change.ci.how("github", change.loaded)))
    ordered = worst_first(everything, verify_code)
    change.ci.summarise(verify_document(ordered, change.files))
    if sarif:
        sarif.write_text(verify_report(everything, change.ci.how("sarif", change.loaded)))
    code = worst(map(verify_code, everything))
    verified = [o for o in everything if isinstance(o, VerifyOutcome)]
    plans = [o.plan.plan_id for o in verified if o.plan and o.state is not VerifyState.UNPLANNED]
    change.ci.output(changed=True, plan_ids=plans, exit_code=int(code))
    return int(code)


def plan_change(repo: Path, environments: Sequence[str], telling: Telling, keeping: Keeping) -> int:
    change = _Change(repo, "plan")
    pull_request = change.pull_request
    if keeping is Keeping.COMMIT and pull_request is None:
        raise Refused(wrong_event("plan --commit", "on pull_request"))
    chosen_environments = change.loaded.environments(environments)
    if not change.touched:
        return _unchanged(change, chosen_environments, None)
    if pull_request and change.budget:
        return _from_fork(change, pull_request, change.budget)
    app = committer(change.ci) if keeping is Keeping.COMMIT else None
    everything = []
    with Worlds(change.loaded.root) as worlds:
        for environment in chosen_environments:
            outcomes = change.outcomes(environment, _planning(change, worlds))
            everything += outcomes
            for outcome in outcomes if telling is Telling.COMMENT else ():
                _comment(change, write_markdown(plan_document([outcome], change.files)))
    show(plan_report(everything, change.ci.how("github", change.loaded)))
    ordered = worst_first(everything, plan_code)
    change.ci.summarise(plan_document(ordered, change.files))
    if app and pull_request:
        commit_plans(change.ci, app, pull_request, everything)
    code = worst(map(plan_code, everything))
    plans = [o.plan.plan_id for o in everything if isinstance(o, PlanOutcome) and o.plan]
    change.ci.output(changed=True, plan_ids=plans, exit_code=int(code))
    return int(code)


def _planning(change: _Change, worlds: Worlds) -> Work[PlanOutcome]:
    def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome:
        world = worlds.world_of(chosen)
        outcome = plan_keyspace(
            world,
            files,
            chosen,
            protected=change.before.tree,
            created_at=utc_text(world.clock),
            tool_version=__version__,
        )
        if outcome.refusals:
            return outcome
        return keep_plan(outcome, change.loaded.tree, WorkingTreeWriter(change.loaded.root))

    return work


def _unchanged(change: _Change, environments: Sequence[str], sarif: Path | None) -> int:
    """No connection is made, and none is needed."""
    click.echo(NO_SCHEMA_CHANGE)
    change.ci.summarise(unchanged_summary())
    change.ci.output(changed=False, plan_ids=[], exit_code=0)
    if sarif:
        sarif.write_text(verify_report([], change.ci.how("sarif", change.loaded)))
    if change.ci.job.token:
        for environment in environments:
            _status(change, environment, NO_SCHEMA_CHANGE, ExitCode.FINE)
        _forget_untouched(change)
    return int(ExitCode.FINE)


def _forget_untouched(change: _Change) -> None:
    """What an earlier state of the pull request was told, and this one is not about: "no schema
    change" takes the place of a plan, and what is about a keyspace or an environment that is no
    more is folded away."""
    pull_request, sound = change.pull_request, change.loaded.sound
    if pull_request is None or pull_request.is_fork:
        return
    pairs = [(each.name, name) for name, files in sound.items() for each in files.spec.environments]
    markers = {marker("change", *pair) for pair in pairs}

    def replace_them(notices: GithubNotices) -> None:
        told = notices.own_first_lines(pull_request.number)
        for environment, keyspace in pairs:
            if keyspace not in change.touched and marker("change", environment, keyspace) in told:
                body = write_markdown(unchanged_comment(environment, keyspace))
                notices.keep_comment(pull_request.number, body)
        gone = frozenset(line for line in told if is_marker(line, "change") and line not in markers)
        all_known = len(sound) == len(change.loaded.keyspaces)  # of a broken one nobody knows
        over = {line for line in told if is_marker(line, REVIEW_RULE) and not change.lowered}
        if folded := over | (gone if all_known else frozenset()):
            notices.fold_comments(pull_request.number, frozenset(folded))

    change.ci.tell("the comment", replace_them)


def _tell_given_up(change: _Change) -> None:
    if change.given_up:
        for keyspace, environment in change.given_up:
            click.echo(given_up_line(keyspace, environment))
        change.ci.summarise(given_up_summary(change.given_up))


def _tell_lowered(change: _Change) -> None:
    """In the log, in the summary, and in a comment of its own."""
    if not change.lowered:
        return
    for lowered in change.lowered:
        click.echo(lowered_line(lowered))
    said = lowered_comment(change.lowered)
    change.ci.summarise(said)
    if change.pull_request and not change.pull_request.is_fork:
        _comment(change, write_markdown(said))


def _from_fork(change: _Change, pull_request: PullRequestEvent, budget: ForkBudget) -> int:
    """Files by themselves, and a plan from files to files; a red check, because nobody compared
    them with the fleet."""
    outcomes = list(plans_between(change.loaded, change.before.keyspaces, change.touched, budget))
    show(plan_report(outcomes, change.ci.how("github", change.loaded)))
    click.echo(FORK_LINE)
    number, touched = pull_request.number, change.touched
    ordered = worst_first(outcomes, plan_code)
    change.ci.summarise(fork_summary(touched, number, ordered))
    change.ci.output(changed=True, plan_ids=[], exit_code=int(ExitCode.REFUSED))
    return int(ExitCode.REFUSED)


def _tell_verified(
    change: _Change, environment: str, outcomes: Sequence[VerifyOutcome | KeyspaceFailed]
) -> None:
    for outcome in outcomes:
        _comment(change, write_markdown(verify_document([outcome], change.files)))
    if outcomes:
        code = worst(map(verify_code, outcomes))
        _status(change, environment, verify_status(outcomes), code)


def _comment(change: _Change, body: str) -> None:
    pull_request = change.pull_request
    if pull_request is not None:
        change.ci.tell("the comment", lambda n: n.keep_comment(pull_request.number, body))


def _status(change: _Change, environment: str, description: str, code: ExitCode) -> None:
    """On the author's commit, where reviewers look; of a merge group on the group's."""
    pull_request = change.pull_request
    commit = pull_request.head_commit if pull_request else change.ci.job.commit
    state = "success" if code is ExitCode.FINE else "failure"
    if change.lowered:
        description = lowering_status(description)
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
