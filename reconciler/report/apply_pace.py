"""How long a shard takes, as those of the same apply that are done have shown (RP-28).

Nothing is guessed: what is not done yet is held against what is done and had as many statements
about the same tables, and where nothing is comparable nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import NamedTuple

from reconciler.ledger.states import SETTLED, OperationState
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ShardRow
from reconciler.plan import words
from reconciler.report.estimate_words import rough_time
from reconciler.report.limits import PACES_SHOWN_MAX

_Work = tuple[tuple[ObjectId, int], ...]


class Pace(NamedTuple):
    """Of shards with the same work: how long one took that is done, waits of its own included."""

    tables: tuple[str, ...]
    done: int
    left: int
    shard_s: float


def paces(shards: Sequence[ShardRow]) -> Iterator[Pace]:
    """Those with the most left first."""
    took: dict[_Work, list[float]] = {}
    left: dict[_Work, int] = {}
    for row in shards:
        work = tuple((one.object_id, one.statements) for one in row.operations)
        if row.state is OperationState.COMPLETED:
            if (seconds := _took_s(row)) is not None:
                took.setdefault(work, []).append(seconds)
        elif row.state not in SETTLED:
            left[work] = left.get(work, 0) + 1
    for work in sorted(took.keys() & left.keys(), key=lambda one: (-left[one], one)):
        tables = tuple(str(about) for about, _ in work)
        yield Pace(tables, len(took[work]), left[work], median(took[work]))


def pace_words(shards: Sequence[ShardRow]) -> tuple[str, ...]:
    """'84 shards are left, as the first 16 took: about 4 min each'."""
    found = tuple(paces(shards))
    alone = len(found) == 1
    return tuple(_said(one, is_alone=alone) for one in found[:PACES_SHOWN_MAX])


def _said(pace: Pace, *, is_alone: bool) -> str:
    about = "" if is_alone else f" with {', '.join(pace.tables)}"
    are = "is" if pace.left == 1 else "are"
    first = "the first one" if pace.done == 1 else f"the first {pace.done:,}"
    left = f"{words.count(pace.left, 'shard')}{about} {are} left"
    return f"{left}, as {first} took: about {rough_time(pace.shard_s)} each"


def _took_s(row: ShardRow) -> float | None:
    """None: nobody saw it begin, or end, as where it was found done."""
    begun = [one.started_s for one in row.operations if one.started_s is not None]
    ended = [one.settled_s for one in row.operations if one.settled_s is not None]
    if not row.operations or len(begun) < len(row.operations) or len(ended) < len(begun):
        return None
    return max(ended) - min(begun)
