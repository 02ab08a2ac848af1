"""What may go wrong with the ledger's database, in our own words, each with what is done about it.

Rule: no text of a driver's error that could name a host or a user is shown (PL-12). Whoever reads
the ledger gets these as well as whoever writes it, so that what follows is their own command again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from pymysql.constants import CR
from pymysql.err import MySQLError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from reconciler.edges.client.opening import is_about_encryption
from reconciler.errors import Problem, Unavailable
from reconciler.ports.split_jobs import OutcomeUnknown

#: What comes of statements that SQLAlchemy does not run itself (`compiled`).
OF_DRIVERS = (sqlite3.Error, MySQLError)

_AGAIN = "then run the same command again"

_LOGIN = Problem(
    code="ledger-unavailable",
    message="its server does not accept this user and password",
    recovery="set the right user and password (`ledger:` in the spec, or the variables it names),"
    f" {_AGAIN}",
)
_LOCKED = Problem(
    code="ledger-unavailable",
    message="its login is locked, or its password has expired",
    recovery=f"have the ledger's login unlocked or its password renewed, {_AGAIN}",
)
_MACHINE = Problem(
    code="ledger-unavailable",
    message="its server accepts no connections from this machine",
    recovery=f"have this machine allowed for the ledger's login, {_AGAIN}",
)
_PRIVILEGE = Problem(
    code="ledger-unavailable",
    message="its login may not do what was asked",
    recovery="grant the ledger's login all privileges on the ledger's own database, which it also"
    f" makes and upgrades its tables in, {_AGAIN}",
)
_NO_DATABASE = Problem(
    code="ledger-unavailable",
    message="its server has no such database",
    recovery="fix the database's name in the address (`ledger:` in the spec), or create it, empty:"
    f" its tables are made by themselves; {_AGAIN}",
)
_UNLIKE = Problem(
    code="ledger-unavailable",
    message="a table of it, or a column, is missing",
    recovery="see that its address leads to the right database (`ledger:` in the spec); if somebody"
    f" dropped a table, restore the ledger from its backup; {_AGAIN}",
)
_FULL = Problem(
    code="ledger-unavailable",
    message="its server has no room left",
    recovery=f"make room on the disk of the ledger's server, {_AGAIN}",
)
_READ_ONLY = Problem(
    code="ledger-unavailable",
    message="its server takes no writes at the moment",
    recovery="see whether there was a failover: the address (`ledger:` in the spec) must lead to a"
    f" server that takes writes; {_AGAIN}",
)
_HELD = Problem(
    code="ledger-unavailable",
    message="another writer held it for too long",
    recovery="run the same command again; if it goes on so, see what holds transactions open in"
    " the ledger's database",
)
_CROWDED = Problem(
    code="ledger-unavailable",
    message="its server has no connection left for this login",
    recovery=f"wait, or raise what its server allows (max_connections), {_AGAIN}",
)
_NO_ROUTE = Problem(
    code="ledger-unavailable",
    message="its server cannot be reached",
    recovery="see that the ledger's server runs, and that this machine reaches it (host and port in"
    f" `ledger:` of the spec, names, firewall), {_AGAIN}",
)
_LOST = Problem(
    code="ledger-unavailable",
    message="the connection to its server was lost",
    recovery=f"see that the ledger's server runs, {_AGAIN}",
)
_PLAIN_PASSWORD = Problem(
    code="ledger-unavailable",
    message="its server asks for the password itself, unverified",
    recovery="set `tls` in the ledger's address, or have the login use an authentication plugin"
    f" that does not send the password, {_AGAIN}",
)
_ENCRYPTION = Problem(
    code="ledger-unavailable",
    message="no connection to its server came about that is encrypted and verified",
    recovery="see `tls` and the `ssl_` options in the ledger's address (`ledger:` in the spec), and"
    f" the server's certificate, {_AGAIN}",
)
_SLOW = Problem(
    code="ledger-unavailable",
    message="it did not answer in time",
    recovery=f"see that the ledger's server answers others, {_AGAIN}",
)
_BY_NUMBER: Mapping[int, Problem] = {
    **dict.fromkeys((1021, 1114), _FULL),
    **dict.fromkeys((1290, 1792, 1836), _READ_ONLY),
    **dict.fromkeys((1045, 1251, 1698), _LOGIN),
    **dict.fromkeys((1820, 1862, 3118), _LOCKED),
    **dict.fromkeys((1129, 1130), _MACHINE),
    **dict.fromkeys((1044, 1142, 1143, 1227), _PRIVILEGE),
    **dict.fromkeys((1054, 1146), _UNLIKE),
    **dict.fromkeys((1205, 1213), _HELD),
    **dict.fromkeys((1040, 1203, 1226), _CROWDED),
    **dict.fromkeys((2002, 2003, 2005), _NO_ROUTE),
    **dict.fromkeys((1053, 1927, 2006, 2013, 3169), _LOST),
    1049: _NO_DATABASE,
    CR.CR_AUTH_PLUGIN_ERR: _PLAIN_PASSWORD,
}
_FILE_HELD = Problem(
    code="ledger-unavailable",
    message="another process held its file for too long",
    recovery="run the same command again; if it goes on so, see which process has the file open",
)
# By how SQLite's own name of what went wrong begins.
_BY_NAME: Mapping[str, Problem] = {
    "SQLITE_FULL": Problem(
        code="ledger-unavailable",
        message="the disk that its file is on is full",
        recovery=f"make room on that disk, {_AGAIN}",
    ),
    "SQLITE_READONLY": Problem(
        code="ledger-unavailable",
        message="its file may not be written",
        recovery="see that this user may write the file and its folder, and that the disk is not"
        f" mounted read-only, {_AGAIN}",
    ),
    "SQLITE_CANTOPEN": Problem(
        code="ledger-unavailable",
        message="its file cannot be opened",
        recovery="see that the file's folder is there and that this user may write in it (`ledger:`"
        f" in the spec), {_AGAIN}",
    ),
    "SQLITE_BUSY": _FILE_HELD,
    "SQLITE_LOCKED": _FILE_HELD,
    "SQLITE_IOERR": Problem(
        code="ledger-unavailable",
        message="its file cannot be read or written",
        recovery=f"see to the disk that the file is on, {_AGAIN}",
    ),
    "SQLITE_CORRUPT": Problem(
        code="ledger-unavailable",
        message="its file is damaged",
        recovery=f"restore the file from its backup, {_AGAIN}",
    ),
    "SQLITE_NOTADB": Problem(
        code="ledger-unavailable",
        message="its file is no database",
        recovery="see that the address leads to the ledger's file (`ledger:` in the spec), or"
        f" restore that from its backup, {_AGAIN}",
    ),
}


def unavailable(error: Exception) -> Unavailable:
    return _told(_said(error))


def cannot_be_used(reason: str, *, recovery: str) -> Unavailable:
    return _told(Problem(code="ledger-unavailable", message=reason, recovery=recovery))


def outcome_unknown(error: SQLAlchemyError) -> OutcomeUnknown:
    reason = _said(error).message
    return OutcomeUnknown(
        Problem(
            code="ledger-outcome-unknown",
            message=f"the ledger was asked to commit, and nobody knows whether it did: {reason}",
            recovery="run `reconciler apply` again: it looks at what stands before anything else",
        )
    )


def _told(said: Problem) -> Unavailable:
    message = f"the ledger cannot be used: {said.message}"
    return Unavailable(replace(said, message=message))


def _said(error: Exception) -> Problem:
    said = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(said, sqlite3.Error):
        return _said_of_file(said)
    if not isinstance(said, MySQLError):
        return _SLOW
    if is_about_encryption(said):
        return _ENCRYPTION
    number = said.args[0] if said.args else None
    if (known := _BY_NUMBER.get(number or 0)) is not None:
        return replace(known, message=f"{known.message} ({number})")
    return Problem(
        code="ledger-unavailable",
        message=f"its server answered with error {number}",
        recovery=f"see what that number says and the log of the ledger's server, {_AGAIN}",
    )


def _said_of_file(error: sqlite3.Error) -> Problem:
    """What SQLite says names no host and no user."""
    if str(error).startswith(("no such table", "no such column")):
        return _UNLIKE
    name = getattr(error, "sqlite_errorname", "")
    known = next((wording for of, wording in _BY_NAME.items() if name.startswith(of)), None)
    if known is not None:
        return replace(known, message=f"{known.message} ({name})")
    return Problem(
        code="ledger-unavailable",
        message=str(error),
        recovery=f"see to the ledger's file (`ledger:` in the spec), {_AGAIN}",
    )
