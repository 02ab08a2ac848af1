"""What the spec measures before a wave (`promote_if`), put to those who know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.rollout.promotion import CheckAnswer
from reconciler.spec.model import ShardSpec
from reconciler.spec.promotion import PromotionCheck


class PromotionChecks(Protocol):
    def ask(
        self, check: PromotionCheck, shards: Sequence[ShardSpec], *, parallel: int
    ) -> tuple[CheckAnswer, ...]:
        """A query has an answer of each shard, a metric has one. Reads, in a session that can do
        nothing else, by a statement that the server itself ends after some seconds. Whatever keeps
        it from one number is Unmeasured, with a reason that holds nothing of a row, and no address.
        Raises nothing of the network's."""
