"""Opens connections, and says in our own words why one could not be had or was lost.

Rules: one statement at a time (CLIENT.MULTI_STATEMENTS is never asked for, DS-6), utf8mb4,
autocommit, every wait and every answer bounded (`edges/client`). What a server does wrong is
LinkLost, what it answers is ServerRefusal, and there is no third case (CN-4).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import cast

import pymysql
from pymysql.constants import CLIENT, CR

from reconciler.edges.client.ahead import Answered, SentSoon, ask_ahead, send_all
from reconciler.edges.client.errors import error_state, is_the_servers, number_and_message
from reconciler.edges.client.login import PluginRefused
from reconciler.edges.client.opening import USUAL, SessionOptions, open_wire
from reconciler.edges.client.row_packets import Row
from reconciler.edges.client.target import Target
from reconciler.edges.client.wire import Lost, Wire
from reconciler.edges.mysql.limits import DEADLOCK_TRIES_MAX
from reconciler.edges.mysql.problems import (
    DEADLOCK,
    LinkLost,
    LostAhead,
    ServerRefusal,
    connection_refused,
    host_unknown,
    link_problem,
    misread,
    password_asked_for,
    plugin_unknown,
    server_problem,
    shard_timeout,
    tls_refused,
)
from reconciler.edges.mysql.server_texts import server_error
from reconciler.errors import Unavailable

__all__ = ["Link", "Parameter", "Row", "connect"]

Parameter = str | int

# "Server shutdown in progress", and what a killed connection is told: by MySQL 3169 or 1053, by
# MariaDB 1927; 4031 is MySQL's goodbye to an idle client. The connection is gone with each.
_GOODBYES = frozenset({1053, 1152, 1927, 3169, 4031})

# Of a table that it cannot open just now, MariaDB lists no trigger and no key, and only a warning
# tells (10.11, 11.8): files, disk, memory, a lock, or the time it may take ran out. A table that is
# broken for good is told by name when it is read itself.
_LEFT_OUT = frozenset({23, 24, 1021, 1037, 1038, 1041, 1205, 1213, 1317, 1969, 3024})


class Link:
    """One connection to one server. Not for two threads at once, except `cut`. `leaves_out` says of
    the name of a table that it is nobody's business, such as one that Vitess makes for itself;
    `reads_into` whether a SELECT ... INTO variables is understood; `folds_names` whether databases
    are one whose names differ in case alone, until `look_at_server` has asked; `warned` are the
    numbers of what the server warned of at the last `query`."""

    def __init__(self, wire: Wire, target: Target, database: str | None) -> None:
        self._wire = wire
        self._soon = SentSoon(wire)
        self._was_soon = False  # the last answer was one to a question that was sent before
        self.target = target
        self.database = database
        self.leaves_out: Callable[[str], bool] = lambda _: False
        self.reads_into = self.folds_names = True
        self.warned: tuple[int, ...] = ()
        self._tries = 1

    def try_again_on_deadlock(self) -> None:
        """For sessions that look, or work on scratch: there, what a deadlock undid may be done
        again. Never for a session that changes a shard."""
        self._tries = DEADLOCK_TRIES_MAX

    @property
    def server_version(self) -> str:
        return str(self._wire.server_version)

    @property
    def is_encrypted(self) -> bool:
        return self._wire.is_encrypted

    @property
    def connection_id(self) -> int:
        return int(self._wire.server_thread_id[0])

    def query(
        self, sql: str, parameters: Sequence[Parameter] = (), *, width: int | None = None
    ) -> tuple[Row, ...]:
        """Run one statement and give its rows, each of `width` values. Raises ServerRefusal, also
        for rows that the server left out with a warning, or LinkLost, also for an answer without
        rows or of another width."""
        rows = self._rows(sql, parameters, width)
        if self._wire.warnings and self._was_soon:  # whose words can be had of the last answer only
            self._soon.drop()
            rows = self._rows(sql, parameters, width)
        self._refuse_left_out()
        return rows

    def row(self, sql: str, parameters: Sequence[Parameter] = (), *, width: int) -> Row:
        """As `query`, for statements that have one row."""
        rows = self.query(sql, parameters, width=width)
        if len(rows) != 1:
            raise self._misread()
        return rows[0]

    def settings(self, sql: str, *, width: int) -> Row:
        """As `row`, of what is in no list: whatever the server warns of, it has left nothing out,
        and is not asked for its words."""
        rows = self._rows(sql, (), width)
        if len(rows) != 1:
            raise self._misread()
        return rows[0]

    def rows_by_name(self, sql: str, *, is_whole: bool = False) -> list[dict[str, object]]:
        """As `query`, for statements whose columns differ from server to server. `is_whole`: the
        server leaves none of these rows out, whatever it warns of."""
        rows, names = self._rows(sql, (), None), self._wire.column_names
        if not is_whole:
            self._refuse_left_out()
        return [dict(zip(names, row, strict=True)) for row in rows]

    def execute(self, sql: str) -> None:
        """Run one statement whose rows nobody wants. Raises ServerRefusal or LinkLost."""
        self._answered(sql, ())

    def execute_ahead(self, first: str, then: str, parameters: Sequence[Parameter] = ()) -> None:
        """Send two statements before the first is answered: once the server has the first, it runs
        the other right behind it, whatever became of this process, and whether the first was
        refused. `parameters` are of the other, whose answer nobody asks for. Raises LinkLost, or
        ServerRefusal of the first."""
        sent = False
        try:
            self._wire.send(first)
            sent = True
            self._wire.send(self.filled_in(then, parameters))
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent=sent) from None
        refused = self._refusal_in(self._wire.receive)
        self._refusal_in(self._wire.receive_next)
        if refused is not None:
            raise refused

    def execute_both(self, first: str, then: str) -> None:
        """Run two statements of which the server gets both or none, whatever becomes of this
        process: the second also where the first is refused. Raises ServerRefusal of the first that
        was refused, or LinkLost."""
        try:
            self._wire.expect_silence()
            send_all(self._wire, (first, then))
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent=True) from None
        refused = self._refusal_in(self._wire.receive_next)
        refused_then = self._refusal_in(self._wire.receive_next)
        if (found := refused or refused_then) is not None:
            raise found

    def ask_ahead(self, statements: Sequence[str]) -> Iterator[Answered | ServerRefusal]:
        """The answers to statements that only read, or choose the database that is read, each sent
        before those in front of it are answered; warnings are the caller's to mind. Who does not
        take all of them loses the link. Raises LostAhead."""
        try:
            for answer in ask_ahead(self._wire, statements):
                if isinstance(answer, Answered):
                    yield answer
                    continue
                translated = self._translated(answer, sent=True)
                if isinstance(translated, LinkLost):
                    raise LostAhead(translated)
                yield translated
        except pymysql.err.MySQLError as error:
            lost = self._translated(error, sent=True)
            raise (LostAhead(lost) if isinstance(lost, LinkLost) else lost) from None

    def ask_soon(self, statements: Sequence[str]) -> None:
        """Send questions that are asked next, in this order: each is answered when it is asked, and
        alone if anything is out of the ordinary, or asked in between. Raises LostAhead."""
        try:
            self._soon.send(statements)
        except pymysql.err.MySQLError as error:
            raise LostAhead(self._lost(error)) from None

    def filled_in(self, sql: str, parameters: Sequence[Parameter]) -> str:
        """As it is sent."""
        if not parameters:
            return sql
        return sql % tuple(self._wire.escape(parameter) for parameter in parameters)

    def _refusal_in(self, receive: Callable[[], object]) -> ServerRefusal | None:
        """Raises LinkLost."""
        try:
            receive()
        except pymysql.err.MySQLError as error:
            found = self._translated(error, sent=True)
            if isinstance(found, LinkLost):
                raise found from None
            return found
        return None

    def leave_bytes(self) -> None:
        """For a session that copies rows: `query_bytes` and `change`, and no other way to read."""
        self._wire.leaves_bytes = True

    def query_bytes(self, sql: bytes) -> tuple[tuple[bytes | None, ...], ...]:
        """As `query`, with every value as the server sent it. Raises ServerRefusal or LinkLost."""
        rows = self._sent(sql)
        if rows is None:
            raise self._misread()
        return cast(tuple[tuple[bytes | None, ...], ...], rows)

    def change(self, sql: str | bytes) -> int:
        """Run one statement, and tell how many rows it has changed. Raises ServerRefusal or
        LinkLost."""
        self._sent(sql)
        return self._wire.changed

    def send(self, sql: str) -> None:
        """Send one statement and do not wait for its answer: `answer_begins_within`, then
        `take_answer`. Raises LinkLost, which says whether it had left."""
        try:
            self._wire.send(sql)
        except pymysql.err.MySQLError as error:
            raise self._lost(error) from None

    def answer_begins_within(self, seconds: float) -> bool:
        """Wait so long for the answer to what was sent; False: not yet. Raises LinkLost."""
        try:
            return self._wire.answer_begins_within(seconds)
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent=True) from None

    def take_answer(self) -> None:
        """The answer that has begun. Raises ServerRefusal or LinkLost."""
        try:
            self._wire.receive()
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent=True) from None

    def use(self, database: str) -> None:
        try:
            self._wire.select_db(database)
        except pymysql.err.MySQLError as error:
            raise self._translated(error, sent=True) from None
        self.database = database

    def wait_at_most(self, seconds: float | None) -> None:
        """Bound the wait for each whole answer from now on."""
        self._wire.wait_at_most(seconds)

    def take_at_most(self, total_bytes: int) -> None:
        """Bound all answers from now on together."""
        self._wire.take_at_most(total_bytes)

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

    def _answered(self, sql: str, parameters: Sequence[Parameter]) -> tuple[Row, ...] | None:
        sql = self.filled_in(sql, parameters)
        for tries_left in reversed(range(self._tries)):
            try:
                return self._sent(sql)
            except ServerRefusal as refusal:
                if refusal.error.number != DEADLOCK or not tries_left:
                    raise
        raise AssertionError("there is at least one try")

    def _sent(self, sql: str | bytes) -> tuple[Row, ...] | None:
        was_soon = self._wire.unread > 0
        is_soon = sent = self._was_soon = isinstance(sql, str) and self._soon.is_next(sql)
        try:
            if is_soon:
                return self._wire.receive_next()
            self._wire.send(sql)
            sent = True
            return self._wire.receive()
        except pymysql.err.MySQLError as error:
            translated = self._translated(error, sent=sent)
        if was_soon and isinstance(translated, LinkLost):
            raise LostAhead(translated)
        if not is_soon:
            raise translated
        self._soon.drop()
        return self._sent(sql)

    def _rows(
        self, sql: str, parameters: Sequence[Parameter], width: int | None
    ) -> tuple[Row, ...]:
        rows = self._answered(sql, parameters)
        if rows is None or (width is not None and any(len(row) != width for row in rows)):
            raise self._misread()
        return rows

    def _refuse_left_out(self) -> None:
        self.warned = ()
        if not self._wire.warnings:
            return
        for row in self._answered("SHOW WARNINGS", ()) or ():
            match row:
                case (_, int(number), message) if number in _LEFT_OUT:
                    error = server_error(number, str(message), database=self.database)
                    raise ServerRefusal(error)
                case (level, int(number), _) if level != "Note":
                    self.warned = (*self.warned, number)

    def _misread(self) -> LinkLost:
        self._wire.cut()
        return misread()

    def _lost(self, error: Exception) -> LinkLost:
        """Of an error while something was to be sent."""
        lost = self._translated(error, sent=False)
        assert isinstance(lost, LinkLost), "a server answers what it has been sent"
        return lost

    def _translated(self, error: Exception, *, sent: bool) -> ServerRefusal | LinkLost:
        if isinstance(error, Lost):
            return LinkLost(error.reason, sent=sent, timed_out=error.timed_out)
        number, message = number_and_message(error)
        if number in _GOODBYES:
            self._wire.cut()
            return LinkLost("the server ended the connection", sent=sent)
        if not is_the_servers(number):
            self._wire.cut()  # PyMySQL's own words for what it did not understand
            return LinkLost("the connection was lost", sent=sent)
        state = error_state(error)
        return ServerRefusal(server_error(number, message, state=state, database=self.database))


def connect(
    target: Target,
    *,
    program: str = "reconciler",
    with_database: bool = True,
    options: SessionOptions = USUAL,
) -> Link:
    """Log in. Raises Unavailable, or InvalidInput where the TLS files are no good."""
    database = target.database if with_database else None
    try:
        wire = open_wire(target, program=program, database=database, options=options)
    except (pymysql.err.MySQLError, OSError) as error:
        raise _not_connected(target, error) from None
    assert not wire.client_flag & CLIENT.MULTI_STATEMENTS, "one statement at a time (DS-6)"
    return Link(wire, target, database)


def _not_connected(target: Target, error: Exception) -> Unavailable:
    """The reason without PyMySQL's words, which name the host."""
    label = target.label
    number, message = number_and_message(error)
    match error:
        case PluginRefused():
            problem = password_asked_for if error.in_the_clear else plugin_unknown
            return Unavailable(problem(label))
        case Lost(timed_out=True):
            return Unavailable(shard_timeout(label, "it accepts connections but gives no answer"))
        case Lost(reason=reason):
            return Unavailable(link_problem(label, LinkLost(reason, sent=False)))
    match getattr(error, "original_exception", error):
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
    if number in _GOODBYES or not is_the_servers(number):
        lost = LinkLost("the connection was lost while logging in", sent=False)
        return Unavailable(link_problem(label, lost))
    said = server_error(number, message, state=error_state(error))
    return Unavailable(server_problem(label, said))
