"""Sets of shards as lines: worded as in the plan's own file, with the names set apart."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.plan import words
from reconciler.report.spans import Line, Name, Text


def shard_set(shards: Sequence[str], of: int) -> Line:
    """Which shards: all of them, their names, or how many (RP-2)."""
    return _line(words.shard_words(shards, of))


def named_shards(shards: Sequence[str]) -> Line:
    """Which shards, where nobody knows of how many."""
    return _line(words.named_words(shards))


def name_list(names: Sequence[str]) -> Line:
    spans = [span for name in names for span in (Text(", "), Name(name))]
    return tuple(spans[1:])


def _line(said: words.ShardWords) -> Line:
    rest = (Text(said.after),) if said.after else ()
    return (Text(said.before), *name_list(said.names), *rest)
