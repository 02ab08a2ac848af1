"""PG-10: what a plan's routines would take away, asked before anything is sent."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.guard.routines import routine_refusals
from reconciler.model.access import RoutineGround, ShardAccess
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.server import Flavor

SWAP: Any = [
    SimpleNamespace(sql="DROP PROCEDURE `bought`"),
    SimpleNamespace(sql="CREATE PROCEDURE `bought`()\n    SQL SECURITY INVOKER\nSELECT 1"),
]


def codes(
    statements: Any, *granted: ObjectId, flavor: Flavor = Flavor.MYSQL, keeps: bool = False
) -> list[str]:
    ground = RoutineGround(trusts_functions=True, granted=frozenset(granted), keeps_grants=keeps)
    access = ShardAccess(database="d", privileges=None, routines=ground)
    return [refusal.code for refusal in routine_refusals("-80", access, statements, flavor)]


@pytest.mark.invariant("PG-10")
def test_a_grant_is_lost_however_its_name_was_typed() -> None:
    typed = ObjectId(ObjectKind.PROCEDURE, "Bought")
    assert codes(SWAP, typed) == ["routine-has-grants"]
    assert codes(SWAP, ObjectId(ObjectKind.FUNCTION, "bought")) == []
    assert codes(SWAP[:1], typed) == [], "it goes for good, by a permission of its own"
    assert codes(SWAP, typed, flavor=Flavor.MARIADB) == []
    assert codes(SWAP, typed, keeps=True) == [], "automatic_sp_privileges is off"
