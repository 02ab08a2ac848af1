"""`clean`: a plan that also removes what engines left, for review like any other.

The ledger says what that is; what is in the hands of an apply, nobody's, or still kept stays, and
is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from reconciler.flows.plan import plan_keyspace
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.flows.shadows import find_shadows, is_left_alone, tables_seen
from reconciler.guard.leftovers import removable, stays_because
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark, shadow_kind
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.model import Leftover, utc_text
from reconciler.plan.words import leftover_words, shard_set
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


def clean_keyspace(
    world: World,
    files: DesiredFiles,
    environment: Environment,
    *,
    open_ledger: Callable[[], Ledger],
    protected: FileTree | None,
    created_at: str,
    tool_version: str,
) -> PlanOutcome:
    """As `plan_keyspace`, with every leftover that the ledger knows. Raises what opening and
    reading the ledger raises, where there is a table that an engine may have made."""
    begun = begin_pass(world, files, environment)
    if begun.look.obstacles:  # a leftover may be on a shard that was not seen
        return PlanOutcome(
            environment=environment.name,
            keyspace=files.spec.keyspace,
            plan=None,
            refusals=begun.look.obstacles,
            quarantine=environment.quarantine,
        )
    found = _of_concern(begun, find_shadows(begun, open_ledger, now_s=world.clock.now_s()))
    tables = tables_seen(begun)
    cleans, staying = removable(found, tables)
    total = len(begun.environment.shards)
    stays = (
        f"{shadow_kind(one.name)} {one.name} on"
        f" {shard_set(one.shards, total)} stays: {stays_because(one, found, tables)}"
        for one in staying
    )
    notes = (*_was_kept(cleans, found), *stays)
    return plan_keyspace(
        world,
        files,
        environment,
        protected=protected,
        created_at=created_at,
        tool_version=tool_version,
        cleans=cleans,
        open_ledger=open_ledger,
        notes=notes if found else ("no engine has left any table",),
    )


def _of_concern(begun: Pass, found: tuple[ShadowGroup, ...]) -> tuple[ShadowGroup, ...]:
    """What nobody knows and policy leaves alone is of none, but where the same name is an engine's
    on another shard: a plan would remove it on both."""
    known = {one.name for one in found if one.mark is not ShadowMark.FOREIGN}
    return tuple(one for one in found if one.name in known or not is_left_alone(begun, one))


def _was_kept(cleans: Iterable[Leftover], found: Iterable[ShadowGroup]) -> Iterator[str]:
    """Of tables that were a way back: with them it ends."""
    until_s = {one.name: one.kept_until_s for one in found if one.kept_until_s is not None}
    for one in cleans:
        if one.name in until_s:
            yield (
                f"table {one.name}, which {leftover_words(one)}, was kept as a way back until"
                f" {utc_text(until_s[one.name])}"
            )
