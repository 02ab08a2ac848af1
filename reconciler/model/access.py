"""What the login at hand may do on a shard's server, as the server itself tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.object_id import ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One line of SHOW GRANTS, `privileges` in capitals.

    `database` None: on everything; else a name or a pattern. `table` None: on all of it. `grantee`
    tells what a login has itself from what its roles have. `is_revoked`: MySQL's partial_revokes
    take it out of what holds everywhere. `on_columns`: what it gives on some columns alone.
    """

    privileges: frozenset[str]
    database: str | None = None
    table: str | None = None
    grantee: str = ""
    is_revoked: bool = False
    on_columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """`has_patterns`: `_` and `%` in a database's name stand for others (without partial_revokes).
    Active roles and PUBLIC are among the grants; what is not there, the login may not do."""

    grants: tuple[Grant, ...]
    has_patterns: bool = True

    @property
    def everywhere(self) -> frozenset[str]:
        return _all(grant.privileges for grant in self.grants if grant.database is None)

    def on_database(self, database: str) -> frozenset[str]:
        """What the login may do with all of a database."""
        revoked = _all(
            grant.privileges
            for grant in self.grants
            if grant.is_revoked and grant.database == database
        )
        return self.everywhere - revoked | self._of_database(database)

    def on_table(self, database: str, table: str) -> frozenset[str]:
        """What the login may do with one table, made or not."""
        own = _all(
            grant.privileges
            for grant in self.grants
            if (grant.database, grant.table) == (database, table)
        )
        return self.on_database(database) | own

    def on_columns(self, database: str, table: str) -> frozenset[str]:
        """What the login may do with some column of a table, if not with all of them."""
        return _all(
            grant.on_columns
            for grant in self.grants
            if (grant.database, grant.table) == (database, table)
        )

    def _of_database(self, database: str) -> frozenset[str]:
        """Of each grantee, the server uses the most specific entry for a database alone, not all
        that match it."""
        entries: dict[str, dict[str, set[str]]] = {}
        for grant in self.grants:
            if grant.database is None or grant.table is not None or grant.is_revoked:
                continue
            by_pattern = entries.setdefault(grant.grantee, {})
            by_pattern.setdefault(grant.database, set()).update(grant.privileges)
        return _all(self._best(database, by_pattern) for by_pattern in entries.values())

    def _best(self, database: str, by_pattern: dict[str, set[str]]) -> Iterable[str]:
        for pattern, privileges in by_pattern.items():
            if pattern.replace("\\_", "_").replace("\\%", "%") == database:
                return privileges
        if not self.has_patterns:
            return ()
        matching = [by_pattern[pattern] for pattern in by_pattern if is_like(pattern, database)]
        return set.intersection(*matching) if matching else ()


class LockSight(StrEnum):
    """Whether the server shows who waits for a table's lock."""

    SHOWN = "shown"
    OFF = "off"  # it has no performance schema
    INSTRUMENT_OFF = "instrument-off"  # the one of these locks is off, as MariaDB has it by default
    HIDDEN = "hidden"  # the login may not look


class LoginTrait(StrEnum):
    """What a program may not be able to use of a connection: that it is so, never the value."""

    SOCKET = "socket"
    CLIENT_CERTIFICATE = "client-certificate"
    NO_AUTHORITIES = "no-authorities"  # the server is to prove its name, and nobody is trusted here
    COLON_IN_USER = "colon-in-user"
    CONTROL_CHARACTER = "control-character"
    VARIABLE = "variable"  # `%(` in the login


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineGround:
    """What engines' programs depend on at a shard. `variables` are those of the server's global
    settings that matter to one of them, without what the server does not have; `log_is_whole`:
    whether no filter keeps databases out of the binary log; None: the login may not ask."""

    variables: tuple[tuple[str, str], ...] = ()
    locks: LockSight = LockSight.SHOWN
    log_is_whole: bool | None = None
    login: frozenset[LoginTrait] = frozenset()

    def is_on(self, name: str) -> bool:
        return (self.variable(name) or "").upper() not in ("", "0", "OFF")

    def variable(self, name: str) -> str | None:
        return dict(self.variables).get(name)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DefinerRights:
    """What an account may do whose rights programs are to have, told by its digest. `privileges`
    None: the login may not see them."""

    account: str
    privileges: Privileges | None

    def may_read(self, database: str, table: str) -> bool:
        """Whether there is anything of the table that it may read: which columns a program reads
        is not looked at."""
        if self.privileges is None:
            return True
        found = self.privileges.on_table(database, table)
        return "SELECT" in found | self.privileges.on_columns(database, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventGround:
    """Whether the server runs events at all; `off_as_on_replicas` are those that it does not run
    because it was a replica when it was given them, or is a copy of one."""

    runs: bool
    off_as_on_replicas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutineGround:
    """What decides whether a routine can be made, or made again. `trusts_functions`: the server
    lets whoever may make a function make one that its binary log cannot be sure of. `granted` are
    routines that other accounts have privileges on, which DROP takes away; None: the login may not
    see them, or the server replaces a routine at once. `keeps_grants`: DROP takes none away."""

    trusts_functions: bool
    granted: frozenset[ObjectId] | None
    keeps_grants: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShardAccess:
    """`database` is what the server calls the shard; it is compared, never shown. `privileges`
    None: the server checks none (--skip-grant-tables). `read_only` are the settings that keep
    everybody from changing the shard, by name. `ground` None: nobody asked. `account` and
    `accounts` are digests (`ddl.programs.accounts`) of the login's own and of all of the
    server's; None: the login may not see them. `definers` are those that the spec names, as far as
    the server has them; `protected` those whose programs only their like may drop, by digest.
    `routines` and `events` None: nobody asked, for they are not managed."""

    database: str
    privileges: Privileges | None
    read_only: tuple[str, ...] = ()
    ground: EngineGround | None = None
    account: str | None = None
    accounts: frozenset[str] | None = None
    definers: tuple[DefinerRights, ...] = ()
    protected: frozenset[str] = frozenset()
    routines: RoutineGround | None = None
    events: EventGround | None = None

    def is_own(self, account: str) -> bool:
        return self.account == account

    def definer(self, account: str) -> DefinerRights:
        unknown = DefinerRights(account=account, privileges=None)
        return next((one for one in self.definers if one.account == account), unknown)

    def may(self, any_of: Iterable[str], table: str, *, database: str | None = None) -> bool:
        """Whether the login has one of the privileges on a table, of the shard if none is named."""
        if self.privileges is None:
            return True
        found = self.privileges.on_table(database or self.database, table)
        return not found.isdisjoint(any_of)

    def may_everywhere(self, any_of: Iterable[str]) -> bool:
        """Whether the login has one of the privileges that only *.* can give."""
        return self.privileges is None or not self.privileges.everywhere.isdisjoint(any_of)


def _all(found: Iterable[Iterable[str]]) -> frozenset[str]:
    return frozenset[str]().union(*found)


def is_like(pattern: str, name: str) -> bool:
    """As MySQL compares a database's name with the pattern of a grant."""

    def part(found: re.Match[str]) -> str:
        match found[0]:
            case "%":
                return ".*"
            case "_":
                return "."
            case escaped:
                return re.escape(escaped[-1])

    return re.fullmatch(re.sub(r"\\.|.", part, pattern, flags=re.DOTALL), name) is not None
