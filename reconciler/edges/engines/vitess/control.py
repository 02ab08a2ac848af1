"""The connection over which Vitess is told of migrations, beside the session's own.

vtgate gives a session whose settings were changed a connection to the server that is its alone, as
the claim needs it; over that one vttablet 24.0 takes no ALTER VITESS_MIGRATION ("[BUG]
AlterMigration unexpected plan type"). So there is a second one, whose settings nobody changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.edges.client.target import Target
from reconciler.edges.engines.claim import ClaimedShard, not_claimed
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.engine_direct import not_sent
from reconciler.edges.mysql.problems import LinkLost, as_unavailable
from reconciler.errors import Unavailable
from reconciler.ports.engine import Failed

Result = TypeVar("Result")


class Control:
    """Of one shard. Not for two threads at once."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._link: Link | None = None

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def looked(self, look: Callable[[Link], Result]) -> Result:
        """Once again over a new connection if the first was lost. Raises Unavailable."""
        with as_unavailable(self._target.label):
            try:
                return look(self._opened())
            except LinkLost:
                self.close()
            return look(self._opened())

    def once(self, say: Callable[[Link], Result]) -> Result:
        """Never twice. Raises Unavailable where there is no connection, ServerRefusal or
        LinkLost."""
        link = self._opened()
        try:
            return say(link)
        except LinkLost:
            self.close()
            raise

    def _opened(self) -> Link:
        """Raises Unavailable."""
        if self._link is None:
            self._link = connect(self._target, program="reconciler, of Vitess")
        return self._link


def under_claim_of(
    shard: ClaimedShard, control: Control, do: Callable[[Link], Result | Failed]
) -> Result | Failed:
    """What changes a migration: only while nobody else may, or `Failed`, for now."""
    try:
        if shard.claimed() is None:
            return not_claimed()
        with as_unavailable(shard.target.label):
            return control.once(do)
    except Unavailable as unavailable:
        return not_sent(unavailable.problems[0].message)
