"""What an apply that is done makes the ledger forget, where the spec says for how long it keeps."""

from __future__ import annotations

from contextlib import suppress

from reconciler.drive.limits import FORGET_ROWS_AT_LEAST
from reconciler.errors import ReconcilerError
from reconciler.ports.ledger import Ledger
from reconciler.rollout.operations import ShardWork
from reconciler.spec.model import Environment


def forget_old(
    ledger: Ledger,
    environment: Environment,
    keyspace: str,
    work: tuple[ShardWork, ...],
    *,
    now_s: float,
) -> None:
    """Twice as many rows as this apply has added, so that what is old gets less. Whatever the
    ledger says: the apply is done, and the next one goes on. Shards in quarantine stand where an
    earlier apply left them, which somebody will want to read."""
    if environment.ledger_keep_s is None or environment.quarantined:
        return
    added = sum(len(shard.operations) + len(shard.statements) for shard in work)
    with suppress(ReconcilerError):
        ledger.forget(
            environment.name,
            keyspace,
            now_s=now_s,
            keep_s=environment.ledger_keep_s,
            rows_max=max(2 * added, FORGET_ROWS_AT_LEAST),
        )
