"""Whether a login can do at all what a plan needs: asked before anything is sent, never tried.

What a statement takes was found out on MySQL 9.7, MariaDB 10.11 and 11.8 by leaving out one
privilege after the other: ALTER TABLE asks for ALTER, whatever its clauses; for DROP as well where
partitions go; where it renames, for what RENAME TABLE asks for. MariaDB 11.8.9 drops partitions
without ALTER, which is asked for there as well: 11.8.6 does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.statement.check import StatementKind
from reconciler.ddl.statement.reach import Reach, reach_of
from reconciler.guard.definers import definer_refusals, lacking_rights
from reconciler.guard.engines import engine_access_refusals
from reconciler.guard.events import event_refusals
from reconciler.guard.limits import RIGHTS_NAMED_MAX
from reconciler.guard.model import Refusal
from reconciler.guard.routines import routine_refusals
from reconciler.guard.triggers import trigger_refusals
from reconciler.model.access import ShardAccess
from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectId, table_id
from reconciler.model.server import Flavor
from reconciler.plan.model import PlannedStatement
from reconciler.plan.words import named_shards
from reconciler.spec.model import RolloutSpec

# Any one of these on the parent lets a foreign key refer to it.
_REFERS = {
    Flavor.MYSQL: frozenset({"REFERENCES"}),
    Flavor.MARIADB: frozenset({"REFERENCES", "SELECT", "INSERT", "UPDATE", "DELETE"}),
}
_ENDS_SESSIONS = {
    Flavor.MYSQL: ("CONNECTION_ADMIN", "SUPER"),
    Flavor.MARIADB: ("CONNECTION ADMIN",),
}
# What shows who is in the way of a statement: on MySQL the Performance Schema, which PROCESS does
# not open.
SHOWS_LOCKS = {Flavor.MYSQL: "SELECT on performance_schema.*", Flavor.MARIADB: "PROCESS on *.*"}
_LOCK_TABLES = (
    "metadata_locks",
    "threads",
    "events_transactions_current",
    "events_statements_current",
)
_OF_TABLES = frozenset(
    {
        StatementKind.CREATE_TABLE,
        StatementKind.DROP_TABLE,
        StatementKind.ALTER_TABLE,
        StatementKind.RENAME_TABLE,
    }
)
_OF_TRIGGERS = (StatementKind.CREATE_TRIGGER, StatementKind.DROP_TRIGGER)
_MAKE_EVENTS = (StatementKind.CREATE_EVENT, StatementKind.ALTER_EVENT)
_AGAIN = "then run the same command again"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """One of `any_of`, the first of which is what is asked for, on a table."""

    any_of: tuple[str, ...]
    table: str
    database: str | None = None  # None: the shard's own


class _Missing(NamedTuple):
    """Privileges on what is of a kind, in a database; None: the shard's own."""

    what: str
    database: str | None
    privileges: tuple[str, ...]


def access_refusals(
    shard: str,
    access: ShardAccess | None,
    statements: Sequence[PlannedStatement],
    *,
    flavor: Flavor,
    rollout: RolloutSpec,
) -> tuple[Refusal, ...]:
    """Every reason why the login could not run the statements on the shard."""
    if access is None:
        return (_unasked(shard),)
    return tuple(_refusals(shard, access, statements, flavor, rollout))


def are_judged_by_grants(statements: Iterable[PlannedStatement]) -> bool:
    """Whether what the login may do, and whether anybody may change anything, is all of an access
    that they are judged by: neither a program's accounts nor the ground of an engine."""
    return all(
        statement.engine is EngineName.DIRECT and reach_of(statement.sql).kind in _OF_TABLES
        for statement in statements
    )


def kill_refusals(
    shard: str, access: ShardAccess, *, flavor: Flavor, rollout: RolloutSpec
) -> Iterator[Refusal]:
    """GD-10: `kill_blockers` that can end nobody is not ignored silently."""
    if rollout.kill_blockers_after_s is None:
        return
    ends = _ENDS_SESSIONS[flavor]
    if not access.may_everywhere(ends):
        yield _may_not_end_sessions(shard, f"{ends[0]} on *.*")
    if not sees_locks(access, flavor):
        yield _may_not_end_sessions(shard, SHOWS_LOCKS[flavor])


