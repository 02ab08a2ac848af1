"""What `clean` may plan to remove, and why the rest stays."""

from __future__ import annotations

import pytest

from reconciler.guard.leftovers import not_as_recorded, removable, stays_because
from reconciler.limits import CLOCKS_APART_S_MAX
from reconciler.model.engine import EngineName
from reconciler.model.server import Flavor
from reconciler.model.shadow_tables import (
    KnownShadow,
    MadeWhen,
    NotAsRecorded,
    ShadowGroup,
    ShadowMark,
)

TABLES = {("-80", "users"), ("-80", "orders")}


def left(name: str, table: str) -> ShadowGroup:
    return ShadowGroup(
        mark=ShadowMark.LEFTOVER,
        name=name,
        shards=("-80",),
        engine=EngineName.PT_OSC,
        table=table,
        apply_id=7,
    )


@pytest.mark.invariant("EN-33")
def test_what_triggers_write_into_stays_until_they_are_gone() -> None:
    """Dropped before them, it would make every write to the table fail (1146)."""
    trigger, copy = left("pt_osc_shop_users_upd", "users"), left("_users_new", "users")
    other = left("_orders_new", "orders")
    cleans, staying = removable([trigger, copy, other], TABLES)
    assert [one.name for one in cleans] == ["_orders_new"]
    assert staying == (trigger, copy)
    assert "the triggers go first" in stays_because(copy, [trigger, copy], TABLES)
    assert "triggers" not in stays_because(other, [trigger, other], TABLES)


@pytest.mark.invariant("EN-33")
def test_a_copy_without_triggers_is_removed() -> None:
    cleans, staying = removable([left("_users_new", "users")], TABLES)
    assert [one.name for one in cleans] == ["_users_new"]
    assert not staying


# The table was created at 50, the statement prepared at 100 and seen to its end at 200.
MADE = MadeWhen(since_s=100, table_created_s=50, until_s=200.0)
LAST_S = 200 + CLOCKS_APART_S_MAX
MYSQL, MARIADB = Flavor.MYSQL, Flavor.MARIADB
D = NotAsRecorded


@pytest.mark.invariant("EN-87")
@pytest.mark.parametrize(
    ("name", "flavor", "created_s", "doubt"),
    [
        *(("_users_gho", flavor, 100, None) for flavor in Flavor),
        *(("_users_gho", flavor, LAST_S, None) for flavor in Flavor),
        *(("_users_gho", flavor, 99, D.EARLIER) for flavor in Flavor),
        *(("_users_gho", flavor, 50, D.EARLIER) for flavor in Flavor),
        *(("_users_gho", flavor, LAST_S + 1, D.LATER) for flavor in Flavor),
        *(("_users_gho", flavor, None, D.NOT_TOLD) for flavor in Flavor),
        *(("_users_ghk", flavor, 50, D.EARLIER) for flavor in Flavor),
        *(("_users_del", flavor, 50, None) for flavor in Flavor),
        *(("_users_del", flavor, None, D.NOT_TOLD) for flavor in Flavor),
        ("_users_old", MYSQL, 51, D.ANOTHER),
        ("_users_old_20260102_030405", MYSQL, 150, D.ANOTHER),
        ("_users_old", MARIADB, 51, D.EARLIER),
        ("_users_old", MARIADB, 150, None),
        ("_users_old", MARIADB, LAST_S + 1, D.LATER),
    ],
)
def test_a_table_is_the_recorded_one_only_if_it_was_created_then(
    name: str, flavor: Flavor, created_s: int | None, doubt: NotAsRecorded | None
) -> None:
    assert not_as_recorded(known(name), created_s, flavor) is doubt


@pytest.mark.invariant("EN-87")
@pytest.mark.parametrize("flavor", Flavor)
@pytest.mark.parametrize(
    ("created_s", "doubt"), [(50, D.EARLIER), (99, D.EARLIER), (150, None), (LAST_S + 1, D.LATER)]
)
def test_the_table_that_stood_in_the_way_of_a_swap_was_made_as_a_copy_is(
    flavor: Flavor, created_s: int, doubt: NotAsRecorded | None
) -> None:
    """And not the table as it was, whose name it has."""
    assert not_as_recorded(known("_users_del"), created_s, flavor, is_sentry=True) is doubt


@pytest.mark.invariant("EN-87")
@pytest.mark.parametrize("flavor", Flavor)
@pytest.mark.parametrize("name", ["_users_gho", "_users_del"])
def test_what_the_record_does_not_tell_is_not_guessed(name: str, flavor: Flavor) -> None:
    silent = MadeWhen(since_s=None, table_created_s=None, until_s=200.0)
    assert not_as_recorded(known(name, silent), 150, flavor) is D.NOT_RECORDED


@pytest.mark.invariant("EN-87")
def test_a_copy_that_nobody_saw_to_its_end_may_have_been_made_at_any_time_since() -> None:
    on = MadeWhen(since_s=100, table_created_s=50, until_s=None)
    assert not_as_recorded(known("_users_gho", on), 1_000_000, MYSQL) is None


def known(name: str, made: MadeWhen = MADE) -> KnownShadow:
    return KnownShadow(
        shard="-80",
        name=name,
        engine=EngineName.GH_OST,
        table="users",
        apply_id=7,
        is_in_progress=False,
        made=made,
    )
