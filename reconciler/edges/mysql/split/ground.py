"""What a server must be for rows to move from it, or to it: looked at before anything is made.

Rule: what could not be asked counts against it; nothing here changes anything (SP-39).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.edges.mysql.access import read_access
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.split.problems import server_unfit, table_unfit, target_not_empty
from reconciler.edges.mysql.split.session import SplitSession
from reconciler.edges.mysql.split.shapes import read_shape
from reconciler.edges.mysql.vital_signs import disk_free_bytes
from reconciler.errors import Problem, Refused
from reconciler.model.access import ShardAccess
from reconciler.model.server import Flavor
from reconciler.ports.split_servers import Ground, SplitWork
from reconciler.reshard.helper_tables import HelperNames

# What gives a value, a text or an order another meaning, and so must be one on all servers.
_SETTINGS = (
    "explicit_defaults_for_timestamp",
    "innodb_page_size",
    "lower_case_table_names",
    "sql_mode",
    "time_zone",
)

# Actions that a server carries out on rows of the child without its triggers (MySQL 9.7, MariaDB
# 11.8); NO ACTION and RESTRICT only refuse.
_CASCADES = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE"
    " FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()"
    " AND (DELETE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
    " OR UPDATE_RULE IN ('CASCADE', 'SET NULL', 'SET DEFAULT')) ORDER BY 1, 2"
)
_PARENTS_ELSEWHERE = (
    "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS"
    " WHERE CONSTRAINT_SCHEMA = DATABASE() AND UNIQUE_CONSTRAINT_SCHEMA <> DATABASE() ORDER BY 1, 2"
)
_BYTES = (
    "SELECT TABLE_NAME, DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES"
    " WHERE TABLE_SCHEMA = DATABASE()"
)
_OBJECTS = (
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
    " UNION ALL SELECT ROUTINE_NAME FROM information_schema.ROUTINES"
    " WHERE ROUTINE_SCHEMA = DATABASE()"
    " UNION ALL SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"
)
# Whoever reads the server's binary log; a login without PROCESS sees none, and is told so.
_REPLICAS = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'"
_VARIABLES = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format',"
    " 'log_bin_trust_function_creators', 'wsrep_on', 'group_replication_single_primary_mode',"
    " 'read_only', 'super_read_only')"
)


def source_ground(session: SplitSession, work: SplitWork) -> Ground:
    """Raises Unavailable."""
    return session.looked(lambda link: _source(link, session, work))


def target_ground(session: SplitSession, work: SplitWork) -> Ground:
    """Raises Unavailable."""
    return session.looked(lambda link: _target(link, session, work))


def _source(link: Link, session: SplitSession, work: SplitWork) -> Ground:
    names = {table.name for table in work.tables}
    server = _server(link, session)
    problems = [
        *server.problems,
        *_tables(link, session, work),
        *_keys(link, session.label, names),
    ]
    sizes = link.query(_BYTES, width=2)
    return Ground(
        problems=tuple(problems),
        settings=_settings(link),
        rows_bytes=sum(number(size) or 0 for name, size in sizes if text(name) in names),
        of_login=server.of_login,
        replicas=number(link.row(_REPLICAS, width=1)[0]) or 0,
    )


def _target(link: Link, session: SplitSession, work: SplitWork) -> Ground:
    server = _server(link, session)
    stranger = stranger_in(link, work)
    found = () if stranger is None else (target_not_empty(session.label, stranger),)
    return Ground(
        problems=(*server.problems, *found),
        settings=_settings(link),
        rows_bytes=0,
        disk_free_bytes=disk_free_bytes(link, session.version),
        of_login=server.of_login,
    )


def stranger_in(link: Link, work: SplitWork) -> str | None:
    """What stands in a target's database that its claim has not made; None: nothing. Once it is
    claimed, what stands there is the split's. Raises ServerRefusal, LinkLost."""
    there = sorted(text(row[0]) for row in link.query(_OBJECTS, width=1))
    names = HelperNames(work.job)
    if names.guard in there:
        return None
    others = [name for name in there if name not in (names.made, names.acks)]
    return f"`{others[0]}` and {len(others) - 1} more" if others else None


