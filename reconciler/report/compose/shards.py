"""Sets of shards as lines: worded as in the plan's own file, with the names set apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.guard.leftovers import DOUBTS
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark
from reconciler.plan import words
from reconciler.report.order import sorted_shards
from reconciler.report.spans import Line, Moment, Name, Span, Text


def shard_set(shards: Sequence[str], of: int) -> Line:
    """Which shards: all of them, their names, or how many (RP-2)."""
    return _line(words.shard_words(shards, of))


def named_shards(shards: Sequence[str]) -> Line:
    """Which shards, where nobody knows of how many."""
    return _line(words.named_words(shards))


def name_list(names: Sequence[str]) -> Line:
    spans = [span for name in names for span in (Text(", "), Name(name))]
    return tuple(spans[1:])


def whose(group: ShadowGroup, total: int | None = None) -> Iterator[Span]:
    """Where a table of an engine is, whose, and for how long; `total` None: nobody knows of how
    many shards."""
    shards = sorted_shards(group.shards)
    yield from named_shards(shards) if total is None else shard_set(shards, total)
    if group.engine is not None:
        yield Text(": not " if group.doubt else ": ")
        yield Text(f"of {group.engine}, for table ")
        yield Name(group.table)
        yield Text(f", apply {group.apply_id}")
    if group.doubt is not None:
        yield Text(f", for {DOUBTS[group.doubt]}")
    if group.kept_until_s is not None:
        is_over = group.mark is not ShadowMark.KEPT
        yield Text(", was kept until " if is_over else ", kept until ")
        yield Moment(group.kept_until_s)


def _line(said: words.ShardWords) -> Line:
    rest = (Text(said.after),) if said.after else ()
    return (Text(said.before), *name_list(said.names), *rest)
