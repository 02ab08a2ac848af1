"""What servers and networks answer, in words that name no host, account, password or address.

A server's own message may hold an account and the machine it connects from ("Access denied for
user 'x'@'10.0.0.5'"). Rule: what concerns logging in is worded here, by its number; of any other
message `server_texts.py` says what may be told.

Numbers: MySQL "Server Error Message Reference" and "Client Error Message Reference"; the ones above
4000 and 1927, 1969 are MariaDB's where noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

from reconciler.errors import Problem, Unavailable
from reconciler.model.server import ServerError

LOCK_WAIT_TIMEOUT = 1205
DEADLOCK = 1213
#: Somebody's lock was in the way: the same may go well a moment later.
OF_LOCKS = frozenset({LOCK_WAIT_TIMEOUT, DEADLOCK})
UNKNOWN_TABLE = 1109  # of information_schema
NO_SUCH_TABLE = 1146
NO_SUCH_EVENT = 1539
UNKNOWN_VARIABLE = 1193
NO_TEXT = 1300  # a character string that is none
STARTED_OTHERWISE = 1290  # "running with the --%s option": read-only, or no grant tables

_GRANTS = "give the login what `reconciler doctor` says is missing, then run the same command again"


class ServerRefusal(Exception):
    """The server answered a statement with an error; the connection still works."""

    def __init__(self, error: ServerError) -> None:
        super().__init__(str(error))
        self.error = error


class LinkLost(Exception):
    """The connection ended, or an answer did not come in time. `sent`: the statement had left."""

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.timed_out = timed_out


class LostAhead(LinkLost):
    """It ended over questions that were sent before those in front of them were answered: somebody
    in between may take no such thing, and who asks again, asks them one by one."""

    def __init__(self, lost: LinkLost) -> None:
        super().__init__(lost.reason, sent=lost.sent, timed_out=lost.timed_out)


def misread() -> LinkLost:
    """An answer whose values are not what was asked for: who gives one is not to be relied on."""
    return LinkLost("it answered something else than was asked", sent=True)


@contextmanager
def as_unavailable(label: str) -> Iterator[None]:
    """For work that only looks: whatever server or network do to it is one problem of `label`."""
    try:
        yield
    except ServerRefusal as refusal:
        raise Unavailable(server_problem(label, refusal.error)) from None
    except LinkLost as lost:
        raise Unavailable(link_problem(label, lost)) from None


_LOGIN = Problem(
    code="login-refused",
    message="the server does not accept this user and password",
    recovery="set the right user and password (the spec's `connection`, or the variables it names),"
    " or `tls` there, for an account that takes TLS alone is refused in the same words; then run"
    " the same command again",
)
_LOCKED = Problem(
    code="login-refused",
    message="the account is locked or its password has expired",
    recovery="have the account unlocked or its password renewed, then run the same command again",
)
_MACHINE = Problem(
    code="login-refused",
    message="the server accepts no connections from this machine",
    recovery="have this machine allowed for the account, then run the same command again",
)
_FULL = Problem(
    code="too-many-connections",
    message="the server has no connection left for this login",
    recovery="lower `rollout.parallel`, or raise the server's max_connections, then run again",
)
_PRIVILEGE = Problem(
    code="privilege-missing", message="the login lacks a privilege for this", recovery=_GRANTS
)
_WORDING_BY_NUMBER = {
    1040: _FULL,
    1044: Problem(
        code="privilege-missing",
        message="the login may not use the shard's database, or there is no such database",
        recovery="fix `database` in the spec's connection, or grant the login SELECT on the"
        " database, then run the same command again",
    ),
    1045: _LOGIN,
    1049: Problem(
        code="unknown-database",
        message="the server has no database of this name",
        recovery="fix `database` in the spec's connection, where `{shard}` is the shard's name as"
        " the spec has it, or create the database on the server",
    ),
    1129: _MACHINE,
    1130: _MACHINE,
    1203: _FULL,
    1226: _FULL,
    1251: _LOGIN,
    1698: _LOGIN,  # an account of the unix_socket or auth_socket plugin
    1820: _LOCKED,
    1862: _LOCKED,
    3118: _LOCKED,
    3159: Problem(
        code="tls-refused",
        message="the server takes encrypted connections only",
        recovery="set `tls` in the spec's connection, then run the same command again",
    ),
    4151: _LOCKED,  # MariaDB
    LOCK_WAIT_TIMEOUT: Problem(
        code="table-locked",
        message="another statement holds a lock on a table, so its definition cannot be read now",
        recovery="wait until that statement has ended, then run the same command again",
    ),
}
# Killed, shut down, or over a limit of time (3024; MariaDB: 1969).
_INTERRUPTED = frozenset({1053, 1317, 1969, 3024})
_PRIVILEGE_NUMBERS = frozenset({1142, 1143, 1227, 1370, 1410, 1418, 1419})

# Numbers whose message says who and from where even without the shape of an account.
_NEVER_QUOTED = frozenset(_WORDING_BY_NUMBER) - {LOCK_WAIT_TIMEOUT}


def concerns_one_table(error: ServerError) -> bool:
    """Whether a refusal to show a table says something about that table (its file is gone, or one
    that a MERGE table is made of), and nothing about the server, the login or the moment."""
    of_others = {*_WORDING_BY_NUMBER, *_PRIVILEGE_NUMBERS}
    return error.number not in of_others and not is_of_the_moment(error)


def is_of_the_moment(error: ServerError) -> bool:
    """Whether the same may go well later: it was locked, or the server ended the statement."""
    return error.number in {*OF_LOCKS, *_INTERRUPTED}


def server_problem(label: str, error: ServerError) -> Problem:
    """A server's refusal of something that only looks, as a problem of the shard."""
    wording = _WORDING_BY_NUMBER.get(error.number)
    if wording is None and error.number in _PRIVILEGE_NUMBERS:
        wording = _PRIVILEGE
    if wording is not None:
        return Problem(
            code=wording.code,
            message=f"{label}: {wording.message} ({error.number})",
            recovery=wording.recovery,
        )
    return Problem(
        code="server-error",
        message=f"{label}: the server answered {error}",
        recovery="see what the message says about the server, then run the same command again",
    )


