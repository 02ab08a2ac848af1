"""Bots as the hands of one writer: what they push is nobody's, and so takes one approval more.

Whoever may edit a workflow makes a bot push, and whoever can read an app's key is that app.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.alone import (
    EVIL,
    app_commits_the_plan,
    approved_and_merged,
    evil_push,
    is_refused_until,
    opened,
    pushes_as,
)
from tests.github_double.hub import (
    ADA,
    APP,
    BEN,
    CAI,
    ROBOT,
    MergeKind,
    User,
)
from tests.github_work import (
    PLAN,
    TABLE,
    Work,
    commit_files,
    plan_files,
)


@pytest.mark.threat("TM-FORGER-1")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("kind", list(MergeKind))
def test_a_workflow_that_pushes_with_its_jobs_token_hides_nobody(
    work: Work, kind: MergeKind
) -> None:
    number = opened(work)
    evil_push(work, ROBOT)
    approved_and_merged(work, number, kind)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-1")
@pytest.mark.invariant("RV-9")
def test_the_jobs_token_is_not_believed_even_with_plan_files_alone(work: Work) -> None:
    number = opened(work)
    app_commits_the_plan(work, ROBOT)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-1")
@pytest.mark.invariant("RV-9")
def test_a_job_whose_token_is_the_apps_does_not_believe_the_app(work: Work) -> None:
    number = opened(work)
    app_commits_the_plan(work)
    work.double.speaks_for_token(APP)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-2")
@pytest.mark.invariant("RV-9")
def test_the_apps_commit_of_plan_files_alone_leaves_who_pushed_before_it(work: Work) -> None:
    number = opened(work)
    app_commits_the_plan(work)
    approved_and_merged(work, number)
    assert work.refused() == []


@pytest.mark.threat("TM-FORGER-2")
@pytest.mark.invariant("RV-9")
def test_who_pushed_before_the_app_does_not_approve(work: Work) -> None:
    number = opened(work)
    pushes_as(work, BEN, schemas__commerce__users="x")
    commit_files(work.ada, {TABLE: EVIL})
    work.push(user=BEN)
    app_commits_the_plan(work)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-2")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize(
    "more",
    [
        {TABLE: EVIL.encode()},
        {"schemas/commerce/more.sql": b"--"},
        {"specs/commerce.yaml": b"x: y"},
        {".github/CODEOWNERS": b"* @ben"},
        {"plans/notes.txt": b"x"},
        {"plans/production/deep/commerce.plan.json": b"{}"},
        {"plans/production/deep/er/and/deeper/x": b"{}"},
        {"plans.plan.json": b"{}"},
        {"other/plans/production/commerce.plan.json": b"{}"},
    ],
)
def test_the_apps_key_buys_nothing_for_more_than_plan_files(
    work: Work, more: dict[str, bytes]
) -> None:
    number = opened(work)
    app_commits_the_plan(work, more=more)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-2")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("what", ["a link", "a program", "gone"])
def test_a_plan_file_of_the_apps_is_a_regular_file(work: Work, what: str) -> None:
    number = opened(work)
    commit_files(work.ada, plan_files(PLAN))
    other = Path(work.ada.working_dir) / "plans/production/other.plan.json"
    match what:
        case "a link":
            other.symlink_to(f"../../{TABLE}")
        case "a program":
            other.write_text("{}")
            other.chmod(0o755)
        case _:
            (Path(work.ada.working_dir) / "README.md").unlink()
    work.ada.git.add("--all")
    work.ada.git.commit("-m", "plan")
    work.push(user=APP)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-3")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("bot", [ROBOT, APP])
def test_a_branch_that_only_a_bot_touched_takes_two_people(work: Work, bot: User) -> None:
    number = opened(work, bot)
    evil_push(work, bot)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-3")
@pytest.mark.invariant("RV-9")
def test_an_app_that_pushes_a_branch_with_nothing_but_a_plan_is_nobody(work: Work) -> None:
    work.branch()
    work.commit_plan()
    work.push(user=APP)
    number = work.hub.opened(ADA, "feature")
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")
