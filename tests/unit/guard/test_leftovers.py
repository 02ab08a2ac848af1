"""What `clean` may plan to remove, and why the rest stays."""

from __future__ import annotations

import pytest

from reconciler.guard.leftovers import removable, stays_because
from reconciler.model.engine import EngineName
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark

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
