"""What the catalog of routes promises, asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Refused, Unavailable
from reconciler.limits import LEASE_LEFT_S_MAX, LEASE_SKEW_S_MAX
from reconciler.ports.split_jobs import JobMoved
from reconciler.reshard.catalog import RouteState
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import IllegalMove, Phase
from reconciler.routes.limits import LEASE_S_MAX
from tests.contract.conftest import OpenAnother
from tests.sample_splits import SHARDS, adopted_in, brought_to, leased, new_job, opened_in

AFTER = ("-40", "40-80", "80-")
OVERLAPPING = (
    "INSERT INTO reconciler_routes (environment, keyspace, since_version, range_start,"
    " range_end, until_version, shard, place, state)"
    " VALUES ('production', 'commerce', 1, 'c0', 'd0', 0, 'c0-d0', 'c0-d0', 'active')"
)


def at_cutover(ledger: SqlLedger) -> SplitJob:
    return brought_to(ledger, opened_in(ledger), Phase.CUTOVER)


def version_of(ledger: SqlLedger) -> tuple[int, tuple[str, ...]]:
    catalog = ledger.routes.read("production", "commerce")
    assert catalog is not None
    return catalog.version, catalog.shards


def forge(ledger: SqlLedger, statement: str) -> None:
    with writing(ledger._engine) as connection:
        connection.execute(text(statement))


def test_routes_are_adopted_once(ledger: SqlLedger, open_another: OpenAnother) -> None:
    assert ledger.routes.read("production", "commerce") is None
    assert ledger.routes.at("production", "commerce", 1) is None
    catalog = adopted_in(ledger)
    other = open_another()
    assert adopted_in(other) == catalog == other.routes.read("production", "commerce")
    other.close()
    assert [(route.place, route.state, route.since) for route in catalog.routes] == [
        ("-80", RouteState.ACTIVE, 1),
        ("80-", RouteState.ACTIVE, 1),
    ]
    said = {"by": "bob", "now_s": 9.0}
    for shards, function, told in (
        (("-",), "xxhash", "the spec lists -"),
        (SHARDS, "hash", "of the key function xxhash, the spec's is hash"),
        (("a", "b"), "xxhash", "is not named by a range"),
    ):
        with pytest.raises(Refused, match=told):
            ledger.routes.adopt(
                "production",
                "commerce",
                key_function=function,
                shards=shards,
                **said,  # type: ignore[arg-type]
            )
    with pytest.raises(Refused, match="exactly once"):
        ledger.routes.adopt(
            "production",
            "billing",
            key_function="hash",
            shards=("-40", "80-"),
            **said,  # type: ignore[arg-type]
        )
    assert ledger.routes.read("production", "billing") is None
    assert ledger.routes.read("production", "commerce") == catalog


@pytest.mark.invariant("SP-20")
def test_a_cutover_changes_phase_version_and_routes_together(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    job = ledger.routes.cut_over(at_cutover(ledger))
    other = open_another()
    assert other.split_jobs.live("production", "commerce") == job
    assert (job.phase, job.cutover_version) == (Phase.CLEANUP, 2)
    assert version_of(other) == (2, AFTER)
    opened = other.routes.open_targets(job)
    assert (opened.opened_version, version_of(other)) == (3, (3, AFTER))
    catalog = other.routes.read("production", "commerce")
    assert catalog is not None
    assert {route.state for route in catalog.routes} == {RouteState.ACTIVE}
    assert other.split_jobs.path(job.job_id)[-1].after is Phase.CLEANUP
    assert other.split_jobs.move(opened, Phase.DONE, now_s=6.0).ended_s == 6.0
    other.close()


@pytest.mark.invariant("SP-23")
def test_every_version_still_says_who_owned_a_key(ledger: SqlLedger) -> None:
    ledger.routes.open_targets(ledger.routes.cut_over(at_cutover(ledger)))
    found = [ledger.routes.at("production", "commerce", version) for version in range(1, 4)]
    owners = [catalog.owner_of(b"\x50") for catalog in found if catalog is not None]
    assert [(owner.shard, owner.state) for owner in owners] == [
        ("-80", RouteState.ACTIVE),
        ("40-80", RouteState.CLOSED),
        ("40-80", RouteState.ACTIVE),
    ]
    assert [catalog.version for catalog in found if catalog is not None] == [1, 2, 3]
    for never in (0, 4):
        assert ledger.routes.at("production", "commerce", never) is None
    assert len(ledger.routes.past("production", "commerce")) == 6


@pytest.mark.invariant("SP-20")
@pytest.mark.invariant("SP-14")
def test_a_cutover_of_an_older_look_changes_nothing(ledger: SqlLedger) -> None:
    seen = at_cutover(ledger)
    mine = ledger.split_jobs.take_up(seen, holder="you", now_s=4.0)
    with pytest.raises(JobMoved):
        ledger.routes.cut_over(seen)
    assert version_of(ledger) == (1, SHARDS)
    forge(ledger, "UPDATE reconciler_route_catalogs SET version = 2")
    with pytest.raises(Refused, match="was planned at version 1"):
        ledger.routes.cut_over(mine)
    assert ledger.split_jobs.job(mine.job_id) == mine
    with pytest.raises(IllegalMove):
        ledger.routes.cut_over(brought_to(ledger, opened_in(ledger, "billing"), Phase.ARM))


@pytest.mark.threat("TM-LEDGER-16")
@pytest.mark.invariant("SP-21")
@pytest.mark.parametrize(
    "forged",
    [
        "UPDATE reconciler_routes SET until_version = 1 WHERE shard = '80-'",
        "DELETE FROM reconciler_routes WHERE shard = '80-'",
        "DELETE FROM reconciler_routes",
        OVERLAPPING,
    ],
)
def test_routes_that_somebody_broke_cut_nothing_over_and_are_not_used(
    ledger: SqlLedger, forged: str
) -> None:
    job = at_cutover(ledger)
    forge(ledger, forged)
    with pytest.raises(Refused, match="exactly once"):
        ledger.routes.cut_over(job)
    assert ledger.split_jobs.job(job.job_id) == job
    with pytest.raises(Refused, match="exactly once"):
        ledger.routes.read("production", "commerce")
    with pytest.raises(Refused, match="exactly once"):
        ledger.routes.at("production", "commerce", 1)


@pytest.mark.invariant("SP-21")
def test_the_database_itself_refuses_a_second_owner(ledger: SqlLedger) -> None:
    adopted_in(ledger)
    with pytest.raises(Unavailable):
        forge(
            ledger,
            "INSERT INTO reconciler_routes (environment, keyspace, since_version, range_start,"
            " range_end, until_version, shard, place, state)"
            " VALUES ('production', 'commerce', 2, '80', 'c0', 0, '80-c0', '80-c0', 'active')",
        )


@pytest.mark.invariant("SP-24")
def test_targets_stay_closed_while_somebody_may_route_by_what_was(ledger: SqlLedger) -> None:
    job = ledger.routes.cut_over(at_cutover(ledger))
    leased(ledger, "web-1", version=1, left_s=60)
    leased(ledger, "web-2", version=2, left_s=60)
    leased(ledger, "gone", version=1, left_s=-60)
    leased(ledger, "just over", version=1, left_s=-1)
    with pytest.raises(Refused, match=r"2 applications may still route .*: just over, web-1"):
        ledger.routes.open_targets(job)
    assert version_of(ledger) == (2, AFTER)
    assert ledger.split_jobs.job(job.job_id) == job
    assert [
        (one.router, one.seen_version) for one in ledger.routes.leases("production", "commerce")
    ] == [("just over", 1), ("web-1", 1), ("web-2", 2)]
    forge(ledger, "UPDATE reconciler_route_leases SET seen_version = 2")
    assert ledger.routes.open_targets(job).opened_version == 3


@pytest.mark.invariant("SP-28")
def test_no_fence_is_closed_on_an_application_that_cannot_wait(ledger: SqlLedger) -> None:
    job = brought_to(ledger, opened_in(ledger), Phase.ARM)
    leased(ledger, "web-1", version=1, left_s=20)
    leased(ledger, "old", version=1, capabilities="split-v0", left_s=20)
    leased(ledger, "gone", version=1, capabilities="", left_s=-30)
    with pytest.raises(Refused, match=r"1 applications .* \(split-v1\): old"):
        ledger.split_jobs.move(job, Phase.FENCE, now_s=2.0)
    assert ledger.split_jobs.job(job.job_id) == job
    forge(ledger, "UPDATE reconciler_route_leases SET capabilities = 'split-v1,more'")
    job = brought_to(ledger, ledger.split_jobs.move(job, Phase.FENCE, now_s=2.0), Phase.CUTOVER)
    leased(ledger, "came later", version=1, capabilities="", left_s=20)
    with pytest.raises(Refused, match="came later"):
        ledger.routes.cut_over(job)
    assert version_of(ledger) == (1, SHARDS)


def test_a_lease_that_the_client_takes_is_never_too_long() -> None:
    assert LEASE_S_MAX + LEASE_SKEW_S_MAX == LEASE_LEFT_S_MAX


@pytest.mark.invariant("SP-67")
@pytest.mark.threat("TM-ROUTER-1")
def test_a_lease_that_outlasts_an_outage_is_found_before_there_is_one(ledger: SqlLedger) -> None:
    """Of an application that takes milliseconds for microseconds, for instance."""
    job = brought_to(ledger, opened_in(ledger), Phase.ARM)
    leased(ledger, "web-1", version=1, left_s=20)
    leased(ledger, "months", version=1, left_s=9_000_000)
    with pytest.raises(Refused, match=r"1 applications .*: months; ") as refused:
        ledger.split_jobs.move(job, Phase.FENCE, now_s=2.0)
    assert refused.value.problems[0].code == "routers-lease-long"
    forge(ledger, "DELETE FROM reconciler_route_leases WHERE router = 'months'")
    job = brought_to(ledger, ledger.split_jobs.move(job, Phase.FENCE, now_s=2.0), Phase.CUTOVER)
    leased(ledger, "came later", version=1, left_s=9_000_000)
    with pytest.raises(Refused, match="came later"):
        ledger.routes.cut_over(job)
    assert version_of(ledger) == (1, SHARDS)


@pytest.mark.invariant("SP-18")
def test_leases_of_processes_that_are_long_gone_are_swept_in_bounds(ledger: SqlLedger) -> None:
    for number in range(3):
        leased(ledger, f"gone-{number}", version=1, left_s=-7_200)
    leased(ledger, "just over", version=1, left_s=-60)
    leased(ledger, "web-1", version=1, left_s=30)
    left = []
    for _ in range(3):
        ledger.split_jobs.sweep(ended_before_s=0.0, keep=9, limit=2)
        with writing(ledger._engine) as connection:
            counted = connection.execute(text("SELECT COUNT(*) FROM reconciler_route_leases"))
            left.append(counted.scalar())
    assert left == [3, 2, 2]
    assert [one.router for one in ledger.routes.leases("production", "commerce")] == ["web-1"]


def test_what_an_application_can_is_told(ledger: SqlLedger) -> None:
    leased(ledger, "web-1", version=1, capabilities="split-v1,other", left_s=30)
    leased(ledger, "web-2", version=1, capabilities="", left_s=30)
    first, second = ledger.routes.leases("production", "commerce")
    assert (first.capabilities, second.capabilities) == (("split-v1", "other"), ())
    assert 0 < first.left_s <= 30


@pytest.mark.invariant("SP-22")
def test_a_relocated_shard_has_another_place(ledger: SqlLedger) -> None:
    adopted_in(ledger)
    for version in (1, 3):
        new = new_job(targets=("-80",), expected_version=version)
        job = ledger.split_jobs.open(new, holder="me", now_s=1.0)
        job = brought_to(ledger, job, Phase.CUTOVER)
        job = ledger.routes.open_targets(ledger.routes.cut_over(job))
        ledger.split_jobs.move(job, Phase.DONE, now_s=6.0)
    catalog = ledger.routes.read("production", "commerce")
    assert catalog is not None
    assert [route.place for route in catalog.routes] == ["-80@4", "80-"]
    places = {route.place for route in ledger.routes.past("production", "commerce")}
    assert places == {"-80", "80-", "-80@2", "-80@4"}


@pytest.mark.invariant("SP-20")
def test_neighbours_are_merged_by_the_same_machine(ledger: SqlLedger) -> None:
    adopted_in(ledger)
    new = new_job(sources=SHARDS, targets=("-",))
    job = brought_to(ledger, ledger.split_jobs.open(new, holder="me", now_s=1.0), Phase.CUTOVER)
    ledger.routes.open_targets(ledger.routes.cut_over(job))
    assert version_of(ledger) == (3, ("-",))
