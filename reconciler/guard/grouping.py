"""Obstacles put together: those that differ in nothing but the shard that they name are one thing
to see to, on however many shards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.errors import Problem
from reconciler.guard.model import Obstacle, Refusal, problem_from
from reconciler.model.fleet import key_order
from reconciler.model.observation import Unreachable
from reconciler.plan import words

_SHARD = re.compile(r"\bshard ")
_IN_A_NAME = re.compile(r"[\w-]")


def grouped_problems(obstacles: Iterable[Obstacle]) -> tuple[Problem, ...]:
    """For what cannot go on at all: each reason once, with the shards it is said of."""
    found = tuple(obstacles)
    unseen = (
        Problem(
            code=lost.code,
            message=f"{words.named_shards(shards)} could not be observed: {lost.reason}",
            recovery=lost.recovery,
        )
        for shards, lost in grouped_unreachable(found)
    )
    return (*(problem_from(refusal) for _, refusal in grouped_refusals(found)), *unseen)


def reasons_of(obstacles: Iterable[Obstacle]) -> Sequence[Refusal]:
    """What concerns the whole keyspace first, then shard by shard and table by table; shards that
    could not be seen are `grouped_unreachable`."""
    return sorted({one for one in obstacles if isinstance(one, Refusal)}, key=refusal_order)


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
    message = _naming(refusal.message, refusal.shard, "shard \0")
    if _says(message, refusal.shard):
        return refusal  # it says more of this shard than which it is
    return replace(refusal, shard="", message=message)


def _together(alike: Sequence[Refusal]) -> tuple[tuple[str, ...], Refusal]:
    shards = tuple(one.shard for one in alike if one.shard)
    first = alike[0]
    if len(alike) == 1 or first.shard is None:
        return shards, first
    which = words.named_shards(shards)
    return shards, replace(first, message=_naming(first.message, first.shard, which))


def _naming(text: str, shard: str, other: str) -> str:
    """With `other` wherever the text says "shard" and this one's name. An expression would have to
    be compiled for each of thousands."""
    parts, told = [], 0
    for word in _SHARD.finditer(text):
        end = word.end() + len(shard)
        if text.startswith(shard, word.end()) and not _IN_A_NAME.match(text, end):
            parts += [text[told : word.start()], other]
            told = end
    return "".join([*parts, text[told:]])


def _says(text: str, shard: str) -> bool:
    at = text.find(shard)
    while at >= 0:
        is_begun = at > 0 and _IN_A_NAME.match(text, at - 1)
        if not is_begun and not _IN_A_NAME.match(text, at + len(shard)):
            return True
        at = text.find(shard, at + 1)
    return False


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


def refusal_order(refusal: Refusal) -> tuple[object, ...]:
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
