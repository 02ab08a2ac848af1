"""A spec lies on the protected branch and was not approved: nothing it names is connected to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from tests.attacks.watched import (
    Watched,
    connection_to,
    watched_jobs,
    watching,
    write_spec,
)
from tests.github_double.hub import ADA, BEN, EVE, MergeKind
from tests.github_double.server import Fault
from tests.github_jobs import Jobs
from tests.sample_plans import SHARDS

LIST = "specs/commerce.shards"

APPLIES = (
    ("apply", "-e", "production"),
    ("apply", "-e", "production", "--wave", "canary"),
    ("apply", "-e", "production", "--wave", "rest"),
)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    stamina.set_testing(True, attempts=2)
    with watching(tmp_path, monkeypatch) as found:
        yield found
    stamina.set_testing(False)


@pytest.fixture
def jobs(watched: Watched, tmp_path: Path) -> Iterator[Jobs]:
    with watched_jobs(watched, tmp_path) as found:
        yield found


def proposed_spec(jobs: Jobs, watched: Watched) -> int:
    name = f"feature-{len(jobs.hub.pulls)}"
    jobs.branch(name)
    watched.touch_spec()
    jobs.fleet.commit("another spec")
    return jobs.propose(name)


def founded_past_review(jobs: Jobs, watched: Watched) -> None:
    """As it was published: the first push brought it."""


def pushed_past_review(jobs: Jobs, watched: Watched) -> None:
    jobs.branch("main")
    watched.touch_spec()
    jobs.fleet.commit("another spec")
    jobs.push("main")


def merged_without_approval(jobs: Jobs, watched: Watched) -> None:
    jobs.merged(proposed_spec(jobs, watched))


def approved_by_a_reader(jobs: Jobs, watched: Watched) -> None:
    number = proposed_spec(jobs, watched)
    jobs.hub.reviewed(EVE, number)
    jobs.merged(number)


def approved_by_its_author(jobs: Jobs, watched: Watched) -> None:
    number = proposed_spec(jobs, watched)
    jobs.hub.reviewed(ADA, number)
    jobs.merged(number)


def approved_and_pushed_over(jobs: Jobs, watched: Watched) -> None:
    number = proposed_spec(jobs, watched)
    jobs.hub.reviewed(BEN, number)
    watched.touch_spec("# and once more\n")
    jobs.fleet.commit("after the approval")
    jobs.push(jobs.hub.pulls[number].head_branch)
    jobs.merged(number)


def approved_and_edited_on_main(jobs: Jobs, watched: Watched) -> None:
    approved(jobs, watched)
    pushed_past_review(jobs, watched)


def plan_approved_and_spec_edited_on_main(jobs: Jobs, watched: Watched) -> None:
    """The plan's own review still stands; it was of another spec."""
    approved_plan(jobs, watched)
    pushed_past_review(jobs, watched)


def list_of_shards_pushed_past_review(jobs: Jobs, watched: Watched) -> None:
    """The spec is the approved one; what it says of servers is in another file."""
    approved_list(jobs, watched)
    touch_list(jobs, watched)


def plan_approved_and_list_of_shards_pushed_past_review(jobs: Jobs, watched: Watched) -> None:
    approved_list(jobs, watched)
    approved_plan(jobs, watched)
    touch_list(jobs, watched)


def touch_list(jobs: Jobs, watched: Watched) -> None:
    jobs.branch("main")
    watched.fleet.write(LIST, watched.fleet.read(LIST) + "# another one\n")
    jobs.fleet.commit("another list")
    jobs.push("main")


def approved_list(jobs: Jobs, watched: Watched) -> None:
    jobs.branch("listed")
    watched.fleet.write(LIST, "".join(f"{name}\n" for name in SHARDS))
    watched.fleet.spec["environments"]["production"]["shards"] = {"file": LIST}
    write_spec(watched.fleet)
    jobs.fleet.commit("shards from a list")
    number = jobs.propose("listed")
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)


def plan_merged_without_approval(jobs: Jobs, watched: Watched) -> None:
    jobs.branch()
    watched.commit_plan()
    jobs.merged(jobs.propose())


def approvals_that_the_forge_does_not_tell(jobs: Jobs, watched: Watched) -> None:
    approved(jobs, watched)
    jobs.double.fail("reviews", Fault.BROKEN)


def approved(jobs: Jobs, watched: Watched) -> None:
    number = proposed_spec(jobs, watched)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number, MergeKind.SQUASH)


def approved_plan(jobs: Jobs, watched: Watched) -> None:
    jobs.branch()
    watched.commit_plan()
    number = jobs.propose()
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)


Way = Callable[[Jobs, Watched], None]
WAYS: tuple[Way, ...] = (
    founded_past_review,
    pushed_past_review,
    merged_without_approval,
    approved_by_a_reader,
    approved_by_its_author,
    approved_and_pushed_over,
    approved_and_edited_on_main,
    plan_approved_and_spec_edited_on_main,
    list_of_shards_pushed_past_review,
    plan_approved_and_list_of_shards_pushed_past_review,
    plan_merged_without_approval,
    approvals_that_the_forge_does_not_tell,
)


