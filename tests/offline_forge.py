"""A forge and a runner without a network: what jobs tell is kept, what they ask is answered.

`KeptNotices` passes the contract suite of the port, beside the adapter to GitHub.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from reconciler.errors import Problem, Unavailable
from reconciler.flows.forge.job import ForgeJob
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.approvals import LineCommit
from reconciler.guard.review.asking import RunRecord
from reconciler.ports.files import MainLine
from reconciler.ports.forge import Forge
from reconciler.ports.forge_settings import ForgeSettings
from reconciler.ports.job import BranchEvent, Event, Job, PullRequestEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import Status, TokenKind
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.report.render import Presentation
from reconciler.spec.model import Environment
from tests.offline_fleet import Files, Shards, world
from tests.sim.fleet import SimClock

BASE, HEAD, MERGED = ("1" * 40, "2" * 40, "3" * 40)
PULL_REQUEST = PullRequestEvent(
    number=7,
    head_commit=HEAD,
    head_branch="feature",
    base_branch="main",
    base_commit=BASE,
    is_fork=False,
)
PUSH = BranchEvent(name="push", branch="main", default_branch="main")
# What is seen of a new repository by one who may not read its rules.
NEW_REPOSITORY = ForgeSettings(
    default_branch="main",
    rules=None,
    actions_app=15368,
    protected_patterns=(),
    shared_secrets=(),
    write_keys=(),
    forks=None,
    environments=(),
    code_owners=None,
    job_token=None,
    dead_workflows=(),
    schedule=None,
)


@dataclass
class Issue:
    title: str
    body: str
    is_open: bool = True


@dataclass
class KeptNotices:
    """`Notices`. `folded` are the comments that nobody sees any more; `is_down`: the forge takes
    nothing."""

    written: list[tuple[int, str]] = field(default_factory=list)
    folded: set[int] = field(default_factory=set)
    issues: dict[int, Issue] = field(default_factory=dict)
    said: list[tuple[str, str, Status]] = field(default_factory=list)
    deployments: list[tuple[str, str, list[str]]] = field(default_factory=list)
    is_down: bool = False

    def comments(self, number: int) -> list[str]:
        return [
            body
            for place, (of, body) in enumerate(self.written)
            if of == number and place not in self.folded
        ]

    def keep_comment(self, number: int, body: str) -> None:
        self._answer()
        own = [n for n in self._own(number) if _first_line(self.written[n][1]) == _first_line(body)]
        if not own:
            self.written.append((number, body))
            return
        self.written[own[-1]] = (number, body)
        self.folded.update(own[:-1])

    def own_first_lines(self, number: int) -> frozenset[str]:
        self._answer()
        return frozenset(_first_line(self.written[n][1]) for n in self._own(number))

    def fold_comments(self, number: int, first_lines: frozenset[str]) -> None:
        self._answer()
        own = self._own(number)
        self.folded.update(n for n in own if _first_line(self.written[n][1]) in first_lines)

    def keep_issue(self, title: str, body: str) -> int:
        self._answer()
        number = self._issue(body)
        if number is None:
            return self.open_issue(title, body)
        self.issues[number] = Issue(title, body)
        return number

    def close_issue(self, body: str) -> None:
        self._answer()
        number = self._issue(body)
        if number is not None and self.issues[number].is_open:
            self.issues[number] = Issue(self.issues[number].title, body, is_open=False)

    def open_issue(self, title: str, body: str) -> int:
        self._answer()
        number = len(self.issues) + 100
        self.issues[number] = Issue(title, body)
        return number

    def set_status(
        self, commit: str, context: str, *, state: str, description: str, url: str
    ) -> None:
        self._answer()
        status = Status(state=state, description=description, url=url)
        self.said.append((commit, context, status))

    def statuses(self, commit: str, context: str) -> tuple[Status, ...]:
        self._answer()
        return tuple(s for c, x, s in reversed(self.said) if (c, x) == (commit, context))

    def begin_deployment(
        self, commit: str, environment: str, keyspace: str, *, plan_id: str, description: str
    ) -> int:
        self._answer()
        self.deployments.append((environment, keyspace, []))
        return len(self.deployments) - 1

    def move_deployment(self, deployment_id: int, *, state: str, url: str) -> None:
        self._answer()
        self.deployments[deployment_id][2].append(state)

    def retire_deployments(self, environment: str, keyspace: str, *, before: int, url: str) -> None:
        self._answer()
        for of, task, states in reversed(self.deployments[:before]):
            if (of, task) != (environment, keyspace):
                continue
            newest = states[-1] if states else None
            if newest == "inactive":
                return
            if newest not in ("failure", "error"):
                states.append("inactive")
            if newest == "success":
                return

    def _own(self, number: int) -> list[int]:
        return [place for place, (of, _) in enumerate(self.written) if of == number]

    def _issue(self, body: str) -> int | None:
        marker = _first_line(body)
        alike = [n for n, issue in self.issues.items() if _first_line(issue.body) == marker]
        return max(alike, default=None)

    def _answer(self) -> None:
        if self.is_down:
            raise down()


@dataclass
class KeptLog:
    """`JobLog`."""

    shown: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    summary: list[str] = field(default_factory=list)
    outputs: dict[str, object] = field(default_factory=dict)
    left: dict[Path, str] = field(default_factory=dict)

    def show(self, text: str) -> None:
        self.shown.append(text)

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def summarise(self, write: Callable[[int], str]) -> None:
        self.summary.append(write(10_000))

    def output(self, **values: object) -> None:
        self.outputs |= json.loads(json.dumps(values))

    def leave(self, path: Path, text: str) -> None:
        self.left[path] = text


@dataclass
class Clone:
    """A clone of few commits, each a tree, the newest first; `messages` are the others than "a
    change". `protected` is the commit at the tip of the protected branch."""

    trees: dict[str, Files]
    messages: dict[str, str] = field(default_factory=dict)
    below: str = ""
    protected: str | None = None

    def resolve(self, ref: str) -> str:
        return ref

    def tree(self, commit: str) -> Files:
        return self.trees[commit]

    def message(self, commit: str) -> str:
        return self.messages.get(commit, "a change")

    def protected_tip(self) -> str | None:
        return self.protected

    def contains(self, tip: str, commit: str) -> bool:
        return False

    def versions_of(self, path: str) -> Iterator[bytes]:
        return (tree.content[path] for tree in self.trees.values() if path in tree.content)


