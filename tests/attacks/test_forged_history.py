"""One writer who wants a change of their own applied, with the record of pushes as the weapon.

Ada opens the pull requests. Ben is the one who wants to be both the hands behind a change and its
reviewer; whatever he does to the record, his approval alone is not enough. Each attack ends with
the way out that honest people have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.plan.codec import plan_from_core
from reconciler.plan.model import InputDigest
from tests.attacks.alone import (
    EVIL,
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
    EVE,
    NOTHING,
    ROBOT,
    MergeKind,
    User,
)
from tests.github_work import (
    JSON,
    OTHER_PLAN,
    PLAN,
    SQL,
    TABLE,
    Work,
    commit_files,
    plan_files,
)
from tests.sample_plans import META, digest


@pytest.mark.threat("TM-FORGER-4")
@pytest.mark.parametrize("button", ["restored", "pushed again", "pushed over and back"])
@pytest.mark.parametrize("presser", [ADA, APP, None])
def test_what_happens_to_the_branch_after_the_merge_hides_nobody(
    work: Work, button: str, presser: User | None
) -> None:
    number = opened(work)
    evil_push(work)
    approved_and_merged(work, number)
    head = work.hub.pulls[number].head_sha
    if button == "restored":
        assert work.hub.deleted_branch(presser, "feature") == head
        work.hub.restored_branch(presser, "feature", head)
    else:
        pushes_as(work, presser, notes="later")
        if button == "pushed over and back":
            work.ada.git.reset("--hard", head)
            work.push(user=presser, force=True)
    assert work.hub.pulls[number].head_sha == head
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-4")
def test_a_branch_deleted_and_restored_before_the_merge_was_pushed_by_who_pushed_it(
    work: Work,
) -> None:
    number = opened(work)
    evil_push(work)
    for _ in range(2):
        commit = work.hub.deleted_branch(BEN, "feature")
        work.hub.restored_branch(ADA, "feature", commit)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-4")
@pytest.mark.invariant("RV-9")
def test_a_branch_made_anew_at_another_commit_was_pushed_by_who_made_it(work: Work) -> None:
    work.branch()
    pushes_as(work, ADA, notes="an earlier life of the name")
    work.hub.deleted_branch(ADA, "feature")
    work.branch()
    evil_push(work)
    number = work.hub.opened(ADA, "feature")
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


Blind = Callable[[Work, User], None]


def updates_the_branch(work: Work, user: User) -> None:
    """The button: main into the branch."""
    work.ada.git.checkout("-B", "elsewhere", "origin/main")
    work.commit(elsewhere="x")
    work.hub.pushed(ADA, work.ada, "main")
    work.hub.updated_branch(user, "feature")


def rebases_the_branch(work: Work, user: User) -> None:
    """The same button's other half."""
    work.ada.git.checkout("-B", "elsewhere", "origin/main")
    work.commit(elsewhere="x")
    work.hub.pushed(ADA, work.ada, "main")
    work.ada.git.checkout("feature")
    work.ada.git.rebase("elsewhere")
    work.push(user=user, force=True)


def pushes_elsewhere_and_back(work: Work, user: User) -> None:
    head = work.hub.head_of("feature")
    commit_files(work.ada, {TABLE: "-- by mistake"})
    work.push(user=user)
    work.ada.git.reset("--hard", head)
    work.push(user=user, force=True)


def edits_another_file(work: Work, user: User) -> None:
    pushes_as(work, user, notes="typo")


BLIND: tuple[Blind, ...] = (
    updates_the_branch,
    rebases_the_branch,
    pushes_elsewhere_and_back,
    edits_another_file,
)


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("blind", BLIND)
@pytest.mark.parametrize("kind", [MergeKind.MERGE, MergeKind.SQUASH])
def test_somebody_who_pushes_on_top_without_a_look_hides_nobody(
    work: Work, blind: Blind, kind: MergeKind
) -> None:
    number = opened(work)
    evil_push(work)
    blind(work, ADA)
    approved_and_merged(work, number, kind)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("blind", BLIND)
