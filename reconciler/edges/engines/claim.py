"""What an engine's program does on a shard is done under the session's claim, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.errors import Unavailable
from reconciler.ports.engine import Failed

Result = TypeVar("Result")


class ClaimedShard(Protocol):
    """A session's connection to its shard, and the claim that goes with it, as `ShardLink` has."""

    @property
    def target(self) -> Target: ...

    def looked(self, look: Callable[[Link], Result]) -> Result:
        """Raises Unavailable."""

    def claimed(self) -> Link | None:
        """None: another may still send something to the shard. Raises Unavailable."""


def under_claim(shard: ClaimedShard, do: Callable[[Link], Result | Failed]) -> Result | Failed:
    """Over the connection that has the claim, or `Failed`, for now."""
    try:
        link = shard.claimed()
        if link is None:
            return not_claimed()
        with as_unavailable(shard.target.label):
            return do(link)
    except Unavailable as unavailable:
        return not_sent(unavailable.problems[0].message)


def not_claimed() -> Failed:
    return not_sent("another session may still send statements to the shard")
