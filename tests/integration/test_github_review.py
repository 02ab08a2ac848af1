"""Who approved what, asked of a GitHub that answers over HTTP from a real git repository.

Each history is made the way people make it; each attack is one that a merge button or a push makes
possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import git
import pytest
import stamina

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.main_line import GitMainLine
from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.guard.limits import CODE_OWNERS_LINES_MAX
from reconciler.plan.codec import dump_plan
from reconciler.plan.readable import render_readable_sql
from reconciler.spec.model import ReviewRule
from tests.github_double.hub import ADA, BEN, CAI, EVE, ROBOT, MergeKind, User
from tests.github_double.server import TOKEN, Fault
from tests.github_work import JSON, OTHER_PLAN, PLAN, SQL, Work, commit_files, plan_files, working


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2)
    yield
    stamina.set_testing(False)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with working(tmp_path) as made:
        yield made


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize("commits", [1, 3])
@pytest.mark.parametrize("kind", list(MergeKind))
def test_approved_and_merged_in_any_way_it_is_reviewed(
    work: Work, kind: MergeKind, commits: int
) -> None:
    work.branch()
    for number in range(commits - 1):
        work.commit(**{f"schemas__commerce__t{number}.sql": "--"})
    work.commit_plan()
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, kind)
    assert work.refused() == []


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize("kind", list(MergeKind))
def test_the_plan_may_be_in_the_first_of_several_commits(work: Work, kind: MergeKind) -> None:
    work.branch()
    work.commit_plan()
    work.commit(notes="1")
    work.commit(notes="2")
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, kind)
    assert work.refused() == []


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize("kind", list(MergeKind))
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_merge_queue_pushes_several_pull_requests_at_once(
    work: Work, kind: MergeKind, order: tuple[int, int]
) -> None:
    with_plan = work.proposed()
    work.branch("docs")
    work.commit(docs="x")
    work.push("docs")
    without = work.hub.opened(ADA, "docs")
    work.hub.reviewed(BEN, with_plan)
    numbers = (with_plan, without)
    work.hub.merged_together([numbers[place] for place in order], kind)
    assert work.refused() == []


@pytest.mark.invariant("RV-4")
def test_of_two_in_one_push_the_one_without_approval_cannot_borrow_the_others(work: Work) -> None:
    approved = work.proposed(OTHER_PLAN, "approved")
    work.hub.reviewed(BEN, approved)
    work.branch("sneaky")
    work.ada.git.merge("origin/approved")
    work.commit_plan(PLAN)
    work.push("sneaky")
    sneaky = work.hub.opened(ADA, "sneaky")
    work.hub.merged_together([approved, sneaky], MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]


@pytest.mark.invariant("RV-2")
def test_a_push_after_the_approval_that_changes_the_plan_voids_it(work: Work) -> None:
    number = work.proposed(OTHER_PLAN)
    work.hub.reviewed(BEN, number)
    work.commit_plan(PLAN)
    work.push()
    work.hub.merged(number, MergeKind.SQUASH)
    assert work.refused() == ["approvals-missing"]


@pytest.mark.invariant("RV-2")
def test_a_rebase_after_the_approval_that_leaves_the_plan_alone_keeps_it(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.ada.git.checkout("-B", "elsewhere", "origin/main")
    work.commit(elsewhere="x")
    work.hub.pushed(ADA, work.ada, "main")
    work.ada.git.checkout("feature")
    work.ada.git.rebase("elsewhere")
    work.push(force=True)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == []


@pytest.mark.invariant("RV-2")
def test_an_approval_of_a_commit_whose_readable_plan_was_edited_is_none(work: Work) -> None:
    work.branch()
    commit_files(work.ada, {**plan_files(PLAN), SQL: "-- nothing to see here\n"})
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.commit_plan(PLAN)
    work.push()
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]


@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("reviewer", [ADA, EVE, ROBOT, None])
def test_the_author_readers_bots_and_nobody_approve_nothing(
    work: Work, reviewer: User | None
) -> None:
    number = work.proposed()
    work.hub.reviewed(reviewer, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]


@pytest.mark.invariant("RV-3")
def test_who_pushed_last_to_somebody_elses_branch_approves_nothing(work: Work) -> None:
    work.branch()
    work.commit_plan(OTHER_PLAN)
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.commit_plan(PLAN)
    work.push(user=BEN)
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused() == []


@pytest.mark.invariant("RV-3")
def test_a_dismissed_approval_counts_no_more(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.dismissed(number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]


@pytest.mark.invariant("RV-3")
def test_a_request_for_changes_supersedes_the_same_persons_approval(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.reviewed(BEN, number, "CHANGES_REQUESTED")
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["changes-requested", "approvals-missing"]


def test_a_plan_pushed_past_review_is_refused(work: Work) -> None:
    work.branch("main")
    work.commit_plan()
    work.push("main")
    assert work.refused() == ["not-by-pull-request"]


def test_a_push_on_top_of_an_approved_merge_that_edits_the_plan_is_refused(work: Work) -> None:
    number = work.proposed(OTHER_PLAN)
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    work.branch("main")
    work.commit_plan(PLAN)
    work.push("main")
    assert work.refused() == ["not-by-pull-request"]


def test_an_approved_pull_request_that_is_not_merged_proves_nothing(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.push("main")
    assert work.refused() == ["not-by-pull-request"]


def test_a_link_in_the_place_of_the_plan_is_refused(work: Work) -> None:
    work.branch()
    commit_files(work.ada, {"elsewhere.json": dump_plan(PLAN), SQL: render_readable_sql(PLAN.core)})
    (Path(work.ada.working_dir) / JSON).symlink_to("../../elsewhere.json")
    work.ada.git.add("--all")
    work.ada.git.commit("-m", "link")
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["plan-is-a-link"]


@pytest.mark.invariant("RV-5")
def test_an_older_apply_run_again_after_a_newer_merge_is_superseded(work: Work) -> None:
    first = work.proposed(OTHER_PLAN, "first")
    work.hub.reviewed(BEN, first)
    older = work.hub.merged(first, MergeKind.MERGE)
    assert work.refused(OTHER_PLAN) == []
    second = work.proposed(PLAN, "second")
    work.hub.reviewed(BEN, second)
    work.hub.merged(second, MergeKind.MERGE)
    assert work.refused(OTHER_PLAN, at=older) == ["superseded"]
    assert work.refused(PLAN) == []


@pytest.mark.invariant("RV-5")
def test_a_newer_merge_of_other_files_supersedes_although_it_kept_the_plan(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    older = work.hub.merged(number, MergeKind.SQUASH)
    path = PLAN.core.inputs[0].path
    work.branch("other")
    commit_files(work.ada, {path: b"another spec"})
    work.push("other")
    work.hub.merged(work.hub.opened(ADA, "other"), MergeKind.SQUASH)
    assert work.refused(at=older) == ["superseded"]


@pytest.mark.invariant("RV-5")
def test_a_newer_merge_that_leaves_the_plan_alone_supersedes_nothing(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    older = work.hub.merged(number, MergeKind.SQUASH)
    work.branch("docs")
    work.commit(docs="x")
    work.push("docs")
    work.hub.merged(work.hub.opened(ADA, "docs"), MergeKind.SQUASH)
    assert work.refused(at=older) == []
    assert work.refused() == []


def test_a_commit_that_is_not_on_the_protected_branch_is_refused(work: Work) -> None:
    work.proposed()
    assert work.refused(at=work.hub.head_of("feature")) == ["commit-not-merged"]


SPEC = """version: 1
keyspace: commerce
schema: schemas/commerce
environments:
  production: {{connection: {{database: d, user: u}}, shards: ["-"], review: {{approvals: {n}}}}}
