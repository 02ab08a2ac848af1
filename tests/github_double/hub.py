"""What people do on the forge: a bare repository, pull requests, reviews, merges, and by whom."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

import git


@dataclass(frozen=True)
class User:
    id: int
    login: str
    kind: str = "User"
    permission: str = "write"


ADA = User(1, "ada")
BEN = User(2, "ben")
CAI = User(3, "cai")
DEE = User(5, "dee")
EVE = User(4, "eve", permission="read")
ROBOT = User(41898282, "github-actions[bot]", kind="Bot")
APP = User(77, "schema-plans[bot]", kind="Bot")


FORK = "eve/shop"


class MergeKind(StrEnum):
    MERGE = "merge"
    SQUASH = "squash"
    REBASE = "rebase"


@dataclass
class Pull:
    number: int
    author: User | None
    opened_at: str
    head_branch: str
    base_sha: str
    title: str
    head_sha: str
    fork: bool = False
    head_is_gone: bool = False
    merged: bool = False
    merge_commit: str | None = None
    merged_at: str | None = None
    left_main: str | None = None
    state: str = "open"
    reviews: list[dict[str, Any]] = field(default_factory=list)


NOTHING = "0" * 40  # stands for no commit, before a branch was made and after it was deleted
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Activity:
    """One move of a branch; of a fork's the `repository` is the fork."""

    ref: str
    before: str
    after: str
    actor: User | None
    activity_type: str
    at: str
    repository: str = "acme/shop"


