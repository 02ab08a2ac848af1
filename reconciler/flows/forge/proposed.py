"""The change of a pull request or a merge group, and what its jobs tell about it alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from reconciler.errors import Refused
from reconciler.flows.forge.change import Side, given_up, touched_keyspaces
from reconciler.flows.forge.fork import plans_between
from reconciler.flows.forge.fork_budget import ForkBudget
from reconciler.flows.forge.job import ForgeJob, OpenWorlds, Worlds, wrong_event
from reconciler.flows.forge.lowering import lowered_rules, other_owners
from reconciler.flows.gates import ledger_address_gate
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.lint import lint_change
from reconciler.flows.split.reached import standing_of
from reconciler.flows.split.settle import Standing
from reconciler.outcomes.ends import plan_code
from reconciler.outcomes.exit_code import ExitCode, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.outcomes.lowered import Lowered
from reconciler.ports.job import BranchEvent, MergeGroupEvent, PullRequestEvent
from reconciler.ports.notices import Notices
from reconciler.ports.shards import Connections
from reconciler.report.compose.forge import (
    REVIEW_RULE,
    fork_summary,
    given_up_summary,
    lowered_comment,
    unchanged_comment,
    unchanged_summary,
)
from reconciler.report.forge_words import (
    FORK_LINE,
    NO_SCHEMA_CHANGE,
    given_up_line,
    lowered_line,
    lowering_status,
)
from reconciler.report.render import Format, Presentation, plan_report, verify_report
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.neutral import is_marker, marker
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

Outcome = TypeVar("Outcome")
Work = Callable[[DesiredFiles, Environment], Outcome]


class ProposedChange:
    """The change that the job is about, and which keyspaces it touches. Raises Refused for a job
    that is about none; `verb` is what it runs."""

    def __init__(self, job: ForgeJob, verb: str) -> None:
        self.job = job
        event = job.facts.event
        if isinstance(event, BranchEvent):
            raise Refused(wrong_event(verb, "on pull_request or merge_group"))
        self.event: PullRequestEvent | MergeGroupEvent = event
        is_fork = self.pull_request is not None and self.pull_request.is_fork
        self.budget = ForkBudget(job.clock) if is_fork else None
        self._base_commit = job.clone.resolve(self._base())
        before, now = map(job.clone.tree, (self._base_commit, job.commit))
        if self.budget:
            before, now = self.budget.base_tree(before), self.budget.fork_tree(now)
        self.before, after = _side(before), _side(now)
        if self.budget:
            self.budget.check()
        self.touched = touched_keyspaces(self.before, after)
        self.given_up = given_up(self.before, after)
        self.lowered = self._lowered(after)
        self.loaded = Loaded(root=job.root, tree=after.tree, keyspaces=after.keyspaces)
        self.files = job.files(self.loaded)

    @property
    def pull_request(self) -> PullRequestEvent | None:
        return self.event if isinstance(self.event, PullRequestEvent) else None

    def shown(self, form: Format) -> Presentation:
        return self.job.shown(form, self.loaded)

    def outcomes(self, environment: str, work: Work[Outcome]) -> list[Outcome | KeyspaceFailed]:
        """Of the touched keyspaces that have the environment, or that nobody could read."""
        names = [name for name in self.touched if self._concerns(name, environment)]
        return self.loaded.each(environment, names, work) if names else []

    def lint(self, files: DesiredFiles) -> LintOutcome:
        """What rules say of the tables that the change is about."""
        return lint_change(files, self.loaded.tree, self.before.keyspaces)

    def standing(self, worlds: Worlds, files: DesiredFiles, environment: Environment) -> Standing:
        """What the environment is to the job now. Raises Refused before a ledger is opened that the
        protected branch does not name (SP-74)."""
        if environment.retiring:
            ledger_address_gate(lambda: self.job.clone, files, environment)
        return standing_of(worlds, files, environment)

    def _concerns(self, name: str, environment: str) -> bool:
        files = self.loaded.keyspaces.get(name)
        if isinstance(files, DesiredFiles):
            return files.spec.environment(environment) is not None
        return files is not None

    def _lowered(self, after: Side) -> tuple[Lowered, ...]:
        commits = (self._base_commit, self.job.commit)
        below = self.job.clone.below
        owners = other_owners(self.job.line, commits, self.before, below=below)
        return (*lowered_rules(self.before, after), *owners)

    def _base(self) -> str:
        """What a pull request's merge is compared with is its first parent: the base branch as it
        is now, not as it was when the branch began."""
        if isinstance(self.event, MergeGroupEvent):
            return self.event.base_commit
        line = self.job.line.back_from(self.job.commit, 2)
        is_merge = len(line) == 2 and line[0].parents == 2
        return line[1].id if is_merge else self.event.base_commit


def _side(tree: FileTree) -> Side:
    return Side(tree, load_repository(tree))


def tell_unchanged(
    change: ProposedChange, environments: Sequence[str], sarif: Path | None
) -> ExitCode:
    """No connection is made, and none is needed."""
    change.job.log.show(NO_SCHEMA_CHANGE)
    change.job.summarise(unchanged_summary())
    change.job.log.output(changed=False, plan_ids=[], exit_code=0)
    if sarif:
        change.job.log.leave(sarif, verify_report([], change.shown(Format.SARIF)))
    if change.job.facts.may_ask:
        for environment in environments:
            set_status(change, environment, NO_SCHEMA_CHANGE, ExitCode.FINE)
        replace_outdated(change)
    return ExitCode.FINE


def replace_outdated(change: ProposedChange) -> None:
    """What an earlier state of the pull request was told, and this one is not about: "no schema
    change" takes the place of a plan, and what is about a keyspace or an environment that is no
    more is folded away."""
    pull_request, sound = change.pull_request, change.loaded.sound
    if pull_request is None or pull_request.is_fork:
        return
    pairs = [(each.name, name) for name, files in sound.items() for each in files.spec.environments]
    markers = {marker("change", *pair) for pair in pairs}

    def replace_them(notices: Notices) -> None:
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

    change.job.say("the comment", replace_them)


def tell_given_up(change: ProposedChange) -> None:
    if change.given_up:
        for keyspace, environment in change.given_up:
            change.job.log.show(given_up_line(keyspace, environment))
        change.job.summarise(given_up_summary(change.given_up))


def tell_lowered(change: ProposedChange) -> None:
    """In the log, in the summary, and in a comment of its own."""
    if not change.lowered:
        return
    for lowered in change.lowered:
        change.job.log.show(lowered_line(lowered))
    said = lowered_comment(change.lowered)
    change.job.summarise(said)
    if change.pull_request and not change.pull_request.is_fork:
        keep_comment(change, write_markdown(said))


def tell_fork(
    change: ProposedChange,
    pull_request: PullRequestEvent,
    budget: ForkBudget,
    open_worlds: OpenWorlds,
    connections: Connections,
) -> ExitCode:
    """Files by themselves, and a plan from files to files; a red check, because nobody compared
    them with the fleet."""
    before, touched = change.before.keyspaces, change.touched
    outcomes = list(plans_between(change.loaded, before, touched, open_worlds, connections, budget))
    change.job.log.show(plan_report(outcomes, change.shown(Format.GITHUB)))
    change.job.log.show(FORK_LINE)
    number = pull_request.number
    ordered = worst_first(outcomes, plan_code)
    change.job.summarise(fork_summary(touched, number, ordered))
    change.job.log.output(changed=True, plan_ids=[], exit_code=int(ExitCode.REFUSED))
    return ExitCode.REFUSED


def keep_comment(change: ProposedChange, body: str) -> None:
    pull_request = change.pull_request
    if pull_request is not None:
        change.job.say("the comment", lambda n: n.keep_comment(pull_request.number, body))


def set_status(change: ProposedChange, environment: str, description: str, code: ExitCode) -> None:
    """On the author's commit, where reviewers look; of a merge group on the group's."""
    pull_request = change.pull_request
    commit = pull_request.head_commit if pull_request else change.job.facts.commit
    state = "success" if code is ExitCode.FINE else "failure"
    if change.lowered:
        description = lowering_status(description)
    change.job.say(
        "the commit status",
        lambda notices: notices.set_status(
            commit,
            f"reconciler/{environment}",
            state=state,
            description=description,
            url=change.job.facts.run_url,
        ),
    )
