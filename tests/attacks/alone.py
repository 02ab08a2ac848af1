"""What Ben does, who wants a change of his own applied on his own approval."""

from __future__ import annotations

from collections.abc import Mapping

from tests.github_double.hub import ADA, APP, BEN, MergeKind, User
from tests.github_work import PLAN, TABLE, Work, commit_files, plan_files

EVIL = "-- Ben's"


def opened(work: Work, user: User = ADA) -> int:
    """A pull request of Ada's with a change of hers and no plan."""
    work.branch()
    commit_files(work.ada, {TABLE: "-- Ada's"})
    work.push(user=user)
    return work.hub.opened(user, "feature")


def pushes_as(work: Work, user: User | None, *, force: bool = False, **files: str | bytes) -> None:
    work.commit(**files)
    work.push(user=user, force=force)


def evil_push(work: Work, user: User | None = BEN) -> None:
    """Another definition of a table, and the plan that is made from it."""
    commit_files(work.ada, {TABLE: EVIL, **plan_files(PLAN)})
    work.push(user=user)


def app_commits_the_plan(
    work: Work, user: User = APP, more: Mapping[str, bytes] | None = None
) -> None:
    files = {path: _bytes(text) for path, text in plan_files(PLAN).items()}
    work.hub.committed(user, "feature", "Schema plan made by CI", {**files, **(more or {})})
    work.ada.git.fetch("origin")
    work.ada.git.reset("--hard", "origin/feature")


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def approved_and_merged(work: Work, number: int, kind: MergeKind = MergeKind.SQUASH) -> None:
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, kind)


def is_refused_until(work: Work, number: int, *reviewers: User, code: str) -> None:
    """Ben's approval alone does not do; with those of `reviewers` it is approved."""
    assert work.refused() == [code]
    for user in reviewers:
        work.hub.reviewed(user, number)
    assert work.refused() == []