class Hub:
    """One repository, `acme/shop`, with `main` as its protected default branch."""

    name = "acme/shop"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.users = {user.login: user for user in (ADA, BEN, CAI, DEE, EVE, ROBOT, APP)}
        self.bare, self.clone = _repositories(folder)
        self.pulls: dict[int, Pull] = {}
        self.activity: list[Activity] = []
        self.introduced: dict[str, list[int]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.issues: dict[int, dict[str, Any]] = {}
        self.statuses: list[dict[str, Any]] = []
        self.deployments: list[dict[str, Any]] = []
        self.minimised: list[str] = []
        self.artifacts: dict[int, tuple[str, str, bytes]] = {}  # by id: head commit, name, archive
        self.run_approvals: list[dict[str, Any]] = []
        self.run: dict[str, Any] = {
            "event": "workflow_dispatch",
            "head_branch": "main",
            "run_attempt": 1,
        }
        self.run_by: tuple[User | None, User | None] = (ADA, ADA)  # who began it; who asked last
        self.places: dict[str, list[dict[str, Any]]] = {}  # by environment: protection rules
        self.members: dict[str, list[str]] = {}
        self.settings: dict[str, Any] = {}
        self.jobs_may_open = True  # pull requests: a setting, beside their approval
        self.viewer = ROBOT  # whose token the call has that is being answered
        self._numbers = itertools.count(1)
        self._ids = itertools.count(1001)
        self._now_s = 0
        self._told: dict[tuple[str, ...], bytes] = {}
        self.objects = Lock()  # held by who reads objects of `bare` by GitPython
        self.permissions: dict[str, str] = {}  # by login, of those whose permission was changed
        self.forks: set[str] = set()  # branches that are of the fork and not of the repository

    def next_id(self) -> int:
        return next(self._ids)

    def skip_ids(self, to: int) -> None:
        """Ids grow with time; those of what a test puts there by itself must be in the past."""
        self._ids = itertools.count(to)

    def now(self) -> str:
        """A second later than the last time that was asked."""
        self.wait_s(1)
        return f"{_BEGAN + timedelta(seconds=self._now_s):%Y-%m-%dT%H:%M:%SZ}"

    def wait_s(self, seconds: int) -> None:
        self._now_s += seconds

    def protected(
        self, place: str, *reviewers: User, teams: Sequence[str] = (), wait_minutes: int = 0
    ) -> None:
        """Settings of an environment, as somebody made it."""
        people = [
            {"type": "User", "reviewer": {"id": u.id, "login": u.login, "type": u.kind}}
            for u in reviewers
        ]
        groups = [{"type": "Team", "reviewer": {"id": 9, "slug": slug}} for slug in teams]
        rules: list[dict[str, Any]] = [{"id": 1, "type": "branch_policy"}]
        if people or groups:
            rules.append({"id": 2, "type": "required_reviewers", "reviewers": people + groups})
        if wait_minutes:
            rules.append({"id": 3, "type": "wait_timer", "wait_timer": wait_minutes})
        self.places[place] = rules

    def let_in(self, user: User, place: str, state: str = "approved") -> None:
        """Somebody answered for this run, where it waited before an environment."""
        self.run_approvals.append(
            {
                "state": state,
                "environments": [{"name": place}],
                "user": {"id": user.id, "login": user.login, "type": user.kind},
            }
        )

    def next_number(self) -> int:
        return next(self._numbers)

    @property
    def tip(self) -> str:
        return _commit_of(self.bare, "refs/heads/main")

    def told(self, verb: str, *arguments: str) -> bytes:
        """What git says of commits, trees and files that are named by their ids. It never changes,
        and each question is a process: it is asked once."""
        question = (verb, *arguments)
        if question not in self._told:
            self._told[question] = self.bare.git.execute(
                ["git", *question], stdout_as_string=False, strip_newline_in_stdout=False
            )
        return self._told[question]

    def workplace(self, name: str) -> git.Repo:
        """A clone somebody works in."""
        repo = self.bare.clone(self.folder / name)
        _sign(repo, name)
        return repo

    def pushed(self, user: User | None, repo: git.Repo, branch: str, *, force: bool = False) -> str:
        """Push the clone's HEAD as `branch`."""
        before = self.head_of(branch)
        repo.git.push(*(["--force"] if force else []), "origin", f"HEAD:refs/heads/{branch}")
        kind = "force_push" if force else "push"
        return self.moved(user, branch, before, "branch_creation" if before == NOTHING else kind)

    def head_of(self, branch: str) -> str:
        return _commit_of(self.bare, f"refs/heads/{branch}") if self.has(branch) else NOTHING

    def has(self, branch: str) -> bool:
        return branch in self.bare.heads

    def moved(self, user: User | None, branch: str, before: str, kind: str) -> str:
        """Put on record that a branch is where it is now."""
        after, ref = self.head_of(branch), f"refs/heads/{branch}"
        for pull in self.pulls.values():
            if pull.head_branch == branch and pull.state == "open" and after != NOTHING:
                pull.head_sha = after
        repository = FORK if branch in self.forks else self.name
        row = Activity(ref, before, after, user, kind, self.now(), repository)
        self.activity.append(row)
        return after

    def deleted_branch(self, user: User | None, branch: str) -> str:
        """Give back where it was."""
        before = self.head_of(branch)
        self.bare.git.update_ref("-d", f"refs/heads/{branch}")
        self.moved(user, branch, before, "branch_deletion")
        return before

    def restored_branch(self, user: User | None, branch: str, commit: str) -> None:
        """What the button does; as well what anybody does who makes the branch there again."""
        self.bare.git.update_ref(f"refs/heads/{branch}", commit)
        self.moved(user, branch, NOTHING, "branch_creation")

    def renamed_branch(self, user: User | None, branch: str, name: str) -> None:
        """On record it is a new branch, and the open pull requests go along."""
        commit = self.deleted_branch(user, branch)
        self.restored_branch(user, name, commit)
        for pull in self.pulls.values():
            if pull.head_branch == branch and pull.state == "open":
                pull.head_branch = name

    def updated_branch(self, user: User | None, branch: str) -> str:
        """The button "Update branch": a merge of main into it."""
        before = self.head_of(branch)
        here = self.clone.git
        here.fetch("origin")
        here.checkout("-B", "update", f"origin/{branch}")
        here.merge("--no-ff", "-m", f"Merge branch 'main' into {branch}", "origin/main")
        here.push("origin", f"HEAD:refs/heads/{branch}")
        return self.moved(user, branch, before, "push")

    def committed(
        self, user: User, branch: str, message: str, files: dict[str, bytes | None]
    ) -> str:
        """As the API makes a commit of files; None: gone."""
        self.clone.git.fetch("origin")
        self.clone.git.checkout("-B", "api", f"origin/{branch}")
        for path, content in files.items():
            place = Path(self.clone.working_dir) / path
            if content is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        self.clone.git.add("--all")
        self.clone.git.commit("-m", message)
        return self.pushed(user, self.clone, branch)

    def opened(self, user: User | None, branch: str, *, title: str = "A change") -> int:
        number = self.next_number()
        head = self.head_of(branch)
        fork = branch in self.forks
        pull = Pull(number, user, self.now(), branch, self.tip, title, head, fork)
        self.pulls[number] = pull
        return number

    def reviewed(
        self, user: User | None, number: int, state: str = "APPROVED", commit: str | None = None
    ) -> None:
        pull = self.pulls[number]
        review_id = self.next_id()
        pull.reviews.append(
            {
                "id": review_id,
                "user": user,
                "state": state,
                "commit_id": commit or pull.head_sha,
                "submitted_at": self.now(),
            }
        )

    def dismissed(self, number: int) -> None:
        self.pulls[number].reviews[-1]["state"] = "DISMISSED"

    def merged(self, number: int, kind: MergeKind) -> str:
        return self.merged_together([number], kind)

    def merged_together(self, numbers: Sequence[int], kind: MergeKind) -> str:
        """As a merge queue does with several: each pull request's own commits, one push."""
        self.clone.git.fetch("origin")
        self.clone.git.checkout("-B", "main", "origin/main")
        for number in numbers:
            self._merge_one(self.pulls[number], kind)
        self.clone.git.push("origin", "main:main")
        return self.tip

    def merge_ref(self, number: int) -> str:
        """The merge that GitHub makes for jobs of a pull request: on no branch."""
        pull = self.pulls[number]
        self.clone.git.fetch("origin")
        self.clone.git.checkout("--detach", "origin/main")
        self.clone.git.merge("--no-ff", "-m", "merge", pull.head_sha)
        self.clone.git.push("--force", "origin", f"HEAD:refs/pull/{number}/merge")
        return _commit_of(self.clone, "HEAD")

    def commits_of(self, pull: Pull) -> list[str]:
        between = f"{self._base_of(pull)}..{pull.head_sha}"
        return self.told("rev-list", "--reverse", between).decode().split()

    def changed_files(self, pull: Pull) -> list[str]:
        between = f"{self._base_of(pull)}..{pull.head_sha}"
        return self.told("diff", "--name-only", "--no-renames", between).decode().splitlines()

    def pulls_of(self, sha: str) -> list[int]:
        if not self.told("rev-list", "--max-count=1", sha, f"^{self.tip}"):
            return self.introduced.get(sha, [])
        return [p.number for p in self.pulls.values() if sha in self.commits_of(p)]

    def merge_base(self, one: str, other: str) -> str:
        return self.told("merge-base", one, other).decode().strip()

    def _base_of(self, pull: Pull) -> str:
        """Where the branch left `main`; of a merged one, where it had when it was merged."""
        return pull.left_main or self.merge_base(self.tip, pull.head_sha)

    def _merge_one(self, pull: Pull, kind: MergeKind) -> None:
        here, before = self.clone.git, _commit_of(self.clone, "HEAD")
        pull.left_main = str(here.merge_base(before, pull.head_sha))
        commits = self.commits_of(pull)
        title = f"{pull.title} (#{pull.number})"
        match kind:
            case MergeKind.MERGE:
                here.merge("--no-ff", "-m", title, pull.head_sha)
            case MergeKind.SQUASH:
                here.merge("--squash", pull.head_sha)
                here.commit("-m", title)
            case MergeKind.REBASE:
                # GitHub makes new commits even where nothing would have to move.
                here.cherry_pick("--no-ff", *commits)
                self._recommit(before)
        made = here.rev_list(f"{before}..HEAD", "--first-parent").split()
        for sha in {*made, *commits}:
            self.introduced.setdefault(sha, []).append(pull.number)
        pull.merged, pull.state, pull.merge_commit = True, "closed", made[0]
        pull.merged_at = self.now()

    def _recommit(self, onto: str) -> None:
        environment = {"GIT_COMMITTER_NAME": "GitHub", "GIT_COMMITTER_EMAIL": "noreply@hub.test"}
        self.clone.git.rebase("--force-rebase", onto, env=environment)


def _commit_of(repo: git.Repo, name: str) -> str:
    """Read from files: GitPython asks one process of git for objects, whose answers go astray among
    threads that ask at once, and the one without an answer waits for ever."""
    return git.SymbolicReference.dereference_recursive(repo, name)


def _repositories(folder: Path) -> tuple[git.Repo, git.Repo]:
    """The forge's own, and the one that it merges in; those that are there already."""
    if (folder / "hub.git").exists():
        return git.Repo(folder / "hub.git"), git.Repo(folder / "merges")
    bare = git.Repo.init(folder / "hub.git", bare=True, initial_branch="main")
    clone = bare.clone(folder / "merges")
    _sign(clone)
    return bare, clone


def _sign(repo: git.Repo, name: str = "hub") -> None:
    with repo.config_writer() as config:
        config.set_value("user", "name", name)
        config.set_value("user", "email", f"{name}@hub.test")
        config.set_value("commit", "gpgsign", "false")
