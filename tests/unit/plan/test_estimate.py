"""The time a plan may take: a span that grows with tables and waves, or an honest unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import Operation
from reconciler.limits import REWRITE_BYTES_PER_S_MAX, REWRITE_BYTES_PER_S_MIN
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.estimate import Estimated, NotEstimated, Rebuild, Span, estimate_time
from reconciler.plan.limits import MOMENT_S
from reconciler.plan.model import Effect, Plan
from reconciler.report.compose.plan import plan_document
from reconciler.report.estimate_words import basis_line, room_line, span_words, time_line
from reconciler.report.json import plan_json
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from reconciler.spec.model import RolloutSpec
from tests.golden.samples import (
    ADD_EMAIL,
    ADD_INDEX,
    NEW_TABLE,
    SHARDS,
    SHORTEN_NOTE,
    change_set,
    plan,
    statement,
)

SIZE = 1_000_000_000


def sized(size: int | None = SIZE, **tables: int | None) -> dict[str, dict[str, int | None]]:
    return {shard: {"users": size, "orders": size, **tables} for shard in SHARDS}


def estimated(made: Plan, rollout: RolloutSpec | None = None) -> Estimated:
    found = estimate_time(made.core, sized(), rollout or RolloutSpec())
    assert isinstance(found, Estimated)
    return found


def test_metadata_alone_takes_moments_however_large_the_table() -> None:
    found = estimated(plan(change_set(SHARDS, ADD_EMAIL, NEW_TABLE)))
    assert found.shard == Span(low_s=0, high_s=2 * MOMENT_S)
    assert found.size_bytes == 0
    assert time_line(found).startswith("instant, up to 2 s on a shard")


def test_a_copy_takes_as_long_as_its_table_is_large() -> None:
    found = estimated(plan(change_set(SHARDS, SHORTEN_NOTE)))
    assert found.shard.low_s == SIZE / REWRITE_BYTES_PER_S_MAX
    assert found.shard.high_s == MOMENT_S + SIZE / REWRITE_BYTES_PER_S_MIN


def test_in_place_without_a_rebuild_may_be_metadata_or_a_new_index() -> None:
    found = estimated(plan(change_set(SHARDS, ADD_INDEX)))
    assert found.shard.low_s == 0
    assert found.shard.high_s > SIZE / REWRITE_BYTES_PER_S_MIN


def test_the_rollout_adds_its_waves_and_its_soaking_and_divides_by_parallel() -> None:
    made = plan(change_set(SHARDS, SHORTEN_NOTE))
    waves = sum(1 for wave in made.core.waves if wave)
    one_by_one = estimated(made, RolloutSpec(parallel=1))
    assert one_by_one.rollout.high_s == pytest.approx(4 * one_by_one.shard.high_s)
    assert one_by_one.rollout.low_s == pytest.approx(4 * one_by_one.shard.low_s)
    at_once = estimated(made, RolloutSpec(parallel=4, soak_s=60))
    assert at_once.soak_s == 60 * (waves - 1)
    assert at_once.rollout.high_s == pytest.approx(waves * at_once.shard.high_s + at_once.soak_s)
    on_one_host = estimated(made, RolloutSpec(parallel=4, parallel_per_host=1))
    assert on_one_host.rollout.high_s == one_by_one.rollout.high_s
    assert on_one_host.rollout.low_s < one_by_one.rollout.low_s


def test_soaking_follows_waves_that_have_work_alone() -> None:
    made = plan(change_set(SHARDS[:1], SHORTEN_NOTE))
    assert estimated(made, RolloutSpec(soak_s=60)).soak_s == 0


def test_the_largest_shard_is_the_one_that_is_told() -> None:
    sizes = sized()
    sizes[SHARDS[2]] = {"orders": 3 * SIZE}
    found = estimate_time(plan(change_set(SHARDS, SHORTEN_NOTE)).core, sizes, RolloutSpec())
    assert isinstance(found, Estimated)
    assert found.size_bytes == 3 * SIZE
    assert found.shard.low_s == 3 * SIZE / REWRITE_BYTES_PER_S_MAX


@pytest.mark.invariant("RP-37")
def test_the_largest_rebuild_is_told_with_the_room_that_it_needs() -> None:
    made = plan(change_set(SHARDS, SHORTEN_NOTE, ADD_INDEX, ADD_EMAIL))
    sizes = sized()
    sizes[SHARDS[2]] = {"orders": 40 * SIZE, "users": 80 * SIZE}
    found = estimate_time(made.core, sizes, RolloutSpec())
    assert isinstance(found, Estimated)
    assert found.largest == Rebuild(shard=SHARDS[2], table="orders", size_bytes=40 * SIZE)
    told = room_line(found)
    assert told.startswith(f"about 40 GB more on shard {SHARDS[2]} while orders is rebuilt")
    assert told.endswith("how much is free there is not known when a plan is made")
    outcome = PlanOutcome(environment="production", keyspace="shop", plan=made, estimate=found)
    for text in (write_text(plan_document([outcome])), write_markdown(plan_document([outcome]))):
        assert "about 40 GB more" in " ".join(text.split())


@pytest.mark.invariant("RP-37")
def test_a_copy_by_an_engine_needs_room_though_the_server_would_need_none() -> None:
    by_engine = replace(ADD_INDEX, engine=EngineName.GH_OST)
    assert room_line(estimated(plan(change_set(SHARDS, ADD_INDEX)))) == ""
    found = estimated(plan(change_set(SHARDS, by_engine)))
    assert found.largest == Rebuild(shard=SHARDS[0], table="users", size_bytes=SIZE)
    assert room_line(found)


@pytest.mark.invariant("RP-37")
def test_tables_that_engines_leave_as_they_were_take_room_from_the_next_rebuild() -> None:
    by_engine = [replace(one, engine=EngineName.GH_OST) for one in (ADD_INDEX, SHORTEN_NOTE)]
    made = plan(change_set(SHARDS, *by_engine))
    freed, kept = (
        estimate_time(made.core, sized(), RolloutSpec(), keeps_old=keeps) for keeps in (False, True)
    )
    assert isinstance(freed, Estimated)
    assert isinstance(kept, Estimated)
    assert freed.largest == Rebuild(shard=SHARDS[0], table="users", size_bytes=SIZE)
    later = Rebuild(shard=SHARDS[0], table="orders", size_bytes=SIZE, kept_bytes=SIZE)
    assert kept.largest == later
    assert "about 2 GB more" in room_line(kept)
    assert "1 GB of it tables as they were, which `keep_old` keeps" in room_line(kept)


@pytest.mark.invariant("RP-37")
def test_room_is_told_of_nothing_small_and_of_no_size_that_is_not_known() -> None:
    made = plan(change_set(SHARDS, SHORTEN_NOTE))
    small = estimate_time(made.core, sized(SIZE - 1), RolloutSpec())
    unknown = estimate_time(made.core, sized(None), RolloutSpec())
    assert small is not None
    assert unknown is not None
    assert (room_line(small), room_line(unknown)) == ("", "")


@pytest.mark.parametrize("sizes", [{}, sized(None), {SHARDS[0]: {}}])
def test_without_a_size_that_matters_nothing_is_guessed(
    sizes: dict[str, dict[str, int | None]],
) -> None:
    found = estimate_time(plan(change_set(SHARDS, SHORTEN_NOTE)).core, sizes, RolloutSpec())
    assert found == NotEstimated(shard=SHARDS[0], table="orders")
    assert time_line(found).startswith("unknown: ")
    assert estimate_time(plan(change_set(SHARDS, ADD_EMAIL)).core, sizes, RolloutSpec())


def test_a_table_that_the_plan_made_is_empty_and_one_it_renamed_keeps_its_size() -> None:
    on_new = replace(ADD_INDEX, object_id=table_id("coupons"))
    found = estimated(plan(change_set(SHARDS, NEW_TABLE, on_new)))
    assert found.size_bytes == 0
    renamed = replace(
        statement("people", "RENAME TABLE", ADD_EMAIL.execution, operation=Operation.RENAME_TABLE),
        effects=(
            Effect(object_id=table_id("people"), before=None, after="2"),
            Effect(object_id=table_id("users"), before="1", after=None),
        ),
    )
    found = estimated(
        plan(change_set(SHARDS, renamed, replace(ADD_INDEX, object_id=table_id("people"))))
    )
    assert found.size_bytes == SIZE


def test_nothing_to_run_takes_no_time() -> None:
    assert estimate_time(plan().core, sized(), RolloutSpec()) is None


@pytest.mark.parametrize(
    ("low_s", "high_s", "said"),
    [
        (0, 1, "up to 1 s"),
        (0.2, 12.4, "up to 13 s"),
        (5, 201, "5 s to 4 min"),
        (3_000, 3_100, "50 min to 52 min"),
        (7_300, 7_350, "2 h to 3 h"),
        (200_000, 8_000_000, "2 days to 93 days"),
    ],
)
def test_spans_are_rounded_outwards(low_s: float, high_s: float, said: str) -> None:
    assert span_words(Span(low_s=low_s, high_s=high_s)) == said


def test_every_format_says_the_same_and_it_is_no_part_of_the_plan() -> None:
    made = plan(change_set(SHARDS, SHORTEN_NOTE))
    estimate = estimated(made)
    outcome = PlanOutcome(
        environment="production", keyspace="commerce", plan=made, estimate=estimate
    )
    assert time_line(estimate) in write_text(plan_document([outcome]))
    assert time_line(estimate) in write_markdown(plan_document([outcome]))
    assert "MB/s" in basis_line(estimate)
    assert basis_line(estimate) in write_markdown(plan_document([outcome]))
    assert '"size_bytes": 1000000000' in plan_json([outcome])
    assert replace(outcome, estimate=None).plan == made
