"""What SHOW GRANTS says a login may do, and what a login sees with it.

A server shows a login only the tables that it has some privilege on. Rule: only a privilege on the
whole database, or on everything, proves that nothing was hidden (PL-10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.quote import unquote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import GRANTS_CHARS_KNOWN_MAX, GRANTS_KNOWN_MAX
from reconciler.edges.mysql.problems import STARTED_OTHERWISE, ServerRefusal
from reconciler.edges.mysql.reading import column
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.access import Grant, Privileges, ShardAccess
from reconciler.model.server import Flavor, ServerVersion

# Any of these on a whole database shows every table of it, and lets SHOW CREATE TABLE read it.
SHOWS_TABLES = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER",
        "CREATE VIEW", "SHOW VIEW", "TRIGGER",
    }
)  # fmt: skip
CHANGES_TABLES = ("ALTER", "CREATE", "DROP", "INDEX", "INSERT", "REFERENCES", "SELECT")
_ALL_OF_A_TABLE = SHOWS_TABLES
_ALL_OF_A_DATABASE = SHOWS_TABLES | {
    "EXECUTE", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE", "LOCK TABLES",
}  # fmt: skip
# Of what only *.* can have, what is asked for somewhere: MySQL's and MariaDB's names for it.
_ALL = _ALL_OF_A_DATABASE | {
    "PROCESS", "SHOW DATABASES", "SUPER", "CONNECTION_ADMIN", "CONNECTION ADMIN", "RELOAD",
    "REPLICATION SLAVE", "REPLICATION CLIENT", "BINLOG MONITOR", "SET USER",
}  # fmt: skip
# What SUPER held before MariaDB 11.0 took it out (MDEV-29668), of what is asked for.
_OF_SUPER = frozenset({"CONNECTION ADMIN", "SET USER"})

# What a scratch login needs on everything; the rest it needs on databases of its own names alone.
SCRATCH_NEEDS = frozenset({"PROCESS", "SESSION_VARIABLES_ADMIN", "SHOW DATABASES", "USAGE"})

# Who may see what beyond the tables, in the words of `ObservedShard.unseen`.
_NEEDED_FOR: Mapping[str, frozenset[str]] = {
    "triggers (needs TRIGGER)": frozenset({"TRIGGER"}),
    "texts of views (needs SHOW VIEW)": frozenset({"SHOW VIEW"}),
    "routines (needs EXECUTE, or SHOW_ROUTINE)": frozenset(
        {"EXECUTE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE", "CREATE ROUTINE", "ALTER ROUTINE"}
    ),
    "events (needs EVENT)": frozenset({"EVENT"}),
}
_NAME = r"`(?:[^`]|``)*`"
_GRANT = re.compile(
    r"(?P<verb>GRANT|REVOKE) (?P<privileges>.+?) ON"
    rf" (?P<database>\*|{_NAME})\.(?P<table>\*|{_NAME})"
    r" (?:TO|FROM) (?P<grantee>\S+)",
    re.DOTALL,
)
# A privilege on some columns only, as in `SELECT (`id`, `name`)`, is none on the table.
_COLUMNS = re.compile(r"\((?:`[^`]*`|[^()`])*\)")
SHOW_GRANTS = "SHOW GRANTS"
# MySQL: the roles that a program of an account has, ready to be named in a statement.
_ACTIVE_ROLES = (
    "SELECT CONCAT(QUOTE(DEFAULT_ROLE_USER), '@', QUOTE(DEFAULT_ROLE_HOST))"
    " FROM mysql.default_roles WHERE USER = %s AND HOST = %s AND NOT @@activate_all_roles_on_login"
    " UNION SELECT CONCAT(QUOTE(FROM_USER), '@', QUOTE(FROM_HOST)) FROM mysql.role_edges"
    " WHERE TO_USER = %s AND TO_HOST = %s AND @@activate_all_roles_on_login"
)


def read_privileges(link: Link, server: ServerLook) -> Privileges | None:
    """None: the server checks no privileges (--skip-grant-tables). Raises ServerRefusal, LinkLost.
    The lines of SHOW GRANTS are those of the login and of its active roles."""
    try:
        grants = column(link.query(SHOW_GRANTS, width=1))
    except ServerRefusal as refusal:
        if refusal.error.number == STARTED_OTHERWISE:
            return None
        raise
    return _parsed(grants, server)


def read_rights(link: Link, server: ServerLook, account: Account) -> Privileges | None:
    """What a program may do that has the account's rights. None: the login may not see it.
    Raises LinkLost."""
    try:
        grants = column(link.query(f"SHOW GRANTS FOR {account.sql}", width=1))
        if server.settings.version.flavor is Flavor.MARIADB:
            # No role of an account is active in a program (1356 on 10.11 and 11.8).
            return _parsed([*grants, *_of_public(link, server)], server)
        if any(line.startswith("GRANT `") for line in grants):
            active = column(link.query(_ACTIVE_ROLES, [account.user, account.host] * 2, width=1))
            using = f" USING {', '.join(active)}" if active else ""
            grants = column(link.query(f"SHOW GRANTS FOR {account.sql}{using}", width=1))
        return _parsed(grants, server)
    except ServerRefusal:
        return None


def _of_public(link: Link, server: ServerLook) -> list[str]:
    if not server.settings.version.at_least(10, 11, 0):
        return []
    try:
        return column(link.query("SHOW GRANTS FOR PUBLIC", width=1))
    except ServerRefusal:
        return []  # nothing was ever granted to it


def _parsed(grants: Iterable[str], server: ServerLook) -> Privileges:
    lines = tuple(grants)
    is_short = sum(map(len, lines)) <= GRANTS_CHARS_KNOWN_MAX
    understood = known_grants if is_short else known_grants.__wrapped__
    return understood(lines, server.settings.version, partial_revokes=server.partial_revokes)


@lru_cache(maxsize=GRANTS_KNOWN_MAX)
def known_grants(
    grants: tuple[str, ...], version: ServerVersion, *, partial_revokes: bool
) -> Privileges:
    """One login has the same lines on every shard, and is asked for them right before each
    statement: read once."""
    found = parse_grants(grants, partial_revokes=partial_revokes)
    if version.flavor is Flavor.MYSQL or version.at_least(11, 0, 0):
        return found
    held = tuple(
        replace(grant, privileges=grant.privileges | _OF_SUPER)
        if "SUPER" in grant.privileges
        else grant
        for grant in found.grants
    )
    return replace(found, grants=held)


def parse_grants(grants: Iterable[str], *, partial_revokes: bool) -> Privileges:
    """With partial_revokes on, `_` and `%` in a grant are ordinary characters."""
    found = filter(None, map(_GRANT.match, grants))
    return Privileges(grants=tuple(map(_grant, found)), has_patterns=not partial_revokes)


def shows_tables(access: ShardAccess) -> bool:
    """Whether every table of the database is listed to the login, and can be read."""
    if access.privileges is None:
        return True
    return bool(access.privileges.on_database(access.database) & SHOWS_TABLES)


def unseen_with(privileges: frozenset[str]) -> tuple[str, ...]:
    """What of a database stays hidden from who has these privileges on all of it."""
    return tuple(words for words, needed in _NEEDED_FOR.items() if not needed & privileges)


def _grant(found: re.Match[str]) -> Grant:
    database = None if found["database"] == "*" else unquote_identifier(found["database"])
    table = None if found["table"] == "*" else unquote_identifier(found["table"])
    everything = _ALL if database is None else _ALL_OF_A_DATABASE
    return Grant(
        privileges=_privileges(found["privileges"], _ALL_OF_A_TABLE if table else everything),
        database=database,
        table=table,
        grantee=found["grantee"],
        is_revoked=found["verb"] == "REVOKE",
        on_columns=_privileges_on_columns(found["privileges"]),
    )


def _privileges(text: str, everything: frozenset[str]) -> frozenset[str]:
    if text.startswith("ALL PRIVILEGES"):
        return everything
    named = (name.strip().upper() for name in _COLUMNS.sub("()", text).split(","))
    return frozenset(name for name in named if not name.endswith("()"))


def _privileges_on_columns(text: str) -> frozenset[str]:
    named = (name.strip().upper() for name in _COLUMNS.sub("()", text).split(","))
    return frozenset(name.removesuffix("()").strip() for name in named if name.endswith("()"))
