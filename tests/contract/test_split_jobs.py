"""What the record of split jobs promises, asked of a file, of MySQL and of MariaDB. Simulations run
on the file's kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem, Refused
from reconciler.ledger.states import RequestState
from reconciler.ports.split_jobs import JobMoved
from reconciler.reshard.job import (
    Approval,
    Bracket,
    JobChange,
    JobProgress,
    JobRequestKind,
    SplitEngine,
    SplitJob,
    Stage,
    TableGround,
)
from reconciler.reshard.phases import IllegalMove, Phase
from tests.contract.conftest import OpenAnother
from tests.contract.ledgers import begun, ended, new_apply
from tests.sample_splits import (
    BROKE,
    adopted_in,
    brought_to,
    ended_in,
    later,
    new_job,
    opened_in,
    serving_in,
)

GROUND = (
    TableGround(shard="-80", table="größe`", table_id=2**40, columns="sha256:c"),
    TableGround(shard="-80", table="orders", table_id=11, columns="sha256:d"),
)
COPYING = Bracket(
    bracket_id=1,
    source="-80",
    target="-40",
    table="orders",
    stage=Stage.COPYING,
    batch=3,
    cursor='["größe", 17]' + "x" * 70_000,
    rows_scanned=2**40,
    rows_accepted=7,
)


def forge(ledger: SqlLedger, change: str, table: str = "split_jobs", **values: object) -> None:
    with writing(ledger._engine) as connection:
        connection.execute(text(f"UPDATE reconciler_{table} SET {change}"), values)


def test_what_was_opened_can_be_read_by_another(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    job = opened_in(ledger)
    job = ledger.split_jobs.move(
        job, Phase.BACKFILL, change=JobChange(ground=GROUND, problem=BROKE), now_s=2.25
    )
    other = open_another()
    assert other.split_jobs.live("production", "commerce") == job
    assert other.split_jobs.job(job.job_id) == job
    assert other.split_jobs.settled(job.job_id) == job
    assert other.split_jobs.live("production", "billing") is None
    assert other.split_jobs.live("staging", "commerce") is None
    assert other.split_jobs.job(job.job_id + 1) is None
    other.close()
    assert (job.ground, job.phase_since_s, job.problem) == (GROUND, 2.25, BROKE)


@pytest.mark.invariant("SP-15")
def test_a_keyspace_has_one_live_job(ledger: SqlLedger) -> None:
    """A failed one, and one that is being abandoned, are live."""
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    change = JobChange(problem=BROKE, retry_phase=Phase.PLANNED)
    for phase, detail in (
        (Phase.PLANNED, None),
        (Phase.FAILED, change),
        (Phase.ABANDONING, None),
    ):
        if phase is not job.phase:
            job = jobs.move(job, phase, change=detail or JobChange(), now_s=2.0)
        with pytest.raises(Refused, match=f"split {job.job_id} of commerce is in its phase"):
            jobs.open(new_job(), holder="you", now_s=3.0)
    opened_in(ledger, "billing")
    jobs.move(job, Phase.ABANDONED, now_s=4.0)
    assert jobs.live("production", "commerce") is None
    assert jobs.open(new_job(), holder="you", now_s=5.0).job_id > job.job_id


@pytest.mark.invariant("SP-16")
def test_an_apply_and_a_split_exclude_each_other_by_name(ledger: SqlLedger) -> None:
    adopted_in(ledger)
    lease = begun(ledger)
    with pytest.raises(Refused, match=f"apply {lease.apply_id} of commerce is pending"):
        ledger.split_jobs.open(new_job(), holder="me", now_s=1.0)
    begun(ledger, "billing")
    ended(ledger, lease)
    job = ledger.split_jobs.open(new_job(), holder="me", now_s=1.0)
    with pytest.raises(Refused, match=f"split {job.job_id} of commerce is in its phase planned"):
        begun(ledger)
    assert ledger.unfinished("production", "commerce") is None
    ended_in(ledger, job)
    begun(ledger)


@pytest.mark.invariant("SP-79")
def test_a_split_whose_targets_serve_lets_applies_begin_until_it_works_on_them_again(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    jobs = ledger.split_jobs
    job = serving_in(ledger)
    with pytest.raises(Refused, match=f"split {job.job_id} of commerce is in its phase cleanup"):
        begun(ledger)
    job = jobs.let_go(job)
    assert not job.reserves
    assert open_another().split_jobs.live("production", "commerce") == job
    with pytest.raises(Refused, match=f"split {job.job_id} of commerce"):
        jobs.open(new_job(), holder="you", now_s=3.0)
    lease = begun(ledger)
    with pytest.raises(Refused, match=f"apply {lease.apply_id} of commerce is pending"):
        jobs.reserve(job)
    assert jobs.job(job.job_id) == job
    ended(ledger, lease)
    job = jobs.reserve(job)
    with pytest.raises(Refused, match=f"split {job.job_id} of commerce"):
        begun(ledger)
    jobs.move(job, Phase.DONE, now_s=9.0)
    begun(ledger)


@pytest.mark.invariant("SP-106")
def test_for_how_long_a_source_is_kept_the_ledgers_own_clock_says(ledger: SqlLedger) -> None:
    """Whoever drives may believe in another year."""
    jobs, far_s = ledger.split_jobs, 4e9
    job = brought_to(ledger, opened_in(ledger), Phase.CATCHUP)
    assert jobs.since_cutover_s(job) is None
    for step in (Phase.ARM, Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER):
        job = jobs.move(job, step, now_s=far_s)
    job = ledger.routes.cut_over(job)
    since_s = jobs.since_cutover_s(job)
    assert since_s is not None
    assert 0 <= since_s < 60
    later(ledger, 1_000)
    found = jobs.job(job.job_id)
    assert found is not None
    since_s = jobs.since_cutover_s(found)
    assert since_s is not None
    assert 1_000 <= since_s < 1_060


@pytest.mark.invariant("SP-106")
def test_the_ledgers_clock_also_says_when_vitess_has_cut_over(ledger: SqlLedger) -> None:
    jobs, far_s = ledger.split_jobs, 4e9
    new = replace(new_job(), engine=SplitEngine.VITESS_RESHARD)
    job = jobs.open(new, holder="me", now_s=far_s)
    for step in (Phase.BACKFILL, Phase.CATCHUP, Phase.CUTOVER, Phase.CLEANUP):
        job = jobs.move(job, step, now_s=far_s)
    assert jobs.job(job.job_id) == job
    since_s = jobs.since_cutover_s(job)
    assert since_s is not None
    assert 0 <= since_s < 60


@pytest.mark.invariant("SP-79")
def test_an_apply_in_any_region_keeps_a_split_off_the_shards(ledger: SqlLedger) -> None:
    job = ledger.split_jobs.let_go(serving_in(ledger))
    ledger.begin(replace(new_apply(), region="eu"), holder="me", now_s=1.5)
    with pytest.raises(Refused, match="in region eu is pending"):
        ledger.split_jobs.reserve(job)


@pytest.mark.invariant("SP-79")
def test_a_split_lets_go_of_no_keyspace_before_its_targets_serve(ledger: SqlLedger) -> None:
    job = brought_to(ledger, opened_in(ledger), Phase.CUTOVER)
    with pytest.raises(IllegalMove):
        ledger.split_jobs.let_go(job)
    job = ledger.routes.cut_over(job)
    with pytest.raises(IllegalMove):
        ledger.split_jobs.let_go(job)


@pytest.mark.invariant("SP-16")
def test_a_split_that_this_program_cannot_read_keeps_applies_out_all_the_same(
    ledger: SqlLedger,
) -> None:
    opened_in(ledger)
    forge(ledger, "protocol = 9, phase = 'teleport'")
    with pytest.raises(Refused, match="is in its phase teleport"):
        begun(ledger)


@pytest.mark.invariant("SP-20")
def test_a_split_begins_at_the_version_that_it_was_planned_at(ledger: SqlLedger) -> None:
    with pytest.raises(Refused, match="no routes of commerce"):
        ledger.split_jobs.open(new_job(), holder="me", now_s=1.0)
    adopted_in(ledger)
    with pytest.raises(Refused, match=r"at version 1 .* was planned at version 2"):
        ledger.split_jobs.open(new_job(expected_version=2), holder="me", now_s=1.0)
    assert ledger.split_jobs.live("production", "commerce") is None
    vitess = new_job("routed-by-vitess", engine=SplitEngine.VITESS_RESHARD)
    assert ledger.split_jobs.open(vitess, holder="me", now_s=1.0).engine is vitess.engine


@pytest.mark.invariant("SP-14")
def test_who_was_overtaken_writes_nothing(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    seen = opened_in(ledger)
    mine = jobs.take_up(seen, holder="you", now_s=2.0)
    writes: tuple[Callable[[], object], ...] = (
        lambda: jobs.move(seen, Phase.BACKFILL, now_s=3.0),
        lambda: jobs.record(seen, [COPYING]),
        lambda: jobs.beat(seen, now_s=3.0),
        lambda: jobs.take_up(seen, holder="me", now_s=3.0),
        lambda: jobs.put_down(seen),
        lambda: jobs.hold(seen, "me"),
        lambda: jobs.reserve(seen),
    )
    for write in writes:
        with pytest.raises(JobMoved, match="another process has written"):
            write()
    assert jobs.job(seen.job_id) == mine
    assert (jobs.brackets(seen.job_id), jobs.path(seen.job_id)) == ((), ())
    assert jobs.move(mine, Phase.BACKFILL, now_s=3.0).holder == "you"


@pytest.mark.invariant("SP-14")
def test_a_revision_alone_is_not_enough(ledger: SqlLedger) -> None:
    """Whatever put the phase back: it is not the phase on which was decided."""
    job = opened_in(ledger)
    forge(ledger, "phase = 'catchup'")
    with pytest.raises(JobMoved):
        ledger.split_jobs.move(job, Phase.BACKFILL, now_s=3.0)


@pytest.mark.invariant("SP-10")
def test_what_the_table_does_not_allow_changes_nothing(ledger: SqlLedger) -> None:
    job = brought_to(ledger, opened_in(ledger), Phase.CUTOVER)
    for to in (Phase.CLEANUP, Phase.DONE, Phase.ABANDONING):
        with pytest.raises(IllegalMove):
            ledger.split_jobs.move(job, to, now_s=3.0)
    assert ledger.split_jobs.job(job.job_id) == job


@pytest.mark.invariant("SP-11")
def test_where_a_retry_leads_outlives_the_process(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    job = brought_to(ledger, opened_in(ledger), Phase.FENCE)
    change = JobChange(problem=BROKE, retry_phase=Phase.CATCHUP)
    failed = ledger.split_jobs.move(job, Phase.FAILED, change=change, now_s=5.0)
    other = open_another()
    found = other.split_jobs.live("production", "commerce")
    assert found == failed
    assert found is not None
    again = other.split_jobs.move(found, Phase.CATCHUP, now_s=6.0)
    assert (again.retry_phase, again.problem, again.fence_epoch) == (None, None, 1)
    *_, last, before = [other.split_jobs.path(job.job_id)[index] for index in (-2, -1)]
    assert (last.after, last.problem, before.after) == (Phase.FAILED, BROKE, Phase.CATCHUP)
    other.close()


@pytest.mark.invariant("SP-19")
def test_a_batch_never_goes_back(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    second = replace(COPYING, bracket_id=2, target="40-80", cursor="")
    jobs.record(job, [COPYING, second])
    assert jobs.brackets(job.job_id) == (COPYING, second)
    begun_again = replace(COPYING, cursor="", stage=Stage.WAITING, batch=4)
    jobs.record(job, [begun_again])
    jobs.record(job, [begun_again])
    with pytest.raises(Refused, match="further than batch 3"):
        jobs.record(job, [replace(second, batch=9), COPYING])
    assert jobs.brackets(job.job_id) == (begun_again, second), "all brackets of a write, or none"


def test_who_drives_and_who_asked_to_stop_is_told(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    jobs.beat(job, now_s=7.5)
    assert jobs.job(job.job_id) == replace(job, heartbeat_s=7.5)
    held = jobs.hold(job, "ada\x1b[2J" + "x" * 400)
    assert held.held_by is not None
    assert jobs.job(job.job_id) == replace(held, heartbeat_s=job.heartbeat_s)
    assert "\x1b" not in held.held_by
    freed = jobs.hold(held, None)
    down = jobs.put_down(freed)
    assert (down.held_by, down.holder, down.revision) == (None, None, job.revision + 3)


def test_what_a_tick_has_measured_is_told_with_its_sign_of_life(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    assert jobs.progress(job.job_id) is None
    told = JobProgress(
        at_s=1_700_000_000.123456,
        queued=2**40,
        oldest_s=0.25,
        copied_per_s=20_000.5,
        to_compare=2**41,
        rests="größe \U0001f40c",
    )
    jobs.beat(job, now_s=7.5, progress=told)
    other = open_another()
    assert other.split_jobs.progress(job.job_id) == told
    jobs.beat(job, now_s=8.5)
    assert jobs.progress(job.job_id) == told, "a sign of life alone takes nothing back"
    again = JobProgress(at_s=9.5, compared_per_s=1e9, rests="a\x1b[2J\nb" + "x" * 70_000)
    jobs.beat(job, now_s=9.5, progress=again)
    found = other.split_jobs.progress(job.job_id)
    assert found is not None
    assert replace(found, rests="") == replace(again, rests="")
    assert found.rests.startswith("a\\u001b[2J\\nb")
    assert jobs.job(job.job_id) == replace(job, heartbeat_s=9.5)
    other.close()


@pytest.mark.invariant("SP-50")
def test_who_was_overtaken_tells_nothing_any_more(
    ledger: SqlLedger, open_another: OpenAnother
) -> None:
    jobs, told = ledger.split_jobs, JobProgress(at_s=2.0, queued=1)
    job = opened_in(ledger)
    jobs.beat(job, now_s=2.0, progress=told)
    other = open_another()
    taken = other.split_jobs.take_up(job, holder="another", now_s=3.0)
    with pytest.raises(JobMoved):
        jobs.beat(job, now_s=4.0, progress=replace(told, queued=7))
    assert jobs.progress(job.job_id) == told
    assert jobs.job(job.job_id) == taken
    other.close()


def test_the_first_approval_stays_and_is_of_this_plan(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    for by in ("ada", "bob"):
        jobs.approve(job.job_id, Approval.CUTOVER, plan_id=job.plan_id, by=by, now_s=2.0)
    jobs.approve(job.job_id, Approval.CLEANUP, plan_id=job.plan_id, by="bob", now_s=3.0)
    with pytest.raises(Refused, match="carries out plan sha256:1, and sha256:2 was approved"):
        jobs.approve(job.job_id, Approval.START, plan_id="sha256:2", by="bob", now_s=3.0)
    assert [(one.approval, one.by, one.at_s) for one in jobs.approvals(job.job_id)] == [
        (Approval.CUTOVER, "ada", 2.0),
        (Approval.CLEANUP, "bob", 3.0),
    ]


def test_a_request_is_answered_once(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    asked = jobs.ask(job.job_id, JobRequestKind.ABANDON, asked_by="you\x1b[2J", now_s=3.0)
    later = jobs.ask(job.job_id, JobRequestKind.STOP, asked_by="you", now_s=4.0)
    assert jobs.requests(job.job_id, RequestState.PENDING) == (asked, later)
    jobs.answer(asked.request_id, RequestState.REFUSED, BROKE)
    jobs.answer(asked.request_id, RequestState.APPLIED)
    assert jobs.requests(job.job_id) == (
        replace(asked, state=RequestState.REFUSED, problem=BROKE),
        later,
    )
    assert "\x1b" not in asked.asked_by


def ended_jobs(ledger: SqlLedger) -> list[SplitJob]:
    """Three of one keyspace and one of another, at 10, 20, 30 and 40 s."""
    adopted_in(ledger)
    adopted_in(ledger, "billing")
    keyspaces = ("commerce", "billing", "commerce", "commerce")
    return [
        ended_in(
            ledger,
            ledger.split_jobs.open(new_job(keyspace), holder="me", now_s=1.0),
            now_s=10.0 * number,
        )
        for number, keyspace in enumerate(keyspaces, start=1)
    ]


def test_history_is_read_by_pages_the_newest_first(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    first, other, second, third = ended_jobs(ledger)
    live = jobs.open(new_job(), holder="me", now_s=1.0)
    assert jobs.ended("production", limit=9) == (third, second, other, first)
    assert jobs.ended("production", keyspace="commerce", limit=2) == (third, second)
    assert jobs.ended("production", keyspace="commerce", before=second.job_id, limit=2) == (first,)
    assert jobs.ended("production", phase=Phase.DONE, limit=9) == ()
    assert jobs.ended("production", phase=Phase.ABANDONED, limit=1) == (third,)
    assert jobs.ended("staging", limit=9) == ()
    assert live not in jobs.ended("production", limit=9)


@pytest.mark.invariant("SP-18")
def test_history_is_swept_in_bounds_and_never_what_lives(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    first, other, second, third = ended_jobs(ledger)
    live = jobs.open(new_job(), holder="me", now_s=1.0)
    jobs.record(live, [COPYING])
    sweep = {"ended_before_s": 15.0, "keep": 100, "limit": 10}
    assert [jobs.sweep(**sweep) for _ in range(2)] == [1, 0]  # type: ignore[arg-type]
    assert jobs.ended("production", limit=9) == (third, second, other)
    assert (jobs.path(first.job_id), jobs.job(first.job_id)) == ((), None)
    assert [jobs.sweep(ended_before_s=0.0, keep=1, limit=1) for _ in range(3)] == [1, 1, 0]
    assert jobs.ended("production", limit=9) == (third,)
    assert jobs.path(third.job_id) != ()
    assert jobs.sweep(ended_before_s=1e9, keep=0, limit=9) == 1
    assert jobs.live("production", "commerce") == live
    assert jobs.brackets(live.job_id) == (COPYING,)
    catalog = ledger.routes.at("production", "commerce", 1)
    assert catalog is not None


@pytest.mark.runbook("split-other-protocol")
@pytest.mark.invariant("SP-17")
def test_a_job_of_another_protocol_is_refused_by_name(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    job = opened_in(ledger)
    forge(ledger, "protocol = 2, phase = 'teleport'")
    reads: tuple[Callable[[], object], ...] = (
        lambda: jobs.live("production", "commerce"),
        lambda: jobs.job(job.job_id),
        lambda: jobs.settled(job.job_id),
        lambda: jobs.approve(job.job_id, Approval.START, plan_id="sha256:1", by="me", now_s=1.0),
    )
    for read in reads:
        with pytest.raises(Refused, match=f"split {job.job_id} of commerce .* protocol 2"):
            read()
    with pytest.raises(JobMoved):
        jobs.take_up(job, holder="me", now_s=2.0)


@pytest.mark.invariant("PL-12")
def test_what_servers_say_is_made_visible_before_it_is_kept(ledger: SqlLedger) -> None:
    job = opened_in(ledger)
    said = Problem(code="x", message="two\nlines \x1b[2J", recovery="fix\nit")
    change = JobChange(problem=said, retry_phase=Phase.PLANNED)
    ledger.split_jobs.move(job, Phase.FAILED, change=change, now_s=2.0)
    found = ledger.split_jobs.job(job.job_id)
    assert found is not None
    assert found.problem is not None
    assert found.problem.message == "two\\nlines \\u001b[2J"
