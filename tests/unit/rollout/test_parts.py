"""An order says which part of a plan, and when; what is not so refuses it by name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.flows.forge.resumed import waves_meant
from reconciler.guard.model import Done, ToDo
from reconciler.ledger.model import StoredApply, StoredOperation
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.model.object_id import table_id
from reconciler.plan.part import restricted
from reconciler.rollout.operations import waves_with_work
from reconciler.rollout.part_order import PART_PROTOCOL, PartOrder
from reconciler.rollout.parts import (
    WaveLeft,
    early_refusals,
    held_waves,
    order_refusals,
    parts_of,
    spent_gate_refusals,
    wave_left,
)
from reconciler.spec.model import Region, RolloutSpec
from tests.sample_plans import SHARDS, sample_plan

PLAN = sample_plan()  # waves (-40), (40-80, 80-c0, c0-)
RULES = PLAN.core.rules


def refused(order: PartOrder, *, plan: bool = True) -> list[str]:
    return [found.code for found in order_refusals(order, PLAN if plan else None, RULES, "eu")]


@pytest.mark.invariant("RG-30")
@given(st.lists(st.sampled_from(("ap", "eu", "us")), min_size=len(SHARDS), max_size=len(SHARDS)))
def test_the_parts_of_a_plan_are_all_of_its_work_wave_by_wave(cut: list[str]) -> None:
    regions = [
        Region(name=name, shards=tuple(s for s, of in zip(SHARDS, cut, strict=True) if of == name))
        for name in ("us", "ap", "eu")
    ]
    parts = parts_of(PLAN.core, regions)
    assert [part.wave for part in parts] == sorted(part.wave for part in parts)
    assert len(set(parts)) == len(parts)
    worked = [
        (part.wave, shard)
        for part in parts
        for shard in waves_with_work(PLAN.core)[part.wave - 1]
        if cut[SHARDS.index(shard)] == part.region
    ]
    waves = enumerate(waves_with_work(PLAN.core), start=1)
    assert sorted(worked) == sorted((n, shard) for n, wave in waves for shard in wave)
    assert {part.region for part in parts} <= {*cut}


@pytest.mark.invariant("RG-30")
def test_the_first_wave_with_work_is_held_by_nobody() -> None:
    core = PLAN.core
    assert held_waves(core) == (2,)
    assert held_waves(restricted(core, SHARDS[1:])) == ()
    assert held_waves(restricted(core, SHARDS[:1])) == ()


@pytest.mark.invariant("RG-21")
@pytest.mark.threat("TM-REGION-3")
def test_an_order_is_for_this_very_plan() -> None:
    assert refused(PartOrder(wave=1)) == []
    assert refused(PartOrder(wave=2, plan_id=PLAN.plan_id)) == []
    assert refused(PartOrder(wave=1, plan_id="sha256:another")) == ["part-of-another-plan"]
    assert refused(PartOrder(wave=1, plan_id=PLAN.plan_id), plan=False) == ["part-of-another-plan"]
    for wave in (3, 0, -1):
        assert refused(PartOrder(wave=wave)) == ["part-wave-unknown"]


@pytest.mark.invariant("RG-21")
@pytest.mark.parametrize("protocol", [0, PART_PROTOCOL + 1])
def test_an_order_of_another_protocol_is_not_guessed_at(protocol: int) -> None:
    """Nothing else that it says is looked at: it may mean something else."""
    order = PartOrder(wave=9, plan_id="sha256:another", protocol=protocol)
    assert refused(order) == ["part-protocol"]


@pytest.mark.invariant("RG-21")
@pytest.mark.parametrize("rule", ["normalizer", "renderer", "hazards"])
def test_a_region_with_other_rules_refuses_and_is_named(rule: str) -> None:
    ours = replace(RULES, **{rule: 99})
    (found,) = order_refusals(PartOrder(wave=1), PLAN, ours, "eu")
    assert found.code == "part-rules"
    assert found.message.startswith("region eu ")
    assert f"{rule} 99" in (found.observed or "")


def row(
    shard: str, wave: int, *, settled_s: float | None, started_s: float | None = 1.0
) -> StoredOperation:
    return StoredOperation(
        shard=shard,
        object_id=table_id("users"),
        wave=wave,
        position=0,
        statements=1,
        state=OperationState.COMPLETED if settled_s else OperationState.PENDING,
        version=1,
        started_s=started_s,
        settled_s=settled_s,
    )


def early(
    wave: int,
    *rows: StoredOperation,
    done: tuple[str, ...] = (),
    now_s: float = 100.0,
    goes_past_failures: bool = False,
) -> list[str]:
    standings: dict[str, ToDo | Done] = {
        shard: Done(shard=shard) if shard in done else ToDo(shard=shard) for shard in SHARDS
    }
    order = PartOrder(wave=wave)
    return [
        found.code
        for found in early_refusals(
            order,
            PLAN.core,
            standings,
            rows,
            soak_s=60,
            now_s=now_s,
            goes_past_failures=goes_past_failures,
        )
    ]


@pytest.mark.invariant("RG-22")
@pytest.mark.threat("TM-REGION-3")
def test_a_wave_begins_when_the_waves_before_it_are_done_here_and_have_rested() -> None:
    first = row(SHARDS[0], 1, settled_s=50.0)
    assert early(1) == []
    assert early(2) == ["part-out-of-order"]
    assert early(2, first, done=SHARDS[:1], now_s=109.0) == ["part-soak"]
    assert early(2, first, done=SHARDS[:1], now_s=110.0) == []
    assert early(2, done=SHARDS[:1]) == []  # of a lost ledger: the run that begins it soaks


@pytest.mark.invariant("RG-22")
def test_a_wave_that_has_begun_is_taken_up_at_any_time() -> None:
    """Its soak was over when it began; a clock that was set back keeps nobody from its end."""
    rows = (row(SHARDS[0], 1, settled_s=50.0), row(SHARDS[1], 2, settled_s=None))
    assert early(2, *rows, done=SHARDS[:1], now_s=60.0) == []


@pytest.mark.invariant("RG-85")
@pytest.mark.parametrize("goes_past_failures", [True, False])
def test_a_shard_that_failed_holds_later_waves_where_the_rollout_goes_past_failures(
    goes_past_failures: bool,
) -> None:
    """Of this apply: one that was not come to yet holds them in any case."""
    failed = replace(row(SHARDS[0], 1, settled_s=1.0), state=OperationState.FAILED)
    held = [] if goes_past_failures else ["part-out-of-order"]
    assert early(2, failed, goes_past_failures=goes_past_failures) == held
    pending = row(SHARDS[0], 1, settled_s=None)
    assert early(2, pending, goes_past_failures=goes_past_failures) == ["part-out-of-order"]


@pytest.mark.invariant("RG-22")
def test_what_is_done_is_asked_of_the_shards_and_not_of_the_ledger() -> None:
    claimed = row(SHARDS[0], 1, settled_s=1.0)
    assert early(2, claimed) == ["part-out-of-order"]


@pytest.mark.invariant("RG-22")
def test_shards_of_other_regions_are_waited_for_by_whoever_orders() -> None:
    part = restricted(PLAN.core, SHARDS[2:])
    standings: dict[str, ToDo | Done] = {shard: ToDo(shard=shard) for shard in SHARDS[2:]}
    order = PartOrder(wave=2)
    assert list(early_refusals(order, part, standings, (), soak_s=60, now_s=0.0)) == []


GATED = RolloutSpec(gate=True)
AGAIN = PartOrder(wave=2, is_rerun=True)


def latest(state: ApplyState) -> StoredApply:
    return StoredApply(
        apply_id=1,
        environment="production",
        keyspace="commerce",
        plan_id=PLAN.plan_id,
        commit="c" * 40,
        waves=PLAN.core.waves,
        state=state,
        version=1,
        started_s=1.0,
    )


@pytest.mark.invariant("RG-51")
@pytest.mark.threat("TM-REGION-13")
def test_who_let_in_an_apply_that_was_cancelled_has_not_let_in_the_next_one() -> None:
    cancelled = latest(ApplyState.CANCELLED)
    (refusal,) = spent_gate_refusals(AGAIN, PLAN.core, GATED, cancelled)
    assert refusal.code == "wave-gate-spent"
    sound = [
        (AGAIN, GATED, latest(ApplyState.FAILED)),  # failed jobs are run again
        (AGAIN, GATED, latest(ApplyState.RUNNING)),
        (AGAIN, GATED, None),
        (AGAIN, RolloutSpec(), cancelled),
        (replace(AGAIN, wave=1), GATED, cancelled),
        (replace(AGAIN, is_rerun=False), GATED, cancelled),  # it was let in after the cancel
    ]
    for order, rollout, stored in sound:
        assert spent_gate_refusals(order, PLAN.core, rollout, stored) == ()


def recorded(*rows: tuple[int, OperationState, bool]) -> list[StoredOperation]:
    """By wave, its state, and whether it was ever begun."""
    return [
        StoredOperation(
            shard=f"{number}",
            object_id=table_id("users"),
            wave=wave,
            position=number,
            statements=1,
            state=state,
            version=1,
            started_s=1.0 if is_begun else None,
        )
        for number, (wave, state, is_begun) in enumerate(rows)
    ]


DONE, STOPPED = OperationState.COMPLETED, OperationState.STOPPED
LEFT = {
    "stopped in a wave": (
        ((1, DONE, True), (2, STOPPED, True), (2, STOPPED, False)),
        WaveLeft(2, has_begun=True),
    ),
    "stopped in its first": (
        ((2, STOPPED, False), (3, STOPPED, False)),
        WaveLeft(2, has_begun=True),
    ),
    "stopped before the next one": (
        ((1, DONE, True), (2, STOPPED, False)),
        WaveLeft(2, has_begun=False),
    ),
    "with nothing left": (((1, DONE, True),), None),
}


@pytest.mark.invariant("RG-55")
@pytest.mark.parametrize(("rows", "left"), LEFT.values(), ids=LEFT)
def test_the_wave_under_way_is_the_first_with_something_left(
    rows: tuple[tuple[int, OperationState, bool], ...], left: WaveLeft | None
) -> None:
    assert wave_left(recorded(*rows)) == left


def meant(wave: int | None, **left: tuple[int, bool]) -> dict[str, int]:
    return waves_meant({name: WaveLeft(*one) for name, one in left.items()}, wave)


@pytest.mark.invariant("RG-68")
def test_a_resume_is_of_each_keyspaces_own_wave_and_opens_nobody_elses_gate() -> None:
    assert meant(None, shop=(2, True), users=(3, True)) == {"shop": 2, "users": 3}
    assert meant(None, shop=(2, True), users=(3, False)) == {"shop": 2}
    assert meant(None, shop=(2, False)) == {}  # it waits for a word about its gate
    assert meant(2, shop=(2, True), users=(2, False)) == {"shop": 2}
    assert meant(2, shop=(2, False), users=(1, True)) == {"shop": 2}
    assert meant(2, shop=(2, False), users=(2, False)) == {}
    assert meant(2, shop=(1, True)) == {}
