"""What a forge has on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from reconciler.guard.review.account import Account
from reconciler.guard.review.approvals import PullRequest, PullRequestReview
from reconciler.guard.review.asking import RunRecord
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.guard.review.pushes import Push


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeEntry:
    """One name in a tree of git; `mode` as git writes it, `id` that of the object. `size_bytes` is
    that of a file's content; None where the forge does not say it, as of a folder."""

    name: str
    mode: str
    id: str
    size_bytes: int | None = None

    @property
    def is_folder(self) -> bool:
        return self.mode == "040000"

    @property
    def is_link(self) -> bool:
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        return self.mode == "160000"

    @property
    def is_file(self) -> bool:
        return self.mode in ("100644", "100755", "100664")  # the last by git of 2005

    @property
    def is_regular(self) -> bool:
        return self.mode == "100644"


class Forge(Protocol):
    """Who merged, reviewed and pushed what, as the forge has it on record. Each call gives a clear
    and whole answer or raises Unavailable: a missing permission, a failing server and half a list
    are never an answer (RV-6). Commits are full ids; a branch goes by its short name."""

    def branch_tip(self, branch: str) -> str: ...

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """True if `commit` is `tip` or one of its ancestors."""

    def file(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        """The file's exact bytes; None if the commit's tree, which must be there, has no such
        name. No link is followed (FB-2): raises Refused for a link or a submodule at the path or on
        its way, and for what is no file; InvalidInput above `bytes_max`."""

    def pull_requests_of(self, commit: str) -> tuple[int, ...]:
        """Numbers of the pull requests that the forge says the commit belongs to."""

    def pull_request(self, number: int) -> PullRequest: ...

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        """All of them, in the order they were given."""

    def pushes(self, pull_request: PullRequest) -> Iterator[Push]:
        """Every move of the head branch that is on record, newest first, whenever it was; none if
        the repository that it is in is gone. Read as far as it is asked for."""

    def is_own_account(self, account: Account) -> bool:
        """Whether the account is the one that a job's token speaks for: every workflow has it."""

    def tree(self, tree: str) -> tuple[ForgeEntry, ...] | None:
        """The entries of a tree, or of a commit's; None if the forge has no such object."""

    def may_write(self, account: Account) -> bool:
        """Whether the account may push to the repository now."""

    def is_member(self, team: str, account: Account) -> bool:
        """`team` is `organisation/team`."""

    def changed_paths(self, number: int) -> tuple[str, ...]:
        """Every file the pull request changed, old names of renamed ones included."""

    def run_approvers(self, environment: str) -> tuple[Account, ...]:
        """People who let this very run enter a protected environment."""

    def place(self, environment: str) -> ProtectedPlace | None:
        """What holds a run before a protected environment; None if there is none of that name."""

    def this_run(self) -> RunRecord:
        """The very run that asks, at its newest attempt. Raises Unavailable outside of one."""

    def own_pull_requests(self, branch: str) -> tuple[PullRequest, ...]:
        """The open ones into the branch, from branches of the repository itself."""