@pytest.mark.parametrize("bot", [ROBOT, APP])
def test_a_bot_that_updates_or_rebases_on_top_hides_nobody(
    work: Work, blind: Blind, bot: User
) -> None:
    number = opened(work)
    evil_push(work)
    blind(work, bot)
    approved_and_merged(work, number)
    did_nothing = bot is APP and blind is pushes_elsewhere_and_back
    code = "approvals-missing" if did_nothing else "pusher-unknown"
    is_refused_until(work, number, CAI, code=code)


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("blind", BLIND)
def test_ones_own_update_of_ones_own_change_needs_one_approval(work: Work, blind: Blind) -> None:
    number = opened(work)
    evil_push(work, ADA)
    blind(work, ADA)
    approved_and_merged(work, number)
    assert work.refused() == []


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-3")
def test_what_somebody_pushed_and_others_replaced_is_not_held_against_them(work: Work) -> None:
    number = opened(work)
    evil_push(work)
    commit_files(work.ada, {TABLE: "-- Ada's again", **plan_files(OTHER_PLAN)})
    work.push()
    approved_and_merged(work, number)
    assert work.refused(OTHER_PLAN) == []


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-3")
def test_of_several_files_each_one_counts(work: Work) -> None:
    number = opened(work)
    evil_push(work)
    commit_files(work.ada, {"schemas/commerce/orders.sql": "-- Ada's"})
    work.push()
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("table", [TABLE, "schemas/commerce/orders.sql"])
def test_a_definition_that_was_taken_away_was_pushed_too(work: Work, table: str) -> None:
    work.branch("main")
    commit_files(work.ada, {"schemas/commerce/orders.sql": "--"})
    work.push("main")
    number = opened(work)
    (Path(work.ada.working_dir) / table).unlink()
    commit_files(work.ada, plan_files(PLAN))
    work.push(user=BEN)
    edits_another_file(work, ADA)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-5")
@pytest.mark.invariant("GD-18")
def test_a_list_of_shards_was_pushed_too(work: Work) -> None:
    """It says where logins go, as the spec does."""
    listed = InputDigest(path="specs/commerce.shards", sha256=digest("list"))
    inputs = tuple(sorted((*PLAN.core.inputs, listed), key=lambda one: one.path))
    plan = plan_from_core(replace(PLAN.core, inputs=inputs), META)
    number = opened(work)
    commit_files(work.ada, {listed.path: "- ben.example", **plan_files(plan)})
    work.push(user=BEN)
    edits_another_file(work, ADA)
    approved_and_merged(work, number)
    assert work.refused(plan) == ["approvals-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused(plan) == []


@pytest.mark.threat("TM-FORGER-6")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("renamer", [ADA, APP])
def test_a_branch_that_got_another_name_since_has_no_whole_record(
    work: Work, renamer: User
) -> None:
    number = opened(work)
    evil_push(work)
    work.hub.wait_s(3_600)
    work.hub.renamed_branch(renamer, "feature", "renamed")
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-7")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("missing", ["the last", "the one before", "the first", "all"])
def test_a_row_that_is_missing_from_the_record_is_noticed(work: Work, missing: str) -> None:
    number = opened(work)
    evil_push(work)
    edits_another_file(work, ADA)
    approved_and_merged(work, number)
    rows = [row for row in work.hub.activity if row.ref == "refs/heads/feature"]
    gone = {"the last": rows[2:], "the one before": rows[1:2], "the first": rows[:1], "all": rows}
    work.hub.activity = [row for row in work.hub.activity if row not in gone[missing]]
    if missing == "the first":  # the two that are left say enough
        is_refused_until(work, number, CAI, code="approvals-missing")
    else:
        is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-7")
@pytest.mark.invariant("RV-9")
def test_a_deletion_that_is_missing_from_the_record_is_noticed(work: Work) -> None:
    number = opened(work)
    evil_push(work)
    commit = work.hub.deleted_branch(BEN, "feature")
    work.hub.restored_branch(ADA, "feature", commit)
    approved_and_merged(work, number)
    rows = work.hub.activity
    work.hub.activity = [row for row in rows if row.activity_type != "branch_deletion"]
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-7")
@pytest.mark.parametrize(("page_max", "pushes"), [(1, 3), (2, 3), (100, 3), (100, 120)])
def test_a_push_on_a_later_page_of_the_record_is_found(
    work: Work, page_max: int, pushes: int
) -> None:
    """After the branch went on for a while, and after many that changed nothing of importance."""
    number = opened(work)
    evil_push(work)
    head = work.hub.head_of("feature")
    row = work.hub.activity[-1]
    blind = replace(row, actor=ADA, before=head, after=head)
    work.hub.activity += [replace(blind, at=work.hub.now()) for _ in range(pushes)]
    approved_and_merged(work, number)
    later = replace(blind, before=head, after="e" * 40)
    work.hub.activity += [replace(later, at=work.hub.now()) for _ in range(pushes)]
    work.double.page_max = page_max
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-7")
@pytest.mark.invariant("RV-9")
def test_a_record_without_end_is_not_read_without_end(work: Work) -> None:
    number = opened(work)
    evil_push(work)
    head = work.hub.head_of("feature")
    blind = replace(work.hub.activity[-1], actor=ADA, before=head, after=head)
    work.hub.activity += [replace(blind, at=work.hub.now()) for _ in range(1_000)]
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")
    asked = [call for call in work.double.calls if "/activity" in call]
    assert len(asked) <= 2 * 4


@pytest.mark.threat("TM-FORGER-8")
def test_what_a_commit_says_about_its_author_changes_nothing(work: Work) -> None:
    number = opened(work)
    commit_files(work.ada, {TABLE: EVIL, **plan_files(PLAN)})
    message = "work\n\nCo-authored-by: cai <cai@hub.test>\n"
    work.ada.git.commit("--amend", "--author", "ada <ada@hub.test>", "-m", message)
    work.push(user=BEN)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-9")
@pytest.mark.invariant("RV-9")
def test_an_account_that_may_not_write_is_not_a_second_person(work: Work) -> None:
    """Ben's other account pushes to its fork and opens the pull request; Ben approves."""
    work.branch()
    work.hub.forks.add("feature")
    evil_push(work, EVE)
    number = work.hub.opened(EVE, "feature")
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-9")
@pytest.mark.invariant("RV-9")
def test_a_writer_on_top_of_a_stranger_does_not_stand_in_for_them(work: Work) -> None:
    work.branch()
    work.hub.forks.add("feature")
    evil_push(work, EVE)
    number = work.hub.opened(EVE, "feature")
    edits_another_file(work, ADA)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-9")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("what", ["deleted", "its record is another's"])
def test_a_fork_that_is_gone_tells_nothing(work: Work, what: str) -> None:
    work.branch()
    work.hub.forks.add("feature")
    evil_push(work)
    number = work.hub.opened(ADA, "feature")
    approved_and_merged(work, number)
    if what == "deleted":
        work.hub.pulls[number].head_is_gone = True
    else:
        work.hub.activity[-1].after = "e" * 40
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-10")
@pytest.mark.invariant("RV-3")
def test_a_push_between_ones_approval_and_the_merge_is_ones_own(work: Work) -> None:
    number = opened(work)
    evil_push(work, ADA)
    work.hub.reviewed(BEN, number)
    edits_another_file(work, BEN)
    work.hub.merged(number, MergeKind.SQUASH)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-10")
@pytest.mark.invariant("RV-2")
def test_a_definition_that_changes_after_the_approval_takes_a_new_one(work: Work) -> None:
    number = opened(work)
    commit_files(work.ada, plan_files(OTHER_PLAN))
    work.push()
    work.hub.reviewed(CAI, number)
    evil_push(work)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="approvals-missing")


