"""What a session may do on its shard: the privileges of its login, and whether anybody may change
anything there now. Asked, never tried."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.ddl.programs.accounts import Account, read_account
from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.engine_ground import Shown, ground_of, read_shown
from reconciler.edges.mysql.events import read_event_grounds
from reconciler.edges.mysql.grants import SHOW_GRANTS, read_privileges, read_rights
from reconciler.edges.mysql.problems import UNKNOWN_TABLE, ServerRefusal, misread
from reconciler.edges.mysql.reading import number, of_databases, text
from reconciler.edges.mysql.server_settings import ServerLook, asked_again, look_again
from reconciler.model.access import (
    DefinerRights,
    EventGround,
    Privileges,
    RoutineGround,
    ShardAccess,
)
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ROUTINES
from reconciler.model.server import Flavor

# MySQL 8.0.22: ALTER DATABASE ... READ ONLY = 1, which no privilege gets around (3989).
_DATABASE_OPTIONS = (
    "SELECT SCHEMA_NAME, OPTIONS FROM information_schema.SCHEMATA_EXTENSIONS WHERE SCHEMA_NAME = %s"
)
_IS_READ_ONLY = "READ ONLY=1"
# All that SHOW CREATE DATABASE prints behind the name; what is no such text tells nothing.
_OPTIONS_SHOWN = re.compile(
    r" /\*!40100 DEFAULT CHARACTER SET \w+(?: COLLATE \w+)? \*/"
    r"(?: /\*!80016 DEFAULT ENCRYPTION='[NY]' \*/)?"
    r"(?P<read_only> /\* READ ONLY = 1 \*/)?"
)
# MySQL: whoever has the privilege, or was granted a role that has it, be that active or not.
_PROTECTED = """
WITH RECURSIVE found (u, h) AS (
  SELECT USER, HOST FROM mysql.global_grants WHERE PRIV = 'SYSTEM_USER'
   UNION
  SELECT TO_USER, TO_HOST FROM mysql.role_edges JOIN found ON FROM_USER = u AND FROM_HOST = h
) SELECT u, h FROM found
"""
# The login's own come back: whoever makes a routine is given what it takes to change it.
_ROUTINE_GRANTS = (
    "SELECT Db, Routine_type, Routine_name FROM mysql.procs_priv"
    " WHERE Db = %s AND CONCAT(User, '@', Host) <> CURRENT_USER()"
)
# MariaDB has not the third.
_OF_ROUTINES = ("@@log_bin", "@@log_bin_trust_function_creators", "@@automatic_sp_privileges")
_ACCOUNTS = "SELECT CURRENT_USER(), User, Host FROM mysql.user"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRead:
    """What is asked of a login, whichever of the server's databases is looked at."""

    privileges: Privileges | None
    account: str | None
    accounts: frozenset[str] | None
    definers: tuple[DefinerRights, ...]
    protected: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramGround:
    """What programs of a database depend on; None: of a kind that is not managed."""

    routines: RoutineGround | None
    events: EventGround | None


def read_access(
    link: Link,
    database: str,
    server: ServerLook,
    shown: Shown | None = None,
    *,
    definers: Iterable[str] = (),
    programs: Collection[ObjectKind] = (),
) -> ShardAccess:
    """`server` as it was looked at just now, and `shown`, where somebody has asked it already.
    `definers` are the accounts whose rights programs are to have, as the spec names them,
    `programs` the kinds of programs that are managed. Raises
    ServerRefusal or LinkLost."""
    is_mysql = server.settings.version.flavor is Flavor.MYSQL
    is_read_only = is_mysql and database in read_only_databases(link, [database])
    login = read_login(link, server, definers)
    return access_to(
        link,
        database,
        server,
        login,
        shown=read_shown(link) if shown is None else shown,
        is_read_only=is_read_only,
        ground=read_program_grounds(link, [database], server, programs)[database],
    )


def read_grants(link: Link, database: str, server: ServerLook) -> ShardAccess:
    """As `read_access`, of what statements need that concern neither programs nor engines; `server`
    as it was looked at when the session was opened. Raises ServerRefusal or LinkLost."""
    now = look_again(link, server)
    is_mysql = server.settings.version.flavor is Flavor.MYSQL
    is_read_only = is_mysql and _is_read_only(link, database)
    return ShardAccess(
        database=database,
        privileges=read_privileges(link, now),
        read_only=_read_only(now, is_read_only=is_read_only),
    )


def asked_for_grants(link: Link, database: str, server: ServerLook) -> Iterator[str]:
    """What `read_grants` asks, in its order."""
    flavor = server.settings.version.flavor
    yield asked_again(link, flavor)
    if flavor is Flavor.MYSQL:
        yield show_of_database(database)
    yield SHOW_GRANTS


def read_login(link: Link, server: ServerLook, definers: Iterable[str]) -> LoginRead:
    """Raises ServerRefusal or LinkLost."""
    own, accounts = _accounts(link)
    return LoginRead(
        privileges=read_privileges(link, server),
        account=own,
        accounts=accounts,
        definers=tuple(_rights(link, server, definers, accounts)),
        protected=_protected(link, server),
    )


def access_to(
    link: Link,
    database: str,
    server: ServerLook,
    login: LoginRead,
    *,
    shown: Shown,
    is_read_only: bool,
    ground: ProgramGround,
) -> ShardAccess:
    """As `read_access`, with what is asked of the login or of several databases asked already."""
    return ShardAccess(
        database=database,
        privileges=login.privileges,
        read_only=_read_only(server, is_read_only=is_read_only),
        ground=ground_of(link.target, server, shown),
        account=login.account,
        accounts=login.accounts,
        definers=login.definers,
        protected=login.protected,
        routines=ground.routines,
        events=ground.events,
    )


