"""What an engine made beside a table, removed once nobody needs it any more.

Rule: only the engine knows what is proven to be its own, and only under the shard's claim is
anything removed. What stays is named, and keeps nothing from going on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.errors import ReconcilerError
from reconciler.ledger.copies import (
    LeftBehind,
)
from reconciler.ledger.model import EventEntry, StoredStatement
from reconciler.ledger.states import StatementState
from reconciler.model.engine import TRAITS
from reconciler.model.object_id import ObjectId, table_id
from reconciler.ports.engine import EngineWork
from reconciler.ports.shards import ShardSession

_MAY_BE_KEPT = (StatementState.INTENDED, StatementState.UNKNOWN, StatementState.NEVER_RAN)


def discard(
    session: ShardSession, record: ShardRecorder, row: StoredStatement, work: EngineWork
) -> str:
    """Of a statement that has ended, or was given up: says what stays, '' for nothing. Raises
    nothing of the network's."""
    if not TRAITS[row.handle.engine].copies:
        return ""
    stays, not_ours = _discarded(session, row, work)
    record.leave(row.index, _still_there(session, row, not_ours))
    if stays:
        record.tell(LeftBehind(stays), row.object_id)
    return stays


def _discarded(
    session: ShardSession, row: StoredStatement, work: EngineWork
) -> tuple[str, tuple[str, ...]]:
    """What stays, in words, and which of it is not the engine's."""
    try:
        if not session.claim():
            return named(row, "an earlier run's session is still on the shard"), ()
        failed = session.engine(row.handle.engine).discard(row.handle, work)
    except ReconcilerError as error:
        return named(row, error.problems[0].message), ()
    return (named(row, str(failed.error)), failed.not_ours) if failed is not None else ("", ())


def _still_there(
    session: ShardSession, row: StoredStatement, not_ours: Collection[str]
) -> tuple[str, ...]:
    """Of what the engine made: what it kept, and what it could not remove. Where that cannot be
    seen, all of it."""
    names = tuple(name for name in row.handle.helpers if name not in not_ours)
    try:
        return tuple(name for name in names if session.definition(table_id(name)) is not None)
    except ReconcilerError:
        return names


def kept_copies(
    statements: Iterable[StoredStatement],
    given_up: Collection[tuple[str, ObjectId]],
    now_s: float,
) -> Iterator[EventEntry]:
    """Of statements whose operations are given up while no engine is there to be asked."""
    for row in statements:
        is_kept = TRAITS[row.handle.engine].copies and row.state in _MAY_BE_KEPT
        if is_kept and (row.shard, row.object_id) in given_up:
            told = LeftBehind(named(row, "the apply was cancelled while nobody was at the copy"))
            yield EventEntry(at_s=now_s, what=told, shard=row.shard, object_id=row.object_id)


def named(row: StoredStatement, why: str) -> str:
    names = ", ".join(f"`{name}`" for name in row.handle.helpers) or "what it may have made"
    return f"{row.handle.engine} has left {names}: {why}"
