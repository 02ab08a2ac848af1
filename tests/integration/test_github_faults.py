"""A GitHub that fails from any call on: all of it or nothing, never half a proof, nothing twice."""

from __future__ import annotations

import itertools

import pytest

from tests.github_double.hub import BEN
from tests.github_double.server import Double, Fault
from tests.github_jobs import ADD_COLUMN, Jobs, change, is_applied
from tests.series import share

# The calls of a whole apply that fail; each kind of fault gets its turn, for their number is odd.
EVERY = 4 // share(4)
# What a review is proven by; none of it may be missing when the first statement is sent.
PROOF = ("/branches/main", "/pulls", "/reviews", "/activity", "/permission", "/git/")


@pytest.fixture
def shard_count() -> int:
    """A shard for each wave, on servers of their own: a forge is asked as often as for more."""
    return 2


def out_from(double: Double, first: int) -> Fault:
    """Calls from this one on fail; each kind of fault gets its turn."""
    fault = list(Fault)[first % len(Fault)]
    double.calls.clear()
    double.fault = lambda number, call: fault if number >= first else None
    return fault


def calls_without(double: Double, first: int) -> bool:
    """Whether a run has come to its end before the fault: there is nothing left to fail."""
    return len(double.calls) <= first


@pytest.mark.random
@pytest.mark.invariant("RV-6")
def test_an_apply_is_proven_whole_or_sends_nothing(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)
    before = jobs.fleet.all_definitions()
    held = 0
    for first in itertools.count(step=EVERY):
        fault = out_from(jobs.double, first)
        ended = jobs.on_push("apply")
        answered = " ".join(jobs.double.calls[:first])
        if ended.code == 3:
            assert "forge-" in ended.said, (first, fault)
            assert jobs.fleet.all_definitions() == before, (first, fault)
            continue
        assert all(needed in answered for needed in PROOF), (first, answered)
        if ended.code == 4:  # between two waves, where the proof is asked for again
            assert "forge-" in ended.said, (first, fault)
            assert not is_applied(jobs), (first, fault)
            jobs.double.fault = lambda number, call: None
            assert jobs.on_push("apply").code == 0
            held += 1
        else:
            # What fails from here on is told, and changes nothing any more.
            assert ended.code == 0, (first, fault, ended.said)
            assert "could not be written" in ended.err or calls_without(jobs.double, first)
        assert is_applied(jobs), (first, fault)
        if calls_without(jobs.double, first):
            break
        for shard in jobs.fleet.databases:
            jobs.fleet.sql(shard, "ALTER TABLE users DROP COLUMN age")
    assert len(jobs.comments(number)) == 1
    assert first > 15
    assert held > 5 // EVERY


@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize("has_plan", [True, False])
def test_no_fault_makes_a_verdict_better_or_a_comment_twice(jobs: Jobs, has_plan: bool) -> None:
    if has_plan:
        number = change(jobs)
    else:
        jobs.branch()
        jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        jobs.fleet.commit("no plan")
        number = jobs.propose()
    for first in itertools.count():
        fault = out_from(jobs.double, first)
        ended = jobs.on_pull_request(number, "verify")
        assert ended.code == (0 if has_plan else 3), (first, fault, ended.said)
        states = {status["state"] for status in jobs.hub.statuses}
        assert states <= {"success" if has_plan else "failure"}
        assert len(jobs.comments(number)) <= 1, (first, fault)
        if calls_without(jobs.double, first):
            break
        assert "could not be written" in ended.err, (first, fault)
    assert len(jobs.comments(number)) == 1
    assert first >= 3


def test_drift_is_found_and_told_once_whatever_fails(jobs: Jobs) -> None:
    change(jobs)
    shard = next(iter(jobs.fleet.databases))
    jobs.fleet.sql(shard, "ALTER TABLE orders ADD COLUMN surprise int")
    for first in itertools.count():
        fault = out_from(jobs.double, first)
        assert jobs.on_schedule("drift").code == 2, (first, fault)
        assert len(jobs.hub.issues) <= 1, (first, fault)
        assert all(status["state"] == "failure" for status in jobs.hub.statuses)
        if calls_without(jobs.double, first):
            break
    assert len(jobs.hub.issues) == 1
    assert first >= 5


def test_an_answer_that_got_lost_is_not_asked_for_twice(jobs: Jobs) -> None:
    number = change(jobs)
    jobs.double.fail("POST", Fault.LOST)
    assert jobs.on_pull_request(number, "verify").code == 0
    assert len(jobs.comments(number)) == 1
    posts = [call for call in jobs.double.calls if call.startswith("POST")]
    assert len(posts) == len(set(posts))
