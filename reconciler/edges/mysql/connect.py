"""Opens connections, and says in our own words why one could not be had or was lost.

Rules: one statement at a time (CLIENT.MULTI_STATEMENTS is never asked for, DS-6), no local files
for the server to ask for, utf8mb4, autocommit, every wait bounded. A target with `tls` is encrypted
or not connected at all; without `tls`, encryption is used where the server offers it.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING

import pymysql
from pymysql.connections import Connection as PyMySqlConnection
from pymysql.constants import CLIENT, COMMAND, CR

from reconciler.edges.mysql.problems import (
    DEADLOCK,
    LinkLost,
    ServerRefusal,
    connection_refused,
    host_unknown,
    link_problem,
    server_error,
    server_problem,
    shard_timeout,
    tls_refused,
)
from reconciler.edges.mysql.target import Target, TlsFiles
from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.limits import DEADLOCK_TRIES_MAX, TCP_DEAD_AFTER_S

if TYPE_CHECKING:
    from pymysql.connections import MySQLResult

Row = tuple[object, ...]
Parameter = str | int

_LOST_NUMBERS = frozenset({CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 0})
# "Server shutdown in progress", and what a killed connection is told: by MySQL 3169 or 1053, by
# MariaDB 1927; 4031 is MySQL's goodbye to an idle client. The connection is gone with each.
_GOODBYES = frozenset({1053, 1152, 1927, 3169, 4031})


class Link:
    """One connection to one server. Not for two threads at once, except `cut`."""

    def __init__(self, wire: _Wire, target: Target, database: str | None) -> None:
        self._wire = wire
        self.target = target
        self.database = database
        self._tries = 1

    def try_again_on_deadlock(self) -> None:
        """For sessions that look, or work on scratch: there, what a deadlock undid may be done
        again. Never for a session that changes a shard."""
        self._tries = DEADLOCK_TRIES_MAX

    @property
    def server_version(self) -> str:
        return str(self._wire.server_version)

    @property
    def connection_id(self) -> int:
        return int(self._wire.server_thread_id[0])

    def query(self, sql: str, parameters: Sequence[Parameter] = ()) -> tuple[Row, ...]:
        """Run one statement and give its rows. Raises ServerRefusal or LinkLost."""
        if parameters:
            quoted = tuple(self._wire.escape(parameter) for parameter in parameters)
            sql = sql % quoted
        for tries_left in reversed(range(self._tries)):
            try:
                return self._query(sql)
            except ServerRefusal as refusal:
                if refusal.error.number != DEADLOCK or not tries_left:
                    raise
        raise AssertionError("there is at least one try")

    def _query(self, sql: str) -> tuple[Row, ...]:
        sent = False
        try:
            self._wire.send(sql)
            sent = True
            return self._wire.receive()
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent) from None

    def rows_by_name(self, sql: str) -> list[dict[str, object]]:
        """As `query`, for statements whose columns differ from server to server."""
        rows = self.query(sql)
        return [dict(zip(self._wire.column_names, row, strict=True)) for row in rows]

    def execute(self, sql: str) -> None:
        """Run one statement whose rows nobody wants. Raises ServerRefusal or LinkLost."""
        self.query(sql)

    def use(self, database: str) -> None:
        try:
            self._wire.select_db(database)
        except pymysql.err.MySQLError as error:
            raise self._translated(error, True) from None
        self.database = database

    def wait_at_most(self, seconds: float | None) -> None:
        """Bound the wait for each answer from now on."""
        self._wire.wait_at_most(seconds)

    def cut(self) -> None:
        """End the connection from another thread; whoever waits on it gets LinkLost."""
        self._wire.cut()

    def close(self) -> None:
        if self._wire.open:
            self._wire.close()

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _translated(self, error: Exception, sent: bool) -> ServerRefusal | LinkLost:
        number, message = _number_and_message(error)
        if number in _GOODBYES:
            self._wire.cut()
            return LinkLost("the server ended the connection", sent=sent)
        if number in _LOST_NUMBERS or isinstance(error, pymysql.err.InterfaceError):
            timed_out = "timed out" in message
            reason = "the server gave no answer in time" if timed_out else "the connection was lost"
            return LinkLost(reason, sent=sent, timed_out=timed_out)
        if isinstance(error, pymysql.err.InternalError) and "sequence number" in message:
            return LinkLost("the answer was no MySQL protocol", sent=sent)
        return ServerRefusal(server_error(number, message, database=self.database))


class _Wire(PyMySqlConnection):
    """PyMySQL's connection with sending and receiving apart, so that a loss can be placed: before
    the statement left, nothing happened; after it, nobody knows."""

    if TYPE_CHECKING:  # what PyMySQL has had since 0.7 without documenting it
        _sock: socket.socket | None
        _result: MySQLResult
        server_version: str
        server_thread_id: tuple[int]

        def _execute_command(self, command: int, sql: str) -> None: ...
        def _read_query_result(self) -> int: ...

    def send(self, sql: str) -> None:
        self._execute_command(COMMAND.COM_QUERY, sql)

    def receive(self) -> tuple[Row, ...]:
        self._read_query_result()
        return self._result.rows or ()

    def wait_at_most(self, seconds: float | None) -> None:
        self._read_timeout = seconds

    def cut(self) -> None:
        if self._sock is not None:
            with suppress(OSError):  # it was gone already
                self._sock.shutdown(socket.SHUT_RDWR)

    @property
    def column_names(self) -> list[str]:
        return [str(column[0]) for column in self._result.description or ()]

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)


def connect(target: Target, *, program: str = "reconciler", with_database: bool = True) -> Link:
    """Log in. Raises Unavailable, or InvalidInput where the TLS files are no good."""
    if target.tls is not None:
        return _connect(target, _strict_tls(target), program, with_database)
    first, second = (None, _any_tls()) if target.is_local else (_any_tls(), None)
    try:
        return _connect(target, first, program, with_database)
    except Unavailable as unavailable:
        # Nothing was asked for, so the server decides: it may insist on TLS, or have none.
        if unavailable.problems[0].code != "tls-refused":
            raise
        return _connect(target, second, program, with_database)


def _connect(target: Target, tls: ssl.SSLContext | None, program: str, with_database: bool) -> Link:
    wire = _Wire(
        host=target.host,
        port=target.port,
        unix_socket=target.socket,
        user=target.user,
        password=target.password.encode(),
        database=target.database if with_database else None,
        charset="utf8mb4",
        autocommit=True,
        local_infile=False,
        connect_timeout=target.connect_timeout_s,
        read_timeout=target.connect_timeout_s,  # for the greeting and the login
        write_timeout=target.read_timeout_s,
        program_name=program,
        ssl=tls,
        ssl_disabled=tls is None,
        defer_connect=True,
    )
    assert not wire.client_flag & CLIENT.MULTI_STATEMENTS, "one statement at a time (DS-6)"
    assert not wire.client_flag & CLIENT.LOCAL_FILES, "the server may ask for no file of ours"
    try:
        wire.connect()
    except (pymysql.err.MySQLError, OSError, EOFError, ValueError, IndexError) as error:
        raise _not_connected(target, error) from None
    if target.tls is not None and not wire.is_encrypted:
        wire.close()
        raise Unavailable(tls_refused(target.label, "the server offers no encryption"))
    _notice_dead_peer(wire)
    wire.wait_at_most(target.read_timeout_s)
    return Link(wire, target, target.database if with_database else None)


def _not_connected(target: Target, error: Exception) -> Unavailable:
    """The reason without PyMySQL's words, which name the host."""
    label = target.label
    number, message = _number_and_message(error)
    cause = getattr(error, "original_exception", error)
    match cause:
        case ssl.SSLCertVerificationError():
            return Unavailable(tls_refused(label, "the server's certificate is not to be trusted"))
        case ssl.SSLError():
            return Unavailable(tls_refused(label, "the two sides do not agree on how to encrypt"))
        case TimeoutError():
            return Unavailable(shard_timeout(label, "connecting to it took too long"))
        case socket.gaierror():
            return Unavailable(host_unknown(label))
        case OSError():
            return Unavailable(connection_refused(label))
    if number == CR.CR_SSL_CONNECTION_ERROR:
        return Unavailable(tls_refused(label, "the server offers no encryption"))
    if number in _LOST_NUMBERS and "timed out" in message:
        return Unavailable(shard_timeout(label, "it accepts connections but gives no answer"))
    if number in _LOST_NUMBERS or number in _GOODBYES or not isinstance(error, pymysql.MySQLError):
        lost = LinkLost("the connection was lost while logging in", sent=False)
        return Unavailable(link_problem(label, lost))
    if number >= CR.CR_ERROR_FIRST and number <= CR.CR_ERROR_LAST:
        problem = Problem(
            code="login-refused",
            message=f"{label}: the login failed in the client ({number})",
            recovery="use an account that logs in by caching_sha2_password, sha256_password,"
            " mysql_native_password or ed25519",
        )
        return Unavailable(problem)
    return Unavailable(server_problem(label, server_error(number, message)))