@pytest.mark.threat("TM-WRITER-21")
@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_spec_that_lacks_its_approvals_gets_no_connection(
    jobs: Jobs, watched: Watched, way: Way
) -> None:
    way(jobs, watched)
    for verb in APPLIES:
        ended = jobs.on_push(*verb)
        assert ended.code == 3, ended.said
        assert watched.is_untouched(), (verb, watched.connections)


@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize(
    "way", [approved, approved_plan, approved_list], ids=lambda way: way.__name__
)
def test_one_that_was_approved_is_connected_to(jobs: Jobs, watched: Watched, way: Way) -> None:
    """Or the servers above were untouched for another reason."""
    way(jobs, watched)
    jobs.on_push(*APPLIES[0])
    assert not watched.is_untouched()


@pytest.mark.threat("TM-WRITER-21")
@pytest.mark.invariant("GT-1")
def test_an_older_commit_is_not_connected_to_however_well_it_was_approved(
    jobs: Jobs, watched: Watched
) -> None:
    approved(jobs, watched)
    older = jobs.hub.tip
    approved(jobs, watched)
    ended = jobs.on_push(*APPLIES[0], commit=older)
    assert "superseded" in ended.said
    assert watched.is_untouched()


@pytest.mark.invariant("GT-1")
def test_a_broken_glass_leaves_out_approvals_and_not_the_branch(
    jobs: Jobs, watched: Watched
) -> None:
    pushed_past_review(jobs, watched)
    older = jobs.hub.tip
    pushed_past_review(jobs, watched)
    person = {"id": 2, "login": "ben", "type": "User"}
    glass = (*APPLIES[0], "--break-glass", "prod is down")
    jobs.on_push(*glass)
    assert watched.is_untouched(), "nobody let it in"
    environments = [{"name": "break-glass"}]
    jobs.hub.run_approvals = [{"state": "approved", "environments": environments, "user": person}]
    jobs.on_push(*glass, commit=older)
    assert watched.is_untouched(), "main has moved on"
    jobs.on_push(*glass)
    assert not watched.is_untouched()


@pytest.mark.threat("TM-WRITER-22")
@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize("verb", [("apply",), ("apply", "--wave", "canary"), ("resume",)])
@pytest.mark.parametrize("with_plan", [True, False])
def test_without_a_forge_what_the_protected_branch_does_not_hold_gets_no_connection(
    watched: Watched, verb: tuple[str, ...], with_plan: bool
) -> None:
    fleet = watched.fleet
    fleet.git("checkout", "--quiet", "-b", "feature")
    watched.touch_spec()
    fleet.commit("another spec")
    if with_plan:
        watched.commit_plan()
    ended = fleet.run(*verb, "-e", "production")
    assert ended.code == 3, ended.said
    assert "[commit-not-merged]" in ended.said
    fleet.git("checkout", "--quiet", "main")
    fleet.git("merge", "--quiet", "--no-edit", "feature")
    older = fleet.git("rev-parse", "HEAD")
    watched.touch_spec("# a newer one\n")
    fleet.commit("a newer spec")
    ended = fleet.run(*verb, "-e", "production", "--ref", older)
    assert ended.code == 3, ended.said
    assert "[superseded]" in ended.said
    assert watched.is_untouched()
    fleet.run(*verb, "-e", "production", "--review", "none")
    assert not watched.is_untouched()


@pytest.mark.threat("TM-WRITER-22")
@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize("verb", ["status", "stop", "release", "cancel"])
def test_a_ledger_that_the_protected_branch_does_not_name_is_not_asked(
    watched: Watched, verb: str
) -> None:
    fleet = watched.fleet
    fleet.git("checkout", "--quiet", "-b", "feature")
    watched.touch_spec()
    for said in ("in the working tree", "committed"):
        ended = fleet.run(verb, "-e", "production")
        assert ended.code == 3, said
        assert "[spec-not-merged]" in ended.said
        fleet.commit(said)
    assert watched.is_untouched()
    fleet.git("checkout", "--quiet", "main")
    fleet.run(verb, "-e", "production")
    assert watched.ledger.connections == 1
    fleet.git("checkout", "--quiet", "feature")
    fleet.run(verb, "-e", "production", "--review", "none")
    assert watched.ledger.connections == 2


@pytest.mark.threat("TM-FORK-21")
@pytest.mark.invariant("GT-1")
def test_a_forks_job_goes_to_the_scratch_server_of_the_base_branch_alone(
    jobs: Jobs, watched: Watched
) -> None:
    jobs.branch()
    theirs = connection_to(watched.before)
    for environment in watched.fleet.spec["environments"].values():
        environment.update(scratch=theirs, connection={**theirs, "database": "d_{shard}"})
    watched.fleet.spec["environments"].pop("staging")
    watched.fleet.spec["environments"]["production"].pop("after")
    write_spec(watched.fleet)
    jobs.fleet.commit("another scratch server")
    number = jobs.propose()
    jobs.hub.pulls[number].fork = True
    ended = jobs.on_pull_request(number, "verify")
    assert ended.code == 3, ended.said
    assert watched.before.connections == 0
    assert watched.scratch.connections > 0
    assert watched.shard.connections == 0