def sees_locks(access: ShardAccess, flavor: Flavor) -> bool:
    """Whether the login can be told who is in a statement's way."""
    if flavor is Flavor.MARIADB:
        return access.may_everywhere(["PROCESS"])
    return all(
        access.may(["SELECT"], table, database="performance_schema") for table in _LOCK_TABLES
    )


def grouped(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The same reason on many shards once, with their names: they share a login."""
    shards: dict[tuple[str, ObjectId | None, str, str], list[Refusal]] = {}
    for refusal in refusals:
        words = refusal.message.removeprefix(f"shard {refusal.shard}")
        shards.setdefault((refusal.code, refusal.object_id, words, refusal.recovery), []).append(
            refusal
        )
    return tuple(
        Refusal(
            code=code,
            shard=found[0].shard,
            object_id=object_id,
            message=named_shards([one.shard or "" for one in found]) + words,
            recovery=recovery,
        )
        for (code, object_id, words, recovery), found in shards.items()
    )


def _refusals(
    shard: str,
    access: ShardAccess,
    statements: Sequence[PlannedStatement],
    flavor: Flavor,
    rollout: RolloutSpec,
) -> Iterator[Refusal]:
    if access.read_only:
        yield _read_only(shard, access.read_only)
    needs = (need for s in statements for need in _needs(reach_of(s.sql), flavor))
    lacking: dict[tuple[str | None, str], list[str]] = {}
    for need in dict.fromkeys(needs):
        if not access.may(need.any_of, need.table, database=need.database):
            lacking.setdefault((need.database, need.table), []).append(need.any_of[0])
    for missing, names in _alike(lacking).items():
        yield _may_not(shard, missing, names)
    if not access.may_everywhere(["PROCESS"]):
        yield _lacks_process(shard)
    reaches = [reach_of(statement.sql) for statement in statements]
    triggers = [reach for reach in reaches if reach.kind in _OF_TRIGGERS]
    yield from trigger_refusals(shard, access, triggers)
    yield from event_refusals(shard, access, [r for r in reaches if r.kind in _MAKE_EVENTS])
    reads: dict[Account, dict[str, str]] = {}  # of each account, by what is read: the first view
    for reach in reaches:
        if reach.definer is not None:
            of_account = reads.setdefault(reach.definer, {})
            of_account.update({name: of_account.get(name, reach.table) for name in reach.reads})
    for account, tables in reads.items():
        yield from definer_refusals(shard, access, account, flavor)
        yield from lacking_rights(shard, access, account, tables)
    yield from routine_refusals(shard, access, statements, flavor)
    yield from kill_refusals(shard, access, flavor=flavor, rollout=rollout)
    yield from engine_access_refusals(shard, access, statements)


def _alike(
    lacking: Mapping[tuple[str | None, str], Sequence[str]],
) -> dict[_Missing, list[str]]:
    """One grant gives the same right on all tables: it is one reason."""
    found: dict[_Missing, list[str]] = {}
    for (database, table), privileges in lacking.items():
        what = "table"
        if not table:
            what = "triggers"
        elif any("ROUTINE" in privilege for privilege in privileges):
            what = "routine"
        elif privileges == ["EVENT"]:
            what = "event"
        found.setdefault(_Missing(what, database, tuple(privileges)), []).append(table)
    return found


def _needs(reach: Reach, flavor: Flavor) -> Iterator[_Need]:
    table = reach.table
    match reach.kind:
        case StatementKind.CREATE_TABLE:
            yield _Need(any_of=("CREATE",), table=table)
        case StatementKind.DROP_TABLE:
            yield _Need(any_of=("DROP",), table=table)
        case StatementKind.ALTER_TABLE | StatementKind.RENAME_TABLE:
            yield _Need(any_of=("ALTER",), table=table)
        case StatementKind.CREATE_VIEW:
            yield _Need(any_of=("CREATE VIEW",), table=table)
            for read in reach.reads:
                yield _Need(any_of=("SELECT",), table=read)
            if reach.replaces:
                yield _Need(any_of=("DROP",), table=table)
        case StatementKind.DROP_VIEW:
            yield _Need(any_of=("DROP",), table=table)
        case StatementKind.CREATE_ROUTINE:
            yield _Need(any_of=("CREATE ROUTINE",), table=table)
            if reach.replaces:
                yield _Need(any_of=("ALTER ROUTINE",), table=table)
        case StatementKind.DROP_ROUTINE:
            yield _Need(any_of=("ALTER ROUTINE",), table=table)
        case StatementKind.CREATE_TRIGGER | StatementKind.DROP_TRIGGER:
            # Of one that is dropped no table is told; all of the database is asked for, as it is
            # to see triggers at all.
            yield _Need(any_of=("TRIGGER",), table=table)
            if reach.locks:
                yield _Need(any_of=("LOCK TABLES",), table=table)
                yield _Need(any_of=("SELECT",), table=table)
        case StatementKind.CREATE_SEQUENCE:
            yield _Need(any_of=("CREATE",), table=table)
        case StatementKind.ALTER_SEQUENCE:
            yield _Need(any_of=("ALTER",), table=table)
        case StatementKind.DROP_SEQUENCE:
            yield _Need(any_of=("DROP",), table=table)
        case StatementKind.CREATE_EVENT | StatementKind.ALTER_EVENT | StatementKind.DROP_EVENT:
            yield _Need(any_of=("EVENT",), table=table)
        case _:
            assert_never(reach.kind)
    if reach.renamed_to is not None or reach.drops_partitions:
        yield _Need(any_of=("DROP",), table=table)
    if reach.renamed_to is not None:
        yield _Need(any_of=("CREATE",), table=reach.renamed_to)
        yield _Need(any_of=("INSERT",), table=reach.renamed_to)
    refers = tuple(sorted(_REFERS[flavor], key=lambda name: (name != "REFERENCES", name)))
    for database, parent in reach.parents:
        if (database, parent) != (None, table):
            yield _Need(any_of=refers, table=parent, database=database)


def _unasked(shard: str) -> Refusal:
    return Refusal(
        code="access-unmeasured",
        shard=shard,
        message=f"shard {shard}: what the login may do there could not be told",
        recovery=f"see whether the login may run SHOW GRANTS, {_AGAIN}",
    )


def _read_only(shard: str, settings: Sequence[str]) -> Refusal:
    on = ", ".join(settings)
    return Refusal(
        code="server-read-only",
        shard=shard,
        message=f"shard {shard}: it takes no changes, for {on} is on, as it is on replicas; nothing"
        " was sent to it",
        recovery="connect to the primary (`host` and `port` in the spec's connection), or take the"
        " setting off, then `reconciler apply` or `reconciler resume`",
    )


def _may_not(shard: str, missing: _Missing, names: Sequence[str]) -> Refusal:
    privileges = ", ".join(missing.privileges)
    of = "" if missing.database is None else f"{missing.database}."
    what = _named(missing.what, [f"{of}{name}" for name in names if name])
    if missing.what != "table":
        return Refusal(
            code="privilege-missing",
            shard=shard,
            message=f"shard {shard}, {what}: the login may not {privileges} in the database, which"
            " the plan's statements need; nothing was sent to it",
            recovery=f"grant the login {privileges} on all of its database, {_AGAIN}",
        )
    return Refusal(
        code="privilege-missing",
        shard=shard,
        object_id=table_id(names[0]) if len(names) == 1 else None,
        message=f"shard {shard}, {what}: the login may not {privileges} there, which the plan's"
        " statements need; nothing was sent to it",
        recovery=f"grant the login {privileges} there or on all of its database, {_AGAIN};"
        " `reconciler doctor --identity changes` tells everything that is missing",
    )


def _named(what: str, names: Sequence[str]) -> str:
    """'table a', 'tables a, b and 3 more'; 'triggers' where nobody knows of what."""
    if not names:
        return what
    more = len(names) - RIGHTS_NAMED_MAX
    rest = f" and {more:,} more" if more > 0 else ""
    kind = what if len(names) == 1 else f"{what}s"
    return f"{kind} {', '.join(names[:RIGHTS_NAMED_MAX])}{rest}"


def _lacks_process(shard: str) -> Refusal:
    return Refusal(
        code="privilege-missing",
        shard=shard,
        message=f"shard {shard}: without the privilege PROCESS nobody can tell whether a statement"
        " of an earlier run still runs there; nothing was sent to it",
        recovery=f"grant the login PROCESS on *.*, {_AGAIN}",
    )


def _may_not_end_sessions(shard: str, privilege: str) -> Refusal:
    return Refusal(
        code="privilege-missing",
        shard=shard,
        message=f"shard {shard}: the spec says `kill_blockers`, and the login lacks {privilege},"
        " without which it can end nobody's session; nothing was sent to it",
        recovery=f"grant the login {privilege}, or take `kill_blockers` out of the spec, {_AGAIN}",
    )
