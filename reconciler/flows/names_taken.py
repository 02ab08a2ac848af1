"""What is in the way of the engines that a plan's statements are for, and whose it is (EN-81).

Rule: what an unfinished apply has in hand, or the next apply of the same table takes up or clears
away, is in nobody's way. Of anything else, and of what nobody could be asked about, the plan is
refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Problem, ReconcilerError, Unavailable
from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.shadows import shadow_seen, tables_seen
from reconciler.guard.access import grouped
from reconciler.guard.leftovers import whose_words
from reconciler.guard.model import Done, Refusal, ToDo
from reconciler.guard.names_taken import InTheWay, in_the_way, refusal_of
from reconciler.ledger.shadows import copies_left, known_shadows
from reconciler.model.engine import Handle
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.shadow_tables import KnownShadow, ShadowMark
from reconciler.plan.model import PlanCore, PlannedStatement
from reconciler.ports.ledger import Ledger

_NOBODYS = "see whose it is, and rename or drop it, or name another engine in the spec's `engine`"


def nobody_to_ask() -> Ledger:
    """For jobs on a change that nobody has reviewed: they are given no login of the ledger."""
    raise Unavailable(
        Problem(
            code="ledger-not-asked",
            message="no ledger is asked about a change that is only proposed",
            recovery="ask with `reconciler drift`, from the protected branch",
        )
    )


def all_statements(core: PlanCore) -> dict[str, tuple[PlannedStatement, ...]]:
    """By shard."""
    return {shard: found.statements for found in core.change_sets for shard in found.shards}


def statements_left(
    core: PlanCore, standings: Mapping[str, ToDo | Done]
) -> dict[str, tuple[PlannedStatement, ...]]:
    """By shard, those that have not taken effect there."""
    return {
        shard: statements[standing.next_index :]
        for shard, statements in all_statements(core).items()
        if isinstance(standing := standings.get(shard), ToDo)
    }


def name_refusals(
    begun: Pass,
    statements: Mapping[str, Sequence[PlannedStatement]],
    open_ledger: Callable[[], Ledger],
    *,
    now_s: float,
) -> tuple[Refusal, ...]:
    """`statements` are what is to run, by shard. Opens the ledger only where a name is taken that
    may be an engine's own; raises nothing of the ledger's."""
    found = [
        one
        for seen in begun.look.seen
        for one in in_the_way(
            seen.observation, seen.shadow_triggers, statements.get(seen.shard, ())
        )
    ]
    asked = _asked(begun, [one for one in found if one.may_be_ours], open_ledger)
    refused = (_refusal(begun, one, asked, now_s) for one in found if not asked.frees(one))
    return grouped(refused)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the ledger knows; `unasked` is why it could not be asked."""

    known: Mapping[tuple[str, str], KnownShadow] = field(default_factory=dict)
    left: Mapping[tuple[str, ObjectId], Handle] = field(default_factory=dict)
    unasked: str = ""

    def frees(self, found: InTheWay) -> bool:
        if not found.may_be_ours:
            return False
        known = self.known.get((found.shard, found.name))
        if known is not None and known.is_in_progress:
            return True
        handle = self.left.get((found.shard, found.of))
        return handle is not None and handle.engine is found.engine and found.name in handle.helpers


def _asked(begun: Pass, found: Sequence[InTheWay], open_ledger: Callable[[], Ledger]) -> _Asked:
    if not found:
        return _Asked()
    names = {one.name for one in found}
    try:
        rows = open_ledger().engine_statements(
            begun.environment.name, begun.files.spec.keyspace, names=names
        )
    except ReconcilerError as unread:
        return _Asked(unasked=unread.problems[0].message)
    known = {(one.shard, one.name): one for one in known_shadows(rows)}
    return _Asked(known=known, left=copies_left(rows))


def _refusal(begun: Pass, found: InTheWay, asked: _Asked, now_s: float) -> Refusal:
    if not found.may_be_ours:
        return refusal_of(found, f"no engine makes a {found.kind}", _NOBODYS)
    if asked.unasked:
        whose = f"nobody could be asked whose it is ({asked.unasked})"
        return refusal_of(found, whose, f"`reconciler drift` tells whose it is; {_NOBODYS}")
    known = asked.known.get((found.shard, found.name))
    seen = next(one for one in begun.look.seen if one.shard == found.shard)
    group = shadow_seen(begun, seen, found.name, known, now_s=now_s)
    return refusal_of(found, whose_words(group, tables_seen(begun)), _recovery(found, group.mark))


def _recovery(found: InTheWay, mark: ShadowMark) -> str:
    match mark:
        case ShadowMark.KEPT:
            return (
                "wait until its time is over, or take `keep_old` out of the spec; then remove it"
                " with `reconciler clean --write`"
            )
        case ShadowMark.LEFTOVER if found.kind is ObjectKind.TRIGGER:
            return f"drop the trigger on the shard: `DROP TRIGGER {found.name}`; then plan again"
        case ShadowMark.LEFTOVER:
            return "remove it first, by a plan of its own: `reconciler clean --write`"
        case _:
            return _NOBODYS
