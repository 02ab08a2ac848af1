"""Before Spirit is started: why it may not be, and by what its work will be found."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from reconciler.ddl.statement.by_copy import NotByCopy
from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.fitness import Moment, NotNow
from reconciler.edges.engines.ownership import (
    Helper,
    Record,
    digest,
    find_tables,
    in_the_way,
    record_of,
    server_clock_s,
    since,
)
from reconciler.edges.engines.spirit.failures import AT_WORK, refused
from reconciler.edges.engines.spirit.login import login_file
from reconciler.edges.engines.spirit.statement import clauses_for_spirit
from reconciler.edges.engines.spirit.tables import (
    KEPT,
    KEPT_BEFORE,
    MARK,
    SENT,
    TABLE_MADE_S,
    Proof,
    is_at_work,
    kept_tables,
    table_made_s,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.engines.spirit_names import (
    SENTINEL,
    SpiritNames,
    kept_name,
    names_for,
)
from reconciler.ports.engine import EngineWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """All that a start needs."""

    record: Record
    handle: Handle
    clauses: str
    login: str
    #: What an earlier run has left, proven to be its own.
    found: tuple[Helper, ...]
    #: What is left can be taken up; else it goes before the start.
    goes_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What Spirit is to be told."""

    names: SpiritNames
    clauses: str
    login: str


def prepared(
    link: Link, shard: ShardLink, program: EngineProgram, work: EngineWork, earlier: Handle | None
) -> Prepared | NotNow:
    """Changes nothing. Raises ServerRefusal or LinkLost."""
    told = _told(shard, work)
    if is_at_work(link, told.names):
        return NotNow(Moment.AT_WORK, refused(AT_WORK, transient=True))
    before = record_of(earlier) if earlier is not None else None
    found = find_tables(link, told.names.tables)
    if names := _in_the_way(link, shard, told.names, before, found):
        return NotNow(Moment.IN_THE_WAY, in_the_way(names))
    record = _record(link, shard, program, work, told, since(before, found, server_clock_s(link)))
    return Prepared(
        record=record,
        handle=record.handle(),
        clauses=told.clauses,
        login=told.login,
        found=found,
        goes_on=before is not None and _goes_on(before, record),
    )


def _told(shard: ShardLink, work: EngineWork) -> _Told:
    table = work.statement.object_id.name
    names, clauses = names_for(shard.database, table), clauses_for_spirit(work.statement.sql, table)
    assert names is not None, "a table without names for its helpers is not prepared"
    assert not isinstance(clauses, NotByCopy), "no other statement is prepared"
    login = login_file(shard.target, shard.database)
    return _Told(names=names, clauses=clauses, login=login)


def _in_the_way(
    link: Link,
    shard: ShardLink,
    names: SpiritNames,
    before: Record | None,
    found: tuple[Helper, ...],
) -> list[str]:
    """Spirit would drop it. The old table is there only after a swap, so it is none of this
    statement's, which is not applied."""
    proof = Proof(record=before, names=names, server_sha256=digest(shard.server.identity))
    return [one.name for one in found if one.name == names.old or not proof.is_ours(link, one)]


def _record(
    link: Link,
    shard: ShardLink,
    program: EngineProgram,
    work: EngineWork,
    told: _Told,
    since_s: int,
) -> Record:
    table, sql = work.statement.object_id.name, work.statement.sql
    server_sha256 = digest(shard.server.identity)
    made_s = table_made_s(link, table)
    own = {
        MARK: digest(f"{server_sha256} {shard.database} {table} {sql}"),
        SENT: digest(f"ALTER TABLE `{table}` {told.clauses}"),
        TABLE_MADE_S: "" if made_s is None else str(made_s),
    }
    old = told.names.old
    if work.keeps_old:
        own[KEPT_BEFORE] = ",".join(kept_tables(link, shard.database, table))
        own[KEPT] = old = kept_name(table, server_clock_s(link))
    return Record(
        engine=EngineName.SPIRIT,
        engine_version=program.version,
        statement_sha256=digest(sql),
        server_sha256=server_sha256,
        table=table,
        helpers=(told.names.copy, told.names.checkpoint, SENTINEL, old),
        since_s=since_s,
        run=secrets.token_hex(8),
        own=own,
    )


def _goes_on(before: Record, now: Record) -> bool:
    """The same version of Spirit takes up the same statement by itself."""
    same = (before.engine_version, before.statement_sha256, before.own.get(SENT))
    return same == (now.engine_version, now.statement_sha256, now.own[SENT])
