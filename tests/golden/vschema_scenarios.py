"""Reports of plans that change a VSchema."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.policy import Allow, HazardKind
from reconciler.plan.codec import plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.model import Plan
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.vschema_steps import vschema_steps
from reconciler.vschema.document import (
    AutoIncrement,
    ColumnVindex,
    RoutedTable,
    Vindex,
    VSchema,
)
from tests.golden import samples
from tests.golden.scenarios import Scenario, planned

BY_ID = ColumnVindex(name="hash", columns=("id",))
BY_EMAIL = ColumnVindex(name="by_email", columns=("email",))
HASH = Vindex(name="hash", type="hash")
LOOKUP = Vindex(
    name="by_email",
    type="consistent_lookup_unique",
    owner="users",
    params=(("from", "email"), ("table", "lookup.emails"), ("to", "keyspace_id")),
)
USERS = RoutedTable(name="users", column_vindexes=(BY_ID,))
ORDERS = RoutedTable(name="orders", column_vindexes=(BY_ID,))
BEFORE = VSchema(
    sharded=True, foreign_key_mode="disallow", vindexes=(HASH,), tables=(ORDERS, USERS)
)
AFTER = VSchema(
    sharded=True,
    foreign_key_mode="managed",
    vindexes=(LOOKUP, HASH),
    tables=(
        RoutedTable(
            name="coupons",
            column_vindexes=(BY_ID,),
            auto_increment=AutoIncrement(column="id", sequence="main.coupon_seq"),
        ),
        ORDERS,
        replace(USERS, column_vindexes=(BY_ID, BY_EMAIL)),
    ),
)
MOVED = replace(BEFORE, vindexes=(Vindex(name="hash", type="xxhash"),))

FOREIGN_KEYS = Allow(
    object_id=ObjectId(ObjectKind.VSCHEMA, "foreign_key_mode"),
    hazard=HazardKind.CHANGE_ROUTING,
    reason="cascades are Vitess' from now on (DB-311)",
)


def with_steps(made: Plan, before: VSchema, after: VSchema, *allow: Allow) -> Plan:
    policy = replace(made.core.policy, allow=(*made.core.policy.allow, *allow))
    core = replace(made.core, policy=policy, vschema=vschema_steps(before, after))
    return plan_from_core(with_words(core, render_readable_sql(core)), made.meta)


BOTH_STEPS = with_steps(samples.UNIFORM, BEFORE, AFTER, FOREIGN_KEYS)
ALONE = with_steps(samples.NOTHING, BEFORE, MOVED)


VSCHEMAS = (
    Scenario(
        "plan-vschema",
        "The VSchema changes before the shards and behind them; one danger is not allowed yet.",
        planned(BOTH_STEPS),
    ),
    Scenario(
        "plan-vschema-alone",
        "The VSchema changes, and no shard does: rows would be out of reach.",
        planned(ALONE),
    ),
)
