"""Reasons not to run, put in order for people: each told once, with what it does not say itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reconciler.guard.model import Refusal
from reconciler.model.fleet import key_order
from reconciler.model.observation import Unreachable
from reconciler.observe.shards import unreachable_refusals
from reconciler.report.order import sorted_unreachable


def reasons_of(
    refusals: Iterable[Refusal], unreachable: Iterable[Unreachable]
) -> Sequence[Refusal]:
    """What concerns the whole keyspace first, then shard by shard and table by table; without the
    refusals that only repeat that a shard is unreachable, which has a line of its own."""
    told = {(lost.shard, lost.code) for lost in unreachable}
    own = {refusal for refusal in refusals if (refusal.shard, refusal.code) not in told}
    return sorted(own, key=_place)


def every_reason(
    refusals: Iterable[Refusal], unreachable: Iterable[Unreachable]
) -> Sequence[Refusal]:
    """All of them, a shard that could not be seen among them: for programs, which look in one
    place for why a command refused."""
    return sorted({*refusals, *unreachable_refusals(unreachable)}, key=_place)


def reason_count(refusals: Iterable[Refusal], unreachable: Sequence[Unreachable]) -> int:
    return len(reasons_of(refusals, unreachable)) + len(grouped_unreachable(unreachable))


def grouped_unreachable(
    unreachable: Iterable[Unreachable],
) -> tuple[tuple[tuple[str, ...], Unreachable], ...]:
    """Shards that could not be seen for one and the same reason together: a wrong password is one
    thing to fix, on however many shards."""
    groups: dict[tuple[str, str, str], list[Unreachable]] = {}
    for lost in sorted_unreachable(unreachable):
        groups.setdefault((lost.code, lost.reason, lost.recovery), []).append(lost)
    return tuple((tuple(one.shard for one in group), group[0]) for group in groups.values())


def unsaid_places(refusal: Refusal) -> tuple[tuple[str, str], ...]:
    """('shard', '-40') and ('table', 'users'), as far as the message does not name them itself."""
    places = [("shard", refusal.shard)] if refusal.shard else []
    if about := refusal.object_id:
        places.append((about.kind.value, about.name))
    return tuple((noun, name) for noun, name in places if not _says(refusal, name))


def _says(refusal: Refusal, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", refusal.message) is not None


def _place(refusal: Refusal) -> tuple[object, ...]:
    return (
        refusal.shard is not None,
        key_order(refusal.shard or ""),
        str(refusal.object_id or ""),
        refusal.code,
        refusal.message,
        refusal.expected or "",
        refusal.observed or "",
        refusal.recovery,
    )
