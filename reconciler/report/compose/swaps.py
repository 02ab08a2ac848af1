"""For how long swaps of programs were felt, program by program: where the longest was (PG-18)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from reconciler.ledger.swaps import RoutineRemade, Swapped, TriggerSwapped
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ShardRow
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail
from reconciler.report.limits import SWAPS_SHOWN_MAX
from reconciler.report.spans import Line, Name, Text

Felt = tuple[int, str]  # for how many milliseconds, and on which shard


def swap_blocks(shards: Iterable[ShardRow]) -> Iterator[Block]:
    """The longest first; nothing where nothing was swapped."""
    found: dict[tuple[ObjectId, str], list[Felt]] = {}
    for row in shards:
        for one in row.operations:
            if one.swapped is not None:
                said, took_ms = _felt(one.swapped)
                found.setdefault((one.object_id, said), []).append((took_ms, row.shard))
    told = sorted(found.items(), key=lambda item: (-max(item[1])[0], item[0]))
    items = [_item(about, said, felt) for (about, said), felt in told[:SWAPS_SHOWN_MAX]]
    if more := len(told) - len(items):
        items.append((Text(f"{more:,} more, none of them longer"),))
    if items:
        yield blocks.Items(
            title="What others felt of it", items=tuple(items), cut=Cut(detail=Detail.REASON)
        )


def _felt(swapped: Swapped) -> tuple[str, int]:
    match swapped:
        case TriggerSwapped(held_ms):
            return "its table was locked for", held_ms
        case RoutineRemade(absent_ms):
            return "calls failed for at most", absent_ms
        case _:
            assert_never(swapped)


def _item(about: ObjectId, said: str, felt: list[Felt]) -> Line:
    shortest_ms = min(took_ms for took_ms, _ in felt)
    longest_ms, where = max(felt, key=lambda one: one[0])  # the first of those that took as long
    times = f"{shortest_ms:,} to {longest_ms:,}" if shortest_ms < longest_ms else f"{longest_ms:,}"
    on = (Text("on shard "), Name(where))
    if len(felt) > 1:
        on = (Text(f"on {words.count(len(felt), 'shard')}, longest on "), Name(where))
    return (Name(about.titled), Text(f": {said} {times} ms "), *on)
