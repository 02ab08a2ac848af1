"""A gate that was passed and is asked again while an apply waits: what holds now is what counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from reconciler.spec.model import ReviewRule
from tests.github_double.hub import ADA, BEN, CAI, MergeKind
from tests.github_double.server import Fault
from tests.github_work import JSON, OTHER_PLAN, PLAN, SQL, Work, commit_files, plan_files, working


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    stamina.set_testing(True, attempts=2)
    with working(tmp_path) as made:
        yield made
    stamina.set_testing(False)


@pytest.fixture
def gate(work: Work) -> Callable[[], list[str]]:
    """Of a job that has passed it once."""
    number = work.proposed()
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.SQUASH)
    gate = work.asked()
    assert gate() == []
    return gate


def reverts_the_plan(work: Work) -> None:
    work.branch("main")
    for path in (JSON, SQL):
        (Path(work.ada.working_dir) / path).unlink()
    work.ada.git.commit("-am", "revert")
    work.push("main")


def merges_another_plan(work: Work) -> None:
    number = work.proposed(OTHER_PLAN, "second")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.SQUASH)


def changes_the_spec(work: Work) -> None:
    work.branch("main")
    commit_files(work.ada, {PLAN.core.inputs[0].path: "another"})
    work.push("main")


def rewrites_main(work: Work) -> None:
    work.ada.git.checkout("--orphan", "again")
    commit_files(work.ada, {"README.md": "all new", **plan_files(PLAN)})
    work.push("main", force=True)


def requests_changes(work: Work) -> None:
    work.hub.reviewed(CAI, 1, "CHANGES_REQUESTED")


def thinks_better_of_it(work: Work) -> None:
    work.hub.reviewed(BEN, 1, "CHANGES_REQUESTED")


def dismisses(work: Work) -> None:
    work.hub.dismissed(1)


def leaves_the_team(work: Work) -> None:
    work.hub.permissions["ben"] = "read"


SINCE = (
    (reverts_the_plan, ["superseded"]),
    (merges_another_plan, ["superseded"]),
    (changes_the_spec, ["superseded"]),
    (rewrites_main, ["commit-not-merged"]),
    (requests_changes, ["changes-requested"]),
    (thinks_better_of_it, ["changes-requested", "approvals-missing"]),
    (dismisses, ["approvals-missing"]),
    (leaves_the_team, ["approvals-missing"]),
)


@pytest.mark.threat("TM-FORGER-13")
@pytest.mark.invariant("RV-10")
@pytest.mark.parametrize(("happens", "codes"), SINCE)
def test_what_happened_since_is_seen(
    work: Work, gate: Callable[[], list[str]], happens: Callable[[Work], None], codes: list[str]
) -> None:
    happens(work)
    assert gate() == codes


@pytest.mark.threat("TM-FORGER-13")
@pytest.mark.invariant("RV-10")
def test_while_nothing_happens_the_verdict_is_the_same_however_often_it_is_asked_for(
    work: Work, gate: Callable[[], list[str]]
) -> None:
    assert [gate() for _ in range(3)] == [[], [], []]
    work.branch("docs")
    work.commit(docs="x")
    work.push("docs")
    work.hub.merged(work.hub.opened(ADA, "docs"), MergeKind.SQUASH)
    assert gate() == []


@pytest.mark.threat("TM-FORGER-13")
@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("fault", list(Fault))
def test_a_forge_that_fails_meanwhile_is_no_yes(
    work: Work, gate: Callable[[], list[str]], fault: Fault
) -> None:
    work.double.fail("/(reviews|branches|permission)", fault)
    assert gate() != []
    work.double.fault = lambda number, call: None
    assert gate() == []


@pytest.mark.threat("TM-FORGER-12")
@pytest.mark.invariant("RV-3")
def test_the_owners_of_definitions_are_asked_when_the_last_of_them_is_taken_away(
    work: Work,
) -> None:
    work.branch("main")
    owners = "/plans/ @ben\n/schemas/ @cai\n"
    commit_files(work.ada, {".github/CODEOWNERS": owners})
    work.push("main")
    work.branch()
    for table in (Path(work.ada.working_dir) / "schemas" / "commerce").iterdir():
        table.unlink()
    commit_files(work.ada, plan_files(PLAN))
    work.push()
    number = work.hub.opened(ADA, "feature")
    work.hub.reviewed(BEN, number)
    work.hub.merged(number, MergeKind.SQUASH)
    rule = ReviewRule(code_owners=True)
    assert work.refused(rule=rule) == ["code-owner-approval-missing"]
    work.hub.reviewed(CAI, number)
    assert work.refused(rule=rule) == []