"""


@pytest.mark.invariant("RV-3")
def test_a_change_that_lowers_the_bar_must_clear_the_old_one(work: Work) -> None:
    work.branch("main")
    commit_files(work.ada, {"specs/commerce.yaml": SPEC.format(n=2)})
    work.push("main")
    work.branch()
    commit_files(work.ada, {"specs/commerce.yaml": SPEC.format(n=1), **plan_files(PLAN)})
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused(rule=ReviewRule(approvals=1)) == ["approvals-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused(rule=ReviewRule(approvals=1)) == []


@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("renamed", ["the file", "the environment", "the file and all names"])
def test_a_change_that_renames_what_has_the_bar_must_clear_it_too(work: Work, renamed: str) -> None:
    lax, strict = SPEC.format(n=1), SPEC.format(n=2)
    before = {"the environment": {"specs/commerce.yaml": strict.replace("production", "prod")}}
    work.branch("main")
    commit_files(work.ada, before.get(renamed, {"specs/shop.yaml": strict}))
    if renamed == "the file and all names":
        names = strict.replace("production", "prod").replace("commerce", "shop")
        commit_files(work.ada, {"specs/shop.yaml": names})
    work.push("main")
    work.branch()
    (Path(work.ada.working_dir) / "specs/shop.yaml").unlink(missing_ok=True)
    commit_files(work.ada, {"specs/commerce.yaml": lax, **plan_files(PLAN)})
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["approvals-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused() == []


@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("kind", list(MergeKind))
def test_the_bar_is_that_of_the_branch_when_it_was_merged_not_when_the_work_began(
    work: Work, kind: MergeKind
) -> None:
    """The pull request is as old as the laxer rules and owners, and would bring them back."""
    work.branch()
    work.commit(notes="begun")
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.ada.git.checkout("-B", "main", "origin/main")
    rules = {"specs/commerce.yaml": SPEC.format(n=2), ".github/CODEOWNERS": "/plans/ @cai\n"}
    commit_files(work.ada, rules)
    work.push("main")
    work.branch()
    work.commit(notes="again")
    lax = {"specs/commerce.yaml": SPEC.format(n=1), ".github/CODEOWNERS": "* @ben\n"}
    commit_files(work.ada, {**lax, **plan_files(PLAN)})
    work.push(force=True)
    assert work.hub.pulls[number].base_sha != work.hub.tip
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, kind)
    rule = ReviewRule(approvals=1, code_owners=True)
    assert work.refused(rule=rule) == ["approvals-missing", "code-owner-approval-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused(rule=rule) == []


@pytest.mark.threat("TM-FORGER-14")
@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize("back", ["* @ben\n", "* @ada\n"])
def test_owners_that_were_too_many_to_ask_hold_an_apply_until_others_came(
    work: Work, back: str
) -> None:
    """And take nothing away from who owned it before."""
    spec = SPEC.format(n=1).replace("approvals: 1", "approvals: 1, code_owners: true")
    work.branch("main")
    commit_files(work.ada, {"specs/commerce.yaml": spec, ".github/CODEOWNERS": "* @ben\n"})
    work.push("main")
    commit_files(work.ada, {".github/CODEOWNERS": "/x @ben\n" * (CODE_OWNERS_LINES_MAX + 1)})
    work.push("main")
    owners = ReviewRule(code_owners=True)
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused(rule=owners) == ["code-owners-too-large"]
    work.branch("main")
    commit_files(work.ada, {".github/CODEOWNERS": back})
    work.push("main")
    number = work.proposed(OTHER_PLAN, "again")
    work.hub.reviewed(CAI, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert set(work.refused(OTHER_PLAN, owners)) == {"code-owner-approval-missing"}
    work.hub.reviewed(BEN, number)
    asked = {"* @ben\n": [], "* @ada\n": ["code-owner-approval-missing"]}
    assert work.refused(OTHER_PLAN, owners) == asked[back]


def test_code_owners_are_those_of_the_branch_before(work: Work) -> None:
    work.branch("main")
    commit_files(work.ada, {".github/CODEOWNERS": "/plans/ @acme/dba\n"})
    work.push("main")
    work.branch()
    commit_files(work.ada, {".github/CODEOWNERS": "* @ben\n", **plan_files(PLAN)})
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    owners = ReviewRule(code_owners=True)
    assert work.refused(rule=owners) == ["code-owner-approval-missing"]
    work.hub.members["acme/dba"] = ["cai"]
    work.hub.reviewed(CAI, number)
    assert work.refused(rule=owners) == []


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_at_any_call_refuses(work: Work, fault: Fault) -> None:
    commit_files(work.ada, {".github/CODEOWNERS": "/plans/ @acme/dba\n"})
    work.hub.pushed(ADA, work.ada, "main")
    work.hub.members["acme/dba"] = ["ben"]
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.REBASE)
    owners = ReviewRule(code_owners=True)
    assert work.refused(rule=owners) == []
    calls = list(dict.fromkeys(work.double.calls))
    assert len(calls) > 8
    for failing in calls:
        work.double.fail(f"^{re.escape(failing)}$", fault)
        assert work.refused(rule=owners) != [], failing


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize(("page_max", "comments"), [(100, 100), (100, 99), (30, 40), (1, 5)])
def test_reviews_on_a_later_page_are_read(work: Work, page_max: int, comments: int) -> None:
    """Also where a page holds fewer rows than were asked for, and the server says it goes on."""
    work.double.page_max = page_max
    number = work.proposed()
    for _ in range(comments):
        work.hub.reviewed(CAI, number, "COMMENTED")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == []
    work.hub.reviewed(CAI, number, "CHANGES_REQUESTED")
    assert work.refused() == ["changes-requested"]


@pytest.mark.invariant("RV-6")
def test_no_fault_makes_an_approval_out_of_none(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(ADA, number)
    work.hub.merged(number, MergeKind.SQUASH)
    assert work.refused() == ["approvals-missing"]
    calls = list(dict.fromkeys(work.double.calls))
    for place, failing in enumerate(calls):
        fault = list(Fault)[place % len(Fault)]
        work.double.fail(f"^{re.escape(failing)}$", fault)
        assert work.refused(), (failing, fault)


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("kind", ["trees", "blobs"])
def test_a_file_that_may_not_be_seen_is_not_taken_for_one_that_is_gone(
    work: Work, kind: str
) -> None:
    """Else a 404 would read as "superseded"."""
    work.branch("main")
    commit_files(work.ada, {"specs/commerce.yaml": SPEC.format(n=1)})
    work.push("main")
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == []
    work.double.fail(f"git/{kind}", Fault.NOT_FOUND)
    assert work.refused() == ["forge-denied"]


@pytest.mark.parametrize(
    ("fault", "until"),
    [
        (Fault.LIMITED, "after 15:05:09 UTC"),
        (Fault.BURST, "in 30 s"),
        (Fault.BURST_WITHOUT_HEADER, "in some minutes"),
    ],
)
def test_a_rate_limit_says_when_it_ends(work: Work, fault: Fault, until: str) -> None:
    work.double.fail(".", fault)
    forge = GithubForge(GithubClient(api_url=work.double.url, token=TOKEN), "acme/shop")
    with pytest.raises(Unavailable, match=until) as limited:
        forge.branch_tip("main")
    assert limited.value.problems[0].code == "forge-rate-limited"


def test_a_short_pause_that_was_asked_for_is_made(work: Work) -> None:
    forge = GithubForge(GithubClient(api_url=work.double.url, token=TOKEN), "acme/shop")
    work.double.fault = lambda number, call: Fault.BURST if number == 0 else None
    assert forge.branch_tip("main") == work.hub.tip
    work.double.calls.clear()
    work.double.fault = lambda number, call: Fault.LIMITED if number == 0 else None
    with pytest.raises(Unavailable):
        forge.branch_tip("main")
    assert len(work.double.calls) == 1


@pytest.mark.invariant("RV-6")
def test_an_unknown_kind_of_review_is_no_answer(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.reviewed(CAI, number, "ENDORSED")
    work.hub.merged(number, MergeKind.MERGE)
    assert work.refused() == ["forge-answer-unclear"]


def test_nobody_knows_who_pushed_a_branch_without_a_record(work: Work) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.MERGE)
    work.hub.activity.clear()
    assert work.refused() == ["pusher-unknown"]


def test_a_shallow_clone_is_refused(work: Work, tmp_path: Path) -> None:
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.SQUASH)
    work.branch("docs")
    work.commit(docs="x")
    work.push("docs")
    work.hub.merged(work.hub.opened(ADA, "docs"), MergeKind.SQUASH)
    shallow = git.Repo.clone_from(f"file://{work.hub.bare.git_dir}", tmp_path / "s", depth=1)
    with pytest.raises(Refused) as caught:
        GitMainLine(tmp_path / "s").last_change(shallow.head.commit.hexsha, JSON)
    assert caught.value.problems[0].code == "clone-incomplete"


@pytest.mark.invariant("PL-12")
def test_a_token_goes_over_tls_and_into_no_message(work: Work) -> None:
    with pytest.raises(InvalidInput) as insecure:
        GithubClient(api_url="http://github.example/api/v3", token=TOKEN)
    work.double.fail(".", Fault.FORBIDDEN)
    forge = GithubForge(GithubClient(api_url=work.double.url, token=TOKEN), "acme/shop")
    with pytest.raises(Exception, match="403") as denied:
        forge.branch_tip("main")
    for error in (insecure.value, denied.value):
        assert TOKEN not in f"{error!r} {error} {getattr(error, 'problems', '')}"