def _settings(link: Link) -> tuple[tuple[str, str], ...]:
    names = (*(f"@@global.{name}" for name in _SETTINGS), "@@collation_database")
    row = link.row(f"SELECT {', '.join(names)}", width=len(names))
    return tuple(zip((*_SETTINGS, "collation_database"), map(text, row), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServerSeen:
    problems: tuple[Problem, ...]
    of_login: tuple[Problem, ...]


def _server(link: Link, session: SplitSession) -> _ServerSeen:
    access = read_access(link, session.database, session.server)
    variables = {text(name): text(value).upper() for name, value in link.query(_VARIABLES, width=2)}
    is_replica = _is_replica(link, session)
    trusts = variables.get("log_bin_trust_function_creators") == "ON"
    needs_super = variables.get("log_bin") == "ON" and not trusts
    of_login = [*_privileges(access, session, needs_super=needs_super)]
    if is_replica is None:
        of_login.append(_may_not_see_replication(session.label))
    return _ServerSeen(
        problems=(
            *_settings_problems(access, variables, session.label),
            *((_replicates(session.label),) if is_replica else ()),
        ),
        of_login=tuple(of_login),
    )


def _settings_problems(
    access: ShardAccess, variables: Mapping[str, str], label: str
) -> Iterator[Problem]:
    if access.read_only:
        what = f"it is read-only ({', '.join(access.read_only)})"
        yield server_unfit(label, what, "let it take writes, or name its primary in the spec")
    is_logged = variables.get("log_bin") == "ON"
    if is_logged and variables.get("binlog_format", "ROW") != "ROW":
        yield server_unfit(
            label, "its binary log is not by rows", "set binlog_format=ROW on the server"
        )
    if variables.get("wsrep_on") == "ON":
        yield server_unfit(
            label,
            "it is one of several that take writes (Galera), and a lock is one server's alone",
            "move such a shard by other means",
        )
    if variables.get("group_replication_single_primary_mode") == "OFF":
        yield server_unfit(
            label,
            "its group may take writes on several servers, and a lock is one server's alone",
            "run the group with a single primary",
        )


def _privileges(
    access: ShardAccess, session: SplitSession, *, needs_super: bool
) -> Iterator[Problem]:
    needed = (
        *("ALTER", "CREATE", "DELETE", "DROP", "INSERT"),
        *("LOCK TABLES", "SELECT", "TRIGGER", "UPDATE"),
    )
    missing = [name for name in needed if not access.may([name], "")]
    if not access.may_everywhere(["PROCESS"]):
        missing.append("PROCESS on *.*")
    is_mysql = session.version.flavor is Flavor.MYSQL
    if is_mysql and not access.may_everywhere(["XA_RECOVER_ADMIN"]) and not _sees_prepared(session):
        missing.append("XA_RECOVER_ADMIN on *.*")
    if missing:
        yield server_unfit(
            session.label,
            f"its login lacks {', '.join(missing)}",
            "grant the login what is missing",
        )
    if needs_super and not access.may_everywhere(["SUPER", "SET_USER_ID", "BINLOG ADMIN"]):
        yield server_unfit(
            session.label,
            "its login may not make triggers while the server keeps a binary log",
            "set log_bin_trust_function_creators=1 on the server",
        )


def _sees_prepared(session: SplitSession) -> bool:
    try:
        session.looks.query("XA RECOVER")
    except ServerRefusal:
        return False
    return True


def _is_replica(link: Link, session: SplitSession) -> bool | None:
    """None: the login may not see it."""
    version = session.version
    old = version.flavor is Flavor.MYSQL and not version.at_least(8, 0, 22)
    try:
        return bool(link.rows_by_name("SHOW SLAVE STATUS" if old else "SHOW REPLICA STATUS"))
    except ServerRefusal:
        return None


def _may_not_see_replication(label: str) -> Problem:
    return server_unfit(
        label,
        "its login may not see whether it is a replica of another server",
        "grant the login REPLICATION CLIENT (MariaDB: REPLICA MONITOR)",
    )


def _replicates(label: str) -> Problem:
    """What another server's log brings fires no trigger."""
    return server_unfit(
        label,
        "it is a replica of another server, whose writes nobody could track or hold back",
        "name the shard's primary in the spec, or end the replication",
    )


def _tables(link: Link, session: SplitSession, work: SplitWork) -> Iterator[Problem]:
    for table in work.tables:
        try:
            read_shape(link, session.label, table)
        except Refused as refused:
            yield from refused.problems


def _keys(link: Link, label: str, names: set[str]) -> Iterator[Problem]:
    for row in link.query(_CASCADES, width=4):
        table, key, on_delete, on_update = map(text, row)
        if table in names:
            yield table_unfit(
                label,
                table,
                f"foreign key {key} changes its rows (ON DELETE {on_delete}, ON UPDATE"
                f" {on_update}), and no trigger sees it",
                "make it RESTRICT by a change of its own, and have the application delete rows",
            )
    for row in link.query(_PARENTS_ELSEWHERE, width=2):
        table, key = map(text, row)
        if table in names:
            yield table_unfit(
                label,
                table,
                f"foreign key {key} refers to another database",
                "drop the foreign key by a change of its own",
            )
