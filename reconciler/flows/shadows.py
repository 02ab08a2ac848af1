"""The tables of engines that a look at the fleet has seen, and whose the ledger says they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.flows.reconcile_pass import Pass
from reconciler.guard.leftovers import not_removable
from reconciler.guard.model import Refusal
from reconciler.ledger.shadows import known_shadows
from reconciler.model.shadow_tables import KnownShadow, ShadowGroup, ShadowMark, is_way_back_named
from reconciler.observe.shards import shadow_tables
from reconciler.ports.ledger import Ledger
from reconciler.spec.model import Environment


def find_shadows(
    begun: Pass, open_ledger: Callable[[], Ledger], *, now_s: float
) -> tuple[ShadowGroup, ...]:
    """Each once for the shards on which it is alike, sorted by name. Opens no ledger where there is
    none of them; raises what opening and reading it raises."""
    seen = shadow_tables((one.observation for one in begun.look.seen), begun.reader)
    if not seen:
        return ()
    known = shadows_of_record(open_ledger(), begun.environment, begun.files.spec.keyspace, seen)
    groups: dict[ShadowGroup, list[str]] = {}
    for name, shards in seen.items():
        for shard in shards:
            alike = _group(name, known.get((shard, name)), begun.environment, now_s)
            groups.setdefault(alike, []).append(shard)
    return tuple(replace(alike, shards=tuple(shards)) for alike, shards in groups.items())


def leftover_refusals(begun: Pass, ledger: Ledger, *, now_s: float) -> tuple[Refusal, ...]:
    """What the plan of this pass removes and may not, asked of the ledger just now. Raises
    Unavailable."""
    if not begun.cleans:
        return ()
    found = find_shadows(begun, lambda: ledger, now_s=now_s)
    total = len(begun.environment.shards)
    return tuple(not_removable(begun.cleans, found, tables_seen(begun), shards=total))


def tables_seen(begun: Pass) -> frozenset[tuple[str, str]]:
    """Shard and name of each managed table."""
    return frozenset((seen.shard, name) for seen in begun.look.seen for name in seen.definitions)


def shadows_of_record(
    ledger: Ledger, environment: Environment, keyspace: str, seen: Mapping[str, object]
) -> dict[tuple[str, str], KnownShadow]:
    """What the ledger knows of the tables of these names, by shard and name."""
    rows = ledger.engine_statements(environment.name, keyspace, names=seen.keys())
    return {(known.shard, known.name): known for known in known_shadows(rows)}


def kept_until_s(known: KnownShadow, environment: Environment) -> float | None:
    """For how long the spec keeps it as a way back; None for what it does not keep."""
    keep_s = environment.engine.keep_old_s
    is_kept = keep_s > 0 and known.ended_s is not None and is_way_back_named(known.name)
    return known.ended_s + keep_s if is_kept and known.ended_s is not None else None


def _group(
    name: str, known: KnownShadow | None, environment: Environment, now_s: float
) -> ShadowGroup:
    """Of no shards yet."""
    if known is None:
        return ShadowGroup(mark=ShadowMark.FOREIGN, name=name, shards=())
    until_s = None if known.is_in_progress else kept_until_s(known, environment)
    mark = ShadowMark.LEFTOVER if until_s is None or until_s <= now_s else ShadowMark.KEPT
    return ShadowGroup(
        mark=ShadowMark.IN_PROGRESS if known.is_in_progress else mark,
        name=name,
        shards=(),
        engine=known.engine,
        table=known.table,
        apply_id=known.apply_id,
        kept_until_s=until_s,
    )
