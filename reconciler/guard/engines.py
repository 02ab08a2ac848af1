"""Whether an engine can do its work on a shard: its server's binary log, and what the login may do.

Privileges are those that each engine's own documentation asks for; what none of its calls needs
(ending other people's sessions) is left out, because it is never told to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.model.access import BinaryLog, ShardAccess
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import PlannedStatement

_ROWS = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "UPDATE")
# Each by the names that one server or another has for it; one of them is enough.
_FOLLOWS_LOG = (("REPLICATION SLAVE",), ("REPLICATION CLIENT", "BINLOG MONITOR"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    database: tuple[str, ...] = ()
    everywhere: tuple[tuple[str, ...], ...] = ()
    follows_log: bool = False
    sees_locks: bool = False  # it looks who waits for the table before it renames
    makes_triggers: bool = False


_NEEDS: Mapping[EngineName, _Needs] = {
    EngineName.DIRECT: _Needs(),
    EngineName.GH_OST: _Needs(
        database=(*_ROWS, "LOCK TABLES"), everywhere=_FOLLOWS_LOG, follows_log=True, sees_locks=True
    ),
    EngineName.SPIRIT: _Needs(
        database=(*_ROWS, "LOCK TABLES", "TRIGGER"),  # it makes no trigger, and asks for that
        everywhere=(*_FOLLOWS_LOG, ("RELOAD",)),
        follows_log=True,
    ),
    EngineName.PT_OSC: _Needs(database=(*_ROWS, "TRIGGER"), makes_triggers=True),
    EngineName.VITESS: _Needs(),  # tablets do the work, with logins of their own
}


def engine_server_refusals(
    shard: str, access: ShardAccess | None, statements: Sequence[PlannedStatement]
) -> Iterator[Refusal]:
    """What of the shard's server keeps an engine of these statements from working, whatever login
    it is given."""
    log = access.binary_log if access is not None else None
    for name, about in _engines(statements).items():
        if log is not None and _NEEDS[name].follows_log and (why := _cannot_follow(log)):
            yield _unfit(shard, name, about, why, "set it on the shard's server")
        if access is not None and _NEEDS[name].sees_locks and not access.shows_locks:
            why = "it must see who waits for the table, and performance_schema is off"
            yield _unfit(shard, name, about, why, "start the server with performance_schema = ON")


def engine_access_refusals(
    shard: str, access: ShardAccess, statements: Sequence[PlannedStatement]
) -> Iterator[Refusal]:
    """What the login that changes the shard lacks for the engines of these statements."""
    yield from engine_server_refusals(shard, access, statements)
    for name, about in _engines(statements).items():
        lacking = list(_lacking(access, _NEEDS[name]))
        if lacking:
            yield _lacks(shard, name, about, lacking)
        log = access.binary_log
        if _NEEDS[name].makes_triggers and log is not None and not _may_make_triggers(access, log):
            why = (
                "its triggers are refused: there is a binary log, the login lacks SUPER, and"
                " log_bin_trust_function_creators is off"
            )
            yield _unfit(shard, name, about, why, "set log_bin_trust_function_creators = ON")


def _engines(statements: Iterable[PlannedStatement]) -> dict[EngineName, ObjectId]:
    """Each with the first object that it is for."""
    found: dict[EngineName, ObjectId] = {}
    for statement in statements:
        found.setdefault(statement.engine, statement.object_id)
    return found


def _cannot_follow(log: BinaryLog) -> str | None:
    follows = "it follows what is written meanwhile by the server's binary log, "
    if not log.is_on:
        return f"{follows}which is off (log_bin)"
    if log.format.upper() != "ROW":
        return f"{follows}which is not one of rows (binlog_format is {log.format}, not ROW)"
    if log.row_image.upper() != "FULL":
        return (
            f"{follows}which does not hold whole rows (binlog_row_image is {log.row_image}, not"
            " FULL)"
        )
    return None


def _lacking(access: ShardAccess, needs: _Needs) -> Iterator[str]:
    if access.privileges is None:
        return
    has = access.privileges.on_database(access.database)
    yield from (f"{name} on the database" for name in needs.database if name not in has)
    for any_of in needs.everywhere:
        if not access.may_everywhere(any_of):
            yield f"{any_of[0]} on *.*"


def _may_make_triggers(access: ShardAccess, log: BinaryLog) -> bool:
    return not log.is_on or log.trusts_creators or access.may_everywhere(["SUPER"])


def _unfit(shard: str, name: EngineName, about: ObjectId, why: str, fix: str) -> Refusal:
    return Refusal(
        code="engine-server-unfit",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about}: {name} cannot work there: {why}",
        recovery=f"{fix}, or name another engine in the spec's `engine`, and plan again",
    )


def _lacks(shard: str, name: EngineName, about: ObjectId, privileges: Sequence[str]) -> Refusal:
    return Refusal(
        code="privilege-missing",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about}: for {name} the login lacks {', '.join(privileges)};"
        " nothing was sent to it",
        recovery="grant the login what it lacks, then run the same command again",
    )