def _read_only(server: ServerLook, *, is_read_only: bool) -> tuple[str, ...]:
    """`is_read_only`: the database itself is."""
    return (*server.read_only, "READ ONLY of the database") if is_read_only else server.read_only


def read_program_grounds(
    link: Link, databases: Sequence[str], server: ServerLook, programs: Collection[ObjectKind]
) -> dict[str, ProgramGround]:
    """Of each of the databases. Raises ServerRefusal or LinkLost."""
    is_of_routines = not frozenset(ROUTINES).isdisjoint(programs)
    routines = _routine_grounds(link, databases, server) if is_of_routines else {}
    events = read_event_grounds(link, databases) if ObjectKind.EVENT in programs else {}
    return {
        database: ProgramGround(routines=routines.get(database), events=events.get(database))
        for database in databases
    }


def _routine_grounds(
    link: Link, databases: Sequence[str], server: ServerLook
) -> dict[str, RoutineGround]:
    is_mysql = server.settings.version.flavor is Flavor.MYSQL
    asked = _OF_ROUTINES if is_mysql else _OF_ROUTINES[:2]
    row = [number(value) for value in link.row(f"SELECT {', '.join(asked)}", width=len(asked))]
    trusts = row[0] == 0 or row[1] == 1
    if not is_mysql:
        return dict.fromkeys(databases, RoutineGround(trusts_functions=trusts, granted=None))
    granted = _granted(link, databases)
    return {
        database: RoutineGround(
            trusts_functions=trusts,
            granted=None if granted is None else granted[database],
            keeps_grants=row[2] == 0,
        )
        for database in databases
    }


def _granted(link: Link, databases: Sequence[str]) -> Mapping[str, frozenset[ObjectId]] | None:
    """None where the login may not see it."""
    names = {database: {database, database.lower()} for database in databases}
    asked = sorted(frozenset[str]().union(*names.values()))
    try:
        rows = link.query(of_databases(_ROUTINE_GRANTS, asked), asked, width=3)
    except ServerRefusal:
        return None
    found: dict[str, set[ObjectId]] = {name: set() for name in asked}
    for name, kind, routine in rows:
        if text(name) not in found:
            raise misread()
        if (granted_on := text(kind).lower()) in ROUTINES:  # and no library of MySQL 9.2's
            found[text(name)].add(ObjectId(ObjectKind(granted_on), text(routine)))
    return {
        database: frozenset[ObjectId]().union(*map(found.__getitem__, own))
        for database, own in names.items()
    }


def _protected(link: Link, server: ServerLook) -> frozenset[str]:
    """Empty as well where the login may not see it: then the server itself says no."""
    if server.settings.version.flavor is not Flavor.MYSQL:
        return frozenset()
    try:
        rows = link.query(_PROTECTED, width=2)
    except ServerRefusal:
        return frozenset()
    accounts = (Account(user=text(row[0]), host=text(row[1]).lower()) for row in rows)
    return frozenset(account.digest for account in accounts)


def _rights(
    link: Link, server: ServerLook, definers: Iterable[str], accounts: frozenset[str] | None
) -> Iterator[DefinerRights]:
    for account in filter(None, map(read_account, definers)):
        if accounts is None or account.digest in accounts:
            rights = read_rights(link, server, account)
            yield DefinerRights(account=account.digest, privileges=rights)


def _accounts(link: Link) -> tuple[str | None, frozenset[str] | None]:
    """The login's own and all of the server's, as digests: none of them is anybody's to read."""
    try:
        rows = link.query(_ACCOUNTS, width=3)
    except ServerRefusal:  # no privilege, or a proxy that answers for several servers
        return None, None
    own = read_account(text(rows[0][0])) if rows else None
    every = (Account(user=text(row[1]), host=text(row[2]).lower()) for row in rows)
    return own.digest if own else None, frozenset(account.digest for account in every)


def _is_read_only(link: Link, database: str) -> bool:
    """Whether nobody may change the database, for a fifth of what the catalogue's view of it takes.
    Raises ServerRefusal or LinkLost."""
    try:
        rows = link.query(show_of_database(database), width=2)
    except ServerRefusal:  # a login that sees no more than tables, or a proxy
        rows = ()
    begins = f"CREATE DATABASE {quote_identifier(database)}"
    for name, shown in rows:
        options = _OPTIONS_SHOWN.fullmatch(text(shown).removeprefix(begins))
        if text(name) == database and options is not None:
            return options["read_only"] is not None
    return database in read_only_databases(link, [database])


def show_of_database(database: str) -> str:
    return f"SHOW CREATE DATABASE {quote_identifier(database)}"


def read_only_databases(link: Link, databases: Sequence[str]) -> frozenset[str]:
    """Those of MySQL's databases that nobody may change, as they are called here. Raises
    ServerRefusal or LinkLost."""
    try:
        rows = link.query(of_databases(_DATABASE_OPTIONS, databases), databases, width=2)
    except ServerRefusal as refusal:
        if refusal.error.number == UNKNOWN_TABLE:
            return frozenset()  # older than the option
        raise
    closed = (name for name, options in rows if _IS_READ_ONLY in text(options or "").upper())
    found = {text(name).lower() for name in closed}
    return frozenset(one for one in databases if one.lower() in found)