@dataclass(frozen=True)
class Line:
    """As much of `MainLine` as jobs ask beside the proof of review: MERGED merges into BASE, and
    nothing brought a plan that anybody commented on."""

    def back_from(self, commit: str, count: int) -> tuple[LineCommit, ...]:
        return (LineCommit(id=MERGED, parents=2), LineCommit(id=BASE, parents=1))[:count]

    def last_change(self, tip: str, path: str) -> str | None:
        return None


ADA = Account(id=1, login="Ada", kind=AccountKind.PERSON)


@dataclass(frozen=True)
class Record:
    """As much of `Forge` as is asked where the approvals are left out. The branch is at `tip`, and
    holds the `files`."""

    tip: str = MERGED
    let_in_by: tuple[Account, ...] = ()
    files: Files | None = None
    started_by: Account = ADA

    def branch_tip(self, branch: str) -> str:
        return self.tip

    def is_ancestor(self, commit: str, tip: str) -> bool:
        return True

    def file(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        return self.files.content.get(path) if self.files else None

    def run_approvers(self, environment: str) -> tuple[Account, ...]:
        return self.let_in_by

    def this_run(self) -> RunRecord:
        return RunRecord(
            event="workflow_dispatch",
            branch="main",
            actor=self.started_by,
            asked_by=self.started_by,
            url="https://forge.example/run/7",
        )

    def own_pull_requests(self, branch: str) -> tuple[()]:
        return ()


@dataclass
class Commits:
    """`PlanCommits` of a token of one kind."""

    kind: TokenKind = TokenKind.APP
    made: list[tuple[str, str, dict[str, bytes], list[str]]] = field(default_factory=list)

    def speaks_for(self) -> tuple[TokenKind, str]:
        return self.kind, f"the-{self.kind}"

    def commit(
        self,
        branch: str,
        *,
        onto: str,
        message: str,
        additions: dict[str, bytes],
        removals: list[str],
    ) -> str:
        self._move(branch, onto, "4" * 40)
        self.made.append((branch, message, additions, removals))
        return "4" * 40

    def _move(self, branch: str, onto: str, to: str) -> None:
        pass


@dataclass
class KeptProposals(Commits):
    """`Proposals` in a repository whose branches are at the commits of `branches`. `may_open`:
    its owner lets this token open pull requests."""

    branches: dict[str, str] = field(default_factory=lambda: {"main": MERGED})
    opened: dict[int, tuple[str, str, str, str]] = field(default_factory=dict)
    may_open: bool = True

    def begin_branch(self, branch: str, at: str) -> None:
        if branch in self.branches:
            raise down()
        self.branches[branch] = at

    def _move(self, branch: str, onto: str, to: str) -> None:
        if self.branches.get(branch) != onto:
            raise down()
        self.branches[branch] = to

    def open_pull_request(self, branch: str, *, into: str, title: str, body: str) -> int:
        if not self.may_open or branch not in self.branches:
            raise down()
        number = len(self.opened) + 1
        self.opened[number] = (branch, into, title, body)
        return number


def forge_job(
    event: Event,
    trees: dict[str, Files],
    notices: KeptNotices,
    log: KeptLog,
    *,
    record: Record | None = None,
    messages: dict[str, str] | None = None,
    is_rerun: bool = False,
    protected: str | None = None,
    process: str = "00c0ffee",
    chat: Callable[[str], None] | None = None,
) -> ForgeJob:
    """A job about MERGED, which Ada started."""
    return ForgeJob(
        process=process,
        facts=Job(
            event=event,
            commit=MERGED,
            actor="Ada",
            is_rerun=is_rerun,
            run_url="https://forge.example/run/7",
            may_ask=True,
        ),
        root=Path("/nowhere"),
        clone=Clone(trees, messages or {}, protected=protected),
        line=cast(MainLine, Line()),
        clock=SimClock(),
        ask=lambda: cast(Forge, record or Record()),
        tell=lambda: notices,
        log=log,
        shown=lambda form, loaded: Presentation(format=form),
        chat=chat,
    )


@dataclass
class LookedAt:
    """The worlds of environments of one fleet. It reaches no ledger, and nothing of a split."""

    shards: Shards

    def world_of(self, environment: Environment) -> World:
        return world(self.shards)

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        raise down()

    def routes_of(self, environment: Environment) -> Routes:
        raise down()

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        raise down()

    def split_servers(self) -> SplitServers:
        raise down()

    def reshards(self) -> Reshards:
        raise down()

    def __call__(self) -> AbstractContextManager[LookedAt]:
        return nullcontext(self)


def down() -> Unavailable:
    return Unavailable(Problem(code="forge-failing", message="HTTP 502", recovery="try again"))


def _first_line(body: str) -> str:
    return body.partition("\n")[0]