@pytest.mark.threat("TM-FORGER-10")
@pytest.mark.invariant("RV-9")
@pytest.mark.parametrize("actor", [None, replace(BEN, id=99, login="ghost", kind="Mannequin")])
def test_an_account_that_is_gone_or_no_persons_could_be_anybody(
    work: Work, actor: User | None
) -> None:
    number = opened(work)
    evil_push(work, actor)
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


@pytest.mark.threat("TM-FORGER-10")
@pytest.mark.invariant("RV-9")
def test_commits_that_were_pushed_away_are_not_guessed_at(work: Work) -> None:
    """The forge drops them at some time: what Ada's push changed cannot be told then."""
    number = opened(work)
    evil_push(work)
    edits_another_file(work, ADA)
    work.hub.activity[-1].before = work.hub.activity[-2].after = "e" * 40
    approved_and_merged(work, number)
    is_refused_until(work, number, CAI, code="pusher-unknown")


def test_the_record_of_the_double_is_one_that_github_could_have(work: Work) -> None:
    number = opened(work)
    evil_push(work)
    updates_the_branch(work, ADA)
    commit = work.hub.deleted_branch(BEN, "feature")
    work.hub.restored_branch(ADA, "feature", commit)
    rows = [row for row in work.hub.activity if row.ref == "refs/heads/feature"]
    assert [row.activity_type for row in rows] == [
        "branch_creation", "push", "push", "branch_deletion", "branch_creation",
    ]  # fmt: skip
    assert all(one.after == other.before for one, other in pairwise(rows))
    assert rows[0].before == NOTHING
    assert rows[-1].after == work.hub.pulls[number].head_sha
    assert tuple(plan_files(PLAN)) == (JSON, SQL)
