"""Asks what the spec measures before a wave: shards by a query, a server of metrics by another.

The library of HTTP is loaded where a metric is asked for: every apply comes by here, and those of
workers stay in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_never

from reconciler.edges.mysql.promotion_query import ask_shards
from reconciler.rollout.promotion import CheckAnswer
from reconciler.spec.model import ShardSpec
from reconciler.spec.promotion import Metric, PromotionCheck, ShardQuery


class MeasuredByServers:
    """`root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def ask(
        self, check: PromotionCheck, shards: Sequence[ShardSpec], *, parallel: int
    ) -> tuple[CheckAnswer, ...]:
        match check.asks:
            case ShardQuery(sql):
                return ask_shards(
                    sql, shards, parallel=parallel, environ=self._environ, root=self._root
                )
            case Metric():
                from reconciler.edges.metric_query import ask_metric

                return (ask_metric(check.asks, self._environ),)
            case _:
                assert_never(check.asks)
