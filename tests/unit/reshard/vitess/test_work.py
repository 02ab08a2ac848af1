"""What a Reshard is called, and what is sent for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import SplitEngine
from reconciler.reshard.phases import IllegalMove, Phase
from reconciler.reshard.transitions import moved
from reconciler.reshard.vitess.commands import reshard_command
from reconciler.reshard.vitess.work import ReshardWork, comparison_of
from tests.sample_splits import at, planned

WORK = ReshardWork(
    job=7,
    identity="ab" * 32,
    sources=("-80",),
    targets=("-40", "40-80"),
    tables=("orders",),
)


def command(step: ReshardStep) -> tuple[str, ...]:
    return reshard_command(step, WORK, keyspace="shop", comparison="u", switch_s=9)


@pytest.mark.invariant("SP-90")
def test_another_job_and_another_plan_have_another_workflow() -> None:
    names = {WORK.workflow, replace(WORK, job=8).workflow, replace(WORK, identity="c").workflow}
    assert len(names) == 3
    assert WORK.workflow == "reconciler_7_abababababababab"


@pytest.mark.invariant("SP-90")
def test_each_stay_in_a_phase_has_a_comparison_of_its_own() -> None:
    job = planned()
    later = replace(job, phase_since_s=job.phase_since_s + 0.001)
    assert comparison_of(job, "a") == comparison_of(replace(job, revision=99), "a")
    assert len({comparison_of(job, "a"), comparison_of(later, "a"), comparison_of(job, "b")}) == 3


@pytest.mark.parametrize(
    ("sources", "targets", "expected"),
    [
        (("-80",), ("-40", "40-80"), (("-80", "-40"), ("-80", "40-80"))),
        (("-40", "40-80"), ("-80",), (("-40", "-80"), ("40-80", "-80"))),
        (
            ("-40", "40-80"),
            ("-20", "20-80"),
            (("-40", "-20"), ("-40", "20-80"), ("40-80", "20-80")),
        ),
    ],
)
def test_a_stream_leads_to_each_target_that_takes_keys_of_a_source(
    sources: tuple[str, ...], targets: tuple[str, ...], expected: tuple[tuple[str, str], ...]
) -> None:
    assert replace(WORK, sources=sources, targets=targets).streams == expected


@pytest.mark.invariant("SP-92")
@pytest.mark.parametrize("step", list(ReshardStep))
def test_nothing_is_forced(step: ReshardStep) -> None:
    words = command(step)
    assert f"--workflow={WORK.workflow}" in words
    assert "--target-keyspace=shop" in words
    assert not any("force" in word or "keep-data" in word for word in words)


@pytest.mark.invariant("SP-92")
def test_streams_are_made_at_rest_and_stop_at_a_ddl() -> None:
    words = command(ReshardStep.CREATE)
    assert {"--on-ddl=STOP", "--auto-start=false"} <= set(words)
    assert {"--source-shards=-80", "--target-shards=-40,40-80"} <= set(words)


@pytest.mark.invariant("SP-92")
@pytest.mark.parametrize(
    "step", [ReshardStep.FORESEE, ReshardStep.SWITCH_WRITES, ReshardStep.SWITCH_BACK]
)
def test_writers_wait_for_so_long_at_most(step: ReshardStep) -> None:
    assert "--timeout=9s" in command(step)
    assert ("--dry-run" in command(step)) == (step is ReshardStep.FORESEE)


def test_a_job_of_vitess_has_no_fence_of_ours_and_one_of_ours_has_one() -> None:
    caught_up = at(Phase.CATCHUP)
    of_vitess = replace(caught_up, engine=SplitEngine.VITESS_RESHARD)
    assert moved(of_vitess, Phase.CUTOVER, now_s=9.0).phase is Phase.CUTOVER
    assert moved(caught_up, Phase.ARM, now_s=9.0).phase is Phase.ARM
    for job, phase in ((of_vitess, Phase.ARM), (caught_up, Phase.CUTOVER)):
        with pytest.raises(IllegalMove):
            moved(job, phase, now_s=9.0)


@pytest.mark.invariant("SP-95")
def test_a_job_of_vitess_is_given_up_behind_its_cutover_and_owns_nothing_then() -> None:
    job = replace(at(Phase.CATCHUP), engine=SplitEngine.VITESS_RESHARD)
    switched = moved(moved(job, Phase.CUTOVER, now_s=9.0), Phase.CLEANUP, now_s=10.0)
    assert switched.is_past_cutover
    given_up = moved(switched, Phase.ABANDONING, now_s=11.0)
    assert given_up.abandoned_in is Phase.CLEANUP
    assert not given_up.is_past_cutover
    with pytest.raises(IllegalMove):
        moved(at(Phase.CLEANUP), Phase.ABANDONING, now_s=11.0)