def _number_and_message(error: Exception) -> tuple[int, str]:
    match error.args:
        case (int(number), message, *_):
            return number, str(message)
        case _:
            return 0, str(error)


def _strict_tls(target: Target) -> ssl.SSLContext:
    assert target.tls is not None
    return _tls_context(target.tls, target.label)


@cache
def _tls_context(files: TlsFiles, label: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=files.ca)
        # Certificates that MySQL makes for itself lack extensions that Python 3.13 insists on.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if not files.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if files.cert is not None:
            context.load_cert_chain(files.cert, files.key)
    except (ssl.SSLError, OSError):
        raise InvalidInput(
            Problem(
                code="tls-file-invalid",
                message=f"{label}: the files that `tls` names are not PEM certificates and keys"
                " that belong together",
                recovery="mend `tls` in the spec's connection",
            )
        ) from None
    return context


@cache
def _any_tls() -> ssl.SSLContext:
    """Encrypted, whoever the other side is: better than not encrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _notice_dead_peer(wire: _Wire) -> None:
    """A host that vanished in the middle of an ALTER says nothing: let the kernel ask it."""
    sock = wire._sock
    if sock is None or sock.family == getattr(socket, "AF_UNIX", None):
        return
    every_s = TCP_DEAD_AFTER_S // 4
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", every_s),
        ("TCP_KEEPINTVL", every_s),
        ("TCP_KEEPCNT", 3),
    ):
        if hasattr(socket, option):  # macOS and Windows name or lack some of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
