"""One pull request lowers the review rule and applies nothing, the next one has the lower rule.

Each first step is merged with one approval where the rule asks for two and for a code owner; the
second is a plan that has what the lower rule would ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina

from reconciler.guard.limits import CODE_OWNERS_LINES_MAX
from tests.attacks.watched import SPEC, Watched, watched_jobs, watching, write_spec
from tests.github_double.hub import BEN, CAI, MergeKind
from tests.github_jobs import Jobs

OWNED_BY_BEN = "/specs/ @ben\n/schemas/ @ben\n/plans/ @ben\n/CODEOWNERS @ben\n"
OWNED_BY_CAI = OWNED_BY_BEN.replace("@ben", "@cai")
OTHER_SPEC = "specs/shop.yaml"


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    stamina.set_testing(True, attempts=2)
    strict = {"approvals": 2, "code_owners": True}
    with watching(tmp_path, monkeypatch, code_owners=OWNED_BY_BEN, review=strict) as found:
        found.fleet.spec["environments"]["production"].pop("after")
        found.fleet.spec["environments"].pop("staging")
        write_spec(found.fleet)
        found.fleet.git("add", "--all")
        found.fleet.git("commit", "--quiet", "--amend", "--no-edit")
        yield found
    stamina.set_testing(False)


@pytest.fixture
def jobs(watched: Watched, tmp_path: Path) -> Iterator[Jobs]:
    with watched_jobs(watched, tmp_path) as found:
        yield found


def lax(watched: Watched) -> dict[str, Any]:
    watched.fleet.spec["environments"]["production"]["review"] = {"approvals": 1}
    return watched.fleet.spec


Step = Callable[[Watched], None]


def lower_the_rule(watched: Watched) -> None:
    lax(watched)
    write_spec(watched.fleet)


def leave_out_the_rule(watched: Watched) -> None:
    lax(watched)["environments"]["production"].pop("review")
    write_spec(watched.fleet)


def break_the_spec(watched: Watched) -> None:
    watched.fleet.write(SPEC, "version: 1\nkeyspace: [commerce\n")


def delete_the_spec(watched: Watched) -> None:
    (watched.fleet.root / SPEC).unlink()


def hide_the_spec_behind_a_link(watched: Watched) -> None:
    watched.fleet.write("elsewhere.yaml", watched.fleet.read(SPEC))
    (watched.fleet.root / SPEC).unlink()
    (watched.fleet.root / SPEC).symlink_to("../elsewhere.yaml")


def hide_all_specs_behind_a_link(watched: Watched) -> None:
    (watched.fleet.root / "specs").rename(watched.fleet.root / "elsewhere")
    (watched.fleet.root / "specs").symlink_to("elsewhere")


def restore_lower(watched: Watched) -> None:
    specs = watched.fleet.root / "specs"
    for place in (specs, watched.fleet.root / SPEC):
        if place.is_symlink():
            place.unlink()
    lower_the_rule(watched)


def rename_the_spec(watched: Watched) -> None:
    watched.fleet.git("mv", SPEC, OTHER_SPEC)
    lax(watched)["keyspace"] = "shop"
    write_spec(watched.fleet, OTHER_SPEC)


def found_another_spec(watched: Watched) -> None:
    lax(watched)["keyspace"] = "shop"
    write_spec(watched.fleet, OTHER_SPEC)


def add_a_second_spec(watched: Watched) -> None:
    """With another name for the same server: of the same one, lint tells."""
    watched.fleet.monkeypatch.setenv("SCHEMA_HOST", "127.0.0.1")
    spec = lax(watched)
    spec["keyspace"] = "shop"
    spec["environments"]["production"]["connection"]["host"] = "${SCHEMA_HOST}"
    write_spec(watched.fleet, OTHER_SPEC)


def rename_the_environment(watched: Watched) -> None:
    spec = lax(watched)
    spec["environments"]["prod"] = spec["environments"].pop("production")
    write_spec(watched.fleet)


def replace_the_owners(watched: Watched) -> None:
    watched.fleet.write("CODEOWNERS", OWNED_BY_CAI)


def replace_the_owners_from_another_place(watched: Watched) -> None:
    """Where the forge looks first."""
    watched.fleet.write(".github/CODEOWNERS", OWNED_BY_CAI)


def delete_the_owners(watched: Watched) -> None:
    (watched.fleet.root / "CODEOWNERS").unlink()


def nothing(watched: Watched) -> None:
    place = watched.fleet.root / "README.md"
    place.write_text((place.read_text() if place.exists() else "") + "more\n")


HISTORIES: tuple[tuple[Step, ...], ...] = (
    (lower_the_rule,),
    (lower_the_rule, nothing, nothing),
    (leave_out_the_rule,),
    (break_the_spec, restore_lower),
    (delete_the_spec, restore_lower),
    (hide_the_spec_behind_a_link, restore_lower),
    (hide_all_specs_behind_a_link, restore_lower),
    (rename_the_spec,),
    (delete_the_spec, found_another_spec),
    (add_a_second_spec,),
    (rename_the_environment,),
)
OWNERS: tuple[tuple[Step, ...], ...] = (
    (replace_the_owners,),
    (replace_the_owners_from_another_place,),
    (delete_the_owners, replace_the_owners),
)


def merged(jobs: Jobs, watched: Watched, step: Step, *approved_by: Any) -> None:
    name = f"step-{len(jobs.hub.pulls)}"
    jobs.branch(name)
    step(watched)
    jobs.fleet.commit(name)
    number = jobs.propose(name)
    for user in approved_by:
        jobs.hub.reviewed(user, number)
    jobs.merged(number, MergeKind.SQUASH)


def planned(jobs: Jobs, watched: Watched, *approved_by: Any) -> str:
    """What `ci apply` says of a plan that was approved by these."""
    spec = SPEC if (watched.fleet.root / SPEC).exists() else OTHER_SPEC
    if (watched.fleet.root / OTHER_SPEC).exists():
        spec = OTHER_SPEC
    (environment,) = watched.fleet.spec["environments"]

    def plan(watched: Watched) -> None:
        watched.commit_plan(spec, environment)

    merged(jobs, watched, plan, *approved_by)
    ended = jobs.on_push("apply", watched.fleet.spec["keyspace"], "-e", environment)
    return ended.said if ended.code == 3 else ""


@pytest.mark.threat("TM-WRITER-24")
@pytest.mark.invariant("GT-6")
@pytest.mark.parametrize("steps", HISTORIES, ids=lambda steps: "-".join(s.__name__ for s in steps))
def test_a_rule_that_was_lowered_past_itself_still_holds(
    jobs: Jobs, watched: Watched, steps: tuple[Step, ...]
) -> None:
    for step in steps:
        merged(jobs, watched, step, CAI)
    said = planned(jobs, watched, CAI)
    assert "has 1 of 2 approvals" in said, said
    assert "[code-owner-approval-missing]" in said, said
    assert watched.is_untouched()


@pytest.mark.threat("TM-WRITER-25")
@pytest.mark.invariant("GT-6")
@pytest.mark.parametrize("steps", OWNERS, ids=lambda steps: "-".join(s.__name__ for s in steps))
def test_owners_that_were_replaced_past_them_must_still_approve(
    jobs: Jobs, watched: Watched, steps: tuple[Step, ...]
) -> None:
    for step in steps:
        merged(jobs, watched, step, CAI)
    said = planned(jobs, watched, CAI)
    assert "[code-owner-approval-missing]" in said, said
    assert "@ben" in said
    assert watched.is_untouched()


@pytest.mark.invariant("GT-6")
@pytest.mark.parametrize(
    "step", [lower_the_rule, rename_the_spec, rename_the_environment], ids=lambda s: s.__name__
)
def test_a_rule_that_was_lowered_as_it_asks_is_the_lower_one(
    jobs: Jobs, watched: Watched, step: Step
) -> None:
    """Or nothing above would have been refused for what it was."""
    merged(jobs, watched, step, BEN, CAI)
    planned(jobs, watched, CAI)
    assert not watched.is_untouched()


@pytest.mark.invariant("GT-6")
def test_owners_that_were_replaced_as_they_asked_are_the_new_ones(
    jobs: Jobs, watched: Watched
) -> None:
    merged(jobs, watched, replace_the_owners, BEN, CAI)
    said = planned(jobs, watched, BEN)
    assert "[code-owner-approval-missing]" in said
    assert watched.is_untouched()
    jobs.hub.reviewed(CAI, len(jobs.hub.pulls))
    jobs.on_push("apply", "-e", "production")
    assert not watched.is_untouched()


@pytest.mark.invariant("GT-6")
def test_a_rule_that_was_lowered_past_itself_is_lowered_by_a_later_approval(
    jobs: Jobs, watched: Watched
) -> None:
    merged(jobs, watched, lower_the_rule, CAI)
    merged(jobs, watched, lambda watched: watched.touch_spec(), BEN, CAI)
    planned(jobs, watched, CAI)
    assert not watched.is_untouched()


@pytest.mark.threat("TM-WRITER-24")
@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lower_the_rule, "production in specs/commerce.yaml asked for 2 approvals and code owners"),
        (delete_the_spec, "now for nothing, it is gone"),
        (break_the_spec, "now for nothing, it is gone"),
        (rename_the_spec, "production in specs/shop.yaml asked for 2 approvals and code owners"),
        (add_a_second_spec, "production in specs/shop.yaml asked for 2 approvals and code owners"),
        (replace_the_owners, "was owned by @\u2060ben, now by @\u2060cai"),
        (delete_the_owners, "was owned by @\u2060ben, now by nobody"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_verify_says_loudly_that_a_change_lowers_the_rule(
    jobs: Jobs, watched: Watched, step: Step, told: str
) -> None:
    """In a comment of its own, in the summary, in the log and in the status."""
    jobs.branch("feature")
    step(watched)
    jobs.fleet.commit("feature")
    number = jobs.propose("feature")
    ended = jobs.on_pull_request(number, "verify")
    (comment,) = [body for body in jobs.comments(number) if "review-rule" in body]
    for said in (comment, jobs.summary):
        assert "this pull request lowers the review rule" in said
        assert told in said
    assert "warning: lowers the review rule" in ended.out
    statuses = [status["description"] for status in jobs.hub.statuses]
    assert all(said.startswith("lowers the review rule; ") for said in statuses)


def test_verify_takes_it_back_when_the_rule_is_as_it_was(jobs: Jobs, watched: Watched) -> None:
    jobs.branch("feature")
    replace_the_owners(watched)
    jobs.fleet.commit("feature")
    number = jobs.propose("feature")
    assert jobs.on_pull_request(number, "verify").code == 0
    (comment,) = jobs.hub.comments.values()
    watched.fleet.write("CODEOWNERS", OWNED_BY_BEN)
    jobs.fleet.commit("as it was")
    jobs.push("feature")
    ended = jobs.on_pull_request(number, "verify")
    assert ended.out == "no schema change\n"
    assert jobs.hub.minimised == [comment["node_id"]]


@pytest.mark.threat("TM-FORGER-14")
@pytest.mark.invariant("FB-1")
def test_owners_that_are_too_many_are_refused_and_can_be_taken_back(
    jobs: Jobs, watched: Watched
) -> None:
    def too_many(watched: Watched) -> None:
        watched.fleet.write("CODEOWNERS", "/x @ben\n" * (CODE_OWNERS_LINES_MAX + 1))

    jobs.branch("feature")
    too_many(watched)
    jobs.fleet.commit("feature")
    ended = jobs.on_pull_request(jobs.propose("feature"), "verify")
    assert ended.code == 1
    assert "[code-owners-too-large]" in ended.said
    merged(jobs, watched, too_many)
    jobs.branch("back")
    watched.fleet.write("CODEOWNERS", OWNED_BY_BEN)
    jobs.fleet.commit("back")
    assert jobs.on_pull_request(jobs.propose("back"), "verify").code == 0
