"""How often a run has looked at its shards in vain, so that it ends (ST-17): the next run looks
again."""

from __future__ import annotations

from collections import Counter

from reconciler.drive.limits import SETTLES_PER_SHARD_MAX, TAKE_UPS_PER_SHARD_MAX
from reconciler.ledger.states import OperationState


class Settles:
    """`in_vain` are the shards that this run looks at no more."""

    def __init__(self) -> None:
        self._settles: Counter[str] = Counter()
        self._take_ups: Counter[str] = Counter()
        self.in_vain: set[str] = set()

    def ended(self, shard: str, state: OperationState) -> None:
        """A look at a shard whose outcome was unknown found it to be at `state`."""
        match state:
            case OperationState.RUNNING:  # nothing is lost: it goes on
                self._take_ups[shard] += 1
            case OperationState.UNKNOWN:
                self._settles[shard] += 1
                self.in_vain.add(shard)
            case _:
                self._settles[shard] += 1
        if (
            self._settles[shard] >= SETTLES_PER_SHARD_MAX
            or self._take_ups[shard] >= TAKE_UPS_PER_SHARD_MAX
        ):
            self.in_vain.add(shard)
