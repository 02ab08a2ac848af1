"""What becomes of a split job: by rows of the table, and by what it says of itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.reshard.job import JobChange, SplitEngine, SplitJob, TableGround
from reconciler.reshard.phases import BEFORE_CUTOVER, RETRY_PHASES, IllegalMove, Phase
from reconciler.reshard.transitions import (
    cut_over,
    is_coherent,
    moved,
    opened,
    why_not_abandoned,
    why_not_retried,
)
from tests.sample_splits import BROKE, FORWARD, at, failed_in, planned

EVERY = (*BEFORE_CUTOVER, Phase.CUTOVER, Phase.CLEANUP, Phase.DONE)
RETRIES = [(phase, retry) for phase, retries in RETRY_PHASES.items() for retry in retries]


@pytest.mark.invariant("SP-10")
@pytest.mark.parametrize("phase", EVERY)
def test_the_way_forward_goes_through_every_phase(phase: Phase) -> None:
    job = at(phase)
    assert job.phase is phase
    assert is_coherent(job)
    assert job.is_live == (phase is not Phase.DONE)


def test_each_move_is_another_revision_and_since_then() -> None:
    job = planned()
    after = moved(job, Phase.BACKFILL, now_s=5.0)
    assert (after.revision, after.phase_since_s) == (job.revision + 1, 5.0)
    stayed = moved(after, Phase.BACKFILL, change=JobChange(problem=BROKE), now_s=6.0)
    assert (stayed.revision, stayed.phase_since_s) == (after.revision + 1, 5.0)
    assert stayed.problem == BROKE
    assert moved(stayed, Phase.CATCHUP, now_s=7.0).problem is None


def test_what_the_tables_were_stays_until_it_is_said_again() -> None:
    ground = (TableGround(shard="-80", table="orders", table_id=11, columns="sha256:c"),)
    job = moved(planned(), Phase.PLANNED, change=JobChange(ground=ground), now_s=2.0)
    assert moved(job, Phase.BACKFILL, now_s=3.0).ground == ground


@pytest.mark.invariant("SP-11")
@pytest.mark.parametrize(("phase", "retry"), RETRIES)
def test_a_retry_leads_to_what_was_written_down_and_nowhere_else(
    phase: Phase, retry: Phase
) -> None:
    job = failed_in(phase, retry)
    assert is_coherent(job)
    assert job.problem == BROKE
    assert why_not_retried(job) is None
    again = moved(job, retry, now_s=20.0)
    assert (again.phase, again.retry_phase, again.problem) == (retry, None, None)
    assert is_coherent(again)
    for other in {phase for phases in RETRY_PHASES.values() for phase in phases} - {retry}:
        with pytest.raises(IllegalMove, match="a retry leads to"):
            moved(job, other, now_s=20.0)


@pytest.mark.invariant("SP-11")
def test_a_failure_says_why_and_where_a_retry_leads() -> None:
    for change, told in (
        (JobChange(problem=BROKE), "where a retry leads"),
        (JobChange(retry_phase=Phase.BACKFILL), "a reason"),
        (JobChange(problem=BROKE, retry_phase=Phase.CLEANUP), "not retried in cleanup"),
    ):
        with pytest.raises(IllegalMove, match=told):
            moved(at(Phase.BACKFILL), Phase.FAILED, change=change, now_s=3.0)
    no_failure = JobChange(retry_phase=Phase.BACKFILL)
    with pytest.raises(IllegalMove, match="where a retry leads"):
        moved(at(Phase.BACKFILL), Phase.CATCHUP, change=no_failure, now_s=3.0)


@pytest.mark.invariant("SP-11")
def test_a_note_on_a_failed_job_leaves_its_way_back() -> None:
    job = failed_in(Phase.FENCE, Phase.CATCHUP)
    noted = moved(job, Phase.FAILED, change=JobChange(problem=BROKE, retry_phase=None), now_s=30.0)
    assert (noted.retry_phase, noted.problem) == (Phase.CATCHUP, BROKE)


@pytest.mark.invariant("SP-12")
@pytest.mark.parametrize("phase", BEFORE_CUTOVER)
def test_before_its_cutover_a_job_can_be_abandoned_from_anywhere(phase: Phase) -> None:
    job = moved(at(phase), Phase.ABANDONING, now_s=20.0)
    assert (job.abandoned_in, job.is_live) == (phase, True)
    assert why_not_abandoned(job) is None
    ended = moved(job, Phase.ABANDONED, now_s=21.0)
    assert (ended.is_live, ended.ended_s) == (False, 21.0)
    assert is_coherent(job)
    assert is_coherent(ended)


@pytest.mark.invariant("SP-13")
@pytest.mark.parametrize(
    ("job", "told"),
    [
        (at(Phase.CUTOVER), "nobody can tell yet"),
        (at(Phase.CLEANUP), "past its cutover"),
        (failed_in(Phase.CLEANUP, Phase.CLEANUP), "past its cutover"),
        (at(Phase.DONE), "has ended"),
    ],
    ids=["cutover", "cleanup", "failed", "done"],
)
def test_from_its_cutover_on_a_job_is_not_abandoned(job: SplitJob, told: str) -> None:
    problem = why_not_abandoned(job)
    assert problem is not None
    assert told in problem.message
    with pytest.raises(IllegalMove):
        moved(job, Phase.ABANDONING, now_s=20.0)


@pytest.mark.invariant("SP-12")
def test_a_job_that_failed_before_its_cutover_can_be_abandoned() -> None:
    job = failed_in(Phase.CUTOVER, Phase.BACKFILL)
    assert why_not_abandoned(job) is None
    abandoned = moved(job, Phase.ABANDONING, now_s=20.0)
    assert (abandoned.abandoned_in, abandoned.retry_phase) == (Phase.BACKFILL, None)
    assert is_coherent(abandoned)


@pytest.mark.invariant("SP-13")
def test_no_move_of_the_phase_alone_is_a_cutover() -> None:
    with pytest.raises(IllegalMove, match="one transaction"):
        moved(at(Phase.CUTOVER), Phase.CLEANUP, now_s=20.0)
    with pytest.raises(IllegalMove, match="not cut over"):
        cut_over(at(Phase.DELTA_COPY), now_s=20.0)


def test_where_vitess_keeps_the_routes_the_phase_alone_moves() -> None:
    job = replace(at(Phase.CUTOVER), engine=SplitEngine.VITESS_RESHARD)
    after = moved(job, Phase.CLEANUP, now_s=20.0)
    assert (after.cutover_version, after.opened_version, after.cutover_s) == (2, 2, 20.0)
    assert is_coherent(after)
    assert is_coherent(moved(after, Phase.DONE, now_s=21.0))


@pytest.mark.invariant("SP-13")
def test_a_job_is_not_done_before_its_targets_serve() -> None:
    closed = cut_over(at(Phase.CUTOVER), now_s=20.0)
    assert (closed.cutover_version, closed.opened_version) == (2, None)
    with pytest.raises(IllegalMove, match="do not serve it yet"):
        moved(closed, Phase.DONE, now_s=21.0)
    served = opened(closed)
    assert served.opened_version == 3
    assert moved(served, Phase.DONE, now_s=21.0).phase is Phase.DONE
    for job in (served, at(Phase.CUTOVER)):
        with pytest.raises(IllegalMove, match="not to be opened"):
            opened(job)


def test_each_closing_of_the_fence_has_a_number_of_its_own() -> None:
    job = at(Phase.FENCE)
    assert job.fence_epoch == 1
    again = moved(moved(job, Phase.CATCHUP, now_s=5.0), Phase.ARM, now_s=6.0)
    assert moved(again, Phase.FENCE, now_s=7.0).fence_epoch == 2
    noted = moved(job, Phase.FENCE, change=JobChange(problem=BROKE), now_s=7.0)
    assert noted.fence_epoch == 1


def test_a_job_that_goes_on_is_not_retried() -> None:
    for phase in (*FORWARD, Phase.CLEANUP):
        problem = why_not_retried(at(phase))
        assert problem is not None
        assert "has not failed" in problem.message
    done = why_not_retried(at(Phase.DONE))
    assert done is not None
    assert "has ended" in done.message


@pytest.mark.invariant("SP-11")
@pytest.mark.parametrize(
    "forged",
    [
        planned(phase=Phase.FAILED),
        planned(retry_phase=Phase.BACKFILL),
        replace(failed_in(Phase.FENCE, Phase.CATCHUP), retry_phase=Phase.CUTOVER),
        replace(failed_in(Phase.FENCE, Phase.CATCHUP), retry_phase=Phase.CLEANUP),
        planned(phase=Phase.ABANDONING),
        planned(cutover_version=2, cutover_s=1.0),
        replace(at(Phase.CLEANUP), cutover_version=None),
        replace(at(Phase.CLEANUP), cutover_version=9),
        replace(at(Phase.DONE), opened_version=None),
        replace(at(Phase.DONE), ended_s=None),
        planned(ended_s=3.0),
        planned(opened_version=3),
        replace(at(Phase.CUTOVER), reserves=False),
        replace(at(Phase.DONE), reserves=False),
        replace(at(Phase.CLEANUP), reserves=False, engine=SplitEngine.VITESS_RESHARD),
    ],
)
def test_a_row_that_no_way_through_the_table_leads_to_is_seen(forged: SplitJob) -> None:
    assert not is_coherent(forged)