def link_problem(label: str, lost: LinkLost) -> Problem:
    if lost.timed_out:
        return shard_timeout(label, lost.reason)
    return Problem(
        code="connection-lost",
        message=f"{label}: {lost.reason}",
        recovery="see whether the server was restarted or ends connections, then run again",
    )


def shard_timeout(label: str, reason: str) -> Problem:
    return Problem(
        code="shard-timeout",
        message=f"{label}: {reason}",
        recovery="see whether the server and the network to it are healthy; a slow but sound one"
        " may be given more time with `connect_timeout` and `read_timeout` in its connection",
    )


def connection_refused(label: str) -> Problem:
    return Problem(
        code="connection-refused",
        message=f"{label}: nothing accepts connections at its host and port, or at its socket",
        recovery="start the server, or fix `host`, `port` or `socket` in the spec's connection",
    )


def host_unknown(label: str) -> Problem:
    return Problem(
        code="host-unknown",
        message=f"{label}: the name of its host cannot be resolved",
        recovery="fix `host` in the spec's connection, or the name service of this machine",
    )


def tls_refused(label: str, reason: str) -> Problem:
    return Problem(
        code="tls-refused",
        message=f"{label}: no encrypted connection: {reason}",
        recovery="set `tls: {ca: …}` in the spec's connection to the authority that signed the"
        " server's certificate, for the very name that `host` has; or, where whoever is between"
        " may read and change everything, `tls: insecure`",
    )


def password_asked_for(label: str) -> Problem:
    return Problem(
        code="password-asked-for",
        message=f"{label}: the server asks for the password itself, and nobody has verified which"
        " server it is",
        recovery="have the connection verified (`tls`, with the `ca` that signed the server's"
        " certificate), or give the account a plugin that does not send the password"
        " (caching_sha2_password, ed25519)",
    )


def plugin_unknown(label: str) -> Problem:
    return Problem(
        code="login-refused",
        message=f"{label}: the server asks for a way to log in that is not taken",
        recovery="use an account that logs in by caching_sha2_password, sha256_password,"
        " mysql_native_password or ed25519",
    )


def look_failed(label: str, error: Exception) -> Problem:
    """Of the error its kind and place alone: its text may be the server's."""
    places = [frame.tb_frame.f_code.co_filename + f":{frame.tb_lineno}" for frame in _frames(error)]
    place = places[-1].rpartition("reconciler/")[2] if places else "an unknown place"
    return Problem(
        code="look-failed",
        message=f"{label}: what its server answered led to an error in reconciler itself"
        f" ({type(error).__name__} at {place})",
        recovery="see whether something answers in the server's place; else report it as a bug",
    )


