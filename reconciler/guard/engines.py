"""Whether an engine can do its work on a shard: what it needs there, and what the login may do.

Privileges are those that each engine asks for itself before it begins, found out by leaving out
one after the other; what none of its calls needs (ending other people's sessions) is left out,
because it is never told to. gh-ost and Spirit read the lines of SHOW GRANTS as text: what several
lines give together, or a pattern gives to gh-ost, they do not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from reconciler.guard.engine_ground import Concern, Unfit, unfit
from reconciler.guard.model import Refusal
from reconciler.model.access import EngineGround, Grant, ShardAccess, is_like
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId
from reconciler.plan.model import PlannedStatement

_ROWS = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "UPDATE")
# One of them is enough. MariaDB shows REPLICATION CLIENT as BINLOG MONITOR, which gh-ost 1.1.10
# does not know, so that there it takes SUPER.
_FOLLOWS_LOG = (("REPLICATION SLAVE",), ("REPLICATION CLIENT", "SUPER"))
# Of a line that says ALL PRIVILEGES: nobody grants these one by one and leaves out others.
_ALL_ON_A_DATABASE = frozenset({"ALTER ROUTINE", "CREATE VIEW", "EVENT", "EXECUTE", "REFERENCES"})


class _OneGrant(Enum):
    """How a line must name the database that is to hold all that the engine needs on it."""

    BY_NAME = auto()
    OR_BY_PATTERN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Needs:
    database: tuple[str, ...] = ()
    everywhere: tuple[tuple[str, ...], ...] = ()
    in_one_grant: _OneGrant | None = None
    makes_triggers: bool = False


_NEEDS: Mapping[EngineName, _Needs] = {
    EngineName.DIRECT: _Needs(),
    # Neither of the two makes a trigger, and both ask for that.
    EngineName.GH_OST: _Needs(
        database=(*_ROWS, "LOCK TABLES", "TRIGGER"),
        everywhere=_FOLLOWS_LOG,
        in_one_grant=_OneGrant.BY_NAME,
    ),
    EngineName.SPIRIT: _Needs(
        database=(*_ROWS, "LOCK TABLES", "TRIGGER"),
        everywhere=(*_FOLLOWS_LOG, ("RELOAD",)),
        in_one_grant=_OneGrant.OR_BY_PATTERN,
    ),
    EngineName.PT_OSC: _Needs(database=(*_ROWS, "TRIGGER"), makes_triggers=True),
    EngineName.VITESS: _Needs(),  # tablets do the work, with logins of their own
}


def engine_ground_refusals(
    shard: str, access: ShardAccess | None, statements: Sequence[PlannedStatement]
) -> Iterator[Refusal]:
    """What of the shard's server, and of the connection to it, keeps an engine of these statements
    from working. The job that plans may have another login than the one that applies: both are
    held to the same, so that the plan refuses what the apply would."""
    if access is None or access.ground is None:
        return
    for name, about in _engines(statements).items():
        for found in unfit(name, access.ground, access.database):
            yield _unfit(shard, name, about, found)


def engine_access_refusals(
    shard: str, access: ShardAccess, statements: Sequence[PlannedStatement]
) -> Iterator[Refusal]:
    """What the login that changes the shard lacks for the engines of these statements, too."""
    yield from engine_ground_refusals(shard, access, statements)
    for name, about in _engines(statements).items():
        lacking = list(_lacking(access, _NEEDS[name]))
        if lacking:
            yield _lacks(shard, name, about, lacking)
        elif not _is_in_one_grant(access, _NEEDS[name]):
            yield _in_several_grants(shard, name, about, _NEEDS[name].database)
        ground = access.ground
        if _NEEDS[name].makes_triggers and ground and not may_make_triggers(access, ground):
            yield _unfit(shard, name, about, _NO_TRIGGERS)


def _engines(statements: Iterable[PlannedStatement]) -> dict[EngineName, ObjectId]:
    """Each with the first object that it is for."""
    found: dict[EngineName, ObjectId] = {}
    for statement in statements:
        found.setdefault(statement.engine, statement.object_id)
    return found


def _lacking(access: ShardAccess, needs: _Needs) -> Iterator[str]:
    if access.privileges is None:
        return
    has = access.privileges.on_database(access.database)
    yield from (f"{name} on the database" for name in needs.database if name not in has)
    for any_of in needs.everywhere:
        if not access.may_everywhere(any_of):
            yield f"{' or '.join(any_of)} on *.*"


def _is_in_one_grant(access: ShardAccess, needs: _Needs) -> bool:
    if access.privileges is None or needs.in_one_grant is None:
        return True
    return any(
        grant.privileges.issuperset(needs.database)
        and _names_database(grant, access.database, needs.in_one_grant)
        for grant in access.privileges.grants
        if grant.table is None and not grant.is_revoked
    )


def _names_database(grant: Grant, database: str, how: _OneGrant) -> bool:
    if grant.database in (None, database):
        return True
    if how is _OneGrant.OR_BY_PATTERN:
        return grant.database is not None and is_like(grant.database, database)
    is_all = grant.privileges >= _ALL_ON_A_DATABASE
    return is_all and grant.database == database.replace("_", "\\_")


def may_make_triggers(access: ShardAccess, ground: EngineGround) -> bool:
    trusts = ground.is_on("log_bin_trust_function_creators")
    return not ground.is_on("log_bin") or trusts or access.may_everywhere(["SUPER"])


_NO_TRIGGERS = Unfit(
    concern=Concern.SERVER,
    reason="its triggers are refused: there is a binary log, the login lacks SUPER, and"
    " log_bin_trust_function_creators is off",
    fix="set log_bin_trust_function_creators = ON",
)


def _unfit(shard: str, name: EngineName, about: ObjectId, found: Unfit) -> Refusal:
    message = f"shard {shard}, {about}: {name} cannot work there: {found.reason}"
    recovery = f"{found.fix}, or name another engine in the spec's `engine`, and plan again"
    match found.concern:
        case Concern.SERVER:
            return Refusal(
                code="engine-server-unfit",
                shard=shard,
                object_id=about,
                message=message,
                recovery=recovery,
            )
        case Concern.CONNECTION:
            return Refusal(
                code="engine-connection-unfit",
                shard=shard,
                object_id=about,
                message=message,
                recovery=recovery,
            )
        case _:
            assert_never(found.concern)


def _in_several_grants(
    shard: str, name: EngineName, about: ObjectId, privileges: Sequence[str]
) -> Refusal:
    listed = ", ".join(sorted(privileges))
    return Refusal(
        code="privilege-missing",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about}: {name} reads the login's grants line by line, and no line"
        f" has all that it asks for: {listed}, on the database by its full name or on *.*; nothing"
        " was sent to it",
        recovery="grant the login all of these in one GRANT on the database, not by a pattern, then"
        " run the same command again",
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
