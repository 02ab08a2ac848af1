"""Reasons not to run, put in order for people: each told once, with what it does not say itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from reconciler.guard.grouping import (
    grouped_refusals,
    grouped_unreachable,
    refusal_order,
)
from reconciler.guard.model import Obstacle, Refusal, refusal_from
from reconciler.guard.vschema import WHOLE
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words


def every_reason(obstacles: Iterable[Obstacle]) -> Sequence[Refusal]:
    """All of them, a shard that could not be seen among them: for programs, which look in one
    place for why a command refused."""
    return sorted(set(map(refusal_from, obstacles)), key=refusal_order)


def reason_count(obstacles: Iterable[Obstacle]) -> int:
    found = tuple(obstacles)
    return len(grouped_refusals(found)) + len(grouped_unreachable(found))


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


def failed_verdict(failed: KeyspaceFailed) -> str:
    """In the word that its exit code has: what a guard does not let go on is no failure."""
    count = len(failed.problems)
    if failed_code(failed) is ExitCode.REFUSED:
        return f"refused for {words.count(count, 'reason')}"
    return "failed" if count == 1 else f"failed, {count} problems"
