"""What comes back of tables that engines have copied, when their plan is taken back.

Rule (EN-34): nothing is offered that is not there, and nothing that the program does not do. The
definition comes back by a plan like any other. The rows as they were can be had only where the old
table is still on the shard and the ledger knows it as that very plan's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.shadows import find_shadows
from reconciler.model.fleet import in_key_order
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark, is_old_named
from reconciler.model.topology import MIGRATION_CONTEXT, TableKept
from reconciler.plan.model import Plan, utc_text
from reconciler.plan.words import is_by_copy, shard_set
from reconciler.ports.keyspaces import Keyspaces
from reconciler.ports.ledger import Ledger


def ways_back(
    begun: Pass,
    plan: Plan,
    open_ledger: Callable[[], Ledger],
    keyspaces: Keyspaces,
    *,
    now_s: float,
) -> tuple[str, ...]:
    """One sentence for each copied table and shards that stand alike. Asks no ledger where the
    plan had no table copied; raises nothing that the ledger raises, or Vitess."""
    copied = {
        statement.object_id.name
        for found in plan.core.change_sets
        for statement in found.statements
        if is_by_copy(statement)
    }
    if not copied:
        return ()
    if (cluster := begun.environment.vitess) is not None:
        try:
            left = _kept_by_vitess(plan, open_ledger, keyspaces.tables_kept(cluster))
        except ReconcilerError as unread:
            why = unread.problems[0].message
            return tuple(_unknown(table, why) for table in sorted(copied))
        return tuple(said for table in sorted(copied) for said in _of_vitess(plan, table, left))
    try:
        kept = [] if begun.look.obstacles else _kept(begun, plan, open_ledger, now_s)
    except ReconcilerError as unread:
        why = unread.problems[0].message
        return tuple(_unknown(table, why) for table in sorted(copied))
    if begun.look.obstacles:
        return tuple(_unknown(table, "not every shard was seen") for table in sorted(copied))
    return tuple(said for table in sorted(copied) for said in _of_table(plan, table, kept))


@dataclass(frozen=True, slots=True)
class _LeftByVitess:
    """What migrations of applies of this very plan have left, with the apply; and of `untold` ones,
    which may be of it: the ledger knows them no more (RP-29)."""

    own: Mapping[TableKept, int]
    untold: Mapping[TableKept, int]


def _kept_by_vitess(
    plan: Plan, open_ledger: Callable[[], Ledger], kept: tuple[TableKept, ...]
) -> _LeftByVitess:
    ours = {one: one.apply_id for one in kept if one.apply_id is not None}
    ledger = open_ledger() if ours else None
    known = {n: ledger.apply(n) for n in sorted({*ours.values()})} if ledger is not None else {}
    own: dict[TableKept, int] = {}
    untold: dict[TableKept, int] = {}
    for one, apply_id in ours.items():
        if (stored := known[apply_id]) is None:
            untold[one] = apply_id
        elif stored.plan_id == plan.plan_id:
            own[one] = apply_id
    return _LeftByVitess(own, untold)


def _of_vitess(plan: Plan, table: str, left: _LeftByVitess) -> Iterator[str]:
    changed = _changed(plan, table)
    total, rest = len(plan.core.shards), {*changed}
    untold = {one.shard: apply_id for one, apply_id in left.untold.items() if one.table == table}
    here = {one.shard: apply_id for one, apply_id in left.own.items() if one.table == table}
    for apply_id in sorted({*here.values()}):
        shards = in_key_order(tuple(s for s in changed if here.get(s) == apply_id))
        rest -= {*shards}
        if shards:
            yield (
                f"table {table}, {shard_set(shards, total)}: the definition comes back; Vitess"
                " still has the table as it was. In place of this plan, `REVERT VITESS_MIGRATION`"
                " puts it back with its rows and with those written since; if one of these does not"
                " fit there, it fails and changes nothing. The migrations are those of"
                f" `SHOW VITESS_MIGRATIONS LIKE '{MIGRATION_CONTEXT}{apply_id}:%'`"
            )
    if gone := sorted({untold[shard] for shard in rest & untold.keys()}):
        rest -= untold.keys()
        why = f"Vitess has one that apply {gone[-1]} left, which the ledger knows no more"
        yield _unknown(table, why)
    yield from _rows_lost(table, rest, total)


def _changed(plan: Plan, table: str) -> list[str]:
    return [s for found in plan.core.change_sets for s in found.shards if _copies(plan, s, table)]


def _rows_lost(table: str, rest: set[str], total: int) -> Iterator[str]:
    if rest:
        which = shard_set(in_key_order(tuple(rest)), total)
        yield (
            f"table {table}, {which}: the definition comes back, rows do not: the table as it was"
            " is not there any more, and what the change took from rows is lost"
        )


def _kept(
    begun: Pass, plan: Plan, open_ledger: Callable[[], Ledger], now_s: float
) -> list[ShadowGroup]:
    """What applies of this very plan have left beside its tables."""
    found = find_shadows(begun, open_ledger, now_s=now_s)
    known = [one for one in found if one.mark in (ShadowMark.KEPT, ShadowMark.LEFTOVER)]
    if not known:
        return []
    ledger = open_ledger()
    return [one for one in known if one.apply_id and _is_of(ledger, one.apply_id, plan)]


def _is_of(ledger: Ledger, apply_id: int, plan: Plan) -> bool:
    stored = ledger.apply(apply_id)
    return stored is not None and stored.plan_id == plan.plan_id


def _of_table(plan: Plan, table: str, kept: list[ShadowGroup]) -> Iterator[str]:
    total, rest = len(plan.core.shards), {*_changed(plan, table)}
    for old in kept:
        if old.table != table or not _has_the_rows(old):
            continue
        shards = in_key_order(tuple(shard for shard in old.shards if shard in rest))
        rest -= {*shards}
        if shards:
            yield _with_rows(table, shard_set(shards, total), old)
    yield from _rows_lost(table, rest, total)


def _copies(plan: Plan, shard: str, table: str) -> bool:
    found = plan.core.change_set_of(shard)
    statements = found.statements if found else ()
    return any(s.object_id.name == table and is_by_copy(s) for s in statements)


def _with_rows(table: str, which: str, old: ShadowGroup) -> str:
    is_kept = old.mark is ShadowMark.KEPT and old.kept_until_s is not None
    until = f" (kept until {utc_text(old.kept_until_s or 0.0)})" if is_kept else ""
    return (
        f"table {table}, {which}: the definition comes back, and the rows stay that {table} has"
        " then, those written since among them; what the change took from rows is not put back. The"
        f" rows as they were lie in {old.name}{until}, from where they can be copied by hand: what"
        f" was written since is not in it, and whoever puts it in the place of {table} loses that"
    )


def _has_the_rows(one: ShadowGroup) -> bool:
    return is_old_named(one.name)


def _unknown(table: str, why: str) -> str:
    return (
        f"table {table}: the definition comes back; whether the table as it was, with its rows, is"
        f" still on any shard is not known: {why}"
    )
