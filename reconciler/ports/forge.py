"""What a forge has on record."""

from __future__ import annotations

from typing import Protocol

from reconciler.guard.review.approvals import Account, PullRequest, PullRequestReview


class Forge(Protocol):
    """Who merged, reviewed and pushed what, as the forge has it on record. Each call gives a clear
    and whole answer or raises Unavailable: a missing permission, a failing server and half a list
    are never an answer (RV-6). Commits are full ids; a branch goes by its short name."""

    def branch_tip(self, branch: str) -> str: ...

    def is_ancestor(self, commit: str, tip: str) -> bool:
        """True if `commit` is `tip` or one of its ancestors."""

    def file(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        """The file's exact bytes; None if the commit's tree, which must be there, has no such
        file."""

    def pull_requests_of(self, commit: str) -> tuple[int, ...]:
        """Numbers of the pull requests that the forge says the commit belongs to."""

    def pull_request(self, number: int) -> PullRequest: ...

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        """All of them, in the order they were given."""

    def last_pusher(self, pull_request: PullRequest) -> Account | None:
        """Who put the head commit on the branch: of bots, the person who pushed before them; None
        if there is no record of it."""

    def may_write(self, account: Account) -> bool:
        """Whether the account may push to the repository now."""

    def is_member(self, team: str, account: Account) -> bool:
        """`team` is `organisation/team`."""

    def changed_paths(self, number: int) -> tuple[str, ...]:
        """Every file the pull request changed, old names of renamed ones included."""

    def run_approvers(self, environment: str) -> tuple[Account, ...]:
        """People who let this very run enter a protected environment."""