def _frames(error: Exception) -> Iterator[TracebackType]:
    trace = error.__traceback__
    while trace is not None:
        if "reconciler" in trace.tb_frame.f_code.co_filename:
            yield trace
        trace = trace.tb_next


def server_unsupported(label: str, version: str) -> Problem:
    return Problem(
        code="server-unsupported",
        message=f"{label}: the server calls itself {version!r}, which is not supported",
        recovery="use MySQL 8.0 or later, or MariaDB 10.6 or later",
    )


def hidden_tables(label: str) -> Problem:
    return Problem(
        code="privilege-missing",
        message=f"{label}: the login has no privilege on the whole database, so the server may hide"
        " tables from it",
        recovery="grant the login SELECT (or REFERENCES) on the whole database, not on single"
        " tables, then run the same command again",
    )


def missing_privileges(label: str, missing: Sequence[str]) -> Problem:
    return Problem(
        code="privilege-missing",
        message=f"{label}: the login may not {', '.join(missing)}, which an apply needs",
        recovery=f"grant it {', '.join(missing)} (PROCESS on *.*, the others on the database)",
    )


def read_only(label: str, settings: Sequence[str]) -> Problem:
    return Problem(
        code="server-read-only",
        message=f"{label}: it takes no changes, for {', '.join(settings)} is on, as it is on"
        " replicas",
        recovery="connect to the primary (`host` and `port` in the spec's connection), or take the"
        " setting off",
    )


def keeps_changing(label: str) -> Problem:
    return Problem(
        code="shard-changing",
        message=f"{label}: tables were created or dropped while it was read, again and again",
        recovery="wait until the schema rests, then run the same command again",
    )


def lock_held(shard: str, holder: str) -> Problem:
    return Problem(
        code="lock-held",
        message=f"shard {shard} is locked by another run: {holder}",
        recovery="wait for that run to end (`reconciler status`), or `reconciler stop` it; then run"
        " the same command again",
    )


def lock_held_by_connection(shard: str, connection_id: int) -> Problem:
    """A run that the login may not see the name of, or no run at all."""
    return Problem(
        code="lock-held",
        message=f"shard {shard} is locked by another session: connection {connection_id} of its"
        " server, which does not show itself as a run",
        recovery="if `reconciler status` knows of no run, ask the server whose it is (`SHOW"
        f" PROCESSLIST`) and end it there with `KILL {connection_id}`; then run the same command"
        " again",
    )


def same_database(shard: str) -> Problem:
    return Problem(
        code="shards-share-a-database",
        message=f"shard {shard} is the database of another shard, reached by another address",
        recovery="give each shard its own database in the spec's connection, with {shard} in it or"
        " an override for the shard",
    )


def session_differs(label: str, variables: Sequence[str]) -> Problem:
    return Problem(
        code="session-differs",
        message=f"{label}: sessions do not have the server's own {', '.join(variables)}, so the"
        " proof does not hold for them",
        recovery="see whether init_connect or a proxy sets it for this login",
    )


def server_changed(label: str) -> Problem:
    return Problem(
        code="server-changed",
        message=f"{label}: another server answers than before, or the same one with other settings",
        recovery="see whether there was a failover; then `reconciler resume`, which looks at every"
        " shard again",
    )


def engine_not_allowed(label: str, engine: str) -> Problem:
    return Problem(
        code="engine-not-behind-vitess",
        message=f"{label}: engine {engine} does not work on a shard that is reached over vtgate",
        recovery="plan again with `engine` of the spec naming vitess or direct alone",
    )


def unseen_processes(label: str) -> Problem:
    return Problem(
        code="privilege-missing",
        message=f"{label}: without the privilege PROCESS nobody can tell whether a statement still"
        " runs there",
        recovery="grant the login PROCESS, then `reconciler resume`",
    )


def worded(number: int) -> str | None:
    """Our words for an error that concerns logging in: its own say who, and from where."""
    wording = _WORDING_BY_NUMBER.get(number) if number in _NEVER_QUOTED else None
    return wording.message if wording else None
