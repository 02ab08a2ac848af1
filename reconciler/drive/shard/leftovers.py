"""What an engine made beside a table, removed once nobody needs it any more.

Rule: only the engine knows what is proven to be its own, and only under the shard's claim is
anything removed. What cannot be removed is named, and keeps nothing from going on; what could not
for now keeps a statement that took effect from being over (EN-84).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler.drive.shard.recorder import ShardRecorder
from reconciler.drive.shard.task import ShardTask
from reconciler.errors import ReconcilerError, Unavailable
from reconciler.ledger.copies import LeftBehind
from reconciler.ledger.model import EventEntry, StoredStatement
from reconciler.ledger.states import StatementState
from reconciler.model.engine import TRAITS, Handle
from reconciler.model.object_id import ObjectId, table_id
from reconciler.ports.engine import EngineWork
from reconciler.ports.shards import ShardSession

_MAY_BE_KEPT = (StatementState.INTENDED, StatementState.UNKNOWN, StatementState.NEVER_RAN)


@dataclass(frozen=True, slots=True)
class Stays:
    """What could not be removed, in words. `passes`: asked again, it may well be."""

    named: str
    passes: bool
    not_ours: tuple[str, ...] = ()


def discard(
    session: ShardSession, record: ShardRecorder, row: StoredStatement, work: EngineWork
) -> None:
    """Of a statement that did not take effect, or was given up: what stays is told. Raises nothing
    of the network's."""
    if TRAITS[row.handle.engine].copies:
        _leave(session, record, row, _discarded(session, row.handle, work))


def cleared_away(
    session: ShardSession, record: ShardRecorder, row: StoredStatement, work: EngineWork
) -> str:
    """Of a statement that took effect: '' once nothing of it stays but what nobody can remove,
    which is told; else what does, and why: it is not over before that was tried again (EN-84).
    Raises nothing of the network's."""
    if not TRAITS[row.handle.engine].copies:
        return ""
    stays = _discarded(session, row.handle, work)
    if stays is not None and stays.passes:
        return stays.named
    _leave(session, record, row, stays)
    return ""


def clear_what_was_done(
    session: ShardSession, record: ShardRecorder, task: ShardTask, position: int
) -> str:
    """Of what earlier runs began, or applies before this one, and nobody saw to its end: as
    `cleared_away`."""
    found = [
        cleared_away(session, record, row, task.engine_work(row.index))
        for row in task.recorded
        if row.index < position and row.state is not StatementState.APPLIED
    ]
    return next(filter(None, found), "") or clear_what_others_left(session, task)


def clear_what_others_left(session: ShardSession, task: ShardTask) -> str:
    """Of applies that have ended: as `cleared_away`."""
    found = [
        stays.named
        for handle, work in task.copies_not_taken_up()
        if (stays := _discarded(session, handle, work)) is not None and stays.passes
    ]
    return next(iter(found), "")


def _leave(
    session: ShardSession, record: ShardRecorder, row: StoredStatement, stays: Stays | None
) -> None:
    not_ours = () if stays is None else stays.not_ours
    record.leave(row.index, _still_there(session, row, not_ours))
    if stays is not None:
        record.tell(LeftBehind(stays.named), row.object_id)


def _discarded(session: ShardSession, handle: Handle, work: EngineWork) -> Stays | None:
    try:
        if not session.claim():
            return Stays(named(handle, "an earlier run's session is still on the shard"), True)
        failed = session.engine(handle.engine).discard(handle, work)
    except ReconcilerError as error:
        return Stays(named(handle, error.problems[0].message), isinstance(error, Unavailable))
    if failed is None:
        return None
    return Stays(named(handle, str(failed.error)), failed.transient, failed.not_ours)


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
            told = LeftBehind(
                named(row.handle, "the apply was cancelled while nobody was at the copy")
            )
            yield EventEntry(at_s=now_s, what=told, shard=row.shard, object_id=row.object_id)


def named(handle: Handle, why: str) -> str:
    names = ", ".join(f"`{name}`" for name in handle.helpers) or "what it may have made"
    return f"{handle.engine} has left {names}: {why}"
