"""Reasons not to run, put in order for people: each told once, with what it does not say itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.guard.model import Obstacle, Refusal, refusal_from
from reconciler.guard.vschema import WHOLE
from reconciler.model.fleet import key_order
from reconciler.model.observation import Unreachable
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words


def reasons_of(obstacles: Iterable[Obstacle]) -> Sequence[Refusal]:
    """What concerns the whole keyspace first, then shard by shard and table by table; shards that
    could not be seen are `grouped_unreachable`."""
    return sorted({one for one in obstacles if isinstance(one, Refusal)}, key=_place)


def grouped_refusals(
    obstacles: Iterable[Obstacle],
) -> tuple[tuple[tuple[str, ...], Refusal], ...]:
    """As `reasons_of`, those together that differ in nothing but the shard that they name: it is
    one thing to see to, on however many shards. The message of several says which they are."""
    groups: dict[Refusal, list[Refusal]] = {}
    for refusal in reasons_of(obstacles):
        groups.setdefault(_of_any_shard(refusal), []).append(refusal)
    return tuple(_together(alike) for alike in groups.values())


def _of_any_shard(refusal: Refusal) -> Refusal:
    if refusal.shard is None:
        return refusal
    message = _named(refusal.shard).sub("shard \0", refusal.message)
    if re.search(rf"(?<![\w-]){re.escape(refusal.shard)}(?![\w-])", message):
        return refusal  # it says more of this shard than which it is
    return replace(refusal, shard="", message=message)


def _together(alike: Sequence[Refusal]) -> tuple[tuple[str, ...], Refusal]:
    shards = tuple(one.shard for one in alike if one.shard)
    first = alike[0]
    if len(alike) == 1 or first.shard is None:
        return shards, first
    which = words.named_shards(shards)
    return shards, replace(first, message=_named(first.shard).sub(which, first.message))


def _named(shard: str) -> re.Pattern[str]:
    return re.compile(rf"\bshard {re.escape(shard)}(?![\w-])")


def every_reason(obstacles: Iterable[Obstacle]) -> Sequence[Refusal]:
    """All of them, a shard that could not be seen among them: for programs, which look in one
    place for why a command refused."""
    return sorted(set(map(refusal_from, obstacles)), key=_place)


def reason_count(obstacles: Iterable[Obstacle]) -> int:
    found = tuple(obstacles)
    return len(grouped_refusals(found)) + len(grouped_unreachable(found))


def unreachable_of(obstacles: Iterable[Obstacle]) -> Sequence[Unreachable]:
    lost = (one for one in obstacles if isinstance(one, Unreachable))
    return sorted(lost, key=lambda one: (key_order(one.shard), one.code, one.reason))


def grouped_unreachable(
    obstacles: Iterable[Obstacle],
) -> tuple[tuple[tuple[str, ...], Unreachable], ...]:
    """Shards that could not be seen for one and the same reason together: a wrong password is one
    thing to fix, on however many shards."""
    groups: dict[tuple[str, str, str], list[Unreachable]] = {}
    for lost in unreachable_of(obstacles):
        groups.setdefault((lost.code, lost.reason, lost.recovery), []).append(lost)
    return tuple((tuple(one.shard for one in group), group[0]) for group in groups.values())


def unsaid_places(
    refusal: Refusal, shards: Sequence[str] | None = None
) -> tuple[tuple[str, str], ...]:
    """('shard', '-40') and ('table', 'users'), as far as the message does not name them itself.
    `shards` are all of which it is said; None: its own."""
    if shards is None or len(shards) < 2:
        places = [("shard", refusal.shard)] if refusal.shard else []
    else:
        noun, _, names = words.named_shards(shards).partition(" ")
        places = [(noun, names)]
    about = refusal.object_id
    if about is not None and about != WHOLE:  # of which every message says "the VSchema"
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


def failed_verdict(failed: KeyspaceFailed) -> str:
    """In the word that its exit code has: what a guard does not let go on is no failure."""
    count = len(failed.problems)
    if failed_code(failed) is ExitCode.REFUSED:
        return f"refused for {words.count(count, 'reason')}"
    return "failed" if count == 1 else f"failed, {count} problems"
