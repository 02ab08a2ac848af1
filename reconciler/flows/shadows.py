"""The tables of engines that a look at the fleet has seen, and whose the ledger says they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from reconciler.flows.reconcile_pass import Pass
from reconciler.guard.leftovers import not_as_recorded, not_removable
from reconciler.guard.model import Refusal
from reconciler.ledger.shadows import known_shadows
from reconciler.model.observation import TableFacts
from reconciler.model.shadow_tables import (
    KnownShadow,
    ShadowGroup,
    ShadowMark,
    is_trigger_named,
    shadow_group,
    shadow_groups,
)
from reconciler.observe.shards import SeenShard, shadow_tables
from reconciler.plan.engines.gh_ost_names import is_sentry
from reconciler.ports.ledger import Ledger
from reconciler.spec.model import Environment

_NO_FACTS = TableFacts()


def find_shadows(
    begun: Pass, open_ledger: Callable[[], Ledger], *, now_s: float
) -> tuple[ShadowGroup, ...]:
    """Each once for the shards on which it is alike, sorted by name; those that policy leaves alone
    are among them, for what is ours is ours by the ledger alone. Opens no ledger where there is
    none of them; raises what opening and reading it raises."""
    seen = shadow_tables(begun.look.seen, begun.reader)
    if not seen:
        return ()
    known = shadows_of_record(open_ledger(), begun.environment, begun.files.spec.keyspace, seen)
    on_shard = {one.shard: one for one in begun.look.seen}
    return shadow_groups(
        shadow_seen(begun, on_shard[shard], name, known.get((shard, name)), now_s=now_s)
        for name, shards in seen.items()
        for shard in shards
    )


def shadow_seen(
    begun: Pass, seen: SeenShard, name: str, known: KnownShadow | None, *, now_s: float
) -> ShadowGroup:
    """Whose a table or trigger on one shard is, by the record and by when it was created (EN-87).
    Of triggers that is not asked, for no plan drops one."""
    doubt = None
    if known is not None and not is_trigger_named(name):
        shown = seen.observation
        doubt = not_as_recorded(
            known,
            dict(shown.facts).get(name, _NO_FACTS).created_s,
            shown.settings.version.flavor,
            is_sentry=is_sentry(dict(shown.definitions).get(name, "")),
        )
    keep_old_s = begun.environment.engine.keep_old_s
    return shadow_group(name, seen.shard, known, keep_old_s=keep_old_s, now_s=now_s, doubt=doubt)


def told_shadows(begun: Pass, found: Iterable[ShadowGroup]) -> tuple[ShadowGroup, ...]:
    """Of what was found, all but what nobody knows and policy leaves alone."""
    return tuple(one for one in found if not is_left_alone(begun, one))


def is_left_alone(begun: Pass, one: ShadowGroup) -> bool:
    """By policy: of what the ledger knows, or says that it does, policy says nothing."""
    is_nobodys = one.mark is ShadowMark.FOREIGN and one.doubt is None
    return is_nobodys and begun.reader.is_left_alone(one.name)


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
