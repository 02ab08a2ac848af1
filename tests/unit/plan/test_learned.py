"""What applies of the past tell of the time a plan takes: only of the like, and where from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from reconciler.model.engine import EngineName
from reconciler.plan.learned import (
    Learned,
    PastStatement,
    SentStatement,
    learn,
    learned_words,
    tables_worked_on,
    time_left,
)
from tests.golden.samples import (
    ADD_EMAIL,
    ADD_INDEX,
    NEW_TABLE,
    SHARDS,
    SHORTEN_NOTE,
    change_set,
    plan,
)

GB = 10**9
FIRST = SHARDS[0]
COPY = plan(change_set(SHARDS, SHORTEN_NOTE)).core
INDEX = plan(change_set(SHARDS, ADD_INDEX)).core
TABLE = SHORTEN_NOTE.object_id.name
PAST = PastStatement(
    apply_id=12,
    shard=FIRST,
    table=TABLE,
    sql=SHORTEN_NOTE.sql,
    engine=EngineName.DIRECT,
    took_s=2_280.0,
    at_s=1_790_899_200.0,  # 2026-10-02
    size_bytes=40 * GB,
)
SIZES = {shard: {"users": 10 * GB, "orders": 10 * GB} for shard in SHARDS}


def sizes(**first: int | None) -> Mapping[str, Mapping[str, int | None]]:
    return {**SIZES, FIRST: {**SIZES[FIRST], **first}}


def learned(*past: PastStatement, **first: int | None) -> Learned | None:
    return learn(COPY, sizes(**first), past)


@pytest.mark.invariant("RP-31")
def test_a_statement_takes_as_long_as_the_like_did_by_size_then_and_now() -> None:
    found = learned(PAST, **{TABLE: 44 * GB})
    assert found is not None
    assert found.shard == FIRST
    assert found.takes_s == pytest.approx(2_508)
    assert learned_words(found) == (
        f"{TABLE} takes about 42 min on shard {FIRST} (44 GB), as the like took 38 min for 40 GB"
        " there in apply 12 of 2026-10-02, waits included"
    )


@pytest.mark.invariant("RP-31")
@pytest.mark.parametrize(
    "other",
    [
        {"table": "other"},
        {"engine": EngineName.GH_OST},
        {"sql": ADD_INDEX.sql.replace("`orders`", f"`{TABLE}`")},
        {"took_s": 4.0},
        {"size_bytes": 0},
        {"size_bytes": 500 * GB},
        {"size_bytes": GB // 2},
    ],
    ids=str,
)
def test_what_is_not_alike_is_no_ground(other: dict[str, object]) -> None:
    assert learned(replace(PAST, **other)) is None  # type: ignore[arg-type]


@pytest.mark.invariant("RP-31")
def test_nothing_is_told_without_a_size_or_without_a_past() -> None:
    assert learned() is None
    alone = {FIRST: {TABLE: None}}
    assert learn(COPY, alone, (PAST,)) is None
    assert learn(COPY, {}, (PAST,)) is None


@pytest.mark.invariant("RP-31")
def test_the_newest_apply_tells_by_the_shard_itself_or_the_nearest_in_size() -> None:
    old = replace(PAST, apply_id=3, took_s=9_999.0)
    small = replace(PAST, shard=SHARDS[1], size_bytes=11 * GB, took_s=100.0)
    large = replace(PAST, shard=SHARDS[2], size_bytes=60 * GB, took_s=800.0)
    found = learned(large, small, old, **{TABLE: 70 * GB})
    assert found is not None
    assert found.past is large, "no old one, nor a small one"
    assert "on shard" in learned_words(found).partition("as the like")[2]
    found = learned(large, small, PAST, **{TABLE: 70 * GB})
    assert found is not None
    assert found.past is PAST, "it is of this shard"
    assert learned(replace(large, size_bytes=900 * GB), old, **{TABLE: 70 * GB}) is not None


@pytest.mark.invariant("RP-31")
def test_in_place_only_the_same_clauses_are_alike_whatever_their_names() -> None:
    of_index = replace(PAST, sql=ADD_INDEX.sql, table=ADD_INDEX.object_id.name)
    renamed = replace(of_index, sql=ADD_INDEX.sql.replace("by_", "on_"))
    assert learn(INDEX, SIZES, (of_index,)) is not None
    assert learn(INDEX, SIZES, (renamed,)) is not None
    two = replace(of_index, sql=f"{ADD_INDEX.sql}, DROP COLUMN `x`")
    assert learn(INDEX, SIZES, (two,)) is None


@pytest.mark.invariant("RP-31")
def test_a_copy_of_every_row_is_one_whatever_its_clauses() -> None:
    head = f"ALTER TABLE `{TABLE}` ALGORITHM=COPY, "
    other = replace(PAST, sql=f"{head}MODIFY COLUMN `a` int(11), ADD KEY `k` (`a`, `b`)")
    assert learned(other) is not None
    online = replace(SHORTEN_NOTE, engine=EngineName.GH_OST)
    core = plan(change_set(SHARDS, online)).core
    past = replace(PAST, engine=EngineName.GH_OST, sql=f"ALTER TABLE `{TABLE}` ADD COLUMN `x` int")
    assert learn(core, SIZES, (past,)) is not None


def test_what_moves_no_row_has_nothing_to_learn() -> None:
    made = plan(change_set(SHARDS, ADD_EMAIL, NEW_TABLE)).core
    assert tables_worked_on(made) == ()
    assert tables_worked_on(COPY) == (TABLE,)


@pytest.mark.invariant("RP-31")
def test_of_what_runs_the_statement_that_ends_last_is_told() -> None:
    sent = SentStatement(
        shard=FIRST,
        table=TABLE,
        sql=SHORTEN_NOTE.sql,
        engine=EngineName.DIRECT,
        sent_s=1_000.0,
        size_bytes=40 * GB,
    )
    later = replace(sent, shard=SHARDS[1], sent_s=1_600.0)
    found = time_left([sent, later], [PAST], now_s=1_900.0)
    assert found is not None
    assert (found.learned.shard, found.ran_s) == (SHARDS[1], 300.0)
    assert found.left_s == pytest.approx(1_980)
    behind = time_left([sent], [PAST], now_s=900.0)
    assert behind is not None, "its clock is ahead of the reader's"
    assert behind.left_s == pytest.approx(2_280)
    assert time_left([replace(sent, table="other")], [PAST], now_s=1_900.0) is None
    assert time_left([], [PAST], now_s=1_900.0) is None
