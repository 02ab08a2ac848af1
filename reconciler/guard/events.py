"""Whether a shard's server runs events, and the account of one may run it; and whether a server
takes one at all, now.

Rule (PG-30): it is asked of every shard before the first statement anywhere. An event on a server
whose scheduler is off does nothing, and one whose account lacks EVENT fails each time; nobody is
told of either. An end that is over before its event begins is refused by every server (PG-32).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from reconciler.ddl.statement.event import read_event_statement
from reconciler.ddl.statement.reach import Reach
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.model import PlanCore, PlannedStatement

_AGAIN = "then run the same command again"
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_EASTERNMOST = timedelta(hours=14)
"""Where the day ends first. What zone another name is, the shards' servers know."""


def event_refusals(shard: str, access: ShardAccess, events: Sequence[Reach]) -> Iterator[Refusal]:
    """`events` are statements that make or change one."""
    ground = access.events
    for reach in events:
        about = ObjectId(ObjectKind.EVENT, reach.table)
        if reach.is_on and ground is not None and not ground.runs:
            yield Refusal(
                code="event-scheduler-off",
                shard=shard,
                object_id=about,
                message=f"shard {shard}, {about}: event_scheduler is not ON there, so the event"
                " would never run; nothing was sent to it",
                recovery="set event_scheduler=ON on the shards' servers, or write DISABLE into the"
                f" event's file and plan again; {_AGAIN}",
            )
        if reach.definer is None or access.is_own(reach.definer.digest):
            continue
        rights = access.definer(reach.definer.digest).privileges
        if rights is None or "EVENT" in rights.on_database(access.database):
            continue
        yield Refusal(
            code="definer-lacks-rights",
            shard=shard,
            object_id=about,
            message=f"shard {shard}, {about}: {reach.definer} lacks EVENT on the database, so every"
            " run of it would fail; nothing was sent to it",
            recovery=f"grant {reach.definer} EVENT on the database of every shard; {_AGAIN}",
        )


def ended_events(core: PlanCore, *, now_s: float) -> tuple[Refusal, ...]:
    """Of a plan's events that start when they are given, those whose end may be over by then."""
    return tuple(
        _over(found.shards[0], statement, end, "")
        for found in core.change_sets
        for statement, end in _open_ends(found.statements)
        if end.is_over(now_s)
    )


def event_over(
    shard: str, statements: Sequence[PlannedStatement], *, now_s: float
) -> Refusal | None:
    """The same of what one shard is still to be sent: an end may pass while others have their
    turn."""
    for statement, end in _open_ends(statements):
        if end.is_over(now_s):
            about = f"shard {shard}, {statement.object_id}: nothing was sent to it; "
            return _over(shard, statement, end, about)
    return None


def open_end_notes(statements: Iterable[PlannedStatement]) -> Iterator[str]:
    """For people, before it is too late."""
    yield from dict.fromkeys(
        f"{statement.object_id.titled}: its file says no STARTS, and its end is {end.said}: a shard"
        " whose turn comes behind that is not given it, and the run stops there"
        for statement, end in _open_ends(statements)
    )


def _over(shard: str, statement: PlannedStatement, end: _End, where: str) -> Refusal:
    about = where or f"{statement.object_id.titled}: "
    return Refusal(
        code="event-over",
        shard=shard,
        object_id=statement.object_id,
        message=f"{about}its end, {end.said}, is over, or may be in its time zone, and servers"
        " refuse an end that lies before the moment at which they are given the event",
        recovery="write STARTS into the event's file, or another end; then plan again",
    )


@dataclass(frozen=True, slots=True)
class _End:
    said: str
    earliest: datetime

    def is_over(self, now_s: float) -> bool:
        return self.earliest <= datetime.fromtimestamp(now_s, UTC)


def _open_ends(
    statements: Iterable[PlannedStatement],
) -> Iterator[tuple[PlannedStatement, _End]]:
    for statement in statements:
        if statement.object_id.kind is ObjectKind.EVENT:
            end = _open_end(statement)
            if end is not None:
                yield statement, end


def _open_end(statement: PlannedStatement) -> _End | None:
    read, made = read_event_statement(statement.sql), statement.session.created_with
    if read is None or not read.open_end:
        return None
    offset = _OFFSET.fullmatch((made.time_zone if made is not None else None) or "")
    ahead = _EASTERNMOST
    if offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        ahead = -ahead if offset[1] == "-" else ahead
    try:
        end = datetime.fromisoformat(read.open_end.strip("'")).replace(tzinfo=timezone(ahead))
    except ValueError:  # only a server reads it, and says so
        return None
    return _End(read.open_end, end)
