"""While a plan runs, shards differ: which `SELECT *` sees it, and which wave ends it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from reconciler.diff.model import Operation
from reconciler.model.object_id import table_id
from reconciler.model.policy import ColumnOrder
from reconciler.plan.mixed_window import differing_now, mixed_windows
from reconciler.plan.model import CarriedOut, ChangeSet, ObjectBefore, PlanCore
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.window_words import window_words
from tests.sample_plans import SHARDS, fingerprint, sample_plan, statement

WAVES = (SHARDS[:1], SHARDS[1:3], SHARDS[3:])
ADD = "ALTER TABLE `t` ALGORITHM=INSTANT, ADD COLUMN `c` int DEFAULT NULL"


def create(*columns: str) -> str:
    return f"CREATE TABLE `t` (\n  {', '.join(columns)},\n  PRIMARY KEY (`a`)\n)"


def change_set(shards: tuple[str, ...], before: str | None, *sql: str) -> ChangeSet:
    return ChangeSet(
        before=fingerprint(f"{before} {sql}"),
        after=fingerprint("after"),
        touched=(ObjectBefore(object_id=table_id("t"), definition=before),),
        statements=tuple(statement("t", state, text) for state, text in enumerate(sql)),
        shards=shards,
    )


def core_of(*sets: ChangeSet, waves: tuple[tuple[str, ...], ...] = WAVES) -> PlanCore:
    changing = {shard for one in sets for shard in one.shards}
    matching = tuple(shard for shard in SHARDS if shard not in changing)
    return replace(sample_plan().core, change_sets=sets, matching=matching, waves=waves)


def told(core: PlanCore) -> list[str]:
    return [f"{one.table} {window_words(one, core)}" for one in mixed_windows(core)]


AB = create("`a` int NOT NULL", "`b` varchar(9)")


def test_the_window_ends_with_the_last_wave_that_changes_the_columns() -> None:
    core = core_of(change_set(SHARDS[:3], AB, f"{ADD}, DROP COLUMN `b`"))
    assert told(core) == [
        (
            "t today already until wave 2 of 3 has ended,"
            " c only where this plan has run; b only where it has not"
        )
    ]


def test_the_window_begins_with_the_first_wave_where_all_are_alike_today() -> None:
    core = core_of(change_set(SHARDS, AB, ADD))
    (window,) = mixed_windows(core)
    assert (window.since_wave, window.until_wave) == (1, 3)
    assert [[column.name for column in shape] for shape in window.shapes] == [
        ["a", "b"],
        ["a", "b", "c"],
    ]
    assert "    t: from wave 1 until wave 3 of 3 has ended, c only" in render_readable_sql(core)


DROP_B = "ALTER TABLE `t` DROP COLUMN `b`"


@pytest.mark.parametrize(
    ("left", "tables"),
    [
        ((2, 2, 2, 2), ()),  # nothing has run
        ((1, 2, 2, 2), ("t",)),
        ((0, 0, 0, 1), ("t",)),
        ((1, 1, 1, 1), ()),  # all are at the same place on the way
        ((0, 0, 0, 0), ()),
    ],
)
def test_where_a_plan_has_begun_shards_differ_by_what_is_left(
    left: tuple[int, ...], tables: tuple[str, ...]
) -> None:
    core = core_of(change_set(SHARDS, AB, ADD, DROP_B))
    to_come = {shard: range(count) for shard, count in zip(SHARDS, left, strict=True) if count}
    assert differing_now(core, to_come) == tables


def test_of_a_window_that_was_there_before_nothing_is_said_twice() -> None:
    core = core_of(change_set(SHARDS[:3], AB, ADD))
    assert differing_now(core, {SHARDS[1]: range(1), SHARDS[2]: range(1)}) == ()


def test_a_shape_on_the_way_is_one_of_its_own() -> None:
    core = core_of(change_set(SHARDS, AB, ADD, "ALTER TABLE `t` DROP COLUMN `b`"))
    (window,) = mixed_windows(core)
    assert len(window.shapes) == 3


def test_another_type_and_another_order_are_told() -> None:
    sql = "ALTER TABLE `t` MODIFY COLUMN `b` int DEFAULT NULL FIRST"
    assert told(core_of(change_set(SHARDS, AB, sql))) == [
        (
            "t from wave 1 until wave 3 of 3 has ended,"
            " b of more than one type; columns in more than one order"
        )
    ]


def test_an_order_that_each_shard_may_keep_is_no_window() -> None:
    other = create("`b` varchar(9)", "`a` int NOT NULL")
    sets = (change_set(SHARDS[:2], AB, ADD), change_set(SHARDS[2:], other, ADD))
    core = core_of(*sets)
    core = replace(core, policy=replace(core.policy, column_order=ColumnOrder.IGNORE))
    assert told(core) == [
        "t from wave 1 until wave 3 of 3 has ended, c only where this plan has run"
    ]


def test_a_deploy_request_has_no_waves() -> None:
    core = replace(core_of(change_set(SHARDS, AB, ADD)), carried_out=CarriedOut.BY_DEPLOY_REQUEST)
    assert told(core) == [
        "t until the deploy request is carried out, c only where this plan has run"
    ]


@pytest.mark.parametrize(
    ("before", "sql"),
    [
        (AB, "ALTER TABLE `t` ADD KEY `k` (`b`)"),
        (AB, "ALTER TABLE `t` MODIFY COLUMN `b` varchar(20) DEFAULT NULL"),
        (AB, "ALTER TABLE `t` ADD COLUMN `c` int /*!80023 INVISIBLE */"),
        (AB, "ALTER TABLE `t` DROP COLUMN `nobody`, MODIFY COLUMN `nobody` int"),
        ("CREATE TABLE `t` (…)", ADD),
        (None, ADD),
    ],
)
def test_where_select_star_shows_one_shape_or_nobody_knows_nothing_is_told(
    before: str | None, sql: str
) -> None:
    assert told(core_of(change_set(SHARDS, before, sql))) == []


def test_one_shard_is_never_mixed() -> None:
    core = core_of(change_set(SHARDS[:1], AB, ADD), waves=(SHARDS[:1],))
    assert told(replace(core, shards=SHARDS[:1])) == []


def test_a_table_that_changes_its_name_is_left_out() -> None:
    one = change_set(SHARDS, AB, ADD, "RENAME TABLE `t` TO `u`")
    renamed = replace(one.statements[1], operation=Operation.RENAME_TABLE)
    assert told(core_of(replace(one, statements=(one.statements[0], renamed)))) == []


@pytest.mark.invariant("LN-4")
def test_whenever_two_shards_differ_a_window_says_so_and_none_is_left_behind_it() -> None:
    """Shard after shard, statement after statement, over plans drawn at random."""
    ways: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
        (AB, (f"{ADD}, DROP COLUMN `b`",), ("ab", "ac")),
        (AB, (ADD, "ALTER TABLE `t` DROP COLUMN `b`"), ("ab", "abc", "ac")),
        (create("`a` int NOT NULL"), (ADD,), ("a", "ac")),
        (
            create("`a` int NOT NULL", "`c` int"),
            ("ALTER TABLE `t` ADD KEY `k` (`c`)",),
            ("ac", "ac"),
        ),
    )
    mixed = 0
    for seed in range(200):
        chance = Random(seed)
        of_shard = {shard: chance.choice([*ways, None]) for shard in SHARDS}
        sets = tuple(
            change_set(shards, way[0], *way[1])
            for way in ways
            if (shards := tuple(s for s in SHARDS if of_shard[s] == way))
        )
        if not sets:
            continue
        core = core_of(*sets)
        now = {shard: way[2][0] if way else "ac" for shard, way in of_shard.items()}
        found = mixed_windows(core)
        since, until = (found[0].since_wave or 0, found[0].until_wave) if found else (99, 0)
        assert (len(set(now.values())) > 1) == (since == 0), of_shard
        for number, wave in enumerate(core.waves, start=1):
            for shard in wave:
                for shape in way[2] if (way := of_shard[shard]) else ():
                    now[shard] = shape
                    if len(set(now.values())) > 1:
                        mixed += 1
                        assert since <= number <= until, of_shard
            if number >= until:
                assert set(now.values()) == {"ac"}
    assert mixed > 300
